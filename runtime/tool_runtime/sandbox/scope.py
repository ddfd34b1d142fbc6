"""The names that a declaration may use while one request is handled, and how records are counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.core.templates import expand


def _count_nothing(_resource: str, _when: Mapping[str, Any]) -> int:
    return 0


@dataclass(slots=True)
class Scope:
    """Names and their values; `count` says how many records of a resource meet a condition."""

    names: dict[str, Any]
    count: Callable[[str, Mapping[str, Any]], int] = field(default=_count_nothing)


def fill(template: Any, scope: Scope) -> Any:
    """Return the value that a template has in a scope, or `ABSENT`."""
    return expand(template, scope.names, scope.count)
