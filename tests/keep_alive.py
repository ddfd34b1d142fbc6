"""A loopback server that keeps its connections open, and connections of our own to it."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tool_runtime.core.account import Account
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Auth
from tool_runtime.http.connection import AsyncConnection
from tool_runtime.values.secrets import Secret

KEY = "key_canary/5550100+x"


def answer(status: int = 200, body: object = None, *, headers: tuple[str, ...] = (), raw: bytes | None = None) -> bytes:
    """Return the bytes of an answer with a length."""
    content = raw if raw is not None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(content)}", "content-type: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


@dataclass
class KeepAliveServer:
    """Keeps its connections open, and answers each request with what `handler(socket, head, number)` sends.

    A handler that returns False closes the connection. `arrived` holds the connection and the head of each request.
    """

    handler: Callable[[socket.socket, str, int], object]
    arrived: list[tuple[int, str]] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, len(self.connections)))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    data += self._more(connection)
                head, _, data = data.partition(b"\r\n\r\n")
                lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                length = int(lengths[0]) if lengths else 0
                while len(data) < length:
                    data += self._more(connection)
                data = data[length:]
                with self._lock:
                    self.arrived.append((number, head.decode("latin-1")))
                    count = len(self.arrived)
                if self.handler(connection, head.decode("latin-1"), count) is False:
                    return
        except (OSError, EOFError):
            return
        finally:
            connection.close()

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise EOFError
        return data

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join()


OPTIONS = {"auth": Auth("header", "authorization", "Bearer "), "agent": "agent/1", "distribution": "some-tools"}


def account_of(url: str, name: str = "default", key: str = KEY) -> Account:
    return Account(name, Secret(key), url)


def read(path: str = "/thing", **options: object) -> Request:
    return Request("get_thing", "GET", path, **options)


def write(path: str = "/thing", **options: object) -> Request:
    return Request("make_thing", "POST", path, content=b'{"a":1}', **options)


def aconnect(**options: object) -> AsyncConnection:
    return AsyncConnection(**(OPTIONS | options))
