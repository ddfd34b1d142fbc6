"""Which tool a method and a path belong to.

Owns: the table of routes, the base path, percent-decoding of path segments.
Must not know: what a tool does. Tools with a raw path have no route: they reach the routes of the others.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.values.urls import split_template

_PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path template, and the tool that they name."""

    tool: str
    method: str
    path: str
    segments: tuple[re.Pattern[str], ...]
    names: tuple[str, ...]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the path arguments by wire name, or None where the path is another one."""
        values: list[str] = []
        for pattern, segment in zip(self.segments, segments, strict=True):
            found = pattern.fullmatch(segment)
            if not found:
                return None
            values.extend(found.groups())
        return dict(zip(self.names, values, strict=True))


class Routes:
    """All routes of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._base = urlsplit(registry.server.base_url).path.rstrip("/")
        self._wrong_method = registry.manners.wrong_method
        self._by_length: dict[int, list[Route]] = {}
        self.by_tool: dict[str, Route] = {}
        seen: dict[tuple[str, str], Route] = {}
        # Tools that declare a resource come first: where tools share a route, theirs is the stateful answer.
        tools = sorted(registry.tools.items(), key=lambda item: item[1].resource is None)
        for name, tool in tools:
            if "{+" in tool.path:
                continue
            key = (tool.method, _PLACEHOLDER.sub("{}", tool.path))
            if key not in seen:
                seen[key] = _compile(name, tool)
                self._by_length.setdefault(len(seen[key].segments), []).append(seen[key])
            self.by_tool[name] = seen[key]
        for routes in self._by_length.values():
            # Literal paths win over templates: /books/new before /books/{book_id}.
            routes.sort(key=lambda route: len(route.names))

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a percent-encoded path (without query) and its arguments by wire name.

        Raises `Refusal`: 404 for an unknown path; the declared status (404) for a known one with another
        method.
        """
        path = self._below_base(raw_path)
        segments = [unquote(segment) for segment in path.split("/")]
        other_method = False
        for route in self._by_length.get(len(segments), ()):
            arguments = route.match(segments)
            if arguments is None:
                continue
            if route.method == method:
                return route, arguments
            other_method = True
        raise Refusal(self._wrong_method if other_method else 404, f"Cannot {method} {unquote(path)}")

    def _below_base(self, raw_path: str) -> str:
        if not raw_path.startswith(f"{self._base}/"):
            raise Refusal(404)
        return raw_path[len(self._base) :]


def _compile(name: str, tool: Tool) -> Route:
    wires = {key: parameter.wire for key, parameter in tool.parameters.items()}
    patterns: list[re.Pattern[str]] = []
    names: list[str] = []
    path, _ = split_template(tool.path)
    for segment in path.split("/"):
        parts: list[str] = _PLACEHOLDER.split(segment)
        names.extend(wires.get(part, part) for part in parts[1::2])
        text = "".join("(.+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        patterns.append(re.compile(text, re.DOTALL))
    return Route(name, tool.method, tool.path, tuple(patterns), tuple(names))
