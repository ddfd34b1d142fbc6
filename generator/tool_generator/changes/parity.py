"""Parity: whether a registry says all that an upstream document says, and nothing besides.

Walks every operation, parameter, field (however deep), type, requirement and enum in both directions. What the spec
declares as its own is told apart: helpers, tools kept for their callers after upstream dropped them, arguments that
callers must give though upstream could do without, types where upstream has none, bounds. It must not judge what
breaks whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.changes import compare as kind
from tool_generator.changes.drift import compared
from tool_generator.changes.exchanges import is_own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.changes.compare import Difference
    from tool_generator.upstream.model import Upstream
    from tool_runtime.core.registry import Registry

_KNOWLEDGE = {kind.UNSTATED, kind.BOUND_DROPPED, kind.BOUND_LOOSENED, kind.BOUND_TIGHTENED, kind.BOUND_CHANGED}
_NOT_COMPARED = {kind.BOUND_STATED}


@dataclass(frozen=True, slots=True)
class Item:
    """One difference: of which tool (or operation without one), where, and what the registry and upstream have."""

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
    """What was compared (`counts`), what differs, and what is the spec's own."""

    counts: Mapping[str, int]
    differences: tuple[Item, ...]
    own: tuple[Item, ...]


def parity(registry: Registry, upstream: Upstream, names: Mapping[str, Mapping[str, str]] | None = None) -> Report:
    """Compare a registry with a document in both directions.

    `names` gives, tool by tool, the identities of body fields that come from a shared type (`drift.shared_names`);
    without them a field that another use of the same type has counts as a difference.
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
    """Tell whether the spec may have it so: it knows more than upstream says, or asks its callers for more."""
    is_argument = item.path.startswith("request.") and item.path.count(".") == 2  # noqa: PLR2004 - request.PLACE.NAME
    return item.kind in _KNOWLEDGE or (item.kind == kind.OPTIONAL and is_argument)
