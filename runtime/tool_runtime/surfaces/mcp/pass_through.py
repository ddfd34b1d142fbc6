"""Pass-through: tools, resources and prompts of other servers, offered by ours.

A tool is `mcp__SERVER__TOOL`. One that says of itself that it only reads is a read; every other one is a write whose
effects nobody knows: hidden and refused unless writes are allowed, asked for where a person is to be asked, and written
into the ledger before it is sent. An equal write within the ledger's window is answered from there. A result that fits
the limit goes on as it is; a longer one is cut as our own results are, in our envelope, and marked as foreign.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import Invocation
from tool_runtime.errors import OutcomeUnknown, PolicyRefused, ToolError
from tool_runtime.surfaces.common.results import envelope_of
from tool_runtime.surfaces.mcp import server_ledger
from tool_runtime.surfaces.mcp.connected_server import every_page
from tool_runtime.surfaces.mcp.faces import short_name
from tool_runtime.surfaces.mcp.hub import Hub
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.served_client import ServedClient
from tool_runtime.surfaces.mcp.server_answers import error_of
from tool_runtime.surfaces.mcp.server_ledger import Known, Write

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.calls import Calls, Result

# Seconds for which another server's lists are kept.
LISTS_LIVE = 300.0


class PassThrough:
    """What other servers offer through ours. Opened and closed with our own server."""

    def __init__(self, hub: Hub, options: ServeOptions) -> None:
        self.hub, self._options = hub, options
        self._names: dict[str, tuple[str, types.Tool]] = {}
        self._prompts: dict[str, tuple[str, str]] = {}
        self._owners: dict[str, str] = {}
        self._lists: dict[tuple[str, str], tuple[float, list[Any]]] = {}
        self.problems: dict[str, str] = {}

    def owns(self, name: str) -> bool:
        """Whether a name is a tool or a prompt of another server."""
        return name.startswith("mcp__")

    def schema_of(self, name: str) -> Mapping[str, Any] | None:
        """Return the schema of a tool that was listed."""
        return self._names[name][1].input_schema if name in self._names else None

    async def _list(self, server: str, kind: str) -> list[Any]:
        """Return a list of a server; none, and a note, where the server cannot be reached: others still work."""
        now = time.monotonic()
        known = self._lists.get((server, kind))
        if known is not None and now - known[0] < LISTS_LIVE:
            return known[1]

        async def work(client: Any) -> list[Any]:
            capabilities = client.server_capabilities
            section = {"templates": "resources"}.get(kind, kind)
            if capabilities is not None and getattr(capabilities, section, None) is None:
                return []
            fetch, items = {
                "tools": (client.list_tools, "tools"),
                "resources": (client.list_resources, "resources"),
                "templates": (client.list_resource_templates, "resource_templates"),
                "prompts": (client.list_prompts, "prompts"),
            }[kind]
            try:
                return await every_page(lambda cursor: fetch(cursor=cursor), items)
            except MCPError as error:
                if error.code == types.METHOD_NOT_FOUND:
                    # A server has resources without templates, and the other way round.
                    return []
                raise

        try:
            found: list[Any] = await self.hub.call(server, work, what=f"{server}: list of {kind}", is_read=True)
        except ToolError as error:
            self.problems[server] = error.message
            _note(f"the server {server} offers no {kind} now: {error.message}")
            return []
        self.problems.pop(server, None)
        self._lists[server, kind] = (now, found)
        return found

    async def tools(self) -> list[types.Tool]:
        """Return the tools of every server that are offered, by name."""
        offered = []
        for server in self._options.upstreams:
            for tool in await self._list(server, "tools"):
                name = short_name(f"mcp__{server}__{tool.name}")
                self._names[name] = (server, tool)
                if is_read(tool) or self._options.write != "deny":
                    offered.append(_offered(name, server, tool))
        return sorted(offered, key=lambda one: one.name)

    async def resources(self) -> list[types.Resource]:
        """Return the resources of every server."""
        found = []
        for server in self._options.upstreams:
            for resource in await self._list(server, "resources"):
                self._owners[str(resource.uri)] = server
                found.append(resource)
        return sorted(found, key=lambda one: str(one.uri))

    async def templates(self) -> list[types.ResourceTemplate]:
        """Return the templates of every server."""
        found = []
        for server in self._options.upstreams:
            for template in await self._list(server, "templates"):
                self._owners[template.uri_template.partition("{")[0]] = server
                found.append(template)
        return found

    async def prompts(self) -> list[types.Prompt]:
        """Return the prompts of every server, as `mcp__SERVER__PROMPT`."""
        found = []
        for server in self._options.upstreams:
            for prompt in await self._list(server, "prompts"):
                name = short_name(f"mcp__{server}__{prompt.name}")
                self._prompts[name] = (server, prompt.name)
                found.append(prompt.model_copy(update={"name": name}))
        return sorted(found, key=lambda one: one.name)

    def owner_of(self, uri: str) -> str | None:
        """Return the server whose resource this is; None for a resource of nobody else."""
        if uri in self._owners:
            return self._owners[uri]
        starts = [start for start in self._owners if start.endswith(("/", ":", "=", "-")) and uri.startswith(start)]
        return self._owners[max(starts, key=len)] if starts else None

    async def read_resource(self, server: str, uri: str) -> types.ReadResourceResult:
        """Read a resource of another server. Raises `MCPError`."""
        try:
            result: types.ReadResourceResult = await self.hub.call(
                server, lambda client: client.read_resource(uri), what=f"{server}: {uri}"[:200], is_read=True
            )
        except ToolError as error:
            raise MCPError(code=types.INVALID_PARAMS, message=error.message) from None
        return types.ReadResourceResult(contents=result.contents)

    async def get_prompt(self, name: str, given: Mapping[str, str]) -> types.GetPromptResult:
        """Return a prompt of another server. Raises `MCPError`."""
        if name not in self._prompts:
            await self.prompts()
        if name not in self._prompts:
            raise MCPError(code=types.INVALID_PARAMS, message=f"there is no prompt named {name[:100]!r}")
        server, own = self._prompts[name]
        try:
            result: types.GetPromptResult = await self.hub.call(
                server, lambda client: client.get_prompt(own, dict(given)), what=f"{server}: {own}", is_read=True
            )
        except ToolError as error:
            raise MCPError(code=types.INVALID_PARAMS, message=error.message) from None
        return types.GetPromptResult(description=result.description, messages=result.messages)

    async def call(self, context: Any, params: types.CallToolRequestParams, calls: "Calls") -> "Result":
        """Call a tool of another server under our gate and ledger."""
        if params.name not in self._names:
            await self.tools()
        if params.name not in self._names:
            raise MCPError(code=types.INVALID_PARAMS, message=f"there is no tool named {params.name[:100]!r}")
        server, tool = self._names[params.name]
        given = dict(params.arguments or {})
        again = given.pop("_again", None) is True
        meta = {"account": f"mcp:{server}", "class": "read" if is_read(tool) else "write", "server": server}
        started = time.monotonic()
        try:
            if is_read(tool):
                result = await self._send(server, tool, given, is_write=False)
                return self._reply(params.name, result, meta, started, calls)
            return await self._write(context, params, calls, server, tool, given, again=again, meta=meta)
        except ToolError as error:
            return calls.replies.of(envelope_of(params.name, error=error, meta=meta, duration_ms=_ms(started)))

    async def _write(
        self,
        context: Any,
        params: Any,
        calls: "Calls",
        server: str,
        tool: types.Tool,
        given: dict[str, Any],
        *,
        again: bool,
        meta: dict[str, Any],
    ) -> "Result":
        started = time.monotonic()
        client, name = calls.client, params.name
        write = Write(server, tool.name, given, "mcp", again)
        digest = write.digest
        word = client.write_word()
        if self._options.write == "deny" or word == "deny":
            raise PolicyRefused(
                f"{name} may change something, and writes are not allowed here", tool=name, hint="Nothing was sent."
            )
        ticket = None
        if self._options.write == "ask":
            answer = await calls.approvals.ask(
                context, params, _invocation(name, server, tool, given), f"{name} {digest}"
            )
            if isinstance(answer, types.InputRequiredResult):
                return answer
            if answer.job is not None:
                await calls.desk.wait(answer.job, self._options.patience)
                return self._answer(name, answer.job.value, meta | {"repeat": True}, started, calls)
            ticket = answer.ticket

        async def work() -> Any:
            try:
                return await recorded(client, write, lambda: self._send(server, tool, given, is_write=True))
            except ToolError as error:
                return error

        job, joined = calls.desk.start(name, work, key=None if again else f"{name} {digest}", keeps_on=True)
        if ticket is not None:
            ticket.job = job
        if not await calls.desk.wait(job, self._options.patience):
            hint = f"{name} is still under way. Do not call it again now; an equal call later gets the outcome."
            return calls.replies.of(
                envelope_of(name, meta=meta | {"state": "under_way", "hint": hint}, duration_ms=_ms(started))
            )
        return self._answer(name, job.value, meta | {"repeat": joined}, started, calls)

    def _answer(self, name: str, value: Any, meta: dict[str, Any], started: float, calls: "Calls") -> "Result":
        if isinstance(value, tuple):
            result, repeat_of = value
            return self._reply(name, result, meta | {"repeat": repeat_of or meta.get("repeat", False)}, started, calls)
        error = value if isinstance(value, BaseException) else OutcomeUnknown(f"{name} was cut off", tool=name)
        return calls.replies.of(envelope_of(name, error=as_tool_error(error), meta=meta, duration_ms=_ms(started)))

    async def _send(self, server: str, tool: types.Tool, given: dict[str, Any], *, is_write: bool) -> dict[str, Any]:
        result = await self.hub.call(
            server,
            lambda client: client.call_tool(tool.name, given),
            what=f"{server}.{tool.name}",
            is_read=not is_write,
        )
        dumped: dict[str, Any] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dumped

    def _reply(
        self, name: str, result: dict[str, Any], meta: dict[str, Any], started: float, calls: "Calls"
    ) -> types.CallToolResult:
        """Return another server's result: as it is where it fits, else as an envelope that is cut."""
        from tool_runtime.surfaces.mcp.cutting import size_of

        if size_of(result) <= self._options.max_result_bytes and not meta.get("repeat"):
            # Who answered is said by the server of this connection.
            known = types.CallToolResult.model_validate({**result, "_meta": None})
            if not isinstance(known.structured_content, dict | None):
                known = known.model_copy(update={"structured_content": {"result": known.structured_content}})
            return known
        data = result.get("structuredContent")
        if data is None:
            data = [part.get("text", f"<{part.get('type')}>") for part in result.get("content", ())]
        meta = meta | {"untrusted": ["data"]}
        envelope = envelope_of(name, data=data, meta=meta, duration_ms=_ms(started))
        envelope["success"] = not result.get("isError", False)
        return calls.replies.of(envelope)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.hub.aclose()


async def recorded(client: ServedClient, write: Write, send: Any) -> tuple[dict[str, Any], str | None]:
    """Make a write of another server under the ledger, and return its result, and the id of the call that it repeats.

    Raises `OutcomeUnknown` for a repeat of a write whose outcome nobody knows.
    """
    ledger = client.ledger

    def now() -> int:
        return int(client.clock.wall() * 1000)

    try:
        record = server_ledger.begin(ledger, write, now(), "all")
    except Known as known:
        return known.result, known.first
    try:
        result = await send()
        refusal = error_of(f"{write.server}.{write.name}", result, is_read=False)
    except BaseException as error:
        server_ledger.failed(ledger, record, now(), error)
        raise
    if refusal is not None:
        # The result goes to the client as it is; the ledger knows that nothing was done, or that nobody knows.
        server_ledger.failed(ledger, record, now(), refusal)
    else:
        server_ledger.done(ledger, record, now(), result)
    return result, None


def is_read(tool: types.Tool) -> bool:
    """Whether a tool says of itself that it only reads; what says nothing may change something."""
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def _offered(name: str, server: str, tool: types.Tool) -> types.Tool:
    text = f"{tool.description or tool.title or tool.name} (of the server {server})"
    known = {"name": name, "description": text, "output_schema": None}
    if not is_read(tool):
        schema = dict(tool.input_schema or {"type": "object"})
        properties = dict(schema.get("properties") or {})
        properties.setdefault("_again", {"type": "boolean", "description": "True: a second equal call is meant."})
        known["input_schema"] = {**schema, "properties": properties}  # type: ignore[assignment]  # JSON of a schema
    return tool.model_copy(update=known)


def _invocation(name: str, server: str, tool: types.Tool, given: Mapping[str, Any]) -> Invocation:
    return Invocation(
        tool=name,
        tool_class="write",
        effects=(),
        account=f"mcp:{server}",
        surface="mcp",
        base_url=f"the server {server}",
        arguments=given,
        request={},
        summary=(tool.description or tool.title or "").split("\n")[0][:200],
    )


def _ms(started: float) -> float:
    return (time.monotonic() - started) * 1000


def _note(text: str) -> None:
    import sys
    from contextlib import suppress

    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of a server
