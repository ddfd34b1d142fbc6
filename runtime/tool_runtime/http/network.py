"""The network: our own connections, over httpcore's pools.

Owns what httpx's own transports leave open. A stream lowers each limit on progress to what is left of the attempt's
deadline, so that an answer that drips byte by byte ends too. A stream knows with which bytes the answer began, so an
answer that was left over on a connection is not taken for the next one. A request that wants a fresh connection gets
a pool of its own, which is closed behind that request. And a process can let go of the connections that it inherited.

`Network` blocks and `AsyncNetwork` awaits; both have the method of an httpx transport. An `AsyncNetwork` belongs to one
event loop. Deadlines under an event loop are the connection's business, which cancels; here they are left alone.

Imported when the first request is sent, since httpx and httpcore are.
"""

import os
import socket
import ssl
import weakref
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import anyio
import httpcore
import httpx

from tool_runtime.errors import ConfigurationError
from tool_runtime.http.network_settings import NetworkSettings, Proxy
from tool_runtime.http.progress import CURRENT

# What httpx allows: see httpx.Limits.
LIMITS = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 5.0}
# Large enough to cost nothing, and small enough that a reader who takes a body slowly meets the deadline in between.
SLICE = 256 * 1024
ANSWER = b"HTTP/"
_LEFT_OVER = "the connection held an answer to an earlier request"


class LeftOver(Exception):
    """The answer began before the request had gone out: it belongs to an earlier request."""


@lru_cache(maxsize=1)
def default_certificates() -> ssl.SSLContext:
    """Return httpx's own certificates; to load them takes 20 ms."""
    try:
        return httpx.create_ssl_context(trust_env=False)
    except OSError as error:  # ssl.SSLError is one
        message = f"the certificates that come with httpx cannot be read: {error}"
        raise ConfigurationError(message, hint="Install certifi again. Nothing was sent.") from None


def _paced(timeout: float | None) -> float | None:
    """Return a limit on progress; httpcore gives none to the words that it exchanges with a SOCKS proxy."""
    progress = CURRENT.get(None)
    return timeout if timeout is not None or progress is None else progress.pace


def _lowered(timeout: float | None, late: type[Exception]) -> float | None:
    """Return a limit on progress, lowered to what is left of the attempt; raise `late` where nothing is left."""
    timeout, progress = _paced(timeout), CURRENT.get(None)
    left = None if progress is None else progress.left()
    if left is None or timeout is None:
        return timeout
    if left <= 0:
        raise late("the attempt took too long")
    return min(timeout, left)


def _note_written() -> None:
    progress = CURRENT.get(None)
    if progress is not None:
        progress.written = True


def _note_opened(stream: Any) -> None:
    progress = CURRENT.get(None)
    if progress is not None:
        progress.opened.append(stream)


class TimedStream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the attempt. `opening` is how the answer to the last write began.

    `known` is where every stream of a network stands, for a process that has to let go of them.
    """

    def __init__(self, stream: httpcore.NetworkStream, known: "weakref.WeakSet[TimedStream]") -> None:
        self._stream = stream
        self._known = known
        self.opening = b""
        known.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        data = self._stream.read(max_bytes, _lowered(timeout, httpcore.ReadTimeout))
        if len(self.opening) < len(ANSWER):
            self.opening += data[: len(ANSWER)]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self.opening = b""
        for start in range(0, len(buffer), SLICE):
            allowed = _lowered(timeout, httpcore.WriteTimeout)
            _note_written()
            self._stream.write(buffer[start : start + SLICE], allowed)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on under TLS."""
        allowed = _lowered(timeout, httpcore.ConnectTimeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, allowed), self._known)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for, such as the socket."""
        return self._stream.get_extra_info(info)


class TimedBackend(httpcore.NetworkBackend):
    """Opens connections. Each address of a host is tried within what is left of the attempt."""

    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()
        self.streams: weakref.WeakSet[TimedStream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection to the first address that takes one."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in dict.fromkeys(str(place[4][0]) for place in found):
            allowed = _lowered(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(address, port, allowed, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                opened = TimedStream(stream, self.streams)
                _note_opened(opened)
                return opened
        raise failure


class WatchedStream(httpcore.AsyncNetworkStream):
    """A connection under an event loop. `opening` is how the answer to the last write began."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.opening = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        data = await self._stream.read(max_bytes, _paced(timeout))
        if len(self.opening) < len(ANSWER):
            self.opening += data[: len(ANSWER)]
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self.opening = b""
        if buffer:
            _note_written()
            await self._stream.write(buffer, _paced(timeout))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Go on under TLS."""
        return WatchedStream(await self._stream.start_tls(ssl_context, server_hostname, _paced(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for, such as the socket."""
        return self._stream.get_extra_info(info)


class WatchedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections under the event loop that runs: asyncio or trio."""

    def __init__(self, *, asyncio: bool) -> None:
        self._backend = httpcore.AnyIOBackend() if asyncio else httpcore.TrioBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection."""
        try:
            stream = await self._backend.connect_tcp(host, port, _paced(timeout), local_address, socket_options)
        except UnicodeError as error:
            raise httpcore.ConnectError(str(error)) from error
        opened = WatchedStream(stream)
        _note_opened(opened)
        return opened


class _Ways:
    """What both kinds share: the proxies of hosts, a kept pool for each way, and httpcore's requests and responses."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        self._pools: dict[Proxy | None, Any] = {}
        self.process = os.getpid()

    def _certificates(self, *, wanted: bool) -> ssl.SSLContext | None:
        if not wanted:
            return None
        return self._settings.certificates or default_certificates()

    def _pool(self, request: httpx.Request, kinds: tuple[Any, Any, Any], backend: Any, *, fresh: bool) -> Any:
        url = request.url
        proxy = self._settings.proxy_for(url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        pool = None if fresh else self._pools.get(proxy)
        if pool is None:
            pool = self._made(proxy, url.scheme, kinds, backend)
            if not fresh:
                # Of two threads that come here at once, both use the pool that was kept.
                pool = self._pools.setdefault(proxy, pool)
        return pool

    def _made(self, proxy: Proxy | None, scheme: str, kinds: tuple[Any, Any, Any], backend: Any) -> Any:
        direct, over_http, over_socks = kinds
        known: dict[str, Any] = {**LIMITS, "network_backend": backend}
        if scheme == "https":
            known["ssl_context"] = self._certificates(wanted=True)
        if proxy is None:
            return direct(**known)
        url = httpcore.URL(scheme=proxy.scheme.encode(), host=proxy.host.encode("ascii"), port=proxy.port, target=b"/")
        if proxy.scheme.startswith("socks"):
            return over_socks(proxy_url=url, proxy_auth=proxy.auth, **known)
        # A proxy that is itself reached over TLS is checked by the same certificates as the API.
        known["proxy_ssl_context"] = self._certificates(wanted=proxy.scheme == "https")
        return over_http(proxy_url=url, proxy_auth=proxy.auth, **known)


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _is_left_over(response: httpcore.Response) -> bool:
    """Whether the answer came out of what had been read before the request went out."""
    stream = response.extensions.get("network_stream")
    opening = getattr(stream, "opening", None)
    return opening is not None and not opening.startswith(ANSWER)


class Network(_Ways):
    """The network as a blocking httpx transport. Threads may share one."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        self._backend = TimedBackend()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the response is read later. Raises httpcore's errors and `LeftOver`."""
        progress = CURRENT.get()
        kinds = (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)
        pool = self._pool(request, kinds, self._backend, fresh=progress.fresh)
        try:
            response = pool.handle_request(_core_request(request))
        except BaseException:
            # httpcore forgets a connection to a SOCKS proxy that opened no way.
            for stream in progress.opened:
                stream.close()
            raise
        body = _Body(response, pool if progress.fresh else None)
        if _is_left_over(response):
            body.close()
            raise LeftOver(_LEFT_OVER)
        return httpx.Response(
            response.status, headers=response.headers, stream=body, extensions=response.extensions, request=request
        )

    def close(self) -> None:
        """Close the connections."""
        for pool in list(self._pools.values()):
            pool.close()

    def abandon(self) -> None:
        """Let go of connections that another process made, without a word to the other side.

        The sockets are closed one by one and not through their pool, whose lock a thread of the other process may have
        held when this one was forked. The other process's own descriptors stay open, and so does the connection.
        """
        for stream in list(self._backend.streams):
            held = stream.get_extra_info("socket")
            if held is not None:
                held.close()
        self._pools.clear()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response, pool: httpcore.ConnectionPool | None) -> None:
        self._response = response
        self._pool = pool

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        try:
            self._response.close()
        finally:
            if self._pool is not None:
                self._pool.close()


class AsyncNetwork(_Ways):
    """The network as an httpx transport for one event loop."""

    def __init__(self, settings: NetworkSettings, *, asyncio: bool) -> None:
        super().__init__(settings)
        self._backend = WatchedBackend(asyncio=asyncio)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the body of the response is read later. Raises httpcore's errors and `LeftOver`."""
        progress = CURRENT.get()
        kinds = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)
        pool = self._pool(request, kinds, self._backend, fresh=progress.fresh)
        try:
            response = await pool.handle_async_request(_core_request(request))
        except BaseException:
            # A cancelled attempt closes too, and so needs a shield.
            with anyio.CancelScope(shield=True):
                for stream in progress.opened:
                    await stream.aclose()
            raise
        body = _AsyncBody(response, pool if progress.fresh else None)
        if _is_left_over(response):
            await body.aclose()
            raise LeftOver(_LEFT_OVER)
        return httpx.Response(
            response.status, headers=response.headers, stream=body, extensions=response.extensions, request=request
        )

    async def aclose(self) -> None:
        """Close the connections; an event loop that ends has cancelled this already, which the shield keeps off."""
        with anyio.CancelScope(shield=True):
            for pool in list(self._pools.values()):
                await pool.aclose()


class _AsyncBody(httpx.AsyncByteStream):
    """The body of a response. No generator itself: see `aclose`."""

    def __init__(self, response: httpcore.Response, pool: httpcore.AsyncConnectionPool | None) -> None:
        self._response = response
        self._pool = pool
        self._parts: AsyncIterator[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._parts = self._response.aiter_stream()
        return self._parts

    async def aclose(self) -> None:
        """Close the connection of a body that was not read to its end, and end the generators of httpcore.

        What is left in the middle makes trio warn when it is collected. After the closing, a read ends at once.
        """
        with anyio.CancelScope(shield=True):
            try:
                await self._response.aclose()
                with suppress(Exception):
                    while self._parts is not None:
                        await anext(self._parts)
            finally:
                if self._pool is not None:
                    await self._pool.aclose()
