"""One connection to another server: started when it is first needed, made again after a death, stopped at the end.

One task owns the SDK's client, since the SDK wants a connection closed where it was opened; any task calls through it.
A read that meets a dead connection is sent once more over a new one. A write never is: it may have happened. What a
server sends is counted (flood_limit), and a server that floods is cut.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tool_runtime.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    OutcomeUnknown,
    TimedOut,
    ToolError,
    UnreadableReply,
)
from tool_runtime.surfaces.common.printable import printable
from tool_runtime.surfaces.mcp.child_process import LastWords, child_streams
from tool_runtime.surfaces.mcp.flood_limit import LONGEST_MESSAGE, Meter, count_bodies, metered
from tool_runtime.surfaces.mcp.server_entries import ServerEntry
from tool_runtime.surfaces.mcp.server_requests import call_tool
from tool_runtime.surfaces.mcp.talks import TALK, Talk, elicitation, under_way

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

CONNECT_SECONDS = 30.0
TIMED_OUT = -32001
# What a server answers before it has done anything.
REFUSALS = (
    types.INVALID_PARAMS,
    types.METHOD_NOT_FOUND,
    types.INVALID_REQUEST,
    types.HEADER_MISMATCH,
    types.URL_ELICITATION_REQUIRED,
)
LAST_WORDS = 400
KINDS = {
    "notifications/tools/list_changed": "tools",
    "notifications/resources/list_changed": "resources",
    "notifications/prompts/list_changed": "prompts",
}
# A server, and which of its lists has changed.
Changed = Callable[[str, str], Awaitable[None]]


class ConnectedServer:
    """A server that is there when it is needed. `entry` has every variable and secret in place.

    `own_name` is the name of this program's own server, which is never connected to. `asks` says whether there may be a
    person who answers the server's questions; else the server learns that nobody can be asked. `changed` is awaited
    when the server says that a list of it has changed, and `note` gets a line for the log.
    """

    def __init__(
        self,
        entry: ServerEntry,
        own_name: str,
        *,
        asks: bool = False,
        changed: Changed | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.entry, self._own_name, self._asks, self._changed, self._note = entry, own_name, asks, changed, note
        self._group: TaskGroup | None = None
        self._client: Client | None = None
        self._stop: anyio.Event | None = None
        self._lock = anyio.Lock()
        self._words, self._meter = LastWords(), Meter()
        self._talks: list[Talk] = []

    @property
    def is_up(self) -> bool:
        """Whether there is a connection now."""
        return self._client is not None

    async def run(self, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Own the connections until this task is cancelled."""
        async with anyio.create_task_group() as group:
            self._group = group
            task_status.started()
            try:
                await anyio.sleep_forever()
            finally:
                self._group = None

    async def call_tool(
        self, name: str, arguments: Mapping[str, Any], talk: Talk, *, what: str, is_read: bool
    ) -> types.CallToolResult:
        """Call a tool; what the server asks and reports meanwhile goes through `talk`. Raises as `call`."""

        async def work(client: Client) -> types.CallToolResult:
            with under_way(self._talks, talk):
                return await call_tool(
                    client, name, arguments, talk, what=what, seconds=self.entry.timeout, is_read=is_read
                )

        result: types.CallToolResult = await self.call(work, what=what, is_read=is_read)
        return result

    async def call_with(self, talk: Talk, work: Callable[[Client], Awaitable[Any]], *, what: str) -> Any:
        """Let a read use the connection, with a talk for what the server asks. Raises as `call`."""

        async def talking(client: Client) -> Any:
            with under_way(self._talks, talk):
                return await work(client)

        return await self.call(talking, what=what, is_read=True)

    async def call(self, work: Callable[[Client], Awaitable[Any]], *, what: str, is_read: bool) -> Any:
        """Let `work` use the connection. Raises errors of the tree; `what` names the work in their messages."""
        for again in (is_read, False):
            client, stop = await self._connected()
            try:
                return await work(client)
            except MCPError as error:
                gone = error.code == types.CONNECTION_CLOSED or error.message in {
                    "Session not found",
                    "Session terminated",
                }
                if gone:
                    stop.set()
                    await self._gone(client)
                    if again and self._meter.cut is None:
                        continue
                raise self._told(error, what, gone=gone, is_read=is_read) from None
            except RuntimeError as error:
                # The SDK's word for a result that breaks the server's own schema of results.
                kind = UnreadableReply if is_read else OutcomeUnknown
                raise kind(
                    f"{what}: the server broke its own promise: {_clean(self.entry.hide(str(error)))}", tool=what
                ) from None
            except ValueError as error:
                kind = UnreadableReply if is_read else OutcomeUnknown
                message = f"{what}: the answer is not what the protocol says: {type(error).__name__}"
                raise kind(message, tool=what) from None
            except ToolError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ends a connection, the outcome is said
                stop.set()
                await self._gone(client)
                if again and self._meter.cut is None:
                    continue
                lost: type[ToolError] = ConnectionFailed if is_read else OutcomeUnknown
                raise lost(f"{what}: {self._meter.cut or self.entry.hide(_flat(error))}", tool=what) from None
        message = f"{what}: no connection"
        raise ConnectionFailed(message, tool=what)

    async def _gone(self, client: Client) -> None:
        with anyio.move_on_after(10):
            while self._client is client:  # noqa: ASYNC110 - the owner of a connection says nothing when it is gone
                await anyio.sleep(0.005)

    def _told(self, error: MCPError, what: str, *, gone: bool, is_read: bool) -> ToolError:
        said = self._meter.cut if gone and self._meter.cut is not None else _clean(self.entry.hide(str(error.message)))
        if error.code in REFUSALS and not gone:
            data = error.data if isinstance(error.data, Mapping) else None
            return APIError(f"{what}: {said}", tool=what, provider_message=said, body=data)
        if is_read:
            kinds: dict[int, type[ToolError]] = {TIMED_OUT: TimedOut, types.PARSE_ERROR: UnreadableReply}
            kind = ConnectionFailed if gone else kinds.get(error.code, APIError)
            return kind(f"{what}: {said}{self._last_words()}", tool=what)
        message = f"{what}: {said}; it may have happened"
        hint = "The answer was lost. Look at what the server did before you repeat the call."
        return OutcomeUnknown(message, tool=what, hint=hint)

    async def _connected(self) -> tuple[Client, anyio.Event]:
        async with self._lock:
            if self._client is None:
                if self._group is None:
                    raise ConnectionFailed(f"{self.entry.name}: the connections are closed")
                try:
                    with anyio.fail_after(CONNECT_SECONDS):
                        await self._group.start(self._own)
                except TimeoutError:
                    message = f"{self.entry.name} did not answer within {CONNECT_SECONDS:g} seconds{self._last_words()}"
                    raise ConnectionFailed(message) from None
            assert self._client is not None  # noqa: S101 - `start` returns once it is there
            assert self._stop is not None  # noqa: S101 - as above
            return self._client, self._stop

    async def _own(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        # A task starts with the variables of whoever starts the task: the call that made this connection.
        TALK.set(None)
        self._words, self._meter = LastWords(), Meter()
        started = False
        try:
            async with Client(
                self._target(),
                cache=None,
                read_timeout_seconds=self.entry.timeout,
                elicitation_callback=elicitation(self._talks, self._say) if self._asks else None,
                message_handler=self._heard,
            ) as client:
                info = client.server_info
                if info is not None and info.name == self._own_name:
                    message = f"{self.entry.name} is this program's own server, and would call itself"
                    raise ConfigurationError(  # noqa: TRY301 - the owner ends below
                        message, hint=f"Remove it: mcp remove {self.entry.name}"
                    )
                self._client, self._stop = client, anyio.Event()
                started = True
                task_status.started()
                async with anyio.create_task_group() as group:
                    group.start_soon(self._listen, client)
                    await self._stop.wait()
                    group.cancel_scope.cancel()
        except ToolError:
            if not started:
                raise
        except Exception as error:  # noqa: BLE001 - as above
            if not started:
                own = _tool_error_in(error)
                why = self._meter.cut or self.entry.hide(_flat(error))
                message = f"{self.entry.name} cannot be reached: {why}{self._last_words()}"
                raise own or ConnectionFailed(message, hint=self._help()) from None
        finally:
            self._client = None

    async def _listen(self, client: Client) -> None:
        """Listen for changes of lists, where the newer era wants a request for that."""
        capabilities = client.server_capabilities
        wanted = {
            kind: bool(getattr(getattr(capabilities, kind, None), "list_changed", False)) for kind in KINDS.values()
        }
        if self._changed is None or client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not any(wanted.values()):
            return
        with suppress(Exception):
            # A server that does not keep its word about this is asked for its lists again after some minutes.
            async with client.listen(
                tools_list_changed=wanted["tools"],
                prompts_list_changed=wanted["prompts"],
                resources_list_changed=wanted["resources"],
            ) as events:
                # Each event reaches `_heard` too.
                async for _ in events:
                    continue

    async def _heard(self, message: Any) -> None:
        kind = KINDS.get(str(getattr(message, "method", "")))
        if kind is not None and self._changed is not None:
            await self._changed(self.entry.name, kind)

    def _say(self, text: str) -> None:
        self._note(f"{self.entry.name}: {text}")

    def _target(self) -> Any:
        entry = self.entry
        if entry.kind == "stdio":
            command = [entry.command, *entry.args]
            return metered(child_streams(command, entry.env, entry.cwd, self._meter, self._words), self._meter)
        if entry.kind == "sse":
            return metered(sse_client(entry.url, httpx_client_factory=self._http), self._meter)
        return metered(self._over_http(), self._meter)

    def _http(self, headers: Mapping[str, str] | None = None, timeout: Any = None, auth: Any = None) -> Any:
        """Return a client for HTTP with the headers of the entry, whose bodies are counted."""
        client = create_mcp_http_client({**(headers or {}), **self.entry.headers}, timeout, auth)
        count_bodies(client, self._meter)
        return client

    @asynccontextmanager
    async def _over_http(self) -> AsyncIterator[Any]:
        """Connect over HTTP; the SDK leaves a client that it was given open."""
        async with (
            self._http() as http,
            streamable_http_client(self.entry.url, http_client=http, max_sse_event_size=LONGEST_MESSAGE) as streams,
        ):
            yield streams

    def _last_words(self) -> str:
        """Return the end of what a server wrote to stderr, without secrets of the entry."""
        line = self._words.line
        return f" (its last words: {_clean(self.entry.hide(line))})" if line else ""

    def _help(self) -> str:
        if self.entry.kind == "stdio":
            return f"It is started by: {' '.join([self.entry.command, *self.entry.args])[:200]}"
        return f"It is at {self.entry.url[:200]}"

    async def stop(self) -> None:
        """Close the connection; a later call makes a new one."""
        client, stop = self._client, self._stop
        if client is not None and stop is not None:
            stop.set()
            await self._gone(client)


def _clean(text: str) -> str:
    """Return the beginning of somebody else's text, without characters that act on a terminal."""
    return printable(text)[:LAST_WORDS]


def _flat(error: BaseException) -> str:
    """Return the words of the first exception inside a group: the SDK wraps what ends a connection."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {_clean(said[0])}" if said else type(error).__name__


def _tool_error_in(error: BaseException) -> ToolError | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, ToolError) else None
