"""uvicorn as the sandbox needs it: with connections that may be broken in the middle of an answer.

The one module that imports uvicorn.
"""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tool_runtime.sandbox.server.application import Scope

_transports: dict[tuple[Any, Any], asyncio.Transport] = {}


class BreakableConnection(H11Protocol):
    """A connection that `break_off` finds by the addresses of its two ends."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection."""
        super().connection_made(transport)
        _transports[self.client, self.server] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _transports.pop((self.client, self.server), None)
        super().connection_lost(exc)


def break_off(scope: Scope, *, clean: bool) -> None:
    """End the connection of a request: as if the other side had closed (clean), or as if the network had failed."""
    transport = _transports.get((scope.get("client"), scope.get("server")))
    if transport is None:
        return
    if not clean:
        # Without lingering the client gets a reset in the place of an end.
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        transport.abort()
    else:
        transport.close()


class QuietServer(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


def make_server(application: Any) -> QuietServer:
    """Return a server for an application; sockets are given to `serve`."""
    return QuietServer(
        uvicorn.Config(
            application,
            http=BreakableConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            backlog=2048,
        )
    )
