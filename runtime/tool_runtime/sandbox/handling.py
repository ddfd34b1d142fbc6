"""One request in the light of what the registry declares for it.

Owns: which resource and action a tool has, the record that a request is about, how a record is shown and
answered.
Must not know: what an action does to records (actions.py).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.templates import ABSENT
from tool_runtime.sandbox.answers import EVERY, NOTHING, Refusal, Reply
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.declarations import Scope, dig_path, fill, holds
from tool_runtime.sandbox.lifecycle import apply
from tool_runtime.sandbox.lists import Pager
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.store import Entry, Store


@dataclass(frozen=True, slots=True)
class World:
    """What all requests share: the registry document, the records, the schemas."""

    document: Mapping[str, Any]
    store: Store
    schemas: Schemas


class Call:
    """One request on its way through an action: the declarations that bear on it, and its scope."""

    def __init__(self, world: World, tool: str, inputs: Inputs) -> None:
        self._document = world.document
        self._store = world.store
        self._schemas = world.schemas
        self._every: Mapping[str, Any] = world.document.get("resources", {}).get(EVERY, {})
        self.tool = tool
        self.inputs = inputs
        self._entry: Mapping[str, Any] = self._document["tools"][tool]
        self.returns: Mapping[str, Any] = self._entry.get("returns", {})
        self.resource: Mapping[str, Any] | None = self._entry.get("resource")
        self.name: str = self.resource["name"] if self.resource else ""
        self.spec: Mapping[str, Any] = self._store.declared[self.name] if self.resource else {}
        verb: str = self.resource["action"] if self.resource else ""
        self.action: Mapping[str, Any] = self.spec.get("actions", {}).get(verb, {})
        self.verb: str = self.action.get("does", verb)
        places = {"path": inputs.path, "query": inputs.query, "header": inputs.header, "body": inputs.body}
        self.scope = self._store.scope(**places)

    def idempotency_key(self) -> Any:
        """Return the key under which a repeated request is the same request; None without one."""
        declared = self._entry.get("idempotency")
        if declared is None:
            return None
        return getattr(self.inputs, declared["in"]).get(declared["name"])

    def entry(self) -> Entry:
        """Return the entry that the request is about, or refuse as the resource declares."""
        id_field = self._store.id_field(self.name) or ""
        default = next(iter(self.inputs.path.values()), self.inputs.query.get(id_field))
        default = self.inputs.path.get(id_field.split(".")[-1], default)
        record_id = fill(self.action["id"], self.scope) if "id" in self.action else default
        entry = self._store.get(self.name, record_id)
        wanted = {path: fill(template, self.scope) for path, template in self.action.get("match", {}).items()}
        if entry is None or not all(_agrees(entry.record, path, value) for path, value in wanted.items()):
            missing = self.action.get("missing") or self.spec.get("missing") or self._every.get("missing") or {}
            names = {"resource": self.name.replace("_", " "), "id": record_id}
            message = fill(missing.get("message", "There is no ${resource} ${id}."), Scope(names))
            raise Refusal(missing.get("status", 404), message)
        self.scope.names |= {"record": entry.record, "id": entry.id}
        return entry

    def allow(self, entry: Entry) -> None:
        """Refuse the action where the record is not in a state that the action's `from` names."""
        if not holds(self.action.get("from", {}), entry.record):
            refused = self.action.get("refused", {})
            message = fill(refused.get("message", ABSENT), self.scope)
            raise Refusal(refused.get("status", 409), None if message is ABSENT else message)

    def pager(self) -> Pager:
        """Return what cuts this tool's lists into pages."""
        style = self._entry.get("pagination")
        declared = self._document.get("pagination", {}).get(style)
        if declared is None and "items" in self.action:
            declared = {"items": self.action["items"]}
        sizes = self.action.get("page_size") or self._every.get("page_size", {})
        return Pager(self.tool, self._entry, declared, sizes)

    def row_schema(self) -> Mapping[str, Any]:
        """Return the declared type of a list's rows."""
        schema: Mapping[str, Any] = self.returns.get("schema", {})
        items = self._document.get("pagination", {}).get(self._entry.get("pagination"), {}).get("items")
        for part in [*(items or self.action.get("items", "")).split("."), None]:
            branch = next(self._schemas.branches(schema))
            schema = branch.get("properties", {}).get(part, {}) if part else branch.get("items", schema)
        return schema

    def shown(self, entry: Entry | None, schema: Mapping[str, Any] | None = None) -> Any:
        """Return a record as the tool shows it: with the `reply` fields, without what its type lacks."""
        record = copy.deepcopy(entry.record) if entry else {}
        self.scope.names["record"] = record
        if "answer" in self.action:
            return fill(self.action["answer"], self.scope)
        apply(self.action.get("reply", {}), record, self.scope)
        return self._schemas.project(record, self.returns.get("schema", {}) if schema is None else schema)

    def reply(self, body: Any) -> Reply:
        """Return the answer: completed by the declared type, or without a body where none is declared."""
        schema = self.returns.get("schema")
        status = self.returns.get("status", 204 if schema is None else 200)
        if schema is None:
            return Reply(status, NOTHING)
        return Reply(status, self._schemas.complete(body, schema))


def _agrees(record: Mapping[str, Any], path: str, wanted: Any) -> bool:
    """Say whether a record has the wanted value; one of another type (a tag, say) is not held against it."""
    value = dig_path(record, path)
    return wanted is ABSENT or type(value) is not type(wanted) or bool(value == wanted)
