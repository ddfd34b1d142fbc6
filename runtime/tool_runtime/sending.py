"""Sending: one request, attempted as often as is harmless, to its result or its error.

Owns the first law. A read is repeated after lost answers, 408, 429 and 5xx. A write is repeated only where it cannot
have happened (no connection was made; 429), or where it carries an idempotency key, and then the same key goes with
every attempt. Once an attempt may have happened, no later failure hides it: the call ends in `OutcomeUnknown`, with
the recipe that finds out.
"""

import logging
from collections.abc import Generator
from typing import Any

from tool_runtime.binding import Bound
from tool_runtime.errors import (
    APIError,
    ConnectionFailed,
    OutcomeUnknown,
    RedirectRefused,
    RemoteError,
    ServerError,
    ServerErrorOutcomeUnknown,
    TimedOut,
    UnreadableReply,
)
from tool_runtime.flow import Command, Context, Send, Sleep
from tool_runtime.registry import Tool
from tool_runtime.replies import Reply, TransportFault, read_error, read_result
from tool_runtime.requests import build_request, given_idempotency_key, hide_secrets
from tool_runtime.templates import expand

log = logging.getLogger("tool_runtime")

DEFAULT_TIMEOUT = 60.0
DEFAULT_RETRIES = 2
BACKOFF_BASE = 0.5
BACKOFF_CAP = 8.0
# A longer Retry-After is not waited for: the caller learns it from the error and decides.
LONGEST_WAIT = 60.0
# The recipe looks back a minute more, since the API's clock is not ours.
CLOCK_SKEW_MS = 60_000
TOO_MANY_REQUESTS, REQUEST_TIMEOUT, SERVER_ERROR = 429, 408, 500


def exchange(context: Context, bound: Bound) -> Generator[Command, Reply | None, Any]:
    """Send a bound call and return its result, or raise what it ended in."""
    tool, options = bound.tool, bound.options
    retry = tool.get("retry", {})
    chosen_key = given_idempotency_key(bound)
    new_key = context.new_key() if tool.get("idempotency") and chosen_key is None else None
    key = chosen_key or new_key
    request = build_request(
        bound, new_key, _first(options.timeout, context.timeout, tool.get("timeout"), DEFAULT_TIMEOUT)
    )
    retries = _first(options.retries, context.retries, retry.get("attempts", DEFAULT_RETRIES + 1) - 1)
    repeatable = retry.get("lost_answer", tool.is_read or key is not None)
    sent_at_ms = int(context.clock.wall() * 1000) - CLOCK_SKEW_MS
    lost = False
    for attempt in range(retries + 1):
        error: RemoteError
        wait = None
        try:
            reply = _received((yield Send(request)))
            log.debug("%s: attempt %d answered %d", tool.name, attempt + 1, reply.status)
            if 200 <= reply.status < 300:  # noqa: PLR2004
                return read_result(tool, reply)
            hidden = hide_secrets(reply.content, bound, context.registry.document.get("types", {}))
            reply = Reply(reply.status, reply.headers, hidden)
            error = read_error(tool, reply, context.registry, context.clock.wall())
            may_have_happened = reply.status == REQUEST_TIMEOUT or reply.status >= SERVER_ERROR
            again = reply.status == TOO_MANY_REQUESTS or (repeatable and may_have_happened)
            wait = error.retry_after if isinstance(error, APIError) else None
        except TransportFault as fault:
            log.debug("%s: attempt %d had no answer: %s", tool.name, attempt + 1, fault.kind)
            error = _unanswered(tool, fault)
            may_have_happened = fault.sent
            again = repeatable or not fault.sent
        except UnreadableReply as unreadable:
            error, may_have_happened, again = unreadable, True, False
        except BaseException:
            # Cancelled, interrupted, or a transport of the caller's that failed in its own way.
            if not tool.is_read:
                log.warning("%s was cut off while its request was under way: it may have happened", tool.name)
            raise
        lost = lost or may_have_happened
        if not again or attempt == retries or (wait is not None and wait > LONGEST_WAIT):
            break
        pause = wait if wait is not None else context.random() * min(BACKOFF_CAP, BACKOFF_BASE * 2**attempt)
        yield Sleep(pause)
    if not tool.is_read and (lost or isinstance(error, RedirectRefused)):
        scope = {**bound.arguments, "sent_at_ms": sent_at_ms}
        raise _unknown(tool, error, scope, key, lost=lost) from error
    raise error


def _received(reply: Reply | None) -> Reply:
    if reply is None:
        message = "a driver must answer Send with a reply"
        raise TypeError(message)
    return reply


def _unanswered(tool: Tool, fault: TransportFault) -> RemoteError:
    details: dict[str, Any] = {"tool": tool.name}
    if not fault.sent:
        details["outcome"] = "not_sent"
        details["hint"] = "Nothing was sent; check the network and the base URL, then call again."
    cls = TimedOut if fault.kind == "timeout" and fault.sent else ConnectionFailed
    return cls(f"{tool.name}: {fault.message}", **details)


def _unknown(tool: Tool, error: RemoteError, scope: dict[str, Any], key: str | None, *, lost: bool) -> RemoteError:
    """Make the error of a write that may have happened, with the way to find out."""
    recipe = tool.get("reconcile")
    details = dict(error.details) | {"tool": tool.name, "idempotency_key": key, "outcome": "unknown"}
    details.pop("hint", None)
    advice = []
    if recipe:
        arguments = expand(recipe.get("with", {}), scope)
        details["reconcile"] = {"tool": recipe["tool"], "arguments": arguments} | (
            {"note": recipe["note"]} if "note" in recipe else {}
        )
        advice.append(f"Find out with {recipe['tool']} (see reconcile).")
    if key is not None:
        advice.append("Repeating the call with the same idempotency_key cannot make it happen twice.")
    details["hint"] = " ".join(advice) or "Look at the API's own records before you repeat it."
    if isinstance(error, RedirectRefused) and not lost:
        return RedirectRefused(error.message, **details)
    cls = ServerErrorOutcomeUnknown if isinstance(error, ServerError) else OutcomeUnknown
    return cls(f"{error.message.rstrip('.')}; {tool.name} may have happened", **details)


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
