"""Values: what callers pass as JSON, whether that fits a schema, and what must not be shown. Knows no tool."""
