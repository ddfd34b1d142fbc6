"""How the schemas of a registry refer to its types."""

from collections.abc import Mapping
from typing import Any

TYPES = "#/types/"
"""What stands before a type's name: `{"$ref": "#/types/Agent"}`."""


def type_name_of(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the type that a schema refers to, or None: `{"$ref": "#/types/Agent"}` gives `Agent`."""
    reference = schema.get("$ref")
    return reference.removeprefix(TYPES) if isinstance(reference, str) else None
