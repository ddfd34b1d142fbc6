"""Waits: which waiter fits a tool, where its arguments come from, and the progress that is shown.

A waiter is a read that is repeated. Behind a call, its arguments are the ids in the result of the call, else arguments
of the call itself: `create_phone_call --wait call_ended` waits for the call whose id the result holds. A wait that has
ended can be taken up again by the command that the error names.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool, Waiter
from tool_runtime.errors import UsageError, WaitFailed
from tool_runtime.surfaces.cli import output
from tool_runtime.values.fields import Fields
from tool_runtime.values.templates import ABSENT, lookup

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client


@dataclass(frozen=True, slots=True)
class Wait:
    """A waiter to run behind a call; `names` are the arguments that the waiter needs."""

    waiter: Waiter
    names: tuple[str, ...]

    def arguments(self, given: Mapping[str, Any], result: Any) -> dict[str, Any]:
        """Return the waiter's arguments: `({}, {"call_id": "c", "status": "new"})` -> `{"call_id": "c"}`."""
        sources = [one for one in (result, given) if isinstance(one, Mapping)]
        return {name: source[name] for name in self.names for source in reversed(sources) if name in source}

    def run(self, client: "Client", given: Mapping[str, Any], result: Any) -> Any:
        """Wait behind a call, and return the reply that holds the state."""
        arguments = self.arguments(given, result)
        missing = [name for name in self.names if name not in arguments]
        if missing:
            raise WaitFailed(f"the result holds no {', '.join(missing)} to wait with", waiter=self.waiter.name)
        return run_wait(client, self.waiter, arguments)


def plan_wait(registry: Registry, tool: Tool, name: str) -> Wait:
    """Return the wait that a name stands for; an empty name stands for the first waiter that fits the tool.

    Raises `UsageError` where no waiter fits: before anything is sent.
    """
    fitting = [wait for waiter in registry.waiters.values() if (wait := _fitted(registry, tool, waiter)) is not None]
    if name:
        waiter = registry.waiter(name)
        wait = next((one for one in fitting if one.waiter is waiter), None)
        if wait is None:
            raise UsageError(
                f"{name} cannot follow {tool.name}: neither its arguments nor its result hold what {waiter.tool} needs",
                hint=f"Waiters that can: {', '.join(one.waiter.name for one in fitting) or 'none'}.",
            )
        return wait
    resource = tool.resource.name if tool.resource is not None else None
    own = [one for one in fitting if _resource(registry, one.waiter) == resource]
    if not (own or fitting):
        raise UsageError(f"no waiter fits {tool.name}", hint=f"Waiters: {', '.join(registry.waiters) or 'none'}.")
    return (own or fitting)[0]


def _resource(registry: Registry, waiter: Waiter) -> str | None:
    used = registry.resolve(waiter.tool).resource
    return used.name if used is not None else None


def _fitted(registry: Registry, tool: Tool, waiter: Waiter) -> Wait | None:
    reader = registry.resolve(waiter.tool)
    needed = tuple(name for name, parameter in reader.parameters.items() if parameter.required)
    answered = Fields(registry.types).names(tool.returns.schema or {})
    fits = needed and all(name in answered or name in tool.names for name in needed)
    return Wait(waiter, needed) if fits else None


def run_wait(
    client: "Client",
    waiter: Waiter,
    arguments: Mapping[str, Any],
    *,
    timeout: float | None = None,
    interval: float | None = None,
) -> Any:
    """Wait for a state, with progress on stderr. Raises `WaitTimedOut` and `WaitFailed`."""
    progress = _Progress(waiter)
    try:
        return client.wait_for(waiter.name, arguments, timeout=timeout, interval=interval, watch=progress.see)
    finally:
        progress.end()


class _Progress:
    """What is reached so far: one line on a terminal that changes in place, elsewhere a line for each change."""

    def __init__(self, waiter: Waiter) -> None:
        self._waiter = waiter
        self._fields = tuple(dict.fromkeys(state.field for state in (*waiter.until, *waiter.fail)))
        self._started = time.monotonic()
        self._last: str | None = None
        self._in_place = sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()

    def see(self, reply: Any) -> None:
        """Show where a reply stands that does not hold the state yet."""
        known = [(name, lookup(reply, name)) for name in self._fields]
        states = ", ".join(f"{name} {self._short(value)}" for name, value in known if value is not ABSENT)
        line = f"waiting for {self._waiter.name}" + (f": {states}" if states else "")
        if self._in_place:
            output.note_in_place(f"{line} ({time.monotonic() - self._started:.0f} s)")
        elif line != self._last:
            output.note(line)
        self._last = line

    @staticmethod
    def _short(value: Any) -> str:
        return output.to_json(value, indent=None)[:60]

    def end(self) -> None:
        """Leave the terminal with an empty line where the progress was."""
        if self._in_place and self._last is not None:
            output.note_in_place("")
