"""Schemas of OpenAPI 3.0 and 3.1, rewritten as the JSON Schema 2020-12 that specs use.

This module owns the keywords. Some are kept. Some are rewritten: `nullable`, boolean bounds, `const`, `example`,
`discriminator`. Some only decorate (`xml`, `externalDocs`, `x-…`): they say nothing about values, so this module drops
them without a note. The others are reported, because a spec cannot say them. Malformed parts are reported and left
out. This module must not know about operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.check.destinations import pattern_problem
from tool_generator.load.grammar import is_type, same
from tool_generator.model.documents import ref_name
from tool_generator.model.schema_walk import in_place
from tool_generator.openapi.json_values import pointer
from tool_generator.openapi.marks import spread_marks, together

if TYPE_CHECKING:
    from tool_generator.openapi.pointers import Document

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_TEXTS = ("title", "description", "format", "contentMediaType", "contentEncoding")
_COMPOSED = {"properties", "allOf", "anyOf", "oneOf"}
_FLAGS = ("deprecated", "readOnly", "writeOnly", "uniqueItems")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "additionalProperties", "propertyNames", "not")
_MAPS = ("properties", "patternProperties")
_DECORATION = ("xml", "externalDocs", "$comment", "$id", "$schema", "$anchor", "$defs", "definitions", "$vocabulary")
_KINDS = {"$ref", "type", "anyOf", "oneOf", "allOf", "enum", "const", "items", "prefixItems"}
_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
_NULL = {"type": "null"}
_KNOWN = {
    *_TEXTS, *_FLAGS, *_COUNTS, *_NUMBERS, *_LISTS, *_ONE, *_MAPS, *_DECORATION,
    "$ref", "type", "enum", "const", "default", "example", "examples", "required", "pattern", "nullable",
    "discriminator",
}  # fmt: skip


class SchemaReader:
    """Rewrites the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._discriminators: list[tuple[dict[str, Any], Any, str]] = []
        # Schemas that may hold a property with a mark, or require one.
        self._objects: list[dict[str, Any]] = []

    def finished(self, found: dict[str, Any]) -> dict[str, Any]:
        """Add the hoisted schemas to `found`, narrow branches of discriminators, cut loops of `$ref`, spread marks."""
        done: set[str] = set()
        while pending := [name for name in self._document.hoisted if name not in done]:
            for name in pending:
                place, raw = self._document.hoisted[name]
                found[name] = self.read(raw, place)
                done.add(name)
        for schema, discriminator, place in self._discriminators:
            self._narrow(schema, discriminator, place, found)
        self._cut_loops(found)
        spread_marks(self._objects, found)
        return found

    def read(self, raw: Any, place: str) -> Any:
        """Rewrite one schema.

        Example: `{"type": "string", "nullable": true}` -> `{"type": ["string", "null"]}`.
        """
        if isinstance(raw, bool):
            return {} if raw else {"not": {}}
        if not isinstance(raw, dict):
            self._document.malformed(place, "is not a schema; anything is taken to fit")
            return {}
        schema: dict[str, Any] = {}
        if "$ref" in raw:
            reference = self._document.schema_reference(raw["$ref"], place)
            if reference is not None:
                schema["$ref"] = reference
        self._types(raw, schema, place)
        for keyword, value in raw.items():
            self._keyword(keyword, value, schema, place)
        self._bounds(raw, schema, place)
        self._values(raw, schema, place)
        if schema.get("additionalProperties") in (True, {}) and not schema.keys() & _KINDS:
            # Whoever writes about further keys, and about nothing else, means an object.
            schema["type"] = "object"
        if raw.get("nullable") is True:
            schema = _nullable(schema)
        if "discriminator" in raw:
            self._discriminators.append((schema, raw["discriminator"], place))
        if schema.keys() & _COMPOSED or {"$ref", "required"} <= schema.keys():
            self._objects.append(schema)
        return schema

    def _types(self, raw: dict[str, Any], schema: dict[str, Any], place: str) -> None:
        given = raw.get("type")
        if given is None:
            if "type" in raw:
                self._document.malformed(place, "has a type that is null; left out")
            return
        names = [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]
        known = list(dict.fromkeys(name for name in names if name in TYPES))
        if given == "file":
            known = ["string"]
            schema["format"] = "binary"
        if given != "file" and (
            len(known) != len(names) or not names or (isinstance(given, list) and len(given) != len(names))
        ):
            self._document.malformed(place, f"has the type {str(given)[:60]!r}, which JSON Schema does not know")
        if known:
            schema["type"] = known[0] if len(known) == 1 else known

    def _keyword(self, keyword: str, value: Any, schema: dict[str, Any], place: str) -> None:
        at = f"{place}/{keyword}"
        if keyword in _MAPS:
            self._map(keyword, value, schema, place)
        elif keyword in _LISTS:
            if isinstance(value, list) and value:
                items = [self.read(item, f"{at}/{index}") for index, item in enumerate(value)]
                # A union or an intersection of schemas that say nothing says nothing.
                if keyword == "prefixItems" or any(item != {} for item in items):
                    schema[keyword] = items
            else:
                self._document.malformed(at, "is not a list of schemas; left out")
        elif keyword in _ONE:
            self._one(keyword, value, schema, at)
        elif keyword == "required":
            self._required(value, schema, at)
        elif keyword in ("default", "const"):
            schema[keyword] = value
        elif keyword in (*_TEXTS, *_FLAGS, *_COUNTS, "pattern"):
            self._simple(keyword, value, schema, at)
        elif keyword not in _KNOWN and not keyword.startswith("x-"):
            self._document.note(place, f"uses {keyword}, which a spec cannot say; left out")

    def _map(self, keyword: str, value: Any, schema: dict[str, Any], place: str) -> None:
        if not isinstance(value, dict):
            self._document.malformed(f"{place}/{keyword}", "is not an object; left out")
            return
        items = {}
        for name, item in value.items():
            if keyword == "patternProperties" and pattern_problem(name):
                self._document.note(place, f"the pattern {name!r} {pattern_problem(name)}; left out")
                continue
            items[name] = self.read(item, f"{place}/{keyword}" + pointer(name)[1:])
        schema[keyword] = items

    def _simple(self, keyword: str, value: Any, schema: dict[str, Any], at: str) -> None:
        wanted = ""
        if keyword in _FLAGS:
            wanted = "" if isinstance(value, bool) else "neither true nor false"
            value = value is True or None
        elif keyword in _COUNTS:
            wanted = "" if is_type(value, "integer") and value >= 0 else "not a count"
            value = value if wanted else int(value)
        elif not isinstance(value, str):
            wanted = "" if value is None and keyword != "pattern" else "not a text"
        elif keyword == "pattern" and pattern_problem(value):
            self._document.note(at, f"the pattern {value!r} {pattern_problem(value)}; left out")
            return
        if wanted:
            self._document.malformed(at, f"is {wanted}; left out")
        elif value is not None:
            schema[keyword] = value

    def _one(self, keyword: str, value: Any, schema: dict[str, Any], at: str) -> None:
        if keyword == "additionalProperties" and isinstance(value, bool):
            # `additionalProperties: true` is the default, but a document that writes it says that unknown keys belong
            # to the interface.
            schema[keyword] = value
        elif keyword == "items" and isinstance(value, list):
            schema["prefixItems"] = [self.read(item, f"{at}/{index}") for index, item in enumerate(value)]
            if not value:
                del schema["prefixItems"]
        else:
            schema[keyword] = self.read(value, at)

    def _required(self, value: Any, schema: dict[str, Any], at: str) -> None:
        if isinstance(value, bool):
            if value:
                self._document.malformed(at, "is a flag here, but it is the object's list of names; left out")
            return
        names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        if not isinstance(value, list) or len(names) != len(value):
            self._document.malformed(at, "is not a list of names; what is none is left out")
        if names:
            schema["required"] = list(dict.fromkeys(names))

    def _bounds(self, raw: dict[str, Any], schema: dict[str, Any], place: str) -> None:
        for keyword in _NUMBERS:
            if keyword not in raw:
                continue
            value = raw[keyword]
            if isinstance(value, bool) and keyword.startswith("exclusive"):
                inclusive = "minimum" if keyword == "exclusiveMinimum" else "maximum"
                if value and is_type(raw.get(inclusive), "number"):
                    schema[keyword] = raw[inclusive]
                    schema.pop(inclusive, None)
            elif not is_type(value, "number") or (keyword == "multipleOf" and value <= 0):
                self._document.malformed(f"{place}/{keyword}", "is not a number that can be meant; left out")
            elif not (keyword in ("minimum", "maximum") and raw.get("exclusive" + keyword.capitalize()) is True):
                schema[keyword] = value
        for least, most in _PAIRS:
            if least in schema and most in schema and schema[least] > schema[most]:
                self._document.malformed(place, f"{least} is above {most}: nothing fits; both are left out")
                del schema[least], schema[most]

    def _values(self, raw: dict[str, Any], schema: dict[str, Any], place: str) -> None:
        if "enum" in raw:
            values = raw["enum"]
            if isinstance(values, list) and values:
                unique: list[Any] = []
                for value in values:
                    if not any(same(value, known) for known in unique):
                        unique.append(value)
                if "const" not in raw:
                    schema["enum"] = unique
                elif not any(same(value, raw["const"]) for value in unique):
                    self._document.malformed(f"{place}/enum", "lacks the value of const beside it; left out")
            else:
                self._document.malformed(f"{place}/enum", "is not a list of values; left out")
        examples = raw.get("examples")
        if isinstance(examples, list) and examples:
            schema["examples"] = examples
        elif "example" in raw:
            schema["examples"] = [raw["example"]]

    def _narrow(self, schema: dict[str, Any], discriminator: Any, place: str, found: dict[str, Any]) -> None:
        """Limit the discriminating property in each branch to the values that mean this branch."""
        name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        if not isinstance(name, str):
            self._document.malformed(place, "has a discriminator without a propertyName; left out")
            return
        branches = [
            ref_name(item["$ref"])
            for keyword in ("oneOf", "anyOf")
            for item in schema.get(keyword, ())
            if isinstance(item, dict) and "$ref" in item
        ]
        if not branches:
            self._document.note(
                place,
                f"tells its kinds apart by {name!r} without listing them in oneOf or anyOf: it is read as it stands, "
                "and its kinds are known only where something refers to them",
            )
            return
        mapping = discriminator.get("mapping")
        values: dict[str, list[str]] = {branch: [] for branch in branches}
        for value, target in mapping.items() if isinstance(mapping, dict) else ():
            if isinstance(target, str):
                reference = target if "/" in target or target.startswith("#") else "#/components/schemas/" + target
                # A mapping may name a schema without a pointer. Such a name is no reference, so a wrong one is no
                # problem.
                known = reference.rpartition("/")[2]
                if known in values:
                    values[known].append(value)
                else:
                    self._document.note(place, f"maps {value!r} to {target}, which is none of its branches; left out")
        for branch in branches:
            wanted = values[branch] or [branch]
            if not _narrow_branch(found, branch, name, wanted):
                self._document.note(place, f"the values of {name!r} that mean {branch} cannot be said in it")

    def _cut_loops(self, found: dict[str, Any]) -> None:
        """Cut references that lead back to their own schema with no property or item on the way."""
        for name, schema in found.items():
            self._cut(name, schema, found, (name,), set())

    def _cut(self, start: str, schema: Any, found: dict[str, Any], path: tuple[str, ...], seen: set[str]) -> None:
        for holder in [part for part in in_place(schema) if "$ref" in part]:
            target = ref_name(holder["$ref"])
            if target == start:
                del holder["$ref"]
                self._document.malformed(
                    pointer("components", "schemas", start),
                    f"is defined as itself ({' -> '.join((*path, target))}); cut",
                )
            elif target not in seen and target in found:
                seen.add(target)
                self._cut(start, found[target], found, (*path, target), seen)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind is not None:
        names = kind if isinstance(kind, list) else [kind]
        schema["type"] = names if "null" in names else [*names, "null"]
        for keyword in ("enum",):
            if keyword in schema and None not in schema[keyword]:
                schema[keyword] = [*schema[keyword], None]
        if "const" in schema:
            schema["enum"] = [schema.pop("const"), None]
        return schema
    told: dict[str, Any] = {
        key: schema.pop(key)
        for key in ("description", "title", "deprecated", "default", "examples", "readOnly", "writeOnly")
        if key in schema
    }
    if not schema:
        return told
    if set(schema) == {"anyOf"} or set(schema) == {"oneOf"}:
        keyword = next(iter(schema))
        return {**told, keyword: [*schema[keyword], {"type": "null"}]}
    if set(schema) == {"allOf"} and len(schema["allOf"]) == 1:
        schema = schema["allOf"][0]
    return {**told, "anyOf": [schema, {"type": "null"}]}


def _narrow_branch(found: dict[str, Any], branch: str, name: str, values: list[str]) -> bool:
    """Limit a property to the values that mean its schema; False if the schema has no place for the limit.

    A schema that says its own values, or that is a union whose members do, needs no limit.
    """
    schema = found.get(branch)
    if not isinstance(schema, dict):
        return False
    if _is_union(schema, found, {branch}) or _says_values(schema, name, found, {branch}):
        return True
    parts = schema.get("allOf", [])
    for holder in (schema, *(part for part in parts if isinstance(part, dict))):
        if name in holder.get("properties", {}):
            return _narrow_property(holder["properties"], name, values)
    if not parts and "properties" not in schema and schema.get("type") != "object":
        return False
    narrowed = {name: {"type": "string", "enum": list(values)}}
    if parts:
        parts.append({"type": "object", "properties": narrowed})
    else:
        schema.setdefault("properties", {}).update(narrowed)
    return True


def _is_union(schema: Any, found: dict[str, Any], seen: set[str]) -> bool:
    """Say whether a schema is a choice among several others, directly or by reference."""
    return any(
        len(part.get(keyword, ())) > 1 and any(isinstance(item, dict) and "$ref" in item for item in part[keyword])
        for part in together(schema, found, seen)
        for keyword in ("oneOf", "anyOf")
    )


def _says_values(schema: Any, name: str, found: dict[str, Any], seen: set[str]) -> bool:
    """Say whether a schema lists the values of a property: in itself, in a part of it, or where it refers to."""
    for part in together(schema, found, seen):
        own = part.get("properties", {}).get(name)
        if own is not None and _lists_values(own, found, set()):
            return True
    return False


def _lists_values(schema: Any, found: dict[str, Any], seen: set[str]) -> bool:
    for part in together(schema, found, seen):
        if "enum" in part or "const" in part:
            return True
        branches = [item for keyword in ("oneOf", "anyOf") for item in part.get(keyword, ()) if item != _NULL]
        if branches and all(_lists_values(item, found, set(seen)) for item in branches):
            return True
    return False


def _narrow_property(properties: dict[str, Any], name: str, values: list[str]) -> bool:
    own = properties[name]
    if not isinstance(own, dict):
        return False
    if own.keys() & {"$ref", "allOf", "anyOf", "oneOf"}:
        return True
    if own.get("type", "string") != "string":
        return False
    properties[name] = {**own, "type": "string", "enum": list(values)}
    return True
