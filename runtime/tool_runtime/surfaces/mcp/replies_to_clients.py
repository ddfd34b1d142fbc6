"""Replies to clients: an envelope as a result of the protocol.

A result has structured content and the same as text, since some clients read the one and some the other. It fits the
limit of the server: data is cut at element borders, with a note on how to get the rest. What callers said is marked.
An error is a result too, with the one envelope.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import mcp_types as types

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.surfaces.mcp.cutting import cut, size_of
from tool_runtime.surfaces.mcp.untrusted_text import NOTICE, UntrustedText

# Room for the envelope around the data.
FRAME = 1_500


class Replies:
    """Makes the results of one server."""

    def __init__(self, registry: Registry, limit: int) -> None:
        self._registry, self._limit = registry, limit
        self._untrusted = UntrustedText(registry.types)

    def of_tool(
        self, envelope: dict[str, Any], tool: Tool, picked: Callable[[Any], Any] | None = None
    ) -> types.CallToolResult:
        """Return the result of a call of a tool. `picked` picks the wanted part of the data.

        Marks are looked for in the part that is shown, at the places of the whole.
        """
        meta, schema = envelope["meta"], tool.returns.schema
        places = self._untrusted.paths(envelope["data"], schema) if schema is not None else []
        if picked is not None:
            envelope["data"] = picked(envelope["data"])
            places = [place for place in places if _is_there(envelope["data"], place)]
        if places:
            meta["untrusted"] = places
        style = self._registry.page_style(tool)
        more = {}
        if style is not None:
            more = {"limit": style.limit, "cursor": style.cursor or style.page or style.offset, "rows": style.items}
        return self.of(envelope, more)

    def of(self, envelope: dict[str, Any], more: Mapping[str, str | None] | None = None) -> types.CallToolResult:
        """Return the result of an envelope, cut to the limit."""
        meta = envelope["meta"]
        envelope = _as_json(envelope)
        room = self._limit - FRAME - (size_of(envelope["error"]) if envelope["error"] else 0)
        envelope["data"], cuts = cut(envelope["data"], max(room, FRAME))
        if envelope["error"] and size_of(envelope["error"]) > self._limit:
            envelope["error"], error_cuts = cut(envelope["error"], self._limit - FRAME, "error")
            cuts += error_cuts
        if cuts:
            listed = sorted(cuts, key=lambda one: one.path.count("."))[:20]
            meta = envelope["meta"]
            meta["cut"] = [one.to_dict() for one in listed]
            meta["rest"] = _how_to_get_the_rest(listed, more or {}, self._limit)
        text = json.dumps(envelope, ensure_ascii=False)
        content: list[Any] = [types.TextContent(type="text", text=text)]
        if envelope["meta"].get("untrusted"):
            content.append(types.TextContent(type="text", text=NOTICE))
        return types.CallToolResult(content=content, structured_content=envelope, is_error=not envelope["success"])

    def of_text(self, envelope: dict[str, Any], text: str) -> types.CallToolResult:
        """Return a result whose text is read as it is, such as a page; the envelope goes beside the text."""
        content: list[Any] = [types.TextContent(type="text", text=_plain(text))]
        return types.CallToolResult(content=content, structured_content=_as_json(envelope))


def _how_to_get_the_rest(cuts: list[Any], more: Mapping[str, str | None], limit: int) -> str:
    said = [f"The result was longer than {limit} bytes."]
    rows = next((one for one in cuts if one.what == "items" and one.path.rpartition(".")[2] == more.get("rows")), None)
    if rows is not None and more.get("limit"):
        then = f", then go on with {more['cursor']} of that answer" if more.get("cursor") else ""
        said.append(f"For whole rows, call again with {more['limit']}: {max(1, rows.kept)}{then}.")
    said.append("For a part, call again with fields, such as fields: 'a.b,c'.")
    return " ".join(said)


def _is_there(data: Any, place: str) -> bool:
    """Whether the last name of a place still stands somewhere in picked data."""
    name = place.rpartition(".")[2].removesuffix("[]")
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if name in one:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False


def _as_json(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return an envelope that can be sent: half characters, which no UTF-8 can say, are replaced."""
    text = json.dumps(envelope, ensure_ascii=False, default=lambda value: f"<{type(value).__name__}>")
    found: dict[str, Any] = json.loads(_plain(text))
    return found


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
