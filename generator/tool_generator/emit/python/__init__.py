"""The Python bindings and their types."""
