"""Replies: from what the API answered to a result or an error.

Owns the reading of statuses and bodies. Results are the JSON as sent, or the text, bytes, events or location that the
tool declares (`values.media`); 204 and empty bodies are None; nothing is checked against the spec, since the API may be
ahead of it. Knows no httpx and decides no retry.
"""

import json
import math
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, NoReturn

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Returns, Tool
from tool_runtime.errors import (
    APIError,
    RedirectRefused,
    RemoteError,
    ToolError,
    UnreadableReply,
    error_for_status,
)
from tool_runtime.values.media import Content, events_of, fits, kind_of, text_of
from tool_runtime.values.secrets import hide_text
from tool_runtime.values.templates import lookup

SHOWN_BODY = 500
NO_CONTENT = 204
GATEWAY_STATUSES = frozenset({502, 503, 504})
# Ten years; what is above it is no time to wait, and may not even be a number that JSON can hold.
MAX_RETRY_AFTER = 315_360_000.0


class Reply(NamedTuple):
    """One HTTP answer; header names are asked for in lower case.

    `stream` holds the body of an answer that was left unread: an iterator of its pieces, which is read once.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    stream: Any = None


class NoReply(Exception):
    """A request had no answer: a signal to the flow, which turns it into an error.

    `kind` is `timeout`, `connection` or `too_large`. `sent` says whether the request may have reached the other side;
    False is proof that this very request did not. `refusal` is the error to raise where the request was refused here.
    """

    def __init__(self, kind: str, *, sent: bool, message: str, refusal: ToolError | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = sent
        self.message = message
        self.refusal = refusal


def is_result(tool: Tool, reply: Reply) -> bool:
    """Whether a reply is an answer that the tool may return: a 2xx, or the redirect that the tool declares."""
    return 200 <= reply.status < 300 or (  # noqa: PLR2004
        tool.returns.content == "location" and 300 <= reply.status < 400 and bool(reply.headers.get("location"))  # noqa: PLR2004
    )


def read_result(tool: Tool, reply: Reply) -> Any:
    """Return the result in a reply, or raise `UnreadableReply`.

    JSON is decoded. What comes in another media type that the tool declares is returned as text, bytes or events.
    """
    returns = tool.returns
    if returns.content == "location" and reply.headers.get("location"):
        return reply.headers["location"]
    # Most tools declare no media type, and to look a header up costs as much as to decode a short answer.
    given = reply.headers.get("content-type", "") if returns.media_types else ""
    kind = _kind(returns, given)
    if reply.stream is not None:
        return reply.stream.events() if kind == "events" else reply.stream
    if kind == "bytes":
        has_body = bool(reply.content) or (returns.content == "bytes" and reply.status != NO_CONTENT)
        return Content(reply.content, given.partition(";")[0].strip()) if has_body else None
    if kind == "text" and returns.content == "text" and reply.status != NO_CONTENT:
        return text_of(reply.content, given)
    if reply.status == NO_CONTENT or not reply.content or (kind == "json" and reply.content.isspace()):
        return None
    if kind == "text":
        return text_of(reply.content, given)
    if kind == "events":
        return events_of([reply.content])
    try:
        return _decode(reply.content)
    except (ValueError, RecursionError) as error:
        kind = reply.headers.get("content-type", "no content type")
        message = f"{tool.name}: the answer ({reply.status}, {kind}) is no JSON: {shown(reply.content, 120)}"
        raise UnreadableReply(message, tool=tool.name, status=reply.status) from error


def _kind(returns: Returns, given: str) -> str:
    """Say what the body of an answer is: by the content type that came, where the tool declares it."""
    declared = returns.media_types
    if not declared or (returns.content == "json" and not fits(given, declared)):
        return "json"
    if not given:
        return returns.content
    kind = kind_of(given)
    if kind == "json" and returns.content in {"bytes", "text"} and any(kind_of(name) == "json" for name in declared):
        return "json"
    if returns.content == "bytes" and fits(given, declared):
        return kind if kind in {"events", "json"} else "bytes"
    return kind


def read_error(tool: Tool, reply: Reply, registry: Registry, now: float) -> RemoteError:
    """Return the error that a reply outside 2xx stands for. `now` is epoch seconds, for dates in Retry-After."""
    status = reply.status
    if status < 400:  # noqa: PLR2004
        location = reply.headers.get("location", "")[:200]
        message = f"{tool.name}: the API answered {status} and points to {location or 'nowhere'}; this is not followed"
        hint = "Check the base URL."
        return RedirectRefused(message, tool=tool.name, status=status, location=location, hint=hint)
    body, provider_message = _error_body(reply, registry)
    message = f"{tool.name}: the API answered {status}: {provider_message or shown(reply.content, 200) or 'no text'}"
    return error_for_status(status)(
        message,
        tool=tool.name,
        status=status,
        provider_message=provider_message,
        body=body,
        retry_after=retry_after(reply.headers, now),
        hint=_HINTS.get(status),
    )


def without(reply: Reply, secrets: Iterable[str]) -> Reply:
    """Return the reply without these texts, in any of the ways in which JSON, URLs and headers write them."""
    hidden = tuple(secrets)
    # Bytes that are no UTF-8 stay what they are.
    content = hide_text(reply.content.decode(errors="surrogateescape"), hidden).encode(errors="surrogateescape")
    headers = {name: hide_text(reply.headers.get(name, ""), hidden) for name in _READ_HEADERS}
    return Reply(reply.status, headers, content)


def speaks_for_the_api(error: Exception) -> bool:
    """Whether an error came from the API itself, in its own shape, and not from something in between.

    Gateways answer 502, 503 and 504 in the shape of the API behind them, so these statuses prove nothing.
    """
    own_shape = isinstance(error, APIError) and error.provider_message is not None
    return own_shape and getattr(error, "status", 0) not in GATEWAY_STATUSES


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read Retry-After in seconds, from either of its forms; None where it is absent or makes no sense."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = (
            float(value) if value.replace(".", "", 1).isdigit() else parsedate_to_datetime(value).timestamp() - now
        )
    except (ValueError, OverflowError, TypeError):
        return None
    return max(seconds, 0.0) if seconds < MAX_RETRY_AFTER else None


def shown(content: bytes, most: int = SHOWN_BODY) -> str:
    """Return the beginning of a body, on one line, for a message."""
    text = " ".join(content[: most * 4].decode(errors="replace").split())
    return text if len(text) <= most else text[:most] + "…"


def _error_body(reply: Reply, registry: Registry) -> tuple[Any, str | None]:
    try:
        body = _decode(reply.content)
    except (ValueError, RecursionError):
        return shown(reply.content) or None, None
    for path in registry.error_messages:
        message = lookup(body, path)
        if isinstance(message, str) and message:
            return body, message[:SHOWN_BODY]
    return body, None


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    value = float(text)
    if value in (math.inf, -math.inf):
        message = f"{text[:40]} is beyond what a number can hold"
        raise ValueError(message)
    return value


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_READ_HEADERS = ("content-type", "location", "retry-after")


def _decode(content: bytes) -> Any:
    text = content.decode()
    # Some servers begin with a byte order mark, which is no JSON.
    return _STRICT.decode(text.removeprefix("\ufeff"))


_HINTS = {
    401: "Check the API key of this account.",
    402: "The provider wants a payment method or credit before it does this.",
    403: "The API key lacks the permission for this.",
    422: "Check that every id in the arguments exists under this API key.",
    429: "Wait before the next call; retry_after says how many seconds, where the API told.",
}
