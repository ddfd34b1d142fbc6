"""The hub: the servers that this process may use, and its connections to them.

`Places` knows the files; `Hub` is the asynchronous side, whose connections live in one task group; `BlockingHub` gives
the same to programs that do not await, over one thread. Connections start when they are first needed. One that fails
leaves the others alone.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client

from tool_runtime.accounts.accounts_file import user_file_path
from tool_runtime.errors import ConfigurationError
from tool_runtime.surfaces.mcp.connected_server import Changed, ConnectedServer
from tool_runtime.surfaces.mcp.server_entries import ServerEntry, expanded, read_entries, user_file
from tool_runtime.surfaces.mcp.server_secrets import ServerSecrets
from tool_runtime.surfaces.mcp.server_trust import check_trust, read_trust, trust_file
from tool_runtime.surfaces.mcp.talks import Talk
from tool_runtime.values.suggestions import nearest

if TYPE_CHECKING:
    from anyio.abc import TaskGroup


class Places:
    """Where this user's and this project's servers are written down. `api` is the head of the package."""

    def __init__(self, api: Mapping[str, Any], environment: Mapping[str, str], start: Path | None = None) -> None:
        self.command = str(api.get("command") or api["name"])
        self.prefix = str(api["environment"])
        self.environment = environment
        self.folder = user_file_path(self.command, self.prefix, environment).parent
        self.user_file = user_file(self.folder)
        self.trust_file = trust_file(self.folder)
        self.start = start or _here()
        self.secrets = ServerSecrets(
            self.folder, self.command, str(api.get("distribution") or api["name"]), environment
        )

    def entries(self) -> dict[str, ServerEntry]:
        """Return every entry by name. Raises `ConfigurationError`."""
        return read_entries(self.user_file, self.start)

    def entry(self, name: str) -> ServerEntry:
        """Return an entry. Raises `ConfigurationError` with the nearest name."""
        known = self.entries()
        if name not in known:
            near = nearest(name, known)
            hint = f"Did you mean {near}?" if near else f"Servers: {', '.join(known) or 'none'}."
            raise ConfigurationError(f"there is no server {name[:80]!r}", hint=hint)
        return known[name]

    def usable(self, name: str) -> ServerEntry:
        """Return an entry that may run, with variables and secrets in place.

        Raises `PolicyRefused` for an entry that is not trusted, `ConfigurationError` for one that is disabled.
        """
        entry = self.entry(name)
        if not entry.enabled:
            raise ConfigurationError(f"the server {name} is disabled", hint=f"Run: {self.command} mcp enable {name}")
        check_trust(entry, read_trust(self.trust_file), self.command)
        return expanded(entry, self.environment, self.secrets.get, own_prefix=self.prefix)


def _here() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        # The working directory was removed: no project is there.
        return None


class Hub:
    """The connections of one process. Open it before a call, and close it at the end."""

    def __init__(
        self, places: Places, changed: Changed | None = None, note: Callable[[str], None] = lambda _: None
    ) -> None:
        self.places, self._changed, self._note = places, changed, note
        # Whether there is a person to ask, for work that comes without a word about that.
        self.asks = False
        self._group: TaskGroup | None = None
        self._servers: dict[tuple[str, bool], ConnectedServer] = {}
        self._lock = anyio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Hold the connections; all of them are closed at the end."""
        if self._group is not None:
            # The SDK may begin the life of a server once for each connection; the first one holds them.
            yield self
            return
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                yield self
            finally:
                with anyio.CancelScope(shield=True):
                    await self.aclose()
                self._group = None
                group.cancel_scope.cancel()

    def spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Let `work` run beside all requests, until the connections are closed. `work` raises nothing."""
        if self._group is not None:
            running: Any = work
            self._group.start_soon(running)

    async def server(self, name: str, *, asks: bool | None = None) -> ConnectedServer:
        """Return a server by name; nothing is started yet. Raises as `Places.usable`.

        A server learns at the start of a connection whether a person can be asked, so there is one connection for
        clients that can ask, and one for those that cannot. With None, either will do; `self.asks` chooses a new one.
        """
        async with self._lock:
            wanted = self.asks if asks is None else asks
            known = self._servers.get((name, wanted))
            if known is None and asks is None:
                known = self._servers.get((name, not wanted))
            if known is None:
                if self._group is None:
                    message = "the connections are closed"
                    raise ConfigurationError(message)
                known = ConnectedServer(
                    self.places.usable(name),
                    self.places.command,
                    asks=wanted,
                    changed=self._changed,
                    note=self._note,
                )
                await self._group.start(known.run)
                self._servers[name, wanted] = known
            return known

    async def call(self, name: str, work: Callable[[Client], Awaitable[Any]], *, what: str, is_read: bool) -> Any:
        """Let `work` use the connection of a server; see `ConnectedServer.call`."""
        server = await self.server(name)
        return await server.call(work, what=what, is_read=is_read)

    async def call_tool(
        self, name: str, tool: str, arguments: Mapping[str, Any], talk: Talk, *, what: str, is_read: bool
    ) -> Any:
        """Call a tool of a server; see `ConnectedServer.call_tool`."""
        server = await self.server(name, asks=bool(talk.kinds))
        return await server.call_tool(tool, arguments, talk, what=what, is_read=is_read)

    async def aclose(self) -> None:
        """Close every connection."""
        async with anyio.create_task_group() as group:
            for server in self._servers.values():
                group.start_soon(server.stop)


class BlockingHub:
    """A hub for programs that do not await; safe among threads. Close it, or use `with`."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._manager: Any = None
        self._portal: BlockingPortal | None = None
        self._hub: Hub | None = None
        self._opened: Any = None
        import threading

        self._lock = threading.Lock()

    def _started(self) -> tuple[BlockingPortal, Hub]:
        with self._lock:
            if self._portal is None or self._hub is None:
                self._manager = start_blocking_portal()
                self._portal = self._manager.__enter__()
                self._hub = Hub(self.places)
                self._opened = self._portal.wrap_async_context_manager(self._hub.open())
                self._opened.__enter__()
            return self._portal, self._hub

    def call(self, name: str, work: Callable[[Client], Awaitable[Any]], *, what: str, is_read: bool) -> Any:
        """Let `work` use the connection of a server, and wait for its result; see `ConnectedServer.call`."""
        portal, hub = self._started()

        async def run() -> Any:
            return await hub.call(name, work, what=what, is_read=is_read)

        return portal.call(run)

    def call_tool(self, name: str, tool: str, arguments: Mapping[str, Any], *, what: str, is_read: bool) -> Any:
        """Call a tool of a server, and wait for its result; see `ConnectedServer.call_tool`. Nobody can be asked."""
        portal, hub = self._started()

        async def run() -> Any:
            return await hub.call_tool(name, tool, arguments, Talk(), what=what, is_read=is_read)

        return portal.call(run)

    def close(self) -> None:
        """Close every connection, and end the thread."""
        with self._lock:
            opened, manager = self._opened, self._manager
            self._opened = self._manager = self._portal = self._hub = None
        if opened is not None:
            opened.__exit__(None, None, None)
        if manager is not None:
            manager.__exit__(None, None, None)

    def __enter__(self) -> Self:
        """Return the hub."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the hub."""
        self.close()


def environment_of_process() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
