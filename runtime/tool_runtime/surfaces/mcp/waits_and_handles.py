"""Waits: bounded, with progress, and with a handle to go on from.

Clients give up after a minute, so no request of this server lasts longer. A wait that has not reached its state is
answered with where things stand and with a handle; `wait_for` goes on from the handle. A handle of a wait says what is
waited for and holds no secret; a handle of a job belongs to the desk.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import anyio

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Waiter
from tool_runtime.errors import Fault, InvalidArguments, ToolError, WaitTimedOut
from tool_runtime.surfaces.mcp.served_client import ServedClient
from tool_runtime.values.templates import ABSENT, lookup

_PREFIX = "wait_"
_LONGEST_HANDLE = 8_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for. `left` is how many seconds the whole wait may still take; None for the waiter's own time."""

    waiter: str
    arguments: dict[str, Any]
    account: str | None = None
    left: float | None = None

    def handle(self) -> str:
        """Return the handle."""
        text = json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()
        return _PREFIX + base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_handle(text: Any) -> Waiting:
    """Return what a handle says. Raises `InvalidArguments` for a text that is no handle."""
    try:
        if not isinstance(text, str) or not text.startswith(_PREFIX) or len(text) > _LONGEST_HANDLE:
            raise ValueError(text)  # noqa: TRY301 - every kind of a wrong handle ends below
        body = text.removeprefix(_PREFIX)
        known = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        waiting = Waiting(**known)
        kinds = (str, dict, str | None, int | float | None)
        values = (waiting.waiter, waiting.arguments, waiting.account, waiting.left)
        if not all(isinstance(value, kind) for value, kind in zip(values, kinds, strict=True)):
            raise TypeError(text)  # noqa: TRY301 - as above
    except (ValueError, TypeError, binascii.Error, RecursionError):
        fault = Fault("handle", "value", "is no handle of this server, or a handle of long ago")
        raise InvalidArguments(str(fault), faults=(fault,), hint="Give waiter and arguments instead.") from None
    return waiting


@dataclass(frozen=True, slots=True)
class Waited:
    """How a wait stands: the last reply, and a handle where the state is not there yet."""

    reply: Any
    handle: str | None = None


async def wait_a_while(
    client: ServedClient,
    registry: Registry,
    waiting: Waiting,
    patience: float,
    progress: Callable[[float, float | None, str], Awaitable[None]],
) -> Waited:
    """Wait for a state, at most `patience` seconds.

    Raises as `AsyncClient.wait_for`, but for an end that comes early.
    """
    waiter = registry.waiter(waiting.waiter)
    whole = waiter.timeout if waiting.left is None else waiting.left
    here = min(whole, patience)
    clock = client.clock
    started = clock.monotonic()
    failure: ToolError | None = None
    reply: Any = None
    async with anyio.create_task_group() as group:

        async def tell(reply: Any) -> None:
            await progress(clock.monotonic() - started, here, _state(waiter, reply))

        def watch(reply: Any) -> None:
            group.start_soon(tell, reply)

        try:
            reply = await client.wait_for(waiter.name, waiting.arguments, timeout=here, watch=watch)
        except ToolError as error:
            # Raised behind the group, which would wrap the error.
            failure = error
    if failure is None:
        return Waited(reply)
    left = whole - (clock.monotonic() - started)
    if not isinstance(failure, WaitTimedOut) or left <= 0:
        raise failure
    return Waited(failure.last, replace(waiting, left=round(left, 3)).handle())


def _state(waiter: Waiter, reply: Any) -> str:
    """Return in words where things stand: `waiting for book_returned: status "lent"`."""
    fields = dict.fromkeys(state.field for state in (*waiter.until, *waiter.fail))
    known = [(name, lookup(reply, name)) for name in fields]
    shown = ", ".join(f"{name} {json.dumps(value)[:60]}" for name, value in known if value is not ABSENT)
    return f"waiting for {waiter.name}" + (f": {shown}" if shown else "")
