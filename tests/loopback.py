"""A loopback HTTP server that answers by script, and a clock on which waiting is free."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx


@dataclass
class Received:
    """One request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


Answer = Callable[[socket.socket], None]


def reply(
    status: int, body: object = None, *, headers: dict[str, str] | None = None, raw: bytes | None = None
) -> Answer:
    """Answer with a status and a JSON body (or raw bytes)."""
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"content-length: {len(content)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in {"content-type": "application/json", **(headers or {})}.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    return lambda connection: connection.sendall(head + content)


def dropped(connection: socket.socket) -> None:
    """Take the request and close without a word."""


def truncated(connection: socket.socket) -> None:
    """Promise more of a body than is sent."""
    connection.sendall(
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"call_id": "ca'
    )


@dataclass
class LoopbackServer:
    """Answers each request with the next of `script`, and keeps what it received."""

    script: list[Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                request = self._read(connection)
                if request is not None:
                    self.received.append(request)
                    answer = self.script.pop(0) if self.script else reply(500, {"message": "the script has ended"})
                    answer(connection)

    @staticmethod
    def _read(connection: socket.socket) -> Received | None:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return None
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        method, target, _ = first.split(" ", 2)
        return Received(method, target, headers, body)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


class FreeClock:
    """A clock on which waiting costs nothing and is written down."""

    def __init__(self) -> None:
        self.now = 1_767_225_600.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@dataclass
class Recorder:
    """Keeps requests and answers by script; an empty script answers `{}`."""

    script: list[httpx.Response | BaseException] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.script.pop(0) if self.script else httpx.Response(200, json={})
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.handle))

    @property
    def bodies(self) -> list[object]:
        return [json.loads(request.content) for request in self.requests]
