"""Lists of other servers: which tools, resources and prompts they have now, and whom a name or an address belongs to.

A list is fetched once for all who want it, and kept for some minutes or until its server says that it has changed. A
server that is slow or broken holds nobody up: its part is left out with a note, and whoever was told of a part only is
told again when the rest is there. An address belongs to the first server, by name, that lists it, and an address of our
own never to another one. A server that turns out to be this program again, behind whatever wrapper, has nothing. A tool
that was a write stays a write for as long as this process runs, whatever its server says of the tool later.

Must not know: our clients, calls, ledgers.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import anyio
import mcp_types as types

from tool_runtime.errors import ToolError
from tool_runtime.surfaces.mcp.connected_server import Changed
from tool_runtime.surfaces.mcp.foreign_definitions import MOST_TOOLS, is_read, public_name
from tool_runtime.surfaces.mcp.hub import Hub
from tool_runtime.surfaces.mcp.server_requests import SECTIONS, every_item

# Seconds for which another server's lists are kept, and for which our clients may keep what they saw of them.
LISTS_LIVE = 300.0
# Seconds that a request for a list waits for other servers.
LIST_PATIENCE = 20.0
# Seconds in which a server that failed is not tried again for a list.
FAILURES_LIVE = 30.0
MOST_NOTES = 500


class UpstreamLists:
    """The lists of the servers with some names. `changed` is told which lists differ from what was given out.

    `is_ours` tells an address of our own, and `is_itself` a tool of this program.
    """

    def __init__(
        self,
        hub: Hub,
        servers: Sequence[str],
        *,
        changed: Changed,
        note: Callable[[str], None],
        is_ours: Callable[[str], bool],
        is_itself: Callable[[types.Tool], bool],
    ) -> None:
        self._hub, self._servers = hub, tuple(dict.fromkeys(servers))
        self._changed, self._log, self._is_ours, self._is_itself = changed, note, is_ours, is_itself
        self._noted: set[str] = set()
        self._known: dict[tuple[str, str], tuple[float, list[Any]]] = {}
        self._coming: dict[tuple[str, str], anyio.Event] = {}
        self._stale: set[tuple[str, str]] = set()
        self._failed: dict[tuple[str, str], float] = {}
        self._writes: set[tuple[str, str]] = set()
        self.itself: set[str] = set()

    async def of(self, kind: str) -> tuple[list[tuple[str, Any]], bool]:
        """Return what there is of a kind, each with its server, and whether every server has answered."""
        wanted = [(server, kind) for server in self._servers]
        for key in wanted:
            if self._is_wanted(key):
                self._coming[key] = anyio.Event()
                self._hub.spawn(lambda key=key: self._fetch(key))  # type: ignore[misc]  # the key of this round
        with anyio.move_on_after(LIST_PATIENCE):
            for key in wanted:
                if key in self._coming:
                    await self._coming[key].wait()
        late = [key for key in wanted if key in self._coming]
        for server, _ in late:
            self._note(f"the server {server} has not answered yet; its {kind} are left out for now")
        found = [
            (server, item)
            for server in self._servers
            if server not in self.itself
            for item in self._known.get((server, kind), (0.0, []))[1]
        ]
        return found, not late and not any(key in self._failed for key in wanted)

    def _is_wanted(self, key: tuple[str, str]) -> bool:
        """Whether a list has to be fetched now."""
        now = time.monotonic()
        known, failed = self._known.get(key), self._failed.get(key)
        is_fresh = known is not None and now - known[0] < LISTS_LIVE
        return not is_fresh and key not in self._coming and (failed is None or now - failed > FAILURES_LIVE)

    async def _fetch(self, key: tuple[str, str]) -> None:
        server, kind = key
        began = time.monotonic()
        try:
            found = await self._hub.call(
                server, lambda client: every_item(client, kind), what=f"{server}: list of {kind}", is_read=True
            )
        except ToolError as error:
            self._known.pop(key, None)
            self._failed[key] = time.monotonic()
            self._note(f"the server {server} offers no {kind} now: {error.message}")
        else:
            self._failed.pop(key, None)
            if kind == "tools":
                found = self._looked_at(server, found)
            # What changed while the list was under way is fetched again by whoever wants the list next.
            found = found[:MOST_TOOLS]
            self._known[key] = (float("-inf") if key in self._stale else time.monotonic(), found)
        finally:
            self._stale.discard(key)
            self._coming.pop(key).set()
        if time.monotonic() - began > LIST_PATIENCE and key in self._known:
            await self._changed(server, SECTIONS[kind])

    def _note(self, text: str) -> None:
        """Write a line to the log, once: lists are looked at with each request."""
        if text not in self._noted and len(self._noted) < MOST_NOTES:
            self._noted.add(text)
            self._log(text)

    def _looked_at(self, server: str, tools: list[types.Tool]) -> list[types.Tool]:
        """Return tools as they are judged here: a tool that was a write before still is one."""
        if server not in self.itself and any(map(self._is_itself, tools)):
            self.itself.add(server)
            self._note(f"the server {server} is this program's own server behind another one; nothing of it is offered")
        judged = []
        for tool in tools:
            key = (server, tool.name)
            if not is_read(tool):
                self._writes.add(key)
            elif key in self._writes:
                self._note(f"the server {server} now says that {tool.name} only reads; it stays a write here")
                tool = tool.model_copy(update={"annotations": None})  # noqa: PLW2901 - the same tool, judged
            judged.append(tool)
        return judged

    async def forget(self, server: str, kind: str) -> None:
        """Drop what is known of a list: its server says that it has changed."""
        for section, of in SECTIONS.items():
            if of == kind:
                self._known.pop((server, section), None)
                self._failed.pop((server, section), None)
                if (server, section) in self._coming:
                    self._stale.add((server, section))
        await self._changed(server, kind)

    async def tools(self) -> tuple[dict[str, tuple[str, types.Tool]], bool]:
        """Return every tool by the name under which it is offered, and whether every server has answered."""
        return _by_name(await self.of("tools"))

    async def prompts(self) -> tuple[dict[str, tuple[str, types.Prompt]], bool]:
        """Return every prompt by the name under which it is offered, and whether every server has answered."""
        return _by_name(await self.of("prompts"))

    async def resources(self) -> tuple[dict[str, tuple[str, types.Resource]], bool]:
        """Return every resource by its address, and whether every server has answered."""
        found, is_whole = await self.of("resources")
        return self._owned((str(one.uri), server, one) for server, one in found), is_whole

    async def templates(self) -> tuple[dict[str, tuple[str, types.ResourceTemplate]], bool]:
        """Return every template by its address, and whether every server has answered."""
        found, is_whole = await self.of("templates")
        return self._owned((one.uri_template, server, one) for server, one in found), is_whole

    def _owned(self, found: Any) -> dict[str, tuple[str, Any]]:
        owned: dict[str, tuple[str, Any]] = {}
        for address, server, one in found:
            if self._is_ours(address):
                self._note(f"the server {server} lists {address[:100]}, an address of this server; it is left out")
            elif address not in owned:
                owned[address] = (server, one)
            elif owned[address][0] != server:
                self._note(f"{server} and {owned[address][0]} both list {address[:100]}; it is read from the latter")
        return owned

    async def owner_of(self, uri: str) -> str | None:
        """Return the server that an address belongs to: who lists the address, else whose template begins like it."""
        if self._is_ours(uri):
            return None
        resources, _ = await self.resources()
        if uri in resources:
            return resources[uri][0]
        templates, _ = await self.templates()
        starts = {address.partition("{")[0]: server for address, (server, _) in reversed(templates.items())}
        fitting = [
            start for start in starts if start.endswith(("/", ":", "=", "-", "#", "?")) and uri.startswith(start)
        ]
        return starts[max(fitting, key=len)] if fitting else None


def _by_name(known: tuple[list[tuple[str, Any]], bool]) -> tuple[dict[str, tuple[str, Any]], bool]:
    """Return items by the names under which they are offered; of two with one name, the first that was listed."""
    found, is_whole = known
    named: dict[str, tuple[str, Any]] = {}
    for server, one in found:
        named.setdefault(public_name(server, one.name), (server, one))
    return dict(sorted(named.items())), is_whole


def ours(scheme: str) -> Callable[[str], bool]:
    """Return what tells an address of our own, whose scheme is `scheme`."""
    return lambda uri: uri.partition(":")[0].strip().lower() == scheme


def fingerprints(faces: Collection[types.Tool], prefix: str) -> Callable[[types.Tool], bool]:
    """Return what tells a tool of this program: one of its own texts, or a name in which `prefix` stands."""
    texts = {tool.description for tool in faces if tool.description}
    return lambda tool: prefix in tool.name or tool.description in texts
