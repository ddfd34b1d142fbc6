"""Upstream's alternatives as schemas of the spec, each for the place where the spec needs the schema.

A named alternative becomes a reference to its type: `Cat` becomes `{"$ref": "Cat"}`. A type cannot be defined as
itself, so within the definition of Cat, and of every type that Cat is made of, the alternative is written out instead.
This module must not know why a place changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.importing.admitted import Alternative, At
    from tool_generator.importing.convert import Converter

_MADE_OF = ("anyOf", "oneOf", "allOf")


class Definitions:
    """Converts schemas for places of the spec, and remembers what the edits of a round make each definition of."""

    def __init__(self, converter: Converter) -> None:
        self.converter = converter
        self._made_of: dict[str, set[str]] = {}

    def alternative(self, at: At, item: Alternative, role: str) -> Any:
        """Convert one alternative for a place: to a reference if the place allows one, else to a written-out schema.

        Gives None if even the written-out schema would define the type at this place as itself.
        """
        converted = _named(item, role, self.converter)
        if converted is not None and self._stands(at, converted):
            return converted
        converted = _written_out(item, role, self.converter)
        return converted if self._stands(at, converted) else None

    def schema(self, at: At, schema: Any, role: str) -> Any:
        """Convert a schema for a place; None if the result would define a type as itself."""
        converted = self.converter.schema(schema, role)
        return converted if self._stands(at, converted) else None

    def _stands(self, at: At, converted: Any) -> bool:
        """Say whether a schema is allowed at a place, and record the schema if so."""
        owner = _defined_at(at)
        if not owner:
            return True
        direct = set(_references(converted))
        pending, seen = list(direct), set(direct)
        while pending:
            name = pending.pop()
            target = self.converter.target(name)
            inner = {*self._made_of.get(name, ()), *_references(None if target is None else target.schema)}
            pending += inner - seen
            seen |= inner
        if owner in seen:
            return False
        self._made_of.setdefault(owner, set()).update(direct)
        return True


def _defined_at(at: At) -> str:
    """Give the type that the value at a place defines, as a whole or as a branch; an empty text for other places."""
    section, *rest = at[1]
    if section != "types" or not rest:
        return ""
    return str(rest[0]) if all(isinstance(step, int) or step in _MADE_OF for step in rest[1:]) else ""


def _references(schema: Any) -> Iterator[str]:
    """Give the types that a schema is made of: by reference, as a branch, or as a part of `allOf`."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield schema["$ref"]
    for key in _MADE_OF:
        for item in schema.get(key, ()):
            yield from _references(item)


def _named(item: Alternative, role: str, converter: Converter) -> Any:
    if not item.name or item.kind in ("null", "any"):
        return None
    schema = converter.schemas.get(item.name)
    whole = schema.get("type") if isinstance(schema, dict) else None
    return None if isinstance(whole, list) else {"$ref": converter.name(item.name, role)}


def _written_out(item: Alternative, role: str, converter: Converter) -> Any:
    if item.kind == "null":
        return {"type": "null"}
    parts = []
    for part in item.parts:
        schema = part.schema
        if isinstance(schema, dict) and isinstance(schema.get("type"), list):
            schema = {**schema, "type": item.kind}
            if "enum" in schema:
                schema["enum"] = [value for value in schema["enum"] if value is not None]
        if len(item.parts) > 1 and isinstance(schema, dict):
            schema = {key: value for key, value in schema.items() if key not in ("allOf", "$ref")}
        parts.append(schema)
    return converter.schema(parts[0] if len(parts) == 1 else {"allOf": parts}, role)
