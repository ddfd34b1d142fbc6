"""Edits of tools, made from differences: path, arguments, body, reply, keys, server.

Decisions of people stay: an explicit `required: false`, a requirement on a renamed argument, arguments that only the
spec has (spread, steps, …), and whatever other parts of the tool refer to. This module must not know how schemas are
edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.compare import differ as kind
from tool_generator.compare import rules
from tool_generator.importing.create import (
    argument_name,
    body_of,
    constraints_of,
    declaration,
    field_name,
    is_plain,
    path_of,
    returns_of,
    whole_body,
)
from tool_generator.importing.object_edits import Anchor, lift_mark, mark_gone
from tool_generator.model.operation_exchanges import kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compare.differ import Difference
    from tool_generator.importing.access_edits import Access
    from tool_generator.importing.workspace import Workspace
    from tool_generator.model.exchanges import Field
    from tool_generator.model.schemas import Branch

_BODY = ("body", "file")
_WHOLE = ("whole_body", "raw_body")
_OUTSIDE = {"request", "operation", "request.body", "response"}


class ToolEdits:
    """One tool and its operation."""

    def __init__(self, name: str, work: Workspace, body_type: tuple[Branch, ...]) -> None:
        self._work = work
        self._entry = work.spec.tools[name]
        self._data: dict[str, Any] = self._entry.data
        self._place = (self._entry.source.name, self._entry.path)
        self._operation = work.result.operations[name]
        self._ours, self._theirs = work.result.ours[name], work.result.theirs[name]
        self._found = [*work.result.requests[name], *work.result.replies[name]]
        self._parameters: dict[str, Any] = self._data.get("parameters", {})
        self._type = body_type[0] if len(body_type) == 1 else None

    @property
    def name(self) -> str:
        """The tool."""
        return self._entry.name

    def anchor(self) -> Anchor | None:
        """Give the body of the tool as an object that may lack properties."""
        theirs = [field for field in self._theirs.fields.values() if field.place == "body"]
        if self._theirs.encoding is None or self._theirs.whole is not None or self._ours.whole is not None:
            return None
        known = {key[1] for key in self._ours.fields if key[0] == "body"}
        missing = {
            field.wire: (field.schema, "request", self._operation.id)
            for field in theirs
            if field.wire not in known and field.schema is not None and is_plain(field)
        }
        names = {field.wire for field in theirs}
        parts = self._type.parts if self._type is not None else ()
        return Anchor(parts, missing, names, frozenset(), self.name)

    def edit(self, declared: set[str], access: Access) -> None:
        """Bring the facts of the tool itself up to date; `declared` are body fields that the tool must declare."""
        self._call(access)
        for item in self._found:
            if item.path not in _OUTSIDE and item.path.startswith("request.") and item.one is item.other is None:
                self._argument(item)
        self._fields(declared)
        self._clashes()
        self._body()
        self._returns()

    def _set(self, key: str, value: Any, told: str) -> None:
        self._work.editor.set(self._place, key, value, told, self._operation.id)

    def _unset(self, key: str, told: str) -> None:
        if key in self._data:
            self._work.editor.remove(self._place, key, told, self._operation.id)

    def _at(self, *steps: str) -> tuple[str, tuple[str | int, ...]]:
        return self._place[0], (*self._place[1], *steps)

    def _call(self, access: Access) -> None:
        operation, theirs = self._operation, self._theirs
        kinds = {item.kind for item in self._found if item.path in ("request", "operation")}
        if operation.has_id and self._data.get("upstream") != operation.id:
            self._set("upstream", operation.id, f"is the operation {operation.id}")
        if rules.MOVED in kinds:
            if self._data["method"] != operation.method:
                self._set("method", operation.method, f"{operation.method}, was {self._data['method']}")
            if self._ours.route.partition(" ")[2] != theirs.route.partition(" ")[2]:
                self._set("path", self._path(), f"{operation.path}, was {self._data['path']}")
        if rules.DEPRECATED in kinds:
            self._set("deprecated", value=True, told="is deprecated upstream")
        elif self._data.get("deprecated") and not operation.deprecated:
            lift_mark(self._place, self.name, self._work.editor)
        for place, field in self._ours.fields.items():
            data = self._parameters.get(field.argument, {})
            if data.get("deprecated") and place in theirs.fields and not theirs.fields[place].deprecated:
                lift_mark(self._at("parameters", field.argument), field.argument, self._work.editor)
        if kinds & {rules.SERVER, rules.SECURITY}:
            wanted = access.of_tool(operation)
            for key in ("server", "security"):
                if key in wanted and self._data.get(key) != wanted[key]:
                    self._set(key, wanted[key], f"{key} is {wanted[key] or 'none'}")
                elif key not in wanted:
                    self._unset(key, f"has no {key} of its own")

    def _path(self) -> str:
        """Give the document's path with the spec's placeholder names, if both paths have as many placeholders."""
        wanted = path_of(self._theirs)
        mine = [name for name, data in self._parameters.items() if data["in"] == "path"]
        theirs = [field for field in self._theirs.fields.values() if field.place == "path"]
        if len(mine) == len(theirs):
            for name, field in zip(mine, theirs, strict=True):
                placeholder = declaration(field, "", self._work.converter).get("wire", "")
                wanted = wanted.replace("{" + placeholder + "}", "{" + self._parameters[name].get("wire", name) + "}")
        return wanted

    def _argument(self, item: Difference) -> None:
        """Edit what a tool says of one argument by itself: its need, style, encoding, life, or place."""
        name, place = item.name, self._at("parameters", item.name)
        data = self._parameters.get(name)
        editor, told = self._work.editor, self._operation.id
        field = self._theirs_of(name)
        if item.kind == rules.PLACE:
            self._drop(name)
            self._declare_missing(item)
        elif data is None or field is None:
            if item.kind in (kind.REQUIRED, kind.OPTIONAL) and field is not None:
                needed = item.kind == kind.REQUIRED
                words = f"{'requires' if needed else 'does not require'} {name!r}"
                self._put(name, {"in": "body", "required": needed}, words)
        elif item.kind == kind.REQUIRED:
            if "required" not in data:
                # Else people lifted the requirement.
                editor.set(place, "required", value=True, message="is required now")
        elif item.kind == kind.OPTIONAL:
            self._optional(name, data)
        elif item.kind == rules.DEPRECATED:
            editor.set(place, "deprecated", value=True, message="is deprecated upstream")
        elif item.kind in (rules.STYLE, rules.MEDIA_TYPE, rules.ENCODING):
            wanted = declaration(field, name, self._work.converter)
            for key in ("in", "style", "explode", "reserved", "media_type", "encoding"):
                if key in wanted and data.get(key) != wanted[key]:
                    editor.set(place, key, wanted[key], f"{key} is {wanted[key]}", told)
                elif key in data and key not in wanted:
                    editor.remove(place, key, f"has no {key} of its own", told)
            if item.kind == rules.ENCODING and "schema" in wanted and data.get("schema") != wanted["schema"]:
                editor.set(place, "schema", wanted["schema"], "is written in another way", told)

    def _optional(self, name: str, data: Mapping[str, Any]) -> None:
        place = self._at("parameters", name)
        wire = data.get("wire", name)
        is_own = "shape" in data or name not in (argument_name(wire, data["in"], taken) for taken in ({}, {wire: None}))
        if data.get("required") is True and not is_own:
            self._work.editor.remove(place, "required", "is no longer required", self._operation.id)
        elif "required" not in data and "schema" not in data:
            self._work.editor.set(place, "required", value=False, message="is no longer required")

    def _theirs_of(self, name: str) -> Field | None:
        for key, field in self._ours.fields.items():
            if field.argument == name:
                return self._theirs.fields.get(key)
        return None

    def _fields(self, declared: set[str]) -> None:
        """Declare what the document has and the tool lacks, and drop what the document no longer has."""
        same_route = self._ours.route == self._theirs.route
        paths = [field for field in self._ours.fields.values() if field.place == "path"]
        for item in self._found:
            if not item.path.startswith("request.") or item.path == "request.body" or "#" in item.path:
                continue
            if item.kind in (kind.ADDED, kind.ADDED_REQUIRED) and not hasattr(item.one, "parts"):
                self._declare_missing(item, declared)
            elif item.kind == kind.REMOVED and item.name in self._parameters and not hasattr(item.one, "parts"):
                if item.path.startswith("request.path.") and (same_route or paths):
                    self._work.editor.remove(
                        self._at("parameters"), item.name, f"no longer takes {item.name!r}", self._operation.id
                    )
                else:
                    self._drop(item.name)
        if not same_route:
            self._path_arguments()

    def _path_arguments(self) -> None:
        ours = {key for key in self._ours.fields if key[0] == "path"}
        for key, field in self._theirs.fields.items():
            if key[0] == "path" and key not in ours:
                name = field_name(field, self._names())
                self._put(name, declaration(field, name, self._work.converter), f"takes {name!r} (path) now")
        for key in ours:
            if key not in self._theirs.fields:
                name = self._ours.fields[key].argument
                told = f"no longer takes {name!r}"
                self._work.editor.remove(self._at("parameters"), name, told, self._operation.id)

    def _declare_missing(self, item: Difference, declared: set[str] | None = None) -> None:
        place, _, wire = item.path.removeprefix("request.").partition(".")
        found = (
            field
            for field in self._theirs.fields.values()
            if (field.place, field.wire.lower()) == (place, wire.lower())
            or (item.kind == rules.PLACE and field.wire == wire)
        )
        field = next(found, None)
        if field is None or field.place == "path":
            return
        if field.place == "body" and declared is not None and wire not in declared and is_plain(field):
            return
        names = self._names()
        name = argument_name(field.wire, "body", names) if field.place == "body" else field_name(field, names)
        value = declaration(field, name, self._work.converter)
        self._put(name, value, f"takes {name!r} ({field.place}) now")
        if field.place != "body":
            self._free_property(name)

    def _clashes(self) -> None:
        """Name the fields of the body whose names other arguments have."""
        known = {data.get("wire", name) for name, data in self._parameters.items() if data["in"] in _BODY}
        properties = self._type.properties if self._type is not None else {}
        for field in self._theirs.fields.values():
            is_taken = field.wire in self._parameters and field.wire not in known
            if field.place == "body" and field.wire in properties and is_taken:
                self._free_property(field.wire)

    def _free_property(self, name: str) -> None:
        """Give the property of the body type another argument, where its name is now that of another place."""
        properties = self._type.properties if self._type is not None else {}
        if name in properties:
            other = argument_name(f"body_{name}", "body", {**self._names(), name: None})
            self._put(other, {"in": "body", "wire": name}, f"takes {name!r} of the body as {other!r}")

    def _put(self, name: str, value: dict[str, Any], told: str) -> None:
        if self._parameters:
            self._work.editor.set(self._at("parameters"), name, value, told, self._operation.id)
        else:
            self._set("parameters", {name: value}, told)

    def _names(self) -> dict[str, Any]:
        properties = self._type.properties if self._type is not None else {}
        return {**dict.fromkeys(properties), **self._parameters}

    def _drop(self, name: str) -> None:
        data, editor = self._parameters[name], self._work.editor
        place, wire = self._at("parameters", name), data.get("wire", name)
        properties = self._type.properties if self._type is not None else {}
        if data["in"] in _BODY and wire != name and wire in self._parameters and wire in properties:
            # An argument of another place has this name, so the property of the type needs another name.
            if "schema" in data:
                editor.remove(place, "schema", "is what the body type says", self._operation.id)
            return
        plain = {"in", "schema", "wire", "required", "style", "explode", "reserved", "media_type", "encoding"}
        if set(data) <= plain and name not in mentions(self._data):
            editor.remove(self._at("parameters"), name, f"no longer takes {name!r}", self._operation.id)
        elif not data.get("deprecated"):
            if data.get("required") is True and data["in"] != "path":
                editor.remove(place, "required", "is no longer required", self._operation.id)
            mark_gone(place, name, editor)

    def _body(self) -> None:
        found = [item for item in self._found if item.path == "request.body"]
        kinds = {item.kind for item in found}
        theirs, whole = self._theirs, [name for name, data in self._parameters.items() if data["in"] in _WHOLE]
        if theirs.encoding is None:
            for name in whole:
                self._drop(name)
            return
        has_body = self._ours.encoding is not None
        if kinds & {rules.ENCODING, rules.MEDIA_TYPE} or (theirs.encoding != "json" and not has_body):
            wanted = body_of(theirs)
            for key in ("encoding", "other_encoding", "media_type"):
                if key in wanted and self._data.get(key) != wanted[key]:
                    self._set(key, wanted[key], f"the body's {key.replace('_', ' ')} is {wanted[key]}")
                elif key not in wanted:
                    self._unset(key, f"the body has no {key.replace('_', ' ')} of its own")
        if kinds & {kind.OPTIONAL, kind.REQUIRED}:
            self._need(is_optional=theirs.is_optional, whole=whole)
        if rules.RULE in kinds:
            rules_now = [*self._data.get("constraints", ()), *constraints_of(theirs, self._parameters)]
            self._set("constraints", rules_now, "has rules over several fields now")
        if theirs.whole is None and whole and self._ours.encoding == "raw" and theirs.encoding != "raw":
            self._take_fields(whole[0])
        opener = self._work.result.differs["request"].other
        if theirs.whole is not None and not whole and not kinds_of(opener, theirs.whole) & {"object", "any"}:
            for name in [name for name, data in self._parameters.items() if data["in"] in _BODY]:
                self._work.editor.remove(self._at("parameters"), name, f"no longer takes {name!r}", self._operation.id)
            if "body" in self._data:
                self._unset("body", "the body is one value now")
            self._unset("optional_body", "says so of its argument")
        if theirs.whole is not None and not whole and not self._in_body():
            value = whole_body(theirs, self._work.converter)
            self._put(argument_name("body", "whole", self._names()), value, "takes a body now")
        elif theirs.whole is not None and whole and kinds & {rules.ENCODING}:
            value = whole_body(theirs, self._work.converter)
            self._work.editor.set(self._at("parameters"), whole[0], value, "is written in another way")

    def _take_fields(self, whole: str) -> None:
        """Declare the fields of a body that was one raw value."""
        self._work.editor.remove(self._at("parameters"), whole, "is written field by field now", self._operation.id)
        names = {name: None for name in self._names() if name != whole}
        known = {data.get("wire", name) for name, data in self._parameters.items() if data["in"] in _BODY}
        for field in self._theirs.fields.values():
            if field.place in _BODY and field.wire not in known:
                name = argument_name(field.wire, field.place, names)
                names[name] = None
                self._put(name, declaration(field, name, self._work.converter), f"takes {name!r}")
        if self._theirs.is_optional:
            self._set("optional_body", value=True, told="the body may be left out")
        else:
            self._unset("optional_body", "the body is required now")

    def _in_body(self) -> bool:
        return "body" in self._data or any(data["in"] in _BODY for data in self._parameters.values())

    def _need(self, *, is_optional: bool, whole: list[str]) -> None:
        if whole:
            self._unset("optional_body", "says so of its argument")
            if is_optional:
                self._work.editor.remove(self._at("parameters", whole[0]), "required", "may be left out")
            else:
                self._work.editor.set(self._at("parameters", whole[0]), "required", value=True, message="is required")
        elif is_optional:
            self._set("optional_body", value=True, told="the body may be left out")
        else:
            self._unset("optional_body", "the body is required now")

    def _returns(self) -> None:
        theirs, mine = self._theirs, self._data.get("returns")
        if mine is None:
            self._set("returns", returns_of(theirs, self._work.converter), "says what it returns")
            return
        place, editor = self._at("returns"), self._work.editor
        kinds = {item.kind for item in self._work.result.replies[self.name] if item.path == "response"}
        if rules.STATUS in kinds:
            told = f"replies {theirs.status}, was {mine.get('status')}"
            editor.set(place, "status", theirs.status, told, self._operation.id)
        elif rules.CONTENT in kinds and theirs.content != "location" and str(mine.get("status")).startswith("3"):
            editor.set(place, "status", 200, "replies with content, and is no redirect", self._operation.id)
        if kinds & {rules.CONTENT, rules.MEDIA_TYPES}:
            wanted = returns_of(theirs, self._work.converter)
            for key in ("content", "media_types", *(("schema",) if rules.CONTENT in kinds else ())):
                if key in wanted and mine.get(key) != wanted[key]:
                    editor.set(
                        place, key, wanted[key], f"the reply's {key.replace('_', ' ')} changed", self._operation.id
                    )
                elif key not in wanted and key in mine:
                    editor.remove(place, key, f"the reply has no {key.replace('_', ' ')} of its own")
        if rules.CONTENT in kinds:
            return
        if theirs.reply is not None and "schema" not in mine:
            converted = self._work.converter.schema(theirs.reply.schema, "reply")
            editor.set(place, "schema", converted, "has a reply now", self._operation.id)
        elif theirs.reply is None and "schema" in mine and not theirs.media_types and not self._data.get("steps"):
            editor.remove(place, "schema", "has an empty reply", self._operation.id)


def mentions(data: Mapping[str, Any]) -> set[str]:
    """Give the names that other parts of a tool use, so that no argument is removed while something uses it."""
    rest = {key: value for key, value in data.items() if key not in ("parameters", "summary", "description", "path")}
    found: set[str] = set()
    pending: list[Any] = [rest]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            found.update(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str):
            found.add(value.lstrip("$").partition(".")[0])
    return found
