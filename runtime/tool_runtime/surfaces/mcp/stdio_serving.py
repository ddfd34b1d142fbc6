"""The server: the SDK's low-level server with our handlers, over stdio.

One server speaks both eras of the protocol. Lists are sorted and say that they may be kept for an hour. Nothing that a
client sends ends the process, and no exception's text goes out: what nobody foresaw is an error with the one envelope.

The end: when stdin ends, or a signal comes, calls that may have happened are waited for, with a limit; what is still
under way then is in the ledger as under way, and an equal call is answered from there.
"""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import anyio
import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.mcp.approvals import Approvals
from tool_runtime.surfaces.mcp.calls import Calls, Result
from tool_runtime.surfaces.mcp.desk import Desk
from tool_runtime.surfaces.mcp.dispatch import Dispatch
from tool_runtime.surfaces.mcp.exposure import Exposure
from tool_runtime.surfaces.mcp.pass_through import PassThrough
from tool_runtime.surfaces.mcp.reading import Reading
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.served_client import ServedClient, approved

# Longer than any attempt of a call: the total limit of an attempt is two minutes by default.
LAST_PATIENCE = 150.0
KEPT_MS = 3_600_000


class Service:
    """All parts of one server. Close it with `aclose`."""

    def __init__(
        self, package: Package, options: ServeOptions, agent: AgentOptions, pass_through: PassThrough | None = None
    ) -> None:
        registry = package.registry
        forced = AgentOptions(
            account=agent.account,
            sandbox=agent.sandbox,
            force=options.write == "allow",
            read_only=agent.read_only,
            timeout=agent.timeout,
            total=agent.total,
            retries=agent.retries,
        )
        made = agent_client(
            registry, forced, surface="mcp", confirm=approved, kind=ServedClient, repeats="all", delivers=False
        )
        self.client = cast("ServedClient", made)
        exposure = Exposure(registry, options)
        self.client.choose(exposure.refusal, asks_for_writes=options.write == "ask")
        self.package, self.options, self.desk = package, options, Desk()
        self.approvals = Approvals()
        self.calls = Calls(self.client, exposure, options, self.desk, self.approvals)
        self.pass_through = pass_through
        self.dispatch = Dispatch(package, exposure, options, self.calls, pass_through, forced)
        self.reading = Reading(package, exposure, self.client, self.calls.replies, options, pass_through)

    @asynccontextmanager
    async def life(self, _: Any) -> AsyncIterator["Service"]:
        """Keep the desk open as long as the server of the SDK lives."""
        async with AsyncExitStack() as stack:
            if self.pass_through is not None:
                await stack.enter_async_context(self.pass_through.hub.open())
            await stack.enter_async_context(self.desk.open())
            yield self

    def server(self) -> "Server[Service]":
        """Return the SDK's server."""
        api, dispatch, reading = self.package.api, self.dispatch, self.reading
        name = str(api.get("command") or api["name"])
        hint = CacheHint(ttl_ms=KEPT_MS, scope="private")
        resources, prompts = self.options.resources, self.options.prompts

        async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
            return types.ListToolsResult(tools=await dispatch.tools())

        async def call_tool(context: Any, params: types.CallToolRequestParams) -> Result:
            return await dispatch.call(context, params)

        server: Server[Service] = Server(
            name,
            version=str(api["version"]),
            title=f"{api['title']} tools",
            instructions=dispatch.instructions(),
            website_url=api.get("documentation") or None,
            lifespan=self.life,
            cache_hints={
                "tools/list": hint,
                "resources/list": hint,
                "resources/templates/list": hint,
                "prompts/list": hint,
            },
            get_tool_input_schema=dispatch.schema_of,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
            on_list_resources=reading.list_resources if resources else None,
            on_list_resource_templates=reading.list_templates if resources else None,
            on_read_resource=reading.read_resource if resources else None,
            on_list_prompts=reading.list_prompts if prompts else None,
            on_get_prompt=reading.get_prompt if prompts else None,
            on_completion=reading.complete if resources or prompts else None,
        )
        envelopes: Any = _only_envelopes
        server.middleware.append(envelopes)
        server.middleware.append(self.approvals.boundary(name))
        return server

    async def aclose(self) -> None:
        """Close connections: to the API, and to other servers."""
        self.dispatch.close()
        await self.client.close()
        if self.pass_through is not None:
            await self.pass_through.aclose()


async def _only_envelopes(context: Any, call_next: Any) -> Any:
    """Let no unforeseen exception's text reach a client: old connections would send the text as it is."""
    try:
        return await call_next(context)
    except MCPError:
        raise
    except Exception as error:  # noqa: BLE001 - the seam of the whole server
        import traceback

        print("".join(traceback.format_exception(error)).rstrip(), file=sys.stderr, flush=True)  # noqa: T201 - the log
        raise MCPError(code=types.INTERNAL_ERROR, message="a mistake of this server; see its log") from None


async def serve_stdio(service: Service) -> int:
    """Serve one client over stdin and stdout, until stdin ends or a signal comes; return the exit code."""
    from mcp.server.stdio import stdio_server

    server = service.server()
    ended = 0
    async with stdio_server() as (read, write), anyio.create_task_group() as group:

        async def watch(*, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                task_status.started()
                async for _ in signals:
                    await _leave(service)

        await group.start(watch)
        await server.run(read, write, server.create_initialization_options())
        group.cancel_scope.cancel()
    with anyio.CancelScope(shield=True):
        await service.aclose()
    return ended


async def _leave(service: Service) -> None:
    """End the process on a signal. The reader of stdin is a thread that nobody can end, so the process ends itself."""
    import os

    for job in await service.desk.settle(LAST_PATIENCE):
        print(f"{job.label} is still under way; the ledger says so", file=sys.stderr, flush=True)  # noqa: T201 - the log
    if service.pass_through is not None:
        with anyio.move_on_after(5):
            await service.pass_through.aclose()
    os._exit(0)
