"""One request together with what the registry declares for it.

Owns: which resource and action a tool has, the record that a request is about, how a record is shown and
answered.
Must not know: what an action does to records (actions.py).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Action, Refused, Resource
from tool_runtime.core.tools import PageStyle
from tool_runtime.sandbox.answers import NOTHING, Answer, Refusal
from tool_runtime.sandbox.changes import apply
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.lists import Pager
from tool_runtime.sandbox.media_samples import content_of, location_of
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill, fill_all
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.templates import ABSENT, assign, holds, lookup


@dataclass(frozen=True, slots=True)
class World:
    """What all requests share: the registry, the records, the schemas."""

    registry: Registry
    store: Store
    schemas: Schemas
    samples: bool = False


class Handling:
    """One request while an action handles it: its declarations, and the names that templates may use."""

    def __init__(self, world: World, tool: str, inputs: Inputs) -> None:
        self._registry = world.registry
        self._store = world.store
        self._schemas = world.schemas
        self._manners = world.registry.manners
        self._samples = world.samples
        self.tool = world.registry.tools[tool]
        self.inputs = inputs
        self.resource = self.tool.resource
        self.name: str = self.resource.name if self.resource else ""
        self.spec = self._store.declared[self.name] if self.resource else Resource("")
        verb: str = self.resource.action if self.resource else ""
        self.action = self.spec.actions.get(verb, Action())
        self.verb: str = self.action.does or verb
        places = {name: getattr(inputs, name) for name in ("path", "query", "header", "cookie", "body")}
        self.scope = self._store.scope(**places)

    def idempotency_key(self) -> Any:
        """Return the key under which a repeated request is the same request; None without one."""
        declared = self.tool.idempotency
        return None if declared is None else getattr(self.inputs, declared.place).get(declared.name)

    def declared_fields(self) -> frozenset[str] | None:
        """Return the wire names of what the tool takes in its body; None where that may be anything."""
        if self.tool.takes_whole_body:
            return None
        taken = self.tool.parameters.values()
        return frozenset(one.wire for one in taken if one.place in ("body", "file"))

    def entry(self) -> Entry:
        """Return the entry that the request is about, or refuse as the resource declares."""
        id_field = self._store.id_field(self.name) or ""
        default = next(iter(self.inputs.path.values()), self.inputs.query.get(id_field))
        default = self.inputs.path.get(id_field.split(".")[-1], default)
        record_id = fill(self.action.id, self.scope) if self.action.id is not None else default
        version = fill(self.action.version, self.scope)
        entry = self._store.get(self.name, record_id, version)
        wanted = fill_all(self.action.match, self.scope)
        if entry is None or not all(_agrees(entry.record, path, value) for path, value in wanted.items()):
            known = entry is None and self._store.get(self.name, record_id) is not None
            entry = self._stand_in(record_id, wanted, version)
            if entry is None:
                raise self._missing(record_id, version, known=known)
        self.scope.names |= {"record": entry.record, "id": entry.id}
        return entry

    def _stand_in(self, record_id: Any, wanted: Mapping[str, Any], version: Any) -> Entry | None:
        """Return a record that fits the request, in the place of one that nobody made; None where that is not asked."""
        entry = self._store.stand_in(self.name, record_id)
        if entry is None:
            return None
        for path, value in wanted.items():
            if value is not ABSENT:
                assign(entry.record, path, value)
        for path, value in self.action.allowed.items():
            if not isinstance(value, Mapping):
                assign(entry.record, path, value[0] if isinstance(value, list) else value)
        versions = self.spec.versions
        if versions is not None and isinstance(version, int) and not isinstance(version, bool):
            entry.record[versions.field] = version
        if versions is not None and versions.published and self.action.drafts_only:
            entry.record[versions.published] = False
        return entry

    def _missing(self, record_id: Any, version: Any, *, known: bool) -> Refusal:
        declared = [self.action.missing, self.spec.missing, self._manners.missing]
        if known and self.spec.versions is not None:
            declared.insert(1, self.spec.versions.missing)
        missing = next((one for one in declared if one != Refused()), Refused())
        names = {"resource": self.name.replace("_", " "), "id": record_id, "version": version}
        message = fill(missing.message or "There is no ${resource} ${id}.", Scope(names))
        return Refusal(missing.status or 404, None if message is ABSENT else message)

    def allow(self, entry: Entry) -> None:
        """Refuse the action where the record is not in a state that the action's `from` names."""
        versions = self.spec.versions
        if self.action.drafts_only and versions and versions.published and entry.record.get(versions.published) is True:
            message = fill(versions.frozen.message, self.scope)
            raise Refusal(versions.frozen.status or 409, None if message is ABSENT else message)
        if not holds(self.action.allowed, entry.record):
            refused = self.action.refused
            message = fill(refused.message, self.scope)
            raise Refusal(refused.status or 409, None if message is ABSENT else message)

    def pager(self) -> Pager:
        """Return what cuts this tool's lists into pages."""
        style = self._registry.page_style(self.tool) or PageStyle(self.action.items or "")
        return Pager(self.tool, style, self.action.page_size or self._manners.page_size, lenient=self._samples)

    def row_schema(self) -> Mapping[str, Any]:
        """Return the declared type of a list's rows."""
        schema: Mapping[str, Any] = self.tool.returns.schema or {}
        style = self._registry.page_style(self.tool)
        items = (style.items if style is not None else None) or self.action.items or ""
        for part in [*items.split("."), None]:
            branch = next(self._schemas.branches(schema))
            schema = branch.get("properties", {}).get(part, {}) if part else branch.get("items", schema)
        return schema

    def shown(self, entry: Entry | None, schema: Mapping[str, Any] | None = None) -> Any:
        """Return a record as the tool shows it: with the `reply` fields, and only with fields of the return type."""
        record = copy.deepcopy(entry.record) if entry else {}
        self.scope.names["record"] = record
        if self.action.answer is not None:
            return fill(self.action.answer, self.scope)
        apply(self.action.reply, record, self.scope)
        return self._schemas.project(record, (self.tool.returns.schema or {}) if schema is None else schema)

    def reply(self, body: Any) -> Answer:
        """Return the answer: completed by the declared type, or without a body where none is declared."""
        returns = self.tool.returns
        schema = returns.schema
        if returns.content == "location":
            return Answer(returns.status or 302, NOTHING, {"location": location_of(self.tool)})
        status = returns.status or (204 if schema is None else 200)
        content = content_of(self.tool, body, self._schemas, wants_events=self.inputs.body.get("stream") is True)
        if content is not None:
            return Answer(status, content.content, media_type=content.content_type)
        if schema is None:
            return Answer(status, NOTHING)
        return Answer(status, self._schemas.complete(body, schema))


def _agrees(record: Mapping[str, Any], path: str, wanted: Any) -> bool:
    """Say whether a record has the wanted value. A value of another type, such as a tag, counts as equal."""
    value = lookup(record, path)
    return wanted is ABSENT or type(value) is not type(wanted) or bool(value == wanted)
