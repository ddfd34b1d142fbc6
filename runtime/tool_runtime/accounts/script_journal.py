"""The journal of scripts: what a run asked for and was answered, so that the run can be resumed after a crash.

Stands in the ledger's file, in tables of its own. Owns runs (source, arguments, state) and their calls (branch, path,
digest, answer). Must not know: Lua, tools, how a call is made.

- A write's row is written before its ledger entry. The ledger's commit, which is synced, carries the row with it, since
  both stand in one log. So whatever may have been sent has a row, and the row names the ledger entry.
- Reads are kept in memory and written with the next write: a read that is lost is read again, and no write came after.
- A run that has ended needs no journal and is removed. What is left are runs that are paused or were killed.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tool_runtime.accounts import processes
from tool_runtime.accounts.ledger_file import LedgerFile
from tool_runtime.accounts.sqlite_ledger import APPLICATION_ID, BUSY_SECONDS, SCHEMA, VERSION
from tool_runtime.errors import ConfigurationError, UsageError
from tool_runtime.values.suggestions import nearest

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS script_runs (
    id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, state TEXT NOT NULL, process TEXT NOT NULL, source TEXT NOT NULL,
    settings TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS script_calls (
    run TEXT NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL, record TEXT, attempt INTEGER NOT NULL, answer TEXT, PRIMARY KEY (run, key)
)
"""
# Bytes of answers to reads that are kept in memory.
# Bytes of answers in memory, once the run stands in the file, and before. A run that only reads is seldom written.
_MOST_WAITING: Final = 1024 * 1024
_MOST_IN_MEMORY: Final = 64 * 1024 * 1024
_KEPT_DAYS: Final = 30
_DAY_MS: Final = 86_400_000
_STATES: Final = frozenset({"new", "begun", "asking", "approved", "denied", "ended"})
_MISSING: Final = object()
_JSON: Final = (dict, list, str, int, float, type(None))


@dataclass(frozen=True, slots=True)
class JournalCall:
    """One call of a run. `key` names the call in every run of the same script, `seq` is its number for people.

    `state` is `begun` (a write that may have been sent), `asking` (waits for a yes), `approved`, `denied`, or `ended`.
    `record` is the ledger id of the write, of this `attempt`. `answer` is the answer, or what is asked, as JSON.
    """

    seq: int
    key: str
    path: str
    digest: str
    state: str
    record: str | None = None
    attempt: int = 1
    answer: Any = None


@dataclass(frozen=True, slots=True)
class JournalRun:
    """One run. `state` is `running` or `paused`; `alive`: the process that runs the script still exists."""

    id: str
    at_ms: int
    state: str
    source: str
    settings: Mapping[str, Any]
    alive: bool = False


class ScriptJournal:
    """The journal of one run. Nothing is written before the first write of the run."""

    def __init__(
        self, path: Path, run: JournalRun, calls: Iterable[JournalCall] = (), *, is_stored: bool = False
    ) -> None:
        self.run = run
        self._file = journal_file(path)
        self._calls = {call.key: call for call in calls}
        self._stored = is_stored
        self._waiting: list[JournalCall] = []
        self._waiting_bytes = 0
        self._last = max((call.seq for call in self._calls.values()), default=0)

    @property
    def is_stored(self) -> bool:
        """Whether the run stands in the file, and so can be resumed."""
        return self._stored

    def find(self, key: str) -> JournalCall | None:
        """Return the call of this name in an earlier run, or None."""
        return self._calls.get(key)

    def next_seq(self) -> int:
        """Return the number of a new call."""
        with self._file.lock:
            self._last += 1
            return self._last

    def keep(self, call: JournalCall) -> None:
        """Keep the answer to a read in memory; it is written with the next write."""
        with self._file.lock:
            self._waiting.append(call)
            self._waiting_bytes += len(str(call.answer))
            if self._waiting_bytes > (_MOST_WAITING if self._stored else _MOST_IN_MEMORY):
                self.write(())

    def write(self, calls: Iterable[JournalCall], state: str = "running") -> None:
        """Write calls, and what is kept in memory before them. Raises `ConfigurationError`."""
        with self._file.lock:
            rows = [*self._waiting, *calls]
            with self._file.transaction() as connection:
                _make_tables(connection)
                values = (self.run.id, self.run.at_ms, state, processes.own_mark())
                text = (self.run.source, json.dumps(self.run.settings))
                connection.execute(
                    "INSERT INTO script_runs VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET state = ?, process = ?",
                    (*values, *text, state, values[3]),
                )
                connection.executemany(
                    "INSERT OR REPLACE INTO script_calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [_row(self.run.id, call) for call in rows],
                )
            self._stored = True
            self._waiting, self._waiting_bytes = [], 0

    def remove(self) -> None:
        """Remove a run that has ended."""
        if self._stored:
            with self._file.transaction() as connection:
                _remove(connection, self.run.id)
        self._stored = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def journal_file(path: Path) -> LedgerFile:
    """Return the ledger's file, for the journal's own connection to it."""
    return LedgerFile(path, SCHEMA, application_id=APPLICATION_ID, version=VERSION, busy_seconds=BUSY_SECONDS)


def resumable_runs(path: Path) -> list[JournalRun]:
    """Return the runs that are paused, or whose process was killed, newest first."""
    if not path.exists():
        return []
    with closing(journal_file(path)) as file, file.transaction() as connection:
        _make_tables(connection)
        old = time.time_ns() // 1_000_000 - _KEPT_DAYS * _DAY_MS
        for (gone,) in connection.execute("SELECT id FROM script_runs WHERE at_ms < ?", (old,)).fetchall():
            _remove(connection, gone)
        rows = connection.execute(
            "SELECT id, at_ms, state, process, source, settings FROM script_runs ORDER BY at_ms DESC"
        )
        runs = [_run(*row) for row in rows]
    return [run for run in runs if run.state != "running" or not run.alive]


Check = Callable[[JournalRun, Sequence[JournalCall]], None]


def open_run(path: Path, run_id: str, check: Check = lambda _run, _calls: None) -> ScriptJournal:
    """Take over a run that is paused or was killed, and return its journal.

    `check` may refuse by raising: then the run stays as it is. Raises `UsageError` for an id that is not there, and for
    a run that another process is running; `ConfigurationError` for rows that no journal has.
    """
    runs = resumable_runs(path)
    with closing(journal_file(path)) as file, file.transaction() as connection:
        _make_tables(connection)
        query = "SELECT id, at_ms, state, process, source, settings FROM script_runs WHERE id = ?"
        row = connection.execute(query, (run_id,)).fetchone()
        if row is None:
            near = nearest(run_id, [run.id for run in runs])
            known = ", ".join(run.id for run in runs[:10]) or "none"
            hint = f"Did you mean {near}?" if near else f"Runs that can be resumed: {known}."
            raise UsageError(f"there is no run {run_id[:80]!r} to resume", hint=hint)
        found = _run(*row)
        if found.state == "running" and found.alive:
            raise UsageError(
                f"the run {run_id} is still running in another process", hint="Wait until that process ends."
            )
        rows = connection.execute(
            "SELECT seq, key, path, digest, state, record, attempt, answer FROM script_calls "
            "WHERE run = ? ORDER BY seq",
            (run_id,),
        )
        try:
            calls = [_call(*row) for row in rows]
        except (ValueError, TypeError) as error:
            raise _unreadable(path, run_id) from error
        if not isinstance(found.settings.get("args", _MISSING), _JSON):
            raise _unreadable(path, run_id)
        check(found, calls)
        # From now on this process runs the script: a second `resume` at the same moment is refused.
        mark = processes.own_mark()
        connection.execute("UPDATE script_runs SET state = 'running', process = ? WHERE id = ?", (mark, run_id))
    return ScriptJournal(path, replace(found, state="running"), calls, is_stored=True)


def _make_tables(connection: Any) -> None:
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def _remove(connection: Any, run_id: str) -> None:
    connection.execute("DELETE FROM script_calls WHERE run = ?", (run_id,))
    connection.execute("DELETE FROM script_runs WHERE id = ?", (run_id,))


def _row(run_id: str, call: JournalCall) -> tuple[Any, ...]:
    answer = None if call.answer is None else json.dumps(call.answer)
    return (run_id, call.seq, call.key, call.path, call.digest, call.state, call.record, call.attempt, answer)


def _call(*row: Any) -> JournalCall:
    seq, key, path, digest, state, record, attempt, answer = row
    known = None if answer is None else json.loads(answer)
    if state not in _STATES or (state == "ended" and not _is_answer(known)):
        raise ValueError(state)
    if state == "asking" and not isinstance(known, dict):
        raise ValueError(state)
    return JournalCall(seq, key, path, digest, state, record, attempt, known)


def _is_answer(known: Any) -> bool:
    """Whether this is what a call that has ended leaves: a status, and a result or a text with its error."""
    if not isinstance(known, dict) or known.get("status") not in {"none", "succeeded", "unknown"}:
        return False
    error = known.get("error")
    return "ok" in known or (isinstance(known.get("text"), str) and isinstance(error, dict) and "message" in error)


def _run(run_id: str, at_ms: int, state: str, mark: str, source: str, settings: str) -> JournalRun:
    try:
        known = json.loads(settings)
        alive = processes.runs(mark)
    except ValueError:
        # Another program wrote this row. It can be listed, and not be opened.
        known, alive = {}, False
    return JournalRun(run_id, at_ms, state, source, known if isinstance(known, dict) else {}, alive)


def _unreadable(path: Path, run_id: str) -> ConfigurationError:
    message = f"the journal of the run {run_id} in {path} holds what no script wrote"
    return ConfigurationError(message, hint="Nothing was sent. Start the script anew.")
