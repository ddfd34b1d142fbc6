"""Differences between the exchanges of tools and of their operations: what only one request or reply has.

This module owns the differences that schemas do not have: routes, places, styles, encodings, media types, keys,
servers, statuses. Everything below a field is the differ's. Drift, parity and the import read the same differences.
This module must not know what a difference means.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tool_generator.compare import differ as kind
from tool_generator.compare import rules
from tool_generator.compare.alternatives import described
from tool_generator.compare.differ import Differ, Difference
from tool_generator.compare.matcher import Matches, Pinned, match
from tool_generator.model.exchanges import (
    Exchange,
    Field,
    Style,
    exchange_of_tool,
    is_own,
    registry_schemas,
    upstream_schemas,
)
from tool_generator.model.operation_exchanges import exchange_of_operation, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.model.documents import Operation, Upstream
    from tool_generator.model.schemas import Node
    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool


@dataclass(frozen=True, slots=True)
class Compared:
    """All exchanges of a registry compared with a document, before any verdict.

    `requests` and `replies` are the differences by tool; `ours` and `theirs` the exchanges. `facts` are the fields and
    nulls that the document confirms in some use of a type. `differs` are the differs, by role.
    """

    matches: Matches
    requests: dict[str, list[Difference]] = field(default_factory=dict)
    replies: dict[str, list[Difference]] = field(default_factory=dict)
    ours: dict[str, Exchange] = field(default_factory=dict)
    theirs: dict[str, Exchange] = field(default_factory=dict)
    differs: Mapping[str, Differ] = field(default_factory=dict)

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations of tools by name."""
        return self.matches.operations

    @property
    def facts(self) -> set[kind.Fact]:
        """The fields and nulls that the document confirms in some use of a type."""
        return self.differs["request"].facts | self.differs["reply"].facts

    def roots(self, name: str) -> Iterator[tuple[str, Node, Node, str, frozenset[str]]]:
        """Yield each pair of values of a tool: the role, both places, the path, and fields that only the tool has."""
        ours, theirs = self.ours[name], self.theirs[name]
        if ours.whole and theirs.whole:
            yield "request", ours.whole, theirs.whole, "request.body", frozenset()
        for key, mine in ours.fields.items():
            other = theirs.fields.get(key)
            if other is not None and mine.schema is not None and other.schema is not None:
                yield "request", mine.schema, other.schema, mine.path, frozenset()
        if ours.reply and theirs.reply:
            yield "reply", ours.reply, theirs.reply, "response", ours.own_reply


def compared(
    registry: Registry,
    upstream: Upstream,
    nodes: Mapping[str, Mapping[str, Node]] | None = None,
    moves: Mapping[str, str] | None = None,
) -> Compared:
    """Compare every tool with its operation, if it has one.

    `nodes` are the arguments that come from body types, by tool; `moves` the moves that the spec states.
    """
    tools = {name: tool for name, tool in registry.tools.items() if not is_own(tool)}
    pinned = (Pinned(name, tool.method, tool.path, tool.upstream or "") for name, tool in tools.items())
    differs = {
        role: Differ(registry_schemas(registry, role), upstream_schemas(upstream, role))
        for role in ("request", "reply")
    }
    result = Compared(match(pinned, upstream, moves), differs=differs)
    for name, operation in result.operations.items():
        tool = tools[name]
        ours = exchange_of_tool(tool, registry, (nodes or {}).get(name))
        # A raw body says nothing of the shape that JSON or a form has in its place.
        as_fields = None if ours.encoding in (None, "raw") else ours.whole is None
        theirs = exchange_of_operation(operation, upstream, differs["request"].other, as_fields=as_fields)
        result.ours[name], result.theirs[name] = ours, theirs
        call = [
            item
            for item in _call(tool, ours, theirs)
            # An operation without an id has nothing that a pin could be compared with.
            if operation.has_id or item.kind != rules.OPERATION_ID
        ]
        result.requests[name] = [*call, *_request(ours, theirs, differs["request"])]
        result.replies[name] = list(_reply(ours, theirs, differs["reply"]))
    return result


def _call(tool: Tool, ours: Exchange, theirs: Exchange) -> Iterator[Difference]:
    if ours.route != theirs.route:
        moved = f"{ours.method} {ours.path}", f"{theirs.method} {theirs.path}"
        yield Difference("request", rules.MOVED, *moved)
    if tool.upstream not in (None, theirs.name) and theirs.name:
        yield Difference("operation", rules.OPERATION_ID, tool.upstream, theirs.name)
    if theirs.deprecated and not ours.deprecated:
        yield Difference("operation", rules.DEPRECATED, now=theirs.name)
    if ours.server != theirs.server:
        yield Difference("request", rules.SERVER, ours.server or None, theirs.server or None)
    if ours.security is not None and theirs.security is not None and ours.security != theirs.security:
        was, now = (sorted(" and ".join(one) or "none" for one in side) for side in (ours.security, theirs.security))
        yield Difference("request", rules.SECURITY, was, now)


def _request(ours: Exchange, theirs: Exchange, differ: Differ) -> Iterator[Difference]:
    yield from _body(ours, theirs, differ)
    for key, mine in ours.fields.items():
        if mine.place == "body" and (theirs.whole or ours.whole):
            continue
        other = theirs.fields.get(key)
        if other is not None:
            yield from _field(mine, other, differ)
            continue
        elsewhere = _moved(mine.place, mine.wire, theirs, ours)
        if elsewhere:
            yield Difference(mine.path, rules.PLACE, mine.place, elsewhere, name=mine.argument)
        elif mine.deprecated:
            # An argument that the spec marks as deprecated stays for its callers.
            continue
        elif mine.place != "path" or ours.route == theirs.route:
            was = None if mine.schema is None else described(differ.one.view(mine.schema))
            fact = mine.schema.at if mine.schema else ()
            yield Difference(mine.path, kind.REMOVED, was, None, fact, one=mine.schema, name=mine.argument)
    for key, other in theirs.fields.items():
        if key in ours.fields or _moved(other.place, other.wire, ours, theirs):
            continue
        if other.place == "path" and ours.route == theirs.route:
            continue
        if other.place == "body" and ours.whole:
            continue
        now = None if other.schema is None else described(differ.other.view(other.schema))
        change = kind.ADDED_REQUIRED if other.required else kind.ADDED
        yield Difference(other.path, change, None, now, other=other.schema, name=other.wire)


def _body(ours: Exchange, theirs: Exchange, differ: Differ) -> Iterator[Difference]:
    if ours.encoding and theirs.encoding:
        was = ours.encoding + (f" or {ours.other_encoding}" if ours.other_encoding else "")
        now = theirs.encoding + (f" or {theirs.other_encoding}" if theirs.other_encoding else "")
        if was != now:
            yield Difference("request.body", rules.ENCODING, was, now)
        elif ours.media_type != theirs.media_type:
            yield Difference("request.body", rules.MEDIA_TYPE, ours.media_type or None, theirs.media_type or None)
        if ours.is_optional != theirs.is_optional:
            yield Difference("request.body", kind.OPTIONAL if theirs.is_optional else kind.REQUIRED)
        for rule, names in sorted(theirs.rules - ours.rules):
            yield Difference("request.body", rules.RULE, None, f"{rule.replace('_', ' ')} of {', '.join(names)}")
    if ours.whole and theirs.whole:
        yield from differ.compare(ours.whole, theirs.whole, "request.body")
    elif theirs.whole and not any(place == "body" for place, _ in ours.fields):
        now = described(differ.other.view(theirs.whole))
        yield Difference("request.body", kind.ADDED, None, now, other=theirs.whole)
    elif theirs.whole:
        view = differ.other.view(theirs.whole)
        # A body without a schema is no statement against the fields that the spec knows.
        yield Difference("request.body", kind.UNSTATED if view.is_any else kind.TYPE, "object", described(view))
    elif ours.whole and theirs.encoding is None:
        yield Difference("request.body", kind.REMOVED, described(differ.one.view(ours.whole)), None)
    elif ours.whole:
        yield Difference("request.body", kind.TYPE, described(differ.one.view(ours.whole)), "object")


def _moved(place: str, wire: str, there: Exchange, here: Exchange) -> str:
    """Give the place of a field in `there`, if the field is not in `place`; an empty text otherwise."""
    for other_place, name in there.fields:
        is_free = (other_place, name) not in here.fields
        if name == wire and other_place != place and is_free and (place, wire) not in there.fields:
            return other_place
    return ""


def _field(mine: Field, other: Field, differ: Differ) -> Iterator[Difference]:
    path = mine.path
    if mine.schema:
        differ.facts.add(mine.schema.at)
    if not mine.has_own_need:
        if other.required and not mine.required:
            yield Difference(path, kind.REQUIRED, name=mine.argument)
        elif mine.required and not other.required:
            yield Difference(path, kind.OPTIONAL, name=mine.argument)
    if other.deprecated and not mine.deprecated and mine.place != "body":
        yield Difference(path, rules.DEPRECATED, name=mine.argument)
    if mine.is_file != other.is_file or mine.only != other.only:
        was, now = (f"{'file' if one.is_file else 'value'} {one.only}".strip() for one in (mine, other))
        yield Difference(path, rules.ENCODING, was, now, name=mine.argument)
    if mine.schema is None or other.schema is None:
        return
    found = differ.compare(mine.schema, other.schema, path, may_be_absent=not mine.required)
    yield from found
    is_retyped = any(item.kind == kind.TYPE and item.path == path for item in found)
    style, wanted = _style(mine, differ), other.style
    if wanted is not None and style is not None and differ.other.view(other.schema).is_any:
        # Without a schema in the document, the spec knows whether there is a list or an object to write.
        wanted = _without_lists(wanted) if style == _without_lists(style) else wanted
    if wanted is not None and style != wanted and not is_retyped:
        yield Difference(path, rules.STYLE, str(style), str(wanted), name=mine.argument)
    if other.media_type is not None and mine.media_type != other.media_type:
        yield Difference(path, rules.MEDIA_TYPE, mine.media_type or None, other.media_type or None, name=mine.argument)


def _style(mine: Field, differ: Differ) -> Style | None:
    """Give the style of a field; a style that only lists and objects have is none of a plain value."""
    assert mine.schema is not None  # noqa: S101 - the caller looked
    style = mine.style
    if style is None or kinds_of(differ.one, mine.schema) & {"array", "object", "any"}:
        return style
    return _without_lists(style)


def _without_lists(style: Style) -> Style:
    """Give what a style says of a plain value."""
    return style if style.name in ("label", "matrix", "json") else replace(style, name="", explode=False)


def _reply(ours: Exchange, theirs: Exchange, differ: Differ) -> Iterator[Difference]:
    if ours.status is not None and theirs.status is not None and ours.status != theirs.status:
        yield Difference("response", rules.STATUS, ours.status, theirs.status)
    if ours.content != theirs.content and (theirs.media_types or theirs.reply or theirs.content == "location"):
        yield Difference("response", rules.CONTENT, ours.content, theirs.content)
    elif set(ours.media_types) != set(theirs.media_types) and theirs.media_types:
        yield Difference("response", rules.MEDIA_TYPES, list(ours.media_types), list(theirs.media_types))
    if ours.reply and theirs.reply:
        yield from differ.compare(ours.reply, theirs.reply, "response", own=ours.own_reply)
    elif ours.reply:
        now = None if theirs.content == "json" else theirs.content
        yield Difference("response", kind.REMOVED, described(differ.one.view(ours.reply)), now)
    elif theirs.reply:
        yield Difference("response", kind.ADDED, None, described(differ.other.view(theirs.reply)), other=theirs.reply)
