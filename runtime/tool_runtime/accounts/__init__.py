"""Whose key goes where."""
