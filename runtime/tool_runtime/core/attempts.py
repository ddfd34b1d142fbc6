"""Attempts: one request, attempted as often as is harmless, to its result or its error.

Owns the first law. A read is repeated after lost answers, 408, 429 and 5xx. A write is repeated only where it cannot
have happened (no connection was made; 429), or where it carries an idempotency key: then the same key goes with every
attempt, and no attempt goes out when the API may have forgotten the key. Once an attempt may have happened, no later
failure hides that: the call ends in `OutcomeUnknown`, with the recipe that finds out.

From the moment in which a request is handed to the driver, a write may have happened until the opposite is proven.
The proof is an answer of the API, or a `NoReply` of this very request that says so. Whatever else ends the call (a hook
that raises, no memory, an interrupt, a cancellation) says what may have happened.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from tool_runtime.core.binding import Bound
from tool_runtime.core.credentials import chosen
from tool_runtime.core.flow import Context, Flow, Send, Sleep
from tool_runtime.core.foreign_errors import annotate
from tool_runtime.core.replies import NoReply, Reply, is_result, read_error, read_result, without
from tool_runtime.core.requests import DEFAULT_TIMEOUT, Request, build_request, idempotency_key_of, secrets_of
from tool_runtime.core.tools import Tool
from tool_runtime.errors import (
    APIError,
    ConnectionFailed,
    Interrupted,
    OutcomeUnknown,
    RedirectOutcomeUnknown,
    RedirectRefused,
    RemoteError,
    ReplyTooLarge,
    ServerError,
    ServerErrorOutcomeUnknown,
    TimedOut,
    ToolError,
    UnreadableReply,
)
from tool_runtime.values.media import as_json
from tool_runtime.values.secrets import hide_text
from tool_runtime.values.templates import expand

log = logging.getLogger("tool_runtime")

DEFAULT_RETRIES = 2
BACKOFF_BASE = 0.5
BACKOFF_CAP = 8.0
# A longer Retry-After is not waited for: the caller learns of it from the error and decides.
LONGEST_WAIT = 60.0
# The recipe looks back a minute more, and a key is used a minute less: the API's clock is not ours.
CLOCK_SKEW = 60.0
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500
# Said by the API, and in nginx's and AWS's words by a gateway: the request was not answered in time. The API behind a
# gateway may have it all the same.
OUT_OF_TIME = frozenset({408, 460, 499})
Value = TypeVar("Value")


@dataclass(slots=True)
class Effect:
    """What is known of one call while it is attempted.

    `under_way`: a request was handed to the driver, and nothing proves yet that it did nothing. `possible`: an earlier
    attempt may have happened. `key_since` is when the API may have seen the key for the first time, by `monotonic` and
    by `wall`.
    """

    bound: Bound
    sent_at_ms: int
    key: str | None
    key_since: tuple[float, float]
    under_way: bool = False
    possible: bool = False

    def settle(self, *, possible: bool) -> None:
        """Record how an attempt ended. What is possible is said first: an interrupt may come between two lines."""
        self.possible = self.possible or possible
        self.under_way = False

    @property
    def may_have_happened(self) -> bool:
        """Whether a write may have happened."""
        return not self.bound.tool.is_read and (self.possible or self.under_way)


def exchange(
    context: Context, bound: Bound, key: str | None = None, key_age: float = 0.0, deadline: float | None = None
) -> Flow:
    """Send a bound call and return its result, or raise what the call ended in.

    `key` is the idempotency key to use, first used `key_age` seconds ago; without one the caller's key is used, or a
    new one. `deadline` is when the call has to end, by `monotonic`.
    """
    tool = bound.tool
    if tool.idempotency is not None:
        key = key or idempotency_key_of(bound) or context.new_key()
    options = bound.options
    timeout = options.timeout or context.timeout or tool.timeout or DEFAULT_TIMEOUT
    total = options.total or context.total or 2 * timeout
    # What an idle connection swallows while it closes may have happened, so writes with effects use none.
    request = build_request(bound, key, timeout, total, fresh=not tool.is_read and bool(tool.effects))
    if request.events and context.plain:
        request = request._replace(events=False)
    auth, _ = chosen(tool, context.registry, context.account)
    if len(auth) != 1 or auth[0] is not context.registry.auth:
        request = request._replace(auth=auth)
    now, wall = context.clock.monotonic(), context.clock.wall()
    effect = Effect(
        bound, int((wall - CLOCK_SKEW) * 1000), key if tool.idempotency else None, (now - key_age, wall - key_age)
    )
    try:
        return (yield from _attempts(context, request, effect, deadline))
    except TimeoutError as error:
        # An alarm of the caller's own. It goes on as it is, so that the caller's own handler finds it.
        _tell(error, effect)
        raise
    except Exception as error:
        if not effect.may_have_happened and not (isinstance(error, RedirectRefused) and not tool.is_read):
            raise
        raise _unknown(context, error, effect) from error
    except BaseException as error:
        _tell(error, effect)
        raise


def _attempts(context: Context, request: Request, effect: Effect, deadline: float | None) -> Flow:
    bound = effect.bound
    tool, options, retry = bound.tool, bound.options, bound.tool.retry
    retries = _first(options.retries, context.retries, _first(retry.attempts, DEFAULT_RETRIES + 1) - 1)
    repeatable = tool.is_read or effect.key is not None or bool(retry.lost_answer)
    at_stake = None if tool.is_read else partial(_interrupted, effect)
    attempt = 0
    while True:
        wait = None
        if deadline is not None:
            request = _until(request, max(deadline - context.clock.monotonic(), 0.001))
        effect.under_way = True
        try:
            reply: Reply = yield Send(request, at_stake)
        except NoReply as silence:
            effect.settle(possible=silence.sent)
            _log("%s: attempt %d had no answer: %s", tool.name, attempt + 1, silence.kind)
            if silence.refusal is not None:
                raise silence.refusal from silence
            error = _unanswered(effect, silence)
            again = (repeatable or not silence.sent) and silence.kind != "too_large"
        else:
            if is_result(tool, reply):
                return _result(context, effect, reply)
            error = read_error(tool, without(reply, _secrets(context, bound)), context.registry, context.clock.wall())
            lost = reply.status in OUT_OF_TIME or reply.status >= SERVER_ERROR
            effect.settle(possible=lost)
            _log("%s: attempt %d was answered %d", tool.name, attempt + 1, reply.status)
            again = reply.status == TOO_MANY_REQUESTS or (repeatable and lost)
            wait = error.retry_after if isinstance(error, APIError) else None
        pause = wait if wait is not None else context.random() * min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempt, 10))
        if not again or attempt >= retries or pause > LONGEST_WAIT or not _in_time(context, effect, pause, deadline):
            raise error
        yield Sleep(pause)
        # A machine that was suspended, or a process that was stopped, sleeps for longer than asked.
        if not _in_time(context, effect, 0.0, deadline):
            raise error
        attempt += 1


def _until(request: Request, left: float) -> Request:
    """Return the request with no more time than a deadline leaves, in seconds."""
    return request._replace(timeout=min(request.timeout, left), total=min(request.total or left, left))


def _in_time(context: Context, effect: Effect, pause: float, deadline: float | None) -> bool:
    """Whether an attempt after a pause still comes before the deadline, and before the API forgets the key."""
    now = context.clock.monotonic()
    if deadline is not None and now + pause >= deadline:
        return False
    declared = effect.bound.tool.idempotency
    if not effect.possible or effect.bound.tool.is_read or declared is None or declared.life is None:
        return True
    # The monotonic clock stands still while a machine sleeps, and the other one can be set back: the later one counts.
    age = max(now - effect.key_since[0], context.clock.wall() - effect.key_since[1])
    return age + pause < declared.life - _margin(declared.life)


def _result(context: Context, effect: Effect, reply: Reply) -> Any:
    tool = effect.bound.tool
    try:
        result = read_result(tool, reply)
        return as_json(result) if context.plain else result
    except UnreadableReply:
        # Once more for the message, without what must not stand in it.
        return read_result(tool, without(reply, _secrets(context, effect.bound)))


def _secrets(context: Context, bound: Bound) -> list[str]:
    """List what the other side may repeat and an error must not show: the key, and the secret values of the call."""
    secrets = secrets_of(bound, context.registry.types)
    return [*context.account.secrets(), *secrets]


def _unanswered(effect: Effect, silence: NoReply) -> RemoteError:
    tool = effect.bound.tool
    details: dict[str, Any] = {"tool": tool.name}
    if not silence.sent:
        details["outcome"] = "not_sent"
        details["hint"] = "Nothing was sent; check the network and the base URL, then call again."
    kinds = {"timeout": TimedOut, "too_large": ReplyTooLarge} if silence.sent else {}
    return kinds.get(silence.kind, ConnectionFailed)(f"{tool.name}: {silence.message}", **details)


def recipe_of(bound: Bound, sent_at_ms: int) -> dict[str, Any] | None:
    """Return the read that finds out whether a write has happened: `{"tool", "arguments", "note"}`, or None."""
    recipe = bound.tool.reconcile
    if recipe is None:
        return None
    arguments = expand(recipe.arguments, {**bound.arguments, **bound.extra, "sent_at_ms": sent_at_ms})
    return {"tool": recipe.tool, "arguments": arguments, "note": recipe.note}


def _knowledge(effect: Effect) -> dict[str, Any]:
    """Return what helps after a write that may have happened: its recipe, its key, and advice in words."""
    recipe = recipe_of(effect.bound, effect.sent_at_ms)
    until_ms = None if effect.key is None else key_until_ms(effect.bound.tool, effect.key_since[1])
    advice = [f"Find out with {recipe['tool']} (see reconcile)."] if recipe else []
    if effect.key is not None:
        advice.append(key_advice(f"idempotency_key {effect.key!r}", until_ms))
    hint = " ".join(advice) or "Look at the API's own records before you repeat the call."
    known = {
        "tool": effect.bound.tool.name,
        "idempotency_key": effect.key,
        "idempotency_key_until_ms": until_ms,
        "reconcile": recipe,
        "hint": hint,
    }
    return {name: value for name, value in known.items() if value is not None} | {"outcome": "unknown"}


def key_until_ms(tool: Tool, since: float) -> int | None:
    """Return until when the API surely knows a key that was first used at `since`, in milliseconds since 1970.

    None where the tool has no key, or where the API never forgets one. `since` is in seconds since 1970.
    """
    life = tool.idempotency.life if tool.idempotency is not None else None
    return None if life is None else int((since + life - _margin(life)) * 1000)


def key_advice(key: str, until_ms: int | None) -> str:
    """Say what a repeat under the same key does, and until when; `key` is how a surface writes the key."""
    repeating = f"epeating the call with {key} cannot make it happen twice"
    if until_ms is None:
        return f"R{repeating}."
    until = datetime.fromtimestamp(until_ms / 1000, UTC)
    return f"Until {until:%Y-%m-%d %H:%M:%S} UTC, r{repeating}. After that, it can."


def _margin(life: float) -> float:
    """Return for how many seconds, at the end of a key's life, the key is not used any more."""
    return min(CLOCK_SKEW, life / 2)


def _unknown(context: Context, error: Exception, effect: Effect) -> OutcomeUnknown:
    """Make the error of a write that may have happened, with the way to find out."""
    own = isinstance(error, ToolError) and error.tool == effect.bound.tool.name
    # An error of another call, raised in a hook, knows nothing of this one.
    details = dict(error.details) if isinstance(error, ToolError) and own else {}
    cls = next((twin for kind, twin in _TWINS.items() if own and isinstance(error, kind)), OutcomeUnknown)
    name = effect.bound.tool.name
    said = error.message if isinstance(error, ToolError) and own else f"{name}: {type(error).__name__}: {error}"
    # A hook may raise an error that shows the whole URL, and a key may stand in there.
    said = hide_text(said, _secrets(context, effect.bound))
    return cls(f"{said.rstrip('.')}; {name} may have happened", **(details | _knowledge(effect)))


_TWINS: Mapping[type[Exception], type[OutcomeUnknown]] = {
    ServerError: ServerErrorOutcomeUnknown,
    RedirectRefused: RedirectOutcomeUnknown,
}


def _interrupted(effect: Effect) -> Interrupted:
    """Make the error of a write that was cut off."""
    name = effect.bound.tool.name
    message = f"{name} was cut off while its request was under way: it may have happened"
    return Interrupted(message, **_knowledge(effect))


def _tell(error: BaseException, effect: Effect) -> None:
    """Say on a foreign exception, and in the log, whether a write may have happened."""
    name = effect.bound.tool.name
    if effect.may_have_happened:
        known = _interrupted(effect)
        annotate(error, known)
        _log("%s. %s", known.message, known.details, level=logging.WARNING)
    elif not effect.bound.tool.is_read:
        annotate(error, Interrupted(f"{name} was cut off; nothing was sent that may have happened", tool=name))


def _log(message: str, *values: Any, level: int = logging.DEBUG) -> None:
    """Log; a handler that raises must not change what becomes of a call."""
    if log.isEnabledFor(level):
        with suppress(Exception):
            log.log(level, message, *values)


def _first(*values: Value | None) -> Value:
    return next(value for value in values if value is not None)
