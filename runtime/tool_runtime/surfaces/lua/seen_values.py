"""Seen values: what literals of a script are worth, as far as that can be seen without running.

Owns the value of a literal and the places in it that only running would show. Must not know: names, tools.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from tool_runtime.surfaces.lua.lua_syntax import Node

UNKNOWN: Final = object()
"""A value that only running would show."""


def value_of(node: Node, local: Callable[[str], Any]) -> Any:
    """Return the value of a literal, with `UNKNOWN` for whatever only running would show.

    `local` gives the value of a name. Example: `{a = 1, b = {x, f()}}` -> `{"a": 1, "b": UNKNOWN}`, since a call at
    the end of a list may give any number of items.
    """
    if node.kind == "const":
        return node.parts[0]
    if node.kind == "name":
        return local(node.parts[0])
    if node.kind != "table":
        return UNKNOWN
    fields = node.parts[0]
    keys = [UNKNOWN if key is None else value_of(key, local) for key, _ in fields]
    if fields and all(key is None for key, _ in fields):
        return UNKNOWN if is_open(fields[-1][1]) else [value_of(value, local) for _, value in fields]
    if any(not isinstance(key, str) for key in keys):
        return UNKNOWN
    values = {key: value_of(value, local) for key, (_, value) in zip(keys, fields, strict=True)}
    return {key: value for key, value in values.items() if value is not None}


def is_open(node: Node) -> bool:
    """Whether an expression at the end of a list stands for any number of values."""
    return node.kind in {"call", "dots"}


def unknown_paths(value: Any, path: str = "") -> Iterator[str]:
    """Give the places that are not known: `{"a": [UNKNOWN]}` -> `a[0]`."""
    if value is UNKNOWN:
        yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from unknown_paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from unknown_paths(inner, f"{path}[{at}]")


def without_unknown(value: Any) -> Any:
    """Put a text where a value is not known: the faults of such places are not told."""
    if value is UNKNOWN:
        return "?"
    if isinstance(value, dict):
        return {name: without_unknown(inner) for name, inner in value.items()}
    return [without_unknown(inner) for inner in value] if isinstance(value, list) else value
