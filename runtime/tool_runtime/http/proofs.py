"""Proofs: what an exception proves about the request during which it was raised.

Owns the one answer that the first law rests on: may the request have reached the other side? It cannot have, and
`sent` is False, only where an error of this very request says that no connection was made, and no witness says that
bytes went out. An error of somebody else's request proves nothing: a hook of the caller's own client may have raised
that error after the answer. Such an exception is not translated at all, and neither is any other that a request does
not end in: the functions return None, and the exception goes on as it is.

Imported when the first request is sent, since httpx and httpcore are.
"""

import zlib
from types import TracebackType
from typing import Any

import httpcore
import httpx

from tool_runtime.core.account import Account
from tool_runtime.core.replies import NoReply
from tool_runtime.http.network import LeftOver
from tool_runtime.http.progress import Progress

# No connection was had in any of these. A LocalProtocolError is not among them, since over HTTP/2 it also stands for
# what went wrong after the headers had gone out.
_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
    httpcore.ProxyError,
)
_TIMEOUTS = (httpx.TimeoutException, httpcore.TimeoutException)
# Raised while the body of an answer is read.
_OF_BODIES = (httpx.TransportError, httpx.StreamError, httpx.DecodingError, zlib.error)
_OF_NETWORK = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    LeftOver,
)
# A TimeoutError raised in one of these means that time ran out on a socket. In any other module it is somebody's alarm.
_OF_SOCKETS = {"anyio", "asyncio", "gevent", "httpcore", "httpx", "selectors", "socket", "ssl", "trio", "uvloop"}


def of_our_network(error: Exception, progress: Progress, account: Account) -> NoReply | None:
    """Say what an exception of our own connections proves."""
    if not isinstance(error, _OF_NETWORK + _OF_BODIES):
        return None
    unsent = nothing_went_out(progress) or (isinstance(error, _UNSENT) and not progress.began)
    return _no_reply(error, account, sent=progress.answered or not unsent)


def nothing_went_out(progress: Progress) -> bool:
    """Whether an attempt over our own connections wrote nothing of its request: no byte, or words to a proxy alone."""
    return not progress.written or progress.tunnelling


def of_a_transport(error: Exception, made: httpx.Request, progress: Progress, account: Account) -> NoReply | None:
    """Say what an exception proves of a transport that nothing but this connection uses."""
    if not isinstance(error, _OF_BODIES):
        return None
    is_ours = _request_of(error) in {None, made}
    unsent = isinstance(error, _UNSENT) and is_ours and not progress.began and not progress.answered
    return _no_reply(error, account, sent=not unsent)


def of_a_client(
    error: Exception, made: httpx.Request, progress: Progress, account: Account, client: Any
) -> NoReply | None:
    """Say what an exception proves that came out of a client of the caller's own.

    Before the answer, only an error that bears this request is one of this request. A hook that calls
    `raise_for_status` raises an error that bears this request too, and that is no `TransportError`.
    """
    if progress.answered:
        return _no_reply(error, account, sent=True) if isinstance(error, _OF_BODIES) else None
    if not isinstance(error, httpx.TransportError | httpx.DecodingError) or _request_of(error) is not made:
        return None
    unsent = isinstance(error, _UNSENT) and not progress.began and _is_believed(client, made, progress)
    return _no_reply(error, account, sent=not unsent)


def _is_believed(client: Any, made: httpx.Request, progress: Progress) -> bool:
    """Whether "no connection" out of a caller's client is about this request, and about all that was sent for it.

    httpx puts this request on whatever error leaves a transport. A transport of the caller's own may have sent the
    request before, by a way that reports nothing, and a response hook may send the same request again. httpx's own
    network transports report each attempt.
    """
    choose = getattr(client, "_transport_for_url", None)
    kind = type(choose(made.url)) if choose is not None else None
    if kind in {httpx.HTTPTransport, httpx.AsyncHTTPTransport}:
        return True
    if getattr(client, "event_hooks", {}).get("response"):
        return False
    return progress.connected or (kind is not None and kind.__module__.partition(".")[0] == "httpx")


def alarm_in(error: BaseException) -> TimeoutError | None:
    """Return the TimeoutError of the caller's own that httpcore took for one of a socket, or None.

    C code raises the TimeoutError of a socket, under httpcore or ssl. A handler of signals raises that of an alarm in
    the midst of the same code, so the traceback begins in httpcore and ends in the module of that handler. One that the
    caller was handling when the request was made begins elsewhere.
    """
    cause: BaseException | None = error
    while isinstance(cause, _TIMEOUTS + _UNSENT):
        # A pool of httpcore hides the cause by `from None`; the context is left.
        cause = cause.__cause__ or cause.__context__
    trace = cause.__traceback__ if isinstance(cause, TimeoutError) else None
    if not isinstance(cause, TimeoutError) or trace is None or not _is_of_sockets(trace):
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    return None if _is_of_sockets(trace) else cause


def _is_of_sockets(trace: TracebackType) -> bool:
    return str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] in _OF_SOCKETS


def _request_of(error: Exception) -> Any:
    try:
        return getattr(error, "request", None)
    except RuntimeError:  # httpx's way to say that there is none
        return None


def _no_reply(error: Exception, account: Account, *, sent: bool) -> NoReply:
    is_timeout = isinstance(error, _TIMEOUTS)
    what = ("no answer in time" if is_timeout else "no answer") if sent else "no connection"
    text = str(error) or type(error).__name__
    text = account.key.hide(text) if account.key is not None else text
    return NoReply("timeout" if is_timeout else "connection", sent=sent, message=f"{what}: {text}")
