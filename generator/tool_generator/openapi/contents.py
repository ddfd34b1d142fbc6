"""Request bodies and successful replies: which media types there are, and what each of them holds.

A body keeps every media type that a tool can write, the preferred one first: JSON, then forms, then multipart, then
anything else as it is. A reply is the one that the successful statuses describe together: JSON where one of them has
JSON. A redirect is a successful reply where the document knows no other. This module must not know about operations or
specs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator.model.documents import Body, Encoding, Media, Reply, content_kind
from tool_runtime.values.media import kind_of

if TYPE_CHECKING:
    from tool_generator.openapi.dialects import SchemaReader
    from tool_generator.openapi.pointers import Document

_RANK = {"json": 0, "form": 1, "multipart": 2, "raw": 3}
_REPLY_RANK = {"json": 0, "bytes": 1, "text": 2, "events": 3}
_MEDIA_TYPE = re.compile(r"[!-:<-~]+/[!-:<-~]+(; [!-~]+)*")


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
    found = _media(value.get("content"), f"{place}/content", document)
    if not found:
        document.malformed(place, "is a request body without content; left out")
        return None
    media = [_read(name, at, chosen, document, reader) for name, (at, chosen) in found.items()]
    media.sort(key=lambda item: (_RANK[item.kind], ";" in item.content_type))
    others = [item for item in media[1:] if item.kind not in ("form", "multipart") or item.kind == media[0].kind]
    if others:
        told = ", ".join(item.content_type for item in others)
        document.note(place, f"the body may also be {told}; {media[0].content_type} is taken")
    return Body(tuple(media), value.get("required") is True, text(value.get("description")))


def _read(name: str, at: str, chosen: dict[str, Any], document: Document, reader: SchemaReader) -> Media:
    schema = reader.read(chosen["schema"], f"{at}/schema") if "schema" in chosen else {}
    kind = content_kind(name)
    if kind == "json" and "*" in name and _is_binary(schema):
        kind = "raw"
    return Media(name, kind, schema, _encodings(chosen.get("encoding"), at, document))


def _is_binary(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "string"


def _encodings(given: Any, at: str, document: Document) -> dict[str, Encoding]:
    encodings = {}
    for name, encoding in given.items() if isinstance(given, dict) else ():
        if not isinstance(encoding, dict):
            document.malformed(f"{at}/encoding", f"{name!r} is not an encoding; left out")
            continue
        explode = encoding.get("explode")
        encodings[name] = Encoding(
            text(encoding.get("contentType")),
            text(encoding.get("style")),
            explode if isinstance(explode, bool) else None,
        )
        if encoding.get("headers"):
            document.note(f"{at}/encoding", f"the part {name!r} has headers of its own, which a spec cannot say")
    return encodings


def read_reply(raw: Any, place: str, document: Document, reader: SchemaReader) -> Reply:
    """Read the successful reply among the responses."""
    if not isinstance(raw, dict) or not raw:
        document.malformed(place, "does not say what a call replies")
        return Reply(None)
    exact = sorted(key for key in raw if re.fullmatch(r"2[0-9][0-9]", key))
    loose = [key for key in raw if key.upper() == "2XX"]
    redirects = sorted(key for key in raw if re.fullmatch(r"3[0-9][0-9]", key) and key != "304")
    if redirects and not exact and not loose:
        return Reply(int(redirects[0]), content="location")
    keys = exact or loose or (["default"] if "default" in raw else [])
    if not keys:
        document.note(place, "lists no successful reply")
        return Reply(None)
    replies = [_reply(key, raw[key], f"{place}/{key}", document, reader) for key in keys]
    chosen = min(replies, key=lambda reply: (reply.is_empty, _REPLY_RANK[reply.content], replies.index(reply)))
    if len(exact) > 1:
        codes = ", ".join(str(reply.status) for reply in replies if reply is not chosen)
        document.note(place, f"may also reply {codes}; {chosen.status} is taken")
    others = [name for reply in replies if reply is not chosen for name in reply.media_types]
    media_types = tuple(dict.fromkeys([*chosen.media_types, *others]))
    return Reply(chosen.status, chosen.schema, chosen.content, media_types, chosen.description)


def _reply(key: str, value: Any, place: str, document: Document, reader: SchemaReader) -> Reply:
    status = int(key) if key.isdigit() else None
    raw, place = document.resolve(value, place)
    if not isinstance(raw, dict):
        document.malformed(place, "is not a response; taken to be empty")
        return Reply(status)
    description = text(raw.get("description"))
    found = _without_parameters(_media(raw.get("content"), f"{place}/content", document))
    if not found:
        return Reply(status, description=description)
    kinds = {name: _kind(name, chosen) for name, (_, chosen) in found.items()}
    name = min(found, key=lambda item: _REPLY_RANK[kinds[item]])
    names = (name, *(other for other in found if other != name))
    at, chosen = found[name]
    schema = None
    if kinds[name] == "json":
        schema = reader.read(chosen["schema"], f"{at}/schema") if "schema" in chosen else {}
    return Reply(status, schema, kinds[name], names, description)


def _kind(name: str, chosen: dict[str, Any]) -> str:
    """Say what a reply of a media type is; a wildcard is what the schema says."""
    if "*" not in name:
        return kind_of(name)
    raw = chosen.get("schema")
    is_binary = isinstance(raw, dict) and raw.get("type") == "string" and raw.get("format") == "binary"
    if name == "text/*":
        return "text"
    return "bytes" if is_binary or name not in ("*/*", "application/*") else "json"


def _media(raw: Any, place: str, document: Document) -> dict[str, tuple[str, dict[str, Any]]]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        document.malformed(place, "is not an object of content types; left out")
        return {}
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, value in raw.items():
        at = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        plain, _, given = name.partition(";")
        whole = "; ".join([plain.strip().lower(), *(part.strip() for part in given.split(";") if part.strip())])
        if not (value is None or isinstance(value, dict)) or not _MEDIA_TYPE.fullmatch(whole):
            document.malformed(at, "is not a media type; left out")
        else:
            found.setdefault(whole, (at, value or {}))
    return found


def _without_parameters(found: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Give media types without their parameters; of several that differ in parameters alone, the first one."""
    plain: dict[str, tuple[str, dict[str, Any]]] = {}
    for name in sorted(found, key=lambda name: ";" in name):
        plain.setdefault(name.partition(";")[0], found[name])
    return {name.partition(";")[0]: plain[name.partition(";")[0]] for name in found}


def text(value: Any) -> str:
    """Give a text without the spaces around it; anything else is an empty text."""
    return value.strip() if isinstance(value, str) else ""
