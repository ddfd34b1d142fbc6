"""The sandbox as an ASGI application.

Owns which requests are the API's and which the sandbox's own, how a reply or its absence goes out, the web page, the
stream of events. Must not know the server, but for the connections that it may break.

A browser that shows somebody's page must not reach the sandbox's own API: such requests are refused by their `Origin`,
and by a `Host` that is no name of this machine (a name whose address was changed meanwhile).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.resources import files
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote

from tool_runtime.sandbox.exchange import Incoming, NoAnswer, Outgoing
from tool_runtime.sandbox.received import Received
from tool_runtime.sandbox.sandbox import Sandbox
from tool_runtime.sandbox.server.admin import AdminRequest, answer
from tool_runtime.sandbox.server.admin_path import PREFIX

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Break(Protocol):
    """What ends the connection of a request at once."""

    def __call__(self, scope: Scope, *, clean: bool) -> None:
        """End it: as if the other side had closed (clean), or as if the network had failed."""


_LARGEST_BODY: Final = 64 * 2**20
_MOST_WAITING: Final = 1000
_PAGE_RULES: Final = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"
_KINDS: Final = {"": "text/html; charset=utf-8", "page.js": "text/javascript", "page.css": "text/css"}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]", "host.docker.internal")
_HANGS: Final = ("connect_timeout", "read_timeout")


class Application:
    """Answers for one sandbox. `hosts` are further names under which its own API may be reached (None: any)."""

    def __init__(self, sandbox: Sandbox, break_off: Break, hosts: tuple[str, ...] | None = ()) -> None:
        self.sandbox = sandbox
        self._break = break_off
        self._hosts = hosts
        self._watching: set[asyncio.Queue[dict[str, Any]]] = set()
        self.changed = asyncio.Event()
        self.closing = asyncio.Event()
        sandbox.engine.listeners.append(self._note)

    def _note(self, received: Received) -> None:
        self.tell({"type": "request", "request": received.to_dict()})

    def tell(self, event: dict[str, Any]) -> None:
        """Show something to whoever watches; called in the thread of the server's loop."""
        self.changed.set()
        for queue in self._watching:
            if queue.qsize() < _MOST_WAITING:
                queue.put_nowait(event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        content = await _body(receive)
        if content is None:
            await _send(
                send, Outgoing(413, {"content-type": "application/json"}, b'{"error": "the body is too large"}')
            )
            return
        path = scope.get("raw_path", scope["path"].encode()).partition(b"?")[0].decode("ascii", "replace")
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            await self._own(scope, path.removeprefix(PREFIX), content, send)
        else:
            await self._api(scope, path, content, receive, send)

    async def _api(self, scope: Scope, path: str, content: bytes, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        incoming = Incoming(
            method=scope["method"],
            path=path,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            content=content,
        )
        try:
            reply = self.sandbox.engine.answer(incoming)
        except NoAnswer as silence:
            await asyncio.sleep(silence.delay)
            if silence.kind in _HANGS:
                await self._hang(receive)
            self._break(scope, clean=silence.kind == "drop_connection")
            return
        if reply.delay:
            await asyncio.sleep(reply.delay)
        await _send(send, reply)
        if reply.missing:
            self._break(scope, clean=True)

    async def _hang(self, receive: Receive) -> None:
        """Wait until the client gives up or the server ends."""

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        waits = [asyncio.ensure_future(gone()), asyncio.ensure_future(self.closing.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _own(self, scope: Scope, path: str, content: bytes, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if (refusal := self._stranger(headers)) is not None:
            await _send_json(send, 403, {"error": refusal})
            return
        name = path.strip("/")
        if scope["method"] == "GET" and name in _KINDS:
            rules = {"content-type": _KINDS[name], "content-security-policy": _PAGE_RULES, "cache-control": "no-store"}
            page = files("tool_runtime.sandbox.server").joinpath(name or "page.html").read_bytes()
            await _send(send, Outgoing(200, rules, page))
        elif scope["method"] == "GET" and name == "events":
            await self._stream(send)
        else:
            try:
                body = json.loads(content) if content else None
            except (ValueError, RecursionError):
                await _send_json(send, 400, {"error": "the body is not valid JSON"})
                return
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            status, told = answer(self.sandbox, AdminRequest(scope["method"], unquote(path) or "/", query, body))
            await _send_json(send, status, told)
            if scope["method"] != "GET":
                self.tell({"type": "changed"})

    def _stranger(self, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if self._hosts is not None and name.lower() not in (*_LOOPBACK, *self._hosts):
            return f"the sandbox's own API is not reached under the name {name[:100]}"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return f"pages of {origin[:100]} may not use the sandbox's own API"
        return None

    async def _stream(self, send: Send) -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._watching.add(queue)
        try:
            headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
            while not self.closing.is_set():
                try:
                    event = await asyncio.wait_for(queue.get(), 1)
                    data = f"data: {json.dumps(event)}\n\n".encode()
                except TimeoutError:
                    data = b": still here\n\n"
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except OSError:
            return
        finally:
            self._watching.discard(queue)


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body; None where the body is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _send_json(send: Send, status: int, value: Any) -> None:
    content = json.dumps(value, separators=(",", ":")).encode()
    await _send(send, Outgoing(status, {"content-type": "application/json"}, content))


async def _send(send: Send, reply: Outgoing) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    length = len(reply.content) * 2 + 1 if reply.missing else len(reply.content)
    if reply.status != 204:  # noqa: PLR2004 - the status without a body has no length either
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content, "more_body": reply.missing})
