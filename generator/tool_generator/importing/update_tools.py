"""Existing tools compared with their operations: path, arguments, body, reply.

This module pairs every schema of a tool with upstream's schema, and brings up to date what upstream owns. Decisions of
people stay: an explicit `required: false`, a requirement on a renamed argument, arguments that only the spec has
(spread, steps, …). This module must not know how operations and tools were matched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.importing.admitted import Alternative, Node, alternatives, properties, required
from tool_generator.importing.arguments import (
    Wanted,
    WantedBody,
    argument_name,
    is_list,
    path_of,
    wanted_body,
    wanted_parameters,
)
from tool_generator.importing.directions import at
from tool_generator.importing.pairing import lone_reference
from tool_generator.importing.rendering import Noted
from tool_generator.importing.update_properties import Anchor, mark_gone
from tool_generator.model.documents import ref_name

if TYPE_CHECKING:
    from tool_generator.importing.convert import Converter
    from tool_generator.importing.editor import Editor
    from tool_generator.importing.pairing import Pairing
    from tool_generator.load.spec import Entry
    from tool_generator.model.documents import Operation

_OWN = ("spread", "steps", "query_map", "whole_body")
_BODY = ("body", "file")


class ToolPair:
    """A tool and its operation."""

    def __init__(self, entry: Entry, operation: Operation, pairing: Pairing, shapes: dict[str, Any]) -> None:
        self.entry = entry
        self.operation = operation
        self._pairing = pairing
        self._shapes = shapes
        self._side = pairing.theirs["request"]
        self.parameters: dict[str, Any] = entry.data.get("parameters", {})
        self.wanted, self.told = wanted_parameters(operation, self._side)
        self.body, told, self.possible = wanted_body(operation, self._side)
        self.told += told
        self._type: Alternative | None = None
        if "body" in entry.data:
            node = pairing.ours.target(entry.data["body"]["$ref"])
            options = alternatives(node, pairing.ours) if node is not None else []
            self._type = options[0] if len(options) == 1 and options[0].kind == "object" else None

    def pair(self) -> None:
        """Pair the schemas of arguments and reply."""
        known = self._declared()
        for wanted in self.wanted:
            name = known.get((wanted.place, wanted.wire))
            if name is not None and "schema" in self.parameters[name] and not wanted.encoded:
                self._pair_value(("parameters", name, "schema"), wanted.schema)
        self._pair_body()
        reply = self.entry.data.get("returns", {}).get("schema")
        if reply is not None and self.operation.reply.schema is not None:
            node = Node(reply, at(self.entry, "returns", "schema"))
            steps = self.entry.data.get("steps", {}).get("after", ())
            own = frozenset([step["id"] for step in steps] + (["unavailable"] if steps else []))
            self._pairing.value(node, self.operation.reply.schema, "reply", self.operation.id, own)

    def _pair_value(self, path: tuple[str, ...], schema: Any) -> None:
        value: Any = self.entry.data
        for step in path:
            value = value[step]
        self._pairing.value(Node(value, at(self.entry, *path)), schema, "request", self.operation.id)

    def _pair_body(self) -> None:
        if self.body is None:
            return
        reference = lone_reference(self.operation.body.schema) if self.operation.body else None
        if reference is not None and "body" in self.entry.data:
            self._pairing.count(ref_name(reference), "request", self.entry.data["body"]["$ref"])
        if self.body.whole:
            for name, data in self.parameters.items():
                if data["in"] == "whole_body" and "schema" in data and self.operation.body is not None:
                    self._pair_value(("parameters", name, "schema"), self.operation.body.schema)
            return
        fields = self.body.fields or {}
        of_type = self._of_type()
        for wire, node in fields.items():
            if wire in self.body.files:
                continue
            names = [
                name for name, data in self.parameters.items() if data["in"] in _BODY and data.get("wire", name) == wire
            ]
            plain = [name for name in names if "schema" in self.parameters[name] and not self._is_formed(name)]
            if plain:
                for name in plain:
                    mine = Node(self.parameters[name]["schema"], at(self.entry, "parameters", name, "schema"))
                    self._pairing.pair_property(mine, node, "request", self.operation.id)
            elif wire in of_type:
                self._pairing.pair_property(of_type[wire], node, "request", self.operation.id)

    def _is_formed(self, name: str) -> bool:
        """Say whether the schema of an argument describes its friendly form, and not the form on the wire."""
        shape = self.parameters[name].get("shape")
        seen = set()
        while isinstance(shape, str) or (isinstance(shape, dict) and "shape" in shape):
            key = shape if isinstance(shape, str) else shape["shape"]
            if key in seen:
                return True
            seen.add(key)
            shape = self._shapes.get(key)
        return isinstance(shape, dict) and "form" in shape

    def _declared(self) -> dict[tuple[str, str], str]:
        return {(data["in"], data.get("wire", name)): name for name, data in self.parameters.items()}

    def anchor(self) -> Anchor | None:
        """Give the body of the tool as an object that may lack properties."""
        if self.body is None or self.body.whole or self.body.fields is None:
            return None
        covered = {data.get("wire", name) for name, data in self.parameters.items() if data["in"] in _BODY}
        parts = list(self._type.parts) if self._type is not None else []
        covered |= set(properties(self._type)) if self._type is not None else set()
        missing = {
            wire: (node, "request", self.operation.id)
            for wire, node in self.body.fields.items()
            if wire not in covered and wire not in self.body.files
        }
        return Anchor(at(self.entry), parts, missing, set(self.body.fields), frozenset(), self.entry.name)

    def update(self, declared: set[str], editor: Editor, converter: Converter) -> None:
        """Bring the facts of the tool itself up to date; `declared` are body fields that the tool must declare."""
        data, operation = self.entry.data, self.operation
        here = at(self.entry)
        if data.get("upstream") != operation.id and operation.has_id:
            editor.set(here, "upstream", operation.id, f"is the operation {operation.id}", operation.id)
        if data["method"] != operation.method:
            editor.set(here, "method", operation.method, f"{operation.method}, was {data['method']}", operation.id)
        if not _alike(data["path"], path_of(operation)):
            editor.set(here, "path", self._path(), f"{operation.path}, was {data['path']}", operation.id)
        if operation.deprecated and not data.get("deprecated"):
            editor.set(here, "deprecated", value=True, message="is deprecated upstream")
        self._arguments(editor, converter)
        self._fields(declared, editor, converter)
        self._returns(editor, converter)
        for line in self.told:
            editor.report.add("note", self.entry.name, line, operation.id)

    def _path(self) -> str:
        """Give upstream's path with the spec's placeholder names, if both paths have as many placeholders."""
        wanted = path_of(self.operation)
        mine = [name for name, data in self.parameters.items() if data["in"] == "path"]
        theirs = [item.wire for item in self.wanted if item.place == "path"]
        if len(mine) == len(theirs) and set(mine) != set(theirs):
            for name, placeholder in zip(mine, theirs, strict=True):
                wanted = wanted.replace("{" + placeholder + "}", "{" + self.parameters[name].get("wire", name) + "}")
        return wanted

    def _arguments(self, editor: Editor, converter: Converter) -> None:
        known = self._declared()
        in_path = [item for item in self.wanted if item.place == "path"]
        mine_in_path = [name for name, data in self.parameters.items() if data["in"] == "path"]
        same_path = len(in_path) == len(mine_in_path)
        found: set[str] = set()
        for wanted in self.wanted:
            if wanted.place == "path" and same_path:
                continue
            name = known.get((wanted.place, wanted.wire))
            if name is None:
                if wanted.place == "query_map" and any(data["in"] == "query_map" for data in self.parameters.values()):
                    continue
                self._declare(wanted, editor, converter)
                continue
            found.add(name)
            self._requirement(name, editor, required=wanted.required)
            style = self.parameters[name].get("style", "")
            if wanted.place == "query" and wanted.style != ("" if style == "repeat" else style):
                here = at(self.entry, "parameters", name)
                if wanted.style:
                    editor.set(here, "style", wanted.style, f"lists are written with {wanted.style}", self.operation.id)
                else:
                    editor.remove(here, "style", "lists are repeated", self.operation.id)
            if wanted.deprecated and not self.parameters[name].get("deprecated"):
                editor.set(
                    at(self.entry, "parameters", name), "deprecated", value=True, message="is deprecated upstream"
                )
        for name, data in self.parameters.items():
            if (
                name in found
                or data["in"] in (*_OWN, *_BODY)
                or (data["in"] == "path" and same_path)
                or data.get("raw")
            ):
                continue
            self._drop(name, editor)

    def _declare(self, wanted: Wanted, editor: Editor, converter: Converter) -> None:
        name = argument_name(wanted.wire, wanted.place, self._names())
        value = declared_parameter(name, wanted, converter, descriptions=False)
        self._put(name, value, f"takes {name!r} ({wanted.place}) now", editor)

    def _put(self, name: str, value: dict[str, Any], told: str, editor: Editor) -> None:
        if self.parameters:
            editor.set(at(self.entry, "parameters"), name, value, told, self.operation.id)
        else:
            editor.set(at(self.entry), "parameters", {name: value}, told, self.operation.id)

    def _names(self) -> dict[str, Any]:
        return {**dict.fromkeys(self._of_type()), **self.parameters}

    def _of_type(self) -> dict[str, Node]:
        return properties(self._type) if self._type is not None else {}

    def _requirement(self, name: str, editor: Editor, *, required: bool) -> None:
        data = self.parameters[name]
        here = at(self.entry, "parameters", name)
        if required and "required" not in data:
            editor.set(here, "required", value=True, message="is required now")
        elif not required and data.get("required") is True and data.get("wire", name) == name and "shape" not in data:
            editor.remove(here, "required", "is no longer required", self.operation.id)

    def _drop(self, name: str, editor: Editor) -> None:
        data = self.parameters[name]
        here = at(self.entry, "parameters", name)
        wire = data.get("wire", name)
        if data["in"] in _BODY and wire != name and wire in self.parameters and wire in self._of_type():
            # An argument of another place has this name, so the property of the type needs another name.
            return
        if set(data) <= {"in", "schema", "wire", "required", "style"} and name not in _mentions(self.entry.data):
            editor.remove(at(self.entry, "parameters"), name, f"no longer takes {name!r}", self.operation.id)
        elif not data.get("deprecated"):
            if data.get("required") is True and data["in"] != "path":
                editor.remove(here, "required", "is no longer required", self.operation.id)
            mark_gone(here, name, editor)

    def _fields(self, declared: set[str], editor: Editor, converter: Converter) -> None:
        data, body = self.entry.data, self.body
        in_body = [name for name, item in self.parameters.items() if item["in"] in (*_BODY, "whole_body")]
        if body is None:
            for name in in_body:
                if self.possible and data["method"] != "GET":
                    self._drop(name, editor)
            if self.possible and "body" in data:
                editor.report.add("note", self.entry.name, "upstream has no body here", self.operation.id)
            return
        if data.get("encoding", "json") != body.encoding:
            editor.set(at(self.entry), "encoding", body.encoding, f"the body is {body.encoding}", self.operation.id)
        if body.whole:
            if not in_body and "body" not in data:
                wanted = Wanted(
                    "whole_body",
                    "body",
                    required=bool(self.operation.body and self.operation.body.required),
                    schema=self.operation.body.schema if self.operation.body else {},
                )
                self._declare(wanted, editor, converter)
            return
        self._body_fields(body, declared, editor, converter)

    def _body_fields(self, body: WantedBody, declared: set[str], editor: Editor, converter: Converter) -> None:
        fields = body.fields or {}
        of_type = self._of_type()
        needed_by_type = set(required(self._type)) if self._type is not None else set()
        by_wire: dict[str, list[str]] = {}
        for name, item in self.parameters.items():
            if item["in"] in _BODY:
                by_wire.setdefault(item.get("wire", name), []).append(name)
        for wire, node in fields.items():
            names = by_wire.get(wire, [])
            is_needed = wire in body.needed
            if not names and (wire in declared or (wire in body.files and wire not in of_type)):
                wanted = Wanted("file" if wire in body.files else "body", wire, is_needed, node.schema)
                name = argument_name(wire, "body", self._names())
                value = declared_parameter(
                    name, wanted, converter, descriptions=False, is_list=is_list(node, self._side)
                )
                self._put(name, value, f"takes {name!r} (body) now", editor)
            elif not names and wire in of_type and is_needed and wire not in needed_by_type:
                self._put(wire, {"in": "body", "required": True}, f"requires {wire!r} now", editor)
            elif not names and wire in of_type and not is_needed and wire in needed_by_type:
                self._put(wire, {"in": "body", "required": False}, f"does not require {wire!r}", editor)
            elif len(names) == 1:
                if is_needed and wire not in needed_by_type:
                    self._requirement(names[0], editor, required=True)
                elif not is_needed:
                    self._requirement(names[0], editor, required=False)
        for wire, names in by_wire.items():
            if wire not in fields:
                for name in names:
                    if not (body.is_open and "schema" not in self.parameters[name]):
                        self._drop(name, editor)
        surplus = [name for name in of_type if name not in fields]
        if surplus:
            told = f"takes {', '.join(map(repr, surplus))} by its body type, which upstream lacks here"
            editor.report.add("note", self.entry.name, told, self.operation.id)

    def _returns(self, editor: Editor, converter: Converter) -> None:
        reply, mine = self.operation.reply, self.entry.data.get("returns")
        here = at(self.entry)
        if mine is None:
            editor.set(
                here, "returns", returns_of(self.operation, converter), "says what it returns", self.operation.id
            )
            return
        if reply.status is not None and mine.get("status") != reply.status:
            told = f"replies {reply.status}, was {mine.get('status')}"
            editor.set(at(self.entry, "returns"), "status", reply.status, told, self.operation.id)
        if reply.schema is not None and "schema" not in mine:
            converted = converter.schema(self.pairing_reply(), "reply")
            editor.set(at(self.entry, "returns"), "schema", converted, "has a reply now", self.operation.id)
        elif reply.schema is None and "schema" in mine and reply.is_empty and not self.entry.data.get("steps"):
            editor.remove(at(self.entry, "returns"), "schema", "has an empty reply", self.operation.id)

    def pairing_reply(self) -> Any:
        """Give the schema of the reply as replies see it."""
        return self._pairing.theirs["reply"].seen(self.operation.reply.schema)


def declared_parameter(
    name: str, wanted: Wanted, converter: Converter, *, descriptions: bool, is_list: bool = False
) -> dict[str, Any]:
    """Write the declaration of an argument."""
    value: dict[str, Any] = {"in": wanted.place}
    if wanted.wire != name and wanted.place not in ("whole_body", "query_map"):
        value["wire"] = wanted.wire
    if wanted.required:
        value["required"] = True
    if descriptions and wanted.description:
        value["description"] = wanted.description
    if wanted.place == "file":
        value["schema"] = (
            {"type": "array", "items": {"type": "string", "format": "binary"}}
            if is_list
            else {"type": "string", "format": "binary"}
        )
    else:
        value["schema"] = converter.schema(converter.seen(wanted.schema, "request"), "request")
    if wanted.style:
        value["style"] = wanted.style
    if wanted.deprecated:
        value["deprecated"] = True
    return value


def returns_of(operation: Operation, converter: Converter) -> dict[str, Any]:
    """Write what an operation returns."""
    reply = operation.reply
    assumed = 204 if reply.is_empty and reply.status is None else 200
    status: Any = (
        reply.status if reply.status is not None else Noted(assumed, "review: upstream does not say which 2xx")
    )
    value: dict[str, Any] = {"status": status}
    if reply.schema is not None:
        value["schema"] = converter.schema(converter.seen(reply.schema, "reply"), "reply")
    return value


def _alike(mine: str, theirs: str) -> bool:
    return _shape(mine) == _shape(theirs)


def _shape(path: str) -> str:
    return "".join("{}" if index % 2 else part for index, part in enumerate(path.replace("}", "{").split("{")))


def _mentions(data: dict[str, Any]) -> set[str]:
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
