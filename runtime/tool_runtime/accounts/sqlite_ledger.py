"""The ledger in a file: SQLite, safe among processes and threads, and after a fork.

Owns the tables, what is one transaction, which ending stands, and when old entries go. `ledger_file` owns the file.
Must not know: HTTP, surfaces, what a call means.

- **Durable**: a commit returns after fsync. `begin` is one transaction (repeats, caps, insert), which holds the file's
  write lock from its first statement on; `end` is another.
- **Killed at any point**: what was begun is in the file. An entry without an ending is `unknown` once its process has
  ended (`processes`).
- **`begin` fails before anything is sent** with a `ConfigurationError` that names the file. **`end` never breaks a call
  that was done**: it raises `LedgerNotWritten`, keeps the ending in memory, and writes it with the next `begin`, `end`
  or `close`. If the process ends before that, the entry is `unknown`.
- **Growth**: `begin` removes entries older than `keep_days`, at most once an hour in a process, and `PRUNED_AT_ONCE`
  at a time. Entries that are `unknown`, or have no ending, stay until somebody resolves them.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tool_runtime.accounts import processes
from tool_runtime.accounts.caps import DAY_MS, Caps, Counted, check_caps
from tool_runtime.accounts.ledger_file import LedgerFile, damaged
from tool_runtime.accounts.ledger_records import ending_of, ending_text, intent_of, intent_text, recorded
from tool_runtime.core.ledger import (
    CERTAIN,
    OUTCOMES,
    REPEAT_WINDOW_MS,
    UNDER_WAY,
    UNKNOWN,
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
from tool_runtime.errors import ConfigurationError

# "ToLg" in ASCII: tells a ledger from the database of another program.
APPLICATION_ID: Final = 0x546F4C67
VERSION: Final = 1
KEEP_DAYS: Final = 90
PRUNED_AT_ONCE: Final = 500
PRUNING_PAUSE_MS: Final = 60 * 60 * 1000
# Two hundred processes that begin at once wait for each other's fsync.
BUSY_SECONDS: Final = 30.0

SCHEMA: Final = f"""
CREATE TABLE entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL,
    account TEXT NOT NULL,
    tool TEXT NOT NULL,
    digest TEXT NOT NULL,
    idempotency_key TEXT,
    within TEXT,
    dials INTEGER NOT NULL,
    spends INTEGER NOT NULL,
    process TEXT NOT NULL,
    intent TEXT NOT NULL,
    outcome TEXT,
    ending TEXT,
    delivered INTEGER NOT NULL DEFAULT 0,
    note TEXT
);
CREATE INDEX entries_by_time ON entries (at_ms);
CREATE INDEX entries_by_digest ON entries (digest, at_ms);
CREATE INDEX entries_by_key ON entries (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX entries_by_composed ON entries (within) WHERE within IS NOT NULL;
CREATE INDEX entries_by_cost ON entries (account, at_ms) WHERE dials > 0 OR spends > 0;
CREATE INDEX entries_uncertain ON entries (at_ms) WHERE outcome IS NULL OR outcome = 'unknown';
CREATE INDEX entries_to_prune ON entries (at_ms) WHERE outcome IN {CERTAIN};
"""
_COLUMNS: Final = "intent, ending, delivered, note, process"
_COUNTED: Final = """
SELECT coalesce(within, id), at_ms, within IS NOT NULL, dials, spends, outcome IS 'failed' FROM entries
WHERE account = ? AND at_ms > ? AND (dials > 0 OR spends > 0)
AND (outcome IS NULL OR outcome NOT IN ('not_sent', 'refused'))
"""
_BEGIN: Final = """
INSERT INTO entries (id, at_ms, account, tool, digest, idempotency_key, within, dials, spends, process, intent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ALIKE: Final = f"""
SELECT {_COLUMNS} FROM entries WHERE account = ? AND number IN (
    SELECT number FROM entries WHERE digest = ? AND at_ms >= ?
    UNION SELECT number FROM entries WHERE idempotency_key = ?
) ORDER BY at_ms DESC, number DESC
"""  # noqa: S608
# The first certain ending stands; `unknown`, and what somebody found out, give way to the process's own word.
_END: Final = """
UPDATE entries SET outcome = ?, ending = ?, note = NULL, delivered = max(delivered, ?)
WHERE id = ? AND (outcome IS NULL OR outcome = 'unknown' OR note IS NOT NULL)
"""
_PRUNE: Final = f"""
DELETE FROM entries WHERE number IN (SELECT number FROM entries WHERE at_ms < ? AND outcome IN {CERTAIN} LIMIT ?)
"""  # noqa: S608


def default_ledger_path(program: str) -> Path:
    """Return where a program's ledger stands: `ledger.sqlite3` in the user's state folder.

    Example: `tools` -> `~/.local/state/tools/ledger.sqlite3` on Linux (`$XDG_STATE_HOME` instead of `~/.local/state`
    where set). Raises `ConfigurationError` where no home folder is known.
    """
    from platformdirs import user_state_path

    folder = user_state_path(program, appauthor=False)
    if not folder.is_absolute():
        message = f"the ledger's folder {folder} is not absolute, so that it would depend on where the program starts"
        raise ConfigurationError(message, hint="Set HOME or XDG_STATE_HOME to an absolute path.")
    return folder / "ledger.sqlite3"


class Ledger(AnyLedger):
    """A ledger in a file. Opens the file when it is first used.

    `path` is read when the ledger is made, so a later change of the working directory changes nothing; `~` is the home
    folder. `keep_days` is the age, at least 1, at which entries with a certain ending go; None keeps all.
    `busy_seconds` is how long to wait for another process that writes. `now_ms` gives milliseconds since 1970. Raises
    `ConfigurationError` for an empty path and for fewer days than caps count back.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep_days: float | None = KEEP_DAYS,
        busy_seconds: float = BUSY_SECONDS,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        if not os.fspath(path) or os.fspath(path) == ":memory:":
            message = f"the ledger's path is {os.fspath(path)!r}, which is no file"
            raise ConfigurationError(message, hint="Name a file, or use MemoryLedger in tests.")
        if keep_days is not None and not keep_days >= 1:
            message = f"the ledger's keep_days is {keep_days!r}; caps count a day back, so at least 1 is needed"
            raise ConfigurationError(message)
        try:
            self.path = Path(path).expanduser().absolute()
        except (OSError, RuntimeError) as error:
            message = f"the ledger's path {os.fspath(path)!r} cannot be read: {error}"
            raise ConfigurationError(message, hint="Write an absolute path.") from error
        self._file = LedgerFile(
            self.path, SCHEMA, application_id=APPLICATION_ID, version=VERSION, busy_seconds=busy_seconds
        )
        self._keep_days = keep_days
        self._now_ms = now_ms
        self._prune_from_ms: int | None = None
        # The endings that are kept in memory, each with whether the result was delivered.
        self._unwritten: dict[str, tuple[Ending, bool]] = {}

    def __repr__(self) -> str:
        """Show the file."""
        return f"Ledger({str(self.path)!r})"

    def begin(
        self,
        intent: Intent,
        caps: Caps | None = None,
        *,
        judge: Judge | None = None,
        window_ms: int = REPEAT_WINDOW_MS,
    ) -> None:
        """Write an intent, durable when this returns; see `AnyLedger.begin`."""
        key, account, digest = _stored(intent.idempotency_key), _stored(intent.account), _stored(intent.digest)
        row = (
            *(_stored(intent.id), intent.at_ms, account, _stored(intent.tool), digest, key, _stored(intent.within)),
            *(intent.dials, intent.spends, processes.own_mark(), intent_text(intent)),
        )
        with self._file.lock:
            self._write_kept()
            with self._file.transaction() as connection:
                if connection.execute("SELECT 1 FROM entries WHERE id = ?", row[:1]).fetchone():
                    raise id_taken(intent)
                if judge is not None:
                    wanted = (account, digest, intent.at_ms - window_ms, key)
                    judge(list(self._entries(connection.execute(_ALIKE, wanted))))
                if caps is not None:
                    rows = connection.execute(_COUNTED, (account, intent.at_ms - DAY_MS))
                    check_caps(caps, intent, [Counted(*found) for found in rows])
                connection.execute(_BEGIN, row)
                self._prune(connection, intent.at_ms)

    def end(self, entry_id: str, ending: Ending, *, delivered: bool = False) -> None:
        """Write what became of a call; see `AnyLedger.end`."""
        try:
            kept = recorded(ending)
            with self._file.lock:
                waiting = self._unwritten.get(entry_id)
                if waiting is None or waiting[0].outcome == UNKNOWN:
                    self._unwritten[entry_id] = kept, delivered
                missing = self._write_kept()
        except Exception as error:
            message = (
                f"the outcome {ending.outcome} of entry {entry_id} is not in the ledger {self.path} yet: "
                f"{getattr(error, 'message', error)}; the ledger calls this entry unknown once this process has ended"
            )
            raise LedgerNotWritten(message, entry_id) from error
        if entry_id in missing:
            raise LedgerNotWritten(_no_entry(self.path, entry_id), entry_id)

    def deliver(self, entry_id: str) -> None:
        """Write that the result was written where its caller reads; see `AnyLedger.deliver`."""
        try:
            with self._file.transaction() as connection:
                known = connection.execute(
                    "UPDATE entries SET delivered = 1 WHERE id = ?", (_stored(entry_id),)
                ).rowcount
        except Exception as error:
            message = f"the ledger {self.path} does not hold that the result of entry {entry_id} was delivered: {error}"
            raise LedgerNotWritten(message, entry_id) from error
        if not known:
            raise LedgerNotWritten(_no_entry(self.path, entry_id), entry_id)

    def get(self, entry_id: str) -> Entry | None:
        """Return the entry, or None."""
        with self._file.reading() as connection:
            query = f"SELECT {_COLUMNS} FROM entries WHERE id = ?"  # noqa: S608
            return next(self._entries(connection.execute(query, (_stored(entry_id),))), None)

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
        given = {
            "digest = ?": _stored(digest),
            "idempotency_key = ?": _stored(idempotency_key),
            "account = ?": _stored(account),
            "tool = ?": _stored(tool),
            "at_ms >= ?": since_ms,
            "within = ?": _stored(within),
            # An ending that is kept in memory is in no row: then every row is looked at.
            "outcome = ?": outcome if outcome in CERTAIN and not self._unwritten else None,
        }
        wanted = {condition: value for condition, value in given.items() if value is not None}
        conditions = ["1", *wanted]
        if outcome in {UNKNOWN, UNDER_WAY} and not self._unwritten:
            # Which of both an entry without an ending is depends on whether the process runs.
            conditions.append("(outcome IS NULL OR outcome = 'unknown')")
        where = " AND ".join(conditions)
        query = f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY at_ms DESC, number DESC"  # noqa: S608
        found: list[Entry] = []
        with self._file.reading() as connection:
            for entry in self._entries(connection.execute(query, tuple(wanted.values()))):
                if limit is not None and len(found) >= limit:
                    break
                if outcome is None or entry.outcome == outcome:
                    found.append(entry)
        return found

    def resolve(self, entry_id: str, outcome: str, note: str) -> None:
        """Write what somebody found out about an unknown call; see `AnyLedger.resolve`."""
        with self._file.transaction() as connection:
            ending = resolution(entry_id, self.get(entry_id), outcome, note, self._now_ms())
            values = (
                outcome,
                ending_text(ending),
                note.encode("utf-8", "backslashreplace").decode(),
                _stored(entry_id),
            )
            connection.execute("UPDATE entries SET outcome = ?, ending = ?, note = ? WHERE id = ?", values)

    def close(self) -> None:
        """Write what is kept in memory, where possible, and close the file; see `AnyLedger.close`."""
        with self._file.lock:
            with suppress(ConfigurationError):
                self._write_kept()
            self._file.close()

    def _write_kept(self) -> set[str]:
        """Write the endings that are kept in memory, and return the ids that the file does not hold."""
        missing: set[str] = set()
        if not self._unwritten:
            return missing
        kept = dict(self._unwritten)
        with self._file.transaction() as connection:
            for entry_id, (ending, delivered) in kept.items():
                values = (ending.outcome, ending_text(ending), delivered, _stored(entry_id))
                if not connection.execute(_END, values).rowcount:
                    known = connection.execute("SELECT 1 FROM entries WHERE id = ?", values[3:]).fetchone()
                    missing |= set() if known else {entry_id}
        for entry_id, waiting in kept.items():
            # A signal handler may have ended calls in between.
            if self._unwritten.get(entry_id) is waiting:
                del self._unwritten[entry_id]
        return missing

    def _entries(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Entry]:
        """Make entries of rows of `_COLUMNS`; each process is looked at once."""
        alive: dict[str, bool] = {}
        for intent_json, ending_json, delivered, note, mark in rows:
            try:
                if mark not in alive:
                    alive[mark] = processes.runs(mark)
                intent, ending = intent_of(intent_json), None if ending_json is None else ending_of(ending_json)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise damaged(self.path, f"an entry cannot be read: {type(error).__name__}") from error
            waiting = self._unwritten.get(intent.id)
            # As in `_END`: a certain ending that is in the file stands.
            if waiting is not None and gives_way(ending, note):
                yield Entry(intent, waiting[0], bool(delivered) or waiting[1], alive[mark])
            else:
                yield Entry(intent, ending, bool(delivered), alive[mark], note)

    def _prune(self, connection: sqlite3.Connection, at_ms: int) -> None:
        """Remove old entries. The earlier of both clocks decides, so that one wrong clock removes nothing."""
        now = min(at_ms, self._now_ms())
        if self._keep_days is None or (self._prune_from_ms is not None and now < self._prune_from_ms):
            return
        gone = connection.execute(_PRUNE, (now - self._keep_days * DAY_MS, PRUNED_AT_ONCE)).rowcount
        self._prune_from_ms = now if gone == PRUNED_AT_ONCE else now + PRUNING_PAUSE_MS


def _stored(text: str | None) -> str | bytes | None:
    """Return a text as SQLite takes it: one with half a surrogate pair, which is no UTF-8, as bytes."""
    if text is None:
        return None
    text = str.__str__(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _no_entry(path: Path, entry_id: str) -> str:
    return f"the ledger {path} holds no entry {entry_id}; the file was replaced after the call began"
