"""Failures: what goes wrong on demand.

Owns the kinds of failure, which request the next one strikes, and what a failure makes of a reply. Must not know
records, or how requests travel. Chance comes from a seed: two runs with the same requests fail alike.

| kind | the request | the client sees |
|---|---|---|
| `status` | is not applied | an error answer with `status`, `message`, `retry_after` |
| `limit` | is not applied | what the API says when its limit for the tool is reached, such as too many calls at once |
| `refuse_connection` | is not applied | no connection |
| `connect_timeout` | is not applied | no connection in time |
| `redirect` | is not applied | 302 to `location` |
| `slow` | is applied | the answer, after `delay` seconds |
| `lose_answer` | is applied | the connection fails before the answer |
| `drop_connection` | is applied | the connection is closed before the answer |
| `read_timeout` | is applied | no answer in time |
| `garbage` | is applied | 200 with an HTML page |
| `truncate` | is applied | the first half of the answer, as if that were all |
| `cut` | is applied | the first half of the answer; then the connection is closed |
| `empty` | is applied | the right status without a body |
| `alter` | is applied | the answer with `changes` in it (dotted paths), such as a value that no type names |
"""

import copy
import random
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, Literal, get_args

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.exchange import NoAnswer, Outgoing, Silence
from tool_runtime.sandbox.mistakes import is_number, plain_object
from tool_runtime.sandbox.routes import Route
from tool_runtime.values.suggestions import nearest

Kind = Literal[
    "status",
    "limit",
    "slow",
    "refuse_connection",
    "connect_timeout",
    "redirect",
    "lose_answer",
    "drop_connection",
    "read_timeout",
    "garbage",
    "truncate",
    "cut",
    "empty",
    "alter",
]

_NEVER_SENT: Final[frozenset[Silence]] = frozenset({"refuse_connection", "connect_timeout"})
_NEVER_ANSWERED: Final[frozenset[Silence]] = frozenset({"lose_answer", "drop_connection", "read_timeout"})
_LIMITED: Final = 429
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
BEFORE_THE_KEY: Final[frozenset[Kind]] = frozenset({"status", "redirect", *_NEVER_SENT})
"""The kinds that strike before anybody looks at the key."""
_PAGE: Final = b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>"
# The settings that have a meaning for some kinds only.
_KINDS_OF: Final[Mapping[str, tuple[Kind, ...]]] = {
    "status": ("status",),
    "message": ("status", "redirect"),
    "retry_after": ("status", "limit"),
    "location": ("redirect",),
    "changes": ("alter",),
}
_NUMBERS: Final = (("times", 1, 10**9), ("skip", 0, 10**9), ("status", 400, 599))
_LONGEST_WAIT: Final = 10**9
_LONGEST_DELAY: Final = 3600
_HEADER_TEXT: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that goes wrong with the next requests of a tool.

    `tool` is any of the tool's names (None: any request). `kind` is one of `KINDS`. The failure strikes `times`
    requests (None: every one from then on), after `skip` that go well, each with a `probability` from 0 to 1. `delay`
    seconds pass before the client sees anything. `status`, `message` and `retry_after` (seconds) belong to `status`,
    `location` to `redirect`, `changes` (dotted paths to values) to `alter`. Raises `ConfigurationError` for an unknown
    kind, for a setting of another kind, and for values that make no sense.
    """

    tool: str | None = None
    kind: Kind = "status"
    times: int | None = 1
    skip: int = 0
    status: int = 503
    message: str | None = None
    retry_after: float | None = None
    location: str = "https://example.com/"
    changes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    probability: float = 1.0
    delay: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what could never strike, or strike otherwise than meant."""
        if self.kind not in KINDS:
            near = nearest(str(self.kind), KINDS)
            message = f"there is no failure of the kind {self.kind!r:.80}; the kinds are {', '.join(KINDS)}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
        self._check_texts()
        if self.tool in KINDS:
            message = f"{self.tool} is a kind of failure, and stands where the tool is named"
            raise ConfigurationError(message, hint=f'Write kind="{self.tool}".')
        self._check_numbers()
        self._take_changes()
        for name, kinds in _KINDS_OF.items():
            if self.kind not in kinds and getattr(self, name) != _DEFAULTS.get(name, {}):
                message = f"{name} belongs to failures of the kind {' or '.join(kinds)}, and this one is {self.kind}"
                raise ConfigurationError(message)

    def _check_numbers(self) -> None:
        for name, least, most in _NUMBERS:
            value = getattr(self, name)
            if name == "times" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                message = f"a failure's {name} is a whole number from {least} to {most}, not {value!r:.40}"
                raise ConfigurationError(message)
        for name, most in (("probability", 1), ("delay", _LONGEST_DELAY)):
            if not is_number(getattr(self, name), 0, most):
                message = f"a failure's {name} is a number from 0 to {most}, not {getattr(self, name)!r:.40}"
                raise ConfigurationError(message)
        if self.kind == "slow" and not self.delay:
            message = "a failure of the kind slow needs a delay in seconds"
            raise ConfigurationError(message, hint="Such as delay=3.")
        wait = self.retry_after
        if wait is not None and not is_number(wait, 0, _LONGEST_WAIT):
            message = f"a failure's retry_after is a number of seconds from 0 to {_LONGEST_WAIT}, not {wait!r:.40}"
            raise ConfigurationError(message)

    def _check_texts(self) -> None:
        for name in ("tool", "message"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                message = f"a failure's {name} is a text or None, not {type(value).__name__}"
                raise ConfigurationError(message)
        location: Any = self.location
        if not isinstance(location, str) or not _HEADER_TEXT.fullmatch(location):
            message = f"a failure's location is a URL, not {location!r:.80}"
            raise ConfigurationError(message)

    def _take_changes(self) -> None:
        """Keep an own copy of the changes, which no later change of the caller's object can reach."""
        if self.kind == "alter" and not self.changes:
            message = "a failure of the kind alter needs changes, which map dotted paths to values"
            raise ConfigurationError(message, hint='Such as changes={"status": "on_fire"}.')
        object.__setattr__(self, "changes", plain_object(self.changes, "changes"))

    def before(self) -> None:
        """Strike before the request is applied, where the kind does so: raise a `Refusal` or `NoAnswer`."""
        if self.kind in _NEVER_SENT:
            raise NoAnswer(self.kind)
        if self.kind == "limit":
            raise Refusal(_LIMITED, self.message, self._retry_header())
        if self.kind == "status":
            raise Refusal(self.status, self.message, self._retry_header())
        if self.kind == "redirect":
            raise Refusal(302, self.message, {"Location": self.location})

    def _retry_header(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}

    def alter(self, body: Any) -> Any:
        """Return the answer's JSON as the failure leaves it: `changes={"a.b": 1}` makes `{"a": {"b": 1}}` of `{}`.

        A number in a path is the place of a list's entry. What a path cannot be followed through becomes an object.
        """
        for path, value in self.changes.items():
            body = _altered(body, path.split("."), copy.deepcopy(value))
        return body

    def after(self, reply: Outgoing) -> Outgoing:
        """Return the reply as the failure leaves it, or raise `NoAnswer`."""
        if self.kind in _NEVER_ANSWERED:
            raise NoAnswer(self.kind)
        if self.kind == "garbage":
            return Outgoing(200, {"content-type": "text/html"}, _PAGE)
        if self.kind in {"truncate", "cut"}:
            kind = reply.headers.get("content-type", "application/json")
            half = reply.content[: len(reply.content) // 2]
            return Outgoing(reply.status, {"content-type": kind}, half, missing=self.kind == "cut")
        if self.kind == "empty":
            return Outgoing(reply.status)
        return reply


_DEFAULTS: Final = {one.name: one.default for one in fields(Failure) if one.default is not MISSING}


def _altered(value: Any, path: list[str], new: Any) -> Any:
    if not path:
        return new
    part, *rest = path
    if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
        place = int(part)
        return [*value[:place], _altered(value[place], rest, new), *value[place + 1 :]]
    known = dict(value) if isinstance(value, Mapping) else {}
    return {**known, part: _altered(known.get(part), rest, new)}


@dataclass(slots=True)
class Waiting:
    """A failure that waits: for which route (None: any), and how often `skip` and `times` are still to count down."""

    number: int
    failure: Failure
    route: Route | None
    skip: int
    times: int | None
    struck: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON: its settings, and how often it struck and will strike."""
        settings = {one.name: getattr(self.failure, one.name) for one in fields(self.failure)}
        shown = {name: value for name, value in settings.items() if value != _DEFAULTS.get(name, {})}
        return {"number": self.number, "kind": self.failure.kind, **shown, "left": self.times, "struck": self.struck}


class Failures:
    """The failures that wait, oldest first."""

    def __init__(self, seed: int = 0) -> None:
        self._waiting: list[Waiting] = []
        self._chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
        self._numbers = 0

    @property
    def left(self) -> int:
        """How many requests the waiting failures will strike; those without an end count once."""
        return sum(1 if one.times is None else one.times for one in self._waiting)

    @property
    def waiting(self) -> list[Waiting]:
        """The failures that wait, oldest first."""
        return list(self._waiting)

    def add(self, failure: Failure, route: Route | None) -> Waiting:
        """Let a failure wait for requests to `route` (None: any)."""
        self._numbers += 1
        self._waiting.append(Waiting(self._numbers, failure, route, failure.skip, failure.times))
        return self._waiting[-1]

    def remove(self, number: int | None = None) -> bool:
        """Take back the failure of a number (None: all). Returns whether there was one."""
        kept = [] if number is None else [one for one in self._waiting if one.number != number]
        removed = len(kept) < len(self._waiting)
        self._waiting = kept
        return removed

    def take(self, route: Route | None) -> Failure | None:
        """Return the failure that strikes a request to `route`, using the failure up; None where none does."""
        for waiting in self._waiting:
            if waiting.route is not None and waiting.route is not route:
                continue
            if waiting.skip > 0:
                waiting.skip -= 1
                continue
            if waiting.failure.probability < 1 and self._chance.random() >= waiting.failure.probability:
                continue
            waiting.struck += 1
            if waiting.times is not None:
                waiting.times -= 1
                if waiting.times <= 0:
                    self._waiting.remove(waiting)
            return waiting.failure
        return None
