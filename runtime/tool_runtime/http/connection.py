"""Connections: from a `Request` to a `Reply`, or to a `NoReply` that says whether the request may have arrived.

`Connection` blocks and `AsyncConnection` awaits. A request takes one of three ways:

- over our own connections (`network`), the usual way. They belong to one process, and under an event loop to one loop;
  elsewhere they are made anew, and what a process inherited it lets go of without touching the other process's side.
- through an httpx transport that was given instead of a network, such as the sandbox's.
- through an httpx client of the caller's own, which stays the caller's to close. Auth, redirects and cookies of that
  client are not used. Its hooks run, and what they raise goes on untouched.

What holds with a client of the caller's own:

- The limit on a reply holds. The total time holds under an event loop; a blocking client checks the time between the
  pieces of a body, and the head of an answer is under httpx's limits on progress alone.
- A fresh connection: over HTTP/1.1 with httpx's own transports, a request that wants one is refused by the `trace` of
  a used connection before a byte is written, and goes out over the next. HTTP/2 and other transports use what they
  have.
- After a fork, every request of a blocking client wants a fresh connection, so that parent and child share none.
  An asynchronous client is refused: its connections belong to the event loop of the other process.

What cannot be sent at all (a closed connection, a variable that cannot be read, a host that cannot be, a file name that
is no text) is a `NoReply` with `sent=False` whose `refusal` is the `ConfigurationError` or `InvalidArguments` to raise.
So a flow can tell a refusal from an error of the same class that a caller's hook raised. Whatever is not an error of
this request passes through.

httpx is imported when the first request is sent.
"""

import inspect
import os
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tool_runtime.core.account import Account
from tool_runtime.core.replies import NoReply, Reply
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Auth
from tool_runtime.errors import ConfigurationError, InvalidArguments, ToolError
from tool_runtime.http.bodies import aread_body, read_body, too_late
from tool_runtime.http.event_loops import INHERITED, Kept, close_in, has_ended, keeper_of, running_loop
from tool_runtime.http.progress import CURRENT, Progress, UsedConnection
from tool_runtime.http.streams import AsyncStream, Stream, stays_unread
from tool_runtime.values.secrets import hide_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import httpx

    from tool_runtime.http.network import Network
    from tool_runtime.http.network_settings import NetworkSettings

REPLY_LIMIT = 64 * 2**20
NETWORK: Any = object()
"""The value of `transport` that means the network. None is refused: a sandbox without a transport has no way out."""

# Held while connections are made or closed, and while the process forks: so no child inherits it locked.
# Reentrant, because a signal handler may close a connection while its thread makes one.
_MAKING = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_MAKING.release)


class _Common:
    """What both kinds share: construction, refusals, and the making of requests."""

    _awaits: ClassVar[bool] = False
    _handler: ClassVar[str] = "handle_request"

    def __init__(
        self,
        *,
        auth: Auth,
        schemes: "Iterable[Auth]" = (),
        agent: str,
        distribution: str,
        http_client: Any = None,
        transport: Any = NETWORK,
        reply_limit: int = REPLY_LIMIT,
    ) -> None:
        """Make a connection; nothing is opened and httpx is not imported.

        `auth` says where the usual key goes, `schemes` lists all places of keys, `agent` is the user agent.
        `distribution` is the name under which this software is installed, for advice about extras. `http_client` is a
        client of the caller's own, `transport` an httpx transport that stands in for the network. `reply_limit` is in
        bytes. Raises `ConfigurationError`.
        """
        if http_client is not None and transport is not NETWORK:
            raise ConfigurationError("a transport and an http_client exclude each other")
        if transport is not NETWORK and not callable(getattr(transport, self._handler, None)):
            message = f"the transport that stands in for the network is a {type(transport).__name__}, which has no way"
            raise ConfigurationError(f"{message} to take a request ({self._handler})")
        if type(reply_limit) is not int or reply_limit < 1:
            raise ConfigurationError(f"reply_limit is a number of bytes, 1 or more, not {reply_limit!r}")
        self._check_kind(http_client)
        self._auth = auth
        self._schemes = tuple(schemes)
        self._agent = agent
        self._distribution = distribution
        self._client = http_client
        self._transport = transport
        self._limit = reply_limit
        self._process = os.getpid()
        self._messages: Any = None
        self._closed = False

    def _check_kind(self, http_client: Any) -> None:
        if http_client is None:
            return
        send = getattr(http_client, "send", None)
        is_client = callable(send) and not inspect.isclass(http_client)
        if not is_client or inspect.iscoroutinefunction(send) is not self._awaits:
            wanted = "httpx.AsyncClient" if self._awaits else "httpx.Client"
            given = http_client.__name__ if inspect.isclass(http_client) else type(http_client).__name__
            raise ConfigurationError(f"http_client must be an {wanted}, not {given}")

    def _begin(self, request: Request, account: Account) -> "tuple[httpx.Request, Progress]":
        """Make the httpx request and its progress. Raises `NoReply` that refuses."""
        client = self._client
        try:
            inherited = client is not None and os.getpid() != self._process
            self._check_usable(inherited=inherited)
            progress = Progress(request.timeout, request.total, fresh=request.fresh or inherited, inherited=inherited)
            if self._messages is None:
                from tool_runtime.http.messages import Messages

                self._messages = Messages(self._auth, self._agent, self._schemes)
            trace = progress.trace_awaited if self._awaits else progress.trace
            defaults = None if client is None else client.headers
            return self._messages.make(request, account, defaults, trace), progress
        except ConfigurationError as error:
            refused = _refused(error)
        except (TypeError, ValueError) as error:
            # Such as the name of a file that is no text. UnicodeError is a ValueError.
            text = hide_text(str(error), tuple(account.secrets()))
            message = f"{request.tool}: the request cannot be written: {text}"
            refused = _refused(InvalidArguments(message, tool=request.tool, hint="Nothing was sent."))
        raise refused

    def _check_usable(self, *, inherited: bool) -> None:
        if self._closed or (self._client is not None and self._client.is_closed):
            raise ConfigurationError("the client is closed", hint="Make a new client; nothing was sent.")
        if inherited and self._awaits:
            message = "the http_client belongs to another process: this one was forked from it"
            raise ConfigurationError(message, hint="Make the clients after the fork; nothing was sent.")

    def _settings(self) -> "NetworkSettings":
        from tool_runtime.http.network_settings import read_network_settings

        return read_network_settings(self._distribution)

    def _silence(
        self, error: Exception, made: "httpx.Request", progress: Progress, account: Account
    ) -> Exception | None:
        """Return what to raise in place of an exception; None where the exception goes on as it is."""
        from tool_runtime.http import proofs

        alarm = proofs.alarm_in(error)
        if alarm is not None:
            return alarm
        if self._client is not None:
            return proofs.of_a_client(error, made, progress, account, self._client)
        if self._transport is not NETWORK:
            return proofs.of_a_transport(error, made, progress, account)
        if isinstance(error, ConfigurationError):
            # No hook runs on this way, so this error is the network's own: it had nothing to check certificates with.
            return _refused(error)
        return proofs.of_our_network(error, progress, account)


def _refused(error: ToolError) -> NoReply:
    return NoReply("connection", sent=False, message=error.message, refusal=error)


class Connection(_Common):
    """Sends requests and blocks until the reply is there. Threads may share one."""

    _network: "Network | None" = None

    def send(self, request: Request, account: Account) -> Reply:
        """Send a request of an account and return its reply. Raises `NoReply`."""
        made, progress = self._begin(request, account)
        send = self._way()
        token = CURRENT.set(progress)
        try:
            response = self._answered(send, made)
            progress.answered = True
            if stays_unread(request, response):
                return Reply(response.status_code, response.headers, b"", Stream(response))
            try:
                content = read_body(response, self._limit, progress)
            finally:
                response.close()
            return Reply(response.status_code, response.headers, content)
        except NoReply:
            raise
        except Exception as error:
            silence = self._silence(error, made, progress, account)
            if silence is None:
                raise
        finally:
            CURRENT.reset(token)
        # Outside of the handler: the text of a foreign exception may hold the key, and a traceback would show it.
        raise silence

    def _way(self) -> "Callable[[httpx.Request], httpx.Response]":
        if self._client is not None:
            client = self._client
            # Neither httpx's own auth nor a redirect may take the key elsewhere or replace it.
            return lambda made: client.send(made, auth=None, follow_redirects=False, stream=True)
        if self._transport is not NETWORK:
            handle: Callable[[httpx.Request], httpx.Response] = self._transport.handle_request
            return handle
        network = self._network
        if network is None or network.process != os.getpid():
            network = self._opened()
        return network.handle_request

    @staticmethod
    def _answered(send: "Callable[[httpx.Request], httpx.Response]", made: "httpx.Request") -> "httpx.Response":
        while True:
            try:
                return send(made)
            except UsedConnection:
                # Nothing was written. The used connection is closed now, so this comes to an end.
                continue

    def _opened(self) -> "Network":
        from tool_runtime.http.network import Network

        try:
            settings = self._settings()
        except ConfigurationError as error:
            refused = _refused(error)
        else:
            with _MAKING:
                network = self._network
                if network is not None and network.process != os.getpid():
                    network.abandon()
                    network = None
                if network is None:
                    network = self._network = Network(settings)
            return network
        raise refused

    def close(self) -> None:
        """Close the connections; a client of the caller's own stays open."""
        self._closed = True
        with _MAKING:
            network, self._network = self._network, None
        if network is not None:
            if network.process == os.getpid():
                network.close()
            else:
                network.abandon()


class AsyncConnection(_Common):
    """Sends requests and awaits the reply. Event loops of several threads may share one."""

    _awaits = True
    _handler = "handle_async_request"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._kept: dict[Any, Kept] = {}

    async def send(self, request: Request, account: Account) -> Reply:
        """Send a request of an account and return its reply. Raises `NoReply`."""
        made, progress = self._begin(request, account)
        send = await self._way()
        # Not reset: an abandoned coroutine may be closed in another context, which a reset would not survive.
        CURRENT.set(progress)
        try:
            return await self._in_time(send, made, progress, request)
        except NoReply:
            raise
        except Exception as error:
            silence = self._silence(error, made, progress, account)
            if silence is None:
                raise
        # Outside of the handler: the text of a foreign exception may hold the key, and a traceback would show it.
        raise silence

    async def _in_time(self, send: Any, made: "httpx.Request", progress: Progress, request: Request) -> Reply:
        if progress.total is None:
            return await self._exchanged(send, made, progress, request)
        from anyio import move_on_after

        with move_on_after(progress.total) as scope:
            reply = await self._exchanged(send, made, progress, request)
        if not scope.cancelled_caught:
            return reply
        late = too_late(progress.total)
        if self._client is None and self._transport is NETWORK and not progress.answered:
            from tool_runtime.http.proofs import nothing_went_out

            late.sent = not nothing_went_out(progress)
        raise late

    async def _exchanged(self, send: Any, made: "httpx.Request", progress: Progress, request: Request) -> Reply:
        response = await self._answered(send, made)
        progress.answered = True
        if stays_unread(request, response):
            return Reply(response.status_code, response.headers, b"", AsyncStream(response))
        try:
            content = await aread_body(response, self._limit)
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, content)

    async def _way(self) -> Any:
        if self._client is not None:
            client = self._client
            return lambda made: client.send(made, auth=None, follow_redirects=False, stream=True)
        if self._transport is not NETWORK:
            return self._transport.handle_async_request
        loop, is_asyncio = running_loop()
        kept = self._kept.get(loop)
        if kept is None or kept.network.process != os.getpid():
            kept = await self._opened(loop, is_asyncio=is_asyncio)
        return kept.network.handle_async_request

    @staticmethod
    async def _answered(send: Any, made: "httpx.Request") -> "httpx.Response":
        while True:
            try:
                response: httpx.Response = await send(made)
            except UsedConnection:
                continue
            return response

    async def _opened(self, loop: Any, *, is_asyncio: bool) -> Kept:
        from tool_runtime.http.network import AsyncNetwork

        try:
            settings = self._settings()
        except ConfigurationError as error:
            refused = _refused(error)
        else:
            network = AsyncNetwork(settings, asyncio=is_asyncio)
            kept = Kept(network, keeper_of(network, partial(_forget, weakref.ref(self), loop)))
            inherited = self._kept.get(loop)
            if inherited is not None:
                INHERITED.append(inherited)
            for ended in [known for known in self._kept if has_ended(known)]:
                self.forget(ended)
            self._kept[loop] = kept
            await anext(kept.keeper)
            return kept
        raise refused

    def forget(self, loop: Any) -> None:
        """Take note that the connections of an event loop are gone."""
        self._kept.pop(loop, None)

    async def aclose(self) -> None:
        """Close the connections; a client of the caller's own stays open.

        Those of other event loops that still run are closed by these, as soon as they get to it.
        """
        self._closed = True
        here = running_loop()[0] if self._kept else None
        for loop, kept in list(self._kept.items()):
            self.forget(loop)
            if kept.network.process != os.getpid():
                INHERITED.append(kept)
            elif loop is here:
                await kept.keeper.aclose()
            else:
                close_in(loop, kept.keeper)


def _forget(owner: "weakref.ref[AsyncConnection]", loop: Any) -> None:
    connection = owner()
    if connection is not None:
        connection.forget(loop)
