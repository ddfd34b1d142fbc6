"""Friendly schemas: what callers may pass if a shape lets them write a value in a simpler form than the API's.

A friendly schema is made from the shape and the schema on the wire together. A case of the shape accepts the values of
its own schema, limited to the values that the API accepts at that place. So callers see exactly what binding accepts.
This module must not know about tools, Python or output files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.model.schema_walk import object_parts, resolved
from tool_runtime.values.templates import referred

if TYPE_CHECKING:
    from collections.abc import Mapping


def shape_body(shape: Any, shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Give a shape, or the shape that a name stands for; an unknown or circular name gives the empty shape."""
    seen = set()
    while isinstance(shape, str) or (isinstance(shape, dict) and "shape" in shape):
        name = shape if isinstance(shape, str) else shape["shape"]
        if name in seen:
            return {}
        seen.add(name)
        shape = shapes.get(name)
    return shape if isinstance(shape, dict) else {}


def friendly_schema(shape: Any, wire: Any, shapes: Mapping[str, Any], types: Mapping[str, Any]) -> Any:
    """Give the schema of what callers pass if a shape widens it; None if `wire` admits all of this already."""
    body = shape_body(shape, shapes)
    if "cases" in body:
        return any_of([*(_accepted(case, wire, types) for case in body["cases"]), wire])
    if "entries" in body:
        rows = resolved(wire, types) if isinstance(wire, dict) else wire
        entry = friendly_schema(body["entries"], rows.get("items") if isinstance(rows, dict) else None, shapes, types)
        return any_of([{"type": "object", "additionalProperties": {} if entry is None else entry}, wire])
    if "keys" in body:
        return _keyed(body, wire, shapes, types)
    return None


def _accepted(case: dict[str, Any], wire: Any, types: Mapping[str, Any]) -> Any:
    """Give the schema of the values that a case accepts: its own schema, limited to the values of the wire form."""
    when = case["when"]
    if "each" in case:
        rows = resolved(wire, types) if isinstance(wire, dict) else wire
        found = _place_of_value(case["each"], rows.get("items") if isinstance(rows, dict) else None, types)
        return (
            when if found is None or "items" not in when else {**when, "items": _narrowed(when["items"], found, types)}
        )
    found = _place_of_value(case["form"], wire, types)
    return when if found is None else _narrowed(when, found, types)


def _place_of_value(template: Any, wire: Any, types: Mapping[str, Any], seen: set[str] | None = None) -> Any:
    """Give the schema at the place where the template has its value; None if the wire form has no such schema.

    `seen` are the types on the way through the same union. A type may be an option of itself, or be there twice.
    """
    seen = set() if seen is None else seen
    if template == "$" or wire is None:
        return wire
    name = wire.get("$ref") if isinstance(wire, dict) else None
    if name in seen:
        return None
    wire = resolved(wire, types)
    if name is not None:
        seen.add(name)
    for option in [*wire.get("anyOf", ()), *wire.get("oneOf", ())] if isinstance(wire, dict) else ():
        found = _place_of_value(template, option, types, seen)
        if found is not None:
            return found
    if isinstance(template, list) and template and isinstance(wire, dict) and "items" in wire:
        return _place_of_value(template[0], wire["items"], types)
    if not isinstance(template, dict):
        return None
    properties, _ = object_parts(wire, types)
    for name, part in template.items():
        known = resolved(properties.get(name, True), types)
        fixed = known.get("enum", [known["const"]] if "const" in known else None) if isinstance(known, dict) else None
        if name not in properties or (fixed is not None and referred(part) is None and part not in fixed):
            return None
    holder = next((name for name, part in template.items() if _holds_value(part)), None)
    return None if holder is None else _place_of_value(template[holder], properties[holder], types)


def _holds_value(template: Any) -> bool:
    if isinstance(template, dict | list):
        return any(_holds_value(part) for part in (template.values() if isinstance(template, dict) else template))
    return bool(template == "$")


def _narrowed(when: Any, place: Any, types: Mapping[str, Any]) -> Any:
    """Add the fixed values of the place, if there are any."""
    known = resolved(place, types)
    if not isinstance(known, dict) or not isinstance(when, dict):
        return when
    if "enum" in known and "enum" not in when:
        return {**when, "enum": known["enum"]}
    if "items" in known and "items" in when:
        return {**when, "items": _narrowed(when["items"], known["items"], types)}
    return when


def _keyed(body: dict[str, Any], wire: Any, shapes: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    raw, _ = object_parts(wire, types)
    defaults = body.get("defaults", {})
    properties: dict[str, Any] = {}
    for name, key in body["keys"].items():
        wire_name = key.get("wire", name)
        known = raw.get(wire_name)
        schema = friendly_schema(key.get("shape"), known, shapes, types)
        if schema is None:
            schema = {} if known is None or "shape" in key else known
        if name != wire_name and name in raw:
            schema = any_of([schema, raw[name]])
        if name in defaults:
            schema = any_of([schema, {"type": "null"}])
        description = key.get("description")
        if isinstance(schema, dict) and description is not None:
            schema = {**schema, "description": description}
        properties[name] = schema
    for name, schema in raw.items():
        properties.setdefault(name, schema)
    # The API may have fields that the spec does not know yet. So an unknown key with a filter object is accepted.
    return {"type": "object", "properties": properties, "additionalProperties": {"type": ["object", "array"]}}


def any_of(options: list[Any]) -> Any:
    """Give the union of schemas, flat and without repeats; an absent schema (None) adds nothing.

    Example: `[{"type": "string"}, {"type": "null"}, {"type": "null"}]` -> an `anyOf` of string and null.
    """
    flat: list[Any] = []
    for option in options:
        if option is None:
            continue
        parts = (
            option["anyOf"]
            if isinstance(option, dict) and set(option) <= {"anyOf", "description"} and "anyOf" in option
            else [option]
        )
        for part in parts:
            plain = {k: v for k, v in part.items() if k != "description"} if isinstance(part, dict) else part
            if plain not in flat:
                flat.append(plain)
    if not flat:
        return {}
    return flat[0] if len(flat) == 1 else {"anyOf": flat}
