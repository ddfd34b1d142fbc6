"""The ledger's vocabulary: what is written down about a write, before it is sent and after it has ended.

Owns the records (`Intent`, `Ending`, `Entry`), the protocol of a store that keeps them (`AnyLedger`), and what their
words mean. Every store has the same meaning of every record, because the meaning is computed here.
Must not know: files, databases, processes, clocks, HTTP.

An intent is durable before anything is sent. An intent without an ending is `under_way` while the process that wrote
the intent runs, and `unknown` afterwards: the call may have happened. Nothing turns a missing ending into `not_sent`.

Secrets: the caller masks arguments, and the result, before they come here. A store writes what it is given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.values.suggestions import nearest

UNDER_WAY: Final = "under_way"
UNKNOWN: Final = "unknown"
# What an ending may say for certain; `unknown` is the only other one.
CERTAIN: Final = ("done", "failed", "not_sent", "refused")
# What certainly did not happen, and so takes no room under a cap.
WITHOUT_EFFECT: Final = ("not_sent", "refused")
OUTCOMES: Final = (*CERTAIN, UNKNOWN)

# Milliseconds in which an equal call is looked for, unless the caller says otherwise.
REPEAT_WINDOW_MS: Final = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Intent:
    """What is written before a write is sent.

    `id` is unique. `at_ms` is milliseconds since 1970. `effects` are those of design and spec (`dial`, `spend`,
    `publish`, `destroy`). `arguments` are masked. `digest` is made of account, tool and everything that goes out.
    `within` is the id of the composed tool's intent whose step this is. `reconcile` says how to find out what became
    of the call: `{"tool", "arguments", "note"}`. `numbers` are the phone numbers that would ring.
    """

    id: str
    at_ms: int
    surface: str
    account: str
    tool: str
    effects: tuple[str, ...]
    arguments: Mapping[str, Any]
    digest: str
    idempotency_key: str | None = None
    within: str | None = None
    reconcile: Mapping[str, Any] | None = None
    numbers: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The id of the group in which caps count this intent: the composed tool's, or the intent's own."""
        return self.within or self.id

    @property
    def dials(self) -> int:
        """How many phones would ring, as caps count."""
        return max(1, len(self.numbers)) if "dial" in self.effects else 0

    @property
    def spends(self) -> int:
        """1 where the call costs money, as caps count."""
        return 1 if "spend" in self.effects else 0


@dataclass(frozen=True, slots=True)
class Ending:
    """What is written after it.

    `outcome` is `done`, `failed`, `not_sent`, `refused` or `unknown`; another word is recorded as `unknown`. `status`
    is the API's, `error` the error's code. `ids` name what was made. `result` is the reply's JSON, for the answer to
    a repeat. `result_kept` is False where the result was longer than 64 kB, or no JSON, and so was not kept.
    """

    outcome: str
    at_ms: int
    status: int | None = None
    error: str | None = None
    message: str | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    result: Any = None
    result_kept: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An intent and what became of it.

    `ending` is None where none was written. `delivered`: the surface wrote the result where its caller reads.
    `alive`: the process that wrote the intent still runs. `note` is what somebody said who found out what became of an
    unknown call (`AnyLedger.resolve`), and None elsewhere.
    """

    intent: Intent
    ending: Ending | None = None
    delivered: bool = False
    alive: bool = False
    note: str | None = None

    @property
    def outcome(self) -> str:
        """The ending's outcome; without one `under_way` while the writing process runs, and then `unknown`."""
        if self.ending is not None:
            return self.ending.outcome
        return UNDER_WAY if self.alive else UNKNOWN

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON: the intent's fields, `outcome`, `delivered`, `note`, and `ending` with its own."""
        ending = None if self.ending is None else fields_of(self.ending)
        known = {"outcome": self.outcome, "delivered": self.delivered, "note": self.note, "ending": ending}
        return fields_of(self.intent) | known


class LedgerNotWritten(Exception):
    """An ending, or a delivery, could not be written. The call is not affected, and this is no error of the call.

    Outside the tree of `ToolError`, because an error of the tree says what became of a call. Whoever ends a call
    catches this one and adds the text to the call's result or error as a note. `id` is the entry's.
    """

    def __init__(self, message: str, entry_id: str) -> None:
        super().__init__(message)
        self.id = entry_id

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the id when the exception crosses a process."""
        return type(self), (str(self), self.id)


Judge = Callable[[Sequence[Entry]], None]


class AnyLedger(Protocol):
    """A store of entries; safe to share among threads, and where the store says so, among processes."""

    def begin(
        self,
        intent: Intent,
        caps: Any = None,
        *,
        judge: Judge | None = None,
        window_ms: int = REPEAT_WINDOW_MS,
    ) -> None:
        """Write an intent; durable when this returns. Whatever is raised, nothing may be sent.

        `judge` decides on repeats. It is called with the entries of the same account that have the same digest and
        are younger than `window_ms` (before the intent's time), or have the same idempotency key at any age; newest
        first. No other process or thread can begin a call between that look and this write, so two equal calls at once
        cannot both be the first. What `judge` raises comes out of `begin`. It has to be quick, because everybody waits.

        Raises `CapReached` (caps are looked at after `judge`), `ConfigurationError` where the store cannot be
        written, `InvalidArguments` for an id that is taken or an intent that cannot be recorded. An interrupt
        (KeyboardInterrupt) can come after the write: the caller then ends the entry as `not_sent`.
        """

    def end(self, entry_id: str, ending: Ending, *, delivered: bool = False) -> None:
        """Write what became of a call. Raises `LedgerNotWritten` and nothing else.

        `delivered` writes in the same moment what `deliver` writes: the caller has the result when the call returns.
        The first certain ending stands. A later ending replaces `unknown`, and what somebody said by `resolve`. An
        ending that could not be written is kept in memory, shown by `get` and `find` of this process, and written with
        the next `begin`, `end` or `close`.
        """

    def deliver(self, entry_id: str) -> None:
        """Write that the surface wrote the result where its caller reads. Raises `LedgerNotWritten` and nothing else.

        A delivery that is not written is the safe case: an equal call is then answered from the ledger.
        """

    def get(self, entry_id: str) -> Entry | None:
        """Return the entry, or None."""

    def find(
        self,
        *,
        digest: str | None = None,
        idempotency_key: str | None = None,
        account: str | None = None,
        tool: str | None = None,
        outcome: str | None = None,
        since_ms: int | None = None,
        within: str | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Return the entries for which everything given holds, newest first; `since_ms` includes its moment.

        `outcome` is one of `OUTCOMES`, or `under_way`; another word raises `InvalidArguments`.
        """

    def resolve(self, entry_id: str, outcome: str, note: str) -> None:
        """Write what somebody found out about a call whose outcome is `unknown`. `outcome` is one of `CERTAIN`.

        Raises `InvalidArguments` for another outcome, an empty note, an id that the ledger does not hold, and an entry
        that is not `unknown`.
        """

    def close(self) -> None:
        """Write what is kept in memory, where possible, and close the store. The next call opens the store again."""


def fields_of(record: Intent | Ending) -> dict[str, Any]:
    """Return a record's fields by name, with tuples as lists.

    Example: `Ending("done", 5)` -> `{"outcome": "done", "at_ms": 5, "status": None, …}`.
    """
    shown = {name: getattr(record, name) for name in record.__dataclass_fields__}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}


def check_outcome(outcome: str, allowed: Sequence[str]) -> None:
    """Raise `InvalidArguments` where a word is none of the allowed outcomes."""
    if outcome not in allowed:
        near = nearest(str(outcome), allowed)
        fault = Fault("outcome", "value", f"{outcome!r} is none of {', '.join(allowed)}", near, tuple(allowed))
        raise InvalidArguments(str(fault), faults=(fault,))


def id_taken(intent: Intent) -> InvalidArguments:
    """Return the error of `AnyLedger.begin` for an id that the ledger already holds."""
    fault = Fault("id", "conflict", f"the ledger already holds an entry {intent.id!r}")
    return InvalidArguments(f"{intent.tool}: {fault}", tool=intent.tool, faults=(fault,))


def gives_way(ending: Ending | None, note: str | None) -> bool:
    """Whether a later ending replaces this one: the first certain one stands, unless somebody said it (`note`)."""
    return ending is None or ending.outcome == UNKNOWN or note is not None


def resolution(entry_id: str, entry: Entry | None, outcome: str, note: str, at_ms: int) -> Ending:
    """Return the ending that `AnyLedger.resolve` writes at a moment. `entry` is None where the ledger has none.

    Raises `InvalidArguments` as `AnyLedger.resolve` does.
    """
    check_outcome(outcome, CERTAIN)
    if not note.strip():
        fault = Fault("note", "missing", "is empty; say how the outcome was found out")
    elif entry is None:
        fault = Fault("id", "value", f"the ledger holds no entry {entry_id!r}")
    elif entry.outcome == UNDER_WAY:
        fault = Fault("id", "value", f"{entry.intent.tool} is still under way in a running process")
    elif entry.outcome != UNKNOWN:
        fault = Fault("id", "value", f"{entry.intent.tool} is not unknown; the outcome is {entry.outcome}")
    else:
        return Ending(outcome, at_ms) if entry.ending is None else replace(entry.ending, outcome=outcome)
    raise InvalidArguments(str(fault), faults=(fault,))
