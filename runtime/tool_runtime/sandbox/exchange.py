"""What goes into the sandbox's engine, and what comes out: plain data, so that any transport can be an adapter.

Owns the request and the reply as bytes and text, and the signal that no reply comes. Knows no httpx and no server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Silence = Literal["refuse_connection", "connect_timeout", "lose_answer", "drop_connection", "read_timeout"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request. `path` is percent-encoded, and `query` holds decoded pairs; names of headers are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A reply. `delay` seconds pass before it; with `missing` the connection ends before all of the content came."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    delay: float = 0.0
    missing: bool = False


class NoAnswer(Exception):
    """The sandbox does not answer, because a failure says so. `kind` names what the client must see."""

    def __init__(self, kind: Silence, delay: float = 0.0) -> None:
        super().__init__(kind)
        self.kind: Silence = kind
        self.delay = delay
