"""Parity: whether a registry says everything that an upstream document says, and nothing else.

The comparison covers every operation, parameter, field (at any depth), type, requirement and enum, in both directions.
Decisions of the spec are listed apart: helpers, tools that stay for their callers after upstream dropped the
operation, arguments that callers must give although upstream does not require them, types where upstream has none,
bounds. This module must not judge what breaks callers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind
from tool_generator.compare.drift import compared
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


def parity(registry: Registry, upstream: Upstream, names: Mapping[str, Mapping[str, str]] | None = None) -> Report:
    """Compare a registry with a document in both directions.

    `names` gives, by tool, the identities of body fields that come from a shared type (`drift.shared_names`). Without
    `names`, a field that only another use of the same type has counts as a difference.
    """
    result = compared(registry, upstream, names)
    differences: list[Item] = []
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
            if item.kind in _NOT_COMPARED or item.fact in result.facts:
                continue
            found = Item(name, item.path, item.kind, item.was, item.now)
            (own if _is_decision(item) else differences).append(found)
    reached = {operation.id for operation in result.operations.values()}
    for name, operation in upstream.operations.items():
        if name not in reached:
            differences.append(Item(name, "tool", "missing", None, operation.key))
    counts = {"operations": len(reached), "tools": len(result.operations), **result.counts}
    return Report(counts, tuple(differences), tuple(own))


def _is_decision(item: Difference) -> bool:
    """Say whether a difference is a decision of the spec: more knowledge, or more requirements, than upstream has."""
    is_argument = item.path.startswith("request.") and item.path.count(".") == 2  # noqa: PLR2004 - request.PLACE.NAME
    return item.kind in _KNOWLEDGE or (item.kind == kind.OPTIONAL and is_argument)
