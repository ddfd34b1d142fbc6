"""What one round of an import works on: the spec, the comparison with the document, and the places that differ.

This module owns the way from an address of the model to a place in a file, and the uses of each place: what the
document has where the spec has this place. A place that serves several tools has several uses. This module must not
know how a difference becomes an edit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.importing.converter import Converter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compare.differ import Pair
    from tool_generator.compare.exchange_differ import Compared
    from tool_generator.importing.editor import Editor, FileAt
    from tool_generator.load.spec import Spec
    from tool_generator.model.documents import Upstream
    from tool_generator.model.schemas import At, Branch

_LEAST_STEPS = 2
_POOR = 0.2


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a place: the pair with what the document has, the role, and the reference that led there.

    `operation` is the first operation that leads there.
    """

    pair: Pair
    role: str
    reference: At
    operation: str


@dataclass(slots=True)
class Uses:
    """The uses of all places by address, and the objects of the spec with those of the document."""

    places: dict[At, list[Use]] = field(default_factory=dict)
    objects: dict[tuple[At, ...], list[tuple[Branch, Branch, Use]]] = field(default_factory=dict)


class Workspace:
    """The state of one round."""

    def __init__(self, spec: Spec, upstream: Upstream, result: Compared, editor: Editor, converter: Converter) -> None:
        self.spec = spec
        self.upstream = upstream
        self.result = result
        self.editor = editor
        self.converter = converter
        self.uses = _uses(result)
        self.strange = _strange(self.uses)

    def shared_references(self) -> set[At]:
        """Give the references by which several uses with different schemas of the document lead to a type."""
        pairs: dict[At, set[int]] = {}
        for uses in self.uses.places.values():
            for use in uses:
                pairs.setdefault(use.reference, set()).add(id(use.pair))
        return {reference for reference, found in pairs.items() if len(found) > 1}

    def place(self, at: At) -> FileAt | None:
        """Give the place in a file for an address; None if no file has it."""
        if len(at) < _LEAST_STEPS or at[0] not in ("types", "tools"):
            return None
        entries = self.spec.types if at[0] == "types" else self.spec.tools
        entry = entries.get(str(at[1]))
        return None if entry is None else (entry.source.name, (*entry.path, *at[2:]))

    def value(self, at: At) -> Any:
        """Give the value of the spec at an address; None if there is none."""
        if len(at) < _LEAST_STEPS or at[0] not in ("types", "tools"):
            return None
        entry = (self.spec.types if at[0] == "types" else self.spec.tools).get(str(at[1]))
        value: Any = None if entry is None else entry.data
        for step in at[2:]:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def _uses(result: Compared) -> Uses:
    """Collect the uses of all places: each pair once for each reference that leads to it."""
    found = Uses()
    seen: set[tuple[int, At]] = set()
    for name, operation in result.operations.items():
        for role, one, other, _, _ in result.roots(name):
            differ = result.differs[role]
            pending = [(one.at, differ.pair(one, other))]
            while pending:
                reference, pair = pending.pop()
                if (id(pair), reference) in seen:
                    continue
                seen.add((id(pair), reference))
                known = found.places.setdefault(pair.one.at, [])
                is_first = not any(use.pair is pair for use in known)
                use = Use(pair, role, reference, operation.id)
                known.append(use)
                if is_first:
                    for mine, theirs in pair.objects:
                        found.objects.setdefault(mine.parts, []).append((mine, theirs, use))
                    pending += [(step.one.at, differ.pair(step.one, step.other)) for step in pair.steps]
    return found


def _strange(uses: Uses) -> list[Use]:
    """Take out the uses of a type by which the document means something else than by all others; give these uses.

    Example: two replies are a Thing, and a third, a Thing in the spec, is a Token in the document.
    """
    found: list[Use] = []
    for at, known in list(uses.places.items()):
        if len(at) != _LEAST_STEPS or at[0] != "types" or len({id(use.pair) for use in known}) == 1:
            continue
        odd = [use for use in known if _likeness(use.pair) < _POOR]
        if odd and len(odd) < len(known):
            uses.places[at] = [use for use in known if use not in odd]
            found += odd
            pairs = {id(use.pair) for use in odd}
            for parts, objects in uses.objects.items():
                uses.objects[parts] = [item for item in objects if id(item[2].pair) not in pairs]
    uses.objects = {parts: objects for parts, objects in uses.objects.items() if objects}
    return found


def _likeness(pair: Pair) -> float:
    """Say how many field names two objects share, from 0 to 1; 1 for anything else."""
    if len(pair.objects) != 1:
        return 1.0
    mine, theirs = (set(branch.properties) for branch in pair.objects[0])
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 1.0


def paired_types(result: Compared) -> dict[tuple[str, str], str]:
    """Give the type that stands for each schema of the document, by role: the one that was met with it most often.

    The role `""` stands for both.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    for role, differ in result.differs.items():
        for pair in differ.pairs():
            one, other = pair.one.at, pair.other.at
            if len(one) == len(other) == _LEAST_STEPS and one[0] == "types" and other[0] == "schemas":
                weight = 1 if differ.differs(pair.one, pair.other) else 1000
                for key in ((str(other[1]), role), (str(other[1]), "")):
                    counts.setdefault(key, Counter())[str(one[1])] += weight
    return {key: found.most_common(1)[0][0] for key, found in counts.items()}


def body_schemas(upstream: Upstream) -> tuple[Counter[str], set[str]]:
    """Count the references to each schema, and give the schemas that serve as bodies and nothing else."""
    from tool_generator.model.documents import REF, ref_name

    counts: Counter[str] = Counter()
    bodies: Counter[str] = Counter()
    pending: list[Any] = [*upstream.schemas.values()]
    for operation in upstream.operations.values():
        pending += [parameter.schema for parameter in operation.parameters]
        pending.append(operation.reply.schema)
        for media in operation.body.media if operation.body else ():
            pending.append(media.schema)
            schema = media.schema
            if isinstance(schema, dict) and set(schema) == {"$ref"}:
                bodies[ref_name(schema["$ref"])] += 1
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.startswith(REF):
                counts[ref_name(reference)] += 1
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return counts, {name for name, count in bodies.items() if count == counts[name]}


def converter_of(
    spec: Spec | None,
    upstream: Upstream,
    paired: Mapping[tuple[str, str], str],
    bodies: set[str],
    reserved: set[str],
    *,
    descriptions: bool,
) -> Converter:
    """Make the converter of a round."""
    known = {name: entry.data for name, entry in spec.types.items()} if spec is not None else {}
    return Converter(
        upstream.schemas,
        known,
        lambda name, role: paired.get((name, role)),
        bodies,
        reserved,
        descriptions=descriptions,
    )
