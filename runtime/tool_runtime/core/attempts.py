"""Sending: one request, attempted as often as is harmless, to its result or its error.

Owns the first law. A read is repeated after lost answers, 408, 429 and 5xx. A write is repeated only where it cannot
have happened (no connection was made; 429), or where it carries an idempotency key, and then the same key goes with
every attempt. Once an attempt may have happened, no later failure hides it: the call ends in `OutcomeUnknown`, with
the recipe that finds out.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.binding import Bound
from tool_runtime.core.errors import (
    APIError,
    ConnectionFailed,
    OutcomeUnknown,
    RedirectOutcomeUnknown,
    RedirectRefused,
    RemoteError,
    ServerError,
    ServerErrorOutcomeUnknown,
    TimedOut,
    ToolError,
    UnreadableReply,
)
from tool_runtime.core.flow import Context, Flow, Send, Sleep
from tool_runtime.core.replies import Reply, TransportFault, read_error, read_result, without
from tool_runtime.core.requests import Request, build_request, given_idempotency_key, secrets_of
from tool_runtime.core.templates import expand
from tool_runtime.core.tools import Tool

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


def exchange(context: Context, bound: Bound) -> Flow:
    """Send a bound call and return its result, or raise what it ended in."""
    tool, options = bound.tool, bound.options
    chosen_key = given_idempotency_key(bound)
    new_key = context.new_key() if tool.idempotency and chosen_key is None else None
    timeout = _first(options.timeout, context.timeout, tool.timeout, DEFAULT_TIMEOUT)
    request = build_request(bound, new_key, timeout)
    effect = Effect(int(context.clock.wall() * 1000) - CLOCK_SKEW_MS, chosen_key or new_key)
    try:
        return (yield from _attempts(context, bound, request, effect))
    except Exception as error:
        if tool.is_read or not (effect.possible or isinstance(error, RedirectRefused)):
            raise
        raise _unknown(bound, error, effect) from error
    except BaseException:
        if not tool.is_read and (effect.possible or effect.under_way):
            log.warning("%s was cut off while its request was under way: it may have happened", tool.name)
        raise


@dataclass(slots=True)
class Effect:
    """What is known of one write while it is being sent. `possible`: an attempt may have happened."""

    sent_at_ms: int
    key: str | None
    under_way: bool = False
    possible: bool = False


def _attempts(context: Context, bound: Bound, request: Request, effect: Effect) -> Flow:
    tool, retry = bound.tool, bound.tool.retry
    retries = _first(bound.options.retries, context.retries, (retry.attempts or DEFAULT_RETRIES + 1) - 1)
    repeatable = _first(retry.lost_answer, tool.is_read or effect.key is not None)
    attempt = 0
    while True:
        wait = None
        try:
            effect.under_way = True
            reply = _received((yield Send(request)))
            effect.under_way = False
            log.debug("%s: attempt %d answered %d", tool.name, attempt + 1, reply.status)
            if 200 <= reply.status < 300:  # noqa: PLR2004
                return _result(context, bound, reply, effect)
            error = read_error(tool, hidden_reply(context, bound, reply), context.registry, context.clock.wall())
            lost = reply.status == REQUEST_TIMEOUT or reply.status >= SERVER_ERROR
            again = reply.status == TOO_MANY_REQUESTS or (repeatable and lost)
            wait = error.retry_after if isinstance(error, APIError) else None
        except TransportFault as fault:
            log.debug("%s: attempt %d had no answer: %s", tool.name, attempt + 1, fault.kind)
            error, lost = _unanswered(tool, fault), fault.sent
            again = repeatable or not fault.sent
        except ToolError:
            # The driver refused before it sent anything: this attempt did not happen.
            raise
        except Exception:
            # A transport of the caller's own failed in its own way; nobody can tell what it had sent.
            effect.possible = effect.possible or effect.under_way
            raise
        effect.under_way = False
        effect.possible = effect.possible or lost
        if not again or attempt >= retries or (wait is not None and wait > LONGEST_WAIT):
            raise error
        backoff = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempt, 10))
        yield Sleep(wait if wait is not None else context.random() * backoff)
        attempt += 1


def _result(context: Context, bound: Bound, reply: Reply, effect: Effect) -> Any:
    try:
        return read_result(bound.tool, reply)
    except UnreadableReply:
        effect.possible = True
        # Once more for the message, without what must not stand in it.
        return read_result(bound.tool, hidden_reply(context, bound, reply))


def hidden_reply(context: Context, bound: Bound, reply: Reply) -> Reply:
    """Return the reply without the key and the call's secret values, should the other side repeat them."""
    secrets = secrets_of(bound, context.registry.types)
    if context.account.key is not None:
        secrets = [context.account.key.reveal(), *secrets]
    return without(reply, secrets)


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


def _unknown(bound: Bound, error: Exception, effect: Effect) -> RemoteError:
    """Make the error of a write that may have happened, with the way to find out."""
    tool, key = bound.tool, effect.key
    recipe = tool.reconcile
    known = dict(error.details) if isinstance(error, ToolError) else {}
    details = known | {"tool": tool.name, "idempotency_key": key, "outcome": "unknown"}
    advice = []
    if recipe:
        arguments = expand(recipe.arguments, {**bound.arguments, "sent_at_ms": effect.sent_at_ms})
        details["reconcile"] = {"tool": recipe.tool, "arguments": arguments, "note": recipe.note}
        advice.append(f"Find out with {recipe.tool} (see reconcile).")
    if key is not None:
        advice.append("Repeating the call with the same idempotency_key cannot make it happen twice.")
    details["hint"] = " ".join(advice) or "Look at the API's own records before you repeat it."
    cls = next((twin for kind, twin in _TWINS.items() if isinstance(error, kind)), OutcomeUnknown)
    told = error.message if isinstance(error, ToolError) else f"{tool.name}: {type(error).__name__}"
    return cls(f"{told.rstrip('.')}; {tool.name} may have happened", **details)


_TWINS: Mapping[type[Exception], type[OutcomeUnknown]] = {
    ServerError: ServerErrorOutcomeUnknown,
    RedirectRefused: RedirectOutcomeUnknown,
}


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)
