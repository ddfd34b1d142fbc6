"""Records that change by themselves as time passes.

Owns: the rules under `lifecycle`, and the moments at which they take effect.
Must not know: requests. Call `Lifecycles.advance` before records are read: it brings them up to date.

`lifecycle` is a list of rules `{when, after or at, room, set, then}`. Each rule changes a record once at most. The next
change is made by the first remaining rule whose `when` the record meets, `after` seconds after the record's creation or
last change by a rule, or `at` a moment in milliseconds. Timestamps are those of that moment, however late somebody
looks: with `{after: 60, set: {ended: $now_s}}`, a record of second 0 has `ended: 60`, also when it is read at second
500. A rule with `room` waits for its turn as long as too many records of another resource meet a condition.

A record that waits for the answer to a question (`asked_servers.py`) stands still until then.

The moments lie in a heap, so a request costs nothing for records that stand still. An entry of the heap whose moment no
longer holds is passed over.
"""

import heapq
from collections.abc import Sequence
from typing import Any, Final

from tool_runtime.core.resources import Room, Rule
from tool_runtime.sandbox.changes import Changes, templates_of
from tool_runtime.sandbox.scope import fill
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.templates import ABSENT, holds

_SECOND: Final = 1_000_000
_MILLISECOND: Final = 1_000
_SHORTEST: Final = 0.01


class Lifecycles:
    """Applies the rules of all resources to the records of a store."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes
        self._rules = {name: spec.lifecycle for name, spec in store.declared.items() if spec.lifecycle}
        self._heap: list[tuple[int, int, str, Entry, int]] = []
        self._pushed = 0
        store.watchers.append(self._watch)
        self.restart()

    def restart(self) -> None:
        """Plan the changes of all records anew, such as after another state was loaded."""
        self._heap.clear()
        for resource, entry in self._store.all_entries():
            self._watch(resource, entry, gone=False)

    def _watch(self, resource: str, entry: Entry, *, gone: bool) -> None:
        if gone or resource not in self._rules:
            return
        rule = _next_rule(self._rules[resource], entry)
        if rule is not None:
            self._plan(resource, entry, rule, self._moment(resource, entry, self._rules[resource][rule], entry.since))

    def _plan(self, resource: str, entry: Entry, rule: int, moment: int | None) -> None:
        if moment is None:
            return
        self._pushed += 1
        heapq.heappush(self._heap, (moment, self._pushed, resource, entry, rule))

    def _moment(self, resource: str, entry: Entry, rule: Rule, now: int) -> int | None:
        """Return the moment of a rule, as it looks at the moment `now`; None where the moment never comes."""
        if rule.at is None and isinstance(rule.after, int | float):
            return entry.since + round(rule.after * _SECOND)
        scope = self._store.scope_at(now, record=entry.record, id=entry.id)
        for _missing in self._store.look_up(self._store.declared[resource].references, scope):
            pass
        value = fill(rule.after if rule.at is None else rule.at, scope)
        if value is ABSENT or not isinstance(value, int | float):
            return None
        return entry.since + round(value * _SECOND) if rule.at is None else round(value * _MILLISECOND)

    def next_moment(self) -> int | None:
        """Return the moment of the next change, in microseconds since the epoch; None where none is planned."""
        return self._heap[0][0] if self._heap else None

    def advance(self) -> None:
        """Apply every rule whose moment has come, the earliest first."""
        now = self._store.clock.microseconds()
        while self._heap and self._heap[0][0] <= now:
            moment, _, resource, entry, number = heapq.heappop(self._heap)
            rules = self._rules[resource]
            if not self._store.holds(resource, entry) or _next_rule(rules, entry) != number:
                continue
            rule = rules[number]
            planned = self._moment(resource, entry, rule, moment)
            if planned is None or planned > moment:
                self._plan(resource, entry, number, planned)
                continue
            if rule.room is not None and not self._has_room(rule.room, entry):
                self._plan(resource, entry, number, moment + round(max(rule.room.retry, _SHORTEST) * _SECOND))
                continue
            entry.fired.add(number)
            entry.since = moment
            templates = templates_of(self._store.declared[resource], rule.set)
            # What the change makes and causes is of that moment too, however late somebody looks.
            self._store.moment = moment
            try:
                self._changes.change(resource, entry, templates, rule.then, self._store.scope_at(moment))
            finally:
                self._store.moment = None

    def _has_room(self, room: Room, entry: Entry) -> bool:
        most = fill(room.most, self._store.scope(record=entry.record, **self._singletons()))
        return not isinstance(most, int | float) or self._store.count(room.resource, room.when) < most

    def _singletons(self) -> dict[str, Any]:
        """Return the records of which there is one, by the names of their resources."""
        return {
            name: entries[0].record
            for name, spec in self._store.declared.items()
            if spec.id_field is None and (entries := self._store.entries(name))
        }


def _next_rule(rules: Sequence[Rule], entry: Entry) -> int | None:
    if entry.asked is not None:
        return None
    for number, rule in enumerate(rules):
        if number not in entry.fired and holds(rule.when, entry.record):
            return number
    return None
