"""Time, as flows see it. The sandbox and tests bring a clock of their own, on which waiting costs nothing."""

import time
from typing import Protocol


class Clock(Protocol):
    """What a driver needs of time; all figures are seconds."""

    def monotonic(self) -> float:
        """Return a reading that only grows."""

    def wall(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait, blocking the thread."""

    async def asleep(self, seconds: float) -> None:
        """Wait, yielding to other tasks."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return the machine's monotonic reading."""
        return time.monotonic()

    def wall(self) -> float:
        """Return the machine's epoch time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block the thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Yield to other tasks, under asyncio and trio alike."""
        import anyio

        await anyio.sleep(seconds)
