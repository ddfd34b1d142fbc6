"""The clock of one run: pauses that end when the run ends.

Owns what waits inside calls (`sleep`, waits, the pauses before another attempt) do when nobody waits for their end any
more. On the clock of a sandbox in this process, waiting is free and ends by itself.
"""

import threading
from typing import TYPE_CHECKING

from tool_runtime.core.clock import Clock, SystemClock
from tool_runtime.errors import ToolError

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client


class ScriptClock:
    """A client's clock, whose pauses end with an error as soon as `over` is set."""

    def __init__(self, client: "Client") -> None:
        self._clock: Clock = client.clock
        where = client.clock if client.sandbox is None else client.sandbox.clock
        self.is_real = isinstance(self._clock, SystemClock) and isinstance(where, SystemClock)
        self.over = threading.Event()

    def monotonic(self) -> float:
        """Return the client's reading."""
        return self._clock.monotonic()

    def wall(self) -> float:
        """Return the client's seconds since 1970."""
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises `ToolError` where the run ends meanwhile."""
        if not self.is_real:
            self._clock.sleep(seconds)
        elif self.over.wait(seconds):
            raise ToolError("the script has ended", outcome="not_sent")

    async def asleep(self, seconds: float) -> None:
        """Wait as the client does; scripts block and never come here."""
        await self._clock.asleep(seconds)
