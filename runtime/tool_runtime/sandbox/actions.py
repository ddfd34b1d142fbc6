"""What each kind of request does to the records, and what the answer is.

Owns: the actions `create`, `get`, `list`, `update`, `replace`, `delete`, `transition` and `fixed`, references
between records, limits, idempotency.
Must not know: HTTP, single endpoints. Everything about one API comes from the registry's `resources`.

A tool names a resource and one of the resource's actions. The resource's `actions` says what an action does, where the
action's name does not say so already. The answer of a tool without a resource is a sample of the tool's return type.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Reference
from tool_runtime.core.templates import ABSENT, assign, lookup
from tool_runtime.sandbox.answers import Answer, Refusal
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.handling import Handling, World
from tool_runtime.sandbox.lifecycle import Lifecycles, apply, templates_of
from tool_runtime.sandbox.lists import select
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.references import TYPES

_SECOND: Final = 1_000_000


class Actions:
    """Performs the tools of one registry on a store."""

    def __init__(self, registry: Registry, store: Store, schemas: Schemas) -> None:
        self._world = World(registry, store, schemas)
        self._store = store
        self._schemas = schemas
        self._lifecycles = Lifecycles(store)
        self._keys: dict[tuple[str, Any], tuple[Entry, int]] = {}
        self._verbs = {
            "create": self._create,
            "get": self._get,
            "list": self._list,
            "update": self._update,
            "replace": self._update,
            "delete": self._delete,
            "transition": self._transition,
            "fixed": self._fixed,
        }

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
        for demand in handling.action.demands:
            value = fill(demand.value, handling.scope)
            excused = fill(demand.unless, handling.scope) is True
            if value is not ABSENT and not excused and not re.fullmatch(demand.matches, str(value)):
                raise Refusal(demand.status, demand.message)
        return self._verbs[handling.verb](handling)

    def _create(self, handling: Handling) -> Answer:
        key = handling.idempotency_key()
        if known := self._known(handling, key):
            return handling.reply(handling.shown(known))
        self._refer(handling.action.references, handling.scope)
        self._hold_to_limit(handling)
        id_path = self._store.id_field(handling.name)
        handling.scope.names["id"] = handling.inputs.body.get(id_path or "", self._store.next_id(handling.name))
        record = self._kept(handling, {}, handling.inputs.body)
        for source in (handling.spec, handling.action):
            for path, template in source.defaults.items():
                if lookup(record, path) is ABSENT:
                    apply({path: template}, record, handling.scope)
        for source in (handling.spec, handling.action):
            apply(templates_of(handling.spec, source.set), record, handling.scope)
        apply(handling.spec.stamp, record, handling.scope)
        if id_path is not None and lookup(record, id_path) is ABSENT:
            assign(record, id_path, handling.scope.names["id"])
        self._refer(handling.spec.references, handling.scope)
        if id_path is not None and self._store.get(handling.name, lookup(record, id_path)):
            taken = handling.action.taken
            raise Refusal(taken.status or 409, taken.message)
        entry = self._store.put(handling.name, record)
        if key is not None:
            self._keys[handling.tool.name, key] = (entry, self._store.clock.microseconds())
        return handling.reply(handling.shown(entry))

    def _known(self, handling: Handling, key: Any) -> Entry | None:
        if key is None or (handling.tool.name, key) not in self._keys:
            return None
        entry, since = self._keys[handling.tool.name, key]
        window = handling.action.idempotency_seconds * _SECOND
        return entry if self._store.clock.microseconds() - since <= window else None

    def _hold_to_limit(self, handling: Handling) -> None:
        limit = handling.action.limit or handling.spec.limit
        if limit is None:
            return
        most = fill(limit.most, handling.scope)
        if most is not ABSENT and self._store.count(handling.name, limit.when) >= most:
            headers = {} if limit.retry_after is None else {"Retry-After": str(limit.retry_after)}
            raise Refusal(limit.status, limit.message, headers)

    def _get(self, handling: Handling) -> Answer:
        return handling.reply(handling.shown(handling.entry()))

    def _list(self, handling: Handling) -> Answer:
        entries, ascending = select(
            self._store.entries(handling.name), handling.action, handling.inputs, handling.scope
        )
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
        self._refer(handling.action.references, handling.scope)
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
        self._refer(changed, handling.scope)
        entry.record = record
        return handling.reply(handling.shown(entry))

    def _transition(self, handling: Handling) -> Answer:
        entry = handling.entry()
        handling.allow(entry)
        self._refer(handling.action.references, handling.scope)
        templates = templates_of(handling.spec, handling.action.set) | dict(handling.spec.stamp)
        self._lifecycles.change(handling.name, entry, templates, handling.scope)
        entry.since = self._store.clock.microseconds()
        return handling.reply(handling.shown(entry))

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
        self._store.remove(handling.name, entry.id)
        return handling.reply(handling.shown(entry))

    @staticmethod
    def _fixed(handling: Handling) -> Answer:
        return handling.reply(handling.shown(None))

    def _kept(self, handling: Handling, record: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """Lay the fields of a body over a record: those that the resource's type knows.

        A null removes the field, unless the type allows null there.
        """
        known: dict[str, Mapping[str, Any]] = {}
        if handling.spec.type is not None:
            known = self._schemas.properties({"$ref": f"{TYPES}{handling.spec.type}"})
            known |= {name: {} for name in handling.spec.keep}
        for name, value in body.items():
            if known and name not in known:
                continue
            if value is None and not self._schemas.allows_null(known.get(name, {})):
                record.pop(name, None)
            else:
                record[name] = copy.deepcopy(value)
        handling.scope.names["record"] = record
        return record

    def _refer(self, references: Iterable[Reference], scope: Scope) -> None:
        for reference, record_id in self._store.look_up(references, scope):
            given = record_id is not ABSENT and record_id is not None
            if reference.status is not None and (given or reference.required):
                names = {"resource": reference.resource, "id": record_id if given else "of that name"}
                raise Refusal(reference.status, fill(reference.message, Scope(names)))

    def advance(self) -> None:
        """Bring all records up to the present moment."""
        self._lifecycles.advance()
