"""What goes over the wire, in one form for a tool of the registry and for an operation of a document.

Only the wire counts here: names on the wire, places, styles, the schemas of request and reply, the media types, the
keys and the server. The things that only the spec declares (steps, spreads, shapes) are marked, so that no comparison
expects them in a document. An import makes tools from the same exchanges that a comparison reads; so what was imported
compares as the same. This module must not know how two exchanges are compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tool_generator.model.documents import REF
from tool_generator.model.schemas import Node, Schemas
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.model.documents import Upstream
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Auth, Tool
    from tool_runtime.core.tools import Parameter as Argument

_SEGMENT = re.compile(r"\{\+?([^{}]*)\}")
_FILE: dict[str, Any] = {"type": "string", "format": "binary"}
_FILES: dict[str, Any] = {"type": "array", "items": _FILE}
_STYLES = {"form": "comma", "spaceDelimited": "spaces", "pipeDelimited": "pipes", "deepObject": "deep"}
_BINARY = ("application/octet-stream", "application/pdf", "application/zip")
_USUAL_MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "*/*")


@dataclass(frozen=True, slots=True)
class Style:
    """How a list or an object is written, in the words of a spec; `""` is the usual way of the place."""

    name: str = ""
    explode: bool = False
    reserved: bool = False

    def __str__(self) -> str:
        """Give a few words: `deep`, `simple, exploded`."""
        return f"{self.name or 'usual'}{', exploded' if self.explode else ''}{', reserved' if self.reserved else ''}"


USUAL = Style()


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a request carries. `schema` is None if only its presence can be judged.

    `argument` is the tool's argument. `has_own_need` is true if the spec alone decides whether callers must give the
    field. `style` and `media_type` are None where a document leaves them open; `usual` is what a new tool says then.
    `only` is the one encoding of the body that has the field.
    """

    place: str
    wire: str
    required: bool
    schema: Node | None
    style: Style | None = USUAL
    has_own_need: bool = False
    argument: str = ""
    media_type: str | None = ""
    usual: tuple[Style, str] = (USUAL, "")
    only: str = ""
    is_file: bool = False
    deprecated: bool = False
    description: str = ""

    @property
    def path(self) -> str:
        """The place of the field, as differences name it: `request.query.version`."""
        return f"request.{self.place}.{self.wire}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its reply. `fields` are by place and wire name; `whole` is a body that is no object of fields.

    `encoding` is None without a body; `status` is None if it is not known. `own_reply` are fields of the reply that
    the runtime adds. `is_open` is true if callers may send body fields that nothing declares. `rules` are constraints
    over wire names. `security` holds alternatives of schemes, each as its place: `(("header X-Key",),)`; None if
    nothing is known. `server` is the URL of an own server.
    """

    name: str
    method: str
    path: str
    fields: Mapping[tuple[str, str], Field]
    encoding: str | None = None
    other_encoding: str = ""
    media_type: str = ""
    is_optional: bool = False
    status: int | None = None
    content: str = "json"
    media_types: tuple[str, ...] = ()
    reply: Node | None = None
    whole: Node | None = None
    own_reply: frozenset[str] = frozenset()
    is_open: bool = True
    rules: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    security: frozenset[tuple[str, ...]] | None = None
    server: str = ""
    deprecated: bool = False

    @property
    def route(self) -> str:
        """Method and path without the names of the placeholders: requests to one operation have the same route."""
        return route(self.method, self.path)


def route(method: str, path: str) -> str:
    """Give method and path without the names of the placeholders: `GET`, `/things/{id}` -> `GET /things/{}`."""
    return f"{method.upper()} {_SEGMENT.sub('{}', path)}"


def file_twin(wire: str) -> str:
    """Give the name that rules have for a field given as a file, where another argument gives the field as a value."""
    return f"{wire} as a file"


def is_own(tool: Tool) -> bool:
    """Say whether a tool is a helper and no operation of a document: it has no pin, and its callers give the path."""
    return tool.upstream is None and "{+" in tool.path


def registry_schemas(registry: Registry, role: str = "") -> Schemas:
    """Give the types of a registry, as requests or replies see them."""
    return Schemas(TYPES, registry.types, role)


def upstream_schemas(upstream: Upstream, role: str = "") -> Schemas:
    """Give the schemas of a document, as requests or replies see them."""
    return Schemas(REF, upstream.schemas, role, "schemas")


def body_nodes(schemas: Schemas, tool: Mapping[str, Any]) -> dict[str, Node]:
    """Give the arguments of a tool whose schema comes from the body type of the tool, with their places in the type.

    `tool` is the entry of the spec. The entry of the registry no longer says where a schema came from.
    """
    if "body" not in tool:
        return {}
    body_type = tool["body"]["$ref"]
    view = schemas.view(Node({"$ref": TYPES + body_type}, ("types", body_type)))
    fields = {wire: node for branch in view.objects for wire, node in branch.properties.items()}
    declared = tool.get("parameters", {})
    found = {wire: node for wire, node in fields.items() if wire not in declared}
    for argument, data in declared.items():
        wire = data.get("wire", argument)
        if "schema" not in data and data["in"] == "body" and wire in fields:
            found[argument] = fields[wire]
    return found


def exchange_of_tool(tool: Tool, registry: Registry, nodes: Mapping[str, Node] | None = None) -> Exchange:
    """Give the exchange of a tool. `nodes` are the arguments whose schemas come from a type (`body_nodes`).

    Example: `GET /things/{id}` with the query argument `page` (`wire: p`) gives the fields `("path", "0")` and
    `("query", "p")`.
    """
    name = tool.name
    own_needs = set(_own_needs(tool))
    fields: dict[tuple[str, str], Field] = {}
    whole = None
    positions = {segment: index for index, segment in enumerate(_SEGMENT.findall(tool.path))}
    values = {parameter.wire for parameter in tool.parameters.values() if parameter.place == "body"}
    for argument, parameter in tool.parameters.items():
        place, wire = parameter.place, parameter.wire
        if place in ("whole_body", "raw_body"):
            whole = Node(parameter.schema, ("tools", name, "parameters", argument, "schema"))
        if place in ("steps", "spread", "query_map", "whole_body", "raw_body"):
            continue
        found = Field(
            "body" if place == "file" and wire not in values else place,
            wire.removesuffix("[]") if place in ("body", "file") else wire.lower() if place == "header" else wire,
            parameter.needed or parameter.needed_in_body,
            _sent(parameter, name, nodes or {}),
            _body_style_of(parameter.style, parameter.encoding or tool.body)
            if place in ("body", "file")
            else Style("" if parameter.style == "repeat" else parameter.style, parameter.explode, parameter.reserved),
            argument in own_needs or wire in own_needs,
            argument,
            parameter.media_type,
            only="multipart" if place == "file" and tool.body != "multipart" else parameter.encoding,
            is_file=place == "file",
            deprecated=parameter.deprecated,
        )
        key = (found.place, str(positions.get(wire)) if place == "path" else found.wire)
        # Two arguments may fill one wire name. The argument without a shape has the schema of the wire.
        if key not in fields or fields[key].schema is None:
            known = fields.get(key)
            fields[key] = replace(found, has_own_need=True) if known else found
    returns, steps = tool.returns, tool.steps.after
    wires = {
        argument: file_twin(parameter.wire)
        if parameter.place == "file" and parameter.wire in values
        else parameter.wire
        for argument, parameter in tool.parameters.items()
    }
    return Exchange(
        name,
        tool.method,
        tool.path,
        fields,
        tool.body,
        tool.other_encoding,
        tool.media_type,
        tool.optional_body or (tool.takes_whole_body and not any(p.required for p in _whole(tool))),
        returns.status,
        returns.content,
        returns.media_types,
        None
        if returns.schema is None or returns.content != "json"
        else Node(returns.schema, ("tools", name, "returns", "schema")),
        whole,
        frozenset([step.id for step in steps] + (["unavailable"] if steps else [])),
        rules=frozenset((rule.rule, tuple(sorted(wires[one] for one in rule.names))) for rule in tool.constraints),
        security=places_of(registry.security if tool.security is None else tool.security, registry.schemes),
        server=registry.server.others.get(tool.server, "").rstrip("/"),
        deprecated=tool.deprecated,
    )


def _body_style_of(style: str, encoding: str | None) -> Style:
    """Give the style of a field of a body: a list is repeated in a form, and is one JSON text in multipart."""
    return Style("" if style == ("json" if encoding == "multipart" else "repeat") else style)


def _whole(tool: Tool) -> Iterator[Argument]:
    return (item for item in tool.parameters.values() if item.place in ("whole_body", "raw_body"))


def _sent(parameter: Argument, tool: str, nodes: Mapping[str, Node]) -> Node | None:
    schema, at = parameter.schema, ("tools", tool, "parameters", parameter.name, "schema")
    if parameter.place == "file":
        is_list = isinstance(schema, dict) and schema.get("type") == "array"
        return Node(_FILES if is_list else _FILE, at)
    if parameter.shape is not None and parameter.friendly is None:
        # Only a `form` shape has no friendly schema: its template says what is sent.
        return None
    known = nodes.get(parameter.name)
    return Node(schema, at) if known is None else known


def _own_needs(tool: Tool) -> Iterator[str]:
    """Yield the arguments whose need the spec decides: arguments in constraints, and arguments that steps may fill."""
    for constraint in tool.constraints:
        yield from constraint.names
    for step in tool.steps.before:
        yield from step.set


def places_of(alternatives: tuple[tuple[str, ...], ...], schemes: Mapping[str, Auth]) -> frozenset[tuple[str, ...]]:
    """Say where the keys of each alternative go: `(("token",),)` -> `{("header authorization Bearer ",)}`."""
    return frozenset(
        tuple(sorted(place_of(schemes[name]) for name in together if name in schemes)) for together in alternatives
    ) or frozenset([()])


def place_of(scheme: Auth) -> str:
    """Say where a key goes: `header authorization Bearer`."""
    name = scheme.name.lower() if scheme.place == "header" else scheme.name
    return f"{scheme.place} {name}" + (" basic" if scheme.basic else f" {scheme.prefix}" if scheme.prefix else "")
