"""Reading a request: its key, and the values in its path, query, headers and body.

Owns: the declared authentication, decoding of query values, JSON and multipart bodies, the record of what was
received.
Must not know: which values a tool accepts (checks.py) or what becomes of them.
"""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.core.tools import Auth as DeclaredAuth
from tool_runtime.sandbox.answers import NOTHING, Refusal
from tool_runtime.sandbox.exchange import Incoming
from tool_runtime.sandbox.forms import read_form

_MASK: Final = "***"
_INTEGER: Final = re.compile(r"-?[0-9]{1,400}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """A request that the sandbox received, and the status of the answer (None: there was no answer).

    `number` counts the requests from 1, `at_ms` is the sandbox's time, `failure` the kind of the failure that struck.

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
    number: int = 0
    at_ms: int = 0
    failure: str | None = None
    reply: bytes = field(default=b"", repr=False)

    def __repr__(self) -> str:
        """Show everything but the key."""
        headers, query = self._masked(self.headers), self._masked(self.query)
        return (
            f"Received(method={self.method!r}, path={self.path!r}, tool={self.tool!r}, query={query!r}, "
            f"headers={headers!r}, body={self.body!r}, status={self.status!r})"
        )

    def _masked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _MASK if name in self.secrets else value for name, value in values.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the request as JSON, without the key."""
        shown = ("number", "at_ms", "method", "path", "tool", "body", "status", "failure")
        rest = {name: getattr(self, name) for name in shown}
        reply = self.reply.decode(errors="replace")
        return {**rest, "query": self._masked(self.query), "headers": self._masked(self.headers), "reply": reply}


class Auth:
    """Asks for the key where the registry says that the key goes."""

    def __init__(self, declared: DeclaredAuth, keys: Collection[str] | None) -> None:
        self._declared = declared
        self._keys = keys
        self.secrets = (declared.name.lower(), declared.name)

    def check(self, request: Incoming) -> str:
        """Return the key. Raises a 401 `Refusal` where it is missing, malformed or not among the keys."""
        name, prefix = self._declared.name, self._declared.prefix
        in_query = self._declared.place == "query"
        given = dict(request.query).get(name) if in_query else request.headers.get(name.lower())
        if not given or not given.startswith(prefix):
            raise Refusal(401)
        key = given[len(prefix) :].strip()
        if not key or (self._keys is not None and key not in self._keys):
            raise Refusal(401)
        return key


def read_query(request: Incoming) -> dict[str, list[str]]:
    """Return the values of the query by name: `a=1&a=2` gives `{"a": ["1", "2"]}`."""
    values: dict[str, list[str]] = {}
    for name, value in request.query:
        values.setdefault(name, []).append(value)
    return values


def read_body(request: Incoming) -> Any:
    """Return the decoded body: JSON (null included), the parts of a form by name, or `NOTHING` for an empty one.

    Raises a 400 `Refusal` where the body is not what its content type says.
    """
    content = request.content
    if not content:
        return NOTHING
    content_type = request.headers.get("content-type", "application/json")
    kind = content_type.split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return read_form(content, content_type)
    if not kind.endswith("json"):
        raise Refusal(400, f"the body must be JSON, not {content_type}")
    try:
        return _read_json(content)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not valid JSON") from None


def _read_json(text: str | bytes) -> Any:
    """Read JSON as the standard has it: without NaN, and without numbers that no reply could repeat, such as 1e999."""
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def decode_text(text: str, kinds: Collection[str]) -> Any:
    """Turn the text of a path, query or form value into the JSON that the schema's types allow.

    A text that fits none of them stays a text, so that validation can name the fault.
    """
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def decode_json_part(text: str, kinds: frozenset[str]) -> Any:
    """`decode_text` for a multipart text part, in which arrays and objects travel as JSON."""
    if kinds & {"array", "object"}:
        try:
            return _read_json(text)
        except (ValueError, RecursionError):
            return text
    return decode_text(text, kinds)
