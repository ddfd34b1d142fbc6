"""What a schema admits, as a flat list of alternatives. The import compares the spec and upstream by these lists.

This module follows references, opens unions and joins `allOf`. It treats the schemas of the spec and of upstream in
the same way: a `Side` says what a reference means, and where a schema stands in the files of the spec. This module
must not know about files or tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

# The name of a file, and a path within the value of that file.
At: TypeAlias = tuple[str, tuple[str | int, ...]]
Role: TypeAlias = str  # "request" or "reply"

MAX_ALTERNATIVES = 64
ANNOTATIONS = frozenset(
    {
        "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "secret",
        "untrusted", "contentMediaType", "contentEncoding",
    }
)  # fmt: skip
_KINDS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
_OBJECT = ("properties", "additionalProperties", "required", "patternProperties", "propertyNames")


@dataclass(frozen=True, slots=True)
class Node:
    """A schema, the place where it stands (`at`, for the spec only), and its name if it has one."""

    schema: Any
    at: At | None = None
    name: str = ""

    def child(self, *steps: str | int) -> Node:
        """Give a subschema."""
        value = self.schema
        for step in steps:
            value = value[step]
        return Node(value, None if self.at is None else (self.at[0], (*self.at[1], *steps)))


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that a schema admits. An object has all its parts in `parts`; every other kind has one part."""

    kind: str
    parts: tuple[Node, ...]
    name: str = ""

    @property
    def node(self) -> Node:
        """The schema itself. For an object: the schema of its last part."""
        return self.parts[-1]


class Side(Protocol):
    """What references mean on one side. `opened` keeps the lists that were made before."""

    opened: dict[tuple[int, At | None, str], tuple[Any, list[Alternative]]]

    def target(self, reference: str) -> Node | None:
        """Give the schema that `$ref` names; None if there is no such schema."""


def alternatives(node: Node, side: Side) -> list[Alternative]:
    """List what a schema admits, null included. Each schema is opened once, even if many others are made of it.

    Example: `{"anyOf": [{"$ref": "Cat"}, {"type": ["string", "null"]}]}` admits an object, a text and null.
    """
    key = (id(node.schema), node.at, node.name)
    known = side.opened.get(key)
    if known is None:
        # The schema is kept beside the result: while the schema lives, no other schema can get the same id. A type may
        # be defined as itself; a reference that leads back here before the list is complete admits anything.
        side.opened[key] = (node.schema, [Alternative("any", (node,), node.name)])
        known = side.opened[key] = (node.schema, list(_open(node, side))[:MAX_ALTERNATIVES])
    return known[1]


def _open(node: Node, side: Side) -> Iterator[Alternative]:
    schema = node.schema
    if schema is False:
        return
    said: set[str] = set() if not isinstance(schema, dict) else {key for key in schema if key not in ANNOTATIONS}
    if not said:
        yield Alternative("any", (node,), node.name)
    elif "$ref" in said:
        reference = schema["$ref"]
        target = side.target(reference)
        if target is None:
            yield Alternative("any", (node,), node.name)
        elif said & set(_OBJECT):
            own = Node({key: value for key, value in schema.items() if key != "$ref"}, node.at)
            for item in alternatives(target, side):
                yield _joined((item, Alternative("object", (own,))), node.name)
        else:
            yield from alternatives(target, side)
    elif ("anyOf" in said or "oneOf" in said) and "properties" not in said and "allOf" not in said:
        for keyword in ("anyOf", "oneOf"):
            for index, _ in enumerate(schema.get(keyword, ())):
                yield from _open(node.child(keyword, index), side)
    elif "allOf" in said:
        yield from _all(node, side)
    else:
        yield from _plain(node)


def _plain(node: Node) -> Iterator[Alternative]:
    schema = node.schema
    kinds = schema.get("type")
    if kinds is None:
        if "enum" in schema or "const" in schema:
            values = schema["enum"] if "enum" in schema else [schema["const"]]
            kinds = list(dict.fromkeys(_KINDS[type(value)] for value in values))
        elif any(key in schema for key in _OBJECT):
            kinds = "object"
        elif "items" in schema or "prefixItems" in schema:
            kinds = "array"
        else:
            kinds = "any"
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        yield Alternative(kind, (node,), node.name)


def _all(node: Node, side: Side) -> Iterator[Alternative]:
    combined: list[tuple[Alternative, ...]] = [()]
    for index, _ in enumerate(node.schema["allOf"]):
        options = [item for item in _open(node.child("allOf", index), side) if item.kind != "any"]
        if options:
            combined = [(*done, option) for done in combined for option in options][:MAX_ALTERNATIVES]
    if any(key in node.schema for key in _OBJECT):
        own = Node({key: value for key, value in node.schema.items() if key != "allOf"}, node.at)
        combined = [(*done, Alternative("object", (own,))) for done in combined]
    for items in combined:
        if not items:
            yield Alternative("any", (node,), node.name)
        elif len(items) == 1:
            yield Alternative(items[0].kind, items[0].parts, node.name or items[0].name)
        else:
            yield _joined(items, node.name)


def _joined(items: tuple[Alternative, ...], name: str) -> Alternative:
    objects = [item for item in items if item.kind == "object"]
    if not objects:
        return Alternative(items[0].kind, items[0].parts, name or items[0].name)
    # A part that two references lead to is listed once.
    parts = {(id(part.schema), part.at): part for item in objects for part in item.parts}
    return Alternative("object", tuple(parts.values()), name)


def properties(item: Alternative) -> dict[str, Node]:
    """Give the properties of an object. If several parts have a property, the last part wins.

    Example: parts with the properties `{a, b}` and `{b, c}` give `a` and `c`, and `b` of the second part.
    """
    found: dict[str, Node] = {}
    for part in item.parts:
        if isinstance(part.schema, dict):
            for name in part.schema.get("properties", {}):
                found[name] = part.child("properties", name)
    return found


def required(item: Alternative) -> list[str]:
    """Give the names that an object requires."""
    names: dict[str, None] = {}
    for part in item.parts:
        if isinstance(part.schema, dict):
            names.update(dict.fromkeys(part.schema.get("required", ())))
    return list(names)


def keyword(item: Alternative, name: str) -> Any:
    """Give the value of a keyword in the last part that has it, or None."""
    for part in reversed(item.parts):
        if isinstance(part.schema, dict) and name in part.schema:
            return part.schema[name]
    return None


def values(item: Alternative) -> list[Any] | None:
    """Give the values that an alternative is limited to; None if there is no limit.

    Example: `{"enum": ["on", null]}` gives `["on"]`.
    """
    schema = item.node.schema
    if not isinstance(schema, dict) or item.kind == "object":
        return None
    if "const" in schema:
        return [schema["const"]]
    listed = schema.get("enum")
    return [value for value in listed if value is not None] if isinstance(listed, list) else None


def fit(ours: Alternative, theirs: Alternative, our_side: Side, their_side: Side, depth: int = 2) -> float:
    """Say how well two alternatives match: 0 is not at all, 1 is alike."""
    if ours.kind != theirs.kind:
        return 0.5 if {ours.kind, theirs.kind} == {"integer", "number"} else 0.0
    if ours.kind == "object":
        return _fit_objects(ours, theirs, our_side, their_side, depth)
    if ours.kind == "array" and depth:
        left, right = _items(ours), _items(theirs)
        if left is None or right is None:
            return 0.6
        return 0.3 + 0.7 * _fit_unions(left, right, our_side, their_side, depth - 1)
    mine, its = values(ours), values(theirs)
    if mine is not None and its is not None:
        return 0.3 + 0.7 * _overlap(set(map(repr, mine)), set(map(repr, its)))
    return 1.0 if (mine is None) == (its is None) else 0.5


def closeness(ours: Alternative, theirs: Alternative, our_side: Side, their_side: Side) -> tuple[bool, float]:
    """Give a sort key for matches: objects with the same fixed values come before all others, then the better fit."""
    mine, its = fixed_values(ours, our_side), fixed_values(theirs, their_side)
    return bool(mine) and mine == its, fit(ours, theirs, our_side, their_side)


def fixed_values(item: Alternative, side: Side) -> dict[str, str]:
    """Give the properties of an object that can have one value only, each with this value.

    Example: `{"properties": {"type": {"const": "cat"}, "age": {"type": "integer"}}}` gives `{"type": "'cat'"}`.
    """
    found = {}
    for name, node in properties(item).items() if item.kind == "object" else ():
        options = [values(option) for option in alternatives(node, side)]
        if len(options) == 1 and options[0] and len(options[0]) == 1:
            found[name] = repr(options[0][0])
    return found


def _items(item: Alternative) -> Node | None:
    schema = item.node.schema
    return item.node.child("items") if isinstance(schema, dict) and "items" in schema else None


def _fit_unions(left: Node, right: Node, our_side: Side, their_side: Side, depth: int) -> float:
    mine = [item for item in alternatives(left, our_side) if item.kind != "null"]
    its = [item for item in alternatives(right, their_side) if item.kind != "null"]
    if not mine or not its:
        return 0.5
    return sum(max(fit(item, other, our_side, their_side, depth) for item in mine) for other in its) / len(its)


def _fit_objects(ours: Alternative, theirs: Alternative, our_side: Side, their_side: Side, depth: int) -> float:
    mine, its = properties(ours), properties(theirs)
    if not mine and not its:
        return 1.0
    score = _overlap(set(mine), set(its))
    for name in mine.keys() & its.keys():
        left = [values(item) for item in alternatives(mine[name], our_side)]
        right = [values(item) for item in alternatives(its[name], their_side)]
        if len(left) == len(right) == 1 and left[0] and right[0] and len(left[0]) == len(right[0]) == 1:
            # A property with one value separates the kinds of a union; no other property matters then.
            if left[0] != right[0]:
                return 0.0
            score = 0.5 + score / 2
        elif depth and left and right and left[0] and right[0]:
            mine_values, its_values = set(map(repr, left[0])), set(map(repr, right[0]))
            if not mine_values & its_values:
                score *= 0.3
        elif not {item.kind for item in alternatives(mine[name], our_side)} & {
            item.kind for item in alternatives(its[name], their_side)
        }:
            score *= 0.7
    return score


def _overlap(left: set[str], right: set[str]) -> float:
    union = left | right
    return len(left & right) / len(union) if union else 1.0


def is_bare(schema: Any) -> bool:
    """Say whether a schema holds nothing that a person wrote, at any depth: no texts, no secrets, no examples."""
    if isinstance(schema, list):
        return all(is_bare(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if any(isinstance(schema.get(key), str) for key in ANNOTATIONS - {"default", "example"}) or "secret" in schema:
        return False
    return all(is_bare(value) for key, value in schema.items() if key not in ("enum", "default", "const"))
