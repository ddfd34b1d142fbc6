"""Reading a multipart form (RFC 7578).

Owns: the boundary, the parts between its lines, the headers of a part. The headers are read by the standard library's
parser of mail headers, whose rules multipart has: names in any case, quoted or not, continued lines, RFC 2231. Must not
know: what a part means, how requests travel.
"""

import re
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any, Final

from tool_runtime.sandbox.answers import Refusal

_LONGEST_BOUNDARY: Final = 200
_LARGEST_TABLE: Final = 10_000_000


class UploadedFile(dict[str, Any]):
    """A part with a file: `{filename, content_type, size}`. A text part is a plain string, and no file.

    A table (CSV) has its `text` too.
    """


def read_form(content: bytes, content_type: str) -> dict[str, Any]:
    """Return the parts of a form by name; several of one name as a list, in their order.

    Example: a form with the texts `a`, `a` and a file `b` gives `{"a": ["x", "y"], "b": {"filename": ...}}`. Raises a
    400 `Refusal` for a body that is no form.
    """
    boundary = _headers(b"content-type: " + content_type.encode("utf-8", "replace")).get_boundary()
    if not boundary or len(boundary) > _LONGEST_BOUNDARY:
        raise Refusal(400, "the multipart body has no boundary")
    # A line of the boundary may have blanks at its end; what stands before the first and after the last one is no part.
    line = re.compile(rb"(?:^|\r\n)--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?=\r\n|$)")
    parts: dict[str, list[Any]] = {}
    start: int | None = None
    closed = False
    for found in line.finditer(content):
        if start is not None:
            name, value = _part(content[start : found.start()])
            parts.setdefault(name, []).append(value)
        start = found.end() + 2
        if found[1]:
            closed = True
            break
    if not closed:
        raise Refusal(400, "the multipart body is cut off or malformed")
    return {name: values[0] if len(values) == 1 else values for name, values in parts.items()}


def _part(section: bytes) -> tuple[str, Any]:
    head, separator, payload = section.partition(b"\r\n\r\n")
    if section.startswith(b"\r\n"):
        head, separator, payload = b"", b"\r\n", section[2:]
    headers = _headers(head)
    name = headers.get_param("name", header="content-disposition")
    if not separator or not isinstance(name, str | tuple) or headers.get_content_disposition() != "form-data":
        raise Refusal(400, "a part of the multipart body has no name")
    filename = headers.get_filename()
    if filename is None:
        return _text(name), _decoded(payload, headers.get_content_charset() or "utf-8")
    kind = headers.get_content_type() if "content-type" in headers else "application/octet-stream"
    uploaded = UploadedFile(filename=filename, content_type=kind, size=len(payload))
    if (kind == "text/csv" or filename.lower().endswith(".csv")) and len(payload) <= _LARGEST_TABLE:
        uploaded["text"] = payload.decode("utf-8-sig", "replace")
    return _text(name), uploaded


def _decoded(payload: bytes, charset: str) -> str:
    try:
        return payload.decode(charset, errors="replace")
    except LookupError:
        raise Refusal(400, f"a part of the multipart body is in an unknown charset: {charset[:40]}") from None


def _text(name: str | tuple[Any, ...]) -> str:
    """Return a parameter as text: RFC 2231 gives charset, language and value."""
    return name if isinstance(name, str) else str(name[2])


def _headers(head: bytes) -> Message:
    # Browsers and libraries write names in UTF-8, which the parser would keep as bytes that are no text.
    message = BytesHeaderParser().parsebytes(b"")
    for line in re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n"):
        name, colon, value = line.decode("utf-8", errors="replace").partition(":")
        if colon:
            message[name.strip()] = value.strip()
    return message
