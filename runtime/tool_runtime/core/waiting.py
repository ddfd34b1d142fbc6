"""Waiting: a read that is repeated until a state is there, as a flow.

Owns the deadline of a wait, which bounds the reads inside the wait too, and the meaning of a waiter's conditions.
Waiters are data of the registry.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tool_runtime.core.flow import Context, Done, Flow, Sleep
from tool_runtime.core.invoke import invoke
from tool_runtime.core.options import seconds_problem
from tool_runtime.core.tools import Condition, Waiter
from tool_runtime.errors import Fault, InvalidArguments, RemoteError, WaitFailed, WaitTimedOut
from tool_runtime.values.templates import ABSENT, lookup

# A month: more is a mistake, and far more is a number that no clock can add.
LONGEST_WAIT = 31 * 86_400


def wait(
    context: Context,
    waiter: Waiter,
    arguments: Mapping[str, Any],
    *,
    timeout: Any = None,
    interval: Any = None,
    request_options: Mapping[str, Any] | None = None,
    watch: Callable[[Any], None] | None = None,
) -> Flow:
    """Read until the waiter's state is there and return that reply; `timeout` and `interval` are seconds.

    `watch` gets each reply after which the wait goes on.

    Raises `WaitTimedOut` at the deadline, also where a read is under way then, and `WaitFailed` where a state was
    reached from which the awaited one cannot come.
    """
    tool = context.registry.resolve(waiter.tool)
    faults = tuple(
        Fault(option, "value", problem)
        for option, value in (("timeout", timeout), ("interval", interval))
        if value is not None and (problem := seconds_problem(value, LONGEST_WAIT))
    )
    if faults:
        raise InvalidArguments(f"{waiter.name}: {'; '.join(map(str, faults))}", tool=tool.name, faults=faults)
    patience = waiter.timeout if timeout is None else timeout
    pause = waiter.interval if interval is None else interval
    deadline = context.clock.monotonic() + patience
    last = None
    while True:
        try:
            done: Done = yield from invoke(context, tool, arguments, request_options, deadline)
        except RemoteError as error:
            # A timer of the network may end a moment before this clock says so.
            if context.clock.monotonic() < deadline - 0.05:
                raise
            raise _timed_out(waiter, arguments, patience, last) from error
        last = done.result
        if any(_met(state, last) for state in waiter.until):
            return last
        for state in waiter.fail:
            if _met(state, last):
                reached = {state.field: lookup(last, state.field)}
                message = f"{waiter.name}: the awaited state cannot come, since {_shown(reached)} was reached"
                raise WaitFailed(message, tool=tool.name, waiter=waiter.name, state=reached, last=last)
        left = deadline - context.clock.monotonic()
        if left <= 0:
            raise _timed_out(waiter, arguments, patience, last)
        if watch is not None:
            watch(last)
        yield Sleep(min(pause, left))


def _timed_out(waiter: Waiter, arguments: Mapping[str, Any], patience: float, last: Any) -> WaitTimedOut:
    states = {state.field: lookup(last, state.field) for state in waiter.until}
    known = {name: value for name, value in states.items() if value is not ABSENT}
    reached = f"; {_shown(known)} so far" if known else ""
    message = f"{waiter.name}: not reached within {patience:g} seconds{reached}"
    hint = "What was awaited goes on; wait again with the same arguments."
    return WaitTimedOut(message, tool=waiter.tool, waiter=waiter.name, arguments=dict(arguments), last=last, hint=hint)


def _shown(states: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {str(value)[:80]!r}" for name, value in states.items())


def _met(state: Condition, reply: Any) -> bool:
    value = lookup(reply, state.field)
    if state.values:
        return bool(value in state.values)
    return bool(state.present) == (value is not ABSENT and value is not None)
