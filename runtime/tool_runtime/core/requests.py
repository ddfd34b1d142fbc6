"""Requests: from a bound call to exactly what goes over the wire.

Owns placement: which argument stands in the path, the query, a header, the JSON body or a multipart part. A `Request`
is plain data without a key; the driver adds the key when the request is sent. Knows no httpx and opens no file.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tool_runtime.core.binding import Bound
from tool_runtime.core.templates import ABSENT
from tool_runtime.core.tools import Parameter
from tool_runtime.core.urls import encode_query, expand_path, scalar_text
from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.values.secrets import MASK, mask, secret_texts

if TYPE_CHECKING:
    from tool_runtime.core.uploads import Upload

# Not ASCII-escaped, and compact: what httpx itself writes.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
DEFAULT_TIMEOUT = 60.0
_SECRET_HEADER = re.compile(r"auth|key|token|secret|password|cookie|signature", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of a multipart body. `filename` is None for a plain field."""

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One HTTP request, key and host not included. `path` begins with a slash.

    `timeout`: seconds that the attempt may go without progress. `total`: seconds that the attempt may take in all.
    `fresh`: send over a connection that no other request used.
    """

    tool: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = field(default=None, repr=False)
    parts: tuple[Part, ...] | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    total: float | None = None
    fresh: bool = False


@dataclass(slots=True)
class _Places:
    """The arguments of one call by the place where they go out."""

    path: dict[str, str] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    query: list[tuple[str, Any, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    whole: Any = ABSENT


def build_request(
    bound: Bound,
    idempotency_key: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    total: float | None = None,
    *,
    fresh: bool = False,
) -> Request:
    """Build the request of a bound call; the idempotency key goes where the tool declares its field.

    Example: `get_call` bound to `{"call_id": "c 1"}` is `Request("get_call", "GET", "/v2/get-call/c%201")`.
    """
    tool, options = bound.tool, bound.options
    places = _Places()
    for name, value in bound.wire.items():
        _place(places, bound, tool.parameters[name], value)
    if tool.body:
        places.fields.update(bound.extra)
    else:
        places.query.extend((key, value, "repeat") for key, value in bound.extra.items())
    body = places.whole if tool.takes_whole_body else places.fields
    if options.extra_body:
        if body is not ABSENT and not isinstance(body, Mapping):
            raise _unsendable(bound, "request_options.extra_body", "cannot be added to a body that is no object")
        body = {**({} if body is ABSENT else body), **options.extra_body}
    places.query.extend((key, value, "repeat") for key, value in options.extra_query.items())
    places.headers.update(options.extra_headers)
    if idempotency_key is not None and tool.idempotency is not None:
        where, name = tool.idempotency.place, tool.idempotency.name
        if where == "header":
            places.headers[name] = idempotency_key
        elif where == "query":
            places.query.append((name, idempotency_key, "repeat"))
        else:
            body[name] = idempotency_key
    return Request(
        tool=tool.name,
        method=tool.method,
        path=expand_path(tool.path, places.path, frozenset(places.raw)),
        query=encode_query(places.query) if places.query else "",
        headers=tuple(places.headers.items()),
        content=_json_content(bound, body),
        parts=_parts(body, places.files) if tool.body == "multipart" else None,
        timeout=timeout,
        total=total,
        fresh=fresh,
    )


def _place(places: _Places, bound: Bound, parameter: Parameter, value: Any) -> None:
    wire = parameter.wire
    match parameter.place:
        case "body":
            if wire in places.fields:
                message = f"is given twice: another argument is {wire} on the wire too"
                raise _unsendable(bound, parameter.name, message)
            places.fields[wire] = value
        case "path":
            places.path[wire] = scalar_text(value)
            if parameter.raw:
                places.raw.add(wire)
        case "query":
            places.query.append((wire, value, parameter.style))
        case "query_map":
            places.query.extend((key, part, parameter.style) for key, part in (value or {}).items())
        case "header":
            places.headers[wire] = scalar_text(value)
        case "file":
            places.files[wire] = value
        case "whole_body":
            places.whole = value


def idempotency_key_of(bound: Bound) -> str | None:
    """Return the idempotency key that the caller chose, or None."""
    declared = bound.tool.idempotency
    if declared is not None:
        for name, value in bound.wire.items():
            parameter = bound.tool.parameters[name]
            if parameter.wire == declared.name and parameter.place in {declared.place, "whole_body"}:
                return str(value)
        if declared.name in bound.extra:
            return str(bound.extra[declared.name])
    return bound.options.idempotency_key


def masked(bound: Bound, types: Mapping[str, Any]) -> Bound:
    """Return the call with every secret value masked: what a dry run, a confirmation and the ledger may show."""
    parameters, options = bound.tool.parameters, bound.options
    by_wire = {parameter.wire: parameter for parameter in parameters.values()}

    def hide(parameter: Parameter | None, value: Any) -> Any:
        return value if parameter is None else mask(value, parameter.schema, types, secret=parameter.secret)

    return replace(
        bound,
        arguments={name: hide(parameters[name], value) for name, value in bound.arguments.items()},
        wire={name: hide(parameters[name], value) for name, value in bound.wire.items()},
        options=replace(
            options,
            extra_body={key: hide(by_wire.get(key), value) for key, value in options.extra_body.items()},
            extra_headers={
                name: MASK if _SECRET_HEADER.search(name) else value for name, value in options.extra_headers.items()
            },
        ),
    )


def secrets_of(bound: Bound, types: Mapping[str, Any]) -> list[str]:
    """List the secret texts among the values of a call."""
    hidden, options = masked(bound, types), bound.options
    pairs = (
        (bound.wire, hidden.wire),
        (options.extra_body, hidden.options.extra_body),
        (options.extra_headers, hidden.options.extra_headers),
    )
    return [text for value, twin in pairs for text in secret_texts(dict(value), twin)]


def shown(request: Request) -> dict[str, Any]:
    """Return what goes out as JSON: `method`, `path`, `query`, `headers`, and `body` or `parts`."""
    known: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.query:
        known["query"] = request.query
    if request.headers:
        known["headers"] = dict(request.headers)
    if request.content is not None:
        known["body"] = json.loads(request.content)
    if request.parts is not None:
        known["parts"] = [
            {"name": part.name, "filename": part.filename, "bytes": len(part.content)} for part in request.parts
        ]
    return known


def _json_content(bound: Bound, body: Any) -> bytes | None:
    if bound.tool.body != "json" or body is ABSENT:
        return None
    return encode_json(body).encode()


def _parts(fields: Mapping[str, Any], files: Mapping[str, Any]) -> tuple[Part, ...]:
    parts = []
    for name, value in fields.items():
        if value is not None:
            text = encode_json(value) if isinstance(value, Mapping | list) else scalar_text(value)
            parts.append(Part(name, text.encode()))
    for name, value in files.items():
        uploads: list[Upload] = value if isinstance(value, list) else [value]
        parts.extend(Part(name, upload.content, upload.filename, upload.content_type) for upload in uploads)
    return tuple(parts)


def _unsendable(bound: Bound, place: str, message: str) -> InvalidArguments:
    fault = Fault(place, "value", message)
    return InvalidArguments(f"{bound.tool.name}: {fault}", tool=bound.tool.name, faults=(fault,))
