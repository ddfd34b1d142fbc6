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
from tool_generator.model.schemas import Node, Schemas, is_textual
from tool_runtime.core.urls import split_template
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.model.documents import Body, Encoding, Media, Operation, Parameter, Upstream
    from tool_generator.model.schemas import Branch
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
    for argument, parameter in tool.parameters.items():
        place, wire = parameter.place, parameter.wire
        if place in ("whole_body", "raw_body"):
            whole = Node(parameter.schema, ("tools", name, "parameters", argument, "schema"))
        if place in ("steps", "spread", "query_map", "whole_body", "raw_body"):
            continue
        found = Field(
            "body" if place == "file" else place,
            wire.removesuffix("[]") if place in ("body", "file") else wire.lower() if place == "header" else wire,
            parameter.required or parameter.needed_in_body,
            _sent(parameter, name, nodes or {}),
            _body_style_of(parameter.style, tool)
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
    wires = {argument: parameter.wire for argument, parameter in tool.parameters.items()}
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
        security=_places(registry.security if tool.security is None else tool.security, registry.schemes),
        server=registry.server.others.get(tool.server, "").rstrip("/"),
        deprecated=tool.deprecated,
    )


def _body_style_of(style: str, tool: Tool) -> Style:
    """Give the style of a field of a body: a list is repeated in a form, and is one JSON text in multipart."""
    return Style("" if style == ("json" if tool.body == "multipart" else "repeat") else style)


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


def _places(alternatives: tuple[tuple[str, ...], ...], schemes: Mapping[str, Auth]) -> frozenset[tuple[str, ...]]:
    """Say where the keys of each alternative go: `(("token",),)` -> `{("header authorization Bearer ",)}`."""
    return frozenset(
        tuple(sorted(_place(schemes[name]) for name in together if name in schemes)) for together in alternatives
    ) or frozenset([()])


def _place(scheme: Auth) -> str:
    name = scheme.name.lower() if scheme.place == "header" else scheme.name
    return f"{scheme.place} {name}" + (" basic" if scheme.basic else f" {scheme.prefix}" if scheme.prefix else "")


def security_places(upstream: Upstream, operation: Operation) -> frozenset[tuple[str, ...]] | None:
    """Say where the keys of an operation go, in the words of `Exchange.security`."""
    alternatives = upstream.security_of(operation)
    if alternatives is None:
        return None
    words = {"bearer": "header authorization Bearer ", "basic": "header authorization basic"}
    found = set()
    for together in alternatives:
        schemes = [upstream.security_schemes[name] for name in together]
        found.add(
            tuple(
                sorted(
                    words.get(scheme.kind)
                    or f"{scheme.place} {scheme.parameter.lower() if scheme.place == 'header' else scheme.parameter}"
                    for scheme in schemes
                )
            )
        )
    return frozenset(found) or frozenset([()])


def exchange_of_operation(
    operation: Operation, upstream: Upstream, schemas: Schemas, *, as_fields: bool | None = None
) -> Exchange:
    """Give the exchange of an operation. `schemas` are those of requests.

    `as_fields` says whether a tool takes the fields of the body as arguments; None lets the document decide.
    """
    fields = dict(_parameters(operation, schemas))
    reply = operation.reply
    exchange = Exchange(
        operation.id,
        operation.method,
        operation.path,
        fields,
        status=reply.status,
        content=reply.content,
        media_types=() if reply.media_types == ("application/json",) else reply.media_types,
        reply=None if reply.schema is None else Node(reply.schema, ("operations", operation.id, "reply")),
        security=security_places(upstream, operation),
        server=upstream.server_of(operation),
        deprecated=operation.deprecated,
    )
    return exchange if operation.body is None else _with_body(exchange, operation.body, schemas, as_fields)


def _parameters(operation: Operation, schemas: Schemas) -> Iterator[tuple[tuple[str, str], Field]]:
    path, _ = split_template(operation.path)
    positions = {segment: index for index, segment in enumerate(_SEGMENT.findall(path))}
    for parameter in operation.parameters:
        node = Node(parameter.schema, ("operations", operation.id, parameter.place, parameter.name))
        kinds = kinds_of(schemas, node)
        name, style = parameter.name, parameter_style(parameter, kinds)
        if parameter.content_type and style.name != "json":
            node = Node({"type": "string"}, node.at)
        if parameter.place == "query" and style == USUAL and "array" in kinds and name.endswith("[]") and name != "[]":
            name, style = name.removesuffix("[]"), Style("brackets")
        key = str(positions.get(name)) if parameter.place == "path" else name
        key = key.lower() if parameter.place == "header" else key
        yield (
            (parameter.place, key),
            Field(
                parameter.place,
                name,
                parameter.required,
                node,
                style,
                deprecated=parameter.deprecated,
                description=parameter.description,
            ),
        )


def kinds_of(schemas: Schemas, node: Node) -> frozenset[str]:
    """Give the kinds of a schema without null; `any` if the schema says nothing."""
    view = schemas.view(node)
    return view.kinds | {"any"} if view.is_any else view.kinds


def parameter_style(parameter: Parameter, kinds: frozenset[str]) -> Style:
    """Give the style of a parameter in the words of a spec.

    Example: a `deepObject` parameter of the query gives `deep`; a list in `form` without `explode` gives `comma`.
    """
    place, given, explode = parameter.place, parameter.style, parameter.explode
    if parameter.content_type:
        is_json = parameter.content_type.partition(";")[0].endswith(("/json", "+json"))
        return Style("json") if is_json else USUAL
    structured = bool(kinds & {"array", "object", "any"})
    if place == "query":
        style = Style(_query_style(given, kinds, explode=explode) if structured else "")
        return replace(style, reserved=True) if parameter.allow_reserved else style
    if given in ("label", "matrix"):
        return Style(given, explode=explode and structured)
    if not structured or kinds & {"array", "object", "any"} == {"any"}:
        return USUAL
    if place == "cookie":
        return Style("simple", explode=explode)
    return Style("simple", explode=explode and "object" in kinds)


def _query_style(given: str, kinds: frozenset[str], *, explode: bool) -> str:
    if given == "deepObject" or (given in _STYLES and not explode):
        return _STYLES[given]
    return "keys" if "object" in kinds and "array" not in kinds else ""


def _with_body(exchange: Exchange, body: Body, schemas: Schemas, as_fields: bool | None) -> Exchange:  # noqa: FBT001
    media = body.first
    at = ("operations", exchange.name, "body", media.content_type)
    node = Node(media.schema, at)
    view = schemas.view(node)
    exchange = replace(
        exchange,
        encoding=media.kind,
        media_type="" if media.content_type in _USUAL_MEDIA_TYPES else media.content_type,
        is_optional=not body.required,
    )
    objects = view.objects if not view.kinds - {"object"} and not view.is_any else ()
    rules = _alternatives_of_need(objects)
    if as_fields is None:
        has_fields = bool(objects) and (len(objects) == 1 or rules is not None)
        as_fields = has_fields and any(branch.properties or branch.required for branch in objects)
    if media.kind == "raw" or not as_fields or not objects:
        return replace(exchange, whole=Node(_FILE, at) if media.kind == "raw" else node)
    fields = dict(exchange.fields)
    united = schemas.united(objects)
    for wire, found in _fields(united, media, schemas):
        fields["body", wire] = found
    other = next((item for item in body.media[1:] if item.kind in ("form", "multipart")), None)
    if other is not None and media.kind != other.kind:
        more = dict(_further(other, fields, schemas, exchange.name))
        fields |= more
        exchange = replace(exchange, other_encoding=other.kind if more else "")
    return replace(
        exchange,
        fields=fields,
        is_open=united.extra not in (None, False),
        rules=rules or frozenset(),
        is_optional=exchange.is_optional and bool(united.required or rules),
    )


def _alternatives_of_need(objects: tuple[Branch, ...]) -> frozenset[tuple[str, tuple[str, ...]]] | None:
    """Give the rule of objects that are alike but for one field that each of them requires; None for others.

    Example: `{"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}` gives
    `at_least_one` of a and b.
    """
    if len(objects) < 2 or any(branch.properties.keys() != objects[0].properties.keys() for branch in objects):  # noqa: PLR2004
        return None
    common = frozenset.intersection(*(branch.required for branch in objects))
    extra = [branch.required - common for branch in objects]
    if any(len(names) != 1 for names in extra) or len({*extra}) != len(extra):
        return None
    is_one = all(branch.option is not None and "oneOf" in branch.option for branch in objects)
    names = tuple(sorted(name for names in extra for name in names))
    return frozenset([("exactly_one" if is_one else "at_least_one", names)])


def _fields(united: Branch, media: Media, schemas: Schemas) -> Iterator[tuple[str, Field]]:
    nodes = dict(united.properties)
    for name in sorted(united.required - nodes.keys()):
        nodes[name] = Node({}, (*united.parts[-1], "properties", name))
    for wire, node in nodes.items():
        name = wire.removesuffix("[]") if media.kind != "json" else wire
        encoding = media.encodings.get(wire)
        kinds = kinds_of(schemas, node)
        content_type = encoding.content_type if encoding else ""
        found = Field("body", name, wire in united.required, node)
        if media.kind == "multipart" and is_file(schemas, node, content_type):
            schema = _FILES if "array" in kinds else _FILE
            yield name, replace(found, schema=Node(schema, node.at), is_file=True, media_type=_exact(content_type))
        elif media.kind == "json":
            yield name, found
        else:
            style = _body_style(media.kind, wire, encoding, kinds)
            is_json = content_type.partition(";")[0].endswith("json")
            structured = bool(kinds & {"array", "object", "any"})
            shown = "" if media.kind == "form" or (is_json and structured) else _exact(content_type)
            usual = (USUAL, "")
            if media.kind == "multipart" and not content_type:
                # A list is one part for each item, and an object is a part of JSON, unless the document says otherwise.
                usual = (Style("repeat"), "") if "array" in kinds else usual
                usual = (USUAL, "application/json") if kinds == {"object"} else usual
            yield name, replace(found, style=style, media_type=None if usual[1] else shown, usual=usual)


def _exact(content_type: str) -> str:
    return content_type if content_type and "*" not in content_type and "," not in content_type else ""


def _body_style(kind: str, wire: str, encoding: Encoding | None, kinds: frozenset[str]) -> Style | None:
    """Give the style of a field of a form or of multipart; None where the document leaves it open."""
    structured = bool(kinds & {"array", "object", "any"})
    content_type = encoding.content_type if encoding else ""
    if content_type.partition(";")[0].endswith("json"):
        return Style("json") if structured and kind == "form" else USUAL
    if kind == "multipart":
        if "array" in kinds:
            return Style("repeat") if encoding else None
        return USUAL
    if not structured:
        return USUAL
    if wire.endswith("[]") and "array" in kinds:
        return Style("brackets")
    if encoding is None or not (encoding.style or encoding.explode is not None):
        return None
    given, explode = encoding.style or "form", encoding.explode
    return Style(_query_style(given, kinds, explode=given == "form" if explode is None else explode))


def _further(
    media: Media, known: Mapping[tuple[str, str], Field], schemas: Schemas, name: str
) -> Iterator[tuple[tuple[str, str], Field]]:
    """Yield the fields that a body has in its second media type alone."""
    view = schemas.view(Node(media.schema, ("operations", name, "body", media.content_type)))
    if view.kinds != {"object"} or view.is_any:
        return
    for wire, found in _fields(schemas.united(view.objects), media, schemas):
        before = known.get(("body", wire))
        if before is None:
            yield ("body", wire), replace(found, required=False, only=media.kind)
        elif found.is_file and not before.is_file and kinds_of(schemas, found.schema or Node({}, ())) <= {"string"}:
            # The first media type has a text here, which stays the way to give the field.
            continue


def is_file(schemas: Schemas, node: Node, content_type: str = "") -> bool:
    """Say whether a field of multipart is a file or a list of files."""
    view = schemas.view(node)
    if any(branch.is_file for branch in view.scalars):
        return True
    for branch in view.arrays:
        if branch.items is not None and is_file(schemas, branch.items):
            return True
    types = content_type.replace(" ", "").split(",") if content_type else []
    if view.is_any:
        return bool(types) and not any(map(is_textual, types))
    return view.kinds == {"string"} and bool(types) and all(map(_is_binary, types))


def _is_binary(content_type: str) -> bool:
    """Say whether a media type is certainly none that a text has: `image/png`."""
    return content_type.startswith(("image/", "audio/", "video/", "font/")) or content_type in _BINARY
