"""Drift: the differences between the tools of a registry and an upstream document, as one verdict for each tool.

The comparison is offline. It judges a tool by what the tool sends and what its callers read. `same`: nothing to do.
`additive`: upstream offers more. `breaking`: calls fail, or callers get what they do not expect. `gone`: upstream has
no such operation. `new`: an operation without a tool. Helpers that reach any path get no verdict.

Create, update and reply share types. So the schema of a tool may hold facts that upstream has in another use of the
type only: a null, or a field. Such a fact is no difference if upstream confirms the fact in any use of the type.
Therefore drift does not see a field that upstream removes from one use only, until the type is split. Drift reports
every other difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind
from tool_generator.compare import rules
from tool_generator.compare.alternatives import described
from tool_generator.compare.differ import Comparer, Difference
from tool_generator.compare.rules import Change, judged
from tool_generator.importing.naming import snake_case
from tool_generator.load.spec import load_spec
from tool_generator.model.exchanges import (
    Counterparts,
    Exchange,
    body_names,
    exchange_of_operation,
    exchange_of_tool,
    is_own,
    registry_schemas,
    upstream_schemas,
)
from tool_generator.problems import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from tool_generator.model.documents import Operation, Upstream
    from tool_generator.model.schemas import Schemas
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool

VERDICTS = ("gone", "breaking", "additive", "new", "same")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one tool, or on an operation without a tool. `operation` is upstream's `GET /things/{id}`."""

    name: str
    verdict: str
    operation: str
    changes: tuple[Change, ...] = ()
    replaced_by: str = ""
    sunset: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give the form of `--json`."""
        value: dict[str, Any] = {
            "verdict": self.verdict,
            "operation": self.operation,
            "changes": [change.as_json() for change in self.changes],
        }
        for key in ("replaced_by", "sunset"):
            if getattr(self, key):
                value[key] = getattr(self, key)
        return value


@dataclass(frozen=True, slots=True)
class Drift:
    """All verdicts: worst first, then in the order of the registry. `own` are the helpers, which get no verdict."""

    judgements: tuple[Judgement, ...]
    own: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether something breaks or is gone."""
        return any(item.verdict in ("breaking", "gone") for item in self.judgements)

    def counts(self) -> dict[str, int]:
        """Give the number of tools by verdict."""
        return {verdict: sum(item.verdict == verdict for item in self.judgements) for verdict in VERDICTS}

    def as_json(self) -> dict[str, Any]:
        """Give the form of `--json`."""
        return {
            "tools": {item.name: item.as_json() for item in self.judgements},
            "counts": self.counts(),
            "not_judged": list(self.own),
        }


@dataclass(slots=True)
class Compared:
    """All exchanges of a registry compared with a document, before any verdict."""

    requests: dict[str, list[Difference]] = field(default_factory=dict)
    replies: dict[str, list[Difference]] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def _take(self, comparer: Comparer) -> None:
        self.facts |= comparer.facts
        for name, count in comparer.compared.items():
            self.counts[name] = self.counts.get(name, 0) + count

    def add(self, tool: Tool, ours: Exchange, theirs: Exchange, schemas: tuple[Schemas, Schemas]) -> None:
        """Compare the exchange of one tool with the exchange of its operation."""
        comparer = Comparer(*schemas)
        found = list(_routes(tool, ours, theirs))
        found += _request(ours, theirs, comparer, schemas[1])
        self.requests[ours.name] = found
        self._take(comparer)
        comparer = Comparer(*schemas)
        self.replies[ours.name] = _reply(ours, theirs, comparer, schemas)
        self._take(comparer)


def compared(registry: Registry, upstream: Upstream, names: Mapping[str, Mapping[str, str]] | None = None) -> Compared:
    """Compare every tool with its operation, if it has one. `names` gives the identities of body fields by tool."""
    schemas = registry_schemas(registry), upstream_schemas(upstream)
    counterparts = Counterparts.of(upstream)
    result = Compared()
    for name, tool in registry.tools.items():
        operation = None if is_own(tool) else counterparts.find(tool)
        if operation is None:
            continue
        result.operations[name] = operation
        ours = exchange_of_tool(tool, (names or {}).get(name))
        result.add(tool, ours, exchange_of_operation(operation, schemas[1]), schemas)
    return result


def drift(registry: Registry, upstream: Upstream, names: Mapping[str, Mapping[str, str]] | None = None) -> Drift:
    """Judge every tool of a registry against a document.

    `names` gives, by tool, the identities of body fields that come from a shared type (`shared_names`).
    """
    result = compared(registry, upstream, names)
    judgements = []
    for name, tool in registry.tools.items():
        if is_own(tool):
            continue
        if name not in result.operations:
            key = f"{tool.method} {tool.path}"
            judgements.append(Judgement(name, "gone", key, (), tool.replaced_by or "", tool.sunset or ""))
            continue
        changes = [
            *judged(result.requests[name], rules.REQUEST, result.facts),
            *judged(result.replies[name], rules.REPLY, result.facts),
        ]
        changes.sort(key=lambda change: not change.breaking)
        verdict = "same" if not changes else "breaking" if changes[0].breaking else "additive"
        judgements.append(Judgement(name, verdict, result.operations[name].key, tuple(changes)))
    judgements += _new(upstream, {operation.id for operation in result.operations.values()}, registry.tools)
    rank = {verdict: index for index, verdict in enumerate(VERDICTS)}
    judgements.sort(key=lambda item: rank[item.verdict])
    return Drift(tuple(judgements), tuple(name for name, tool in registry.tools.items() if is_own(tool)))


def shared_names(folder: Path, registry: Registry) -> dict[str, dict[str, str]]:
    """Give the identities of body arguments that come from a shared type, by tool, of a sound spec folder."""
    spec = load_spec(folder, Report())
    schemas = registry_schemas(registry)
    return {
        name: body_names(schemas, tool.data["body"]["$ref"], tool.data)
        for name, tool in spec.tools.items()
        if "body" in tool.data
    }


def _new(upstream: Upstream, known: Collection[str], tools: Collection[str]) -> Iterator[Judgement]:
    taken = set(tools)
    for name, operation in upstream.operations.items():
        if name not in known:
            would_be = snake_case(name)
            if would_be in taken:
                would_be = f"{would_be} ({operation.key})"
            taken.add(would_be)
            yield Judgement(would_be, "new", operation.key)


def _routes(tool: Tool, ours: Exchange, theirs: Exchange) -> Iterator[Difference]:
    if ours.route != theirs.route:
        was, now = f"{ours.method} {ours.path}", f"{theirs.method} {theirs.path}"
        yield Difference("request", rules.MOVED, was, now)
    elif tool.upstream not in (None, theirs.name):
        yield Difference("operation", rules.OPERATION_ID, tool.upstream, theirs.name)
    if theirs.deprecated and not ours.deprecated:
        yield Difference("operation", rules.DEPRECATED, now=theirs.name)


def _request(ours: Exchange, theirs: Exchange, comparer: Comparer, schemas: Schemas) -> Iterator[Difference]:
    if ours.encoding and theirs.encoding and ours.encoding != theirs.encoding:
        yield Difference("request.body", rules.ENCODING, ours.encoding, theirs.encoding)
    if ours.whole and theirs.whole:
        yield from comparer.compare(ours.whole, theirs.whole, "request.body")
    elif theirs.whole and not any(place == "body" for place, _ in ours.fields):
        yield Difference("request.body", kind.ADDED, None, described(schemas.view(theirs.whole)))
    elif theirs.whole:
        yield Difference("request.body", kind.TYPE, "object", described(schemas.view(theirs.whole)))
    for key, mine in ours.fields.items():
        if mine.place == "body" and (theirs.whole or ours.whole):
            continue
        other = theirs.fields.get(key)
        if other is not None:
            yield from _field(mine, other, comparer)
            continue
        elsewhere = _moved(mine.place, mine.wire, theirs, ours)
        if elsewhere:
            yield Difference(mine.path, rules.PLACE, mine.place, elsewhere)
        elif mine.place != "path" or ours.route == theirs.route:
            was = None if mine.schema is None else described(comparer.one.view(mine.schema))
            yield Difference(mine.path, kind.REMOVED, was, None, mine.schema.name if mine.schema else "")
    for key, other in theirs.fields.items():
        if key in ours.fields or other.place == "path" or _moved(other.place, other.wire, ours, theirs):
            continue
        if other.place == "body" and ours.whole:
            continue
        now = None if other.schema is None else described(schemas.view(other.schema))
        yield Difference(other.path, kind.ADDED_REQUIRED if other.required else kind.ADDED, None, now)


def _moved(place: str, wire: str, there: Exchange, here: Exchange) -> str:
    """Give the place of a field in `there`, if the field is not in `place`; an empty text otherwise."""
    for other_place, name in there.fields:
        is_free = (other_place, name) not in here.fields
        if name == wire and other_place != place and is_free and (place, wire) not in there.fields:
            return other_place
    return ""


def _field(mine: Any, other: Any, comparer: Comparer) -> Iterator[Difference]:
    path = mine.path
    comparer.compared["fields"] += 1
    if mine.schema:
        comparer.facts.add(mine.schema.name)
    if not mine.has_own_need:
        comparer.compared["requirements"] += 1
        if other.required and not mine.required:
            yield Difference(path, kind.REQUIRED)
        elif mine.required and not other.required:
            yield Difference(path, kind.OPTIONAL)
    if mine.schema is not None and other.schema is not None:
        found = comparer.compare(mine.schema, other.schema, path, may_be_absent=not mine.required)
        yield from found
        is_list = any(item.kind == kind.TYPE and "array" in str(item.was) for item in found)
        if mine.style and other.style and mine.style != other.style and not is_list and _has_array(mine):
            yield Difference(path, rules.STYLE, mine.style, other.style)


def _has_array(mine: Any) -> bool:
    return isinstance(mine.schema.schema, dict) and "array" in str(mine.schema.schema.get("type"))


def _reply(ours: Exchange, theirs: Exchange, comparer: Comparer, schemas: tuple[Schemas, Schemas]) -> list[Difference]:
    found = []
    if ours.status is not None and theirs.status is not None and ours.status != theirs.status:
        found.append(Difference("response", rules.STATUS, ours.status, theirs.status))
    if ours.reply and theirs.reply:
        found += comparer.compare(ours.reply, theirs.reply, "response", own=ours.own_reply)
    elif ours.reply:
        found.append(Difference("response", kind.REMOVED, described(schemas[0].view(ours.reply)), None))
    elif theirs.reply:
        found.append(Difference("response", kind.ADDED, None, described(schemas[1].view(theirs.reply))))
    return found
