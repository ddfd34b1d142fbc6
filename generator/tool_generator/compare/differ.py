"""Differences between two schemas: everything that only one of them admits, each with its path.

The differences are neutral: `one` has this, `other` has that. Whether a difference breaks anything depends on who
sends and who reads; `rules.py` knows that. The walk goes breadth first. A pair of types is compared once, at the first
place where the walk meets the pair; types that contain themselves end the walk in the same way. This module must not
know about tools.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tool_generator.compare.alternatives import described, label, paired
from tool_generator.model.schemas import Branch, Node, Schemas, View, covers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

# Kinds of differences, from `one` to `other`.
ADDED = "added"
REMOVED = "removed"
ADDED_REQUIRED = "added_required"
REQUIRED = "required"
OPTIONAL = "optional"
TYPE = "type"
WIDENED = "widened"
NARROWED = "narrowed"
NULLABLE = "nullable"
NOT_NULLABLE = "not_nullable"
ENUM_WIDENED = "enum_widened"
ENUM_NARROWED = "enum_narrowed"
ALTERNATIVE_ADDED = "alternative_added"
ALTERNATIVE_REMOVED = "alternative_removed"
CLOSED = "closed"
OPENED = "opened"
STATED = "stated"
UNSTATED = "unstated"
BOUND_TIGHTENED = "bound_tightened"
BOUND_LOOSENED = "bound_loosened"
BOUND_CHANGED = "bound_changed"
BOUND_STATED = "bound_stated"
BOUND_DROPPED = "bound_dropped"

_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `fact` names a field or a null that only `one` has; another use of its type may confirm it.

    `may_be_absent` is true for the value of a field that may be absent anyway.
    """

    path: str
    kind: str
    was: Any = None
    now: Any = None
    fact: str = ""
    may_be_absent: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    one: Node
    other: Node
    path: str
    may_be_absent: bool = False
    own: frozenset[str] = frozenset()


class Comparer:
    """Compares schemas of two documents. `compared` counts the compared facts; `facts` are the facts of both sides.

    A pair of types is compared once. Therefore a comparer serves one side (request or reply) of one operation.
    """

    def __init__(self, one: Schemas, other: Schemas) -> None:
        self.one = one
        self.other = other
        self._seen: set[tuple[str, ...]] = set()
        self.facts: set[str] = set()
        self.compared = {"fields": 0, "types": 0, "enums": 0, "requirements": 0}

    def compare(
        self, one: Node, other: Node, path: str, *, may_be_absent: bool = False, own: Collection[str] = ()
    ) -> list[Difference]:
        """List the differences from `one` to `other`, at `path` and below; `own` are fields of `one` to skip.

        Example: `{"type": "string"}` and `{"type": ["string", "null"]}` give one difference of the kind `nullable`.
        """
        found: list[Difference] = []
        pending = deque([_Pair(one, other, path, may_be_absent, frozenset(own))])
        while pending:
            for item in self._node(pending.popleft()):
                if isinstance(item, _Pair):
                    pending.append(item)
                else:
                    found.append(item)
        return found

    def _node(self, pair: _Pair) -> Iterator[Difference | _Pair]:
        one, other = self.one.view(pair.one), self.other.view(pair.other)
        if one.arrays or one.objects:
            key = (self.one.resolved(pair.one).name, self.other.resolved(pair.other).name)
            if key in self._seen:
                return
            self._seen.add(key)
        self.compared["types"] += 1
        yield from self._kinds(pair, one, other)
        yield from self._null(pair, one, other)
        for kind in sorted(one.kinds & other.kinds - {"array", "object"}):
            yield from self._values(pair, kind, one.values[kind], other.values[kind])
        for kind in sorted(one.kinds & other.kinds):
            yield from self._bounds(pair, one.bounds.get(kind, {}), other.bounds.get(kind, {}))
        yield from self._arrays(pair, one.arrays, other.arrays)
        yield from self._objects(pair, one, other)

    def _kinds(self, pair: _Pair, one: View, other: View) -> Iterator[Difference]:
        was, now = described(one), described(other)
        if one.is_any or other.is_any:
            if one.is_any != other.is_any:
                yield Difference(pair.path, STATED if one.is_any else UNSTATED, was, now)
            return
        missing = sorted(kind for kind in one.kinds if not covers(other.kinds, kind))
        extra = sorted(kind for kind in other.kinds if not covers(one.kinds, kind))
        if missing or extra:
            is_part = bool(one.kinds and other.kinds) and not (missing and extra)
            change = TYPE if not is_part else NARROWED if missing else WIDENED
            yield Difference(pair.path, change, was, now)

    def _null(self, pair: _Pair, one: View, other: View) -> Iterator[Difference]:
        fact = f"{pair.one.name}#null"
        if one.is_nullable and other.is_nullable:
            self.facts.add(fact)
        elif one.is_any or other.is_any or one.is_nullable == other.is_nullable:
            return
        elif one.is_nullable:
            yield Difference(pair.path, NOT_NULLABLE, described(one), described(other), fact, pair.may_be_absent)
        else:
            yield Difference(pair.path, NULLABLE, described(one), described(other), "", pair.may_be_absent)

    def _values(
        self, pair: _Pair, kind: str, one: frozenset[str] | None, other: frozenset[str] | None
    ) -> Iterator[Difference]:
        if one is None and other is None:
            return
        self.compared["enums"] += 1
        if one is None or other is None:
            change = ENUM_NARROWED if one is None else ENUM_WIDENED
            yield Difference(pair.path, change, _listed(one, kind), _listed(other, kind))
            return
        if one - other:
            yield Difference(pair.path, ENUM_NARROWED, _listed(one - other, kind), None)
        if other - one:
            yield Difference(pair.path, ENUM_WIDENED, None, _listed(other - one, kind))

    def _bounds(self, pair: _Pair, one: Any, other: Any) -> Iterator[Difference]:
        for bound in sorted({*one, *other}):
            was, now = one.get(bound), other.get(bound)
            if was == now:
                continue
            path = f"{pair.path}#{bound}"
            if bound not in one or bound not in other:
                yield Difference(path, BOUND_STATED if bound not in one else BOUND_DROPPED, was, now)
            elif bound in _LOWER | _UPPER and isinstance(was, (int, float)) and isinstance(now, (int, float)):
                is_tighter = now > was if bound in _LOWER else now < was
                yield Difference(path, BOUND_TIGHTENED if is_tighter else BOUND_LOOSENED, was, now)
            else:
                yield Difference(path, BOUND_CHANGED, was, now)

    def _arrays(self, pair: _Pair, one: tuple[Branch, ...], other: tuple[Branch, ...]) -> Iterator[Difference | _Pair]:
        if not one or not other:
            return
        items, other_items = _items(self.one, one), _items(self.other, other)
        if items is not None and other_items is not None:
            yield _Pair(items, other_items, f"{pair.path}[]")
        elif items is not None or other_items is not None:
            was = None if items is None else described(self.one.view(items))
            now = None if other_items is None else described(self.other.view(other_items))
            yield Difference(f"{pair.path}[]", STATED if items is None else UNSTATED, was, now)

    def _objects(self, pair: _Pair, one: View, other: View) -> Iterator[Difference | _Pair]:
        if not one.objects or not other.objects:
            return
        pairs, left, right = paired(self.one, one.objects, self.other, other.objects)
        if not pairs:
            was, now = (" or ".join(branch.name for branch in view.objects) for view in (one, other))
            yield Difference(pair.path, TYPE, was, now)
            return
        is_union = len(one.objects) > 1 or len(other.objects) > 1
        for mine, theirs in pairs:
            where = f"{pair.path}{label(self.one, mine) or label(self.other, theirs)}" if is_union else pair.path
            yield from self._object(replace(pair, path=where), mine, theirs)
        for mine in left:
            yield Difference(f"{pair.path}{label(self.one, mine)}", ALTERNATIVE_REMOVED, mine.name, None)
        for theirs in right:
            yield Difference(f"{pair.path}{label(self.other, theirs)}", ALTERNATIVE_ADDED, None, theirs.name)

    def _object(self, pair: _Pair, one: Branch, other: Branch) -> Iterator[Difference | _Pair]:
        if (one.name, other.name, "object") in self._seen:
            return
        self._seen.add((one.name, other.name, "object"))
        if one.is_free != other.is_free:
            kind = STATED if one.is_free else UNSTATED
            yield Difference(pair.path, kind, _keys(one), _keys(other))
            return
        yield from self._fields(pair, one, other)
        yield from self._extra(pair, one, other)

    def _fields(self, pair: _Pair, one: Branch, other: Branch) -> Iterator[Difference | _Pair]:
        for name, node in one.properties.items():
            if name in pair.own:
                continue
            path = f"{pair.path}.{name}"
            if name not in other.properties:
                # A document may require a field without a schema for the field. A spec writes such a field with an
                # empty schema.
                is_unsaid = name in other.required and node.schema in ({}, True)
                if not isinstance(other.extra, Node) and not is_unsaid:
                    now = described(self.one.view(node))
                    # Every use of the type needs a required field, so another use cannot explain why the field is
                    # missing here.
                    yield Difference(path, REMOVED, now, None, "" if name in one.required else node.name)
                continue
            self.facts.add(node.name)
            self.compared["fields"] += 1
            self.compared["requirements"] += 1
            needed, needed_there = name in one.required, name in other.required
            if needed_there != needed:
                yield Difference(path, REQUIRED if needed_there else OPTIONAL)
            yield _Pair(node, other.properties[name], path, not needed or not needed_there)
        for name, node in other.properties.items():
            if name not in one.properties and name not in pair.own:
                kind = ADDED_REQUIRED if name in other.required else ADDED
                yield Difference(f"{pair.path}.{name}", kind, None, described(self.other.view(node)))

    def _extra(self, pair: _Pair, one: Branch, other: Branch) -> Iterator[Difference | _Pair]:
        path = f"{pair.path}.*"
        if isinstance(one.extra, Node) and isinstance(other.extra, Node):
            yield _Pair(one.extra, other.extra, path)
        elif (one.extra is False) != (other.extra is False):
            yield Difference(path, OPENED if one.extra is False else CLOSED)
        elif isinstance(one.extra, Node) or isinstance(other.extra, Node):
            yield Difference(path, UNSTATED if isinstance(one.extra, Node) else STATED)


def _items(schemas: Schemas, arrays: Iterable[Branch]) -> Node | None:
    nodes = [branch.items for branch in arrays]
    if not nodes or any(node is None for node in nodes):
        return None
    return schemas.joined("anyOf", [node for node in nodes if node is not None])


def _listed(values: frozenset[str] | None, kind: str) -> Any:
    if values is None:
        return f"any {kind}"
    return [json.loads(text) for text in sorted(values)]


def _keys(branch: Branch) -> str:
    if branch.is_free:
        return "object"
    return f"object with {', '.join(branch.properties) or 'typed values'}"
