"""Which operation each tool of a spec stands for, and which tools and operations have no partner.

A tool goes to the operation that a move in api.yaml states; else to the operation with its pinned operationId; else to
the operation with its method and path. A tool without an operation is gone; an operation without a tool is new. This
module must not change anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.importing.naming import singular, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.spec import Entry
    from tool_generator.model.documents import Operation, Upstream


@dataclass(slots=True)
class Matches:
    """Tools with their operations, tools whose operation is gone (with likely replacements), and new operations."""

    pairs: list[tuple[Entry, Operation]] = field(default_factory=list)
    gone: list[tuple[Entry, Operation | None]] = field(default_factory=list)
    new: list[Operation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def match(tools: Mapping[str, Entry], upstream: Upstream, moves: Mapping[str, str]) -> Matches:
    """Match the tools of a spec with upstream's operations."""
    found = Matches()
    by_key = {shape(operation.method, operation.path): operation for operation in upstream.operations.values()}
    taken: set[str] = set()
    pending: list[Entry] = []
    moved = {_key(old): new for old, new in moves.items()}
    for old, new in moves.items():
        if _operation(new, upstream, by_key) is None:
            found.problems.append(f"import.moves: {old} moves to {new}, which is no operation")
    for entry in tools.values():
        data = entry.data
        key = shape(data["method"], data["path"])
        target = moved.get(key) or moved.get(_key(str(data.get("upstream", ""))))
        pinned = upstream.operations.get(data.get("upstream", ""))
        operation = _operation(target, upstream, by_key) if target is not None else pinned
        if operation is None:
            pending.append(entry)
        else:
            found.pairs.append((entry, operation))
            taken.add(operation.id)
    for entry in pending:
        operation = by_key.get(shape(entry.data["method"], entry.data["path"]))
        if operation is not None and operation.id not in taken:
            found.pairs.append((entry, operation))
            taken.add(operation.id)
        elif "upstream" in entry.data:
            found.gone.append((entry, operation or _successor(entry.data, upstream)))
    order = {name: index for index, name in enumerate(tools)}
    found.pairs.sort(key=lambda pair: order[pair[0].name])
    found.new = [operation for operation in upstream.operations.values() if operation.id not in taken]
    return found


def shape(method: str, path: str) -> str:
    """Give method and path without the names of the placeholders, which the wire never shows.

    Example: `get`, `/pets/{id}` -> `GET /pets/{}`.
    """
    return f"{method.upper()} {re.sub(r'{[^{}]*}', '{}', path)}"


def _key(text: str) -> str:
    method, _, path = text.partition(" ")
    return shape(method, path) if path else text


def _operation(text: str, upstream: Upstream, by_key: Mapping[str, Operation]) -> Operation | None:
    return upstream.operations.get(text) or by_key.get(_key(text))


def _successor(data: Mapping[str, Any], upstream: Upstream) -> Operation | None:
    """Look for the next version of a gone operation: the path or the name is the same except for the version.

    Example: `/v1/pets` is gone, and `/v2/pets` is the successor.
    """
    path, name = _unversioned(data["path"]), _plain_name(str(data.get("upstream", "")))
    for operation in upstream.operations.values():
        if _unversioned(operation.path) == path and operation.path != data["path"]:
            return operation
    for operation in upstream.operations.values():
        if name and _plain_name(operation.id) == name:
            return operation
    return None


def _unversioned(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment and not re.fullmatch(r"v\d+\w*", segment)]
    return "/".join("{}" if "{" in segment else segment for segment in segments)


def _plain_name(name: str) -> str:
    return "_".join(singular(word.lower()) for word in words(name) if not re.fullmatch(r"v\d+", word.lower()))
