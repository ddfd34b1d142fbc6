"""Flows: the life of a call as a generator that does no I/O.

A flow yields `Send`, `Sleep` and `Ask`. A flow receives a `Reply` for `Send` (or a `NoReply` is raised in it), and the
answer for `Ask`. Steps, pages and waiters are flows made of flows. Two thin drivers run a flow, a blocking one and an
awaiting one, so that no logic is written twice. Owns the vocabulary between flows and drivers, and what a flow may know
of its surroundings.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tool_runtime.core.account import Account
from tool_runtime.core.binding import Binder
from tool_runtime.core.clock import Clock
from tool_runtime.core.ledger import AnyLedger
from tool_runtime.core.registry import Registry
from tool_runtime.core.requests import Request
from tool_runtime.errors import ConfigurationError, ToolError

if TYPE_CHECKING:
    from tool_runtime.core.gate import Invocation


@dataclass(frozen=True, slots=True, eq=False)
class Send:
    """Send this request once, and give back its reply.

    `at_stake` makes the error that says what may have happened, should nobody else come to say so; None for reads.
    """

    request: Request
    at_stake: Callable[[], ToolError] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sleep:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Ask whether this invocation may go out. Only the answer `True` is yes."""

    invocation: "Invocation"


Command = Send | Sleep | Ask
Flow = Generator[Command, Any, Any]
Repeats = Literal["undelivered", "all"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a flow knows of its surroundings: everything that is not the call itself.

    `timeout`, `total` and `retries` are the client's (None: the tool's own). `random` gives 0..1 for jitter; `new_key`
    makes idempotency keys and ledger ids. `on_sandbox`: calls reach no API. `can_ask`: somebody answers `Ask`. `force`
    lifts a policy's `ask`. `ledger` is None where calls are not recorded. `repeats` says which equal writes are
    answered from the ledger: those whose answer did not reach their caller, or all within `repeat_window` seconds.
    `delivers`: a result that a flow returns has reached its caller. `plain`: results are JSON, whatever the API answers
    with, and no answer is left unread.
    """

    registry: Registry
    binder: Binder
    account: Account
    clock: Clock
    random: Callable[[], float]
    new_key: Callable[[], str]
    surface: str = "python"
    on_sandbox: bool = False
    timeout: float | None = None
    total: float | None = None
    retries: int | None = None
    can_ask: bool = False
    force: bool = False
    ledger: AnyLedger | None = None
    repeats: Repeats = "undelivered"
    repeat_window: float = 600.0
    delivers: bool = True
    plain: bool = False
    missing_key: Callable[[Account, str], ConfigurationError] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What a finished call leaves: its result, its ledger id, and the id of the call that it repeats, if it is one."""

    result: Any
    record: str | None = None
    repeat_of: str | None = None


Arguments = Mapping[str, Any]
