"""The ledger in memory: for tests, and for a program that needs repeats and caps within one process only.

Owns the same rules as the ledger in a file (`sqlite_ledger`), over a dictionary. Safe among threads. A forked child has
a copy as of the fork. Nothing is pruned, and nothing outlives the process.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import replace

from tool_runtime.accounts.caps import DAY_MS, Caps, Counted, check_caps
from tool_runtime.accounts.ledger_records import intent_of, intent_text, recorded
from tool_runtime.core.ledger import (
    OUTCOMES,
    REPEAT_WINDOW_MS,
    UNDER_WAY,
    WITHOUT_EFFECT,
    AnyLedger,
    Ending,
    Entry,
    Intent,
    Judge,
    LedgerNotWritten,
    check_outcome,
    gives_way,
    id_taken,
    resolution,
)

_open_ledgers: "weakref.WeakSet[MemoryLedger]" = weakref.WeakSet()


class MemoryLedger(AnyLedger):
    """A ledger in memory. `now_ms` gives milliseconds since 1970, for `resolve`."""

    def __init__(self, *, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._now_ms = now_ms
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()
        _open_ledgers.add(self)

    def begin(
        self,
        intent: Intent,
        caps: Caps | None = None,
        *,
        judge: Judge | None = None,
        window_ms: int = REPEAT_WINDOW_MS,
    ) -> None:
        """Keep an intent; see `AnyLedger.begin`."""
        kept = intent_of(intent_text(intent))
        with self._lock:
            if intent.id in self._entries:
                raise id_taken(intent)
            if judge is not None:
                since = intent.at_ms - window_ms
                judge([entry for entry in self._newest_first() if _alike(entry.intent, intent, since)])
            if caps is not None:
                check_caps(caps, intent, self._counted(intent))
            self._entries[intent.id] = Entry(kept, alive=True)

    def end(self, entry_id: str, ending: Ending, *, delivered: bool = False) -> None:
        """Keep what became of a call; see `AnyLedger.end`."""
        try:
            kept = recorded(ending)
        except Exception as error:
            message = f"the outcome {ending.outcome} of entry {entry_id} cannot be kept: {error}"
            raise LedgerNotWritten(message, entry_id) from error
        with self._lock:
            entry = self._known(entry_id)
            if gives_way(entry.ending, entry.note):
                entry = replace(entry, ending=kept, note=None)
            self._entries[entry_id] = replace(entry, delivered=entry.delivered or delivered)

    def deliver(self, entry_id: str) -> None:
        """Keep that the result was written where its caller reads; see `AnyLedger.deliver`."""
        with self._lock:
            self._entries[entry_id] = replace(self._known(entry_id), delivered=True)

    def get(self, entry_id: str) -> Entry | None:
        """Return the entry, or None."""
        with self._lock:
            return self._entries.get(entry_id)

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
        """Return the entries for which everything given holds, newest first; see `AnyLedger.find`."""
        if outcome is not None:
            check_outcome(outcome, (*OUTCOMES, UNDER_WAY))
        equal = {
            "digest": digest,
            "idempotency_key": idempotency_key,
            "account": account,
            "tool": tool,
            "within": within,
        }
        wanted = {name: value for name, value in equal.items() if value is not None}
        with self._lock:
            found = [
                entry
                for entry in self._newest_first()
                if all(getattr(entry.intent, name) == value for name, value in wanted.items())
                and (outcome is None or entry.outcome == outcome)
                and (since_ms is None or entry.intent.at_ms >= since_ms)
            ]
        return found[:limit]

    def resolve(self, entry_id: str, outcome: str, note: str) -> None:
        """Keep what somebody found out about an unknown call; see `AnyLedger.resolve`."""
        with self._lock:
            entry = self._entries.get(entry_id)
            ending = resolution(entry_id, entry, outcome, note, self._now_ms())
            self._entries[entry_id] = replace(self._known(entry_id), ending=ending, note=note)

    def close(self) -> None:
        """Do nothing: the entries stay."""

    def leave_parent(self) -> None:
        """In a forked child: the process that wrote what is here is another, and a thread that is not here may lock."""
        self._lock = threading.RLock()
        self._entries = {key: replace(entry, alive=False) for key, entry in self._entries.items()}

    def _known(self, entry_id: str) -> Entry:
        entry = self._entries.get(entry_id)
        if entry is None:
            message = f"the ledger holds no entry {entry_id}"
            raise LedgerNotWritten(message, entry_id)
        return entry

    def _newest_first(self) -> list[Entry]:
        # Sorted first and turned round afterwards, so that of equal times the later entry is the newer.
        return sorted(self._entries.values(), key=lambda entry: entry.intent.at_ms)[::-1]

    def _counted(self, intent: Intent) -> list[Counted]:
        return [
            Counted(known.root, known.at_ms, known.within is not None, known.dials, known.spends, outcome == "failed")
            for known, outcome in [(entry.intent, entry.outcome) for entry in self._entries.values()]
            if known.account == intent.account and known.at_ms > intent.at_ms - DAY_MS and outcome not in WITHOUT_EFFECT
        ]


def _alike(earlier: Intent, intent: Intent, since_ms: int) -> bool:
    """Return whether an earlier call is one that `AnyLedger.begin` shows to its judge."""
    if earlier.account != intent.account:
        return False
    same_key = intent.idempotency_key is not None and earlier.idempotency_key == intent.idempotency_key
    return same_key or (earlier.digest == intent.digest and earlier.at_ms >= since_ms)


def _leave_parents() -> None:
    for ledger in list(_open_ledgers):
        ledger.leave_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents)
