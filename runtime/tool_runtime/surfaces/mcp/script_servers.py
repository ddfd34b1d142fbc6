"""Servers in scripts: `app.mcp.SERVER.TOOL({...})`, and the functions of `mcp`.

Two namespaces of the Lua host's seam. A server that cannot be reached is not named here as long as no script asks for
it: names of tools are resolved when they are called, and only then a connection is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.flow import Done
from tool_runtime.errors import Fault, InvalidArguments, ToolError, UnknownTool
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.mcp.server_answers import is_read, page_of
from tool_runtime.surfaces.mcp.server_calls import Confirm, ServerCalls
from tool_runtime.surfaces.mcp.server_trust import read_trust, state_of
from tool_runtime.values.suggestions import nearest

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "servers": (),
    "tools": ("server",),
    "schema": ("name",),
    "resources": ("server",),
    "read_resource": ("server", "uri"),
    "prompts": ("server",),
    "get_prompt": ("server", "name", "args"),
}


class ServerTools:
    """`app.mcp`: the tools of every server that may run. `prepared` is the seam's kind of a call that is ready."""

    path = "app.mcp"

    def __init__(self, calls: ServerCalls, prepared: Callable[..., Any], confirm: Confirm | None = None) -> None:
        self._calls, self._prepared, self._confirm = calls, prepared, confirm

    def asking(self, confirm: Confirm) -> "ServerTools":
        """Return this namespace for one run, whose questions go to that run's `confirm`."""
        return ServerTools(self._calls, self._prepared, confirm)

    def _servers(self) -> list[str]:
        places = self._calls.hub.places
        trusted = read_trust(places.trust_file)
        return [
            name
            for name, entry in places.entries().items()
            if entry.enabled and state_of(entry, trusted) in {"own", "trusted"}
        ]

    def node(self) -> Mapping[str, Any]:
        """Return the tree of names: each server, whose tools are looked up when one is called."""
        return {"f": [], "n": {server: {"f": [], "o": True} for server in self._servers()}}

    def prepare(self, member: str, arguments: Any) -> Any:
        """Prepare a call of `SERVER.TOOL`. Raises `ToolError`."""
        server, dot, name = member.partition(".")
        for one in self._servers():
            if member.startswith(f"{one}."):
                server, dot, name = one, ".", member.removeprefix(f"{one}.")
        if not dot:
            raise UnknownTool(self.missing(member))
        tool = self._calls.tool(server, name)
        given, chosen = _given(f"{server}.{name}", tool, arguments)

        def run(record: str | None, key: str | None) -> Done:
            key = key or chosen.get("idempotency_key")
            again = chosen.get("again") is True
            answered = self._calls.call(server, name, given, again=again, key=key, record=record, confirm=self._confirm)
            return Done(answered.data, answered.record, answered.repeat_of)

        reads = is_read(tool)
        kind = "read" if reads else "write"
        return self._prepared(run, f"mcp:{server}.{name}", kind, (), f"mcp:{server}", is_recorded=True)

    def missing(self, member: str) -> str:
        """Say that there is no such server or tool, with the nearest one."""
        server, _, name = member.partition(".")
        known = self._servers()
        if server not in known:
            near = nearest(server, known)
            return f"app.mcp has no {server[:100]!r}" + (f"; did you mean app.mcp.{near}?" if near else "")
        try:
            tools = [str(tool["name"]) for tool in self._calls.tools(server)]
        except ToolError as error:
            return f"the server {server} cannot be reached: {error.message}"
        near = nearest(name, tools)
        where = f"app.mcp.{server}"
        return f"{where} has no {name[:100]!r}" + (f"; did you mean {where}.{near}?" if near else "")


def _given(what: str, tool: Mapping[str, Any], arguments: Any) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return arguments by name, and how to call: values by position get the names of the schema's order."""
    chosen: Mapping[str, Any] = {}
    if isinstance(arguments, list):
        if len(arguments) == 2 and all(isinstance(one, Mapping) for one in arguments):  # noqa: PLR2004 - and options
            arguments, chosen = arguments
        else:
            names = list((tool.get("inputSchema") or {}).get("properties") or ())
            if len(arguments) > len(names):
                fault = Fault("arguments", "type", f"{what} takes {len(names)} values, not {len(arguments)}")
                raise InvalidArguments(str(fault), tool=what, faults=(fault,))
            arguments = {name: value for name, value in zip(names, arguments, strict=False) if value is not None}
    schema = (tool.get("inputSchema") or {}).get("properties") or {}
    # Lua has one empty table; the schema says which of JSON's two is meant.
    given = {
        name: [] if value == {} and isinstance(value, dict) and _is_list(schema.get(name)) else value
        for name, value in (arguments or {}).items()
    }
    return given, chosen


def _is_list(schema: Any) -> bool:
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    return kinds == "array" or (isinstance(kinds, list) and "array" in kinds and "object" not in kinds)


class ServerFunctions:
    """`mcp`: what servers there are, and what they offer."""

    path = "mcp"

    def __init__(self, calls: ServerCalls, prepared: Callable[..., Any]) -> None:
        self._calls, self._prepared = calls, prepared

    def node(self) -> Mapping[str, Any]:
        """Return the functions."""
        return {"f": list(FUNCTIONS)}

    def prepare(self, member: str, arguments: Any) -> Any:
        """Prepare a call; see `ServerTools.prepare`."""
        if member not in FUNCTIONS:
            raise UnknownTool(self.missing(member))
        wanted = FUNCTIONS[member]
        values = (
            list(arguments)
            if isinstance(arguments, list)
            else [arguments[name] for name in wanted if name in arguments]
        )
        values = [value for value in values if value is not None or len(values) > len(wanted)]
        least = len(wanted) - (1 if member == "get_prompt" else 0)
        if not least <= len(values) <= len(wanted) or not all(isinstance(value, str) for value in values[:2]):
            takes = f"mcp.{member}({', '.join(wanted)})"
            fault = Fault("arguments", "type", f"it is called as {takes}")
            raise InvalidArguments(f"mcp.{member}: {fault.message}", faults=(fault,))
        function: Callable[..., Any] = getattr(self, f"_{member}")
        return self._prepared(lambda _record, _key: Done(function(*values)), None, "read")

    def missing(self, member: str) -> str:
        """Say that there is no such function, with the nearest one."""
        near = nearest(member, FUNCTIONS)
        return f"mcp has no {member[:100]!r}" + (f"; did you mean mcp.{near}?" if near else "")

    def _servers(self) -> list[dict[str, Any]]:
        places = self._calls.hub.places
        trusted = read_trust(places.trust_file)
        return [
            {"name": name, "type": entry.kind, "enabled": entry.enabled, "trust": state_of(entry, trusted)}
            for name, entry in places.entries().items()
        ]

    def _tools(self, server: str) -> list[dict[str, Any]]:
        return [
            {
                "name": tool["name"],
                "description": str(tool.get("description") or ""),
                "class": "read" if is_read(tool) else "write",
            }
            for tool in self._calls.tools(server)
        ]

    def _schema(self, name: str) -> Any:
        _, tool = self._calls.find(name.removeprefix("mcp.").removeprefix("app.mcp."))
        return tool.get("inputSchema") or {}

    def _resources(self, server: str) -> Any:
        return self._calls.resources(server)["resources"]

    def _read_resource(self, server: str, uri: str) -> Any:
        contents = self._calls.read_resource(server, uri)
        texts = [part["text"] for part in contents if "text" in part]
        return texts[0] if len(texts) == len(contents) == 1 else contents

    def _prompts(self, server: str) -> Any:
        return self._calls.prompts(server)

    def _get_prompt(self, server: str, name: str, args: Any = None) -> Any:
        given = {key: str(value) for key, value in (args or {}).items()} if isinstance(args, Mapping) else {}
        return self._calls.get_prompt(server, name, given)


@dataclass(frozen=True, slots=True)
class ServerPage:
    """The page of a server, or of one tool of a server."""

    name: str
    summary: str
    text: str
    kind: str = "server"

    def read(self) -> str:
        """Return the Markdown of the page."""
        return self.text


class PagesWithServers:
    """The pages of a package, and behind them `mcp.SERVER`: what `docs` of a script reads.

    Without `own`, the pages of the package are left out.
    """

    def __init__(self, package: Package, calls: ServerCalls, *, own: bool = True) -> None:
        self._package, self._calls, self._own = package, calls, own

    @property
    def api(self) -> dict[str, Any]:
        """The identity of the API."""
        return self._package.api

    @property
    def pages(self) -> Sequence[Any]:
        """Every page. The text of a server's page is made when the page is read."""
        own = self._package.pages if self._own else ()
        servers = self._calls.hub.places.entries()
        return [*own, *(ServerPage(f"mcp.{name}", f"the server {name}", "") for name in servers)]

    def search(self, words: str, limit: int = 10) -> Sequence[Any]:
        """Return the pages that match some words; servers by name."""
        own = list(self._package.search(words, limit)) if self._own else []
        hits = [page for page in self.pages if page.kind == "server" and words.strip().lower() in page.name.lower()]
        return [*hits, *own][:limit]

    def page(self, name: str) -> Any:
        """Return a page by name. Raises `ToolError`."""
        bare = name.removeprefix("app.")
        if not bare.startswith("mcp."):
            if self._own:
                return self._package.page(name)
            raise UnknownTool(f"there is no page named {name[:200]!r}", hint="Pages here: mcp.SERVER, mcp.SERVER.TOOL.")
        rest = bare.removeprefix("mcp.")
        if rest in self._calls.hub.places.entries():
            return ServerPage(bare, f"the server {rest}", self._calls.page(rest))
        server, tool = self._calls.find(rest)
        return ServerPage(bare, str(tool.get("description") or ""), page_of(server, [tool]))


def namespaces_of(calls: ServerCalls, prepared: Callable[..., Any]) -> list[Any]:
    """Return the namespaces of a script that may use other servers; `prepared` is the seam's kind of a ready call."""
    return [ServerTools(calls, prepared), ServerFunctions(calls, prepared)]
