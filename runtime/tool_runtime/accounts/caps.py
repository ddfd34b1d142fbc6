"""Caps: limits on what one account may ring and spend, counted from the ledger.

Owns the limits (`Caps`), the arithmetic over what a ledger holds (`check_caps`), and which written numbers are the same
telephone. Must not know: where entries are kept, clocks, HTTP.

Caps count over the entries of one account in a rolling minute or day, by the intents' own times. An entry counts unless
its outcome is `not_sent` or `refused`. A dial weighs as many as the numbers that ring, and at least one, so a batch
of 500 numbers is 500 dials. A composed tool and its steps are one group, and a group weighs what the composed tool
announced or what its steps did, whichever is more: a composed tool that was let in is not stopped half-way by the
room that the tool itself took.

**Dials under way** (`concurrent_dials`): an API answers when a phone begins to ring, so the ledger learns when a dial
began and never when the conversation ended. A dial counts as under way for `dial_seconds` from its intent on, done or
unknown, whether the process that made the dial still runs or died; after that time nothing of it blocks anybody. A dial
that certainly failed does not count.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tool_runtime.core.ledger import Intent
from tool_runtime.errors import CapReached, ConfigurationError

MINUTE_MS: Final = 60 * 1000
DAY_MS: Final = 24 * 60 * MINUTE_MS
# How long a phone call is taken to last, where nobody says.
DIAL_SECONDS: Final = 600
CONCURRENT: Final = "concurrent_dials"
_LIMITS: Final = (
    ("dials_per_minute", "dials", MINUTE_MS, "minute"),
    ("dials_per_day", "dials", DAY_MS, "day"),
    ("spends_per_day", "spends", DAY_MS, "day"),
    # The window is the caps' own.
    (CONCURRENT, "dials", 0, ""),
)
_PREFIX = re.compile(r"\+[0-9]+")
_NUMBER = re.compile(r"(?:tel:|sips?:)?(\+|00)?([\d().\-/]*)", re.IGNORECASE)
# Digits. Shorter ones are service codes, and equal endings of those mean nothing.
_SHORTEST_NATIONAL = 6


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits on what one account may do; None is no limit.

    `dials_per_minute`, `dials_per_day`, `spends_per_day` and `concurrent_dials` are whole numbers; 0 allows none.
    `dial_seconds` is how long a dial counts as under way, at most a day. `allowed_prefixes` are
    beginnings of numbers (`+1`, `+4930`): a number with none of them is refused, and an empty tuple refuses every
    number. `blocked_numbers` are refused however they are written. With one of these two lists, a dial that names no
    number (`api_post`) is refused, too. Raises `ConfigurationError` for other values: a
    text in place of a tuple would be read letter by letter, and `+` allows every number.
    """

    dials_per_minute: int | None = None
    dials_per_day: int | None = None
    spends_per_day: int | None = None
    concurrent_dials: int | None = None
    dial_seconds: int = DIAL_SECONDS
    allowed_prefixes: tuple[str, ...] | None = None
    blocked_numbers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would not limit as it reads."""
        for name, _, _, _ in _LIMITS:
            limit = getattr(self, name)
            if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
                message = f"caps {name}: {limit!r} is no whole number from 0 up"
                raise ConfigurationError(message)
        seconds: object = self.dial_seconds
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= DAY_MS // 1000:
            message = f"caps dial_seconds: {seconds!r} is no whole number of seconds from 1 to {DAY_MS // 1000}"
            raise ConfigurationError(message)
        for name in ("allowed_prefixes", "blocked_numbers"):
            listed = getattr(self, name)
            if listed is None and name == "allowed_prefixes":
                continue
            if not isinstance(listed, tuple | list) or not all(isinstance(item, str) for item in listed):
                message = f"caps {name}: {listed!r} is no list of texts"
                raise ConfigurationError(message, hint=f"Write {name}=('+1415',), with a comma even for a single one.")
            object.__setattr__(self, name, tuple(listed))
        for prefix in self.allowed_prefixes or ():
            if not _PREFIX.fullmatch(prefix):
                message = f"caps allowed_prefixes: {prefix!r} is no beginning of a number; write + and digits, as +1415"
                raise ConfigurationError(message)
        for number in self.blocked_numbers:
            if not _digits(number)[1]:
                message = f"caps blocked_numbers: {number!r} is no phone number; write + and digits"
                raise ConfigurationError(message)


@dataclass(frozen=True, slots=True)
class Counted:
    """What caps need of one entry.

    `root` is the group's id; `step` says that the entry is a step in the group. `failed`: the call certainly did not
    work, so that nothing of it is under way.
    """

    root: str
    at_ms: int
    step: bool
    dials: int
    spends: int
    failed: bool = False


def check_caps(caps: Caps, intent: Intent, earlier: Sequence[Counted]) -> None:
    """Raise `CapReached` where the intent is more than the caps allow.

    `earlier` are the account's entries of the last day that may have happened, in any order. Example: with
    `Caps(dials_per_minute=2)` and two dials 10 and 50 seconds ago, a third one is refused with `count=2`,
    `retry_after=10`.
    """
    _check_named(caps, intent)
    _check_numbers(caps, intent)
    own = Counted(intent.root, intent.at_ms, intent.within is not None, intent.dials, intent.spends)
    for cap, unit, window_ms, period in _LIMITS:
        limit = getattr(caps, cap)
        if limit is None:
            continue
        counted: Iterable[Counted] = earlier
        if cap == CONCURRENT:
            window_ms, period = caps.dial_seconds * 1000, ""  # noqa: PLW2901 - the window that the table leaves open
            counted = [row for row in earlier if not row.failed]
        # Entries of the future count: the machine's clock was set back, and what happened has happened.
        recent = [row for row in counted if row.at_ms > intent.at_ms - window_ms]
        before, after = _weights(recent, unit), _weights([*recent, own], unit)
        count, added = sum(before.values()), after[own.root] - before[own.root]
        if added == 0 or count + added <= limit:
            continue
        wait = _seconds_until_room(recent, before, count + added - limit, window_ms - intent.at_ms)
        room = f"there is room again in {wait} s" if wait is not None else "waiting makes no room"
        adds = "" if added == 1 else f", and this call adds {added}"
        where = f"in the last {period}" if period else f"under way (a dial counts for {caps.dial_seconds} s)"
        message = (
            f"{intent.tool}: the cap {cap} of account {intent.account} is reached: "
            f"{count} of {limit} {where}{adds}; {room}"
        )
        known = {"tool": intent.tool, "cap": cap, "limit": limit, "count": count, "retry_after": wait}
        raise CapReached(message, **known, retryable=wait is not None)


def _weights(rows: Iterable[Counted], unit: str) -> defaultdict[str, int]:
    """Return what each group weighs: the composed tool's announcement, or the sum of the steps, whichever is more."""
    announced: defaultdict[str, int] = defaultdict(int)
    stepped: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        (stepped if row.step else announced)[row.root] += getattr(row, unit)
    return defaultdict(int, {root: max(announced[root], stepped[root]) for root in {*announced, *stepped}})


def _seconds_until_room(rows: Iterable[Counted], weights: Mapping[str, int], excess: int, ahead_ms: int) -> int | None:
    """Return the seconds until groups that weigh at least `excess` have left the window; None where they never do.

    `ahead_ms` turns the time of an entry into the time from now at which that entry leaves the window.
    """
    leaves: dict[str, int] = {}
    for row in rows:
        leaves[row.root] = max(leaves.get(row.root, row.at_ms), row.at_ms)
    for root in sorted(leaves, key=leaves.__getitem__):
        excess -= weights[root]
        if excess <= 0:
            return math.ceil((leaves[root] + ahead_ms) / 1000)
    return None


def _check_named(caps: Caps, intent: Intent) -> None:
    """Refuse a dial whose arguments name no number, where the account lists numbers."""
    listed = "allowed_prefixes" if caps.allowed_prefixes is not None else "blocked_numbers"
    if intent.dials and not intent.numbers and (caps.allowed_prefixes is not None or caps.blocked_numbers):
        message = f"{intent.tool}: no argument says whom this call rings, and account {intent.account} has {listed}"
        hint = "Call the tool whose arguments name the numbers. Nothing was sent."
        raise CapReached(message, tool=intent.tool, cap=listed, hint=hint)


def _check_numbers(caps: Caps, intent: Intent) -> None:
    for number in intent.numbers:
        international, digits = _digits(number)
        if any(_same_number(international, digits, _digits(blocked)[1]) for blocked in caps.blocked_numbers):
            message = f"{intent.tool}: the number {number} is blocked for account {intent.account}"
            raise CapReached(message, tool=intent.tool, cap="blocked_numbers", number=number)
        if caps.allowed_prefixes is None:
            continue
        if not (international and f"+{digits}".startswith(caps.allowed_prefixes)):
            allowed = ", ".join(caps.allowed_prefixes) or "none"
            message = (
                f"{intent.tool}: the number {number} has no prefix that account {intent.account} may ring: {allowed}"
            )
            hint = None if international else "Write the number with + and the country code."
            known = {"cap": "allowed_prefixes", "limit": caps.allowed_prefixes, "number": number, "hint": hint}
            raise CapReached(message, tool=intent.tool, **known)


def _digits(number: str) -> tuple[bool, str]:
    """Return whether a number is written with its country code, and its digits.

    Examples: `+1 (415) 555-0100` -> `(True, "14155550100")`; `415 555 0100` -> `(False, "4155550100")`. The `(0)` that
    people write after a country code is not dialled, so it is left out.
    """
    # NFKC and int() read full-width and other scripts' digits as a telephone exchange's parser may do.
    written = "".join(
        char
        for char in unicodedata.normalize("NFKC", number)
        if not char.isspace() and unicodedata.category(char) not in {"Cf", "Pd"}
    )
    match = _NUMBER.match(written.replace("(0)", ""))
    if match is None:
        return False, ""
    return match[1] is not None, "".join(str(int(char)) for char in match[2] if char.isdigit())


def _same_number(international: bool, digits: str, blocked: str) -> bool:  # noqa: FBT001
    """Return whether a number is a blocked one; without a country code, an equal ending is enough."""
    if international:
        return digits == blocked
    national = digits.lstrip("0")
    return len(national) >= _SHORTEST_NATIONAL and (national.endswith(blocked) or blocked.endswith(national))
