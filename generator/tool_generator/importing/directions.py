"""The two sides of an import: the types of the spec, and upstream's schemas as a request or a reply sees them.

A request has no `readOnly` properties; a reply has no `writeOnly` properties. This module must not know what the
import does with the sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import At, Node
from tool_generator.model.documents import REF, ref_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.spec import Entry
    from tool_generator.model.documents import Upstream

_HIDDEN = {"request": "readOnly", "reply": "writeOnly"}


class OurSide:
    """The types of a spec."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self.types = {name: entry.data for name, entry in entries.items()}
        self.opened: dict[Any, Any] = {}

    def target(self, reference: str) -> Node | None:
        """Give a type by its name."""
        entry = self.entries.get(reference)
        return None if entry is None else Node(entry.data, at(entry), entry.name)


def at(entry: Entry, *path: str | int) -> At:
    """Say where a value of an entry stands."""
    return entry.source.name, (*entry.path, *path)


class TheirSide:
    """Upstream's schemas in one role, `request` or `reply`."""

    def __init__(self, upstream: Upstream, role: str) -> None:
        self.upstream = upstream
        self.role = role
        self.opened: dict[Any, Any] = {}
        self._known: dict[str, Any] = {}
        self._differs: dict[str, bool] = {}
        self._marks = any(_mentions(schema) for schema in upstream.schemas.values())

    def target(self, reference: str) -> Node | None:
        """Give a schema by its normalised reference."""
        name = ref_name(reference)
        if name not in self.upstream.schemas:
            return None
        if name not in self._known:
            self._known[name] = self.seen(self.upstream.schemas[name])
        return Node(self._known[name], None, name)

    def seen(self, schema: Any) -> Any:
        """Give a schema as this role sees it; the same object if the role sees all of it."""
        return _without(schema, _HIDDEN[self.role]) if self._marks or _mentions(schema) else schema

    def differs(self, name: str) -> bool:
        """Say whether requests and replies see different forms of a schema, or of a schema that it refers to."""
        if not self._marks:
            return False
        if name not in self._differs:
            pending, seen = [name], {name}
            self._differs[name] = False
            while pending:
                schema = self.upstream.schemas.get(pending.pop())
                if _without(schema, "readOnly") is not schema or _without(schema, "writeOnly") is not schema:
                    self._differs[name] = True
                    break
                for target in _references(schema):
                    if target not in seen:
                        seen.add(target)
                        pending.append(target)
        return self._differs[name]


def _mentions(schema: Any) -> bool:
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("readOnly") is True or value.get("writeOnly") is True:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


def _references(schema: Any) -> list[str]:
    found = []
    pending = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str) and value["$ref"].startswith(REF):
                found.append(ref_name(value["$ref"]))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return found


def _without(schema: Any, mark: str) -> Any:
    """Give a schema without the properties that have `mark`; the same object if there are none.

    Example, for `readOnly`: `{"properties": {"id": {"readOnly": true}, "name": {}}}` -> `{"properties": {"name":
    {}}}`.
    """
    if isinstance(schema, list):
        items = [_without(item, mark) for item in schema]
        return items if any(new is not old for new, old in zip(items, schema, strict=True)) else schema
    if not isinstance(schema, dict):
        return schema
    changed = False
    copy: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            inner = {
                name: _without(item, mark)
                for name, item in value.items()
                if not (isinstance(item, dict) and item.get(mark) is True)
            }
            same = len(inner) == len(value) and all(inner[name] is value[name] for name in inner)
            copy[key] = value if same else inner
        elif key in ("enum", "default", "const", "examples", "example"):
            copy[key] = value
        else:
            copy[key] = _without(value, mark)
        changed = changed or copy[key] is not value
    if not changed:
        return schema
    gone = set(schema.get("properties", {})) - set(copy.get("properties", {}))
    if gone and "required" in copy:
        copy["required"] = [name for name in copy["required"] if name not in gone]
        if not copy["required"]:
            del copy["required"]
    return copy
