"""Arguments that a model might fill in, made up from the JSON Schema that a user wrote for a function.

The schema comes from a caller, so nothing about it is sure: what cannot be read gives a text. The same schema gives the
same arguments, always. Must not know requests or records.
"""

from collections.abc import Mapping
from typing import Any, Final

_DEEPEST: Final = 6
_FORMATS: Final = {
    "date": "2026-01-06",
    "date-time": "2026-01-06T10:00:00Z",
    "time": "10:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
}


def made_up_arguments(schema: Any, name: str = "arguments", depth: int = 0) -> Any:
    """Return a value for a schema, with every property that the schema names.

    Example: `{"type": "object", "properties": {"day": {"enum": ["Tuesday"]}, "guests": {"type": "integer"}}}` gives
    `{"day": "Tuesday", "guests": 1}`.
    """
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return name
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return made_up_arguments(schema[key][0], name, depth + 1)
    kinds = schema.get("type")
    kind = next((one for one in kinds if one != "null"), "null") if isinstance(kinds, list) else kinds
    if kind == "object" or (kind is None and "properties" in schema):
        properties = schema.get("properties")
        return {
            str(key): made_up_arguments(part, str(key), depth + 1)
            for key, part in (properties.items() if isinstance(properties, Mapping) else ())
        }
    if kind == "array":
        return [made_up_arguments(schema.get("items"), name.removesuffix("s"), depth + 1)]
    return _scalar(kind, schema, name)


def _scalar(kind: Any, schema: Mapping[str, Any], name: str) -> Any:
    if kind in ("integer", "number"):
        lowest = schema.get("minimum")
        return lowest if isinstance(lowest, int | float) and not isinstance(lowest, bool) else 1
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    return _FORMATS.get(str(schema.get("format")), name)
