"""Transport: the one seam to httpx.

Owns the turning of a `Request` into an httpx request (host and key are added here and nowhere else), of an httpx
response into a `Reply`, and of httpx's exceptions into `NoReply`. Redirects are not followed, cookies are not
kept, and the key is removed from what an error might show. Knows no tool.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tool_runtime.core.account import Account
from tool_runtime.core.replies import NoReply, Reply
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Auth
from tool_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 5.0
# One for each account; more only where somebody changes the default headers of an http client call by call.
MOST_HEADER_SETS = 64


class Session:
    """The httpx client that a client and its accounts share: made when it is first needed, closed only if made here."""

    def __init__(self, make: Callable[[], Any], http_client: Any = None) -> None:
        self._make = make
        self._client = http_client
        self._lock = threading.Lock()
        self._headers: dict[Any, Any] = {}
        self._loop: Any = None
        self.owned = http_client is None
        self.closed = False

    def client(self, loop: Any = None) -> Any:
        """Return the httpx client, or raise `ConfigurationError` after `close`.

        `loop` is the running event loop of an asynchronous client, whose connections cannot outlive it.
        """
        client = self._client
        if self.owned and client is not None and loop is not self._loop:
            client = self._client = None
        if self.closed or (client is not None and client.is_closed):
            message = "the client is closed"
            raise ConfigurationError(message, hint="Make a new client; nothing was sent.")
        if client is None:
            with self._lock:
                client = self._client = self._client or self._make()
                self._loop = loop
        return client

    def headers(self, client: Any, account: Account, auth: Auth, agent: str, *, is_json: bool) -> Any:
        """Return the headers that every request of an account bears: the client's own, under ours."""
        known = (account, is_json, tuple(client.headers.raw))
        found = self._headers.get(known)
        if found is None:
            import httpx

            if len(self._headers) >= MOST_HEADER_SETS:
                self._headers.clear()

            host = httpx.URL(account.base_url).netloc.decode("ascii")
            found = httpx.Headers([("host", host), *client.headers.multi_items()])
            found.update({"host": host, "accept": "application/json", "user-agent": agent})
            if auth.header:
                key = account.key.reveal() if account.key else ""
                found[auth.name] = f"{auth.prefix}{key}"
            if is_json:
                found["content-type"] = "application/json"
            self._headers[known] = found
        return found

    def detach(self) -> Any:
        """Mark the session closed and return the httpx client that has to be closed with it, or None."""
        self.closed = True
        return self._client if self.owned else None


def make_http_client(cls: Any, transport: Any) -> Any:
    """Make an httpx client of our own.

    It keeps no cookies: accounts share connections, and a session of one must not speak for another. Plain http goes
    to this machine only, so no proxy of the environment gets to see its key.
    """
    from http.cookiejar import DefaultCookiePolicy

    client = cls(transport=transport, mounts={"http://": None})
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def to_httpx(
    session: Session, client: Any, request: Request, account: Account, auth: Auth, agent: str
) -> "httpx.Request":
    """Make the httpx request: the account's host and key, the client's own default headers, and the body."""
    import httpx

    url = _url(account.base_url, request.path, request.query)
    if not auth.header:
        url = url.copy_merge_params({auth.name: account.key.reveal() if account.key else ""})
    timeout = request.timeout
    limits = {"connect": min(timeout, CONNECT_TIMEOUT), "read": timeout, "write": timeout, "pool": timeout}
    is_json = request.content is not None
    headers = httpx.Headers(session.headers(client, account, auth, agent, is_json=is_json))
    if request.headers:
        headers.update(request.headers)
    extensions = {"timeout": limits}
    if request.parts is not None:
        # A field without a file name is still a part: multipart is used even where no file is given.
        files: Any = [(part.name, (part.filename, part.content, part.content_type)) for part in request.parts]
        return httpx.Request(request.method, url, headers=headers, extensions=extensions, files=files)
    if request.content is None:
        return httpx.Request(request.method, url, headers=headers, extensions=extensions)
    # Host, length and type stand in the headers already, so httpx need not work them out again for each call.
    headers["content-length"] = str(len(request.content))
    stream = httpx.ByteStream(request.content)
    made = httpx.Request(request.method, url, headers=headers, extensions=extensions, stream=stream)
    made.read()
    return made


@lru_cache(maxsize=512)
def _url(base_url: str, path: str, query: str) -> "httpx.URL":
    import httpx

    try:
        base = httpx.URL(base_url)
        url = httpx.URL(f"{base_url}{path}?{query}" if query else f"{base_url}{path}")
    except (httpx.InvalidURL, UnicodeError) as error:
        message = f"the request has no usable URL: {error}"
        raise ConfigurationError(message, hint="Look at the base URL and the query; nothing was sent.") from error
    if (url.scheme, url.host, url.port, url.userinfo) != (base.scheme, base.host, base.port, b""):
        message = "the request would leave the configured host"
        raise ConfigurationError(message, hint="Nothing was sent.")
    return url


def to_reply(response: "httpx.Response") -> Reply:
    """Make the reply of a response that was read to its end."""
    return Reply(response.status_code, response.headers, response.content)


@contextmanager
def translated(account: Account) -> Iterator[None]:
    """Turn what httpx raises into a `NoReply` that says whether the request may have arrived."""
    import httpx

    # No connection was had in any of these: nothing can have arrived. A LocalProtocolError is not among them, since
    # over HTTP/2 it also stands for what went wrong after the headers had gone out.
    unsent = (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.UnsupportedProtocol,
        httpx.ProxyError,
    )
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        sent = not isinstance(error, unsent)
        kind = "timeout" if isinstance(error, httpx.TimeoutException) else "connection"
        text = str(error) or type(error).__name__
        message = account.key.hide(text) if account.key else text
        told = ("no answer in time" if kind == "timeout" else "no answer") if sent else "no connection"
        raise NoReply(kind, sent=sent, message=f"{told}: {message}") from error
