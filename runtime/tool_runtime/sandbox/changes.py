"""How records are made and changed, and what a change brings about.

Owns: setting fields by templates, making a record or a version as its resource declares, references between records,
consequences. Must not know: requests, time rules.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from tool_runtime.core.resources import Action, Consequence, Reference, Resource
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.scope import Scope, fill, fill_all
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.templates import ABSENT, assign, holds, lookup

_NO_ACTION = Action()


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


def apply(templates: Mapping[str, Any], record: dict[str, Any], scope: Scope) -> None:
    """Set fields of a record, in order: a later template sees in `$record` what an earlier one has set.

    Keys are dotted paths. A template without a value leaves its field as it is.
    """
    scope.names["record"] = record
    for path, template in templates.items():
        value = fill(template, scope)
        if value is not ABSENT:
            assign(record, path, copy.deepcopy(value))


class Changes:
    """Makes and changes the records of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(self, resource: str, given: dict[str, Any], scope: Scope, action: Action = _NO_ACTION) -> Entry:
        """Make a record of the fields `given`, as the resource and the action declare. Raises `Refusal`."""
        spec = self._store.declared[resource]
        path = spec.id_field
        scope.names["id"] = given.get(path or "", self._store.next_id(resource))
        record = copy.deepcopy(given)
        scope.names["record"] = record
        for source in (spec, action):
            for field, template in source.defaults.items():
                if lookup(record, field) is ABSENT:
                    apply({field: template}, record, scope)
        for _missing in self._store.look_up(spec.references, scope):
            pass
        for source in (spec, action):
            apply(templates_of(spec, source.set), record, scope)
        if spec.personas is not None:
            value = str(fill(spec.personas.by, scope))
            names = (one.name for one in spec.personas.known if value.endswith(one.ends))
            record[spec.personas.field] = next(names, spec.personas.otherwise)
        if path is not None and lookup(record, path) is ABSENT:
            assign(record, path, scope.names["id"])
        apply(spec.stamp, record, scope)
        self.refer(spec.references, scope)
        if path is not None:
            known = self._store.get(resource, lookup(record, path))
            if known is not None and self._store.stand_in(resource, known.id) is None:
                raise Refusal(action.taken.status or 409, action.taken.message)
        entry = self._store.put(resource, record)
        scope.names["id"] = entry.id
        self.follow(resource, entry, action.then, scope)
        return entry

    def change(
        self, resource: str, entry: Entry, templates: Mapping[str, Any], then: Iterable[Consequence], scope: Scope
    ) -> None:
        """Set fields of a record by templates that may use `$record` and what the record refers to."""
        scope.names |= {"record": entry.record, "id": entry.id}
        for _missing in self._store.look_up(self._store.declared[resource].references, scope):
            pass
        apply(templates, entry.record, scope)
        self._store.touch(resource, entry)
        self.follow(resource, entry, then, scope)

    def new_version(self, resource: str, base: Entry, scope: Scope) -> Entry:
        """Make a draft from a version: the same fields with the next number, and what is said of versions anew."""
        spec = self._store.declared[resource]
        record = copy.deepcopy(base.record)
        number = self._store.next_version(resource, base.id)
        versions = spec.versions
        if versions is not None:
            record[versions.field] = number
            for field, value in ((versions.published, False), (versions.base, base.version)):
                if field:
                    record[field] = value
            if versions.tags:
                record.pop(versions.tags, None)
        apply(spec.stamp, record, scope.inner(id=base.id))
        entry = Entry(base.id, record, base.sequence, self._store.now(), number)
        self._store.insert(resource, entry)
        return entry

    def refer(self, references: Iterable[Reference], scope: Scope) -> None:
        """Bind what references name, and refuse those that lead nowhere where they say so."""
        for reference, record_id in self._store.look_up(references, scope):
            given = record_id is not ABSENT and record_id is not None
            if reference.status is not None and (given or reference.required):
                names = {"resource": reference.resource, "id": record_id if given else "of that name"}
                raise Refusal(reference.status, fill(reference.message, Scope(names)))

    def follow(self, resource: str, entry: Entry, then: Iterable[Consequence], scope: Scope) -> None:
        """Bring about the consequences of a change of `entry`, in order."""
        for one in then:
            if fill(one.when, scope) is not True:
                continue
            scope.names["record"] = entry.record
            if one.does == "set":
                apply(templates_of(self._store.declared[resource], one.set), entry.record, scope)
                self._store.touch(resource, entry)
            elif one.does in ("create", "put"):
                self._create(one, scope)
            elif one.does == "remove":
                where = fill_all(one.where, scope)
                for other in self._store.entries(one.resource):
                    if holds(where, other.record):
                        self._store.remove(one.resource, other.id)
            else:
                self._reach(one, scope)

    def _create(self, one: Consequence, scope: Scope) -> None:
        parts = [ABSENT] if one.each is None else fill(one.each, scope)
        for part in parts if isinstance(parts, list) else []:
            inner = scope.inner(**({one.binds: part} if one.binds and part is not ABSENT else {}))
            given: dict[str, Any] = {}
            for path, template in templates_of(self._store.declared[one.resource], one.set).items():
                value = fill(template, inner)
                if value is not ABSENT:
                    assign(given, path, copy.deepcopy(value))
            known = None if one.id is None else self._store.get(one.resource, fill(one.id, inner))
            if known is not None:
                self._put(one.resource, known, given, inner)
                continue
            made = self.make(one.resource, given, inner)
            if one.each is None and one.binds:
                scope.names[one.binds] = made.record

    def _put(self, resource: str, entry: Entry, given: Mapping[str, Any], scope: Scope) -> None:
        """Lay fields over a record; those of an object in the record join the others there."""
        for field, value in given.items():
            known = entry.record.get(field)
            merged = known | value if isinstance(known, dict) and isinstance(value, dict) else value
            entry.record[field] = merged
        apply(self._store.declared[resource].stamp, entry.record, scope.inner(id=entry.id))
        self._store.touch(resource, entry)

    def _reach(self, one: Consequence, scope: Scope) -> None:
        record_id = fill(one.id, scope)
        other = (
            None if record_id in (ABSENT, None) else self._store.get(one.resource, record_id, fill(one.version, scope))
        )
        if other is None:
            return
        if one.does == "version":
            other = self.new_version(one.resource, other, scope)
        if one.set:
            apply(templates_of(self._store.declared[one.resource], one.set), other.record, scope.inner())
            self._store.touch(one.resource, other)
        if one.binds:
            scope.names[one.binds] = other.record
