"""Virtual time for the sandbox and for the clients that use it.

Owns: what time it is, and how it passes. Time is counted in whole microseconds, so two runs agree to the
digit.
Must not know: requests, records, the system's own clock. Nothing here ever waits.
"""

import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.mistakes import is_number

_MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


class VirtualClock:
    """A clock that moves only when somebody sleeps on it; safe to share between threads.

    `start` is the moment at which the clock begins; a datetime without a zone counts as UTC.
    """

    def __init__(self, start: datetime) -> None:
        aware = start if start.tzinfo else start.replace(tzinfo=UTC)
        self._start = (aware - _EPOCH) // timedelta(microseconds=1)
        self._passed = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        """Show the present moment."""
        return f"VirtualClock({self.iso()})"

    def monotonic(self) -> float:
        """Seconds that have passed since the start."""
        return self._passed / _MICROSECONDS

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return (self._start + self._passed) / _MICROSECONDS

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once; negative ones do nothing.

        Raises `ConfigurationError` for what is no number, and for a time after the year 9999.
        """
        if not is_number(seconds, -math.inf, math.inf):
            message = f"a clock sleeps a number of seconds, not {seconds!r:.40}"
            raise ConfigurationError(message)
        with self._lock:
            if seconds > (_END - self.microseconds()) / _MICROSECONDS:
                message = (
                    f"{seconds!r:.20} seconds after {self.iso()} is no date: the sandbox's time ends with the year 9999"
                )
                raise ConfigurationError(message)
            self._passed += max(0, round(seconds * _MICROSECONDS))

    async def asleep(self, seconds: float) -> None:
        """`sleep` for coroutines; no other task runs meanwhile."""
        self.sleep(seconds)

    def microseconds(self) -> int:
        """Microseconds since the Unix epoch, exactly."""
        return self._start + self._passed

    def iso(self, moment: int | None = None) -> str:
        """Show a moment in microseconds since the epoch (None: the present one) as ISO 8601 in UTC."""
        shown = self.microseconds() if moment is None else moment
        return (_EPOCH + timedelta(microseconds=shown)).strftime("%Y-%m-%dT%H:%M:%SZ")
