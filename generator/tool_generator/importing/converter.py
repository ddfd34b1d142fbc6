"""Schemas of a document in the form that the spec uses, with names for new types.

A named schema becomes the type that the spec pairs with it; if there is none, a new type with a clean name. Requests
and replies that see different halves of a schema (read-only, write-only) get a type each. Unions are written as
`anyOf`, null stands among the types, and single values are an `enum`. The document's sentences are left out unless the
caller asks for them; the words that people wrote about a type go with the type that takes its place.

A type cannot be defined as itself. So at a place that defines a type, a schema that leads back to the type is written
out. This module must not know about files or tools.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.model.documents import REF, ref_name
from tool_generator.model.schema_walk import made_of, object_parts
from tool_generator.model.schemas import HIDDEN, At, is_textual
from tool_generator.openapi.naming import body_name, camel_case, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tool_generator.model.schemas import Branch, Node

WORDS = ("title", "description", "example", "examples", "secret")
_TEXTS = ("title", "description", "example", "examples")
_MADE_OF = ("anyOf", "oneOf", "allOf")
_FREE = ("enum", "default", "const", "examples", "example")


class Converter:
    """Converts schemas of a document. `types` collects the new types by name.

    `known` are the types of the spec. `paired(name, role)` gives the type that stands for a named schema, or None.
    `spoken` are types whose words go with the new type for a schema in a role.
    `bodies` are the schemas that serve as bodies and nothing else. `reserved` are names of classes that are taken.
    """

    def __init__(
        self,
        schemas: Mapping[str, Any],
        known: Mapping[str, Any],
        paired: Callable[[str, str], str | None],
        bodies: set[str],
        reserved: set[str],
        *,
        descriptions: bool,
    ) -> None:
        self.schemas = schemas
        self.known = known
        self._known = dict(known)
        self.types: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.spoken: dict[tuple[str, str], Any] = {}
        self._paired = paired
        self._bodies = bodies
        self._descriptions = descriptions
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {identifiers.class_name(name) for name in known} | reserved
        self._split: dict[str, bool] = {}
        self._made_of: dict[str, set[str]] = {}

    def schema(self, schema: Any, role: str) -> Any:
        """Convert a schema as requests or replies see it.

        Example: a reference to the schema `PetResponse`, a new one, becomes a reference to the new type `Pet`.
        """
        return self._converted(_without(schema, HIDDEN[role]), role)

    def at(self, at: At, schema: Any, role: str) -> Any:
        """Convert a schema for a place of the spec; None if the result would define a type as itself."""
        converted = self.schema(schema, role)
        if self._stands(at, converted):
            return converted
        target = schema.get("$ref") if isinstance(schema, dict) else None
        if isinstance(target, str) and ref_name(target) in self.schemas:
            converted = self.schema(self.schemas[ref_name(target)], role)
            return converted if self._stands(at, converted) else None
        return None

    def alternative(self, at: At, branch: Branch, node: Node, role: str) -> Any:
        """Convert one alternative of a union for a place; None if it cannot stand there.

        `node` is the union: the entry that the alternative comes from is converted where there is one.
        """
        named = [part for part in branch.parts if len(part) == 2 and part[0] == "schemas"]  # noqa: PLR2004
        if len(branch.parts) == 1 and named:
            return self.at(at, {"$ref": REF + str(named[0][1])}, role)
        return self.at(at, node.schema, role)

    def _converted(self, schema: Any, role: str, *, is_part: bool = False) -> Any:
        if not isinstance(schema, dict):
            return schema
        out: dict[str, Any] = {}
        for key, value in schema.items():
            if key in ("anyOf", "oneOf", "allOf", "prefixItems"):
                is_all = key == "allOf"
                self._listed(key, [self._converted(item, role, is_part=is_all) for item in value], out)
            elif key == "$ref":
                out["$ref"] = self.name(ref_name(value), role)
            elif key in ("properties", "patternProperties"):
                out[key] = {name: self._converted(item, role) for name, item in value.items()}
            elif key in ("items", "propertyNames", "not", "additionalProperties"):
                if key != "additionalProperties" or value not in (True, {}):
                    out[key] = self._converted(value, role)
            else:
                self._said(key, value, out)
        return tidy(out) if is_part else self._complete(tidy(out))

    def _complete(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Declare as properties the names that a schema only requires, so that readers see them."""
        parts = [schema, *schema.get("allOf", ())]
        needed = [name for part in parts if isinstance(part, dict) for name in part.get("required", ())]
        known, _ = object_parts(schema, ChainMap(self.types, self._known)) if needed else ({}, [])
        missing = [name for name in dict.fromkeys(needed) if name not in known]
        if missing and known:
            schema.setdefault("properties", {}).update({name: {} for name in missing})
        return schema

    def _said(self, key: str, value: Any, out: dict[str, Any]) -> None:
        """Copy a keyword that holds no schema."""
        if key in _TEXTS:
            if self._descriptions:
                out[key] = value.strip() if isinstance(value, str) else value
        elif key == "format" and value == "password":
            out["secret"] = True
        elif key == "contentEncoding":
            if value == "base64":
                out.setdefault("format", "byte")
        elif key == "contentMediaType":
            if not is_textual(value):
                out.setdefault("format", "binary")
        elif key == "const":
            out["enum"] = [value]
        elif key not in ("x-joined", "x-at", "readOnly", "writeOnly"):
            out[key] = value

    def _listed(self, key: str, items: list[Any], out: dict[str, Any]) -> None:
        target = "anyOf" if key == "oneOf" else key
        if target in out and target == "anyOf":
            # anyOf and oneOf stand side by side: a value has to meet both.
            out.setdefault("allOf", []).append({"anyOf": items})
            return
        if target == "anyOf":
            unique: list[Any] = []
            for item in items:
                if item not in unique:
                    unique.append(item)
            items = unique
        out[target] = items + (out.get(target, []) if target == "allOf" else [])

    def name(self, upstream: str, role: str) -> str:
        """Give the name of the type that stands for a named schema."""
        if not self.is_split(upstream):
            role = ""
        key = (upstream, role)
        if key in self._names:
            return self._names[key]
        known = self._paired(upstream, role)
        if known is not None:
            self._names[key] = known
            return known
        name = body_name(upstream) if upstream in self._bodies else type_name(upstream, self.schemas)
        suffix = "Input" if role == "request" and not name.endswith("Input") else ""
        name = self._namesake(name + suffix, upstream, key) or self._free(name + suffix, camel_case(upstream) + suffix)
        if name in self.known:
            return name
        self._names[key] = name
        self.types[name] = {}
        self.origins[name] = upstream
        converted = self.schema(self.schemas[upstream], role or "request")
        self.types[name] = with_words(self.spoken.get(key), converted)
        return name

    def _namesake(self, name: str, upstream: str, key: tuple[str, str]) -> str:
        """Give the type of the spec that has the name and the content of a new one; empty if there is none."""
        if name not in self.known:
            return ""
        before = dict(self._names), dict(self.types), dict(self.origins), set(self._taken)
        self._names[key] = name
        if without_words(self.known[name]) == without_words(self.schema(self.schemas[upstream], key[1] or "request")):
            return name
        # What was named on the way may lead back here, and was named as if this type were the one.
        self._names, self.types, self.origins, self._taken = before
        return ""

    def needed(self, values: list[Any]) -> dict[str, Any]:
        """Give the new types that values of the spec need, directly or through others."""
        found: dict[str, Any] = {}
        pending = [name for value in values for name in _references(value, "")]
        while pending:
            name = pending.pop()
            if name in self.types and name not in found:
                found[name] = self.types[name]
                pending += _references(self.types[name], "")
        return {name: schema for name, schema in self.types.items() if name in found}

    def is_split(self, name: str) -> bool:
        """Say whether requests and replies see different forms of a schema, or of one that it refers to."""
        if name not in self._split:
            reached, pending = {name}, [name]
            while pending:
                schema = self.schemas.get(pending.pop())
                if _marks(schema):
                    self._split[name] = True
                    return True
                for target in _references(schema, REF):
                    if target not in reached:
                        reached.add(target)
                        pending.append(target)
            self._split |= dict.fromkeys(reached, False)
        return self._split[name]

    def _free(self, name: str, longer: str) -> str:
        candidate, count = name, 1
        while identifiers.class_name(candidate) in self._taken or candidate != identifiers.class_name(candidate):
            count += 1
            candidate = longer if count == 2 else f"{name}{count}"  # noqa: PLR2004 - the second choice
        self._taken.add(identifiers.class_name(candidate))
        return candidate

    def _stands(self, at: At, converted: Any) -> bool:
        """Say whether a schema is allowed at a place, and record the schema if so."""
        owner = _defined_at(at)
        if not owner:
            return True
        direct = set(made_of(converted))
        pending, seen = list(direct), set(direct)
        while pending:
            name = pending.pop()
            schema = self.types.get(name, self.known.get(name))
            inner = {*self._made_of.get(name, ()), *made_of(schema)}
            pending += inner - seen
            seen |= inner
        if owner in seen:
            return False
        self._made_of.setdefault(owner, set()).update(direct)
        return True


def _defined_at(at: At) -> str:
    """Give the type that the value at a place defines, as a whole or as a branch; an empty text for other places."""
    section, *rest = at
    if section != "types" or not rest:
        return ""
    return str(rest[0]) if all(isinstance(step, int) or step in _MADE_OF for step in rest[1:]) else ""


def _references(schema: Any, prefix: str) -> Iterator[str]:
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and value["$ref"].startswith(prefix):
                yield value["$ref"].removeprefix(prefix)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _marks(schema: Any) -> bool:
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("readOnly") is True or value.get("writeOnly") is True:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


def _without(schema: Any, mark: str) -> Any:
    """Give a schema without the properties that have `mark`; the same object if there are none.

    Example, for `readOnly`: `{"properties": {"id": {"readOnly": true}, "name": {}}}` -> `{"properties": {"name": {}}}`.
    """
    if isinstance(schema, list):
        items = [_without(item, mark) for item in schema]
        return items if any(new is not old for new, old in zip(items, schema, strict=True)) else schema
    if not isinstance(schema, dict):
        return schema
    changed = False
    copy: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            inner = {
                name: _without(item, mark)
                for name, item in value.items()
                if not (isinstance(item, dict) and item.get(mark) is True)
            }
            same = len(inner) == len(value) and all(inner[name] is value[name] for name in inner)
            copy[key] = value if same else inner
        else:
            copy[key] = value if key in _FREE else _without(value, mark)
        changed = changed or copy[key] is not value
    if not changed:
        return schema
    gone = set(schema.get("properties", {})) - set(copy.get("properties", {}))
    if gone and "required" in copy:
        copy["required"] = [name for name in copy["required"] if name not in gone]
        if not copy["required"]:
            del copy["required"]
    return copy


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Write a schema in its shortest form: an `anyOf` or `allOf` of one schema becomes this schema.

    Example: `{"allOf": [{"type": "string"}]}` -> `{"type": "string"}`.
    """
    for key in ("anyOf", "allOf"):
        items = schema.get(key)
        if items and len(items) == 1 and isinstance(items[0], dict) and not (items[0].keys() & (schema.keys() - {key})):
            schema = {**{name: value for name, value in schema.items() if name != key}, **items[0]}
    branches = schema.get("anyOf")
    if branches and not schema.keys() & {"type", "enum", "$ref", "allOf", "properties", "required"}:
        merged = _merged(branches)
        if merged is not None and not merged.keys() & schema.keys():
            schema = {**{name: value for name, value in schema.items() if name != "anyOf"}, **merged}
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds and "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _merged(branches: list[Any]) -> dict[str, Any] | None:
    """Write an `anyOf` of a plain schema and null, or of plain types, as one schema; None for other unions.

    Example: `[{"type": "string"}, {"type": "null"}]` -> `{"type": ["string", "null"]}`.
    """
    rest = [item for item in branches if item != {"type": "null"}]
    kinds: list[str] = []
    if all(isinstance(item, dict) and set(item) == {"type"} for item in rest):
        for item in branches:
            kinds += item["type"] if isinstance(item["type"], list) else [item["type"]]
        return {"type": list(dict.fromkeys(kinds))}
    only = rest[0] if len(rest) == 1 and len(rest) < len(branches) else None
    if not isinstance(only, dict) or "type" not in only or {"anyOf", "allOf", "$ref"} & only.keys():
        return None
    kinds = only["type"] if isinstance(only["type"], list) else [only["type"]]
    merged = {**only, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    if "enum" in merged and None not in merged["enum"]:
        merged["enum"] = [*merged["enum"], None]
    return merged


def with_words(old: Any, new: Any) -> Any:
    """Give a new schema with the words that people wrote about the old one, at the same fields and items.

    Example: `{"type": "string", "description": "A name."}` and `{"type": "integer"}` give an integer with the sentence.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    words = {key: old[key] for key in WORDS if key in old and key not in new}
    result = {**words, **new}
    if "properties" in old and "properties" in new:
        result["properties"] = {
            name: with_words(old["properties"].get(name), item) for name, item in new["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if key in old and key in new:
            result[key] = with_words(old[key], new[key])
    for key in ("anyOf", "allOf"):
        if len(old.get(key, ())) == len(new.get(key, ())) > 0:
            result[key] = [with_words(*pair) for pair in zip(old[key], new[key], strict=True)]
    return result


def without_words(schema: Any) -> Any:
    """Give a schema without the words of people, at any depth."""
    if isinstance(schema, list):
        return [without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: without_words(item) for name, item in value.items()}
        if key == "properties"
        else without_words(value)
        for key, value in schema.items()
        if key not in WORDS
    }


def is_bare(schema: Any) -> bool:
    """Say whether a schema holds nothing that a person wrote, at any depth: no texts, no secrets, no examples."""
    if isinstance(schema, list):
        return all(is_bare(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if any(isinstance(schema.get(key), str) for key in ("title", "description")) or "secret" in schema:
        return False
    return all(is_bare(value) for key, value in schema.items() if key not in ("enum", "default", "const"))
