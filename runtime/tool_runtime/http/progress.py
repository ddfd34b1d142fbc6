"""Progress: how far one attempt got, which decides what a failure proves.

A `Progress` is made for each attempt and thrown away with it. Two witnesses write to it. The streams of our own
connections (`network`) note every byte that goes out. The `trace` extension of a request, which httpx hands down to
httpcore, reports the same for an httpx client of the caller's own. Witnesses only ever make a claim weaker. Where a
transport of httpx's own reports nothing, `began` stays False, and the kind of the error has to say that nothing was
sent. Another transport that reports nothing proves nothing (`proofs`).

Knows no httpx: the events of the trace are words (https://www.encode.io/httpcore/extensions/).
"""

import time
from contextvars import ContextVar
from typing import Any

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError

# As many idle connections as a pool may hold and more, so that a transport without connections of its own ends too.
MOST_REFUSALS = 200


class UsedConnection(Exception):
    """The request was about to go out over a connection that may not be used; nothing was written."""


class Progress:
    """What is known of one attempt.

    `pace`: the seconds that it may go without progress. `total`: the seconds that it may take in all. `deadline`: when
    it ends, by `time.monotonic`. `fresh`: refuse a connection that was used before.
    `inherited`: whatever connection is already open belongs to another process, from which this one was forked.
    `connected`: a connection was opened for this attempt. `tunnelling`: a proxy was asked for a way to the host, which
    is not open yet. `began`: the request itself began to go out. `written`: bytes went out over a connection of our
    own. `answered`: the head of the answer has come. `opened`: the streams of our own that were opened for the attempt.
    """

    __slots__ = (
        "_refusals",
        "answered",
        "began",
        "connected",
        "deadline",
        "fresh",
        "inherited",
        "opened",
        "pace",
        "total",
        "tunnelling",
        "written",
    )

    def __init__(self, pace: float, total: float | None, *, fresh: bool = False, inherited: bool = False) -> None:
        self.pace = pace
        self.total = total
        self.deadline = None if total is None else time.monotonic() + total
        self.fresh = fresh
        self.inherited = inherited
        self.connected = self.tunnelling = self.began = self.written = self.answered = False
        self.opened: list[Any] = []
        self._refusals = 0

    def trace(self, event: str, information: dict[str, Any]) -> None:
        """Take an event of httpcore, such as `http11.send_request_headers.started`.

        Raises `UsedConnection` to refuse a connection, which httpcore then closes. A connection of HTTP/2 stays open
        and is shared with other requests, so an inherited one is refused for good, with `NoReply`.
        """
        if event.endswith((".connect_tcp.started", ".connect_unix_socket.started")):
            self.connected = True
        elif event.endswith(".send_request_headers.started"):
            self.tunnelling = getattr(information.get("request"), "method", b"") == b"CONNECT"
            if self.fresh and not self.connected:
                self._refuse(event)
            self.began = self.began or not self.tunnelling
        elif event.endswith(".setup_socks5_connection.started"):
            self.tunnelling = True
        elif event.endswith(".start_tls.started"):
            self.tunnelling = False

    def _refuse(self, event: str) -> None:
        if event.startswith("http11.") and self._refusals < MOST_REFUSALS:
            self._refusals += 1
            raise UsedConnection(event)
        if self.inherited:
            message = "the http_client holds a connection of another process, from which this one was forked"
            error = ConfigurationError(message, hint="Make the http_client after the fork; nothing was sent.")
            raise NoReply("connection", sent=False, message=message, refusal=error)

    async def trace_awaited(self, event: str, information: dict[str, Any]) -> None:
        """Take an event, as httpcore wants it under an event loop."""
        self.trace(event, information)

    def left(self) -> float | None:
        """Return the seconds that are left; negative after the deadline, None where there is no deadline."""
        return None if self.deadline is None else self.deadline - time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


# The attempt that the present thread or task is making, for streams that serve one attempt after another.
CURRENT: ContextVar[Progress] = ContextVar("attempt under way")
