"""Reading a request: its key, and the values in its path, query, headers and body.

Owns: the declared authentication, decoding of query values, JSON and multipart bodies, the record of what was
received.
Must not know: which values a tool accepts (checks.py) or what becomes of them.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.core.tools import Auth as DeclaredAuth
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.exchange import Incoming

_MASK: Final = "***"
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_DISPOSITION: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_INTEGER: Final = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """A request that the sandbox received, and the status of the answer (None: there was no answer).

    `tool` is None where no tool has this method and path. `body` is the decoded JSON, the parts of a
    multipart body (a file as `{filename, content_type, size}`), or None. The headers are complete; `repr` masks
    the key.
    """

    method: str
    path: str
    tool: str | None
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: Any
    status: int | None
    secrets: Collection[str] = field(default=())

    def __repr__(self) -> str:
        """Show everything but the key."""
        headers = {name: _MASK if name in self.secrets else value for name, value in self.headers.items()}
        query = {name: _MASK if name in self.secrets else value for name, value in self.query.items()}
        return (
            f"Received(method={self.method!r}, path={self.path!r}, tool={self.tool!r}, query={query!r}, "
            f"headers={headers!r}, body={self.body!r}, status={self.status!r})"
        )


class Auth:
    """Asks for the key where the registry says that the key goes."""

    def __init__(self, declared: DeclaredAuth, keys: Collection[str] | None) -> None:
        self._declared = declared
        self._keys = keys
        self.secrets = (declared.name.lower(),)

    def check(self, request: Incoming) -> None:
        """Raise a 401 `Refusal` where the key is missing, malformed or not among the keys."""
        name, prefix = self._declared.name, self._declared.prefix
        in_query = self._declared.place == "query"
        given = dict(request.query).get(name) if in_query else request.headers.get(name.lower())
        if not given or not given.startswith(prefix):
            raise Refusal(401)
        key = given[len(prefix) :].strip()
        if not key or (self._keys is not None and key not in self._keys):
            raise Refusal(401)


def read_query(request: Incoming) -> dict[str, list[str]]:
    """Return the values of the query by name: `a=1&a=2` gives `{"a": ["1", "2"]}`."""
    values: dict[str, list[str]] = {}
    for name, value in request.query:
        values.setdefault(name, []).append(value)
    return values


def read_body(request: Incoming) -> Any:
    """Return the decoded body: JSON, the parts of a multipart form by name, or None for an empty one.

    Raises a 400 `Refusal` where the body is not what its content type says.
    """
    content = request.content
    if not content:
        return None
    content_type = request.headers.get("content-type", "application/json")
    if content_type.startswith("multipart/form-data"):
        return _read_multipart(content, content_type)
    if not content_type.split(";")[0].strip().endswith("json"):
        raise Refusal(400, f"the body must be JSON, not {content_type}")
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not valid JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _read_multipart(content: bytes, content_type: str) -> dict[str, Any]:
    found = _BOUNDARY.search(content_type)
    if not found:
        raise Refusal(400, "the multipart body has no boundary")
    delimiter = b"\r\n--" + found[1].encode()
    first, *sections = (b"\r\n" + content).split(delimiter)
    if first or not sections or not sections[-1].startswith(b"--"):
        raise Refusal(400, "the multipart body is cut off or malformed")
    parts: dict[str, list[Any]] = {}
    for section in sections[:-1]:
        head, separator, payload = section.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.partition(": ")[::2] for line in head.decode(errors="replace").split("\r\n"))
        labels = dict(_DISPOSITION.findall(_header(headers, "content-disposition")))
        if not separator or "name" not in labels:
            raise Refusal(400, "a part of the multipart body has no name")
        value: Any = payload.decode(errors="replace")
        if "filename" in labels:
            kind = _header(headers, "content-type") or "application/octet-stream"
            value = {"filename": labels["filename"], "content_type": kind, "size": len(payload)}
        parts.setdefault(labels["name"], []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in parts.items()}


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def decode_text(text: str, kinds: Collection[str]) -> Any:
    """Turn the text of a path, query or form value into the JSON that the schema's types allow.

    A text that fits none of them stays a text, so that validation can name the fault.
    """
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def decode_json_part(text: str, kinds: frozenset[str]) -> Any:
    """`decode_text` for a multipart text part, in which arrays and objects travel as JSON."""
    if kinds & {"array", "object"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return decode_text(text, kinds)
