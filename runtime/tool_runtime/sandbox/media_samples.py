"""Bodies of answers that are no JSON: text, bytes, events and locations, as a tool declares them.

Owns the bytes that stand for a content that the sandbox does not have, always the same for the same tool. Small real
files stand for the usual kinds of images and sound, so that a program which opens the answer gets what it expects. Must
not know: records, requests.
"""

import base64
import json
from typing import Any, Final

from tool_runtime.core.tools import Tool
from tool_runtime.sandbox.received import RawBody
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.values.media import EVENTS, kind_of

_SAMPLE_EVENTS: Final = 3
_FILES: Final = {
    # One transparent pixel, twice; then a tenth of a second of silence without its samples.
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
    "image/gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "audio/wav": "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=",
}
_USUAL: Final = {"image": "image/png", "audio": "audio/wav", "text": "text/plain"}


def location_of(tool: Tool) -> str:
    """Return the address that a redirect of a tool leads to; nobody listens there."""
    return f"https://example.com/{tool.name}"


def content_of(tool: Tool, value: Any, schemas: Schemas, *, wants_events: bool = False) -> RawBody | None:
    """Return the body of an answer that is no JSON; None for a tool that answers with JSON, or with nothing.

    `value` is what the records or the declared type give; a text of it is the text that is sent. `wants_events` is what
    a caller asks with `"stream": true` of a tool that can answer in JSON and in events.
    """
    returns = tool.returns
    kind = returns.content
    if kind == "json":
        if not (wants_events and EVENTS in returns.media_types):
            return None
        return RawBody(_events(schemas, returns.schema, tool.name), EVENTS)
    media_type = _media_type(returns.media_types, kind)
    if kind == "events":
        return RawBody(_events(schemas, returns.schema, tool.name), media_type)
    if kind == "text":
        return RawBody((value if isinstance(value, str) else tool.name).encode(), f"{media_type}; charset=utf-8")
    known = _FILES.get(media_type)
    return RawBody(f"{tool.name}\n".encode() if known is None else base64.b64decode(known), media_type)


def _media_type(declared: tuple[str, ...], kind: str) -> str:
    """Return the media type of an answer: the first exact one of its kind, else a usual one of the declared family."""
    names = [name.partition(";")[0].strip().lower() for name in declared]
    exact = next((name for name in names if "*" not in name and kind_of(name) == kind), None)
    if exact is not None:
        return exact
    family = next((name.partition("/")[0] for name in names if name.endswith("/*")), "text" if kind == "text" else "")
    return EVENTS if kind == "events" else _USUAL.get(family, "application/octet-stream")


def _events(schemas: Schemas, schema: Any, name: str) -> bytes:
    data = schemas.sample(schema, name) if schema else {"number": 0}
    lines = []
    for number in range(1, _SAMPLE_EVENTS + 1):
        shown = {**data, "number": number} if not schema else data
        lines.append(f"id: {number}\ndata: {json.dumps(shown, separators=(',', ':'))}\n\n")
    return "".join(lines).encode()
