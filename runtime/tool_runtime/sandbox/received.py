"""Reading a request: its keys, its query, its cookies and its body.

Owns: the declared authentication, bodies of JSON, forms and any other media type, the record of what was received.
Must not know: which values a tool accepts (checks.py) or what becomes of them.
"""

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tool_runtime.core.credentials import alternatives_of
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Auth as DeclaredAuth
from tool_runtime.core.tools import Tool
from tool_runtime.sandbox.answers import NOTHING, Refusal
from tool_runtime.sandbox.exchange import Incoming
from tool_runtime.sandbox.forms import read_form
from tool_runtime.sandbox.styled_values import read_json
from tool_runtime.values.media import kind_of

_MASK: Final = "***"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """A request that the sandbox received, and the status of the answer (None: there was no answer).

    `number` counts the requests from 1, `at_ms` is the sandbox's time, `failure` the kind of the failure that struck.

    `tool` is None where no tool has this method and path. `body` is the decoded JSON, the fields of a form (a file as
    `{filename, content_type, size}`), the text of another body or what is known of its bytes, or None. The headers are
    complete; `repr` masks the keys.
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
    """Asks for the keys where the registry says that the keys of a tool go."""

    def __init__(self, registry: Registry, keys: Collection[str] | None) -> None:
        self._registry = registry
        self._keys = keys
        names = {scheme.name for scheme in registry.schemes.values() if scheme.place != "cookie"}
        if any(scheme.place == "cookie" for scheme in registry.schemes.values()):
            names.add("cookie")
        self.secrets = tuple(sorted(names | {name.lower() for name in names}))

    def check(self, request: Incoming, tool: Tool | None = None) -> str:
        """Return the first key; an empty text where the tool needs none. `tool` is None for an unknown path.

        Raises a 401 `Refusal` where no alternative of the tool has all of its keys, well-formed and accepted.
        """
        declared = (self._registry.security or ((),)) if tool is None else alternatives_of(tool, self._registry)
        for together in declared:
            found = [self._key(request, self._registry.schemes[name]) for name in together]
            if None not in found:
                return found[0] or "" if found else ""
        raise Refusal(401)

    def _key(self, request: Incoming, scheme: DeclaredAuth) -> str | None:
        """Return the key that a request has for a scheme; None for a missing, malformed or unknown one."""
        if scheme.place == "query":
            given = dict(request.query).get(scheme.name)
        elif scheme.place == "cookie":
            given = dict(read_cookies(request)).get(scheme.name)
        else:
            given = request.headers.get(scheme.name.lower())
        prefix = scheme.prefix or ("Basic " if scheme.basic else "")
        if not given or not given.startswith(prefix):
            return None
        key = given[len(prefix) :].strip()
        if scheme.basic:
            try:
                # A key without a password is sent as a user without one.
                key = base64.b64decode(key, validate=True).decode(errors="replace").removesuffix(":")
            except binascii.Error:
                return None
        return key if key and (self._keys is None or key in self._keys) else None


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body that is neither JSON nor a form: its bytes, and the media type that the request names."""

    content: bytes = field(repr=False)
    content_type: str = ""

    def shown(self) -> Any:
        """Return the body for the journal: its text, or its media type and size."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            return {"content_type": self.content_type, "size": len(self.content)}


class FormBody(dict[str, Any]):
    """The fields of a form by name, texts or lists of texts; `pairs` are the fields in their order."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        listed: dict[str, list[str]] = {}
        for name, text in pairs:
            listed.setdefault(name, []).append(text)
        super().__init__({name: texts[0] if len(texts) == 1 else texts for name, texts in listed.items()})


def read_cookies(request: Incoming) -> list[tuple[str, str]]:
    """Return the cookies in their order: `a=1; b=x%3By` gives `[("a", "1"), ("b", "x;y")]`."""
    parts = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return [(name, unquote(text)) for name, _, text in parts if name]


def kind_of_body(request: Incoming) -> str:
    """Say how a body is written, in the words of a tool's `body`: `json`, `form`, `multipart` or `raw`."""
    name = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if name in {FORM, MULTIPART}:
        return "form" if name == FORM else "multipart"
    return "json" if kind_of(name) == "json" else "raw"


def read_body(request: Incoming, *, as_raw: bool = False) -> Any:
    """Return the decoded body, or `NOTHING` for an empty one.

    JSON is decoded (null included), the parts of multipart are by name, a form is a `FormBody`, and everything else a
    `RawBody`; `as_raw` takes any media type as that. Raises a 400 `Refusal` where the body is not what its content type
    says.
    """
    content = request.content
    if not content:
        return NOTHING
    content_type = request.headers.get("content-type", "")
    kind = "raw" if as_raw else kind_of_body(request)
    if kind == "multipart":
        return read_form(content, content_type)
    if kind == "raw":
        return RawBody(content, content_type.partition(";")[0].strip())
    try:
        return FormBody(_pairs(content)) if kind == "form" else read_json(content)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is not valid JSON" if kind == "json" else "the body is no valid form") from None


def _pairs(content: bytes) -> list[tuple[str, str]]:
    return parse_qsl(content.decode(), keep_blank_values=True, errors="strict")
