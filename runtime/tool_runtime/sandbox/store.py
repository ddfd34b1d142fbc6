"""The records that the sandbox keeps.

Owns: tables of records by resource and id, the order in which they came, counted ids, the start records.
Must not know: requests, tools, how a record is shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.core.resources import Reference, Resource
from tool_runtime.core.templates import ABSENT, holds, lookup
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.virtual_clock import VirtualClock

_DIGITS: Final = 12
_MILLISECOND: Final = 1_000
_SECOND: Final = 1_000_000


@dataclass(slots=True)
class Entry:
    """A record and what the sandbox remembers about it.

    `since` is the moment of the last change by a rule or a transition (microseconds). `fired` holds the places of the
    lifecycle rules that have changed the record.
    """

    id: str
    record: dict[str, Any]
    sequence: int
    since: int
    fired: set[int] = field(default_factory=set)


class Store:
    """All records, by resource."""

    def __init__(self, declared: Mapping[str, Resource], clock: VirtualClock, *, examples: bool) -> None:
        self.declared = declared
        self.clock = clock
        self._tables: dict[str, dict[str, Entry]] = {name: {} for name in self.declared}
        self._counters = dict.fromkeys(self.declared, 0)
        self._sequence = 0
        for name, spec in self.declared.items():
            for record in [*spec.records, *(spec.examples if examples else ())]:
                self.put(name, fill(record, self.scope()))

    def scope(self, **names: Any) -> Scope:
        """Return a scope with the time in it, as of now, and further names."""
        return self.scope_at(self.clock.microseconds(), **names)

    def scope_at(self, moment: int, **names: Any) -> Scope:
        """Return a scope with the time in it, as of a moment in microseconds since the epoch."""
        times = {
            "now_ms": moment // _MILLISECOND,
            "now_s": moment // _SECOND,
            "now_iso": self.clock.iso(moment),
        }
        return Scope({**times, **names}, self.count)

    def next_id(self, resource: str) -> str:
        """Return the id that the next counted record gets, without using it up."""
        return f"{self.declared[resource].prefix}{self._counters[resource] + 1:0{_DIGITS}d}"

    def id_field(self, resource: str) -> str | None:
        """Return the dotted path of a resource's id in its records; None where there is one record only."""
        return self.declared[resource].id_field

    def put(self, resource: str, record: dict[str, Any]) -> Entry:
        """Add a record, or replace the one with its id."""
        path = self.id_field(resource)
        record_id = "" if path is None else str(lookup(record, path))
        if record_id == self.next_id(resource):
            self._counters[resource] += 1
        self._sequence += 1
        known = self._tables[resource].get(record_id)
        sequence = known.sequence if known else self._sequence
        entry = Entry(record_id, record, sequence, self.clock.microseconds())
        self._tables[resource][record_id] = entry
        return entry

    def get(self, resource: str, record_id: Any) -> Entry | None:
        """Return the entry with an id, or None; a resource with a single record has it under any id."""
        table = self._tables[resource]
        return table.get("" if self.id_field(resource) is None else str(record_id))

    def remove(self, resource: str, record_id: str) -> None:
        """Forget a record."""
        self._tables[resource].pop(record_id, None)

    def entries(self, resource: str) -> list[Entry]:
        """Return all entries of a resource, oldest first."""
        return sorted(self._tables[resource].values(), key=lambda entry: entry.sequence)

    def count(self, resource: str, when: Mapping[str, Any]) -> int:
        """Return how many records of a resource meet a condition."""
        return sum(holds(when, entry.record) for entry in self._tables[resource].values())

    def look_up(self, references: Iterable[Reference], scope: Scope) -> Iterator[tuple[Reference, Any]]:
        """Look up the records that references name, and put each into the scope under the reference's `as`.

        Yields the references that lead to no record, each with the id in question (ABSENT: there was none).
        """
        for reference in references:
            record_id = fill(reference.id, scope)
            for one in record_id if isinstance(record_id, list) else [record_id]:
                entry = None if one is ABSENT or one is None else self.get(reference.resource, one)
                if entry is None:
                    yield reference, one
                elif reference.binds is not None:
                    scope.names[reference.binds] = entry.record
