"""The arguments that an operation wants from a tool, one for each place on the wire, and notes on what is left out.

This module maps the styles of OpenAPI to the styles of specs: form arrays become repeat or comma, `a[]` becomes
brackets, deepObject and exploded objects become one argument for each key. The name of a path placeholder never goes
over the wire, so this module spells each one as an identifier. Creation and update of tools share this module:
therefore a second import recognises what the first import wrote. This module must not know about files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.importing.admitted import Alternative, Node, alternatives, keyword, properties, required
from tool_generator.importing.naming import snake_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.importing.admitted import Side
    from tool_generator.model.documents import Operation, Parameter, Schema

RESERVED = frozenset({"self", "request_options"})
_SEGMENT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One argument: its place, upstream's schema, and the spec's `style` for lists in the query."""

    place: str
    wire: str
    required: bool
    schema: Schema
    style: str = ""
    deprecated: bool = False
    description: str = ""
    encoded: bool = False


def path_of(operation: Operation) -> str:
    """Give the path with placeholders that a spec can name: `/pets/{pet-id}` -> `/pets/{pet_id}`."""
    return _SEGMENT.sub(lambda match: "{" + placeholder(match[1]) + "}", operation.path)


def placeholder(name: str) -> str:
    """Spell a placeholder as an identifier: `pet-id` -> `pet_id`."""
    return (
        name
        if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and identifiers.is_identifier(name)
        else identifiers.identifier(snake_case(name))
    )


def wanted_parameters(operation: Operation, side: Side) -> tuple[list[Wanted], list[str]]:
    """List the arguments of path, query and headers, and notes on what a tool cannot express."""
    found: list[Wanted] = []
    told: list[str] = []
    for parameter in operation.parameters:
        if parameter.place == "path":
            if parameter.style != "simple":
                told.append(f"the path parameter {parameter.name!r} is a {parameter.style}: give it as the path has it")
                schema: Any = {"type": "string"}
            else:
                schema = parameter.schema
            found.append(
                Wanted(
                    "path",
                    placeholder(parameter.name),
                    required=True,
                    schema=schema,
                    deprecated=parameter.deprecated,
                    description=parameter.description,
                )
            )
        elif parameter.place == "cookie":
            needed = ", although it is required" if parameter.required else ""
            told.append(f"the cookie {parameter.name!r} cannot be set by a tool{needed}")
        elif parameter.content_type:
            told.append(
                f"{parameter.name!r} is {parameter.content_type} in the {parameter.place}: the argument is its text"
            )
            found.append(_text(parameter))
        elif parameter.place == "header":
            found.append(_as_it_is(parameter))
        else:
            found.extend(_query(parameter, side, told))
    unique = list({(item.place, item.wire): item for item in found}.values())
    if len(unique) != len(found):
        told.append("two query parameters come out under one name on the wire; the last one counts")
    return unique, told


def _text(parameter: Parameter) -> Wanted:
    return Wanted(
        parameter.place,
        parameter.name,
        parameter.required,
        {"type": "string"},
        "",
        parameter.deprecated,
        parameter.description,
        encoded=True,
    )


def _as_it_is(parameter: Parameter, style: str = "", wire: str = "") -> Wanted:
    return Wanted(
        parameter.place,
        wire or parameter.name,
        parameter.required,
        parameter.schema,
        style,
        parameter.deprecated,
        parameter.description,
    )


def _query(parameter: Parameter, side: Side, told: list[str]) -> Iterator[Wanted]:
    options = [item for item in alternatives(Node(parameter.schema), side) if item.kind != "null"]
    kinds = {item.kind for item in options}
    if parameter.allow_reserved:
        told.append(
            f"the query parameter {parameter.name!r} may hold reserved characters as they are; they are encoded"
        )
    if "array" in kinds and parameter.style in ("spaceDelimited", "pipeDelimited") and not parameter.explode:
        joint = "spaces" if parameter.style == "spaceDelimited" else "|"
        told.append(
            f"the query parameter {parameter.name!r} is a list joined by {joint}: the argument is the joined text"
        )
        yield _text(parameter)
    elif "array" in kinds:
        if parameter.style == "form" and not parameter.explode:
            yield _as_it_is(parameter, "comma")
        elif parameter.name.endswith("[]") and len(parameter.name) > 2:  # noqa: PLR2004 - more than the brackets
            yield _as_it_is(parameter, "brackets", parameter.name[:-2])
        else:
            yield _as_it_is(parameter)
    elif kinds == {"object"} and len(options) == 1:
        yield from _object(parameter, options[0], told)
    else:
        yield _as_it_is(parameter)


def _object(parameter: Parameter, item: Alternative, told: list[str]) -> Iterator[Wanted]:
    known, needed = properties(item), required(item)
    if parameter.style == "form" and not parameter.explode:
        told.append(
            f"the query parameter {parameter.name!r} is an object written as key,value,…: the argument is its text"
        )
        yield _text(parameter)
        return
    deep = parameter.style == "deepObject"
    for name, node in known.items():
        yield Wanted(
            "query",
            f"{parameter.name}[{name}]" if deep else name,
            parameter.required and name in needed,
            node.schema,
            "",
            parameter.deprecated,
        )
    extra = keyword(item, "additionalProperties")
    if (extra is not None and extra is not False) or not known:
        if deep:
            told.append(f"the query parameter {parameter.name!r} takes keys of any name; only known ones can be given")
        else:
            yield Wanted(
                "query_map",
                parameter.name,
                required=False,
                schema={"type": "object"},
                deprecated=parameter.deprecated,
                description=parameter.description,
            )


@dataclass(frozen=True, slots=True)
class WantedBody:
    """What a body wants. If `whole` is set, the body is no object of known fields: one argument holds the whole body.

    `fields` are upstream's properties by wire name. `files` are the names of the fields that are files, `needed` of
    those that are required. `is_open` says that unknown fields are part of the interface.
    """

    encoding: str
    whole: bool = False
    item: Alternative | None = None
    fields: dict[str, Node] | None = None
    needed: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    is_open: bool = False


def wanted_body(operation: Operation, side: Side) -> tuple[WantedBody | None, list[str], bool]:
    """Give what the body wants, notes on what a tool cannot express, and whether the tool can work at all."""
    body = operation.body
    if body is None:
        return None, [], True
    if body.kind in ("form", "other"):
        return None, [f"the body is {body.content_type}, which tools do not write: no tool is made"], False
    options = alternatives(Node(body.schema), side)
    told: list[str] = []
    encoding = "multipart" if body.kind == "multipart" else "json"
    real = [item for item in options if item.kind != "null"]
    if len(real) != 1 or real[0].kind != "object" or not properties(real[0]):
        if encoding == "multipart":
            return None, ["the multipart body has no known fields: no tool is made"], False
        return WantedBody(encoding, whole=True), told, True
    item = real[0]
    fields = {**properties(item)}
    for name in required(item):
        fields.setdefault(name, Node({}))
    files = frozenset(
        name
        for name, node in fields.items()
        if encoding == "multipart" and is_file(node, side, _content_type(operation, name))
    )
    if encoding == "multipart":
        told += [
            f"the parts of {name!r} go as one JSON text, not one part each"
            for name, node in fields.items()
            if name not in files
            and any(option.kind == "array" for option in alternatives(node, side))
            and "json" not in _content_type(operation, name)
        ]
    if not body.required and required(item):
        told.append("the body may be left out, but its required fields are asked for")
    extra = keyword(item, "additionalProperties")
    is_open = extra is not None and extra is not False
    return (
        WantedBody(encoding, item=item, fields=fields, needed=frozenset(required(item)), files=files, is_open=is_open),
        told,
        True,
    )


def _content_type(operation: Operation, name: str) -> str:
    encoding = operation.body.encodings.get(name) if operation.body else None
    return encoding.content_type if encoding else ""


def is_file(node: Node, side: Side, content_type: str = "") -> bool:
    """Say whether a multipart field is a file or a list of files."""
    for item in alternatives(node, side):
        schema = item.node.schema if isinstance(item.node.schema, dict) else {}
        if item.kind == "array" and "items" in schema:
            if is_file(item.node.child("items"), side):
                return True
        elif (
            item.kind == "string"
            and (
                schema.get("format") == "binary"
                or (
                    "contentMediaType" in schema
                    and schema.get("contentEncoding") is None
                    and not schema["contentMediaType"].startswith(("text/", "application/json"))
                )
            )
        ) or (
            item.kind in ("any", "string")
            and content_type
            and not content_type.startswith(("text/", "application/json"))
        ):
            return True
    return False


def is_list(node: Node, side: Side) -> bool:
    """Say whether a field is a list."""
    return any(item.kind == "array" for item in alternatives(node, side))


def argument_name(wire: str, place: str, taken: dict[str, Any]) -> str:
    """Give a free name for an argument: the wire name as an identifier, with its place in front if the name is taken.

    Example: the header `X-Trace` gives `x_trace`; the query parameter `id` gives `query_id` if `id` is taken.
    """
    plain = wire if identifiers.is_identifier(wire) else snake_case(wire.removesuffix("[]"))
    spelled = {identifiers.identifier(name) for name in taken} | RESERVED
    candidate, count = plain, 1
    if identifiers.identifier(candidate) in spelled:
        candidate = f"{place}_{plain}"
    while identifiers.identifier(candidate) in spelled:
        count += 1
        candidate = f"{place}_{plain}_{count}"
    return candidate
