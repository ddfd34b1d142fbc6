"""The drivers: they run a flow, one by blocking and one by awaiting, and decide nothing.

What a performer raises is the flow's to handle first. A signal comes at any moment, so an exception may also strike
between two steps of a flow, while the flow handles another exception, or after its end. Whatever leaves a driver
without saying what may have happened gets what was at stake with the last write that went out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import GEN_SUSPENDED, getgeneratorstate
from typing import Any

from tool_runtime.core.flow import Command, Flow, Send
from tool_runtime.core.foreign_errors import annotate
from tool_runtime.errors import ToolError


@dataclass(slots=True)
class _Run:
    """One run of a flow: what is at stake since the last write went out, and the result once there is one."""

    at_stake: Callable[[], ToolError] | None = None
    result: Any = None

    def note(self, command: Command) -> None:
        """Remember what is at stake from now on."""
        if type(command) is Send and command.at_stake is not None:
            self.at_stake = command.at_stake

    def tell(self, flow: Flow, error: BaseException) -> None:
        """Let an exception that leaves the driver say what may have happened."""
        if getgeneratorstate(flow) == GEN_SUSPENDED:
            flow.throw(error)
        if self.at_stake is not None and not isinstance(error, ToolError) and not hasattr(error, "tool_error"):
            annotate(error, self.at_stake())


def drive(flow: Flow, perform: Callable[[Command], Any]) -> Any:
    """Run a flow to its result with a blocking performer."""
    run = _Run()
    try:
        _run(run, flow, perform)
        return run.result  # noqa: TRY300 - an exception may strike here too
    except BaseException as error:
        run.tell(flow, error)
        raise


def _run(run: _Run, flow: Flow, perform: Callable[[Command], Any]) -> None:
    try:
        command = next(flow)
        while True:
            run.note(command)
            try:
                outcome = perform(command)
            except BaseException as error:  # noqa: BLE001 - the flow raises again what it does not handle
                command = flow.throw(error)
            else:
                command = flow.send(outcome)
    except StopIteration as stop:
        run.result = stop.value


async def drive_async(flow: Flow, perform: Callable[[Command], Awaitable[Any]]) -> Any:
    """Run a flow to its result with an awaiting performer."""
    run = _Run()
    try:
        await _run_async(run, flow, perform)
        return run.result  # noqa: TRY300 - as above
    except BaseException as error:
        run.tell(flow, error)
        raise


async def _run_async(run: _Run, flow: Flow, perform: Callable[[Command], Awaitable[Any]]) -> None:
    try:
        command = next(flow)
        while True:
            run.note(command)
            try:
                outcome = await perform(command)
            except BaseException as error:  # noqa: BLE001 - the flow raises again what it does not handle
                command = flow.throw(error)
            else:
                command = flow.send(outcome)
    except StopIteration as stop:
        run.result = stop.value
