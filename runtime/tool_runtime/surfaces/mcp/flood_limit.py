"""The flood limit: how much another server may send before the connection is cut.

A server that never stops must not fill the memory of this program, nor the disk, nor take all of a processor. Three
measures hold for each connection: the length of one message, and the bytes and the messages that arrive between two
requests of ours. Both of the latter grow again slowly with time, for connections that stay open for hours. A server
that goes beyond is cut, and the error says how much was sent. Must not know: processes, the protocol's methods.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

import anyio
import httpx2
from mcp.shared.message import SessionMessage

from tool_runtime.surfaces.mcp.broken_items import Sieve

MEGABYTE = 1_000_000
LONGEST_MESSAGE = 16 * MEGABYTE
MOST_BYTES = 64 * MEGABYTE
MOST_MESSAGES = 10_000
BYTES_A_SECOND = MEGABYTE
MESSAGES_A_SECOND = 100


class Flooded(Exception):
    """A server sent too much; the text says what."""


class Meter:
    """What one connection may still take in. `now` is a clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._at = now, now()
        self._bytes, self._messages = float(MOST_BYTES), float(MOST_MESSAGES)
        self.cut: str | None = None

    def asked(self) -> None:
        """Note that a request goes out: the server may answer in full."""
        self._bytes, self._messages, self._at = float(MOST_BYTES), float(MOST_MESSAGES), self._now()

    def took(self, size: int = 0, messages: int = 0) -> None:
        """Note what has arrived. Raises `Flooded` once more has arrived than is allowed."""
        now = self._now()
        self._bytes = min(MOST_BYTES, self._bytes + (now - self._at) * BYTES_A_SECOND) - size
        self._messages = min(MOST_MESSAGES, self._messages + (now - self._at) * MESSAGES_A_SECOND) - messages
        self._at = now
        if self._bytes < 0:
            self.refuse(f"more than {MOST_BYTES // MEGABYTE} MB since the last request")
        if self._messages < 0:
            self.refuse(f"more than {MOST_MESSAGES} messages since the last request")

    def length(self, size: int) -> None:
        """Judge the length of one message so far. Raises `Flooded`."""
        if size > LONGEST_MESSAGE:
            self.refuse(f"a message of more than {LONGEST_MESSAGE // MEGABYTE} MB")

    def refuse(self, what: str) -> None:
        """Cut the connection. Raises `Flooded`."""
        self.cut = f"the server sent {what}, and the connection was cut"
        raise Flooded(self.cut)


class _Reading:
    """The messages of a server, counted and sifted. A stream in the sense of the SDK."""

    def __init__(self, inner: Any, meter: Meter, sieve: Sieve) -> None:
        self._inner, self._meter, self._sieve = inner, meter, sieve

    @property
    def last_context(self) -> Any:
        """The context of the request that a message belongs to, where the transport knows the request."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Any:
        message = await self._inner.receive()
        try:
            self._meter.took(messages=1)
        except Flooded:
            # The SDK ends a connection in order at the end of its stream, and only there.
            raise anyio.EndOfStream from None
        if isinstance(message, SessionMessage):
            message.message = self._sieve.sift(message.message)
        return message

    async def aclose(self) -> None:
        await self._inner.aclose()

    def __aiter__(self) -> "_Reading":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.__aexit__(*error)


class _Writing:
    """The messages to a server. A request fills the meter again."""

    def __init__(self, inner: Any, meter: Meter, sieve: Sieve) -> None:
        self._inner, self._meter, self._sieve = inner, meter, sieve

    async def send(self, item: Any) -> None:
        message = item.message
        self._sieve.sent(message)
        if hasattr(message, "method") and hasattr(message, "id"):
            self._meter.asked()
        await self._inner.send(item)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.__aexit__(*error)


@asynccontextmanager
async def metered(transport: Any, meter: Meter) -> AsyncIterator[tuple[Any, Any]]:
    """Connect through a transport of the SDK, count the messages, and leave broken items out of lists."""
    sieve = Sieve()
    async with transport as (read, write):
        yield _Reading(read, meter, sieve), _Writing(write, meter, sieve)


class _Body(httpx2.AsyncByteStream):
    """The body of an answer, counted. A stream of events may go on for long, any other body is one message."""

    def __init__(self, inner: Any, meter: Meter, *, is_one_message: bool) -> None:
        self._inner, self._meter, self._is_one_message = inner, meter, is_one_message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            self._meter.took(len(chunk))
            if self._is_one_message:
                size += len(chunk)
                self._meter.length(size)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def count_bodies(http: httpx2.AsyncClient, meter: Meter) -> None:
    """Let a client of the SDK count the bodies that the client receives.

    A body is asked for as it is: a compressed one could be a thousand times as long as what was counted.
    """
    http.headers["accept-encoding"] = "identity"

    async def count(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            meter.refuse("a compressed answer, which was not asked for")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        response.stream = _Body(response.stream, meter, is_one_message=kind != "text/event-stream")

    http.event_hooks = {"request": [], "response": [count]}
