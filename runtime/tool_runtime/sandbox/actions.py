"""What each kind of request does to the records, and what the answer is.

Owns: the actions `create`, `get`, `list`, `update`, `replace`, `delete`, `transition`, `fixed`, those of versions
(`versions`, `new_version`, `delete_version`), limits, idempotency, and what testers do to records (interventions).
Must not know: HTTP, single endpoints. Everything about one API comes from the registry's `resources`.

A tool names a resource and one of the resource's actions. The resource's `actions` says what an action does, where the
action's name does not say so already. The answer of a tool without a resource is a sample of the tool's return type.
"""

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Demand, Limit
from tool_runtime.sandbox.answers import Answer, Refusal
from tool_runtime.sandbox.changes import Changes, apply, templates_of
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.failures import Failure
from tool_runtime.sandbox.handling import Handling, World
from tool_runtime.sandbox.lifecycle import Lifecycles
from tool_runtime.sandbox.lists import select
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.references import TYPES
from tool_runtime.values.templates import ABSENT, assign, holds, lookup

_SECOND: Final = 1_000_000
_WITHOUT_RECORD: Final = ("create", "list", "fixed")


class Actions:
    """Performs the tools of one registry on a store."""

    def __init__(self, registry: Registry, store: Store, schemas: Schemas, *, samples: bool = False) -> None:
        self._world = World(registry, store, schemas, samples)
        self._store = store
        self._schemas = schemas
        self.changes = Changes(store)
        self.advanced: list[Callable[[], None]] = []
        self.lifecycles = Lifecycles(store, self.changes)
        self._verbs = {
            "create": self._create,
            "get": self._get,
            "list": self._list,
            "update": self._update,
            "replace": self._update,
            "delete": self._delete,
            "transition": self._transition,
            "fixed": self._fixed,
            "versions": self._versions,
            "new_version": self._new_version,
            "delete_version": self._delete_version,
        }
        if samples:
            store.stand_in = self._sample

    def _sample(self, resource: str, record_id: Any) -> Entry:
        """Return a record that nobody made and that is not kept: the first one that the spec shows, by another id."""
        spec = self._store.declared[resource]
        shown = next(iter([*spec.examples, *spec.records]), None)
        if shown is not None:
            record = copy.deepcopy(fill(shown, self._store.scope()))
        else:
            record = self._schemas.sample({"$ref": f"{TYPES}{spec.type}"}) if spec.type else {}
        if spec.id_field is not None:
            named = record_id if isinstance(record_id, str | int) else f"{spec.prefix}{0:012d}"
            assign(record, spec.id_field, named)
        path = spec.id_field
        return Entry("" if path is None else str(lookup(record, path)), record, 0, self._store.clock.microseconds())

    def run(self, tool: str, inputs: Inputs) -> Answer:
        """Perform a tool and return its answer. Raises `Refusal` where the API would say no."""
        handling = Handling(self._world, tool, inputs)
        if handling.resource is None:
            schema = handling.tool.returns.schema
            return handling.reply(self._schemas.sample(schema, tool) if schema is not None else None)
        for name, message in handling.action.removed.items():
            if name in inputs.body:
                raise Refusal(400, fill(message, Scope({"field": name})))
        lacking = [name for name in handling.action.required if name not in inputs.body]
        if lacking:
            raise Refusal(400, "Invalid request: " + "; ".join(f"{name} is required" for name in lacking))
        if handling.action.demands and handling.verb not in _WITHOUT_RECORD:
            handling.entry()
        for demand in handling.action.demands:
            self._hold_to(demand, handling.scope)
        return self._verbs[handling.verb](handling)

    def _hold_to(self, demand: Demand, scope: Scope) -> None:
        value = fill(demand.value, scope)
        if value is ABSENT or value is None or fill(demand.unless, scope) is True:
            return
        if demand.names_id and self._world.samples:
            return
        parts = value if isinstance(value, list) and demand.matches is not None else [value]
        fits = demand.matches is None or all(re.fullmatch(demand.matches, str(part)) for part in parts)
        if not fits or (demand.equals is not None and value != fill(demand.equals, scope)):
            message = fill(demand.message, scope)
            raise Refusal(demand.status, None if message is ABSENT else message)

    def _create(self, handling: Handling) -> Answer:
        key = handling.idempotency_key()
        if known := self._known(handling, key):
            return handling.reply(handling.shown(known))
        self.changes.refer(handling.action.references, handling.scope)
        self._hold_to_limit(handling)
        given = self._kept(handling, {}, handling.inputs.body)
        entry = self.changes.make(handling.name, given, handling.scope, handling.action)
        if key is not None:
            self._store.keys[f"{handling.tool.name} {key}"] = (
                handling.name,
                entry.id,
                self._store.clock.microseconds(),
            )
        return handling.reply(handling.shown(entry))

    def _known(self, handling: Handling, key: Any) -> Entry | None:
        if key is None or (known := self._store.keys.get(f"{handling.tool.name} {key}")) is None:
            return None
        resource, record_id, since = known
        window = handling.action.idempotency_seconds * _SECOND
        return self._store.get(resource, record_id) if self._store.clock.microseconds() - since <= window else None

    def _hold_to_limit(self, handling: Handling) -> None:
        limit = handling.action.limit or handling.spec.limit
        if limit is None:
            return
        most = fill(limit.most, handling.scope)
        if most is not ABSENT and self._store.count(handling.name, limit.when) >= most:
            raise _over(limit)

    def limit_of(self, tool: str) -> Refusal | None:
        """Return what the API says where its limit for a tool is reached; None for a tool without one."""
        use = self._world.registry.tools[tool].resource
        spec = self._store.declared.get(use.name) if use else None
        action = spec.actions.get(use.action) if use and spec else None
        limit = (action.limit if action else None) or (spec.limit if spec else None)
        return None if limit is None else _over(limit)

    def asks_for_failure(self, tool: str) -> bool:
        """Whether values of a request to a tool may ask for a failure."""
        use = self._world.registry.tools[tool].resource
        spec = self._store.declared.get(use.name) if use else None
        if use is None or spec is None or spec.personas is None:
            return False
        action = spec.actions.get(use.action)
        return (action.does if action and action.does else use.action) == "create"

    def failure_for(self, tool: str, body: Mapping[str, Any]) -> Failure | None:
        """Return the failure that a request asks for by its own values; None where it asks for none."""
        use = self._world.registry.tools[tool].resource
        spec = self._store.declared[use.name] if use else None
        if spec is None or spec.personas is None:
            return None
        key = self._world.registry.tools[tool].idempotency
        if key is not None and f"{tool} {body.get(key.name)}" in self._store.keys:
            # The same request again: what was done is told, so that a lost answer can be asked for.
            return None
        value = str(fill(spec.personas.by, Scope({"record": body, "body": body})))
        known = (one.failure for one in spec.personas.known if one.failure and value.endswith(one.ends))
        wanted = next(known, None)
        return None if wanted is None else Failure(**wanted)

    def _get(self, handling: Handling) -> Answer:
        return handling.reply(handling.shown(handling.entry()))

    def _list(self, handling: Handling) -> Answer:
        self.changes.refer(handling.action.references, handling.scope)
        if handling.action.rows is None:
            return self._page(handling, self._store.entries(handling.name))
        rows = fill(handling.action.rows, handling.scope)
        path = self._store.id_field(handling.name) or ""
        now = self._store.now()
        entries = [Entry(str(lookup(row, path)), row, place, now) for place, row in enumerate(rows)]
        return self._page(handling, entries)

    def _versions(self, handling: Handling) -> Answer:
        entry = handling.entry()
        return self._page(handling, self._store.versions(handling.name, entry.id) or [entry])

    def _page(self, handling: Handling, all_entries: list[Entry]) -> Answer:
        entries, ascending = select(all_entries, handling.action, handling.inputs, handling.scope)
        skip = fill(handling.action.skip, handling.scope)
        page = handling.pager().page(entries, handling.inputs, 0 if skip is ABSENT else int(skip), ascending=ascending)
        rows = [handling.shown(entry, handling.row_schema()) for entry in page.entries]
        body = handling.pager().envelope(page, rows)
        total = handling.action.total
        if total is not None and fill(total.when, handling.scope) is True:
            assign(body, total.field, page.total)
        return handling.reply(body)

    def _update(self, handling: Handling) -> Answer:
        entry = handling.entry()
        handling.allow(entry)
        self.changes.refer(handling.action.references, handling.scope)
        record: dict[str, Any] = {}
        # Only a reference that the request changes must lead to a record: older ones may name deleted records.
        unchanged = [(one, fill(one.id, handling.scope)) for one in handling.spec.references]
        id_path = self._store.id_field(handling.name)
        if handling.verb == "update":
            record = copy.deepcopy(entry.record)
        elif id_path is not None:
            assign(record, id_path, lookup(entry.record, id_path))
        record = self._kept(handling, record, handling.inputs.body)
        if handling.verb == "replace":
            apply(handling.spec.defaults, record, handling.scope)
        apply(
            templates_of(handling.spec, handling.action.set) | dict(handling.spec.stamp),
            record,
            handling.scope,
        )
        changed = [one for one, before in unchanged if fill(one.id, handling.scope) != before]
        self.changes.refer(changed, handling.scope)
        entry.record = record
        self._restart(handling, entry)
        self.changes.follow(handling.name, entry, handling.action.then, handling.scope)
        self._store.touch(handling.name, entry)
        return handling.reply(handling.shown(entry))

    def _transition(self, handling: Handling) -> Answer:
        entry = handling.entry()
        handling.allow(entry)
        self.changes.refer(handling.action.references, handling.scope)
        templates = templates_of(handling.spec, handling.action.set) | dict(handling.spec.stamp)
        entry.since = self._store.clock.microseconds()
        self._restart(handling, entry)
        self.changes.change(handling.name, entry, templates, handling.action.then, handling.scope)
        return handling.reply(handling.shown(entry))

    def _restart(self, handling: Handling, entry: Entry) -> None:
        if handling.action.restarts:
            entry.fired.clear()
            entry.since = self._store.clock.microseconds()

    def _new_version(self, handling: Handling) -> Answer:
        base = handling.entry()
        handling.allow(base)
        if not self._store.holds(handling.name, base):
            return handling.reply(handling.shown(base))
        entry = self.changes.new_version(handling.name, base, handling.scope)
        handling.scope.names["base"] = base.record
        templates = templates_of(handling.spec, handling.action.set)
        self.changes.change(handling.name, entry, templates, handling.action.then, handling.scope)
        return handling.reply(handling.shown(entry))

    def _delete_version(self, handling: Handling) -> Answer:
        entry = handling.entry()
        handling.allow(entry)
        versions = self._store.versions(handling.name, entry.id)
        declared = handling.spec.versions
        if len(versions) == 1 and declared is not None:
            raise Refusal(declared.last.status or 409, declared.last.message)
        if versions:
            self._store.remove_version(handling.name, entry)
        return handling.reply(handling.shown(entry))

    def intervene(self, resource: str, name: str, record_id: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do to a record what a tester can do: `name` is one of the resource's interventions. Returns the record.

        Raises `Refusal` where there is no such record, and where the record is not in a state that allows this.
        """
        spec = self._store.declared[resource]
        action = spec.interventions[name]
        entry = self._store.get(resource, record_id)
        if entry is None:
            raise Refusal(404, f"there is no {resource} {record_id}")
        scope = self._store.scope(record=entry.record, id=entry.id, body=dict(given))
        if not holds(action.allowed, entry.record):
            message = fill(action.refused.message, scope)
            raise Refusal(action.refused.status or 409, None if message is ABSENT else message)
        for _missing in self._store.look_up(spec.references, scope):
            pass
        for demand in action.demands:
            self._hold_to(demand, scope)
        entry.since = self._store.clock.microseconds()
        self.changes.change(resource, entry, templates_of(spec, action.set) | dict(spec.stamp), action.then, scope)
        return entry.record

    def bring_in(self, resource: str, name: str, given: Mapping[str, Any]) -> Entry:
        """Make a record that comes from outside, such as a call of somebody: an intervention that creates."""
        spec = self._store.declared[resource]
        action = spec.interventions[name]
        scope = self._store.scope(body=dict(given))
        self.changes.refer(action.references, scope)
        return self.changes.make(action.makes or resource, {}, scope, action)

    def what_came_of(self, entry: Entry, resource: str, name: str) -> Mapping[str, Any]:
        """Return the record of a resource that came of what an intervention made, or that itself, as of now.

        Raises `Refusal` where nothing can come of it.
        """
        action = self._store.declared[resource].interventions[name]
        scope = self._store.scope(record=entry.record)
        refused, led = fill(action.refused.message, scope), fill(action.leads_to, scope)
        if refused is not ABSENT and refused is not None and action.makes is not None:
            raise Refusal(action.refused.status or 409, refused)
        found = None if led is ABSENT or led is None else self._store.get(resource, led)
        return entry.record if found is None else found.record

    def _delete(self, handling: Handling) -> Answer:
        entry = handling.entry()
        handling.allow(entry)
        for use in handling.action.in_use:
            if fill(use.unless, handling.scope) is True:
                continue
            for other in self._store.entries(use.resource):
                value = lookup(other.record, use.path)
                if entry.id in (value if isinstance(value, list) else [value]):
                    raise Refusal(use.status, use.message)
        self.changes.follow(handling.name, entry, handling.action.then, handling.scope)
        self._store.remove(handling.name, entry.id)
        return handling.reply(handling.shown(entry))

    @staticmethod
    def _fixed(handling: Handling) -> Answer:
        return handling.reply(handling.shown(None))

    def _kept(self, handling: Handling, record: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """Lay the fields of a body over a record: those that the tool declares and the resource's type knows.

        What only the reply has, such as ids and states, changes nothing, as when a caller sends back what was read. A
        null removes the field, unless the type allows null there.
        """
        known: dict[str, Mapping[str, Any]] = {}
        if handling.spec.type is not None:
            known = self._schemas.properties({"$ref": f"{TYPES}{handling.spec.type}"})
            known |= {name: {} for name in handling.spec.keep}
        declared = handling.declared_fields()
        for name, value in body.items():
            if (known and name not in known) or (declared is not None and name not in declared):
                continue
            if value is None and not self._schemas.allows_null(known.get(name, {})):
                record.pop(name, None)
            else:
                record[name] = copy.deepcopy(value)
        handling.scope.names["record"] = record
        return record

    def advance(self) -> None:
        """Bring all records up to the present moment, and let those act who wait for that."""
        self.lifecycles.advance()
        for act in self.advanced:
            act()


def _over(limit: Limit) -> Refusal:
    headers = {} if limit.retry_after is None else {"Retry-After": str(limit.retry_after)}
    return Refusal(limit.status, limit.message, headers)
