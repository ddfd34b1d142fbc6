"""Schemas and operations in wire terms, for a spec and for an OpenAPI document."""
