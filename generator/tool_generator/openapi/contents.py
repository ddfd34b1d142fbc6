"""Request bodies and successful replies: which content type counts, and the schema of the content.

JSON is preferred, then multipart, then forms. The status of a reply is the lowest 2xx status with content that a tool
can read; if there is none, the lowest 2xx status. This module must not know about operations or specs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator.model.documents import Body, Encoding, Reply, content_kind

if TYPE_CHECKING:
    from tool_generator.openapi.dialects import SchemaReader
    from tool_generator.openapi.pointers import Document

_RANK = {"json": 0, "multipart": 1, "form": 2, "other": 3}


def read_body(raw: Any, place: str, document: Document, reader: SchemaReader) -> Body | None:
    """Read a request body; None if the operation has none."""
    if raw is None:
        return None
    value, place = document.resolve(raw, place)
    if value is None:
        return None
    if not isinstance(value, dict):
        document.malformed(place, "is not a request body; left out")
        return None
    media = _media(value.get("content"), f"{place}/content", document)
    if not media:
        document.malformed(place, "is a request body without content; left out")
        return None
    content_type = min(media, key=lambda name: _RANK[content_kind(name)])
    at, chosen = media[content_type]
    encodings = {}
    given = chosen.get("encoding")
    for name, encoding in given.items() if isinstance(given, dict) else ():
        if not isinstance(encoding, dict):
            document.malformed(f"{at}/encoding", f"{name!r} is not an encoding; left out")
            continue
        explode = encoding.get("explode")
        encodings[name] = Encoding(
            _text(encoding.get("contentType")),
            _text(encoding.get("style")),
            explode if isinstance(explode, bool) else None,
        )
        if encoding.get("headers"):
            document.note(f"{at}/encoding", f"the part {name!r} has headers of its own, which a spec cannot say")
    others = tuple(name for name in media if name != content_type)
    if others:
        document.note(place, f"the body may also be {', '.join(others)}; {content_type} is taken")
    schema = reader.read(chosen["schema"], f"{at}/schema") if "schema" in chosen else {}
    required = value.get("required") is True
    return Body(content_type, schema, required, others, encodings, _text(value.get("description")))


def read_reply(raw: Any, place: str, document: Document, reader: SchemaReader) -> Reply:
    """Read the successful reply among the responses."""
    if not isinstance(raw, dict) or not raw:
        document.malformed(place, "does not say what a call replies")
        return Reply(None)
    exact = sorted(key for key in raw if re.fullmatch(r"2[0-9][0-9]", key))
    loose = [key for key in raw if key.upper() == "2XX"]
    keys = exact or loose or (["default"] if "default" in raw else [])
    if not keys:
        document.note(place, "lists no successful reply")
        return Reply(None)
    replies = [_reply(key, raw[key], f"{place}/{key}", document, reader) for key in keys]
    chosen = next((reply for reply in replies if reply.schema is not None), replies[0])
    if len(exact) > 1:
        codes = ", ".join(str(reply.status) for reply in replies if reply is not chosen)
        document.note(place, f"may also reply {codes}; {chosen.status} is taken")
    return chosen


def _reply(key: str, value: Any, place: str, document: Document, reader: SchemaReader) -> Reply:
    status = int(key) if key.isdigit() else None
    raw, place = document.resolve(value, place)
    if not isinstance(raw, dict):
        document.malformed(place, "is not a response; taken to be empty")
        return Reply(status)
    description = _text(raw.get("description"))
    if not raw.get("content"):
        return Reply(status, description=description)
    media = _media(raw["content"], f"{place}/content", document)
    if not media:
        return Reply(status, description=description)
    content_type = min(media, key=lambda name: _RANK[content_kind(name)])
    at, chosen = media[content_type]
    others = tuple(name for name in media if name != content_type)
    if content_kind(content_type) != "json":
        document.note(place, f"replies with {content_type}, which is not read as JSON")
        return Reply(status, None, content_type, others, description)
    schema = reader.read(chosen["schema"], f"{at}/schema") if "schema" in chosen else {}
    return Reply(status, schema, content_type, others, description)


def _media(raw: Any, place: str, document: Document) -> dict[str, tuple[str, dict[str, Any]]]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        document.malformed(place, "is not an object of content types; left out")
        return {}
    found = {}
    for name, value in raw.items():
        at = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        if value is None or isinstance(value, dict):
            found[name.partition(";")[0].strip().lower()] = (at, value or {})
        else:
            document.malformed(at, "is not a media type; left out")
    return found


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
