"""The types of a registry as records: which schema is an object with fields, which fields, and which of them is a tag.

This module reads schemas (as in the registry, with `#/types/…`), and must not know how a language spells a type.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(slots=True)
class Types:
    """The types of the registry and their Python names."""

    schemas: Mapping[str, Any]
    names: Mapping[str, str]
    _records: dict[str, bool] = field(default_factory=dict)
    _merged: dict[str, tuple[dict[str, Any], set[str]]] = field(default_factory=dict)
    _tags: set[int] | None = None

    def is_tag(self, schema: Any) -> bool:
        """Say whether a property tells the alternatives of a union apart: each has values of its own.

        `{"anyOf": [{"properties": {"kind": {"enum": ["a", "b"]}}}, {"properties": {"kind": {"enum": ["c"]}}}]}` makes
        both schemas of `kind` tags.
        """
        if self._tags is None:
            self._tags = set()
            for part in schema_parts(self.schemas):
                self._tags.update(self._tags_of(part))
        return id(schema) in self._tags

    def _tags_of(self, schema: dict[str, Any]) -> Iterator[int]:
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        records = [self.record(option)[0] for option in options if self.target(option) != {"type": "null"}]
        for name in records[0] if len(records) > 1 else ():
            found = [record.get(name) for record in records]
            values = [value for part in found for value in _values(part)]
            if all(map(_values, found)) and len(values) == len(set(values)):
                yield from map(id, found)

    def target(self, schema: Any) -> Any:
        """Follow references to a schema without a reference; a circle gives the empty schema."""
        seen: set[str] = set()
        while isinstance(schema, dict) and "$ref" in schema:
            name = schema["$ref"].removeprefix(TYPES)
            if name in seen:
                return {}
            seen.add(name)
            schema = self.schemas[name]
        return schema

    def is_class(self, schema: Any) -> bool:
        """Say whether a schema becomes a TypedDict class of its own."""
        return (
            isinstance(schema, dict)
            and "$ref" not in schema
            and (bool(schema.get("properties")) or self._inherits(schema))
        )

    def _inherits(self, schema: dict[str, Any]) -> bool:
        parts = schema.get("allOf", ())
        return bool(parts) and all(self._is_record(part) for part in parts)

    def _is_record(self, schema: Any) -> bool:
        if not isinstance(schema, dict):
            return False
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(TYPES)
            if name not in self._records:
                # A type that is defined as itself is no record.
                self._records[name] = False
                self._records[name] = self._is_record(self.schemas[name])
            return self._records[name]
        if schema.get("properties"):
            return True
        parts = schema.get("allOf", ())
        # A part that only adds to `required` is a record without fields.
        return all(self._is_record(part) for part in parts) if parts else "required" in schema

    def record(self, schema: Any) -> tuple[dict[str, Any], set[str]]:
        """Give all properties of an object schema and the names of the required ones."""
        properties: dict[str, Any] = {}
        required: set[str] = set()
        self.gather(schema, properties, required)
        return properties, required

    def gather(self, schema: Any, properties: dict[str, Any], required: set[str]) -> None:
        """Add the properties of an object schema, and the names of the required ones, to the given collections."""
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(TYPES)
            if name not in self._merged:
                # A type that leads back to itself adds nothing the second time.
                self._merged[name] = {}, set()
                self._merged[name] = self.record(self.schemas[name])
            more, needed = self._merged[name]
            properties.update(more)
            required.update(needed)
        for part in schema.get("allOf", ()):
            self.gather(part, properties, required)
        properties.update(schema.get("properties", {}))
        required.update(schema.get("required", ()))


def _values(schema: Any) -> list[str]:
    """Give the strings that a schema allows; none if it allows anything else."""
    if not isinstance(schema, dict):
        return []
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return values if all(isinstance(value, str) for value in values) else []


def schema_parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a JSON value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from schema_parts(part)
