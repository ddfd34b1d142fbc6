"""What each kind of request does to the records, and what it answers.

Owns: the actions `create`, `get`, `list`, `update`, `replace`, `delete`, `transition` and `fixed`, references
between records, limits, idempotency.
Must not know: HTTP, single endpoints. All that is particular comes from the registry's `resources`.

A tool names its resource and an action of it; the resource's `actions` says what that action does, if it is
more than the action's name. A tool without a resource answers with a sample of what it declares to return.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from tool_runtime.core.templates import ABSENT
from tool_runtime.sandbox.answers import Refusal, Reply
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.declarations import Scope, dig_path, fill, put_path
from tool_runtime.sandbox.handling import Call, World
from tool_runtime.sandbox.lifecycle import Lifecycles, apply, templates_of
from tool_runtime.sandbox.lists import select
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.store import Entry, Store

_HOUR: Final = 3_600
_SECOND: Final = 1_000_000


class Actions:
    """Performs the tools of one registry document on a store."""

    def __init__(self, document: Mapping[str, Any], store: Store, schemas: Schemas) -> None:
        self._world = World(document, store, schemas)
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

    def run(self, tool: str, inputs: Inputs) -> Reply:
        """Perform a tool and return its answer. Raises `Refusal` where the API would say no."""
        call = Call(self._world, tool, inputs)
        if call.resource is None:
            returns = call.returns
            return call.reply(self._schemas.sample(returns["schema"], tool) if "schema" in returns else None)
        for name, message in call.action.get("removed", {}).items():
            if name in inputs.body:
                raise Refusal(400, fill(message, Scope({"field": name})))
        lacking = [name for name in call.action.get("required", ()) if name not in inputs.body]
        if lacking:
            raise Refusal(400, "Invalid request: " + "; ".join(f"{name} is required" for name in lacking))
        for demand in call.action.get("demands", ()):
            value = fill(demand["value"], call.scope)
            excused = fill(demand.get("unless", False), call.scope) is True
            if value is not ABSENT and not excused and not re.fullmatch(demand["matches"], str(value)):
                raise Refusal(demand.get("status", 400), demand.get("message"))
        return self._verbs[call.verb](call)

    def _create(self, call: Call) -> Reply:
        key = call.idempotency_key()
        if known := self._known(call, key):
            return call.reply(call.shown(known))
        self._refer(call.action, call.scope)
        self._hold_to_limit(call)
        id_path = self._store.id_field(call.name)
        call.scope.names["id"] = call.inputs.body.get(id_path or "", self._store.next_id(call.name))
        record = self._kept(call, {}, call.inputs.body)
        for source in (call.spec, call.action):
            for path, template in source.get("defaults", {}).items():
                if dig_path(record, path) is ABSENT:
                    apply({path: template}, record, call.scope)
        for source in (call.spec, call.action):
            apply(templates_of(call.spec, source.get("set", {})), record, call.scope)
        apply(call.spec.get("stamp", {}), record, call.scope)
        if id_path is not None and dig_path(record, id_path) is ABSENT:
            put_path(record, id_path, call.scope.names["id"])
        self._refer(call.spec, call.scope)
        if id_path is not None and self._store.get(call.name, dig_path(record, id_path)):
            taken = call.action.get("taken", {})
            raise Refusal(taken.get("status", 409), taken.get("message"))
        entry = self._store.put(call.name, record)
        if key is not None:
            self._keys[call.tool, key] = (entry, self._store.clock.microseconds())
        return call.reply(call.shown(entry))

    def _known(self, call: Call, key: Any) -> Entry | None:
        if key is None or (call.tool, key) not in self._keys:
            return None
        entry, since = self._keys[call.tool, key]
        window = call.action.get("idempotency_seconds", _HOUR) * _SECOND
        return entry if self._store.clock.microseconds() - since <= window else None

    def _hold_to_limit(self, call: Call) -> None:
        limit = call.action.get("limit", call.spec.get("limit"))
        if limit is None:
            return
        most = fill(limit["most"], call.scope)
        if most is not ABSENT and self._store.count(call.name, limit.get("when", {})) >= most:
            headers = {"Retry-After": str(limit["retry_after"])} if "retry_after" in limit else {}
            raise Refusal(limit.get("status", 429), limit.get("message"), headers)

    def _get(self, call: Call) -> Reply:
        return call.reply(call.shown(call.entry()))

    def _list(self, call: Call) -> Reply:
        entries, ascending = select(self._store.entries(call.name), call.action, call.inputs, call.scope)
        skip = fill(call.action.get("skip", 0), call.scope)
        page = call.pager().page(entries, call.inputs, 0 if skip is ABSENT else int(skip), ascending=ascending)
        rows = [call.shown(entry, call.row_schema()) for entry in page.entries]
        body = call.pager().envelope(page, rows)
        total = call.action.get("total")
        if total and fill(total.get("when", True), call.scope) is True:
            put_path(body, total["field"], page.total)
        return call.reply(body)

    def _update(self, call: Call) -> Reply:
        entry = call.entry()
        call.allow(entry)
        self._refer(call.action, call.scope)
        record: dict[str, Any] = {}
        # Only what the request changes has to lead somewhere: what it refers to otherwise may be gone by now.
        unchanged = [(one, fill(one["id"], call.scope)) for one in call.spec.get("references", ())]
        id_path = self._store.id_field(call.name)
        if call.verb == "update":
            record = copy.deepcopy(entry.record)
        elif id_path is not None:
            put_path(record, id_path, dig_path(entry.record, id_path))
        record = self._kept(call, record, call.inputs.body)
        if call.verb == "replace":
            apply(call.spec.get("defaults", {}), record, call.scope)
        apply(
            templates_of(call.spec, call.action.get("set", {})) | call.spec.get("stamp", {}),
            record,
            call.scope,
        )
        changed = [one for one, before in unchanged if fill(one["id"], call.scope) != before]
        self._refer({"references": changed}, call.scope)
        entry.record = record
        return call.reply(call.shown(entry))

    def _transition(self, call: Call) -> Reply:
        entry = call.entry()
        call.allow(entry)
        self._refer(call.action, call.scope)
        templates = templates_of(call.spec, call.action.get("set", {})) | call.spec.get("stamp", {})
        self._lifecycles.change(call.name, entry, templates, call.scope)
        entry.since = self._store.clock.microseconds()
        return call.reply(call.shown(entry))

    def _delete(self, call: Call) -> Reply:
        entry = call.entry()
        call.allow(entry)
        for use in call.action.get("in_use", ()):
            if fill(use.get("unless", False), call.scope) is True:
                continue
            for other in self._store.entries(use["resource"]):
                value = dig_path(other.record, use["path"])
                if entry.id in (value if isinstance(value, list) else [value]):
                    raise Refusal(use.get("status", 409), use.get("message"))
        self._store.remove(call.name, entry.id)
        return call.reply(call.shown(entry))

    @staticmethod
    def _fixed(call: Call) -> Reply:
        return call.reply(call.shown(None))

    def _kept(self, call: Call, record: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        """Lay the fields of a body over a record: those that the resource's type knows.

        A null empties its field, unless the type says that null is a value of it.
        """
        known: dict[str, Mapping[str, Any]] = {}
        if "type" in call.spec:
            known = self._schemas.properties({"$ref": f"#/types/{call.spec['type']}"})
            known |= {name: {} for name in call.spec.get("keep", ())}
        for name, value in body.items():
            if known and name not in known:
                continue
            if value is None and not self._schemas.allows_null(known.get(name, {})):
                record.pop(name, None)
            else:
                record[name] = copy.deepcopy(value)
        call.scope.names["record"] = record
        return record

    def _refer(self, source: Mapping[str, Any], scope: Scope) -> None:
        for reference, record_id in self._store.look_up(source.get("references", ()), scope):
            given = record_id is not ABSENT and record_id is not None
            if "status" in reference and (given or reference.get("required", False)):
                message = reference.get("message", "There is no ${resource} ${id}.")
                names = {"resource": reference["resource"], "id": record_id if given else "of that name"}
                raise Refusal(reference["status"], fill(message, Scope(names)))

    def advance(self) -> None:
        """Bring all records up to the present moment."""
        self._lifecycles.advance()
