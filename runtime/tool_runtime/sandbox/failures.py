"""What can go wrong on the way, on demand.

Owns: the kinds of fault, which request the next one strikes, and what it makes of an answer.
Must not know: records, the transport's workings.

| kind | the request | the client sees |
|---|---|---|
| `status` | is not applied | an error answer with `status`, `message`, `retry_after` |
| `refuse_connection` | is not applied | httpx.ConnectError |
| `connect_timeout` | is not applied | httpx.ConnectTimeout |
| `redirect` | is not applied | 302 to `location` |
| `lose_answer` | is applied | httpx.ReadError |
| `drop_connection` | is applied | httpx.RemoteProtocolError |
| `read_timeout` | is applied | httpx.ReadTimeout |
| `garbage` | is applied | 200 with an HTML page |
| `truncate` | is applied | the first half of the answer |
| `empty` | is applied | the right status without a body |
| `alter` | is applied | the answer with `changes` in it (dotted paths), such as a value that no type names |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx

from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.declarations import put_path
from tool_runtime.sandbox.routes import Route

Kind = Literal[
    "status",
    "refuse_connection",
    "connect_timeout",
    "redirect",
    "lose_answer",
    "drop_connection",
    "read_timeout",
    "garbage",
    "truncate",
    "empty",
    "alter",
]

_NEVER_SENT: Final[Mapping[str, type[httpx.TransportError]]] = {
    "refuse_connection": httpx.ConnectError,
    "connect_timeout": httpx.ConnectTimeout,
}
_NEVER_ANSWERED: Final[Mapping[str, type[httpx.TransportError]]] = {
    "lose_answer": httpx.ReadError,
    "drop_connection": httpx.RemoteProtocolError,
    "read_timeout": httpx.ReadTimeout,
}
_KINDS: Final = frozenset(
    {*_NEVER_SENT, *_NEVER_ANSWERED, "status", "redirect", "garbage", "truncate", "empty", "alter"}
)
_PAGE: Final = b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>"


@dataclass(slots=True)
class Fault:
    """A fault that waits for its request; `route` None strikes any, `skip` requests pass before the first."""

    kind: str
    route: Route | None
    times: int = 1
    skip: int = 0
    status: int = 503
    message: str | None = None
    retry_after: float | None = None
    location: str = "https://example.com/"
    changes: Mapping[str, Any] = field(default_factory=dict)

    def before(self, request: httpx.Request) -> None:
        """Strike before the request is applied, where the kind does; raises a `Refusal` or an httpx error."""
        if self.kind in _NEVER_SENT:
            raise _NEVER_SENT[self.kind]("the sandbox refused the connection", request=request)
        if self.kind == "status":
            headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
            raise Refusal(self.status, self.message, headers)
        if self.kind == "redirect":
            raise Refusal(302, self.message, {"Location": self.location})

    def alter(self, body: Any) -> Any:
        """Return the answer's JSON as the fault leaves it."""
        if self.kind == "alter" and isinstance(body, dict):
            for path, value in self.changes.items():
                put_path(body, path, value)
        return body

    def after(self, response: httpx.Response, request: httpx.Request) -> httpx.Response:
        """Return the response as the fault leaves it, or raise the httpx error that stands in its place."""
        if self.kind in _NEVER_ANSWERED:
            raise _NEVER_ANSWERED[self.kind]("the sandbox lost the answer", request=request)
        if self.kind == "garbage":
            return httpx.Response(200, headers={"content-type": "text/html"}, content=_PAGE, request=request)
        if self.kind == "truncate":
            half = response.content[: len(response.content) // 2]
            return httpx.Response(response.status_code, headers=_typed(response), content=half, request=request)
        if self.kind == "empty":
            return httpx.Response(response.status_code, content=b"", request=request)
        return response


def _typed(response: httpx.Response) -> dict[str, str]:
    return {"content-type": response.headers.get("content-type", "application/json")}


class Faults:
    """The faults that wait, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its request. Raises ValueError for an unknown kind."""
        if fault.kind not in _KINDS:
            message = f"unknown kind of fault {fault.kind!r}; one of {', '.join(sorted(_KINDS))}"
            raise ValueError(message)
        self.waiting.append(fault)

    def take(self, route: Route | None) -> Fault | None:
        """Return the fault that strikes a request to `route`, using it up; None where none does."""
        for fault in self.waiting:
            if fault.route is not None and fault.route is not route:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            return fault
        return None
