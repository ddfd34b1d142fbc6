"""Messages: from a `Request` to an httpx request.

Owns what an account adds to a request: the host, the key and the headers that each of its requests bears. Host and key
are added here and nowhere else. The URL cannot leave the account's host, and no header of a call can replace the host,
the key or the framing of the message. Knows no tool and sends nothing.

Imported when the first request is sent, since httpx is.
"""

import logging
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote, unquote_plus

import httpx

from tool_runtime.core.account import Account
from tool_runtime.core.credentials import key_of
from tool_runtime.core.options import FRAMING_HEADERS
from tool_runtime.core.requests import JSON, Request
from tool_runtime.core.tools import Auth
from tool_runtime.errors import ConfigurationError
from tool_runtime.http.bodies import ACCEPTED_ENCODINGS
from tool_runtime.values.secrets import MASK

CONNECT_TIMEOUT = 5.0
# One for each account; more only where somebody changes the default headers of an http client call by call.
MOST_HEADER_SETS = 64
MOST_LENGTHS = 256
NOTHING_WAS_SENT = "Nothing was sent."
LONGEST_LABEL, LONGEST_HOST = 63, 253
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class HeaderSet:
    """The headers of an account's requests, made once. The key is in them, so functions give them out, as in `Secret`.

    `json` gives the headers of a request with a body of JSON of so many bytes; `plain` those of other requests.
    """

    __slots__ = ("account", "defaults", "json", "plain")

    def __init__(self, account: Account, defaults: list[tuple[bytes, bytes]], plain: httpx.Headers) -> None:
        self.account = account
        self.defaults = defaults
        self.plain: Callable[[], httpx.Headers] = lambda: plain

        # To set a header takes httpx 1.4 microseconds.
        @lru_cache(maxsize=MOST_LENGTHS)
        def json(length: int) -> httpx.Headers:
            made = httpx.Headers(plain)
            made["content-type"] = JSON
            made["content-length"] = str(length)
            return made

        self.json: Callable[[int], httpx.Headers] = json

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled, which would write the key down."""
        message = "headers with a key are not pickled"
        raise TypeError(message)


class _HidesKeys(logging.Filter):
    """Hides keys in the URLs that httpx logs: each request that a client of the caller's own sends, at level INFO.

    Example: `GET https://api.example.com/calls?token=key_1` is logged as `GET https://api.example.com/calls?token=***`.
    """

    names: ClassVar[set[str]] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with masked URLs."""
        if isinstance(record.args, tuple):
            record.args = tuple(self._shown(part) if isinstance(part, httpx.URL) else part for part in record.args)
        return True

    def _shown(self, url: httpx.URL) -> httpx.URL:
        held = {name: MASK for name in url.params if name in self.names}
        return url.copy_merge_params(held) if held else url


_HIDES_KEYS = _HidesKeys()


class Messages:
    """Makes the httpx requests of one connection."""

    def __init__(self, auth: Auth, agent: str, schemes: Iterable[Auth] = ()) -> None:
        self._auth = auth
        self._usual = (auth,)
        self._agent = agent
        # These are never taken from a call or from a client's defaults.
        every = (auth, *schemes)
        keys = {scheme.name.lower() for scheme in every if scheme.place == "header"}
        self._own = FRAMING_HEADERS | keys
        in_queries = {scheme.name for scheme in every if scheme.place == "query"}
        if in_queries:
            _HIDES_KEYS.names.update(in_queries)
            logging.getLogger("httpx").addFilter(_HIDES_KEYS)
        self._sets: dict[tuple[int, tuple[Auth, ...], str], HeaderSet] = {}

    def make(self, request: Request, account: Account, defaults: httpx.Headers | None, trace: Any) -> httpx.Request:
        """Make the httpx request.

        `defaults` are the default headers of a client of the caller's own; `trace` gets httpcore's events. Raises
        `ConfigurationError` for what cannot be sent.

        Example: `Request("get_call", "GET", "/v2/get-call/c1")` for an account of `https://api.example.com` gives
        `GET https://api.example.com/v2/get-call/c1` with `host`, `authorization` and so on.
        """
        auth = self._usual if request.auth is None else request.auth
        base_url = self._base_url(request, account)
        query = request.query
        for scheme in auth:
            if scheme.place == "query":
                # httpx would write the whole query anew, in one style for all parameters.
                query = _with_key(query, scheme.name, self._key(account, scheme))
        # A URL that holds a key is kept in no cache.
        url = (_kept_url if query == request.query else _url)(base_url, request.path, query)
        known = self._known(account, auth, base_url, defaults)
        limit = request.timeout
        if request.total is not None and request.total < limit:
            limit = request.total
        limits = {"connect": min(limit, CONNECT_TIMEOUT), "read": limit, "write": limit, "pool": limit}
        options: dict[str, Any] = {"extensions": {"timeout": limits, "trace": trace}}
        content = request.content
        if content is None:
            # A field without a file name is still a part: multipart is used even where no file is given.
            options["files"] = request.parts and [
                (part.name, (part.filename, part.content, part.content_type)) for part in request.parts
            ]
            made = httpx.Request(request.method, url, headers=known.plain(), **options)
            if request.parts and request.content_type != JSON:
                # httpx writes form data only; the parts of `multipart/mixed` and the like are written alike.
                _, _, boundary = made.headers["content-type"].partition(";")
                made.headers["content-type"] = f"{_checked(request.content_type, 'content-type')};{boundary}"
        else:
            # Host, length and type are put into the headers here: httpx takes 7 microseconds more to work them out.
            headers, body = known.json(len(content)), httpx.ByteStream(content)
            made = httpx.Request(request.method, url, headers=headers, stream=body, **options)
            # For hooks that look at `content`. `read()` puts the same there, in 2 microseconds.
            made._content = content  # noqa: SLF001 - as above
            if request.content_type != JSON:
                made.headers["content-type"] = _checked(request.content_type, "content-type")
        if request.accept != JSON:
            made.headers["accept"] = _checked(request.accept, "accept")
        if request.headers:
            made.headers.update(_usable(request.headers, self._own))
        for scheme in auth:
            if scheme.place == "cookie":
                ours = f"{scheme.name}={self._key(account, scheme)}"
                others = made.headers.get("cookie")
                made.headers["cookie"] = f"{others}; {ours}" if others else ours
        # All of them are ASCII. httpx decodes each header once more to find that out, in 1.3 microseconds.
        made.headers.encoding = "ascii"
        return made

    @staticmethod
    def _base_url(request: Request, account: Account) -> str:
        """Return the base URL of a request. A server that the account does not know gets nothing, and no key."""
        if not request.server:
            return account.base_url
        url = account.servers.get(request.server)
        if url is None:
            message = f"{request.tool}: the account {account.name!r} has no base URL for the server {request.server!r}"
            hint = f"Its calls go to {account.base_url}; say where those of this server go. {NOTHING_WAS_SENT}"
            raise ConfigurationError(message, hint=hint)
        return url

    def _known(
        self, account: Account, auth: tuple[Auth, ...], base_url: str, defaults: httpx.Headers | None
    ) -> HeaderSet:
        raw = [] if defaults is None else defaults.raw
        known = self._sets.get((id(account), auth, base_url))
        if known is None or known.account is not account or known.defaults != raw:
            known = self._made(account, auth, base_url, defaults, raw)
        return known

    def _made(
        self,
        account: Account,
        auth: tuple[Auth, ...],
        base_url: str,
        defaults: httpx.Headers | None,
        raw: list[tuple[bytes, bytes]],
    ) -> HeaderSet:
        host = _base(base_url).netloc.decode("ascii")
        given = [] if defaults is None else defaults.multi_items()
        own = {
            "host": host,
            "accept": "application/json",
            "accept-encoding": ACCEPTED_ENCODINGS,
            "user-agent": self._agent,
        }
        for scheme in auth:
            if scheme.place == "header":
                key = self._key(account, scheme)
                if not _VALUE.fullmatch(key) or not key.isascii() or key != key.strip():
                    message = f"the key of account {account.name!r} holds characters that no header can carry"
                    raise ConfigurationError(message, hint=f"Copy the key again. {NOTHING_WAS_SENT}")
                prefix = scheme.prefix or ("Basic " if scheme.basic else "")
                own[scheme.name] = f"{prefix}{key}".strip()
        plain = httpx.Headers([("host", host), *_usable(given, self._own | {"content-type", *own})])
        plain.update(own)
        if len(self._sets) >= MOST_HEADER_SETS:
            self._sets.clear()
        made = self._sets[id(account), auth, base_url] = HeaderSet(account, list(raw), plain)
        return made

    def _key(self, account: Account, scheme: Auth) -> str:
        key = key_of(account, scheme, self._auth)
        text = key.reveal() if key is not None else ""
        if scheme.basic:
            # Some APIs take a key for the user, and no password.
            login = text if ":" in text else f"{text}:"
            return b64encode(login.encode()).decode("ascii")
        return quote(text, safe="!#$&'()*+-./:<=>?@[]^_`{|}~") if scheme.place == "cookie" else text


def _checked(value: str, name: str) -> str:
    if not _VALUE.fullmatch(value) or not value.isascii():
        message = f"the value of the header {name!r} holds characters that no header can carry"
        raise ConfigurationError(message, hint=NOTHING_WAS_SENT)
    return value


def _usable(given: Iterable[tuple[str, str]], own: frozenset[str]) -> list[tuple[str, str]]:
    """Return the headers but for our own. Raises `ConfigurationError` for what no message can carry."""
    usable = []
    for name, value in given:
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is no name of a header", hint=NOTHING_WAS_SENT)
        _checked(value, name)
        if name.lower() not in own:
            usable.append((name, value.strip()))
    return usable


def _with_key(query: str, name: str, key: str) -> str:
    """Write a key into a query, in place of every parameter of the same name: `a=1` -> `a=1&key=k`."""
    others = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) != name]
    return "&".join([*others, f"{quote(name, safe='')}={quote(key, safe='')}"])


def _url(base_url: str, path: str, query: str) -> httpx.URL:
    base = _base(base_url)
    try:
        url = httpx.URL(f"{base_url}{path}?{query}" if query else f"{base_url}{path}")
        parts = (url.scheme, url.host, url.port, url.userinfo)
    except (httpx.InvalidURL, ValueError) as error:
        message = f"the request has no usable URL: {error}"
        raise ConfigurationError(message, hint=f"Look at the arguments of the call. {NOTHING_WAS_SENT}") from None
    if parts != (base.scheme, base.host, base.port, b""):
        raise ConfigurationError("the request would leave the configured host", hint=NOTHING_WAS_SENT)
    return url


_kept_url = lru_cache(maxsize=512)(_url)


@lru_cache(maxsize=64)
def _base(base_url: str) -> httpx.URL:
    """Read a base URL. Raises `ConfigurationError` where its host cannot exist."""
    hint = f"Look at the account's base URL. {NOTHING_WAS_SENT}"
    try:
        url = httpx.URL(base_url)
        # `host` decodes what a host in ASCII stands for, and so finds `xn--a`, which stands for nothing.
        name = url.raw_host.decode("ascii") if url.host else ""
    except (httpx.InvalidURL, ValueError) as error:
        raise ConfigurationError(f"{base_url} is no usable base URL: {error}", hint=hint) from None
    labels = name.rstrip(".").split(".")
    is_name = len(name) <= LONGEST_HOST and all(0 < len(label) <= LONGEST_LABEL for label in labels)
    if not is_name and ":" not in name:
        raise ConfigurationError(f"{base_url} is no usable base URL: its host is no host name", hint=hint)
    return url
