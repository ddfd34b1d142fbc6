"""Virtual time for the sandbox and for a client that stands on it.

Owns: what time it is, and how it passes. Time is counted in whole microseconds, so two runs agree to the
digit.
Must not know: requests, records, the system's own clock. Nothing here ever waits.
"""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

_MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A clock that moves only when somebody sleeps on it; safe to share between threads.

    `start` is the moment at which it begins; a datetime without a zone counts as UTC.
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
        """Let `seconds` pass at once; negative ones do nothing."""
        with self._lock:
            self._passed += max(0, round(seconds * _MICROSECONDS))

    async def asleep(self, seconds: float) -> None:
        """`sleep` for coroutines; it does not give way to other tasks."""
        self.sleep(seconds)

    def microseconds(self) -> int:
        """Microseconds since the Unix epoch, exactly."""
        return self._start + self._passed

    def iso(self, moment: int | None = None) -> str:
        """Show a moment in microseconds since the epoch (None: the present one) as ISO 8601 in UTC."""
        shown = self.microseconds() if moment is None else moment
        return (_EPOCH + timedelta(microseconds=shown)).strftime("%Y-%m-%dT%H:%M:%SZ")
