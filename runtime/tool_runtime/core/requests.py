"""Requests: from a bound call to exactly what goes over the wire.

Owns placement: which argument stands in the path, the query, a header, the JSON body or a multipart part. A `Request`
is plain data without a key; the driver adds the key when it sends. Knows no httpx.
"""

import base64
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from tool_runtime.core.binding import Bound
from tool_runtime.core.errors import Fault, InvalidArguments
from tool_runtime.core.secrets import mask, secret_texts
from tool_runtime.core.templates import ABSENT
from tool_runtime.core.tools import Parameter
from tool_runtime.core.urls import encode_query, expand_path, scalar_text

# Not ASCII-escaped, and compact: what httpx itself writes.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body. `filename` is None for a plain field."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, key and host not included. `path` begins with a slash; `timeout` is in seconds."""

    tool: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = field(default=None, repr=False)
    parts: tuple[Part, ...] | None = field(default=None, repr=False)
    timeout: float = 60.0


def build_request(bound: Bound, idempotency_key: str | None = None, timeout: float = 60.0) -> Request:
    """Build the request of a bound call; the idempotency key goes where the tool declares it."""
    tool, options = bound.tool, bound.options
    path: dict[str, str] = {}
    query: list[tuple[str, Any, str]] = []
    headers: dict[str, str] = {}
    fields: dict[str, Any] = {}
    files: dict[str, Any] = {}
    body: Any = ABSENT if tool.takes_whole_body else fields
    raw = frozenset[str]()
    for name, value in bound.wire.items():
        parameter = tool.parameters[name]
        place = parameter.place
        if place == "body":
            if parameter.wire in fields:
                raise _unsendable(bound, name, f"is given twice: another argument is {parameter.wire} on the wire too")
            fields[parameter.wire] = value
        elif place == "path":
            path[parameter.wire] = scalar_text(value)
            if parameter.raw:
                raw |= {parameter.wire}
        elif place == "query":
            query.append((parameter.wire, value, parameter.style))
        elif place == "query_map":
            query.extend((key, part, parameter.style) for key, part in (value or {}).items())
        elif place == "header":
            headers[parameter.wire] = scalar_text(value)
        elif place == "file":
            files[parameter.wire] = value
        elif place == "whole_body":
            body = value
    if tool.body:
        fields.update(bound.extra)
    else:
        query.extend((key, value, "repeat") for key, value in bound.extra.items())
    if options.extra_body:
        if tool.body is None:
            raise _unsendable(bound, "request_options.extra_body", "has no place: this tool sends no body")
        if body is not ABSENT and not isinstance(body, Mapping):
            raise _unsendable(bound, "request_options.extra_body", "cannot be added to a body that is no object")
        body = {**({} if body is ABSENT else body), **options.extra_body}
    query.extend((key, value, "repeat") for key, value in options.extra_query.items())
    headers.update(options.extra_headers)
    if idempotency_key is not None:
        declared = tool.idempotency
        if declared is not None:
            target = headers if declared.place == "header" else body
            target[declared.name] = idempotency_key
    return Request(
        tool=tool.name,
        method=tool.method,
        path=expand_path(tool.path, path, raw),
        query=encode_query(query) if query else "",
        headers=tuple(headers.items()),
        content=_json_content(bound, body),
        parts=_parts(bound, body, files) if tool.body == "multipart" else None,
        timeout=timeout,
    )


def given_idempotency_key(bound: Bound) -> str | None:
    """Return the idempotency key that the caller chose, or None."""
    declared = bound.tool.idempotency
    if declared is None:
        return None
    if declared.place == "header":
        headers = {name.lower(): value for name, value in bound.options.extra_headers.items()}
        return headers.get(declared.name.lower())
    values = {bound.tool.parameters[name].wire: value for name, value in bound.wire.items()}
    return {**values, **bound.extra, **bound.options.extra_body}.get(declared.name)


def masked(bound: Bound, types: Mapping[str, Any]) -> Bound:
    """Return the call with every secret value masked, for dry runs."""
    parameters = bound.tool.parameters
    by_wire = {parameter.wire: parameter for parameter in parameters.values()}

    def hide(parameter: Parameter | None, value: Any) -> Any:
        return value if parameter is None else mask(value, parameter.schema, types, secret=parameter.secret)

    hidden = {name: hide(parameters[name], value) for name, value in bound.wire.items()}
    added = {key: hide(by_wire.get(key), value) for key, value in bound.options.extra_body.items()}
    return replace(bound, wire=hidden, options=replace(bound.options, extra_body=added))


def secrets_of(bound: Bound, types: Mapping[str, Any]) -> list[str]:
    """List the secret texts among the values of a call."""
    shown = masked(bound, types)
    return [
        *secret_texts(dict(bound.wire), shown.wire),
        *secret_texts(dict(bound.options.extra_body), shown.options.extra_body),
    ]


def _json_content(bound: Bound, body: Any) -> bytes | None:
    if bound.tool.body != "json" or body is ABSENT:
        return None
    try:
        return encode_json(body).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise _unsendable(bound, "request_options.extra_body", "holds what JSON cannot") from error


def _parts(bound: Bound, fields: Mapping[str, Any], files: Mapping[str, Any]) -> tuple[Part, ...]:
    parts = []
    for name, value in fields.items():
        if value is not None:
            text = encode_json(value) if isinstance(value, Mapping | list) else scalar_text(value)
            parts.append(Part(name, text.encode()))
    for name, value in files.items():
        for number, file in enumerate(value if isinstance(value, list) else [value]):
            try:
                parts.append(_file_part(name, file))
            except (OSError, ValueError) as error:
                place = f"{name}[{number}]" if isinstance(value, list) else name
                raise _unsendable(bound, place, f"cannot be read: {error}") from error
    return tuple(parts)


def _unsendable(bound: Bound, place: str, message: str) -> InvalidArguments:
    fault = Fault(place, "value", message)
    return InvalidArguments(f"{bound.tool.name}: {fault}", tool=bound.tool.name, faults=(fault,))


def _file_part(name: str, file: Any) -> Part:
    """Read a file whole: a retry must send the same bytes again. An open file is left where it was."""
    content_type = None
    content: Any
    if isinstance(file, PurePath):
        filename, content = file.name, Path(file).read_bytes()
    elif isinstance(file, tuple):
        filename, content = file[0], file[1]
        content_type = file[2] if len(file) > 2 else None  # noqa: PLR2004
    elif isinstance(file, Mapping):
        filename = file["filename"]
        content = file["text"].encode() if "text" in file else base64.b64decode(file["base64"], validate=True)
    elif isinstance(file, bytes):
        filename, content = name, file
    else:
        filename, content = PurePath(str(getattr(file, "name", name))).name, file
    if hasattr(content, "read"):
        start = content.tell() if content.seekable() else None
        source, content = content, content.read()
        if start is not None:
            source.seek(start)
    if isinstance(content, str):
        content = content.encode()
    return Part(
        name,
        content,
        filename,
        content_type or mimetypes.guess_type(filename)[0] or "application/octet-stream",
    )
