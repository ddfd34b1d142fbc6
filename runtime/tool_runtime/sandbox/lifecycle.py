"""Records that change by themselves as time passes.

Owns: the rules under `lifecycle`, and the moments at which they take effect.
Must not know: requests. Call `Lifecycles.advance` before records are read: it brings them up to date.

`lifecycle` is a list of rules `{when, after, set}`. Each rule changes a record once at most. The next change is made by
the first remaining rule whose `when` the record meets, `after` seconds after the record's creation or last change by a
rule. Timestamps are those of that moment, however late somebody looks: with `{after: 60, set: {ended: $now_s}}`, a
record of second 0 has `ended: 60`, also when it is read at second 500.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tool_runtime.core.resources import Resource, Rule
from tool_runtime.core.templates import ABSENT, assign, holds
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Entry, Store

_SECOND: Final = 1_000_000


class Lifecycles:
    """Applies the rules of all resources to the records of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._living = {name: spec.lifecycle for name, spec in store.declared.items() if spec.lifecycle}

    def advance(self) -> None:
        """Apply every rule whose moment has come."""
        now = self._store.clock.microseconds()
        for resource, rules in self._living.items():
            for entry in self._store.entries(resource):
                while (rule := _next_rule(rules, entry)) is not None:
                    due = entry.since + round(rules[rule].after * _SECOND)
                    if due > now:
                        break
                    entry.fired.add(rule)
                    templates = templates_of(self._store.declared[resource], rules[rule].set)
                    self.change(resource, entry, templates, self._store.scope_at(due))
                    entry.since = due

    def change(self, resource: str, entry: Entry, templates: Mapping[str, Any], scope: Scope) -> None:
        """Set fields of a record by templates that may use `$record` and what the record refers to."""
        scope.names |= {"record": entry.record, "id": entry.id}
        for _missing in self._store.look_up(self._store.declared[resource].references, scope):
            pass
        apply(templates, entry.record, scope)


def templates_of(spec: Resource, declared: Any) -> dict[str, Any]:
    """Return the templates behind a `set`: a map of them, the name of one in `changes`, or a list of both."""
    if isinstance(declared, str):
        return dict(spec.changes[declared])
    if isinstance(declared, Mapping):
        return dict(declared)
    merged: dict[str, Any] = {}
    for part in declared:
        merged |= templates_of(spec, part)
    return merged


def _next_rule(rules: Sequence[Rule], entry: Entry) -> int | None:
    for number, rule in enumerate(rules):
        if number not in entry.fired and holds(rule.when, entry.record):
            return number
    return None


def apply(templates: Mapping[str, Any], record: dict[str, Any], scope: Scope) -> None:
    """Set fields of a record, in order: a later template sees in `$record` what an earlier one has set.

    Keys are dotted paths. A template without a value leaves its field as it is.
    """
    scope.names["record"] = record
    for path, template in templates.items():
        value = fill(template, scope)
        if value is not ABSENT:
            assign(record, path, copy.deepcopy(value))
