"""The exchange of an operation of a document: its parameters, its body as fields or as a whole, its reply.

This module must not know tools.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tool_generator.model.exchanges import USUAL, Exchange, Field, Style, file_twin
from tool_generator.model.schemas import PROSE, Node, Schemas, is_textual
from tool_runtime.values.urls import split_template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tool_generator.model.documents import Body, Encoding, Media, Operation, Parameter, Upstream
    from tool_generator.model.schemas import Branch

_SEGMENT = re.compile(r"\{\+?([^{}]*)\}")
_FILE: dict[str, Any] = {"type": "string", "format": "binary"}
_FILES: dict[str, Any] = {"type": "array", "items": _FILE}
_STYLES = {"form": "comma", "spaceDelimited": "spaces", "pipeDelimited": "pipes", "deepObject": "deep"}
_BINARY = ("application/octet-stream", "application/pdf", "application/zip")
# A body without a word in it is not sent with these methods where the document lets the body be absent.
_BODILESS = ("GET", "HEAD", "DELETE")
_USUAL_MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "*/*")


def security_places(
    upstream: Upstream, alternatives: tuple[tuple[str, ...], ...] | None
) -> frozenset[tuple[str, ...]] | None:
    """Say where the keys of alternatives of schemes go, in the words of `Exchange.security`; None if nothing is known.

    Example: `(("key",),)`, where the scheme `key` is a bearer token, gives `{("header authorization Bearer ",)}`.
    """
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
        security=security_places(upstream, upstream.security_of(operation)),
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
    alternating = {name for _, names in rules or () for name in names}
    for wire, found in _fields(united, media, schemas, alternating):
        fields["body", wire] = found
    for other in body.media[1:]:
        further = _further(other, fields, schemas, exchange.name) if other.kind != media.kind else None
        if further is not None:
            fields, choices = further
            rules = frozenset(choices) | (rules or frozenset())
            exchange = replace(exchange, other_encoding=other.kind)
            break
    return replace(
        exchange,
        fields=fields,
        is_open=united.extra not in (None, False),
        rules=rules or frozenset(),
        is_optional=exchange.is_optional and (bool(united.required or rules) or exchange.method in _BODILESS),
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


def _fields(
    united: Branch, media: Media, schemas: Schemas, alternating: Collection[str] = ()
) -> Iterator[tuple[str, Field]]:
    """Yield the fields of a body. A field that is only required, here or in `alternating`, may hold anything."""
    nodes = dict(united.properties)
    for name in sorted({*united.required, *alternating} - nodes.keys()):
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
) -> tuple[dict[tuple[str, str], Field], set[tuple[str, tuple[str, ...]]]] | None:
    """Give the fields of a body that may be written in a second media type too, and the rules that this makes.

    None if the second media type carries no more than the first one. A field that only one of the two demands is not
    required. A field that is a file in multipart and another value in JSON has two forms, of which one is given: the
    file has the place `file`.

    Example: `{url: text}` in JSON and `{url: file, note: text}` in multipart give `body url`, `file url`, `body note`.
    """
    view = schemas.view(Node(media.schema, ("operations", name, "body", media.content_type)))
    if media.kind not in ("form", "multipart") or view.kinds != {"object"} or view.is_any:
        return None
    theirs = dict(_fields(schemas.united(view.objects), media, schemas))
    found, rules = dict(known), set[tuple[str, tuple[str, ...]]]()
    is_more = False
    for wire, other in theirs.items():
        mine = known.get(("body", wire))
        if mine is None:
            is_more = True
            found["body", wire] = replace(other, required=False, only=media.kind)
        elif other.is_file and not mine.is_file:
            is_more = True
            if mine.schema is not None and is_file(schemas, mine.schema):
                found["body", wire] = replace(other, required=mine.required and other.required, only=media.kind)
                continue
            rule = "exactly_one" if mine.required and other.required else "at_most_one"
            rules.add((rule, tuple(sorted((wire, file_twin(wire))))))
            found["body", wire] = replace(mine, required=False)
            found["file", wire] = replace(other, place="file", required=False, only=media.kind)
        else:
            schema = _either(mine.schema, other.schema)
            found["body", wire] = replace(mine, schema=schema, required=mine.required and other.required)
    if not is_more:
        return None
    alone = {wire for (place, wire), mine in known.items() if place == "body" and mine.required and wire not in theirs}
    needed = {wire for wire, other in theirs.items() if other.required and ("body", wire) not in known}
    for wire in alone:
        found["body", wire] = replace(found["body", wire], required=False)
    if len(alone) == len(needed) == 1:
        rules.add(("at_least_one", tuple(sorted(alone | needed))))
    return found, rules


def _either(mine: Node | None, other: Node | None) -> Node | None:
    """Give a schema that allows what either of two allows; the first one where both say the same."""
    if mine is None or other is None or _wordless(mine.schema) == _wordless(other.schema):
        return mine
    return Node({"anyOf": [mine.schema, other.schema]}, mine.at)


def _wordless(schema: Any) -> Any:
    return {key: value for key, value in schema.items() if key not in PROSE} if isinstance(schema, dict) else schema


def is_file(schemas: Schemas, node: Node, content_type: str = "") -> bool:
    """Say whether a field of multipart is a file or a list of files."""
    view = schemas.view(node)
    lists = [schemas.view(branch.items) for branch in view.arrays if branch.items is not None]
    if any(branch.is_file for item in (view, *lists) for branch in item.scalars):
        return True
    types = content_type.replace(" ", "").split(",") if content_type else []
    if view.is_any:
        return bool(types) and not any(map(is_textual, types))
    return view.kinds == {"string"} and bool(types) and all(map(_is_binary, types))


def _is_binary(content_type: str) -> bool:
    """Say whether a media type is certainly none that a text has: `image/png`."""
    return content_type.startswith(("image/", "audio/", "video/", "font/")) or content_type in _BINARY
