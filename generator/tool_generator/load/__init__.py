"""From files to a typed spec: YAML with places, the grammar of entries, the spec folder as one value."""
