"""New tools for operations that have none.

If other operations use the schema of a body too, the tool gets `body: {$ref: …}`. If one operation alone uses the
schema, its fields are written as arguments. Every guess has a `# review:` comment. This module must not know about
files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.importing.admitted import Node, alternatives, properties, required
from tool_generator.importing.arguments import (
    Wanted,
    WantedBody,
    argument_name,
    is_list,
    path_of,
    wanted_body,
    wanted_parameters,
)
from tool_generator.importing.guesses import pagination, tool_class
from tool_generator.importing.naming import sentence
from tool_generator.importing.pairing import lone_reference
from tool_generator.importing.rendering import Noted, plain
from tool_generator.importing.update_tools import declared_parameter, returns_of
from tool_generator.model.documents import ref_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.importing.convert import Converter
    from tool_generator.importing.directions import TheirSide
    from tool_generator.model.documents import Operation

_ORDER = (
    "class", "effects", "method", "path", "upstream", "summary", "description", "body", "encoding", "has_body",
    "parameters", "pagination", "returns", "deprecated",
)  # fmt: skip


class Maker:
    """Makes tools. `counts` says how many references lead to each upstream schema."""

    def __init__(
        self, theirs: Mapping[str, TheirSide], converter: Converter, counts: Mapping[str, int], *, descriptions: bool
    ) -> None:
        self._request = theirs["request"]
        self._reply = theirs["reply"]
        self._converter = converter
        self._counts = counts
        self._descriptions = descriptions

    def tool(self, name: str, operation: Operation) -> tuple[dict[str, Any] | None, dict[str, Any] | None, list[str]]:
        """Give a tool (None if it could not work), its pagination style, and notes on what the tool cannot express."""
        wanted, told = wanted_parameters(operation, self._request)
        body, more, possible = wanted_body(operation, self._request)
        told += more
        if not possible:
            return None, None, told
        class_, effects = tool_class(operation)
        tool: dict[str, Any] = {
            "class": class_,
            "method": operation.method,
            "path": path_of(operation),
            "summary": self._summary(name, operation),
        }
        if effects:
            tool["effects"] = effects
        if operation.has_id:
            tool["upstream"] = operation.id
        if self._descriptions and operation.description and operation.description != operation.summary:
            tool["description"] = operation.description
        parameters: dict[str, Any] = {}
        for item in wanted:
            spelled = item.wire if item.place == "path" else argument_name(item.wire, item.place, parameters)
            parameters[spelled] = declared_parameter(spelled, item, self._converter, descriptions=self._descriptions)
        if body is not None:
            self._body(tool, parameters, body, operation)
        if parameters:
            tool["parameters"] = parameters
        tool["returns"] = returns_of(operation, self._converter)
        if operation.reply.content_type and operation.reply.schema is None:
            told.append(f"replies with {operation.reply.content_type}, which tools do not read")
        if operation.deprecated:
            tool["deprecated"] = True
        style = self._pagination(operation, parameters, plain(class_)) if operation.reply.schema is not None else None
        return {key: tool[key] for key in _ORDER if key in tool}, style, told

    def _summary(self, name: str, operation: Operation) -> Any:
        if self._descriptions:
            text = operation.summary or operation.description.partition("\n")[0]
            if text.strip():
                return " ".join(text.split())
        return Noted(sentence(name), "review: says no more than the name")

    def _body(self, tool: dict[str, Any], parameters: dict[str, Any], body: WantedBody, operation: Operation) -> None:
        if body.encoding == "multipart":
            tool["encoding"] = "multipart"
        if operation.body is None:
            return
        if body.whole:
            wanted = Wanted(
                "whole_body",
                "body",
                operation.body.required,
                operation.body.schema,
                "",
                description=operation.body.description,
            )
            name = argument_name("body", "whole", parameters)
            parameters[name] = declared_parameter(name, wanted, self._converter, descriptions=self._descriptions)
            return
        fields = body.fields or {}
        type_name = self._body_type(operation, fields)
        covered: dict[str, Any] = {}
        needed_by_type: set[str] = set()
        if type_name is not None:
            tool["body"] = {"$ref": type_name}
            covered, needed_by_type = self._type(type_name)
        taken = {**dict.fromkeys(wire for wire in covered if wire not in parameters), **parameters}
        spelled: dict[str, str] = {}
        for wire, node in fields.items():
            is_needed = wire in body.needed
            clash = (
                wire in parameters
                or identifiers.identifier(wire) in spelled
                or identifiers.identifier(wire) in ("self", "request_options")
            )
            if wire in covered and not clash and wire not in body.files:
                spelled[identifiers.identifier(wire)] = wire
                if is_needed != (wire in needed_by_type):
                    parameters[wire] = {"in": "body", "required": is_needed}
                continue
            place = "file" if wire in body.files else "body"
            taken.pop(wire, None) if wire not in parameters else None
            name = argument_name(wire, "body", taken)
            wanted = Wanted(place, wire, is_needed, node.schema, "", description=_description(node))
            parameters[name] = declared_parameter(
                name, wanted, self._converter, descriptions=self._descriptions, is_list=is_list(node, self._request)
            )
            if isinstance(parameters[name].get("schema"), dict) and self._descriptions:
                parameters[name]["schema"].pop("description", None)
            taken[name] = None
            spelled[identifiers.identifier(name)] = wire
        if body.is_open:
            name = argument_name("options", "further", {**taken, **parameters})
            parameters[name] = {"in": "spread", "schema": {"type": "object"}}

    def _body_type(self, operation: Operation, fields: Mapping[str, Node]) -> str | None:
        """Give the type for the body: a type that has no field beyond those of the body. None if there is none."""
        reference = lone_reference(operation.body.schema) if operation.body else None
        if reference is None or not fields:
            return None
        upstream = ref_name(reference)
        members = self._converter.equivalents.get(upstream, (upstream,))
        role = "request" if self._request.differs(upstream) else ""
        if self._converter.known(upstream, role) is None and sum(self._counts.get(name, 0) for name in members) <= 1:
            return None
        name = self._converter.name(upstream, "request")
        covered, _ = self._type(name)
        return name if covered and covered.keys() <= fields.keys() else None

    def _type(self, name: str) -> tuple[dict[str, Any], set[str]]:
        target = self._converter.target(name)
        options = alternatives(target, self._converter) if target is not None else []
        if len(options) != 1 or options[0].kind != "object":
            return {}, set()
        return dict(properties(options[0])), set(required(options[0]))

    def _pagination(self, operation: Operation, parameters: Mapping[str, Any], class_: str) -> dict[str, Any] | None:
        if class_ != "read" or "max_items" in parameters:
            return None
        arguments = {
            name: data.get("schema", {}) for name, data in parameters.items() if data["in"] in ("query", "body")
        }
        return pagination(arguments, self._reply.seen(operation.reply.schema), self._reply)


def _description(node: Node) -> str:
    text = node.schema.get("description", "") if isinstance(node.schema, dict) else ""
    return text if isinstance(text, str) else ""
