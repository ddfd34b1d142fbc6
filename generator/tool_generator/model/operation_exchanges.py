"""The exchange of an operation of a document: its parameters, its body as fields or as a whole, its reply.

This module must not know tools.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tool_generator.model.exchanges import USUAL, Exchange, Field, Style
from tool_generator.model.schemas import Node, Schemas, is_textual
from tool_runtime.values.urls import split_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.model.documents import Body, Encoding, Media, Operation, Parameter, Upstream
    from tool_generator.model.schemas import Branch

_SEGMENT = re.compile(r"\{\+?([^{}]*)\}")
_FILE: dict[str, Any] = {"type": "string", "format": "binary"}
_FILES: dict[str, Any] = {"type": "array", "items": _FILE}
_STYLES = {"form": "comma", "spaceDelimited": "spaces", "pipeDelimited": "pipes", "deepObject": "deep"}
_BINARY = ("application/octet-stream", "application/pdf", "application/zip")
_USUAL_MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "*/*")


def securityplaces_of(upstream: Upstream, operation: Operation) -> frozenset[tuple[str, ...]] | None:
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
        security=securityplaces_of(upstream, operation),
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
