"""Which upstream schemas each place of the spec stands for.

This module walks through a value of the spec and the schema that upstream has for the value, both at the same time:
through references, unions, `allOf`, properties and items. At every place of the spec it records what upstream admits
there. A type that serves create, update and reply collects the schemas of all three. update_values.py and
update_properties.py decide what has to change. This module must not know about tools or files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import (
    ANNOTATIONS,
    Alternative,
    At,
    Node,
    alternatives,
    closeness,
    fit,
    fixed_values,
    keyword,
    properties,
)
from tool_generator.model.documents import ref_name

if TYPE_CHECKING:
    from tool_generator.importing.directions import OurSide, TheirSide

_POOR = 0.2
_GOOD = 0.55


@dataclass(frozen=True, slots=True)
class Use:
    """What upstream admits at a place, in one role and for one operation."""

    theirs: tuple[Alternative, ...]
    role: str
    operation: str


@dataclass(slots=True)
class Slot:
    """A place of the spec that holds a value, and everything that upstream admits there."""

    node: Node
    uses: list[Use] = field(default_factory=list)


@dataclass(slots=True)
class UnionSlot:
    """A union of the spec: the branches that upstream has too (`met`), and upstream's other branches (`missing`)."""

    node: Node
    met: set[int] = field(default_factory=set)
    missing: list[tuple[Alternative, str, str]] = field(default_factory=list)
    roles: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ObjectSlot:
    """An object of the spec with all its parts, and the upstream objects that it stands for.

    `own` are properties that only the spec has.
    """

    ours: Alternative
    theirs: list[tuple[Alternative, str, str]] = field(default_factory=list)
    own: frozenset[str] = frozenset()


class Pairing:
    """The result: places of the spec, in the order of the walk, each with what upstream admits there."""

    def __init__(self, ours: OurSide, theirs: dict[str, TheirSide]) -> None:
        self.ours = ours
        self.theirs = theirs
        self.values: dict[At, Slot] = {}
        self.leaves: dict[At, Slot] = {}
        self.unions: dict[At, UnionSlot] = {}
        self.objects: dict[At, ObjectSlot] = {}
        self.new_unions: dict[At, UnionSlot] = {}
        self.combined_unions: dict[At, tuple[Node, Any, str, str]] = {}
        self.mismatched_references: dict[At, tuple[Node, Alternative, str, str]] = {}
        self._confirmed_types: set[str] = set()
        self._doubtful_references: list[tuple[Node, Node, Alternative, str, str]] = []
        self.named: dict[tuple[str, str], dict[str, int]] = {}
        self._seen: set[tuple[Any, ...]] = set()
        self._references: dict[tuple[Any, ...], list[Node]] = {}
        self._missing_by_visit: dict[At, dict[tuple[Any, ...], list[tuple[Alternative, str, str]]]] = {}
        self._kept: list[Any] = []

    def paired(self, upstream: str, role: str) -> str | None:
        """Give the type that a named upstream schema was paired with most often; None if there is none."""
        counts: dict[str, int] = dict(self.named.get((upstream, role), {}))
        if not role:
            for other in ("request", "reply"):
                for name, count in self.named.get((upstream, other), {}).items():
                    counts[name] = counts.get(name, 0) + count
        return max(counts, key=lambda name: counts[name]) if counts else None

    def value(self, node: Node, schema: Any, role: str, operation: str, own: frozenset[str] = frozenset()) -> None:
        """Pair a value of the spec with the upstream schema of this value."""
        seen = self.theirs[role].seen(schema)
        self._kept.append(seen)
        self._name(node, seen, role)
        self._slot(node, Node(seen), role, operation, own)

    def _name(self, node: Node, schema: Any, role: str) -> None:
        mine, its = lone_reference(node.schema), lone_reference(schema)
        if mine is not None and its is not None:
            self.count(ref_name(its), role, mine)

    def count(self, upstream: str, role: str, name: str) -> None:
        """Record that a named upstream schema stands where the spec has the type `name`."""
        counts = self.named.setdefault((upstream, role), {})
        counts[name] = counts.get(name, 0) + 1

    def _slot(self, node: Node, its: Node, role: str, operation: str, own: frozenset[str] = frozenset()) -> None:
        theirs = alternatives(its, self.theirs[role])
        if node.at is None or not theirs:
            return
        key = (node.at, role, tuple(map(_identity, theirs)))
        if key in self._seen:
            return
        self._seen.add(key)
        self._kept.append(theirs)
        self.values.setdefault(node.at, Slot(node)).uses.append(Use(tuple(theirs), role, operation))
        if isinstance(node.schema, dict) and "allOf" in node.schema:
            self._combined_unions(node, its.schema, role, operation)
        elif isinstance(node.schema, dict) and "$ref" in node.schema:
            self._combined_unions_behind(node, its.schema, theirs, role, operation)
        real = [item for item in theirs if item.kind != "null"]
        self._descend(node, self._single(node, real, role, operation), role, operation, own)

    def _single(self, node: Node, theirs: list[Alternative], role: str, operation: str) -> list[Alternative]:
        """Give the upstream alternatives that fit, if the spec has one object and upstream several; record the rest."""
        mine = [item for item in alternatives(node, self.ours) if item.kind != "null"]
        objects = [item for item in theirs if item.kind == "object"]
        if node.at is None or len(mine) != 1 or mine[0].kind != "object" or len(objects) < 2:  # noqa: PLR2004 - several
            return theirs
        scores = {id(item): fit(mine[0], item, self.ours, self.theirs[role]) for item in objects}
        best = max(scores.values())
        told_apart = fixed_values(mine[0], self.ours)
        marks = {id(item): fixed_values(item, self.theirs[role]) for item in objects}
        is_there = bool(told_apart) and told_apart in marks.values()
        unlike = [
            item
            for item in objects
            if scores[id(item)] < min(best, _POOR) or (is_there and marks[id(item)] and marks[id(item)] != told_apart)
        ]
        for item in unlike:
            self.new_unions.setdefault(node.at, UnionSlot(node)).missing.append((item, role, operation))
        return [item for item in theirs if not any(item is other for other in unlike)]

    def _descend(
        self, node: Node, theirs: list[Alternative], role: str, operation: str, own: frozenset[str] = frozenset()
    ) -> None:
        schema = node.schema
        if node.at is None or not isinstance(schema, dict) or not theirs:
            return
        said = schema.keys() - ANNOTATIONS
        if said == {"$ref"}:
            for item in theirs:
                if item.name and len(theirs) == 1:
                    self.count(item.name, role, schema["$ref"])
            target = self.ours.target(schema["$ref"])
            if target is not None and not self._is_doubtful(node, target, theirs, role, operation):
                self._references.setdefault(_visit_key(target, role, theirs), []).append(node)
                self._through(target, theirs, role, operation, own)
        elif said & {"anyOf", "oneOf"} and not said & {"properties", "allOf"}:
            self._union(node, theirs, role, operation)
        elif said & {"allOf", "$ref", "properties"} or "object" in _kinds(schema):
            mine = [item for item in alternatives(node, self.ours) if item.kind != "null"]
            objects = [item for item in theirs if item.kind == "object"]
            if len(mine) == 1 and mine[0].kind == "object" and objects:
                self._object(node, mine[0], objects, role, operation, own)
            elif len(mine) > 1:
                self._objects_by_fit(node, mine, objects, role, operation)
            if said & {"type", "enum"}:
                self._leaf(node, theirs, role, operation)
            elif not objects and "allOf" in said and len(schema["allOf"]) == 1:
                self._through(node.child("allOf", 0), theirs, role, operation, own)
        else:
            self._leaf(node, theirs, role, operation)

    def _combined_unions(self, node: Node, its: Any, role: str, operation: str) -> None:
        """Record an `allOf` of unions, which can be compared only as a whole."""
        parts = its.get("allOf", ()) if isinstance(its, dict) else ()
        if len(parts) == len(node.schema["allOf"]):
            for index, part in enumerate(parts):
                self._name_kinds(node.child("allOf", index), Node(part), role)
        mine = [item for item in alternatives(node, self.ours) if item.kind != "null"]
        if len(mine) > 1 and node.at is not None:
            self.combined_unions.setdefault(node.at, (node, its, role, operation))

    def _name_kinds(self, node: Node, its: Node, role: str) -> None:
        mine = [item for item in alternatives(node, self.ours) if item.name]
        for item in alternatives(its, self.theirs[role]):
            scores = [closeness(option, item, self.ours, self.theirs[role]) for option in mine] if item.name else []
            if scores and max(scores)[1] >= _GOOD:
                self.count(item.name, role, mine[scores.index(max(scores))].name)

    def _combined_unions_behind(
        self, node: Node, its: Any, theirs: list[Alternative], role: str, operation: str
    ) -> None:
        """Record a reference to an `allOf` of unions if upstream's alternatives do not match those of the `allOf`."""
        target = self.ours.target(node.schema["$ref"])
        if node.at is None or target is None or not isinstance(target.schema, dict) or "allOf" not in target.schema:
            return
        mine = [item for item in alternatives(target, self.ours) if item.kind != "null"]
        kinds = [item for item in theirs if item.kind not in ("null", "any")]
        if len(mine) < 2 or not kinds:  # noqa: PLR2004 - several
            return
        scores = [[fit(item, other, self.ours, self.theirs[role]) for other in kinds] for item in mine]
        if any(max(row) < _POOR for row in scores) or any(max(row) < _POOR for row in zip(*scores, strict=True)):
            self.combined_unions.setdefault(node.at, (node, its, role, operation))

    def _objects_by_fit(
        self, node: Node, mine: list[Alternative], theirs: list[Alternative], role: str, operation: str
    ) -> None:
        assert node.at is not None  # noqa: S101 - only places of the spec get here
        for item in theirs:
            scores = [closeness(option, item, self.ours, self.theirs[role]) for option in mine]
            best = scores.index(max(scores))
            if scores[best][1] >= _POOR:
                anchor = Node(node.schema, (node.at[0], (*node.at[1], f"alternative {best}")))
                self._object(anchor, mine[best], [item], role, operation, frozenset())

    def _is_doubtful(self, node: Node, target: Node, theirs: list[Alternative], role: str, operation: str) -> bool:
        """Say whether a type and the upstream schema here have almost nothing in common; if so, postpone it."""
        mine = [item for item in alternatives(target, self.ours) if item.kind != "null"]
        if len(mine) != 1 or len(theirs) != 1 or mine[0].kind != "object" or theirs[0].kind != "object":
            return False
        if fit(mine[0], theirs[0], self.ours, self.theirs[role]) >= _POOR:
            self._confirmed_types.add(target.name)
            return False
        if not any(known is theirs[0] for _, _, known, _, _ in self._doubtful_references):
            self._doubtful_references.append((node, target, theirs[0], role, operation))
        return True

    def settle(self) -> None:
        """Decide on the references that `_is_doubtful` kept for later.

        Upstream may confirm the type at another reference. Then the type stays, and the reference here is recorded as
        one that has to point to another type. Upstream may confirm the type nowhere. Then the type itself has changed:
        the type is paired with the upstream schema here.
        """
        while self._doubtful_references:
            node, target, item, role, operation = self._doubtful_references.pop()
            if target.name in self._confirmed_types and node.at is not None:
                self.mismatched_references.setdefault(node.at, (node, item, role, operation))
                self.named.get((item.name, role), {}).pop(target.name, None)
            else:
                self._through(target, [item], role, operation, frozenset())
        for at, visits in self._missing_by_visit.items():
            self._part(self.unions[at], visits)

    def _part(self, union: UnionSlot, visits: dict[tuple[Any, ...], list[tuple[Alternative, str, str]]]) -> None:
        """Move an alternative that only some references need from the shared union to the places of these references.

        Example: `Pet` is the union of Cat and Dog. Upstream admits Bird at one of two references to `Pet`. Then this
        reference becomes a union of `Pet` and Bird, and `Pet` stays as it is.
        """
        for visit, missing in visits.items():
            places = [node for node in self._references.get(visit, ()) if node.at is not None]
            for lacking in missing if places else ():
                item, role, _ = lacking
                side = self.theirs[role]
                others = [known for key, known in visits.items() if key[2] == role and key != visit]
                if all(any(fit(item, one, side, side) >= _GOOD for one, _, _ in known) for known in others):
                    continue
                union.missing.remove(lacking)
                for node in places:
                    assert node.at is not None  # noqa: S101 - only places of the spec are listed
                    self.new_unions.setdefault(node.at, UnionSlot(node)).missing.append(lacking)

    def _through(self, node: Node, theirs: list[Alternative], role: str, operation: str, own: frozenset[str]) -> None:
        key = _visit_key(node, role, theirs)
        if key not in self._seen:
            self._seen.add(key)
            self._kept.append(theirs)
            self._descend(node, theirs, role, operation, own)

    def _leaf(self, node: Node, theirs: list[Alternative], role: str, operation: str) -> None:
        assert node.at is not None  # noqa: S101 - only places of the spec get here
        self.leaves.setdefault(node.at, Slot(node)).uses.append(Use(tuple(theirs), role, operation))
        if "items" in node.schema:
            for item in theirs:
                inner = item.node.schema
                if item.kind == "array" and isinstance(inner, dict) and "items" in inner:
                    self._name(node.child("items"), inner["items"], role)
                    self._slot(node.child("items"), item.node.child("items"), role, operation)

    def _union(self, node: Node, theirs: list[Alternative], role: str, operation: str) -> None:
        assert node.at is not None  # noqa: S101 - only places of the spec get here
        union = self.unions.setdefault(node.at, UnionSlot(node))
        union.roles.add(role)
        branches = [
            (index, node.child(key, position))
            for index, (key, position) in enumerate(
                (key, position) for key in ("anyOf", "oneOf") for position in range(len(node.schema.get(key, ())))
            )
        ]
        options = {index: alternatives(branch, self.ours) for index, branch in branches}
        scores = sorted(
            (
                (
                    max(
                        (closeness(mine, its, self.ours, self.theirs[role]) for mine in options[index]),
                        default=(False, 0.0),
                    ),
                    -number,
                    -index,
                )
                for index, _ in branches
                for number, its in enumerate(theirs)
            ),
            reverse=True,
        )
        chosen: dict[int, list[Alternative]] = {}
        placed: set[int] = set()
        for (_, score), negative, other in scores:
            number, index = -negative, -other
            if number in placed or score < _POOR:
                continue
            wide = len([item for item in options[index] if item.kind != "null"])
            if len(chosen.get(index, ())) < wide or score >= _GOOD:
                chosen.setdefault(index, []).append(theirs[number])
                placed.add(number)
        missing = [(its, role, operation) for number, its in enumerate(theirs) if number not in placed]
        union.missing += missing
        self._missing_by_visit.setdefault(node.at, {})[_visit_key(node, role, theirs)] = missing
        for index, branch in branches:
            if index in chosen:
                union.met.add(index)
                self._descend(branch, chosen[index], role, operation)

    def _object(
        self, node: Node, ours: Alternative, theirs: list[Alternative], role: str, operation: str, own: frozenset[str]
    ) -> None:
        assert node.at is not None  # noqa: S101 - only places of the spec get here
        slot = self.objects.setdefault(node.at, ObjectSlot(ours))
        slot.own |= own
        for item in theirs:
            slot.theirs.append((item, role, operation))
            known = properties(item)
            for name, mine in properties(ours).items():
                if name in known:
                    self.pair_property(mine, known[name], role, operation)
            extra, mine_extra = keyword(item, "additionalProperties"), keyword(ours, "additionalProperties")
            if isinstance(extra, dict) and isinstance(mine_extra, dict):
                part = next(part for part in reversed(ours.parts) if "additionalProperties" in part.schema)
                self._slot(part.child("additionalProperties"), Node(extra), role, operation)

    def pair_property(self, mine: Node, its: Node, role: str, operation: str) -> None:
        """Pair a property of the spec with the upstream property of the same name."""
        self._name(mine, its.schema, role)
        self._slot(mine, its, role, operation)


def _visit_key(node: Node, role: str, theirs: list[Alternative]) -> tuple[Any, ...]:
    return ("through", node.at, role, tuple(map(_identity, theirs)))


def _identity(item: Alternative) -> tuple[Any, ...]:
    return (item.kind, *(id(part.schema) for part in item.parts))


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def lone_reference(schema: Any) -> str | None:
    """Give the target of a schema that is only a reference, null and annotations aside; None for every other schema.

    Example: `{"anyOf": [{"$ref": "Cat"}, {"type": "null"}]}` -> `Cat`.
    """
    if not isinstance(schema, dict):
        return None
    said = schema.keys() - ANNOTATIONS
    if said == {"$ref"}:
        reference: str = schema["$ref"]
        return reference
    if len(said) == 1 and said <= {"anyOf", "oneOf", "allOf"}:
        rest = [item for item in schema[next(iter(said))] if item != {"type": "null"}]
        return lone_reference(rest[0]) if len(rest) == 1 else None
    return None
