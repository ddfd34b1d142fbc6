"""One connection to another server: started when it is first needed, made again after a death, stopped at the end.

One task owns the SDK's client, since the SDK wants a connection closed where it was opened; any task calls through it.
A read that meets a dead connection is sent once more over a new one. A write never is: it may have happened.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError

from tool_runtime.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    OutcomeUnknown,
    TimedOut,
    ToolError,
    UnreadableReply,
)
from tool_runtime.surfaces.mcp.server_entries import ServerEntry

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

CONNECT_SECONDS = 30.0
TIMED_OUT = -32001
REFUSALS = (types.INVALID_PARAMS, types.METHOD_NOT_FOUND, types.INVALID_REQUEST)
MOST_PAGES = 200
LAST_WORDS = 400


class ConnectedServer:
    """A server that is there when it is needed. `entry` has every variable and secret in place.

    `own_name` is the name of this program's own server, which is never connected to. `elicit` answers the server's
    questions to a person; without it, the server learns that nobody can be asked.
    """

    def __init__(self, entry: ServerEntry, own_name: str, elicit: Any = None) -> None:
        self.entry, self._own_name, self._elicit = entry, own_name, elicit
        self._group: TaskGroup | None = None
        self._client: Client | None = None
        self._stop: anyio.Event | None = None
        self._lock = anyio.Lock()
        self._log: Any = None

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
                    if again:
                        continue
                raise self._told(error, what, gone=gone, is_read=is_read) from None
            except RuntimeError as error:
                # The SDK's word for a result that breaks the server's own schema of results.
                kind = UnreadableReply if is_read else OutcomeUnknown
                raise kind(f"{what}: the server broke its own promise: {str(error)[:LAST_WORDS]}", tool=what) from None
            except ValueError as error:
                kind = UnreadableReply if is_read else OutcomeUnknown
                message = f"{what}: the answer is not what the protocol says: {type(error).__name__}"
                raise kind(message, tool=what) from None
            except ToolError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ends a connection, the outcome is said
                stop.set()
                await self._gone(client)
                if again:
                    continue
                lost: type[ToolError] = ConnectionFailed if is_read else OutcomeUnknown
                raise lost(f"{what}: {_flat(error)}", tool=what) from None
        message = f"{what}: no connection"
        raise ConnectionFailed(message, tool=what)

    async def _gone(self, client: Client) -> None:
        with anyio.move_on_after(10):
            while self._client is client:  # noqa: ASYNC110 - the owner of a connection says nothing when it is gone
                await anyio.sleep(0.005)

    def _told(self, error: MCPError, what: str, *, gone: bool, is_read: bool) -> ToolError:
        said = str(error.message)[:LAST_WORDS]
        if error.code in REFUSALS and not gone:
            data = error.data if isinstance(error.data, Mapping) else None
            return APIError(f"{what}: {said}", tool=what, provider_message=said, body=data)
        if is_read:
            kind: type[ToolError] = TimedOut if error.code == TIMED_OUT else ConnectionFailed if gone else APIError
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
        started = False
        try:
            async with Client(
                self._target(),
                cache=None,
                read_timeout_seconds=self.entry.timeout,
                elicitation_callback=self._elicit,
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
                await self._stop.wait()
        except ToolError:
            if not started:
                raise
        except Exception as error:  # noqa: BLE001 - as above
            if not started:
                own = _tool_error_in(error)
                message = f"{self.entry.name} cannot be reached: {_flat(error)}{self._last_words()}"
                raise own or ConnectionFailed(message, hint=self._help()) from None
        finally:
            self._client = None
            if self._log is not None:
                with suppress(OSError):
                    self._log.close()
                self._log = None

    def _target(self) -> Any:
        entry = self.entry
        if entry.kind == "stdio":
            self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by `_own`
            known = StdioServerParameters(
                command=entry.command,
                args=list(entry.args),
                env=dict(entry.env),
                cwd=entry.cwd,
                encoding_error_handler="replace",
            )
            return stdio_client(known, errlog=self._log)
        if entry.kind == "sse":
            return sse_client(entry.url, headers=dict(entry.headers))
        return _over_http(entry.url, dict(entry.headers))

    def _last_words(self) -> str:
        """Return the end of what a server wrote to stderr, without secrets of the entry."""
        if self._log is None:
            return ""
        with suppress(OSError, ValueError):
            size = os.fstat(self._log.fileno()).st_size
            raw = os.pread(self._log.fileno(), 4_000, max(0, size - 4_000)) if hasattr(os, "pread") else b""
            lines = [line.strip() for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
            if lines:
                return f" (its last words: {self.entry.hide(lines[-1])[:LAST_WORDS]})"
        return ""

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


@asynccontextmanager
async def _over_http(url: str, headers: dict[str, str]) -> AsyncIterator[Any]:
    """Connect over HTTP with headers of our own; the SDK leaves a client that it was given open."""
    async with (
        create_mcp_http_client(headers=headers) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


async def every_page(fetch: Callable[[str | None], Awaitable[Any]], items: str) -> list[Any]:
    """Return the items of all pages of a list; a server that never ends, or repeats a cursor, is cut short."""
    found: list[Any] = []
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = await fetch(cursor)
        found += getattr(page, items)
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            break
        seen.add(cursor)
    return found


def _flat(error: BaseException) -> str:
    """Return the words of the first exception inside a group: the SDK wraps what ends a connection."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:LAST_WORDS]}" if said else type(error).__name__


def _tool_error_in(error: BaseException) -> ToolError | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, ToolError) else None
