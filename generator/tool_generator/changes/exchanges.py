"""What goes over the wire, in one form for a tool of the registry and for an operation of upstream.

Only the wire counts here: names on the wire, places, the schemas of request and reply. The things that only the spec
declares (steps, spreads, shapes, arguments that stand for several query parameters) are marked, so that no comparison
expects them upstream. This module must not know how two exchanges are compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tool_generator.changes.views import Node, Schemas
from tool_generator.upstream.model import REF
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.upstream.model import Operation, Upstream
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Parameter, Tool

_SEGMENT = re.compile(r"\{\+?([^{}]*)\}")
_ONE_FILE: dict[str, Any] = {"type": "string"}
_STYLES = {"form": "repeat", "spaceDelimited": "spaces", "pipeDelimited": "pipes", "deepObject": "brackets"}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a request carries. `schema` is None if only its presence can be judged.

    `has_own_need` is true if the spec alone decides whether callers must give the field.
    """

    place: str
    wire: str
    required: bool
    schema: Node | None
    style: str = ""
    has_own_need: bool = False

    @property
    def path(self) -> str:
        """The place of the field, as differences name it: `request.query.version`."""
        return f"request.{self.place}.{self.wire}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its reply. `fields` are by place and wire name; `whole` is a body that is no object of fields.

    `encoding` is None without a body; `status` is None if it is not known. `own_reply` are fields of the reply that
    the runtime adds. `is_open` is true if callers may send body fields that nothing declares.
    """

    name: str
    method: str
    path: str
    fields: Mapping[tuple[str, str], Field]
    encoding: str | None
    status: int | None
    reply: Node | None
    whole: Node | None = None
    own_reply: frozenset[str] = frozenset()
    is_open: bool = True
    deprecated: bool = False

    @property
    def route(self) -> str:
        """Method and path without the names of the placeholders: requests to one operation have the same route."""
        return route(self.method, self.path)


def route(method: str, path: str) -> str:
    """Give method and path without the names of the placeholders: `GET`, `/things/{id}` -> `GET /things/{}`."""
    return f"{method.upper()} {_SEGMENT.sub('{}', path)}"


def is_own(tool: Tool) -> bool:
    """Say whether a tool is a helper and no upstream operation: the tool has no pin, and its callers give the path."""
    return tool.upstream is None and "{+" in tool.path


def registry_schemas(registry: Registry) -> Schemas:
    """Give the types of a registry."""
    return Schemas(TYPES, registry.types)


def upstream_schemas(upstream: Upstream) -> Schemas:
    """Give the schemas of a document."""
    return Schemas(REF, upstream.schemas)


def body_names(schemas: Schemas, body_type: str, tool: Mapping[str, Any]) -> dict[str, str]:
    """Give the identities of a tool's arguments whose schema comes from the body type of the tool.

    `tool` is the entry of the spec. The entry of the registry no longer says where a schema came from.
    """
    view = schemas.view(Node({"$ref": TYPES + body_type}, body_type))
    fields = {wire: node.name for branch in view.objects for wire, node in branch.properties.items()}
    declared = tool.get("parameters", {})
    found = {wire: name for wire, name in fields.items() if wire not in declared}
    for argument, data in declared.items():
        wire = data.get("wire", argument)
        if "schema" not in data and data["in"] == "body" and wire in fields:
            found[argument] = fields[wire]
    return found


def exchange_of_tool(tool: Tool, names: Mapping[str, str] | None = None) -> Exchange:
    """Give the exchange of a tool. `names` are the identities of arguments that come from a type (`body_names`).

    Example: `GET /things/{id}` with the query argument `page` (`wire: p`) gives the fields `("path", "0")` and
    `("query", "p")`.
    """
    name = tool.name
    own_needs = set(_own_needs(tool))
    fields: dict[tuple[str, str], Field] = {}
    whole = None
    positions = {segment: index for index, segment in enumerate(_SEGMENT.findall(tool.path))}
    for argument, parameter in tool.parameters.items():
        place, wire = parameter.place, parameter.wire
        if place == "whole_body":
            whole = Node(parameter.schema, f"{name}.{argument}")
        if place in ("steps", "spread", "query_map", "whole_body"):
            continue
        found = Field(
            "body" if place == "file" else place,
            wire.removesuffix("[]") if place in ("body", "file") else wire,
            parameter.needed,
            _sent(parameter, name, names or {}),
            parameter.style if place == "query" else "",
            argument in own_needs or wire in own_needs,
        )
        key = (found.place, str(positions.get(wire)) if place == "path" else found.wire)
        # Two arguments may fill one wire name. The argument without a shape has the schema of the wire.
        if key not in fields or fields[key].schema is None:
            known = fields.get(key)
            fields[key] = replace(found, has_own_need=True) if known else found
    schema = tool.returns.schema
    steps = tool.steps.after
    return Exchange(
        name,
        tool.method,
        tool.path,
        fields,
        tool.body,
        tool.returns.status,
        None if schema is None else Node(schema, f"{name}.returns"),
        whole,
        frozenset([step.id for step in steps] + (["unavailable"] if steps else [])),
        deprecated=tool.deprecated,
    )


def _sent(parameter: Parameter, tool: str, names: Mapping[str, str]) -> Node | None:
    name = f"{tool}.{parameter.name}"
    schema = parameter.schema
    if parameter.place == "file":
        is_list = isinstance(schema, dict) and schema.get("type") == "array"
        return Node({"type": "array", "items": _ONE_FILE} if is_list else _ONE_FILE, name)
    if parameter.shape is not None and parameter.friendly is None:
        # Only a `form` shape has no friendly schema: its template says what is sent.
        return None
    return Node(schema, names.get(parameter.name, name))


def _own_needs(tool: Tool) -> Iterator[str]:
    """Yield the arguments whose need the spec decides: arguments in constraints, and arguments that steps may fill."""
    for constraint in tool.constraints:
        yield from constraint.names
    for step in tool.steps.before:
        yield from step.set


def exchange_of_operation(operation: Operation, schemas: Schemas) -> Exchange:
    """Give the exchange of an operation of upstream."""
    positions = {segment: index for index, segment in enumerate(_SEGMENT.findall(operation.path))}
    fields: dict[tuple[str, str], Field] = {}
    for parameter in operation.parameters:
        node = Node(parameter.schema, f"{operation.id}.{parameter.place}.{parameter.name}")
        name, style = parameter.name, ""
        if parameter.place == "query":
            # A document writes `a[]` where a spec writes an array `a` in the style `brackets`.
            has_brackets = name.endswith("[]") and name != "[]"
            style = "brackets" if has_brackets else _style(parameter.style, explode=parameter.explode)
            name = name.removesuffix("[]")
        found = Field(parameter.place, name, parameter.required, node, style)
        fields[parameter.place, _key(found, positions)] = found
    body = operation.body
    encoding = whole = None
    is_open = True
    if body is not None:
        encoding = body.kind
        node = Node(body.schema, f"{operation.id}.body")
        view = schemas.view(node)
        if view.objects and not view.kinds - {"object"} and not view.is_any:
            united = schemas.united(view.objects)
            is_open = united.extra is not False
            for wire, item in united.properties.items():
                name = wire.removesuffix("[]")
                is_needed = wire in united.required
                fields["body", name] = Field("body", name, is_needed, item)
        else:
            whole = node
    reply = operation.reply
    return Exchange(
        operation.id,
        operation.method,
        operation.path,
        fields,
        encoding,
        reply.status,
        None if reply.is_empty or reply.schema is None else Node(reply.schema, f"{operation.id}.reply"),
        whole,
        is_open=is_open,
        deprecated=operation.deprecated,
    )


def _key(found: Field, positions: Mapping[str, int]) -> str:
    return str(positions.get(found.wire)) if found.place == "path" else found.wire


def _style(style: str, *, explode: bool) -> str:
    if style == "form" and not explode:
        return "comma"
    return _STYLES.get(style, style)


@dataclass(frozen=True, slots=True)
class Counterparts:
    """Finds the operation of upstream that a tool reaches."""

    upstream: Upstream
    routes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, upstream: Upstream) -> Counterparts:
        """Index a document."""
        found: dict[str, str] = {}
        for name, operation in upstream.operations.items():
            found.setdefault(route(operation.method, operation.path), name)
        return cls(upstream, found)

    def find(self, tool: Tool) -> Operation | None:
        """Give the operation behind a tool, or None.

        First counts the operation that has the tool's method and path, whatever its operationId is: the request
        arrives there. Next counts the operation with the pinned operationId, which then has moved.
        """
        name = self.routes.get(route(tool.method, tool.path)) or tool.upstream
        return self.upstream.operations.get(name) if name else None
