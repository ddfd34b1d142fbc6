"""Upstream's schemas in the form that the spec uses, with names for new types.

A named schema becomes the type that the schema was paired with. If there is none, it becomes the type of an equivalent
schema, then a type of the spec that says the same, then a new type with a clean name. Unions are written as `anyOf`,
null stands among the types, and single values are an `enum`. Upstream's sentences are left out unless the caller asks
for them. This module must not know about files or tools.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.importing.admitted import Node
from tool_generator.importing.equivalent_schemas import canonical
from tool_generator.importing.naming import body_name, camel_case, type_name
from tool_generator.model.documents import REF, ref_name
from tool_generator.model.schema_walk import object_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tool_generator.importing.directions import OurSide, TheirSide
    from tool_generator.importing.index import Index

_TEXTS = ("title", "description", "example", "examples")
_DROPPED = ("contentMediaType", "contentEncoding")
_ENOUGH = 3


class Converter:
    """Converts upstream's schemas to the form of the spec. `types` collects the new types by name."""

    def __init__(
        self,
        ours: OurSide,
        theirs: Mapping[str, TheirSide],
        paired: Callable[[str, str], str | None],
        index: Index,
        reserved: set[str],
        *,
        descriptions: bool,
    ) -> None:
        self._ours = ours
        self._theirs = theirs
        self._paired = paired
        self._descriptions = descriptions
        self.schemas = theirs["request"].upstream.schemas
        self._bodies = index.bodies
        self.equivalents = index.equivalents
        self.types: dict[str, Any] = {}
        self.opened: dict[Any, Any] = {}
        self.origins: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {identifiers.class_name(name) for name in ours.types} | reserved
        self._used = set(index.used)
        self._shapes = self._index()

    def _index(self) -> dict[str, str]:
        """Give the types of the spec by their canonical form, so that they can be used again."""
        found: dict[str, str] = {}
        for name, schema in self._ours.types.items():
            found.setdefault(canonical(schema, {}), name)
        return found

    def seen(self, schema: Any, role: str) -> Any:
        """Give an upstream schema as requests or replies see it."""
        return self._theirs[role].seen(schema)

    def schema(self, schema: Any, role: str) -> Any:
        """Convert a schema.

        Example: a reference to the upstream schema `PetResponse`, a new one, becomes a reference to the new type
        `Pet`.
        """
        return self._complete(self._plain(schema, role))

    def _complete(self, converted: Any) -> Any:
        """Declare as properties the names that a schema only requires, so that readers see them."""
        if not isinstance(converted, dict):
            return converted
        parts = [converted, *converted.get("allOf", ())]
        needed = [name for part in parts if isinstance(part, dict) for name in part.get("required", ())]
        known, _ = object_parts(converted, ChainMap(self.types, self._ours.types)) if needed else ({}, [])
        missing = [name for name in dict.fromkeys(needed) if name not in known]
        if missing and known:
            converted.setdefault("properties", {}).update({name: {} for name in missing})
        return converted

    def _plain(self, schema: Any, role: str) -> Any:
        if not isinstance(schema, dict):
            return schema
        if len(schema.get("enum", ())) > 1 or len(schema.get("properties", ())) > _ENOUGH:
            alike = self._alike(schema)
            if alike is not None:
                return self._reference(alike, schema)
        out: dict[str, Any] = {}
        for key, value in schema.items():
            if key in ("anyOf", "oneOf", "allOf", "prefixItems"):
                self._listed(key, value, out, role)
            elif key == "$ref":
                out["$ref"] = self.name(ref_name(value), role)
            elif key in ("properties", "patternProperties"):
                out[key] = {name: self.schema(item, role) for name, item in value.items()}
            elif key in ("items", "propertyNames", "not", "additionalProperties"):
                if (key, value) != ("additionalProperties", True):
                    out[key] = self.schema(value, role)
            else:
                self._said(key, value, out)
        return _tidy(out)

    def _said(self, key: str, value: Any, out: dict[str, Any]) -> None:
        """Copy a keyword that holds no schema."""
        if key in _TEXTS:
            if self._descriptions:
                out[key] = value.strip() if isinstance(value, str) else value
        elif key == "format" and value == "password":
            out["secret"] = True
        elif key in _DROPPED:
            if key == "contentEncoding" and value == "base64":
                out.setdefault("format", "byte")
        elif key == "const":
            out["enum"] = [value]
        else:
            out[key] = value

    def _listed(self, key: str, value: list[Any], out: dict[str, Any], role: str) -> None:
        convert = self._plain if key == "allOf" else self.schema
        items = [convert(item, role) for item in value]
        target = "anyOf" if key == "oneOf" else key
        if target in out:
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

    def known(self, upstream: str, role: str) -> str | None:
        """Give the type that already stands for a named schema; None if there is none."""
        members = self.equivalents.get(upstream, (upstream,))
        found = (self._names.get((member, role)) or self._paired(member, role) for member in (upstream, *members))
        return next((name for name in found if name is not None), None)

    def target(self, reference: str) -> Node | None:
        """Give a type of the spec by its name, new types included."""
        if reference in self.types:
            return Node(self.types[reference], None, reference)
        return self._ours.target(reference)

    def name(self, upstream: str, role: str) -> str:
        """Give the name of the type that stands for a named upstream schema."""
        if not self._theirs[role].differs(upstream):
            role = ""
        key = (upstream, role)
        if key in self._names:
            return self._names[key]
        members = self.equivalents.get(upstream, (upstream,))
        known = self.known(upstream, role)
        if known is not None:
            self._names[key] = known
            return known
        side = self._theirs[role or "request"]
        target = side.target(REF + upstream)
        raw = {} if target is None else target.schema
        alike = self._alike(raw) or self._namesake(upstream, raw)
        if alike is not None:
            self._names[key] = alike
            return alike
        only_body = self._bodies.issuperset(members)
        if only_body:
            name = self._free(min((body_name(member) for member in members), key=len))
        else:
            name = min((type_name(member, self._used) for member in members), key=len)
            suffix = "Input" if role == "request" else ""
            name = self._free(name + suffix, camel_case(upstream) + suffix)
        self._names[key] = name
        self.types[name] = {}
        self.origins[name] = upstream
        converted = self.schema(raw, role or "request")
        if only_body and len(members) > 1 and isinstance(converted, dict):
            self._loosen(converted, members)
        self.types[name] = converted
        return name

    def _loosen(self, converted: dict[str, Any], members: tuple[str, ...]) -> None:
        """Require only the fields that every body of this type requires."""
        needed = [set(self.schemas[member].get("required", ())) for member in members]
        kept = [name for name in converted.pop("required", ()) if all(name in names for names in needed)]
        if kept:
            converted["required"] = kept

    def _reference(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        told = ("deprecated", "default", *(_TEXTS if self._descriptions else ()))
        annotations = {key: schema[key] for key in told if key in schema}
        is_nullable = "null" in schema.get("type", ()) and "null" not in self._ours.types[name].get("type", ())
        reference: dict[str, Any] = {"$ref": name}
        return {**annotations, **({"anyOf": [reference, {"type": "null"}]} if is_nullable else reference)}

    def _alike(self, raw: Any) -> str | None:
        """Look for a type of the spec that says the same. A schema that says little is skipped.

        The match of a schema that says little may be a coincidence.
        """
        if not isinstance(raw, dict) or "$ref" in str(raw):
            return None
        size = 2 * len(raw.get("enum", ())) or sum(
            2 if "enum" in str(item) else 1 for item in raw.get("properties", {}).values()
        )
        return self._shapes.get(canonical(raw, {})) if size > _ENOUGH else None

    def _namesake(self, upstream: str, raw: Any) -> str | None:
        """Look for a type of the spec that says the same and already has the name that a new type would get."""
        name = type_name(upstream, self._used)
        is_same = name in self._ours.types and canonical(self._ours.types[name], {}) == canonical(raw, {})
        return name if is_same else None

    def _free(self, name: str, longer: str = "") -> str:
        candidate, count = name, 1
        while identifiers.class_name(candidate) in self._taken or candidate != identifiers.class_name(candidate):
            count += 1
            candidate = longer if count == 2 and longer else f"{name}{count}"  # noqa: PLR2004 - the second choice
        self._taken.add(identifiers.class_name(candidate))
        return candidate


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Write a schema in its shortest form: an `anyOf` or `allOf` of one schema becomes this schema.

    Example: `{"allOf": [{"type": "string"}]}` -> `{"type": "string"}`.
    """
    for key in ("anyOf", "allOf"):
        items = schema.get(key)
        if items and len(items) == 1 and isinstance(items[0], dict) and not (items[0].keys() & (schema.keys() - {key})):
            schema = {**{name: value for name, value in schema.items() if name != key}, **items[0]}
    branches = schema.get("anyOf")
    if branches and not schema.keys() & {"type", "enum", "$ref"}:
        merged = _merged(branches)
        if merged is not None:
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
    if (
        not isinstance(only, dict)
        or "type" not in only
        or ("enum" not in only and {"anyOf", "allOf", "$ref"} & only.keys())
    ):
        return None
    kinds = only["type"] if isinstance(only["type"], list) else [only["type"]]
    merged = {**only, "type": [*kinds, *(["null"] if "null" not in kinds else [])]}
    if "enum" in merged and None not in merged["enum"]:
        merged["enum"] = [*merged["enum"], None]
    return merged
