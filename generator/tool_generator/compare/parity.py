"""Parity: whether a registry says everything that an upstream document says, and nothing else.

The comparison covers every operation, parameter, field (at any depth), type, requirement and enum, in both directions.
Decisions of the spec are listed apart: helpers, tools that stay for their callers after upstream dropped the
operation, arguments that callers must give although upstream does not require them, types where upstream has none,
bounds. This module must not judge what breaks callers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind
from tool_generator.compare.api_differ import api_differences
from tool_generator.compare.drift import Shared
from tool_generator.compare.exchange_differ import Compared, compared
from tool_generator.model.exchanges import is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compare.differ import Difference
    from tool_generator.model.documents import Upstream
    from tool_runtime.core.registry import Registry

_KNOWLEDGE = {kind.UNSTATED, kind.BOUND_DROPPED, kind.BOUND_LOOSENED, kind.BOUND_TIGHTENED, kind.BOUND_CHANGED}
_NOT_COMPARED = {kind.BOUND_STATED}


@dataclass(frozen=True, slots=True)
class Item:
    """One difference: the tool (or an operation without one), the place, and what the two sides have there."""

    tool: str
    path: str
    kind: str
    registry: Any = None
    upstream: Any = None

    def __str__(self) -> str:
        """Give one line."""
        sides = "" if self.registry is self.upstream is None else f": {self.registry} here, {self.upstream} upstream"
        return f"{self.tool} {self.path} {self.kind}{sides}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was compared (`counts`), the differences, and the decisions of the spec."""

    counts: Mapping[str, int]
    differences: tuple[Item, ...]
    own: tuple[Item, ...]


def parity(registry: Registry, upstream: Upstream, shared: Shared | None = None) -> Report:
    """Compare a registry with a document in both directions.

    `shared` is what `drift.shared_names` gives of the spec. Without it, a field that only another use of the same type
    has counts as a difference.
    """
    shared = shared or Shared()
    result = compared(registry, upstream, shared.nodes, shared.moves)
    facts = result.facts
    differences = [
        Item(registry.api.name, item.path, item.kind, item.was, item.now)
        for item in api_differences(registry, upstream)
    ]
    own: list[Item] = []
    for name, tool in registry.tools.items():
        if is_own(tool):
            own.append(Item(name, "tool", "helper"))
            continue
        if name not in result.operations:
            kept = Item(name, "tool", "kept" if tool.deprecated else "gone", tool.path)
            (own if tool.deprecated else differences).append(kept)
            continue
        for item in (*result.requests[name], *result.replies[name]):
            if item.kind in _NOT_COMPARED or item.fact in facts:
                continue
            found = Item(name, item.path, item.kind, item.was, item.now)
            (own if _is_decision(item) else differences).append(found)
    reached = {operation.id for operation in result.operations.values()}
    differences += [Item(item.id, "tool", "missing", None, item.key) for item in result.matches.new]
    counts = {"operations": len(reached), "tools": len(result.operations), **_counts(result)}
    return Report(counts, tuple(differences), tuple(own))


def _counts(result: Compared) -> dict[str, int]:
    """Count what was compared, for each tool anew: a field of a type counts in each tool that uses the type."""
    found: Counter[str] = Counter()
    for name in result.operations:
        for role, one, other, path, _ in result.roots(name):
            is_field = role == "request" and path != "request.body"
            found["fields"] += is_field
            found["requirements"] += is_field
            for visit in result.differs[role].visits(one, other, path):
                found.update(visit.pair.compared)
    return {key: found[key] for key in ("fields", "types", "enums", "requirements")}


def _is_decision(item: Difference) -> bool:
    """Say whether a difference is a decision of the spec: more knowledge, or more requirements, than upstream has."""
    is_argument = item.path.startswith("request.") and item.path.count(".") == 2  # noqa: PLR2004 - request.PLACE.NAME
    return item.kind in _KNOWLEDGE or (item.kind == kind.OPTIONAL and is_argument)
