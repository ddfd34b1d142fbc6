"""The whole state of a sandbox as JSON, and as a file that survives the end of the process.

Owns: what belongs to a state, its format, the file. A file is an SQLite database in write-ahead mode: what was written
before an answer went out is there after the process was killed. Only what a request changed is written.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.deliveries import Deliveries
from tool_runtime.sandbox.store import Entry, Store

FORMAT: Final = 1
_MAGIC: Final = "sandbox state"


@dataclass(frozen=True, slots=True)
class Keeper:
    """The parts of a sandbox that make up its state."""

    store: Store
    deliveries: Deliveries

    def export(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {
            "sandbox_state": FORMAT,
            **self.rest(),
            "keys": {name: list(known) for name, known in self.store.keys.items()},
            "records": [entry_to_json(resource, entry) for resource, entry in self.store.all_entries()],
            "deliveries": [one.to_dict() for one in self.deliveries.journal],
        }

    def rest(self) -> dict[str, Any]:
        """Return what is neither a record nor a delivery."""
        store = self.store
        highest = {name: table.highest for name, table in store.tables.items() if table.highest}
        return {
            "clock": store.clock.microseconds(),
            "sequence": store.sequence,
            "counters": store.counters,
            "issued": sorted(store.issued),
            "highest": highest,
        }

    def load(self, state: Any) -> None:
        """Take a state over, in the place of the present one. Raises `ConfigurationError` for what is none."""
        if not isinstance(state, Mapping) or state.get("sandbox_state") != FORMAT:
            message = f"this is no state of a sandbox: sandbox_state is {FORMAT} in one"
            raise ConfigurationError(message, hint="Such a document is what the export of a state gives.")
        store = self.store
        unknown = sorted({str(one.get("resource")) for one in state.get("records", ())} - set(store.declared))
        if unknown:
            message = f"the state holds records of {', '.join(unknown)[:200]}, which this API does not have"
            raise ConfigurationError(message)
        watchers, store.watchers = store.watchers, []
        try:
            store.clear()
            if "clock" in state:
                store.clock.set(state["clock"])
            for one in state.get("records", ()):
                store.insert(one["resource"], entry_of_json(one))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the state cannot be read: {error!r:.200}"
            raise ConfigurationError(message) from error
        finally:
            store.watchers = watchers
        store.sequence = state.get("sequence", len(state.get("records", ())))
        store.counters = dict(state.get("counters", {}))
        store.issued = set(state.get("issued", ()))
        store.keys = {name: (known[0], known[1], known[2]) for name, known in state.get("keys", {}).items()}
        for name, highest in state.get("highest", {}).items():
            store.tables[name].highest.update(highest)
        self.deliveries.restore(state.get("deliveries", ()))


def entry_to_json(resource: str, entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON, with the resource that it is of."""
    return {
        "resource": resource,
        "id": entry.id,
        "version": entry.version,
        "sequence": entry.sequence,
        "since": entry.since,
        "fired": sorted(entry.fired),
        "told": entry.told,
        "asked": entry.asked,
        "record": entry.record,
    }


def entry_of_json(saved: Mapping[str, Any]) -> Entry:
    """Make an entry of its JSON."""
    return Entry(
        id=saved["id"],
        record=dict(saved["record"]),
        sequence=saved["sequence"],
        since=saved["since"],
        version=saved.get("version"),
        fired=set(saved.get("fired", ())),
        told=dict(saved.get("told", {})),
        asked=None if saved.get("asked") is None else (saved["asked"][0], saved["asked"][1]),
    )


class StateFile:
    """A file that holds a state, and follows its changes.

    `flush` writes what changed since the last time; the sandbox calls it before each answer. Raises
    `ConfigurationError` for a file that is no state.
    """

    def __init__(self, path: str | Path, keeper: Keeper) -> None:
        self._keeper = keeper
        self._dirty: dict[str, tuple[str, Entry] | None] = {}
        self._all = False
        self._keys = 0
        try:
            self._database = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
            # Held until the end of the process, a killed one's too: a second sandbox would overwrite the first one's.
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            columns = "kind TEXT, name TEXT, value TEXT, PRIMARY KEY (kind, name)"
            self._database.execute(f"CREATE TABLE IF NOT EXISTS state ({columns}) WITHOUT ROWID")
            self.is_new = self._value("meta", "format") is None
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                message = f"{path} cannot be used for the state: {error}"
                raise ConfigurationError(message, hint="Name a file in a folder that can be written.") from error
            message = f"another sandbox keeps its state in {path}"
            raise ConfigurationError(message, hint="End that one, or name another file.") from error
        except sqlite3.Error as error:
            message = f"{path} is no state of a sandbox: {error}"
            raise ConfigurationError(message, hint="Name a new file, or one that --state has written.") from error
        keeper.store.watchers.append(self._watch)

    def read(self) -> dict[str, Any]:
        """Return the state that the file holds."""
        if self._value("meta", "format") != f"{_MAGIC} {FORMAT}":
            message = "the state was written by another version of this program"
            raise ConfigurationError(message, hint="Export it with that version, and import the document here.")
        rest = json.loads(self._value("meta", "rest") or "{}")
        keys = {name: json.loads(value) for name, value in self._rows("key")}
        records = sorted((json.loads(value) for _, value in self._rows("record")), key=lambda one: one["sequence"])
        deliveries = sorted((json.loads(value) for _, value in self._rows("delivery")), key=lambda one: one["number"])
        self._keys = len(keys)
        return {"sandbox_state": FORMAT, **rest, "keys": keys, "records": records, "deliveries": deliveries}

    def write_all(self) -> None:
        """Write the whole state at the next `flush`, such as after a reset."""
        self._all = True

    def flush(self) -> None:
        """Write what changed, in one transaction."""
        store, deliveries = self._keeper.store, self._keeper.deliveries
        if not (self._all or self._dirty or deliveries.changed or len(store.keys) != self._keys):
            return
        rows: list[tuple[str, str, str | None]] = []
        if self._all:
            rows += [("record", _name(*one), _text(entry_to_json(*one))) for one in store.all_entries()]
            rows += [("delivery", str(one.number), _text(one.to_dict())) for one in deliveries.journal]
            rows += [("key", name, _text(known)) for name, known in store.keys.items()]
        else:
            for name, one in self._dirty.items():
                rows.append(("record", name, None if one is None else _text(entry_to_json(*one))))
            for number in deliveries.changed:
                found = deliveries.find(number)
                rows.append(("delivery", str(number), None if found is None else _text(found.to_dict())))
            new_keys = list(store.keys.items())[self._keys :]
            rows += [("key", name, _text(known)) for name, known in new_keys]
        rows.append(("meta", "rest", _text(self._keeper.rest())))
        rows.append(("meta", "format", f"{_MAGIC} {FORMAT}"))
        self._database.execute("BEGIN IMMEDIATE")
        try:
            if self._all:
                self._database.execute("DELETE FROM state")
            gone = [(kind, name) for kind, name, value in rows if value is None]
            kept = [row for row in rows if row[2] is not None]
            self._database.executemany("DELETE FROM state WHERE kind = ? AND name = ?", gone)
            oldest = min((one.number for one in deliveries.journal), default=0)
            forgotten = "DELETE FROM state WHERE kind = 'delivery' AND CAST(name AS INTEGER) < ?"
            self._database.execute(forgotten, (oldest,))
            self._database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", kept)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._all = False
        self._dirty.clear()
        deliveries.changed.clear()
        self._keys = len(store.keys)

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.flush()
        self._database.close()

    def _watch(self, resource: str, entry: Entry, *, gone: bool) -> None:
        self._dirty[_name(resource, entry)] = None if gone else (resource, entry)

    def _value(self, kind: str, name: str) -> str | None:
        found = self._database.execute("SELECT value FROM state WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return None if found is None else str(found[0])

    def _rows(self, kind: str) -> Iterator[tuple[str, str]]:
        yield from self._database.execute("SELECT name, value FROM state WHERE kind = ?", (kind,))


def _name(resource: str, entry: Entry) -> str:
    return json.dumps([resource, entry.id, entry.version])


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
