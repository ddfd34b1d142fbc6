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

from tool_generator.compare import rules
from tool_generator.compare.api_differ import api_differences
from tool_generator.compare.exchange_differ import Compared, compared
from tool_generator.compare.rules import Change, judged
from tool_generator.load.spec import load_spec, read_folder
from tool_generator.model.exchanges import body_nodes, is_own, registry_schemas
from tool_generator.openapi.naming import snake_case
from tool_generator.problems import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from tool_generator.model.documents import Upstream
    from tool_generator.model.schemas import Node
    from tool_runtime.core.registry import Registry

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
    """All verdicts: worst first, then in the order of the registry. `own` are the helpers, which get no verdict.

    `api` are the changes of the API as a whole: another server, base path, or place of the usual keys.
    """

    judgements: tuple[Judgement, ...]
    own: tuple[str, ...]
    api: tuple[Change, ...] = ()

    @property
    def breaks(self) -> bool:
        """Whether something breaks or is gone."""
        return bool(self.api) or any(item.verdict in ("breaking", "gone") for item in self.judgements)

    def counts(self) -> dict[str, int]:
        """Give the number of tools by verdict."""
        return {verdict: sum(item.verdict == verdict for item in self.judgements) for verdict in VERDICTS}

    def as_json(self) -> dict[str, Any]:
        """Give the form of `--json`."""
        return {
            "tools": {item.name: item.as_json() for item in self.judgements},
            "api": [change.as_json() for change in self.api],
            "counts": self.counts(),
            "not_judged": list(self.own),
        }


@dataclass(frozen=True, slots=True)
class Shared:
    """What a spec says that its registry no longer says: the arguments that come from body types, and the moves."""

    nodes: Mapping[str, Mapping[str, Node]] = field(default_factory=dict)
    moves: Mapping[str, str] = field(default_factory=dict)


def drift(registry: Registry, upstream: Upstream, shared: Shared | None = None) -> Drift:
    """Judge every tool of a registry against a document. `shared` is what `shared_names` gives of the spec."""
    shared = shared or Shared()
    result: Compared = compared(registry, upstream, shared.nodes, shared.moves)
    judgements, facts = [], result.facts
    for name, tool in registry.tools.items():
        if is_own(tool):
            continue
        if name not in result.operations:
            key = f"{tool.method} {tool.path}"
            judgements.append(Judgement(name, "gone", key, (), tool.replaced_by or "", tool.sunset or ""))
            continue
        changes = [
            *judged(result.requests[name], rules.REQUEST, facts),
            *judged(result.replies[name], rules.REPLY, facts),
        ]
        changes.sort(key=lambda change: not change.breaking)
        verdict = "same" if not changes else "breaking" if changes[0].breaking else "additive"
        judgements.append(Judgement(name, verdict, result.operations[name].key, tuple(changes)))
    judgements += _new(upstream, {operation.id for operation in result.operations.values()}, registry.tools)
    rank = {verdict: index for index, verdict in enumerate(VERDICTS)}
    judgements.sort(key=lambda item: rank[item.verdict])
    api = judged(api_differences(registry, upstream), rules.REQUEST)
    return Drift(tuple(judgements), tuple(name for name, tool in registry.tools.items() if is_own(tool)), tuple(api))


def shared_names(folder: Path, registry: Registry) -> Shared:
    """Give the arguments that come from a shared type, by tool, and the moves, of a sound spec folder."""
    spec = load_spec(read_folder(folder), Report(), str(folder))
    schemas = registry_schemas(registry)
    nodes = {name: body_nodes(schemas, tool.data) for name, tool in spec.tools.items() if "body" in tool.data}
    return Shared(nodes, spec.importing.get("moves", {}))


def _new(upstream: Upstream, known: Collection[str], tools: Collection[str]) -> Iterator[Judgement]:
    taken = set(tools)
    for name, operation in upstream.operations.items():
        if name not in known:
            would_be = snake_case(name)
            if would_be in taken:
                would_be = f"{would_be} ({operation.key})"
            taken.add(would_be)
            yield Judgement(would_be, "new", operation.key)
