"""Calls of other servers' tools, under our gate and our ledger.

A tool that says of itself that it only reads is a read; every other one is a write whose effects nobody knows: refused
unless writes are allowed, asked for where a person is to be asked, and written into the ledger before it is sent. An
equal write within the ledger's window is answered from there.

A result that fits the limit goes on as it is; a longer one is cut as our own results are, in our envelope, and marked
as foreign. Must not know: how lists are kept (upstream_lists), how definitions are shown (foreign_definitions).
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
from tool_runtime.surfaces.mcp import foreign_definitions as definitions
from tool_runtime.surfaces.mcp import server_ledger
from tool_runtime.surfaces.mcp.cutting import size_of
from tool_runtime.surfaces.mcp.desk import Job
from tool_runtime.surfaces.mcp.foreign_definitions import is_read
from tool_runtime.surfaces.mcp.hub import Hub
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.served_client import ServedClient
from tool_runtime.surfaces.mcp.server_answers import check_arguments, error_of
from tool_runtime.surfaces.mcp.server_ledger import Known, Write
from tool_runtime.surfaces.mcp.talks import Talk
from tool_runtime.surfaces.mcp.upstream_jobs import UpstreamJobs
from tool_runtime.surfaces.mcp.upstream_lists import UpstreamLists

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.calls import Calls, Result


class UpstreamCalls:
    """Calls of the tools that other servers list."""

    def __init__(self, hub: Hub, lists: UpstreamLists, jobs: UpstreamJobs, options: ServeOptions) -> None:
        self._hub, self._lists, self._jobs, self._options = hub, lists, jobs, options

    async def call(self, context: Any, params: types.CallToolRequestParams, calls: "Calls") -> "Result":
        """Call a tool of another server under our gate and ledger."""
        known, _ = await self._lists.tools()
        if params.name not in known:
            raise MCPError(code=types.INVALID_PARAMS, message=f"there is no tool named {params.name[:100]!r}")
        server, tool = known[params.name]
        given = dict(params.arguments or {})
        again = definitions.has_again(tool) and given.pop(definitions.AGAIN, None) is True
        meta: dict[str, Any] = {
            "account": f"mcp:{server}",
            "class": "read" if is_read(tool) else "write",
            "server": server,
        }
        started = time.monotonic()
        try:
            job, is_repeat = self._jobs.resumed(params, calls), False
            if job is None:
                check_arguments(params.name, tool.input_schema, given)
            if job is None and is_read(tool):

                async def read(talk: Talk) -> Any:
                    return await self._send(server, tool, given, talk, is_write=False), None

                job = self._jobs.start(context, calls, server, params.name, read)
            elif job is None:
                written = await self._write(context, params, calls, server, tool, given, again=again)
                if isinstance(written, types.InputRequiredResult):
                    return written
                job, is_repeat = written
            meta["repeat"] = is_repeat
            return await self._answer(context, params, calls, job, params.name, meta, started)
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
    ) -> "tuple[Job, bool] | types.InputRequiredResult":
        """Start a write, or join an equal one, once the gate lets it pass. Returns the job, and whether it was joined.

        Raises `PolicyRefused`.
        """
        client, name = calls.client, params.name
        write = Write(server, tool.name, given, "mcp", again)
        if self._options.write == "deny" or client.write_word() == "deny":
            raise PolicyRefused(
                f"{name} may change something, and writes are not allowed here", tool=name, hint="Nothing was sent."
            )
        ticket = None
        if self._options.write == "ask":
            invocation = _invocation(name, server, tool, given)
            answer = await calls.approvals.ask(context, params, invocation, f"{name} {write.digest}")
            if isinstance(answer, types.InputRequiredResult):
                return answer
            if answer.job is not None:
                return answer.job, True
            ticket = answer.ticket

        async def work(talk: Talk) -> Any:
            return await recorded(client, write, lambda: self._send(server, tool, given, talk, is_write=True))

        key = None if again else f"{name} {write.digest}"
        before = calls.desk.live(key)
        job = before or self._jobs.start(context, calls, server, name, work, key, keeps_on=True)
        if ticket is not None:
            ticket.job = job
        return job, before is not None

    async def _answer(  # noqa: PLR0917 - a request, and what is known of its call
        self,
        context: Any,
        params: Any,
        calls: "Calls",
        job: Job,
        name: str,
        meta: dict[str, Any],
        started: float,
    ) -> "Result":
        """Wait for a job, and answer with its result, with what its server asks, or with a handle."""
        ended = await self._jobs.follow(context, params, calls, job, name)
        if isinstance(ended, types.InputRequiredResult):
            return ended
        if ended:
            return self._result(name, job.value, meta, started, calls)
        if self._options.expose == "code":
            more = {"hint": f"{name} is still under way. Call it again with the same arguments; it is made once."}
        else:

            async def go_on(context: Any, params: Any) -> "Result":
                return await self._answer(context, params, calls, job, name, meta, started)

            calls.go_on_with(job, go_on)
            hint = f"{name} is still under way. Do not call it again: call wait_for with this handle."
            more = {"handle": job.handle, "hint": hint}
        envelope = envelope_of(name, meta=meta | {"state": "under_way"} | more, duration_ms=_ms(started))
        return calls.replies.of(envelope)

    def _result(
        self, name: str, value: Any, meta: dict[str, Any], started: float, calls: "Calls"
    ) -> types.CallToolResult:
        if isinstance(value, tuple):
            result, repeat_of = value
            return self._reply(name, result, meta | {"repeat": repeat_of or meta["repeat"]}, started, calls)
        error = value if isinstance(value, BaseException) else OutcomeUnknown(f"{name} was cut off", tool=name)
        return calls.replies.of(envelope_of(name, error=as_tool_error(error), meta=meta, duration_ms=_ms(started)))

    async def _send(
        self, server: str, tool: types.Tool, given: dict[str, Any], talk: Talk, *, is_write: bool
    ) -> dict[str, Any]:
        result = await self._hub.call_tool(
            server, tool.name, given, talk, what=f"{server}.{tool.name}", is_read=not is_write
        )
        dumped: dict[str, Any] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dumped

    def _reply(
        self, name: str, result: dict[str, Any], meta: dict[str, Any], started: float, calls: "Calls"
    ) -> types.CallToolResult:
        """Return another server's result: as it is where it fits, else as an envelope that is cut."""
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
