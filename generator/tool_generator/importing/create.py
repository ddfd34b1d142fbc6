"""New tools for operations that have none, and the declarations of single arguments.

A tool is made of the exchange of its operation, the same that a comparison reads. If other operations use the schema of
a body too, the tool gets `body: {$ref: …}`. If one operation alone uses the schema, its fields are written as
arguments. Every guess has a `# review:` comment. This module must not know about files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.importing.guesses import pagination, tool_class
from tool_generator.importing.yaml_text import Noted, plain
from tool_generator.model.documents import ref_name
from tool_generator.model.exchanges import USUAL, file_twin
from tool_generator.model.operation_exchanges import exchange_of_operation
from tool_generator.model.schemas import Node
from tool_generator.openapi.naming import sentence, snake_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.importing.access_edits import Access
    from tool_generator.importing.converter import Converter
    from tool_generator.model.documents import Operation, Upstream
    from tool_generator.model.exchanges import Exchange, Field, Style
    from tool_generator.model.schemas import Schemas

RESERVED = frozenset({"self", "request_options"})
_SEGMENT = re.compile(r"\{([^{}]*)\}")
_ORDER = (
    "class", "effects", "method", "path", "server", "security", "upstream", "summary", "description", "body",
    "encoding", "other_encoding", "media_type", "optional_body", "has_body", "parameters", "constraints", "pagination",
    "returns", "deprecated",
)  # fmt: skip


class Maker:
    """Makes tools. `counts` says how many references lead to each schema of the document."""

    def __init__(
        self,
        upstream: Upstream,
        schemas: Mapping[str, Schemas],
        converter: Converter,
        access: Access,
        counts: Mapping[str, int],
        *,
        descriptions: bool,
    ) -> None:
        self._upstream = upstream
        self._schemas = schemas
        self._converter = converter
        self._access = access
        self._counts = counts
        self._descriptions = descriptions

    def tool(self, name: str, operation: Operation) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Give a tool and its pagination style, which is None if the operation does not page."""
        exchange = exchange_of_operation(operation, self._upstream, self._schemas["request"])
        class_, effects = tool_class(operation)
        tool: dict[str, Any] = {
            "class": class_,
            "method": operation.method,
            "path": path_of(exchange),
            "summary": self._summary(name, operation),
            **self._access.of_tool(operation),
        }
        if effects:
            tool["effects"] = effects
        if operation.has_id:
            tool["upstream"] = operation.id
        if self._descriptions and operation.description and operation.description != operation.summary:
            tool["description"] = operation.description
        parameters = self._parameters(tool, exchange, operation)
        if parameters:
            tool["parameters"] = parameters
        tool["returns"] = returns_of(exchange, self._converter)
        if operation.deprecated:
            tool["deprecated"] = True
        style = self._pagination(exchange, parameters, plain(class_))
        return {key: tool[key] for key in _ORDER if key in tool}, style

    def _summary(self, name: str, operation: Operation) -> Any:
        if self._descriptions:
            text = operation.summary or operation.description.partition("\n")[0]
            if text.strip():
                return " ".join(text.split())
        return Noted(sentence(name), "review: says no more than the name")

    def _parameters(self, tool: dict[str, Any], exchange: Exchange, operation: Operation) -> dict[str, Any]:
        parameters: dict[str, Any] = {}
        for field in exchange.fields.values():
            if field.place not in ("body", "file"):
                name = field_name(field, parameters)
                parameters[name] = declaration(field, name, self._converter, descriptions=self._descriptions)
        if exchange.encoding is None:
            return parameters
        tool |= body_of(exchange)
        if exchange.whole is not None:
            name = argument_name("body", "whole", parameters)
            parameters[name] = whole_body(exchange, self._converter)
            return parameters
        self._fields(tool, parameters, exchange, operation)
        rules = constraints_of(exchange, parameters)
        if rules:
            tool["constraints"] = rules
        return parameters

    def _fields(
        self, tool: dict[str, Any], parameters: dict[str, Any], exchange: Exchange, operation: Operation
    ) -> None:
        fields = [field for field in exchange.fields.values() if field.place in ("body", "file")]
        covered = self._body_type(tool, exchange, operation)
        taken = {**dict.fromkeys(wire for wire in covered if wire not in parameters), **parameters}
        spelled = {identifiers.identifier(name) for name in parameters} | RESERVED
        for field in fields:
            plain_name = identifiers.identifier(field.wire)
            if field.wire in covered and field.place == "body" and plain_name not in spelled and is_plain(field):
                spelled.add(plain_name)
                continue
            if field.wire not in parameters and field.place == "body":
                taken.pop(field.wire, None)
            name = argument_name(field.wire, field.place, taken)
            parameters[name] = declaration(field, name, self._converter, descriptions=self._descriptions)
            taken[name] = None
            spelled.add(identifiers.identifier(name))
        if not fields:
            tool["has_body"] = True
        if exchange.is_open:
            name = argument_name("options", "further", {**taken, **parameters})
            parameters[name] = {"in": "spread", "schema": {"type": "object"}}

    def _body_type(self, tool: dict[str, Any], exchange: Exchange, operation: Operation) -> dict[str, Node]:
        """Give the fields of the type for the body, if one has just the fields of the body; none otherwise."""
        schema = operation.body.first.schema if operation.body else None
        reference = ref_name(schema["$ref"]) if isinstance(schema, dict) and set(schema) == {"$ref"} else ""
        if not reference or self._counts.get(reference, 0) <= 1 or exchange.rules:
            return {}
        view = self._schemas["request"].view(Node(schema, ()))
        # A union has no properties of its own, even where its alternatives are all alike.
        is_one = len(view.objects) == 1 and view.objects[0].option is None
        known = view.objects[0].properties if is_one else {}
        in_body = {field.wire: field for field in exchange.fields.values() if field.place == "body" and not field.only}
        if not known or known.keys() != in_body.keys():
            return {}
        needed = view.objects[0].required
        if any(
            field.required != (wire in needed) or (field.schema and field.schema.schema != known[wire].schema)
            for wire, field in in_body.items()
        ):
            # The second media type says something else of a field, which the type of the first one cannot say.
            return {}
        tool["body"] = {"$ref": self._converter.name(reference, "request")}
        return dict(known)

    def _pagination(self, exchange: Exchange, parameters: Mapping[str, Any], class_: str) -> dict[str, Any] | None:
        if class_ != "read" or "max_items" in parameters or exchange.reply is None:
            return None
        arguments = {
            name: data.get("schema", {}) for name, data in parameters.items() if data["in"] in ("query", "body")
        }
        return pagination(arguments, exchange.reply, self._schemas["reply"])


def is_plain(field: Field) -> bool:
    """Say whether a field of the body needs no words beside those of its type."""
    return words_of(field) == (USUAL, "") and not field.is_file and not field.only


def words_of(field: Field) -> tuple[Style, str]:
    """Give the style and the media type that a tool says of a field."""
    style = field.usual[0] if field.style is None else field.style
    return style, field.usual[1] if field.media_type is None else field.media_type


def path_of(exchange: Exchange) -> str:
    """Give the path with placeholders that a spec can name: `/pets/{pet-id}` -> `/pets/{pet_id}`."""
    exact = {field.wire for field in exchange.fields.values() if field.place == "path" and _shows_name(field)}
    return _SEGMENT.sub(
        lambda match: "{" + (match[1] if match[1] in exact else placeholder(match[1])) + "}", exchange.path
    )


def _shows_name(field: Field) -> bool:
    return field.style is not None and field.style.name == "matrix"


def placeholder(name: str) -> str:
    """Spell a placeholder as an identifier: `pet-id` -> `pet_id`."""
    return (
        name
        if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and identifiers.is_identifier(name)
        else identifiers.identifier(snake_case(name))
    )


def field_name(field: Field, taken: Mapping[str, Any]) -> str:
    """Give the name of the argument for a field outside the body."""
    if field.place == "path":
        name = placeholder(field.wire)
        return name if name not in taken and name not in RESERVED else argument_name(name, "path", taken)
    return argument_name(field.wire, field.place, taken)


def argument_name(wire: str, place: str, taken: Mapping[str, Any]) -> str:
    """Give a free name for an argument: the wire name as an identifier, with its place in front if the name is taken.

    Example: the header `X-Trace` gives `x_trace`; the query parameter `id` gives `query_id` if `id` is taken.
    """
    plain_name = wire if identifiers.is_identifier(wire) else snake_case(wire.removesuffix("[]"))
    spelled = {identifiers.identifier(name) for name in taken} | RESERVED
    candidate, count = plain_name, 1
    if identifiers.identifier(candidate) in spelled:
        candidate = f"{place}_{plain_name}"
    while identifiers.identifier(candidate) in spelled:
        count += 1
        candidate = f"{place}_{plain_name}_{count}"
    return candidate


def declaration(field: Field, name: str, converter: Converter, *, descriptions: bool = False) -> dict[str, Any]:
    """Write the declaration of an argument."""
    value: dict[str, Any] = {"in": "file" if field.is_file else field.place}
    wire = field.wire
    if field.place == "path" and not _shows_name(field):
        wire = placeholder(wire)
    if wire != name:
        value["wire"] = wire
    if field.required:
        value["required"] = True
    if descriptions and field.description:
        value["description"] = field.description
    if field.schema is not None:
        value["schema"] = field.schema.schema if field.is_file else converter.schema(field.schema.schema, "request")
    if field.place == "path" and isinstance(value.get("schema"), dict):
        # A path stands in every log: no spec may call a part of a path a secret.
        value["schema"] = {key: item for key, item in value["schema"].items() if key != "secret"}
    style, media_type = words_of(field)
    if style.name:
        value["style"] = style.name
    for key in ("explode", "reserved"):
        if getattr(style, key):
            value[key] = True
    if media_type:
        value["media_type"] = media_type
    if field.only and not field.is_file:
        value["encoding"] = field.only
    if field.deprecated:
        value["deprecated"] = True
    return value


def whole_body(exchange: Exchange, converter: Converter) -> dict[str, Any]:
    """Write the declaration of an argument that is the whole body."""
    assert exchange.whole is not None  # noqa: S101 - the caller looked
    is_raw = exchange.encoding == "raw"
    value: dict[str, Any] = {"in": "raw_body" if is_raw else "whole_body"}
    if not exchange.is_optional:
        value["required"] = True
    value["schema"] = exchange.whole.schema if is_raw else converter.schema(exchange.whole.schema, "request")
    return value


def body_of(exchange: Exchange) -> dict[str, Any]:
    """Write what a tool says of its body as a whole; nothing for required JSON."""
    value: dict[str, Any] = {}
    if exchange.encoding not in (None, "json"):
        value["encoding"] = exchange.encoding
    for key in ("other_encoding", "media_type"):
        if getattr(exchange, key):
            value[key] = getattr(exchange, key)
    if exchange.is_optional and exchange.whole is None:
        value["optional_body"] = True
    return value


def constraints_of(exchange: Exchange, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write the rules over several fields, with the names of arguments."""
    names = {data.get("wire", name): name for name, data in parameters.items() if data["in"] == "body"}
    for name, data in parameters.items():
        if data["in"] == "file":
            wire = data.get("wire", name)
            names[file_twin(wire) if wire in names else wire] = name
    return [{rule: [names.get(wire, wire) for wire in wires]} for rule, wires in sorted(exchange.rules)]


def returns_of(exchange: Exchange, converter: Converter) -> dict[str, Any]:
    """Write what an operation returns."""
    is_empty = exchange.reply is None and exchange.content == "json"
    status: Any = exchange.status
    if status is None:
        status = Noted(204 if is_empty else 200, "review: upstream does not say which 2xx")
    value: dict[str, Any] = {"status": status}
    if exchange.reply is not None:
        value["schema"] = converter.schema(exchange.reply.schema, "reply")
    elif exchange.content in ("text", "location"):
        value["schema"] = {"type": "string"}
    elif exchange.content == "bytes":
        value["schema"] = {"type": "string", "format": "binary"}
    elif exchange.content == "events":
        value["schema"] = {}
    if exchange.content != "json":
        value["content"] = exchange.content
    if exchange.media_types:
        value["media_types"] = list(exchange.media_types)
    return value
