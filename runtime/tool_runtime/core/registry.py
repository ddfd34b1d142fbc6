"""The registry: what the compiled spec says, as frozen objects.

Owns the reading of `registry.json` and the resolving of names. A tool's entry becomes a `Tool` when it is first asked
for, since a process that makes one call should not pay for a hundred. Knows nothing of arguments, HTTP or surfaces.
The JSON format is public: `tools` by canonical name, each with method, path, class, effects and parameters, and
`types` that their schemas refer to as `#/types/NAME`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tool_runtime.core.errors import SpecError, UnknownTool
from tool_runtime.core.suggestions import nearest_names

FORMAT = 1

# What each plain schema accepts, by exact type: the common argument is a plain string, and need not cost a validator.
_PLAIN_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
}
_ANNOTATIONS = frozenset(
    {"type", "description", "title", "example", "examples", "deprecated", "default", "secret", "format"}
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool. `place` is its `in`; `wire` its name there; `plain` the exact types that always fit."""

    name: str
    place: str
    wire: str
    schema: Mapping[str, Any]
    required: bool = False
    secret: bool = False
    raw: bool = False
    style: str = "repeat"
    shape: Mapping[str, Any] | None = None
    friendly: Mapping[str, Any] | None = None
    spellings: tuple[str, ...] = ()
    plain: tuple[type, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the registry. `names` maps every accepted spelling of an argument to its parameter."""

    name: str
    full_name: str
    aliases: tuple[str, ...]
    tool_class: str
    effects: tuple[str, ...]
    method: str
    path: str
    parameters: Mapping[str, Parameter]
    names: Mapping[str, Parameter]
    body: str | None
    takes_whole_body: bool
    entry: Mapping[str, Any] = field(repr=False)

    @property
    def is_read(self) -> bool:
        """Whether the tool changes nothing, by meaning and not by HTTP verb."""
        return self.tool_class == "read"

    def get(self, key: str, default: Any = None) -> Any:
        """Return a further key of the entry (`steps`, `reconcile`, `pagination`, …)."""
        return self.entry.get(key, default)


class Registry:
    """All tools of one API. Immutable; `document` is the JSON that it was read from."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document.get("registry") != FORMAT:
            message = f"registry format {document.get('registry')!r} is not {FORMAT}: regenerate the bindings"
            raise SpecError(message)
        self.document = document
        self.api: Mapping[str, Any] = document["api"]
        self.server: Mapping[str, Any] = document["server"]
        self.auth: Mapping[str, Any] = document["auth"]
        self._tools: dict[str, Tool] = {}

    @cached_property
    def _index(self) -> Mapping[str, str]:
        index: dict[str, str] = {}
        for name, entry in self.document["tools"].items():
            for spelling in (name, entry["full_name"], *entry.get("aliases", ())):
                index[spelling] = name
        return index

    @property
    def auth_header(self) -> str:
        """The header that carries the key; empty where the key travels in the query."""
        return str(self.auth["name"]) if self.auth.get("in", "header") == "header" else ""

    def __iter__(self) -> Iterator[str]:
        """Iterate over the canonical names, in the order of the spec."""
        return iter(self.document["tools"])

    def resolve(self, name: Any) -> Tool:
        """Return the tool behind a canonical name, alias or full name, with or without the API's prefix.

        Raises `UnknownTool` with the names that come nearest.
        """
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            bare = str(name).removeprefix(f"{self.api['slug']}.")
            canonical = self._index.get(bare)
            if canonical is None:
                near = nearest_names(bare, self._index)
                message = f"there is no tool named {str(name)[:200]!r}"
                hint = f"Nearest: {', '.join(near)}." if near else "List the tools to see what there is."
                raise UnknownTool(message, nearest=near, hint=hint)
            # Two threads may both build it; one of the two stays.
            tool = self._tools.setdefault(canonical, read_tool(canonical, self.document["tools"][canonical]))
            self._tools[name] = tool
        return tool

    def waiter(self, name: str) -> Mapping[str, Any]:
        """Return the declaration of a waiter, or raise `UnknownTool`."""
        waiters: Mapping[str, Mapping[str, Any]] = self.document.get("waiters", {})
        if name not in waiters:
            message = f"there is no waiter named {name!r}"
            raise UnknownTool(message, nearest=nearest_names(name, waiters))
        return waiters[name]

    def pagination(self, tool: Tool) -> Mapping[str, Any] | None:
        """Return the pagination style of a tool, or None where it is not paged."""
        style = tool.get("pagination")
        return self.document["pagination"][style] if style else None


def read_tool(name: str, entry: Mapping[str, Any]) -> Tool:
    """Make a `Tool` of a registry entry."""
    parameters = {key: _read_parameter(key, value) for key, value in entry["parameters"].items()}
    names: dict[str, Parameter] = dict(parameters)
    for parameter in parameters.values():
        for spelling in parameter.spellings:
            names.setdefault(spelling, parameter)
    return Tool(
        name=name,
        full_name=entry["full_name"],
        aliases=tuple(entry.get("aliases", ())),
        tool_class=entry["class"],
        effects=tuple(entry.get("effects", ())),
        method=entry["method"],
        path=entry["path"],
        parameters=parameters,
        names=names,
        body=entry.get("body"),
        takes_whole_body=any(parameter.place == "whole_body" for parameter in parameters.values()),
        entry=entry,
    )


def _read_parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    schema = entry["schema"]
    kind = schema.get("type")
    plain = _PLAIN_TYPES.get(kind, ()) if isinstance(kind, str) and _ANNOTATIONS.issuperset(schema) else ()
    return Parameter(
        name=name,
        place=entry["in"],
        wire=entry.get("wire", name),
        schema=schema,
        required=entry.get("required", False),
        secret=entry.get("secret", False) or schema.get("secret", False),
        raw=entry.get("raw", False),
        style=entry.get("style", "repeat"),
        shape=entry.get("shape"),
        friendly=entry.get("friendly"),
        spellings=tuple(entry.get("spellings", ())),
        plain=plain,
    )


@lru_cache(maxsize=8)
def load_registry(path: Path) -> Registry:
    """Read `registry.json`, once per process and path. Raises `SpecError` where it cannot be read."""
    try:
        return Registry(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError) as error:
        message = f"cannot read the registry {path.name}: {error}"
        raise SpecError(message) from error
