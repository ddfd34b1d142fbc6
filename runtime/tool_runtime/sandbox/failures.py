"""What can go wrong on the way, on demand.

Owns the kinds of failure, which request the next one strikes, and what a failure makes of a reply. Must not know
records, or how requests travel.

| kind | the request | the client sees |
|---|---|---|
| `status` | is not applied | an error answer with `status`, `message`, `retry_after` |
| `refuse_connection` | is not applied | no connection |
| `connect_timeout` | is not applied | no connection in time |
| `redirect` | is not applied | 302 to `location` |
| `lose_answer` | is applied | the connection fails before the answer |
| `drop_connection` | is applied | the connection is closed before the answer |
| `read_timeout` | is applied | no answer in time |
| `garbage` | is applied | 200 with an HTML page |
| `truncate` | is applied | the first half of the answer |
| `empty` | is applied | the right status without a body |
| `alter` | is applied | the answer with `changes` in it (dotted paths), such as a value that no type names |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from tool_runtime.core.templates import assign
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.exchange import NoAnswer, Outgoing, Silence
from tool_runtime.sandbox.routes import Route
from tool_runtime.values.suggestions import nearest

Kind = Literal[
    "status",
    "refuse_connection",
    "connect_timeout",
    "redirect",
    "lose_answer",
    "drop_connection",
    "read_timeout",
    "garbage",
    "truncate",
    "empty",
    "alter",
]

_NEVER_SENT: Final[frozenset[Silence]] = frozenset({"refuse_connection", "connect_timeout"})
_NEVER_ANSWERED: Final[frozenset[Silence]] = frozenset({"lose_answer", "drop_connection", "read_timeout"})
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_PAGE: Final = b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>"


@dataclass(slots=True)
class Failure:
    """Something that goes wrong with the next requests of a tool.

    `tool` is any of the tool's names (None: any request). `kind` is one of `KINDS`. The failure strikes `times`
    requests, after `skip` that go well. `status`, `message` and `retry_after` (seconds) belong to `status`, `location`
    to `redirect`, `changes` (dotted paths to values) to `alter`. Raises `ConfigurationError` for an unknown kind, and
    for numbers that make no sense.
    """

    tool: str | None = None
    kind: Kind = "status"
    times: int = 1
    skip: int = 0
    status: int = 503
    message: str | None = None
    retry_after: float | None = None
    location: str = "https://example.com/"
    changes: Mapping[str, Any] = field(default_factory=dict)
    route: Route | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could never strike, or strike otherwise than meant."""
        if self.kind not in KINDS:
            near = nearest(str(self.kind), KINDS)
            message = f"there is no failure of the kind {self.kind!r}; the kinds are {', '.join(KINDS)}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
        for name, least, most in (("times", 1, 10**9), ("skip", 0, 10**9), ("status", 100, 599)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                message = f"a failure's {name} is a whole number from {least} to {most}, not {value!r:.40}"
                raise ConfigurationError(message)

    def before(self) -> None:
        """Strike before the request is applied, where the kind does so: raise a `Refusal` or `NoAnswer`."""
        if self.kind in _NEVER_SENT:
            raise NoAnswer(self.kind)
        if self.kind == "status":
            headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
            raise Refusal(self.status, self.message, headers)
        if self.kind == "redirect":
            raise Refusal(302, self.message, {"Location": self.location})

    def alter(self, body: Any) -> Any:
        """Return the answer's JSON as the failure leaves it."""
        if self.kind == "alter" and isinstance(body, dict):
            for path, value in self.changes.items():
                assign(body, path, value)
        return body

    def after(self, reply: Outgoing) -> Outgoing:
        """Return the reply as the failure leaves it, or raise `NoAnswer`."""
        if self.kind in _NEVER_ANSWERED:
            raise NoAnswer(self.kind)
        if self.kind == "garbage":
            return Outgoing(200, {"content-type": "text/html"}, _PAGE)
        if self.kind == "truncate":
            kind = reply.headers.get("content-type", "application/json")
            return Outgoing(reply.status, {"content-type": kind}, reply.content[: len(reply.content) // 2])
        if self.kind == "empty":
            return Outgoing(reply.status)
        return reply


class Failures:
    """The failures that wait, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Failure] = []

    def add(self, failure: Failure) -> None:
        """Let a failure wait for its request."""
        self.waiting.append(failure)

    def take(self, route: Route | None) -> Failure | None:
        """Return the failure that strikes a request to `route`, using the failure up; None where none does."""
        for failure in self.waiting:
            if failure.route is not None and failure.route is not route:
                continue
            if failure.skip > 0:
                failure.skip -= 1
                continue
            failure.times -= 1
            if failure.times <= 0:
                self.waiting.remove(failure)
            return failure
        return None
