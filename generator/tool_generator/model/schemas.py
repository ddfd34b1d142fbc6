"""What a schema admits, as a list of alternatives: the one opener of schemas, for a spec and for a document.

References are followed, `allOf` is merged, `anyOf` and `oneOf` are opened. So two schemas that say the same in
different words have the same view. Every part keeps the address at which it is declared: `("types", "Agent",
"properties", "tags")`. The address shows that two places use the same type, and says where an edit has to go. A request
sees no read-only properties, and a reply no write-only ones. This module must not know what the schemas are for, or
which side is the spec.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

At: TypeAlias = tuple[str | int, ...]
Role: TypeAlias = str  # "request" or "reply"
ANY = "any"
NULL = "null"
_NUMERIC = ("integer", "number")
_BOUNDS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems",
    "maxItems", "minProperties", "maxProperties", "multipleOf", "uniqueItems",
)  # fmt: skip
# These say nothing of which values fit.
PROSE = frozenset({"title", "description", "example", "examples", "default", "deprecated"})
# A union with more alternatives tells a reader nothing.
_MOST_ALTERNATIVES = 128
_LONGEST_CHAIN = 100
# The mark of the properties that a role does not see.
HIDDEN = {"request": "readOnly", "reply": "writeOnly"}


@dataclass(frozen=True, slots=True)
class Node:
    """A schema and the address at which it stands."""

    schema: Any
    at: At


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative of a schema. `values` are its allowed values as JSON texts; None if all values are allowed.

    `extra` describes further keys of an object: None if the schema says nothing, False if there may be none. `parts`
    are the addresses of the schemas that the alternative is made of, `option` the address of the entry of a union that
    it comes from. `is_file` is true for a text that is the content of a file.
    """

    types: frozenset[str] | None = None
    values: frozenset[str] | None = None
    properties: Mapping[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Node | None = None
    extra: Node | bool | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[At, ...] = ()
    option: At | None = None
    is_file: bool = False

    @property
    def is_free(self) -> bool:
        """Whether the alternative is an object without any statement about its content."""
        return not self.properties and self.extra in (None, True)


@dataclass(frozen=True, slots=True)
class View:
    """Everything that a schema admits. `kinds` are the JSON types without null; `values` the allowed values by kind."""

    is_any: bool
    is_nullable: bool
    kinds: frozenset[str]
    values: Mapping[str, frozenset[str] | None]
    arrays: tuple[Branch, ...]
    objects: tuple[Branch, ...]
    bounds: Mapping[str, Mapping[str, Any]]
    scalars: tuple[Branch, ...] = ()


class Schemas:
    """The named schemas of one document, as a role sees them. Every reference to them begins with `prefix`.

    `section` is the first step of their addresses.
    """

    def __init__(self, prefix: str, named: Mapping[str, Any], role: Role = "", section: str = "types") -> None:
        self._prefix = prefix
        self.named = named
        self.role = role
        self._section = section
        self._hidden = HIDDEN.get(role, "")
        self._views: dict[tuple[int, At], View] = {}
        self._types: dict[str, list[Branch]] = {}
        self._joined: dict[tuple[str, frozenset[tuple[int, At]]], Any] = {}
        # Identities rest on id(): each remembered schema must stay alive, so that no other object gets the same id.
        self._alive: list[Any] = []

    def resolved(self, node: Node) -> Node:
        """Follow a schema that is only a reference to the schema that it names."""
        seen = set()
        while isinstance(node.schema, dict) and "$ref" in node.schema:
            name = self._target(node.schema["$ref"])
            rest = {key for key in node.schema if key != "$ref"}
            if name is None or name in seen or rest - _ANNOTATIONS:
                break
            seen.add(name)
            node = Node(self.named[name], (self._section, name))
        return node

    def _target(self, reference: Any) -> str | None:
        if not isinstance(reference, str) or not reference.startswith(self._prefix):
            return None
        name = reference.removeprefix(self._prefix)
        return name if name in self.named else None

    def view(self, node: Node) -> View:
        """Give the view of a schema.

        Example: `{"type": ["string", "null"], "enum": ["a", null]}` has the kind `string`, the value `"a"`, and null.
        """
        node = self.resolved(node)
        key = (id(node.schema), node.at)
        if key not in self._views:
            self._alive.append(node.schema)
            self._views[key] = _view(self.branches(node))
        return self._views[key]

    def branches(self, node: Node) -> list[Branch]:
        """Give the alternatives of a schema."""
        return [part for branch in self._expanded(node.schema, node.at, ()) for part in _by_kind(branch)]

    def _expanded(self, schema: Any, at: At, chain: tuple[str, ...]) -> list[Branch]:
        if schema is False:
            return []
        if not isinstance(schema, dict):
            return [Branch(parts=(at,))]
        found = [_own(schema, at, self._hidden)]
        joined: list[At] = schema.get("x-at", [])
        if "$ref" in schema:
            target = self._target(schema["$ref"])
            if target is not None:
                found = self._product(found, self._of_type(target, chain))
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword) and isinstance(schema[keyword], list):
                options = [
                    branch if branch.option or joined else replace(branch, option=place)
                    for index, option in enumerate(schema[keyword])
                    for place in (joined[index] if joined else (*at, keyword, index),)
                    for branch in self._expanded(option, place, chain)
                ]
                found = self._product(found, _unlike(options))
        for index, part in enumerate(schema["allOf"] if isinstance(schema.get("allOf"), list) else ()):
            place = joined[index] if joined else (*at, "allOf", index)
            found = self._product(found, self._expanded(part, place, chain))
        return found

    def _of_type(self, name: str, chain: tuple[str, ...]) -> list[Branch]:
        at = (self._section, name)
        if name in chain or len(chain) > _LONGEST_CHAIN:
            return [Branch(parts=(at,))]
        if name not in self._types:
            self._types[name] = self._expanded(self.named[name], at, (*chain, name))
        return self._types[name]

    def _product(self, left: list[Branch], right: list[Branch]) -> list[Branch]:
        merged = (self._merged(one, other) for one in left for other in right)
        return list(islice((branch for branch in merged if branch is not None), _MOST_ALTERNATIVES))

    def _merged(self, one: Branch, other: Branch) -> Branch | None:
        """Give the alternative that meets both; None if no value meets both."""
        if _is_blank(one) or one is other:
            return other if one.option is None or other.option else replace(other, option=one.option)
        if _is_blank(other):
            return one if other.option is None or one.option else replace(one, option=other.option)
        types = _both(one.types, other.types)
        values = one.values if other.values is None else other.values
        if one.values is not None and other.values is not None:
            values = one.values & other.values
        if types == frozenset() or values == frozenset():
            return None
        properties = dict(one.properties)
        for name, node in other.properties.items():
            properties[name] = self.joined("allOf", [properties[name], node]) if name in properties else node
        items = one.items or other.items
        if one.items and other.items:
            items = self.joined("allOf", [one.items, other.items])
        parts = [part for branch in (one, other) if _says_something(branch) for part in branch.parts]
        return Branch(
            types,
            values,
            properties,
            one.required | other.required,
            items,
            False if False in (one.extra, other.extra) else one.extra if one.extra is not None else other.extra,
            {**one.bounds, **other.bounds},
            tuple(dict.fromkeys(parts)) or other.parts or one.parts,
            other.option or one.option,
            one.is_file or other.is_file,
        )

    def joined(self, keyword: str, nodes: Iterable[Node]) -> Node:
        """Join schemas by `allOf` or `anyOf`. The same schemas give the same node every time."""
        parts: dict[tuple[int, At], Node] = {}
        for node in nodes:
            schema = node.schema
            is_joined = isinstance(schema, dict) and schema.get("x-joined") == keyword
            for part, at in zip(schema[keyword], schema["x-at"], strict=True) if is_joined else [(schema, node.at)]:
                parts[id(part), at] = Node(part, at)
        first = next(iter(parts.values()))
        if len({id(part.schema) for part in parts.values()}) == 1:
            return first
        key = (keyword, frozenset(parts))
        if key not in self._joined:
            schemas = [part.schema for part in parts.values()]
            ats = [part.at for part in parts.values()]
            self._joined[key] = {keyword: schemas, "x-joined": keyword, "x-at": ats}
            self._alive.append(schemas)
        return Node(self._joined[key], first.at)

    def united(self, objects: Iterable[Branch]) -> Branch:
        """Give one object for several: with all fields of all objects, and required where all require a field."""
        found = list(objects)
        if len(found) == 1:
            return found[0]
        nodes: dict[str, list[Node]] = {}
        for branch in found:
            for name, node in branch.properties.items():
                nodes.setdefault(name, []).append(node)
        extras = [branch.extra for branch in found]
        return replace(
            found[0],
            properties={name: self.joined("anyOf", group) for name, group in nodes.items()},
            required=frozenset.intersection(*(branch.required for branch in found)),
            extra=False if all(extra is False for extra in extras) else None,
            bounds={},
            parts=tuple(dict.fromkeys(part for branch in found for part in branch.parts)),
        )


_ANNOTATIONS = {
    "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "secret",
    "untrusted",
    "externalDocs", "xml", "summary", "$comment", "format", "contentMediaType", "contentEncoding", "discriminator",
    "x-at",
}  # fmt: skip


def _unlike(options: list[Branch]) -> list[Branch]:
    """Give each alternative once; two that are one type are one."""
    return list({(branch.types, branch.values, branch.parts): branch for branch in options}.values())


def _own(schema: dict[str, Any], at: At, hidden: str) -> Branch:
    values = None
    if "const" in schema:
        values = frozenset([text_of(schema["const"])])
    elif isinstance(schema.get("enum"), list):
        values = frozenset(map(text_of, schema["enum"]))
    given = schema.get("properties")
    properties = given if isinstance(given, dict) else {}
    gone = {key for key, item in properties.items() if hidden and isinstance(item, dict) and item.get(hidden) is True}
    return Branch(
        _types(schema.get("type")),
        values,
        {key: Node(item, (*at, "properties", key)) for key, item in properties.items() if key not in gone},
        frozenset(_texts(schema.get("required"))) - gone,
        Node(schema["items"], (*at, "items")) if "items" in schema else None,
        _extra(schema.get("additionalProperties"), at),
        {key: schema[key] for key in _BOUNDS if key in schema},
        (at,),
        is_file=_is_file(schema),
    )


def _is_file(schema: dict[str, Any]) -> bool:
    if schema.get("format") == "binary":
        return True
    kind = schema.get("contentMediaType")
    if schema.get("contentEncoding") == "binary":
        return not isinstance(kind, str) or not is_textual(kind)
    return isinstance(kind, str) and "contentEncoding" not in schema and not is_textual(kind)


def is_textual(content_type: str) -> bool:
    """Say whether a part of this media type is a text that callers write: `text/csv`, `application/json`."""
    return content_type.startswith(("text/", "application/json"))


def _types(given: Any) -> frozenset[str] | None:
    if isinstance(given, str):
        return frozenset([given])
    return frozenset(_texts(given)) or None


def _texts(given: Any) -> list[str]:
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []


def _extra(extra: Any, at: At) -> Node | bool | None:
    if isinstance(extra, dict):
        return Node(extra, (*at, "additionalProperties")) if extra.keys() - PROSE else True
    return extra if isinstance(extra, bool) else None


def text_of(value: Any) -> str:
    """Give a value as JSON text, for comparison."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _is_blank(branch: Branch) -> bool:
    says_nothing = branch.types is None and branch.values is None and branch.extra is None and not branch.bounds
    return says_nothing and not _says_something(branch) and not branch.is_file


def _says_something(branch: Branch) -> bool:
    return bool(branch.properties or branch.required or branch.items or isinstance(branch.extra, Node))


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    common = one & other
    if "integer" in one ^ other and "number" in one ^ other:
        common |= {"integer"}
    return common


def _by_kind(branch: Branch) -> Iterable[Branch]:
    """Split an alternative by the JSON types that it admits."""
    types = branch.types
    if types is None:
        if branch.values is not None:
            types = frozenset(map(_kind_of, branch.values))
        elif branch.properties or branch.required or branch.extra not in (None, True):
            types = frozenset(["object"])
        elif branch.items is not None:
            types = frozenset(["array"])
        else:
            types = frozenset([ANY])
    for kind in sorted(types):
        values = branch.values
        if values is not None:
            values = frozenset(text for text in values if _fits(text, kind))
            if not values:
                continue
        yield replace(branch, types=frozenset([kind]), values=values)


def _kind_of(text: str) -> str:
    value = json.loads(text)
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "boolean"
    for kinds, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kinds):
            return name
    return "object"


def _fits(text: str, kind: str) -> bool:
    found = _kind_of(text)
    return kind in {found, ANY} or (kind == "number" and found == "integer")


def _view(branches: list[Branch]) -> View:
    kinds: dict[str, list[Branch]] = {}
    for branch in branches:
        for kind in branch.types or ():
            kinds.setdefault(kind, []).append(branch)
    is_any, is_nullable = kinds.pop(ANY, None) is not None, kinds.pop(NULL, None) is not None
    if "number" in kinds:
        kinds["number"] += kinds.pop("integer", [])
    values: dict[str, frozenset[str] | None] = {}
    for kind, group in kinds.items():
        sets = [branch.values for branch in group if branch.values is not None]
        values[kind] = frozenset().union(*sets) if len(sets) == len(group) else None
    return View(
        is_any,
        is_nullable,
        frozenset(kinds),
        values,
        tuple(kinds.get("array", ())),
        tuple(kinds.get("object", ())),
        {kind: group[0].bounds for kind, group in kinds.items() if len(group) == 1},
        tuple(branch for kind, group in kinds.items() if kind not in ("array", "object") for branch in group),
    )


def covers(kinds: frozenset[str], kind: str) -> bool:
    """Say whether `kinds` includes the values of `kind`: `number` includes `integer`."""
    return kind in kinds or (kind == "integer" and "number" in kinds)
