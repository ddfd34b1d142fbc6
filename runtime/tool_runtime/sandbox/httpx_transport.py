"""The sandbox as an httpx transport: an adapter between httpx's requests and responses and the engine's.

The one module of the sandbox that knows httpx.
"""

from collections.abc import Mapping
from typing import Final

import httpx

from tool_runtime.sandbox.engine import Engine
from tool_runtime.sandbox.exchange import Incoming, NoAnswer, Silence

_ERRORS: Final[Mapping[Silence, type[httpx.TransportError]]] = {
    "refuse_connection": httpx.ConnectError,
    "connect_timeout": httpx.ConnectTimeout,
    "lose_answer": httpx.ReadError,
    "drop_connection": httpx.RemoteProtocolError,
    "read_timeout": httpx.ReadTimeout,
}


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport to the sandbox; several clients may share one, so closing does nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        request.read()
        return self._handle(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an async client."""
        await request.aread()
        return self._handle(request)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        incoming = Incoming(
            method=request.method,
            path=request.url.raw_path.partition(b"?")[0].decode("ascii"),
            query=tuple(request.url.params.multi_items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            content=request.content,
        )
        try:
            reply = self._engine.answer(incoming)
        except NoAnswer as silence:
            message = "the sandbox does not answer, because a failure says so"
            raise _ERRORS[silence.kind](message, request=request) from None
        if reply.missing:
            message = "the sandbox closes the connection before the answer is complete, because a failure says so"
            raise httpx.RemoteProtocolError(message, request=request)
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.content, request=request)
