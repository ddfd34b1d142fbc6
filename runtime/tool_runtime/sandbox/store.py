"""The records that the sandbox keeps.

Owns: tables of records by resource and id, their versions, the order in which they came, counted ids, the start
records, and who is informed of each change. Must not know: requests, tools, how a record is shown.

Whoever changes a record calls `touch` afterwards: the watchers (time, webhooks, the state on disk, the web page) see
no other change.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tool_runtime.core.resources import Reference, Resource
from tool_runtime.sandbox.clocks import Clock
from tool_runtime.sandbox.operators import operators_of
from tool_runtime.sandbox.scope import Scope, fill, fill_all
from tool_runtime.values.templates import ABSENT, Operators, holds, lookup

_DIGITS: Final = 12
_MILLISECOND: Final = 1_000
_SECOND: Final = 1_000_000
_MOST_COUNTED: Final = 64


@dataclass(slots=True)
class Entry:
    """A record, or one version of it, and what the sandbox remembers about it.

    `since` is the moment of the last change by a rule or a transition (microseconds). `fired` holds the places of the
    lifecycle rules that have changed the record. `told` holds what the webhook events of the record have seen. `asked`
    is the question that the record waits for, as the place of its declaration and the number of its delivery.
    """

    id: str
    record: dict[str, Any]
    sequence: int
    since: int
    version: int | None = None
    fired: set[int] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)
    asked: tuple[int, int] | None = None


class Watcher(Protocol):
    """Who is informed of changes."""

    def __call__(self, resource: str, entry: Entry, *, gone: bool) -> None:
        """Learn that a record of a resource was made, changed or removed."""


@dataclass(slots=True)
class Table:
    """The records of one resource: by id, those with versions each by number too."""

    latest: dict[str, Entry] = field(default_factory=dict)
    versions: dict[str, dict[int, Entry]] = field(default_factory=dict)
    highest: dict[str, int] = field(default_factory=dict)


class Store:
    """All records, by resource."""

    def __init__(self, declared: Mapping[str, Resource], clock: Clock, *, examples: bool, seed: int = 0) -> None:
        self.declared = declared
        self.seed = seed
        self.clock = clock
        self.watchers: list[Watcher] = []
        self.moment: int | None = None
        self.stand_in: Callable[[str, Any], Entry | None] = _no_stand_in
        self.operators: Operators = operators_of(self)
        self._examples = examples
        self.clear()
        self.fill_up()

    def clear(self) -> None:
        """Forget everything, the start records included."""
        self.tables: dict[str, Table] = {name: Table() for name in self.declared}
        self.counters: dict[str, int] = {}
        self.issued: set[str] = set()
        self.keys: dict[str, tuple[str, str, int]] = {}
        self.sequence = 0
        self._counted: dict[str, tuple[str, Mapping[str, Any], set[str]]] = {}

    def fill_up(self) -> None:
        """Put the start records in."""
        for name, spec in self.declared.items():
            for record in [*spec.records, *(spec.examples if self._examples else ())]:
                self.put(name, fill(record, self.scope()))

    def now(self) -> int:
        """Return the moment that changes are of, in microseconds since the epoch.

        That is the clock's time, or the `moment` of a change that came due earlier and is made now.
        """
        return self.clock.microseconds() if self.moment is None else self.moment

    def scope(self, **names: Any) -> Scope:
        """Return a scope with the time in it, as of now, and further names."""
        return self.scope_at(self.now(), **names)

    def scope_at(self, moment: int, **names: Any) -> Scope:
        """Return a scope with the time in it, as of a moment in microseconds since the epoch."""
        times = {
            "now_ms": moment // _MILLISECOND,
            "now_s": moment // _SECOND,
            "now_iso": self.clock.iso(moment),
        }
        return Scope({**times, **names}, self.operators)

    def count_up(self, prefix: str) -> str:
        """Return the next counted id with a prefix, and use that id up: `call_` gives `call_000000000001`."""
        self.counters[prefix] = self.counters.get(prefix, 0) + 1
        return f"{prefix}{self.counters[prefix]:0{_DIGITS}d}"

    def next_id(self, resource: str) -> str:
        """Return the id that the next counted record gets, without using the id up."""
        prefix = self.declared[resource].prefix
        return f"{prefix}{self.counters.get(prefix, 0) + 1:0{_DIGITS}d}"

    def id_field(self, resource: str) -> str | None:
        """Return the dotted path of a resource's id in its records; None where there is one record only."""
        return self.declared[resource].id_field

    def put(self, resource: str, record: dict[str, Any]) -> Entry:
        """Add a record, or replace the one with its id; of a resource with versions, the version that it names."""
        spec = self.declared[resource]
        path = spec.id_field
        record_id = "" if path is None else str(lookup(record, path))
        if record_id == self.next_id(resource):
            self.count_up(spec.prefix)
        table = self.tables[resource]
        known = table.latest.get(record_id)
        version = None
        if spec.versions is not None:
            number = record.setdefault(spec.versions.field, 0)
            version = number if isinstance(number, int) else 0
        self.sequence += 1
        sequence = known.sequence if known else self.sequence
        self.insert(resource, Entry(record_id, record, sequence, self.now(), version))
        return table.latest[record_id] if version is None else table.versions[record_id][version]

    def insert(self, resource: str, entry: Entry) -> None:
        """Take an entry in as it is, such as one of a saved state."""
        table = self.tables[resource]
        if entry.version is not None:
            versions = table.versions.setdefault(entry.id, {})
            versions[entry.version] = entry
            highest = max(versions)
            table.highest[entry.id] = max(highest, table.highest.get(entry.id, 0))
            table.latest[entry.id] = versions[highest]
        else:
            table.latest[entry.id] = entry
        self.touch(resource, entry)

    def touch(self, resource: str, entry: Entry) -> None:
        """Inform the watchers of a change; an entry that is not kept changes nothing."""
        if not self.holds(resource, entry):
            return
        for counted, when, members in self._counted.values():
            if counted == resource:
                meets = holds(when, self.tables[resource].latest[entry.id].record)
                (members.add if meets else members.discard)(entry.id)
        for watcher in self.watchers:
            watcher(resource, entry, gone=False)

    def holds(self, resource: str, entry: Entry) -> bool:
        """Say whether an entry is one of those kept, and no stand-in."""
        table = self.tables[resource]
        if entry.version is None:
            return table.latest.get(entry.id) is entry
        return table.versions.get(entry.id, {}).get(entry.version) is entry

    def get(self, resource: str, record_id: Any, version: Any = None) -> Entry | None:
        """Return the entry with an id, or None; a resource with a single record has it under any id.

        `version` is a number, that number as a text, `latest`, `latest_published` or the name of a tag. Declarations
        may also say `latest_draft`, which is the latest where all are published.
        """
        table = self.tables[resource]
        record_id = "" if self.id_field(resource) is None else str(record_id)
        latest = table.latest.get(record_id)
        if latest is None or latest.version is None or version in (None, ABSENT, "", "latest"):
            return latest
        return self._version(resource, table.versions[record_id], version)

    def _version(self, resource: str, versions: Mapping[int, Entry], wanted: Any) -> Entry | None:
        declared = self.declared[resource].versions
        newest_first = [versions[number] for number in sorted(versions, reverse=True)]
        published = (declared.published if declared is not None else None) or ""
        if wanted == "latest_published":
            return next((one for one in newest_first if one.record.get(published) is True), None)
        if wanted == "latest_draft":
            return next((one for one in newest_first if one.record.get(published) is not True), newest_first[0])
        if isinstance(wanted, float) and wanted.is_integer():
            wanted = int(wanted)
        if isinstance(wanted, str) and wanted.isdecimal():
            wanted = int(wanted)
        if isinstance(wanted, int):
            return versions.get(wanted)
        tags = declared.tags if declared is not None else None
        return next((one for one in newest_first if tags and wanted in (one.record.get(tags) or ())), None)

    def versions(self, resource: str, record_id: str) -> list[Entry]:
        """Return all versions of a record, oldest first."""
        versions = self.tables[resource].versions.get(record_id, {})
        return [versions[number] for number in sorted(versions)]

    def next_version(self, resource: str, record_id: str) -> int:
        """Return the number of the next version: one more than there ever was."""
        return self.tables[resource].highest.get(record_id, -1) + 1

    def remove(self, resource: str, record_id: str) -> None:
        """Forget a record, with all its versions."""
        table = self.tables[resource]
        gone = table.latest.pop(record_id, None)
        versions = table.versions.pop(record_id, {})
        table.highest.pop(record_id, None)
        self._forget(resource, [*versions.values()] or ([gone] if gone else []))

    def remove_version(self, resource: str, entry: Entry) -> None:
        """Forget one version of a record that has others."""
        table = self.tables[resource]
        versions = table.versions[entry.id]
        versions.pop(entry.version or 0, None)
        table.latest[entry.id] = versions[max(versions)]
        self._forget(resource, [entry])
        self.touch(resource, table.latest[entry.id])

    def _forget(self, resource: str, gone: Iterable[Entry]) -> None:
        for entry in gone:
            for counted, _, members in self._counted.values():
                if counted == resource:
                    members.discard(entry.id)
            for watcher in self.watchers:
                watcher(resource, entry, gone=True)

    def entries(self, resource: str) -> list[Entry]:
        """Return all entries of a resource, oldest first; of those with versions, the latest."""
        return list(self.tables[resource].latest.values())

    def all_entries(self) -> Iterator[tuple[str, Entry]]:
        """Yield every entry with its resource, all versions included."""
        for name, table in self.tables.items():
            for record_id, latest in table.latest.items():
                for entry in self.versions(name, record_id) or [latest]:
                    yield name, entry

    def count(self, resource: str, when: Mapping[str, Any]) -> int:
        """Return how many records of a resource meet a condition.

        The members of a condition that is asked for are remembered and kept up to date: limits ask with each request.
        """
        key = f"{resource} {json.dumps(when, sort_keys=True, default=str)}"
        if key not in self._counted:
            found = {entry.id for entry in self.entries(resource) if holds(when, entry.record)}
            if len(self._counted) >= _MOST_COUNTED:
                return len(found)
            self._counted[key] = (resource, when, found)
        return len(self._counted[key][2])

    def look_up(self, references: Iterable[Reference], scope: Scope) -> Iterator[tuple[Reference, Any]]:
        """Look up the records that references name, and put each into the scope under the reference's `as`.

        Yields the references that lead to no record, each with the id in question (ABSENT: there was none).
        """
        for reference in references:
            if not reference.resource:
                scope.names[reference.binds or ""] = fill(reference.value, scope)
                continue
            record_id = fill(reference.id, scope)
            version = fill(reference.version, scope)
            wanted = fill_all(reference.match, scope)
            for one in record_id if isinstance(record_id, list) else [record_id]:
                entry = None
                if one is not ABSENT and one is not None:
                    entry = self.get(reference.resource, one, version)
                    if entry is not None and not holds(wanted, entry.record):
                        entry = None
                if entry is None and (reference.required or not (one is ABSENT or one is None)):
                    entry = self.stand_in(reference.resource, one)
                if entry is None:
                    yield reference, one
                elif reference.binds is not None:
                    scope.names[reference.binds] = entry.record


def _no_stand_in(_resource: str, _record_id: Any) -> Entry | None:
    return None
