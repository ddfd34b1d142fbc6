"""Walks through JSON Schemas: subschemas, references, the properties of an object, the schema at a dotted path.

The schemas are those of the spec, where `$ref` is the bare name of a type. `types` is always the mapping of type names
to their schemas. This module must not know about tools, Python or files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Schema = Any
    Types = Mapping[str, Any]

_ONE = ("additionalProperties", "items", "propertyNames", "not")
_LIST = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties")


def children(schema: Schema) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """Yield the direct subschemas of a schema, each with its path."""
    if not isinstance(schema, dict):
        return
    for keyword in _NAMED:
        for name, item in schema.get(keyword, {}).items():
            yield (keyword, name), item
    for keyword in _ONE:
        if keyword in schema:
            yield (keyword,), schema[keyword]
    for keyword in _LIST:
        for index, item in enumerate(schema.get(keyword, ())):
            yield (keyword, index), item


def descend(schema: Schema, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """Yield a schema and everything within it, each with its path."""
    pending = [(path, schema)]
    while pending:
        at, item = pending.pop()
        yield at, item
        pending.extend((at + step, child) for step, child in children(item))


def references(schema: Schema) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the references in a schema, each with its path."""
    for path, item in descend(schema):
        if isinstance(item, dict) and "$ref" in item:
            yield (*path, "$ref"), item["$ref"]


def referred(schema: Schema) -> set[str]:
    """Give the targets of all references in a schema: what `references` yields, without the paths.

    Example: `{"anyOf": [{"$ref": "Agent"}, {"type": "null"}]}` -> `{"Agent"}`.
    """
    found: set[str] = set()
    pending = [schema]
    while pending:
        item = pending.pop()
        if not isinstance(item, dict):
            continue
        for keyword, value in item.items():
            if keyword == "$ref":
                found.add(value)
            elif keyword in _ONE:
                pending.append(value)
            elif keyword in _NAMED:
                pending.extend(value.values())
            elif keyword in _LIST:
                pending.extend(value)
    return found


def rewritten(schema: Schema, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Schema:
    """Give a copy of a schema. `change` was applied to a copy of every subschema, innermost first."""
    if not isinstance(schema, dict):
        return schema
    copy: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _NAMED:
            copy[keyword] = {name: rewritten(item, change) for name, item in value.items()}
        elif keyword in _ONE:
            copy[keyword] = rewritten(value, change)
        elif keyword in _LIST:
            copy[keyword] = [rewritten(item, change) for item in value]
        else:
            copy[keyword] = value
    return change(copy)


def with_refs(schema: Schema, prefix: str) -> Schema:
    """Give a copy of a schema whose references are JSON pointers that begin with `prefix`, such as `#/types/`."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in item:
            item["$ref"] = prefix + item["$ref"]
        return item

    return rewritten(schema, change)


def reachable(start: Iterable[str], types: Types) -> set[str]:
    """Give the names of the known types that `start` needs, `start` included."""
    pending = [name for name in start if name in types]
    found = set(pending)
    while pending:
        for name in referred(types[pending.pop()]):
            if name in types and name not in found:
                found.add(name)
                pending.append(name)
    return found


def resolved(schema: Schema, types: Types) -> Schema:
    """Follow references to a schema without a reference; an unknown or circular one gives the empty schema."""
    seen = set()
    while isinstance(schema, dict) and "$ref" in schema and not isinstance(schema.get("properties"), dict):
        name = schema["$ref"]
        if name in seen or name not in types:
            return {}
        seen.add(name)
        schema = types[name]
    return schema


def in_place(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and the parts of it that are written inside and concern the same value, at any depth.

    Example: `{"allOf": [{"$ref": "Pet"}], "properties": {"a": {}}}` yields itself and `{"$ref": "Pet"}`.
    """
    if isinstance(schema, dict):
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                yield from in_place(part)


def made_of(schema: Any) -> Iterator[str]:
    """Yield the references that concern the same value as the schema: its own, and those of its parts."""
    return (part["$ref"] for part in in_place(schema) if "$ref" in part)


def object_parts(schema: Schema, types: Types) -> tuple[dict[str, Schema], list[str]]:
    """Give the properties of an object and the names of the required ones, with `allOf` and references merged.

    Example: `{"allOf": [{"$ref": "Pet"}], "properties": {"a": {}}}` has the properties of Pet, and `a`.
    """
    properties, required = _merged(schema, types, {})
    return properties, [name for name in required if name in properties]


def _merged(
    schema: Schema, types: Types, known: dict[str, tuple[dict[str, Schema], dict[str, None]]]
) -> tuple[dict[str, Schema], dict[str, None]]:
    """Merge an object schema. `known` caches the result of each type, so that no type is read twice."""
    properties: dict[str, Schema] = {}
    required: dict[str, None] = {}
    if not isinstance(schema, dict):
        return properties, required
    parts: list[tuple[dict[str, Schema], dict[str, None]]] = []
    name = schema.get("$ref")
    if name is not None and name in types:
        if name not in known:
            # A type that leads back to itself adds nothing the second time.
            known[name] = {}, {}
            known[name] = _merged(types[name], types, known)
        parts.append(known[name])
    parts += [_merged(part, types, known) for part in schema.get("allOf", ())]
    for more, needed in parts:
        properties.update(more)
        required.update(needed)
    properties.update(schema.get("properties", {}))
    required.update(dict.fromkeys(schema.get("required", ())))
    return properties, required


def branches(schema: Schema, types: Types) -> Iterator[Schema]:
    """Yield the alternatives of a schema, with references followed and unions opened. Each type is opened once."""
    yield from _branches(schema, types, frozenset(), set())


def _branches(schema: Schema, types: Types, above: frozenset[str], met: set[str]) -> Iterator[Schema]:
    if isinstance(schema, dict):
        name = schema.get("$ref")
        if name is not None and "properties" not in schema:
            if name not in types or name in above:
                yield {}
            elif name not in met:
                met.add(name)
                yield from _branches(types[name], types, above | {name}, met)
            return
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if options and not schema.get("properties"):
            for option in options:
                yield from _branches(option, types, above, met)
            return
    yield schema


def at_path(schema: Schema, path: str, types: Types) -> tuple[list[Schema], list[str]]:
    """Give the schemas at a dotted path, and the names that would have been right at the step that failed.

    Two empty lists mean that the schema says nothing about the path: a value may be there.
    """
    current = [schema]
    for step in path.split(".") if path else ():
        following: list[Schema] = []
        names: list[str] = []
        is_open = False
        for option in (branch for item in current for branch in branches(item, types)):
            found, known = _step(option, step, types)
            is_open = is_open or (found is None and known is None)
            if found is not None:
                following.append(found)
            names.extend(known or ())
        if not following:
            return [], [] if is_open else (names or [""])
        current = following
    return current, []


def _step(option: Schema, step: str, types: Types) -> tuple[Schema | None, list[str] | None]:
    if not isinstance(option, dict):
        return None, None
    properties, _ = object_parts(option, types)
    if step in properties:
        return properties[step], None
    if (step == "*" or step.isdigit()) and "items" in option:
        return option["items"], None
    extra = option.get("additionalProperties")
    if isinstance(extra, dict):
        return extra, None
    if properties and not extra and not option.get("patternProperties"):
        return None, list(properties)
    if option.get("type") in ("string", "number", "integer", "boolean", "null"):
        return None, []
    return None, None
