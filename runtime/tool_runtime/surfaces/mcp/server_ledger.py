"""The ledger of other servers' writes: intent before the call, outcome after it, and what a repeat is answered with.

A tool of another server that does not say that it only reads may dial, spend or delete: nobody knows. So such a call is
written down as a write, and an equal one whose answer may not have arrived is answered from the ledger. Must not know:
connections, the protocol.
"""

import hashlib
import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.flow import Repeats
from tool_runtime.core.ledger import UNDER_WAY, AnyLedger, Ending, Entry, Intent, LedgerNotWritten
from tool_runtime.errors import Fault, InvalidArguments, OutcomeUnknown, ToolError

WINDOW_MS = 600_000
CERTAINLY_NOT = frozenset({"not_sent", "refused", "failed"})


@dataclass(frozen=True, slots=True)
class Write:
    """A call of another server that may change something."""

    server: str
    name: str
    arguments: Mapping[str, Any]
    surface: str
    again: bool = False
    key: str | None = None
    # The ledger id that the call shall have; None: any.
    record: str | None = None

    @property
    def digest(self) -> str:
        """What equal calls have in common."""
        text = json.dumps([self.server, self.name, self.arguments], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Known(Exception):
    """The ledger holds the result of an equal call: `result`, and the id of the call."""

    def __init__(self, result: Any, first: str) -> None:
        super().__init__(first)
        self.result, self.first = result, first


def begin(ledger: AnyLedger | None, write: Write, at_ms: int, repeats: Repeats) -> str | None:
    """Write an intent and return its id; None without a ledger.

    Raises `Known` for a repeat whose result is known, `OutcomeUnknown` for one whose outcome is not, and
    `ConfigurationError` where the ledger cannot be written: then nothing may be sent.
    """
    if ledger is None:
        return None
    intent = Intent(
        id=write.record or secrets.token_hex(16),
        at_ms=at_ms,
        surface=write.surface,
        account=f"mcp:{write.server}",
        tool=f"mcp:{write.server}.{write.name}",
        effects=(),
        arguments=dict(write.arguments),
        digest=write.digest,
        idempotency_key=write.key,
    )

    def judge(entries: Sequence[Entry]) -> None:
        for entry in entries:
            same_key = write.key is not None and entry.intent.idempotency_key == write.key
            if same_key and entry.intent.digest != intent.digest:
                fault = Fault("idempotency_key", "conflict", "was used for another call: give a new key")
                raise InvalidArguments(f"{write.name}: {fault}", faults=(fault,))
            if entry.outcome in CERTAINLY_NOT:
                continue
            if same_key or (write.key is None and not write.again and _is_repeat(entry, repeats)):
                raise _answer(write, entry)

    ledger.begin(intent, None, judge=judge, window_ms=WINDOW_MS)
    return intent.id


def _is_repeat(entry: Entry, repeats: Repeats) -> bool:
    if repeats == "all":
        return True
    if entry.outcome == "done":
        return not entry.delivered and not entry.alive
    return entry.outcome != UNDER_WAY


def _answer(write: Write, entry: Entry) -> Exception:
    if entry.ending is not None and entry.outcome == "done" and entry.ending.result_kept:
        return Known(entry.ending.result, entry.intent.id)
    state = "was done" if entry.outcome == "done" else "may have happened"
    return OutcomeUnknown(
        f"an equal call of {write.server}.{write.name} {state}; nothing was sent this time",
        tool=f"{write.server}.{write.name}",
        repeat_of=entry.intent.id,
        record=entry.intent.id,
        hint="Find out what became of the first call. If a second one is meant, say so: again.",
    )


def done(ledger: AnyLedger | None, record: str | None, at_ms: int, result: Any) -> None:
    """Write that a call was done."""
    _end(ledger, record, Ending("done", at_ms, result=result))


def failed(ledger: AnyLedger | None, record: str | None, at_ms: int, error: BaseException) -> None:
    """Write what ended a call. An exception that says nothing of the call leaves the outcome unknown."""
    if isinstance(error, ToolError):
        error.know(record=record)
        _end(ledger, record, Ending(error.outcome, at_ms, error=error.code, message=error.message))
    else:
        _end(ledger, record, Ending("unknown", at_ms, message=type(error).__name__))


def _end(ledger: AnyLedger | None, record: str | None, ending: Ending) -> None:
    if ledger is None or record is None:
        return
    try:
        ledger.end(record, ending)
    except LedgerNotWritten as error:
        with suppress(OSError, ValueError):
            print(error, file=sys.stderr, flush=True)  # noqa: T201 - the call is done; its log says what is not
