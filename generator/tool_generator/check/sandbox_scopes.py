"""What a template of sandbox.yaml may name, and what stands behind each name: one table, and the schemas of the names.

Owns `NAMES`, the table from the place of a template to the names that the sandbox fills in there. A new place in the
grammar needs a row only if its names differ from those of an action. This module must not know how a problem is worded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.model.schema_walk import branches, object_parts, resolved
from tool_runtime.sandbox.operators import OPERATORS as SANDBOX_OPERATORS
from tool_runtime.values.templates import OPERATORS as COMMON_OPERATORS
from tool_runtime.values.templates import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec

    Path = tuple[str | int, ...]

EVERY = "*"
TIMES = ("now_ms", "now_s", "now_iso")
REQUEST = ("path", "query", "header", "body")
RECORD = ("record", "id")
REFUSAL = ("resource", "id", "version", "field")
# The outermost key with a row decides; without one, a template sees the request, the record and what it refers to.
NAMES: dict[str, tuple[str, ...]] = {
    "error_body": ("message", "status", "reason"),
    "records": TIMES,
    "examples": TIMES,
    "lifecycle": (*TIMES, *RECORD),
    "events": (*TIMES, *RECORD),
    "questions": (*TIMES, *RECORD, "arguments", "shown", "answer", "answer_text", "reason"),
    "missing": (*TIMES, *REQUEST, *RECORD, *REFUSAL),
    "removed": REFUSAL,
}
NAMES_OF_AN_ACTION = (*TIMES, *REQUEST, *RECORD)
# In these places stand no names of referred records.
_ALONE = ("error_body", "records", "examples", "removed")
OPERATORS = (*COMMON_OPERATORS, *SANDBOX_OPERATORS)
CONDITIONS = ("when", "where", "match", "from")
# Keys under which a declaration names a field that the sandbox itself keeps.
_FIELDS = ("field", "published", "base", "tags", "changed")
# What stands under these keys is a dotted path into a record.
PATHS = ("path", "some_in")
ASSIGNMENTS = ("set", "defaults", "stamp", "reply")
_PLACES = {"path": "path", "query": "query", "header": "header", "body": "body", "file": "body"}
_OPEN_PLACES = {"query_map": "query", "spread": "body", "whole_body": "body"}


@dataclass(frozen=True, slots=True)
class World:
    """All resources with the tools that use them. `written` are the fields that declarations set, by resource."""

    spec: Spec
    parameters: Mapping[str, Mapping[str, Parameter]]
    types: Mapping[str, Any]
    written: dict[str, set[str]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    # Fields, requests and scopes by what they are of: each is asked for once for every template.
    _known: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], types: Mapping[str, Any]) -> World:
        """Look through all resources once."""
        world = cls(spec, parameters, types)
        for resource in spec.resources.values():
            if resource.whole:
                world._note(resource.data, resource.name)
        for resource in spec.resources.values():
            if resource.whole:
                world._note_own(resource)
        return world

    def _note_own(self, resource: Entry) -> None:
        """Note the fields that are the sandbox's own business: the id, kept ones, and notes in start records."""
        written = self.written.setdefault(resource.name, set())
        written.update(resource.data.get("keep", ()))
        for action in resource.data.get("actions", {}).values():
            for tool in self.tools(resource.name) if "filter_in" in action else ():
                filters = self.parameters[tool.name].values()
                schema: Any = next((item.friendly for item in filters if item.wire == action["filter_in"]), {})
                self.read.update(object_parts(resolved(schema, self.types), self.types)[0])
        for record in (*resource.data.get("records", ()), *resource.data.get("examples", ())):
            written.update(name for name in record if name in self.read)
            identity = self.identity(resource)
            if identity in record:
                written.add(identity)

    def _note(self, value: Any, resource: str) -> None:
        if isinstance(value, dict):
            owner = value["resource"] if isinstance(value.get("resource"), str) else resource
            for key, item in value.items():
                if key in CONDITIONS and isinstance(item, dict):
                    self.read.update(root(path) for path in item)
                elif key == "changes" and isinstance(item, dict):
                    for change in item.values():
                        self.written.setdefault(resource, set()).update(map(root, change))
                elif key in ASSIGNMENTS:
                    for part in item if isinstance(item, list) else [item]:
                        if isinstance(part, dict):
                            self.written.setdefault(owner, set()).update(map(root, part))
                elif key in (*_FIELDS, *PATHS) and isinstance(item, str):
                    self.read.add(root(item))
                    if key in _FIELDS:
                        self.written.setdefault(resource, set()).add(root(item))
                if key not in ("records", "examples", "id"):
                    self._note(item, owner if key == "then" else resource)
        elif isinstance(value, list):
            for item in value:
                self._note(item, resource)
        elif isinstance(value, str):
            self.read.update(path.split(".")[1] for path in references(value) if "." in path)

    @staticmethod
    def identity(resource: Entry) -> str:
        """Give the field that identifies the records of a resource; empty where there is one record only."""
        given: Any = resource.data.get("id", "")
        return root(given if isinstance(given, str) else given["field"])

    def noted(self, resource: str) -> set[str]:
        """Give the fields that declarations set beside those of the type, and that are read somewhere."""
        return self.written.get(resource, set())

    def tools(self, resource: str, action: str | None = None) -> list[Entry]:
        """Give the tools of a resource, or of one of its actions."""
        return [
            self.spec.tools[name]
            for name in self.parameters
            if (use := self.spec.tools[name].data.get("resource"))
            and use["name"] == resource
            and action in (None, use["action"])
        ]

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Give what `make` gives, and keep it under a key."""
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def fields(self, resource: str) -> dict[str, Any] | None:
        """Give the fields of a resource's records, with the schema of each; None where anything may be a field.

        A field that only declarations set may hold anything.
        """
        entry = self.spec.resources.get(resource)
        type_name = entry.data.get("type") if entry is not None and entry.whole else None
        if type_name not in self.types:
            return None
        known = self.declared(resource)
        return None if not known else {**{name: {} for name in self.noted(resource)}, **known}

    def declared(self, resource: str) -> dict[str, Any]:
        """Give the fields that the type of a resource has, in any of its alternatives."""
        found: dict[str, Any] = self.once(("declared", resource), lambda: self._declared(resource))
        return found

    def _declared(self, resource: str) -> dict[str, Any]:
        type_name = self.spec.resources[resource].data.get("type")
        found: dict[str, Any] = {}
        for option in branches({"$ref": type_name}, self.types):
            for name, schema in object_parts(option, self.types)[0].items():
                found[name] = {"anyOf": [found[name], schema]} if name in found else schema
        return found

    def schema_of(self, resource: str) -> Any:
        """Give the schema of a resource's records; None where anything may be in them."""
        fields = self.fields(resource)
        return None if fields is None else {"type": "object", "properties": fields}

    def request(self, resource: str, action: str | None) -> dict[str, Any]:
        """Give the schemas of `$path`, `$query`, `$header` and `$body` in an action.

        Of a place that takes anything, the schema has what is known, for the sake of misspelt names.
        """
        names: dict[str, Any] = self.once(("request", resource, action), lambda: self._request(resource, action))
        return names

    def _request(self, resource: str, action: str | None) -> dict[str, Any]:
        names: dict[str, Any] = {}
        tools = self.tools(resource, action)
        for place in REQUEST:
            properties: dict[str, Any] = {}
            is_open = not tools
            for tool in tools:
                for parameter in self.parameters[tool.name].values():
                    is_open = is_open or _OPEN_PLACES.get(parameter.place) == place
                    if _PLACES.get(parameter.place) == place:
                        wanted = {} if parameter.place == "file" else parameter.data.get("schema", {})
                        known = properties.get(parameter.wire)
                        properties[parameter.wire] = wanted if known is None else {"anyOf": [known, wanted]}
            schema: dict[str, Any] = {"type": "object", "properties": properties}
            names[place] = schema | {"additionalProperties": True} if is_open else schema
        return names


def scope(world: World, resource: Entry, path: Path) -> dict[str, Any]:
    """Give the names that a template may use at a place of a resource, each with a schema (None: anything)."""
    key = next((step for step in path if isinstance(step, str) and step in NAMES), None)
    # An action may be named like a row of the table: the name of an action is no place.
    if len(path) > 1 and path[0] in ("actions", "interventions", "changes") and key == path[1]:
        key = next((step for step in path[2:] if isinstance(step, str) and step in NAMES), None)
    action = str(path[1]) if len(path) > 1 and path[0] == "actions" else None
    is_refusal = bool(path) and path[-1] == "message"
    intervention = str(path[1]) if len(path) > 1 and path[0] == "interventions" else None
    asked = ("scope", resource.name, key, action, is_refusal, intervention, _changed(resource.data, path))
    names: dict[str, Any] = world.once(asked, lambda: _scope(world, resource, key, action, asked))
    return names


def _scope(
    world: World, resource: Entry, key: str | None, action: str | None, asked: tuple[Any, ...]
) -> dict[str, Any]:
    *_, is_refusal, intervention, changed = asked
    allowed: tuple[str, ...] = NAMES[key] if key is not None else NAMES_OF_AN_ACTION
    if is_refusal and key != "error_body":
        allowed = (*allowed, *REFUSAL)
    names: dict[str, Any] = dict.fromkeys(allowed)
    if intervention is None:
        for place, schema in world.request(resource.name, action).items():
            if place in names:
                names[place] = schema
    if "record" in names and resource.name != EVERY:
        made = resource.data["interventions"][intervention].get("makes") if intervention is not None else None
        names["record"] = world.schema_of(changed or made or resource.name)
    if key not in _ALONE:
        referred = world.once(("referred", resource.name), lambda: list(_referred(resource.data)))
        for name, other in referred:
            names[name] = world.schema_of(other) if other in world.spec.resources else None
        for name, other_entry in world.spec.resources.items():
            if name != EVERY and other_entry.whole and "id" not in other_entry.data:
                names.setdefault(name, world.schema_of(name))
    return names


def _changed(data: Any, path: Path) -> str | None:
    """Give the resource whose record a consequence changes, for a place among the fields that are set there."""
    for step in path:
        if step == "set" and isinstance(data, dict) and data.get("does") in ("change", "version"):
            return str(data.get("resource"))
        is_inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        data = data[step] if is_inside else None
    return None


def _referred(value: Any) -> Iterator[tuple[str, str | None]]:
    """Yield the names that declarations give, each with the resource behind the name (None: any value)."""
    if isinstance(value, dict):
        if isinstance(value.get("as"), str):
            yield value["as"], value.get("resource") if "id" in value and "each" not in value else None
        if isinstance(value.get("names"), dict):
            yield from ((name, None) for name in value["names"])
        for key, item in value.items():
            if key not in ("records", "examples"):
                yield from _referred(item)
    elif isinstance(value, list):
        for item in value:
            yield from _referred(item)


def root(path: str) -> str:
    """Give the first step of a dotted path: `call_cost.total` -> `call_cost`."""
    return path.partition(".")[0]
