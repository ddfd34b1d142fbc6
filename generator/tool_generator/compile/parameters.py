"""The parameters of a tool, in their final order: the declared ones, and those that come from its body type.

This module owns the expansion of `body: {$ref: T}`, the values that a body parameter takes from the body type, and
spellings. References in schemas are still bare names of types. This module must not know about Python or about output
files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.compile.accepted_schema import friendly_schema, shape_body
from tool_generator.model.schema_walk import object_parts, resolved
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

IN_BODY = ("body", "file", "whole_body", "raw_body")
# A file as JSON can state it. In Python, callers may also pass paths, bytes and open files.
FILE = {
    "type": "object",
    "description": "A file: its name, and its content as text or in base64.",
    "properties": {"filename": {"type": "string"}, "text": {"type": "string"}, "base64": {"type": "string"}},
    "required": ["filename"],
    "additionalProperties": False,
}
_FROM_PROPERTY = ("description", "example", "deprecated", "default", "secret")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool. `data` is the spec's text, completed; `where` is its file and line."""

    name: str
    data: dict[str, Any]
    where: tuple[str, int]
    spellings: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The place of the parameter: `in` of the grammar."""
        place: str = self.data["in"]
        return place

    @property
    def wire(self) -> str:
        """The name on the wire."""
        wire: str = self.data.get("wire", self.name)
        return wire

    @property
    def required(self) -> bool:
        """Whether callers must give the argument."""
        return bool(self.data.get("required"))

    @property
    def friendly(self) -> Any:
        """The schema of what callers pass."""
        return self.data.get("friendly", self.data.get("schema", {}))


def expand(tool: Entry, spec: Spec, types: Mapping[str, Any], report: Report) -> dict[str, Parameter]:
    """Give the parameters of a tool by name: path, required, the rest in the order of the spec, spread last."""
    properties, needed = _body_type(tool, spec, types, report)
    declared: dict[str, dict[str, Any]] = tool.data.get("parameters", {})
    found: dict[str, Parameter] = {}
    for name, data in declared.items():
        where = tool.where("parameters", name, key=True)
        completed = _completed(name, data, properties, needed, types)
        if "schema" not in completed and data["in"] not in ("spread", "query_map", "whole_body", "file", "raw_body"):
            if data["in"] == "body" and "body" in tool.data:
                hint = nearest(data.get("wire", name), properties)
                wire = quoted(data.get("wire", name))
                report.problem(
                    where,
                    f"{tool.name}: {quoted(name)} has no schema, and the body type no property {wire}{hint}",
                )
            else:
                report.problem(where, f"{tool.name}: the parameter {quoted(name)} has no schema")
        found[name] = Parameter(name, completed, where)
    claimed = {parameter.wire for parameter in found.values() if parameter.place in IN_BODY}
    for wire in properties:
        if wire in claimed:
            continue
        where = tool.where("body", key=True)
        if wire in declared:
            type_name = tool.data["body"]["$ref"]
            report.problem(
                found[wire].where,
                f"{tool.name}: the {found[wire].place} parameter {quoted(wire)} has the name of a property of the body "
                f"type {type_name}: declare that one too, under another name with wire: {wire}",
            )
            continue
        found[wire] = Parameter(wire, _completed(wire, {"in": "body"}, properties, needed, types), where)
    shapes = {name: entry.data for name, entry in spec.shapes.items() if entry.whole}
    result = {}
    for parameter in sorted(found.values(), key=_rank):
        data = dict(parameter.data)
        data.setdefault("schema", {"type": "object"} if parameter.place in ("spread", "query_map") else {})
        friendly = friendly_schema(data.get("shape"), data["schema"], shapes, types)
        if parameter.place == "file":
            is_list = isinstance(data["schema"], dict) and data["schema"].get("type") == "array"
            friendly = {"type": "array", "items": FILE} if is_list else FILE
        elif parameter.place == "raw_body":
            friendly = {"anyOf": [{"type": "string", "description": "The text of the body."}, FILE]}
        if tool.data.get("optional_body") and parameter.place in ("body", "file") and data.get("required"):
            del data["required"]
            data["needed_in_body"] = True
        if friendly is not None:
            data["friendly"] = friendly
        spellings = _spellings(parameter, found, shapes)
        result[parameter.name] = Parameter(parameter.name, data, parameter.where, spellings)
    return result


def _rank(parameter: Parameter) -> int:
    if parameter.place == "spread":
        return 3
    return 0 if parameter.place == "path" else 1 if parameter.required else 2


def _body_type(
    tool: Entry, spec: Spec, types: Mapping[str, Any], report: Report
) -> tuple[dict[str, Any], frozenset[str]]:
    if "body" not in tool.data:
        return {}, frozenset()
    name = tool.data["body"]["$ref"]
    where = tool.where("body", "$ref")
    if name not in spec.types:
        report.problem(where, f"{tool.name}: there is no type {quoted(name)}{nearest(name, spec.types)}")
        return {}, frozenset()
    properties, required = object_parts(types[name], types)
    if not properties and spec.types[name].whole:
        report.problem(where, f"{tool.name}: the body type {name} has no properties that could become parameters")
    return properties, frozenset(required)


def _completed(
    name: str,
    data: dict[str, Any],
    properties: Mapping[str, Any],
    needed: frozenset[str],
    types: Mapping[str, Any],
) -> dict[str, Any]:
    completed = dict(data)
    wire = data.get("wire", name)
    if data["in"] in IN_BODY and wire in properties:
        schema = properties[wire]
        if "schema" not in completed:
            if isinstance(schema, dict):
                for key in _FROM_PROPERTY:
                    if key in schema:
                        completed.setdefault(key, schema[key])
                schema = {key: value for key, value in schema.items() if key not in _FROM_PROPERTY or key == "default"}
            completed["schema"] = schema
        if wire in needed:
            completed.setdefault("required", True)
    schema = completed.get("schema")
    if isinstance(schema, dict):
        target = resolved(schema, types) if "$ref" in schema else schema
        for key in ("description", "secret"):
            if key not in completed and isinstance(target, dict) and key in target:
                completed[key] = target[key]
    return completed


def _spellings(parameter: Parameter, known: Mapping[str, Parameter], shapes: Mapping[str, Any]) -> tuple[str, ...]:
    """Give further names of an argument: its wire name if no other argument has it; `from_` for the keyword `from`."""
    found = []
    wire = parameter.wire
    # Under its wire name, a value has the wire form; a `form` shape would wrap the value a second time.
    wrapped = "form" in shape_body(parameter.data.get("shape"), shapes)
    shared = any(other.wire == wire and other.name != parameter.name for other in known.values())
    if (
        wire != parameter.name
        and wire not in known
        and not shared
        and not wrapped
        and parameter.place in ("body", "query", "file")
    ):
        found.append(wire)
    spelled = identifiers.identifier(parameter.name)
    if spelled != parameter.name and spelled not in known and spelled not in found:
        found.append(spelled)
    return tuple(found)
