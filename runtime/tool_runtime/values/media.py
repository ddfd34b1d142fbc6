"""Media: results that are no JSON.

Owns what a caller holds when the API answers with text, bytes, events or a location. Text is a `str`, bytes are
`Content` (bytes that know their media type), events are an iterator of `Event`, a location is a `str`. Knows no HTTP.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

EVENTS = "text/event-stream"


class Content(bytes):
    """Bytes of an answer, such as audio. `media_type` is what the API said they are: `audio/mpeg`."""

    media_type: str

    def __new__(cls, content: bytes, media_type: str = "") -> Self:
        """Make the bytes of one answer."""
        made = super().__new__(cls, content)
        made.media_type = media_type
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the media type in copies and pickles."""
        return Content, (bytes(self), self.media_type)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event. `data` is its text; `json()` reads it."""

    data: str
    event: str = "message"
    id: str = ""

    def json(self) -> Any:
        """Return the JSON in `data`. Raises ValueError."""
        import json

        return json.loads(self.data)


def kind_of(content_type: str) -> str:
    """Say what a body of a media type is to a caller: `json`, `text`, `bytes` or `events`.

    `application/problem+json; charset=utf-8` -> `json`; `text/csv` -> `text`; `audio/mpeg` -> `bytes`
    """
    name = content_type.partition(";")[0].strip().lower()
    if name == "application/json" or name.endswith(("+json", "/json")):
        return "json"
    if name == EVENTS:
        return "events"
    is_text = name.startswith("text/") or name.endswith(("+xml", "/xml", "/yaml", "/x-yaml", "+yaml"))
    return (
        "text" if is_text or name in {"application/x-ndjson", "application/jsonl", "application/graphql"} else "bytes"
    )


def fits(content_type: str, declared: Iterable[str]) -> bool:
    """Say whether a content type is among declared media types, whose ends may be `*`."""
    name = content_type.partition(";")[0].strip().lower()
    for pattern in declared:
        wanted = pattern.partition(";")[0].strip().lower()
        if wanted in {name, "*/*"} or (wanted.endswith("/*") and name.startswith(wanted[:-1])):
            return True
    return False


def text_of(content: bytes, content_type: str) -> str:
    """Decode a text as its content type says, else as UTF-8; what cannot be decoded is replaced."""
    charset = "utf-8"
    for part in content_type.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip('"')
    try:
        return content.decode(charset, errors="replace")
    except LookupError:
        return content.decode(errors="replace")


def events_of(pieces: Iterable[bytes]) -> Iterator[Event]:
    r"""Read server-sent events from the pieces of a body, each as soon as it is whole.

    `[b"data: a", b"b\n\n"]` -> `Event("ab")`
    """
    reader = EventReader()
    for piece in pieces:
        yield from reader.take(piece)
    yield from reader.end()


class EventReader:
    r"""Puts server-sent events together; lines end in `\n`, `\r\n` or `\r`."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._event = ""
        self._id = ""

    def take(self, piece: bytes) -> Iterator[Event]:
        """Take one piece, and yield the events that it completes."""
        held = self._rest + piece
        # A \r at the end of a piece may be half of \r\n.
        kept = b"\r" if held.endswith(b"\r") else b""
        lines = held[: len(held) - len(kept)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + kept
        for line in lines:
            yield from self._line(line.decode(errors="replace"))

    def end(self) -> Iterator[Event]:
        """Yield the event that the end of the body completes."""
        if self._rest.strip(b"\r"):
            yield from self._line(self._rest.strip(b"\r").decode(errors="replace"))
        self._rest = b""
        yield from self._line("")

    def _line(self, line: str) -> Iterator[Event]:
        if not line:
            if self._data:
                yield Event("\n".join(self._data), self._event or "message", self._id)
            self._data, self._event = [], ""
            return
        field, _, value = line.removeprefix("\ufeff").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._event = value
        elif field == "id":
            self._id = value


def content_of(value: Any) -> bytes | None:
    r"""Return the bytes that `as_json` wrote as an object, else None.

    `{"media_type": "audio/mpeg", "base64": "AA=="}` -> `b"\x00"`
    """
    if isinstance(value, dict) and value.keys() == {"media_type", "base64"}:
        return base64.b64decode(value["base64"])
    return None


def as_json(result: Any) -> Any:
    r"""Return a result as JSON, for surfaces that print or store it.

    `Content(b"\x00", "audio/mpeg")` -> `{"media_type": "audio/mpeg", "base64": "AA=="}`. Events become a list, a path
    becomes its text.
    """
    if isinstance(result, bytes):
        media_type = getattr(result, "media_type", "") or "application/octet-stream"
        return {"media_type": media_type, "base64": base64.b64encode(result).decode("ascii")}
    if isinstance(result, Event):
        return {"event": result.event, "data": result.data, **({"id": result.id} if result.id else {})}
    if isinstance(result, Mapping):
        return {key: as_json(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [as_json(value) for value in result]
    if result is None or isinstance(result, str | int | float):
        return result
    if hasattr(result, "__fspath__"):
        return str(result)
    return [as_json(part) for part in result]
