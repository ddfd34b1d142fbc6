"""Replies that are no JSON, in the words of each output: bytes, text, events, the location of a redirect.

Every output says the same of such a reply. This module owns those words; the outputs own where the words stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tool_runtime.values.media import EVENTS

if TYPE_CHECKING:
    from tool_runtime.core.tools import Returns, Tool

_PYTHON = {"bytes": "runtime.Content", "text": "str", "location": "str"}
_TOLD = {
    "bytes": "Content: bytes that know their `media_type`",
    "events": "Events, an iterator of server-sent events, each as soon as it is there",
    "text": "str",
    "location": "str: the address that the API points to",
}
_LUA = {
    "bytes": "{ media_type: string, base64: string }",
    "events": "{ event: string, data: string, id?: string }[]",
    "text": "string",
    "location": "string",
}
_NOUNS = {"bytes": "bytes", "events": "server-sent events", "text": "text", "location": "the address of a redirect"}


def python_type(returns: Returns, *, awaits: bool = False) -> str:
    """Give the type of a result that is no JSON as an expression for generated bindings; empty for JSON.

    Example: a reply of `audio/mpeg` gives `runtime.Content`.
    """
    if returns.content == "events":
        return "runtime.AsyncEvents" if awaits else "runtime.Events"
    return _PYTHON.get(returns.content, "")


def told_in_python(returns: Returns) -> str:
    """Say what a method returns: type and meaning; empty for JSON."""
    return _TOLD.get(returns.content, "")


def lua_type(returns: Returns) -> str:
    """Give the type of what a script gets; empty for JSON."""
    return _LUA.get(returns.content, "")


def reads_in_pieces(tool: Tool) -> bool:
    """Say whether the method of a tool takes `to` and `stream`: for bytes, unless arguments have these names."""
    return tool.returns.content == "bytes" and not {"to", "stream"} & tool.parameters.keys()


def may_stream(returns: Returns) -> bool:
    """Say whether a reply is JSON or, where the caller asks for it, a stream of events."""
    return returns.content == "json" and EVENTS in returns.media_types


def noun(returns: Returns) -> str:
    """Name a result that is no JSON: `bytes`, `server-sent events`; empty for JSON."""
    return _NOUNS.get(returns.content, "")


def media_types(returns: Returns) -> list[str]:
    """Give the media types that say more than the noun does: `["image/png", "image/jpeg"]`."""
    return [] if returns.content in ("events", "location") else [name for name in returns.media_types if name != "*/*"]
