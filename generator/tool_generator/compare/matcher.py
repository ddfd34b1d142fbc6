"""The one matcher: which operation of a document each tool stands for, and what has no partner.

A tool goes to the operation that a move of the spec states; else to the operation with its pinned operationId; else to
the operation with its method and path, and of several with alike paths to the one whose placeholders have its names. A
tool without an operation is gone; an operation without a tool is new. The import, drift and parity use the same order.
This module must not know what tools and operations hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tool_generator.model.exchanges import route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tool_generator.model.documents import Operation, Upstream

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the matcher asks of a tool: its name, method and path, and the operationId that it is pinned to."""

    name: str
    method: str
    path: str
    pin: str = ""


@dataclass(slots=True)
class Matches:
    """`operations` are those of tools by name; `gone` are tools without one, `new` operations without a tool."""

    operations: dict[str, Operation] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    new: list[Operation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def match(tools: Iterable[Pinned], upstream: Upstream, moves: Mapping[str, str] | None = None) -> Matches:
    """Match tools with the operations of a document. `moves` are the moves of api.yaml.

    Example: the tool `get_pet` with the pin `getPet` goes to the operation `getPet`, wherever that is now.
    """
    listed, found = list(tools), Matches()
    by_route: dict[str, list[Operation]] = {}
    for operation in upstream.operations.values():
        by_route.setdefault(route(operation.method, operation.path), []).append(operation)
    moved = {_key(old): new for old, new in (moves or {}).items()}
    targets: dict[str, Operation] = {}
    for old, new in (moves or {}).items():
        target = _operation(new, upstream, by_route)
        if target is None:
            found.problems.append(f"import.moves: {old} moves to {new}, which is no operation")
        else:
            targets[new] = target
    taken: set[str] = set()
    for tool in listed:
        key = route(tool.method, tool.path)
        text = moved.get(key) or moved.get(_key(tool.pin))
        pinned = upstream.operations.get(tool.pin)
        is_pinned = pinned is not None and pinned.has_id
        wanted = targets.get(text) if text else pinned if is_pinned else None
        if wanted is not None:
            found.operations[tool.name] = wanted
            taken.add(wanted.id)
    for tool in listed:
        if tool.name in found.operations:
            continue
        options = by_route.get(route(tool.method, tool.path), [])
        # A pinned tool may share an operation that other tools reach too; a free operation is nearer.
        ranked = sorted(options, key=lambda item: (item.id in taken, item.path != tool.path))
        if ranked and (tool.pin == "" or ranked[0].id not in taken or not ranked[0].has_id):
            found.operations[tool.name] = ranked[0]
            taken.add(ranked[0].id)
        else:
            found.gone.append(tool.name)
    found.new = [operation for operation in upstream.operations.values() if operation.id not in taken]
    return found


def _key(text: str) -> str:
    method, _, path = text.partition(" ")
    return route(method, path) if path else text


def _operation(text: str, upstream: Upstream, by_route: Mapping[str, list[Operation]]) -> Operation | None:
    named = upstream.operations.get(text)
    return named or next(iter(by_route.get(_key(text), ())), None)
