"""Pages of other origins that use the API of a sandbox, such as the explorer of a docs site.

A browser asks the server first whether a page may. A page from this machine may, and so may the origins that were
named when the server was started. No other page may: records of a sandbox are nobody's secret, but a stranger's page
could make the sandbox send webhooks to addresses that only this machine reaches. The sandbox's own API is closed to
every other page, whatever is said here.

Knows the headers that browsers use. Must not know the API.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from tool_runtime.sandbox.exchange import Outgoing

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_METHODS: Final = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


def is_welcome(origin: str | None, named: Collection[str]) -> bool:
    """Return whether a page of an origin may use the API; requests without an origin come from no page.

    Example: `http://127.0.0.1:8000` may, `https://docs.example` may if it is named.
    """
    if origin is None or origin in named:
        return origin is not None
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK


def asks_first(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a request is a browser's question before the request itself."""
    return method == "OPTIONS" and "access-control-request-method" in headers


def consent(headers: Mapping[str, str]) -> Outgoing:
    """Return the answer to a browser's question: the headers that the page wants to send are allowed."""
    wanted = headers.get("access-control-request-headers", "")
    allowed = {"access-control-allow-methods": _METHODS, "access-control-max-age": "600"}
    if wanted:
        allowed["access-control-allow-headers"] = wanted
    if "access-control-request-private-network" in headers:
        allowed["access-control-allow-private-network"] = "true"
    return Outgoing(204, allowed, b"")


def readable_by(origin: str, send: Send) -> Send:
    """Return a `send` that lets pages of an origin read what is sent."""
    extra = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending
