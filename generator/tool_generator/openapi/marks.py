"""`readOnly` and `writeOnly`, put where every reader of a schema looks for them: on the property itself.

A document may mark the schema that a property refers to, and not the property. And a document may declare a marked
property in one part of a schema and require the property in another part. A request without such a property is right
all the same. This module must not know what readers do with a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.model.documents import ref_name
from tool_generator.model.schema_walk import in_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARKS = ("readOnly", "writeOnly")
_COMPOSED = {"allOf", "anyOf", "oneOf", "$ref"}


def spread_marks(schemas: Iterable[dict[str, Any]], named: dict[str, Any]) -> None:
    """Mark the properties of these schemas, in place, also where a part only requires them. `named`: by reference.

    Example: where `Id` is `{readOnly: true}`, `{properties: {id: {$ref: Id}}}` becomes
    `{properties: {id: {$ref: Id, readOnly: true}}}`; and `{allOf: [{properties: {id: {readOnly: true}}}, {required:
    [id]}]}` gets `properties: {id: {readOnly: true}}` beside `required`.
    """
    known = list(schemas)
    for schema in known:
        for item in schema.get("properties", {}).values():
            if isinstance(item, dict) and item.keys() & {"$ref", "allOf"}:
                item.update(_marks_of(item, named))
    for schema in known:
        if schema.keys() & _COMPOSED:
            _mark_parts(schema, named)


def _mark_parts(schema: dict[str, Any], named: dict[str, Any]) -> None:
    needing = [
        (part, name) for part in in_place(schema) for name in part.get("required", ()) if name not in _properties(part)
    ]
    if not needing:
        return
    marked: dict[str, dict[str, bool]] = {}
    for part in together(schema, named, set()):
        for name, item in _properties(part).items():
            if isinstance(item, dict):
                marked.setdefault(name, {}).update({mark: True for mark in _MARKS if item.get(mark) is True})
    for part, name in needing:
        if marked.get(name):
            part.setdefault("properties", {})[name] = dict(marked[name])


def _marks_of(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, bool]:
    parts = list(together(schema, named, set()))
    return {mark: True for mark in _MARKS if any(part.get(mark) is True for part in parts)}


def together(schema: Any, named: dict[str, Any], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the schemas that all hold for the value of `schema`: itself, its `allOf`, and what these refer to."""
    if not isinstance(schema, dict):
        return
    yield schema
    for part in schema.get("allOf", ()):
        yield from together(part, named, seen)
    if "$ref" in schema:
        target = ref_name(schema["$ref"])
        if target not in seen:
            seen.add(target)
            yield from together(named.get(target), named, seen)


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}
