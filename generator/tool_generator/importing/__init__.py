"""Brings a spec up to date with a document: edits made from differences, and new tools."""
