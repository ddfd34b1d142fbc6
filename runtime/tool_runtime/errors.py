"""Every error, as one tree.

    ToolError
    ├── SpecError                  the registry cannot be read, or contradicts itself
    ├── InternalError              a mistake of this program
    ├── Interrupted                a signal or a cancellation ended the call; `outcome` says what may have happened
    ├── UnwrittenResult            the call was done, but its result could not be written
    ├── ScriptFailed               a script ended with an error; `outcome` is that of its worst write
    ├── ScriptPaused               a script waits for a decision; `run` is the id to resume
    ├── CallerError                the call is wrong; nothing was sent
    │   ├── UsageError             a surface was used wrongly: an unknown command, an option without its value
    │   ├── UnknownTool
    │   ├── InvalidArguments       `faults` names each place
    │   ├── ConfigurationError     no key, an unknown account, an unusable base URL, proxy or certificate
    │   ├── PolicyRefused          the account does not allow this tool on this surface, or nobody said yes
    │   │   └── CapReached         a cap of the account leaves no room
    │   └── MissingExtra           an optional dependency is not installed
    ├── WebhookRefused             a delivery that came in is forged, too old, or unreadable; `reason` says which
    └── RemoteError                the remote side or the network failed
        ├── APIError               the API answered with an error status
        │   ├── BadRequest (400)   Unauthorized (401)   PaymentRequired (402)   Forbidden (403)
        │   ├── NotFound (404)     Conflict (409)       Unprocessable (422)     RateLimited (429)
        │   └── ServerError (5xx)
        ├── OutcomeUnknown         a write whose answer was lost: it may have happened
        │   ├── ServerErrorOutcomeUnknown   also a ServerError
        │   └── RedirectOutcomeUnknown      also a RedirectRefused
        ├── ConnectionFailed       no connection was made, or a read's answer was lost
        ├── TimedOut               a read had no answer in time
        ├── UnreadableReply        an answer that is not what the API sends
        │   └── ReplyTooLarge      an answer beyond the size limit; the rest was not read
        ├── RedirectRefused        an answer that points elsewhere; the redirect was not followed
        ├── PaginationBroken       pages that repeat, stay empty, or promise more without saying where
        └── WaitTimedOut, WaitFailed

Attributes are data; messages are made of them. `outcome` says what is known of the side effect: `not_sent` (certainly
not happened), `refused` (the API said no), `failed` (a read failed), `unknown` (it may have happened), `done`.
`retryable` says whether the same call may be repeated without harm. `to_dict()` is the envelope that every surface
shows; `core/foreign_errors.py` makes one of any exception. Secrets are removed before an error is made; this module
never sees a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the arguments of a call.

    `path` is the place (`filter.status`, `tasks[0].to_number`), `code` one of `missing`, `unknown`, `type`, `value`
    and `conflict`. `allowed` lists the accepted values or names where they are few, `nearest` the likely meant one.
    """

    path: str
    code: str
    message: str
    nearest: str | None = None
    allowed: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the fault, as JSON."""
        known = {"path": self.path, "code": self.code, "message": self.message, "nearest": self.nearest}
        return {name: value for name, value in known.items() if value is not None} | (
            {"allowed": list(self.allowed)} if self.allowed else {}
        )

    def __str__(self) -> str:
        """Show the place, what is wrong, and the nearest right thing."""
        return f"{self.path}: {self.message}" + (f" (did you mean {self.nearest}?)" if self.nearest else "")


class ToolError(Exception):
    """Root of the tree. `tool` is the canonical name, `hint` says what to do next, `record` is the call's ledger id.

    `within` is the composed tool of which `tool` is a step. `leftovers` lists what earlier steps of a composed tool
    did and could not take back, each with its `undo`.
    """

    code: ClassVar[str] = "tool_error"
    outcome: str = "not_sent"
    retryable: bool = False
    tool: str | None = None
    hint: str | None = None
    within: str | None = None
    leftovers: tuple[dict[str, Any], ...] = ()
    record: str | None = None

    def __init_subclass__(cls, code: str = "") -> None:
        """Name the class in envelopes: `NotFound` is `not_found`, unless a class says otherwise."""
        cls.code = code or _WORD.sub("_", cls.__name__).lower()

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = {name: value for name, value in details.items() if value is not None}
        self.__dict__.update(self.details)

    def __str__(self) -> str:
        """Show the message, and the hint on a line of its own."""
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the attributes when the error crosses a process."""
        return _rebuild, (type(self), self.message, self.details)

    def add_leftover(self, leftover: dict[str, Any]) -> None:
        """Record what an earlier step did and what would take it back."""
        self.know(leftovers=(*self.leftovers, leftover))

    def to_dict(self) -> dict[str, Any]:
        """Return the envelope: `code`, `message`, `retryable`, `outcome`, and what else is known, as JSON."""
        known = {name: _as_json(value) for name, value in self.details.items()}
        return {"code": self.code, "message": self.message} | known | {
            "retryable": self.retryable, "outcome": self.outcome,
        }  # fmt: skip

    def know(self, **details: Any) -> None:
        """Add what became known after the error was raised."""
        self.__dict__.update(details)
        self.details.update(details)


def _as_json(value: Any) -> Any:
    if isinstance(value, Fault):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {str(key): _as_json(part) for key, part in value.items()}
    return [_as_json(part) for part in value] if isinstance(value, tuple | list) else value


def _rebuild(cls: type[ToolError], message: str, details: Mapping[str, Any]) -> ToolError:
    return cls(message, **details)


class SpecError(ToolError):
    """The registry cannot be read, or a tool in it refers to something that is not there."""


class InternalError(ToolError):
    """A mistake of this program. `outcome` is `unknown` where a write was under way."""


class Interrupted(ToolError):
    """A signal or a cancellation ended the call. Where `outcome` is `unknown`, a write may have happened.

    `reconcile` and `idempotency_key` mean the same as on `OutcomeUnknown`.
    """

    reconcile: Mapping[str, Any] | None = None
    idempotency_key: str | None = None


class UnwrittenResult(ToolError):
    """The call was done, but its result could not be written: a full disk, a closed pipe. Do not repeat the call."""

    outcome = "done"


class ScriptFailed(ToolError):
    """A script ended with an error. `outcome` is that of its worst write: `not_sent` only where no write happened.

    `type` says what kind of error, `line` where; `details_of_tool` is the envelope of a tool that failed.
    """

    type: str = "runtime"
    line: int | None = None
    details_of_tool: Mapping[str, Any] | None = None


class ScriptPaused(ToolError):
    """A script waits for a decision. `run` is the id to resume, `pending` lists the calls that it waits for."""

    run: str | None = None
    pending: tuple[Mapping[str, Any], ...] = ()


class CallerError(ToolError):
    """The call is wrong. Nothing was sent."""


class UsageError(CallerError, code="usage"):
    """A surface was used wrongly: an unknown command, an option without its value."""


class UnknownTool(CallerError):
    """No tool has this name. `nearest` lists names that come close."""

    nearest: tuple[str, ...] = ()


class InvalidArguments(CallerError):
    """Arguments that the tool does not take. `faults` holds every `Fault`, not just the first."""

    faults: tuple[Fault, ...] = ()


class ConfigurationError(CallerError):
    """The set-up is unusable: key, account, base URL, proxy, certificate, ledger. The message names the place."""


class PolicyRefused(CallerError):
    """The account's policy denies the tool, or nobody confirmed the call."""


class CapReached(PolicyRefused):
    """A cap refused the call. Nothing was sent, and nothing was written into the ledger.

    `cap` names the cap. `limit` is the limit, or the allowed prefixes. `count` is what the ledger counts in the
    window. `number` is the phone number that was refused. `retry_after` is the time in seconds until there is room
    again, and None where waiting makes no room.
    """

    cap: str = ""
    limit: Any = None
    count: int | None = None
    number: str | None = None
    retry_after: int | None = None


class MissingExtra(CallerError):
    """A feature needs an optional dependency; the message says what to install."""

    @classmethod
    def of(cls, what: str, extra: str, distribution: str, hint: str | None = None) -> Self:
        """Return the error for a feature whose library is not installed: `MissingExtra.of("a script", "lua", "tools")`.

        Its message: `a script needs an extra that is not installed: pip install 'tools[lua]'`.
        """
        return cls(f"{what} needs an extra that is not installed: pip install '{distribution}[{extra}]'", hint=hint)


class WebhookRefused(ToolError):
    """A delivery is not what the provider signed just now, or cannot be read. Answer it with 401; nothing was sent.

    `reason` is `missing` (no signature), `malformed` (not the form of a signature), `mismatch` (another key signed it,
    or the body was changed), `expired` (signed too long ago, or in the future) or `unreadable` (rightly signed, but no
    JSON object with an event). Neither key nor digest is ever part of it.
    """

    reason: str = ""


class RemoteError(ToolError):
    """The remote side or the network failed."""

    outcome = "failed"


class APIError(RemoteError):
    """The API answered with an error. `status`, `provider_message` and `body` are what it sent."""

    outcome = "refused"
    status: int = 0
    provider_message: str | None = None
    body: Any = None
    retry_after: float | None = None


class BadRequest(APIError):
    """400: the API refused the request as malformed."""


class Unauthorized(APIError):
    """401: the API key is missing or wrong."""


class PaymentRequired(APIError):
    """402: the account cannot pay."""


class Forbidden(APIError):
    """403: the key may not do this."""


class NotFound(APIError):
    """404: nothing stands at this path."""


class Conflict(APIError):
    """409: the request contradicts the present state."""


class Unprocessable(APIError):
    """422: well-formed, but refused; some APIs answer so when an id does not exist."""


class RateLimited(APIError):
    """429: too many requests; `retry_after` is in seconds where the API said so."""

    retryable = True


class ServerError(APIError):
    """5xx: the API failed. To a write it is `ServerErrorOutcomeUnknown`."""

    outcome = "failed"
    retryable = True


class OutcomeUnknown(RemoteError):
    """A write was sent and its answer was lost: the write may have happened. Do not just repeat the call.

    `reconcile` says how to find out: `{"tool", "arguments", "note"}`, a read to call. `idempotency_key` is set where
    the tool has one: repeating the call with that same key cannot make it happen twice. `repeat_of` is the ledger id of
    an equal earlier call whose outcome is not known; then nothing was sent this time.
    """

    outcome = "unknown"
    reconcile: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    repeat_of: str | None = None


class ServerErrorOutcomeUnknown(OutcomeUnknown, ServerError, code="outcome_unknown"):
    """5xx to a write: the API said that it failed, not that nothing happened."""

    outcome = "unknown"
    retryable = False


class ConnectionFailed(RemoteError):
    """No connection was made, or a read's answer was cut off."""

    retryable = True


class TimedOut(RemoteError):
    """A read had no answer in time."""

    retryable = True


class UnreadableReply(RemoteError):
    """The answer is not what the API sends: no JSON, or JSON of another shape."""

    status: int = 0


class ReplyTooLarge(UnreadableReply):
    """The answer is larger than the limit. The rest was not read."""


class RedirectRefused(RemoteError):
    """The answer points elsewhere. The redirect was not followed: the key goes to the configured host only."""

    status: int = 0
    location: str | None = None


class RedirectOutcomeUnknown(OutcomeUnknown, RedirectRefused, code="outcome_unknown"):
    """A redirect in answer to a write: it may have been done before the API pointed elsewhere."""

    outcome = "unknown"
    retryable = False


class PaginationBroken(RemoteError):
    """The pages repeat a cursor, stay empty, or promise more without a cursor. Rows seen so far were delivered."""


class WaitTimedOut(RemoteError):
    """The awaited state did not come in time. Wait again with `waiter` and `arguments`; `last` is the last reply."""

    retryable = True
    waiter: str | None = None
    arguments: Mapping[str, Any] | None = None
    last: Any = None


class WaitFailed(RemoteError):
    """A state was reached from which the awaited one cannot come. `state` shows it, `last` is the last reply."""

    waiter: str | None = None
    state: Mapping[str, Any] | None = None
    last: Any = None


STATUS_ERRORS: Mapping[int, type[APIError]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Unprocessable,
    429: RateLimited,
}


def error_for_status(status: int) -> type[APIError]:
    """Return the class that an error status stands for."""
    return STATUS_ERRORS.get(status) or (ServerError if status >= 500 else APIError)  # noqa: PLR2004
