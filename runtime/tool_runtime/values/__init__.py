"""Values: what callers pass as JSON, whether that fits a schema, how that is written, and what must not be shown.

Knows no tool and no registry.
"""
