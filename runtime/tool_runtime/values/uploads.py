"""Uploads: from the forms in which a caller gives a file to bytes that can be sent again and again.

A file is read whole when its call is bound: what was checked is what is sent, and a retry sends the same bytes. An open
file is left where it stood. Every way in which a file cannot be read is a fault with the argument's place.
"""

import base64
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from tool_runtime.errors import Fault

FORMS = 'expected a path, bytes, an open file, (name, content), or {"filename", "text" or "base64"}'


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """One file, read."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str


class _NoFileError(Exception):
    """The value is in none of the forms of a file."""


def read_uploads(
    name: str, value: Any, place: str, faults: list[Fault], *, many: bool = False, from_text: bool = False
) -> Any:
    """Return the `Upload` of a file argument, or the list of them; append what is wrong with the argument.

    `name` is what a file without a name is called, `place` names the argument in faults. `many`: a list of files is
    expected; one file is a list of one, as both are the same parts. `from_text`: a string is the content of a file,
    and no path.

    Example: `("a.txt", "hi")` is `Upload("a.txt", b"hi", "text/plain")`.
    """
    is_list = isinstance(value, list)
    if is_list and not many:
        faults.append(Fault(place, "type", "expected one file"))
        return None
    if many and not is_list:
        value, is_list = [value], True
    uploads = []
    for number, file in enumerate(value if is_list else [value]):
        try:
            if from_text and isinstance(file, str):
                uploads.append(Upload(name, file.encode(), "text/plain; charset=utf-8"))
                continue
            uploads.append(_read(name, file))
        except _NoFileError as error:
            faults.append(Fault(f"{place}[{number}]" if is_list else place, "type", f"{FORMS}; {error}"))
        except Exception as error:  # noqa: BLE001 - a file object is the caller's own code, and may raise anything
            message = f"cannot be read: {str(error) or type(error).__name__}"
            faults.append(Fault(f"{place}[{number}]" if is_list else place, "value", message))
    return uploads if is_list else (uploads[0] if uploads else None)


def _read(name: str, file: Any) -> Upload:
    content_type = None
    filename: Any
    content: Any
    if isinstance(file, PurePath):
        filename, content = file.name, Path(file).read_bytes()
    elif isinstance(file, tuple) and len(file) in {2, 3}:
        filename, content, content_type = (*file, None)[:3]
    elif isinstance(file, Mapping):
        filename, content = file.get("filename"), _described(file)
    elif isinstance(file, bytes | bytearray | memoryview):
        filename, content = name, bytes(file)
    elif hasattr(file, "read"):
        filename, content = PurePath(str(getattr(file, "name", name))).name, file
    elif isinstance(file, str):
        raise _NoFileError("got a string: for a path, give pathlib.Path(…)")
    else:
        raise _NoFileError(f"got {type(file).__name__}")
    if hasattr(content, "read"):
        content = _drained(content)
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        raise _NoFileError(f"its content is {type(content).__name__}")
    for text in (filename, content_type or ""):
        if not isinstance(text, str) or not text.isprintable():
            raise _NoFileError("its name and media type must be printable text")
    guess = content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return Upload(filename, content, guess)


def _described(file: Mapping[Any, Any]) -> bytes:
    text, encoded = file.get("text"), file.get("base64")
    if isinstance(text, str) and encoded is None:
        return text.encode()
    if isinstance(encoded, str) and text is None:
        return base64.b64decode(encoded, validate=True)
    raise _NoFileError("got an object with other keys")


def _drained(source: Any) -> Any:
    """Read an open file from where it stands, and put it back there."""
    start = source.tell() if hasattr(source, "seekable") and source.seekable() else None
    content = source.read()
    if start is not None:
        if start and not content:
            raise ValueError("the file stands at its end; call seek(0) before you give it")
        source.seek(start)
    return content
