"""The one differ: everything that only one of two schemas admits, each with its path.

The differences are neutral: `one` has this, `other` has that. Whether a difference breaks anything depends on who
sends and who reads; `rules.py` knows that. Each difference carries both places, so that an import can edit the one and
convert the other.

A pair of places is compared once, however many tools lead there. A comparison from a root walks the pairs that lie
below, breadth first, and skips those below which nothing differs. So the work grows with what is said, and not with
the number of ways through what is said. This module must not know about tools.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

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
Part: TypeAlias = Node | Branch
Fact: TypeAlias = tuple[str | int, ...]
Key: TypeAlias = tuple[Any, ...]
_NO_FACT: Fact = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `fact` names a field or a null that only `one` has; another use of its type may confirm it.

    `may_be_absent` is true for the value of a field that may be absent anyway. `one` and `other` are the places that
    differ: values for what a value may be, objects for what an object holds. `name` is the field, option or bound.
    """

    path: str
    kind: str
    was: Any = None
    now: Any = None
    fact: Fact = _NO_FACT
    may_be_absent: bool = False
    one: Part | None = None
    other: Part | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A way from one pair of places to the next; `suffix` is what the path gains: `.name`, `[]`."""

    suffix: str
    one: Node
    other: Node
    may_be_absent: bool = False


@dataclass(slots=True)
class Pair:
    """What is known of a pair of places: the differences right there, and the ways on. Paths are relative."""

    one: Node
    other: Node
    found: list[Difference]
    steps: list[Step]
    facts: list[Fact]
    compared: dict[str, int]
    objects: list[tuple[Branch, Branch]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One pair of places that a comparison passed, with its path."""

    pair: Pair
    path: str
    may_be_absent: bool


class Differ:
    """Compares the schemas of two documents. `facts` are the facts that both sides have, at any place."""

    def __init__(self, one: Schemas, other: Schemas) -> None:
        self.one = one
        self.other = other
        self.facts: set[Fact] = set()
        self._pairs: dict[Key, Pair] = {}
        self._differs: dict[Key, bool] = {}
        # Keys rest on id(): each compared schema must stay alive, so that no other object gets the same id.
        self._alive: list[Any] = []

    def compare(
        self, one: Node, other: Node, path: str, *, may_be_absent: bool = False, own: Collection[str] = ()
    ) -> list[Difference]:
        """List the differences from `one` to `other`, at `path` and below; `own` are fields of `one` to skip.

        Example: `{"type": "string"}` and `{"type": ["string", "null"]}` give one difference of the kind `nullable`.
        """
        found = []
        for visit in self.visits(one, other, path, may_be_absent=may_be_absent, own=own, only_differing=True):
            for item in visit.pair.found:
                if visit.path != path or item.name not in own:
                    place = f"{visit.path}{item.path}"
                    found.append(replace(item, path=place, may_be_absent=visit.may_be_absent))
        return found

    def visits(
        self,
        one: Node,
        other: Node,
        path: str,
        *,
        may_be_absent: bool = False,
        own: Collection[str] = (),
        only_differing: bool = False,
    ) -> Iterator[Visit]:
        """Yield the pairs at a place and below it, each once, at the first place where the walk meets the pair."""
        root = Step("", one, other, may_be_absent)
        self._explore(root)
        pending = deque([(path, root)])
        seen: set[Key] = set()
        while pending:
            at, step = pending.popleft()
            key = self._key(step.one, step.other)
            if key in seen or (only_differing and not self._differs[key]):
                continue
            seen.add(key)
            pair = self._pairs[key]
            yield Visit(pair, at, step.may_be_absent)
            for following in pair.steps:
                if at != path or following.suffix.removeprefix(".") not in own:
                    pending.append((at + following.suffix, following))

    def pair(self, one: Node, other: Node) -> Pair:
        """Give the pair of two places that a comparison passed."""
        return self._pairs[self._key(one, other)]

    def pairs(self) -> Iterable[Pair]:
        """Give all pairs that comparisons passed."""
        return self._pairs.values()

    def differs(self, one: Node, other: Node) -> bool:
        """Say whether anything differs at a place or below it."""
        self._explore(Step("", one, other))
        return self._differs[self._key(one, other)]

    def _key(self, one: Node, other: Node) -> Key:
        one, other = self.one.resolved(one), self.other.resolved(other)
        # Schemas that are no objects, such as true, share one id.
        left = (id(one.schema),) if isinstance(one.schema, dict) and one.schema else (one.at,)
        right = (id(other.schema),) if isinstance(other.schema, dict) and other.schema else (other.at,)
        return (left, right)

    def _explore(self, root: Step) -> None:
        """Compare the pairs at a place and below it that were not compared before, and find out which differ."""
        first = self._key(root.one, root.other)
        if first in self._differs:
            return
        new: dict[Key, list[Key]] = {}
        pending = [(first, root)]
        while pending:
            key, step = pending.pop()
            if key in new or key in self._differs:
                continue
            pair = self._pairs[key] = self._compared(self.one.resolved(step.one), self.other.resolved(step.other))
            self.facts.update(pair.facts)
            new[key] = [self._key(following.one, following.other) for following in pair.steps]
            pending += zip(new[key], pair.steps, strict=True)
        above: dict[Key, list[Key]] = {}
        for key, following in new.items():
            for other in following:
                above.setdefault(other, []).append(key)
        differing = [key for key in new if self._pairs[key].found]
        differing += [key for key in above if self._differs.get(key)]
        reached = set(differing)
        while differing:
            for key in above.get(differing.pop(), ()):
                if key not in reached:
                    reached.add(key)
                    differing.append(key)
        self._differs |= {key: key in reached for key in new}

    def _compared(self, one: Node, other: Node) -> Pair:
        self._alive += [one.schema, other.schema]
        pair = Pair(one, other, [], [], [], {"fields": 0, "types": 1, "enums": 0, "requirements": 0}, [])
        mine, theirs = self.one.view(one), self.other.view(other)
        pair.found += self._kinds(pair, mine, theirs)
        pair.found += self._null(pair, mine, theirs)
        for kind in sorted(mine.kinds & theirs.kinds - {"array", "object"}):
            pair.found += self._values(pair, kind, mine.values[kind], theirs.values[kind])
        for kind in sorted(mine.kinds & theirs.kinds):
            pair.found += self._bounds(pair, mine.bounds.get(kind, {}), theirs.bounds.get(kind, {}))
        self._arrays(pair, mine.arrays, theirs.arrays)
        self._objects(pair, mine, theirs)
        return pair

    def _kinds(self, pair: Pair, one: View, other: View) -> Iterator[Difference]:
        was, now = described(one), described(other)
        places: dict[str, Any] = {"one": pair.one, "other": pair.other}
        if one.is_any or other.is_any:
            if one.is_any != other.is_any:
                yield Difference("", STATED if one.is_any else UNSTATED, was, now, **places)
            return
        missing = sorted(kind for kind in one.kinds if not covers(other.kinds, kind))
        extra = sorted(kind for kind in other.kinds if not covers(one.kinds, kind))
        if missing or extra:
            is_part = bool(one.kinds and other.kinds) and not (missing and extra)
            change = TYPE if not is_part else NARROWED if missing else WIDENED
            yield Difference("", change, was, now, **places)

    def _null(self, pair: Pair, one: View, other: View) -> Iterator[Difference]:
        fact = (*pair.one.at, "#null")
        places: dict[str, Any] = {"one": pair.one, "other": pair.other}
        if one.is_nullable and other.is_nullable:
            pair.facts.append(fact)
        elif one.is_any or other.is_any or one.is_nullable == other.is_nullable:
            return
        elif one.is_nullable:
            yield Difference("", NOT_NULLABLE, described(one), described(other), fact, **places)
        else:
            yield Difference("", NULLABLE, described(one), described(other), **places)

    def _values(
        self, pair: Pair, kind: str, one: frozenset[str] | None, other: frozenset[str] | None
    ) -> Iterator[Difference]:
        if one is None and other is None:
            return
        pair.compared["enums"] += 1
        places: dict[str, Any] = {"one": pair.one, "other": pair.other, "name": kind}
        if one is None or other is None:
            change = ENUM_NARROWED if one is None else ENUM_WIDENED
            yield Difference("", change, _listed(one, kind), _listed(other, kind), **places)
            return
        if one - other:
            yield Difference("", ENUM_NARROWED, _listed(one - other, kind), None, **places)
        if other - one:
            yield Difference("", ENUM_WIDENED, None, _listed(other - one, kind), **places)

    def _bounds(self, pair: Pair, one: Any, other: Any) -> Iterator[Difference]:
        for bound in sorted({*one, *other}):
            was, now = one.get(bound), other.get(bound)
            if was == now:
                continue
            if bound not in one or bound not in other:
                change = BOUND_STATED if bound not in one else BOUND_DROPPED
            elif bound in _LOWER | _UPPER and isinstance(was, (int, float)) and isinstance(now, (int, float)):
                is_tighter = now > was if bound in _LOWER else now < was
                change = BOUND_TIGHTENED if is_tighter else BOUND_LOOSENED
            else:
                change = BOUND_CHANGED
            yield Difference(f"#{bound}", change, was, now, one=pair.one, other=pair.other, name=bound)

    def _arrays(self, pair: Pair, one: tuple[Branch, ...], other: tuple[Branch, ...]) -> None:
        if not one or not other:
            return
        items, other_items = _items(self.one, one), _items(self.other, other)
        if items is not None and other_items is not None:
            pair.steps.append(Step("[]", items, other_items))
        elif items is not None or other_items is not None:
            was = None if items is None else described(self.one.view(items))
            now = None if other_items is None else described(self.other.view(other_items))
            kind = STATED if items is None else UNSTATED
            pair.found.append(Difference("[]", kind, was, now, one=pair.one, other=pair.other, name="items"))

    def _objects(self, pair: Pair, one: View, other: View) -> None:
        if not one.objects or not other.objects:
            return
        pairs, left, right = paired(self.one, one.objects, self.other, other.objects)
        if not pairs:
            was, now = (" or ".join(map(_named, view.objects)) for view in (one, other))
            pair.found.append(Difference("", TYPE, was, now, one=pair.one, other=pair.other))
            return
        is_union = len(one.objects) > 1 or len(other.objects) > 1
        for mine, theirs in pairs:
            where = (label(self.one, mine) or label(self.other, theirs)) if is_union else ""
            self._object(pair, where, mine, theirs)
        for mine in left:
            pair.found.append(
                Difference(label(self.one, mine), ALTERNATIVE_REMOVED, _named(mine), None, one=mine, other=pair.other)
            )
        for theirs in right:
            pair.found.append(
                Difference(
                    label(self.other, theirs), ALTERNATIVE_ADDED, None, _named(theirs), one=pair.one, other=theirs
                )
            )

    def _object(self, pair: Pair, path: str, one: Branch, other: Branch) -> None:
        pair.objects.append((one, other))
        if one.is_free != other.is_free:
            kind = STATED if one.is_free else UNSTATED
            pair.found.append(Difference(path, kind, _keys(one), _keys(other), one=one, other=other, name="properties"))
            return
        self._fields(pair, path, one, other)
        self._extra(pair, path, one, other)

    def _fields(self, pair: Pair, path: str, one: Branch, other: Branch) -> None:
        for name, node in one.properties.items():
            at = f"{path}.{name}"
            places: dict[str, Any] = {"one": one, "other": other, "name": name}
            if name not in other.properties:
                # A document may require a field without a schema for the field. A spec writes such a field with an
                # empty schema.
                is_unsaid = name in other.required and self.one.view(node).is_any
                # A field that the spec marks as deprecated stays for its callers.
                is_kept = isinstance(node.schema, dict) and node.schema.get("deprecated") is True
                if not isinstance(other.extra, Node) and not is_unsaid and not is_kept:
                    now = described(self.one.view(node))
                    # Every use of the type needs a required field, so another use cannot explain why the field is
                    # missing here.
                    fact = _NO_FACT if name in one.required else node.at
                    pair.found.append(Difference(at, REMOVED, now, None, fact, **places))
                continue
            pair.facts.append(node.at)
            pair.compared["fields"] += 1
            pair.compared["requirements"] += 1
            needed, needed_there = name in one.required, name in other.required
            if needed_there != needed:
                pair.found.append(Difference(at, REQUIRED if needed_there else OPTIONAL, **places))
            pair.steps.append(Step(at, node, other.properties[name], not needed or not needed_there))
        for name, node in other.properties.items():
            if name not in one.properties:
                kind = ADDED_REQUIRED if name in other.required else ADDED
                now = described(self.other.view(node))
                pair.found.append(Difference(f"{path}.{name}", kind, None, now, one=one, other=other, name=name))

    def _extra(self, pair: Pair, path: str, one: Branch, other: Branch) -> None:
        at = f"{path}.*"
        places: dict[str, Any] = {"one": one, "other": other, "name": "*"}
        if isinstance(one.extra, Node) and isinstance(other.extra, Node):
            pair.steps.append(Step(at, one.extra, other.extra))
        elif (one.extra is False) != (other.extra is False):
            pair.found.append(Difference(at, OPENED if one.extra is False else CLOSED, **places))
        elif isinstance(one.extra, Node) or isinstance(other.extra, Node):
            pair.found.append(Difference(at, UNSTATED if isinstance(one.extra, Node) else STATED, **places))


def _items(schemas: Schemas, arrays: Iterable[Branch]) -> Node | None:
    nodes = [branch.items for branch in arrays]
    if not nodes or any(node is None for node in nodes):
        return None
    return schemas.joined("anyOf", [node for node in nodes if node is not None])


def _named(branch: Branch) -> str:
    """Give the name of an alternative for readers: `("types", "Cat")` -> `Cat`."""
    return "&".join(dict.fromkeys(str(part[1]) if len(part) > 1 else str(part[0]) for part in branch.parts))


def _listed(values: frozenset[str] | None, kind: str) -> Any:
    if values is None:
        return f"any {kind}"
    return [json.loads(text) for text in sorted(values)]


def _keys(branch: Branch) -> str:
    if branch.is_free:
        return "object"
    return f"object with {', '.join(branch.properties) or 'typed values'}"
