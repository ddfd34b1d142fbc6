"""Flows: the life of a call as a generator that does no I/O.

A flow yields `Send` and `Sleep` and receives replies, or a `TransportFault` where no reply came; steps, pages and
waiters are flows made of flows. Two thin drivers run them, a blocking one and an asynchronous one, so that no logic
is written twice. Owns the vocabulary between flows and drivers and what a flow may know of its surroundings.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.account import Account
from tool_runtime.core.binding import Binder
from tool_runtime.core.clock import Clock
from tool_runtime.core.errors import ConfigurationError
from tool_runtime.core.registry import Registry
from tool_runtime.core.replies import Reply
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Tool

Confirm = Callable[[Tool, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Send:
    """Send this request once, and give back its reply."""

    request: Request


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


Command = Send | Sleep
Flow = Generator[Command, Reply | None, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What a flow knows of its surroundings; everything that is not the call itself.

    `timeout` and `retries` are the client's (None: the tool's own). `random` gives 0..1 for jitter; `new_key` makes
    idempotency keys; `confirm` answers a policy that says `ask`.
    """

    registry: Registry
    binder: Binder
    account: Account
    clock: Clock
    random: Callable[[], float]
    new_key: Callable[[], str]
    timeout: float | None = None
    retries: int | None = None
    confirm: Confirm | None = None
    missing_key: Callable[[Account], ConfigurationError] | None = None
