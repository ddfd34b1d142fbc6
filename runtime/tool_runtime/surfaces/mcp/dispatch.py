"""Dispatch: which tools a client sees, and what a request of one of them does.

Owns the arguments of our own tools (`search_tools`, `call_tool` and so on) and the way from a name to what answers.
"""

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tool_runtime.core.gate import all_effects
from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.surfaces.common.agent_client import AgentOptions
from tool_runtime.surfaces.common.package import Package, Page
from tool_runtime.surfaces.common.results import envelope_of
from tool_runtime.surfaces.mcp import faces
from tool_runtime.surfaces.mcp.calls import Calls, Result, Wish
from tool_runtime.surfaces.mcp.execute_lua import Scripts
from tool_runtime.surfaces.mcp.exposure import Exposure
from tool_runtime.surfaces.mcp.pass_through import PassThrough
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.values.suggestions import nearest

HITS = 10
KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict, str),
}


class Dispatch:
    """Answers `tools/list` and `tools/call`."""

    def __init__(
        self,
        package: Package,
        exposure: Exposure,
        options: ServeOptions,
        calls: Calls,
        pass_through: PassThrough | None,
        agent: AgentOptions,
    ) -> None:
        self._package, self._exposure, self._options = package, exposure, options
        self._calls, self._pass_through = calls, pass_through
        self._scripts = Scripts(package, exposure, options, calls, agent)

    def close(self) -> None:
        """Close what was opened for calls."""
        self._scripts.close()

    @cached_property
    def _own(self) -> dict[str, types.Tool]:
        registry, accounts = self._package.registry, self._calls.client.accounts
        writes = self._options.write != "deny"
        if self._options.expose == "tools":
            return faces.tool_faces(self._package, self._exposure.tools, accounts)
        if self._options.expose == "code":
            listed = faces.code_tools(registry.api.title, writes=writes)
        else:
            listed = faces.search_tools(registry, accounts, writes=writes)
        return {tool.name: tool for tool in sorted(listed, key=lambda one: one.name)}

    @cached_property
    def _tool_of_name(self) -> dict[str, str]:
        registry = self._package.registry
        return {faces.tool_name(registry, tool): name for name, tool in registry.tools.items()}

    def instructions(self) -> str:
        """Return what a client's model reads about the server as a whole."""
        api = self._package.api
        first = {
            "search": "Find a tool with search_tools, read its page with read_docs, and call it with call_tool.",
            "code": "Read pages with search_docs and read_doc, and run a script with execute_lua.",
            "tools": "Each tool of the API is a tool here.",
        }[self._options.expose]
        writes = {
            "deny": "Only reads are allowed here.",
            "ask": "A person is asked before each write.",
            "allow": "Writes are allowed as the accounts' policies say; some ring a phone or cost money.",
        }[self._options.write]
        return (
            f"{api.get('summary') or api['title']} {first} {writes} A write whose outcome is 'unknown' may have"
            " happened: never just repeat it. An equal write within some minutes gets the first one's outcome;"
            " again: true makes a second one."
        )

    async def tools(self) -> list[types.Tool]:
        """Return the tools, by name: our own, then those of other servers."""
        others = await self._pass_through.tools() if self._pass_through is not None else []
        return [*self._own.values(), *others]

    def schema_of(self, name: str) -> Mapping[str, Any] | None:
        """Return the schema of a tool's arguments, for the SDK's check of headers."""
        tool = self._own.get(name)
        if tool is not None:
            return tool.input_schema
        return self._pass_through.schema_of(name) if self._pass_through is not None else None

    async def call(self, context: Any, params: types.CallToolRequestParams) -> Result:
        """Answer `tools/call`. Raises `MCPError` for a name that no mode of the server has."""
        name, given = params.name, dict(params.arguments or {})
        if self._pass_through is not None and self._pass_through.owns(name):
            return await self._pass_through.call(context, params, self._calls)
        if name in self._own and name not in self._tool_of_name:
            return await self._call_own(context, params, name, given)
        if self._options.expose == "tools" and name in self._tool_of_name:
            tool = self._package.registry.tools[self._tool_of_name[name]]
            names = faces.choice_names(tool)
            chosen = {names[key]: given.pop(key) for key in list(given) if key in names}
            return await self._calls.call(context, params, Wish(tool.name, given, **chosen))
        near = nearest(name, self._own)
        hint = f"; did you mean {near}?" if near else ""
        raise MCPError(code=types.INVALID_PARAMS, message=f"there is no tool named {name[:100]!r}{hint}")

    async def _call_own(self, context: Any, params: Any, name: str, given: dict[str, Any]) -> Result:
        started = time.monotonic()
        try:
            _check(name, given, self._own[name].input_schema)
            if name == "call_tool":
                tool = given.pop("tool")
                return await self._calls.call(context, params, Wish(tool, **given))
            if name == "wait_for":
                return await self._calls.wait_for(context, given)
            if name == "execute_lua":
                return await self._scripts.run(context, params, given)
            if name in {"read_docs", "read_doc"}:
                return self._read(name, given["page"], int(given.get("offset", 0)))
            data = self._listed(given) if name == "list_docs" else self._found(name, given)
            return self._calls.replies.of(envelope_of(name, data=data, duration_ms=_ms(started)))
        except Exception as error:  # noqa: BLE001 - the seam: a client gets an envelope
            return self._calls.replies.of(envelope_of(name, error=error, duration_ms=_ms(started)))

    def _read(self, name: str, wanted: str, offset: int) -> types.CallToolResult:
        page = self._package.page(wanted)
        text = without_head(page.read())
        part = text[offset : offset + self._options.max_result_bytes // 2]
        if offset + len(part) < len(text):
            part = part[: part.rfind("\n") + 1] or part
        end = offset + len(part)
        data = {"page": page.name, "kind": page.kind, "text": part, "next_offset": end if end < len(text) else None}
        if end < len(text):
            part += f"\n\n(The page goes on: offset {end} of {len(text)}.)"
        return self._calls.replies.of_text(envelope_of(name, data=data), part)

    def _listed(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        group = given.get("group")
        pages = [page for page in self._package.pages if page.kind in {"overview", "guide", "tool"}]
        rows = [self._row(page) for page in pages if self._offers(page)]
        return [row for row in rows if group is None or row.get("group") == group]

    def _found(self, name: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        words, limit, group = str(given.get("query", "")), int(given.get("limit", HITS)), given.get("group")
        if group is not None and group not in self._package.registry.groups:
            near = nearest(group, self._package.registry.groups)
            fault = Fault("group", "value", "there is no such group", near, tuple(self._package.registry.groups))
            raise InvalidArguments(str(fault), faults=(fault,))
        if words.strip():
            pages = [page for page in self._package.search(words, 200) if self._offers(page)]
        else:
            pages = [page for page in self._package.pages if page.kind == "tool" and self._offers(page)]
            limit = int(given.get("limit", 200))
        rows = [self._row(page) for page in pages]
        if name == "search_tools":
            rows = [row for row in rows if row["kind"] == "tool" or group is None]
        return [row for row in rows if group is None or row.get("group") == group][:limit]

    def _offers(self, page: Page) -> bool:
        if page.kind != "tool":
            return True
        return self._exposure.refusal(self._package.registry.resolve(page.name)) is None

    def _row(self, page: Page) -> dict[str, Any]:
        if page.kind != "tool":
            return {"page": page.name, "kind": page.kind, "summary": page.summary}
        tool = self._package.registry.resolve(page.name)
        effects = list(all_effects(tool, self._package.registry))
        row = {
            "tool": tool.name,
            "kind": "tool",
            "summary": tool.summary,
            "class": tool.tool_class,
            "group": tool.group,
        }
        return row | ({"effects": effects} if effects else {})


def without_head(text: str) -> str:
    """Return a page without the comment in front, which speaks to those who edit files."""
    return text.split("-->", 1)[1].lstrip() if text.startswith("<!--") and "-->" in text else text


def _check(name: str, given: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Check the arguments of one of our own tools. Raises `InvalidArguments` with every fault."""
    properties, faults = schema["properties"], []
    also = {"_account": "account"} if "account" in properties else {}
    for alias, canonical in also.items():
        if alias in given:
            given[canonical] = given.pop(alias)
    for key in [key for key, value in given.items() if value is None]:
        del given[key]
    for key, value in given.items():
        if key not in properties:
            known = tuple(properties)
            faults.append(Fault(key, "unknown", "there is no such argument", nearest(key, known), known))
            continue
        kinds = KINDS.get(properties[key].get("type", ""))
        is_flag = isinstance(value, bool)
        if key == "fields" and isinstance(value, list):
            continue
        if kinds is not None and (not isinstance(value, kinds) or (is_flag and bool not in kinds)):
            faults.append(Fault(key, "type", f"expected {properties[key]['type']}, not {type(value).__name__}"))
        elif "enum" in properties[key] and value not in properties[key]["enum"]:
            allowed = tuple(properties[key]["enum"])
            faults.append(Fault(key, "value", "is not allowed", nearest(str(value), allowed), allowed))
        elif isinstance(value, int | float) and value < properties[key].get("minimum", value):
            faults.append(Fault(key, "value", f"is less than {properties[key]['minimum']}"))
    faults += [Fault(key, "missing", "is required") for key in schema.get("required", ()) if key not in given]
    if faults:
        raise InvalidArguments(f"{name}: {'; '.join(map(str, faults))}", tool=name, faults=tuple(faults))


def _ms(started: float) -> float:
    return (time.monotonic() - started) * 1000
