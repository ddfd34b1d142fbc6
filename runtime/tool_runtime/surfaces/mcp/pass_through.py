"""Pass-through: tools, resources and prompts of other servers, offered by ours.

A tool is `mcp__SERVER__TOOL`, and so is a prompt; a resource keeps its address. A call is a job of the desk: it ends
although its client has left, and what its server asks a person is asked through our client, in whichever era (talks,
following). This module puts the parts together: upstream_lists (what belongs to whom), foreign_definitions (how that is
shown), upstream_calls (gate and ledger), upstream_reading (resources and prompts), list_changes.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types

from tool_runtime.surfaces.mcp import foreign_definitions as definitions
from tool_runtime.surfaces.mcp.approvals import kinds_of_questions
from tool_runtime.surfaces.mcp.foreign_definitions import PREFIX, is_read
from tool_runtime.surfaces.mcp.hub import Hub, Places
from tool_runtime.surfaces.mcp.list_changes import ListChanges
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.upstream_calls import UpstreamCalls
from tool_runtime.surfaces.mcp.upstream_jobs import UpstreamJobs, note
from tool_runtime.surfaces.mcp.upstream_lists import LISTS_LIVE, UpstreamLists
from tool_runtime.surfaces.mcp.upstream_reading import UpstreamReading


class PassThrough:
    """What other servers offer through ours. Opened and closed with our own server.

    `is_ours` tells an address of our own, `is_itself` a tool of this program.
    """

    # How long our clients may keep lists, in milliseconds.
    lives_ms = int(LISTS_LIVE * 1000)

    def __init__(
        self,
        places: Places,
        options: ServeOptions,
        *,
        is_ours: Callable[[str], bool] = lambda _: False,
        is_itself: Callable[[types.Tool], bool] = lambda _: False,
    ) -> None:
        self._options = options
        self.changes = ListChanges()
        self.hub = Hub(places, self._forget, note)
        self.lists = UpstreamLists(
            self.hub,
            options.upstreams,
            changed=self._tell,
            note=note,
            is_ours=is_ours,
            is_itself=is_itself,
        )
        self._jobs = UpstreamJobs(options.patience)
        self.calls = UpstreamCalls(self.hub, self.lists, self._jobs, options)
        self.reading = UpstreamReading(self.hub, self.lists, self._jobs, options.max_result_bytes)
        self._schemas: dict[str, Mapping[str, Any]] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the connections."""
        async with self.hub.open():
            yield

    def stop_asking(self) -> None:
        """Answer what servers ask with `cancel`, now and later: our server is being stopped."""
        self._jobs.stop_asking()

    async def _forget(self, server: str, kind: str) -> None:
        await self.lists.forget(server, kind)

    async def _tell(self, _server: str, kind: str) -> None:
        await self.changes.tell(kind)

    def saw(self, context: Any) -> None:
        """Take note of the client of a request: whether its program can ask a person, and where changes are told."""
        self.changes.saw(context)
        self.hub.asks = bool(kinds_of_questions(context))

    def owns(self, name: str) -> bool:
        """Whether a name is a tool or a prompt of another server."""
        return name.startswith(PREFIX)

    def schema_of(self, name: str) -> Mapping[str, Any] | None:
        """Return the schema of a tool that was listed."""
        return self._schemas.get(name)

    async def tools(self) -> tuple[list[types.Tool], bool]:
        """Return the tools of every server that are offered, by name, and whether every server has answered."""
        known, is_whole = await self.lists.tools()
        offered = [
            definitions.offered_tool(name, server, tool)
            for name, (server, tool) in known.items()
            if is_read(tool) or self._options.write != "deny"
        ]
        self._schemas = {tool.name: tool.input_schema for tool in offered}
        return offered, is_whole

    async def resources(self) -> tuple[list[types.Resource], bool]:
        """Return the resources of every server by address, and whether every server has answered."""
        known, is_whole = await self.lists.resources()
        return [definitions.offered_resource(server, one) for _, (server, one) in sorted(known.items())], is_whole

    async def templates(self) -> tuple[list[types.ResourceTemplate], bool]:
        """Return the templates of every server by address, and whether every server has answered."""
        known, is_whole = await self.lists.templates()
        return [definitions.offered_template(server, one) for _, (server, one) in sorted(known.items())], is_whole

    async def prompts(self) -> tuple[list[types.Prompt], bool]:
        """Return the prompts of every server as `mcp__SERVER__PROMPT`, and whether every server has answered."""
        known, is_whole = await self.lists.prompts()
        return [definitions.offered_prompt(name, server, one) for name, (server, one) in known.items()], is_whole

    async def aclose(self) -> None:
        """Close the connections."""
        await self.hub.aclose()
