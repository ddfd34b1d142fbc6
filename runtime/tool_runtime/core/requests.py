"""Requests: from a bound call to exactly what goes over the wire.

Owns placement: which argument stands in the path, the query, a header, a cookie, the body or a part of the body, and
in which encoding the body goes out. A `Request` is plain data without a key; the driver adds the key when the request
is sent. Knows no httpx and opens no file.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tool_runtime.core.binding import Bound
from tool_runtime.core.tools import Auth, Parameter, Tool
from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.values.media import EVENTS
from tool_runtime.values.secrets import MASK, mask, secret_texts
from tool_runtime.values.styles import cookie_text, header_text, json_text, path_text, query_texts, scalar_text
from tool_runtime.values.templates import ABSENT
from tool_runtime.values.urls import expand_path, split_template

if TYPE_CHECKING:
    from tool_runtime.values.uploads import Upload

# Not ASCII-escaped, and compact: what httpx itself writes.
encode_json = json_text
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
DEFAULT_TIMEOUT = 60.0
_SECRET_HEADER = re.compile(r"auth|key|token|secret|password|cookie|signature", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of a multipart body. `filename` is None for a plain field."""

    name: str
    content: bytes = field(repr=False)
    filename: str | None = None
    content_type: str | None = None


class Request(NamedTuple):
    """One HTTP request, key and host not included. `path` begins with a slash.

    `content_type` is that of `content`, and of `parts` where they are no form data. `accept` lists the media types
    of the answer. `auth` says where the account's keys go; None means where the registry's usual one goes. `server`
    names a server that is not the usual one. `timeout`: seconds that the attempt may go without progress. `total`:
    seconds that the attempt may take in all. `fresh`: send over a connection that no other request used. `stream`:
    leave the body of a good answer unread; `events`: leave a stream of events unread.

    A named tuple, as every attempt makes one: in 0.8 µs, where a frozen dataclass takes 3.2 µs.
    """

    tool: str
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes | None = None
    parts: tuple[Part, ...] | None = None
    content_type: str = JSON
    accept: str = JSON
    auth: tuple[Auth, ...] | None = None
    server: str = ""
    stream: bool = False
    events: bool = False
    timeout: float = DEFAULT_TIMEOUT
    total: float | None = None
    fresh: bool = False

    def __repr__(self) -> str:
        """Show where the request goes, and nothing of the content, which may hold secrets."""
        return f"<Request {self.method} {self.path} of {self.tool}>"


@dataclass(slots=True)
class _Places:
    """The arguments of one call by the place where they go out."""

    path: dict[str, str] = field(default_factory=dict)
    raw: set[str] = field(default_factory=set)
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    styles: dict[str, Parameter] = field(default_factory=dict)
    only: set[str] = field(default_factory=set)
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
    plain = tool.plain_body
    if bound.wire.keys() <= plain.keys():
        # Nearly every call with a body: a look at each parameter takes a twentieth of the whole call.
        places.fields = {plain[name]: value for name, value in bound.wire.items()}
    else:
        for name, value in bound.wire.items():
            _place(places, bound, tool.parameters[name], value)
    if tool.body:
        places.fields.update(bound.extra)
    else:
        _add_to_query(places, bound.extra)
    body = places.whole if tool.takes_whole_body else places.fields
    if options.extra_body:
        if body is not ABSENT and not isinstance(body, Mapping):
            raise _unsendable(bound, "request_options.extra_body", "cannot be added to a body that is no object")
        body = {**({} if body is ABSENT else body), **options.extra_body}
    if options.extra_query:
        _add_to_query(places, options.extra_query)
    places.headers.update(options.extra_headers)
    if idempotency_key is not None and tool.idempotency is not None:
        where, name = tool.idempotency.place, tool.idempotency.name
        if where == "header":
            places.headers[name] = idempotency_key
        elif where == "query":
            _add_to_query(places, {name: idempotency_key})
        else:
            body[name] = idempotency_key
    template = tool.path
    if "?" in template or "#" in template:
        template, own_query = split_template(template)
        places.query[:0] = [own_query] if own_query else []
    if places.cookies:
        places.headers["cookie"] = "; ".join(places.cookies)
    content, content_type, parts = _body(tool, body, places)
    return Request(
        tool=tool.name,
        method=tool.method,
        path=expand_path(template, places.path, frozenset(places.raw)),
        query="&".join(places.query) if places.query else "",
        headers=tuple(places.headers.items()),
        content=content,
        parts=parts,
        content_type=content_type,
        accept=", ".join(tool.returns.media_types) or JSON,
        server=tool.server,
        stream=options.stream or options.to is not None,
        events=EVENTS in tool.returns.media_types,
        timeout=timeout,
        total=total,
        fresh=fresh,
    )


def _add_to_query(places: _Places, values: Mapping[str, Any]) -> None:
    places.query.extend(text for name, value in values.items() for text in query_texts(name, value))


def _place(places: _Places, bound: Bound, parameter: Parameter, value: Any) -> None:
    wire = parameter.wire
    match parameter.place:
        case "body":
            if wire in places.fields:
                message = f"is given twice: another argument is {wire} on the wire too"
                raise _unsendable(bound, parameter.name, message)
            places.fields[wire] = value
            if parameter.style or parameter.media_type or parameter.encoding:
                places.styles[wire] = parameter
                places.only.add(parameter.encoding)
        case "path":
            if parameter.raw:
                places.path[wire] = scalar_text(value)
                places.raw.add(wire)
            else:
                places.path[wire] = path_text(wire, value, parameter.style, explode=parameter.explode)
        case "query":
            places.query.extend(query_texts(wire, value, parameter.style, reserved=parameter.reserved))
        case "query_map":
            places.query.extend(
                text for key, part in (value or {}).items() for text in query_texts(key, part, parameter.style)
            )
        case "header":
            places.headers[wire] = (
                json_text(value) if parameter.style == "json" else header_text(value, explode=parameter.explode)
            )
        case "cookie":
            places.cookies.append(cookie_text(wire, value, parameter.style, explode=parameter.explode))
        case "file":
            places.files[wire] = value
            places.only.add("multipart")
            if parameter.media_type:
                places.styles[wire] = parameter
        case "whole_body" | "raw_body":
            places.whole = value


def idempotency_key_of(bound: Bound) -> str | None:
    """Return the idempotency key that the caller chose, or None."""
    tool = bound.tool
    if tool.idempotency is not None:
        if tool.key_parameter is not None and tool.key_parameter in bound.wire:
            return str(bound.wire[tool.key_parameter])
        if tool.idempotency.name in bound.extra:
            return str(bound.extra[tool.idempotency.name])
    return bound.options.idempotency_key


def masked(bound: Bound, types: Mapping[str, Any]) -> Bound:
    """Return the call with every secret value masked: what a dry run, a confirmation and the ledger may show."""
    parameters, options = bound.tool.parameters, bound.options
    by_wire = {parameter.wire: parameter for parameter in parameters.values()}

    def hide(parameter: Parameter | None, value: Any) -> Any:
        return value if parameter is None else mask(value, parameter.schema, types, secret=parameter.secret)

    return bound._replace(
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
        known["body"] = shown_body(request)
    if request.parts is not None:
        known["parts"] = [
            {"name": part.name, "filename": part.filename, "bytes": len(part.content)} for part in request.parts
        ]
    return known


def _body(tool: Tool, body: Any, places: _Places) -> tuple[bytes | None, str, tuple[Part, ...] | None]:
    """Write a body: its content with the content type, or its parts.

    Example: `{"a": [1]}` of a tool whose body is `form` gives `(b"a=1", "application/x-www-form-urlencoded", None)`.
    """
    encoding = tool.body
    if encoding == "json" and not places.only:
        if body is ABSENT or (tool.optional_body and not body and not tool.takes_whole_body):
            return None, JSON, None
        return encode_json(body).encode(), tool.media_type or JSON, None
    if encoding is None or body is ABSENT or (tool.optional_body and not body and not places.files):
        return None, JSON, None
    if tool.other_encoding and tool.other_encoding in places.only:
        return _encoded(tool.other_encoding, "", body, places, apart=True)
    return _encoded(encoding, tool.media_type, body, places)


def _encoded(
    encoding: str, media_type: str, body: Any, places: _Places, *, apart: bool = False
) -> tuple[bytes | None, str, tuple[Part, ...] | None]:
    if encoding == "multipart":
        return None, media_type or JSON, _parts(body, places, apart=apart)
    if encoding == "form":
        texts = (text for name, value in body.items() for text in query_texts(name, value, _style(name, value, places)))
        return "&".join(texts).encode(), media_type or FORM, None
    if encoding == "raw":
        upload: Upload = body
        is_exact = media_type and "*" not in media_type
        return upload.content, media_type if is_exact else upload.content_type, None
    return encode_json(body).encode(), media_type or JSON, None


def _style(name: str, value: Any, places: _Places) -> str:
    """Return the style of a form field: the declared one, or `deep` for nested values."""
    known = places.styles.get(name)
    if known is not None and known.style:
        return known.style
    nested = isinstance(value, list) and any(isinstance(part, Mapping | list) for part in value)
    return "deep" if nested or isinstance(value, Mapping) else ""


def shown_body(request: Request) -> Any:
    """Return the content of a request as JSON: its value, its text, or how many bytes it has."""
    content = request.content or b""
    if request.content_type.partition(";")[0].endswith("json"):
        return json.loads(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"bytes": len(content)}


def _parts(fields: Mapping[str, Any], places: _Places, *, apart: bool = False) -> tuple[Part, ...]:
    """Write the parts of a multipart body: fields first, then files.

    A list is one part of JSON, or a part for each item where the field has the style `repeat`, or with `apart`, which
    holds for a body whose usual encoding is another one. An object is JSON, and says so.
    """
    parts = []
    for name, value in fields.items():
        if value is None:
            continue
        known = places.styles.get(name)
        media_type = known.media_type if known is not None else ""
        repeats = apart if known is None or not known.style else known.style == "repeat"
        for part in value if isinstance(value, list) and repeats else [value]:
            is_object = isinstance(part, Mapping)
            text = encode_json(part) if is_object or isinstance(part, list) else scalar_text(part)
            parts.append(Part(name, text.encode(), None, media_type or (JSON if is_object else None)))
    for name, value in places.files.items():
        uploads: list[Upload] = value if isinstance(value, list) else [value]
        declared = places.styles[name].media_type if name in places.styles else ""
        for upload in uploads:
            exact = declared if declared and "*" not in declared and "," not in declared else upload.content_type
            parts.append(Part(name, upload.content, upload.filename, exact))
    return tuple(parts)


def _unsendable(bound: Bound, place: str, message: str) -> InvalidArguments:
    fault = Fault(place, "value", message)
    return InvalidArguments(f"{bound.tool.name}: {fault}", tool=bound.tool.name, faults=(fault,))
