"""Time for the sandbox and for the clients that use it.

Owns: what time it is, and how it passes: only when somebody sleeps (virtual), or with the time of the machine, as fast
or some times faster (running). Time is counted in whole microseconds, so two virtual runs agree to the digit.
Must not know: requests, records. Nothing here ever waits.
"""

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.mistakes import is_number

_MICROSECONDS: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
FASTEST: Final = 1_000_000


class Clock(Protocol):
    """What the sandbox asks of a clock."""

    def microseconds(self) -> int:
        """Microseconds since the Unix epoch."""

    def iso(self, moment: int | None = None) -> str:
        """Show a moment in microseconds since the epoch (None: the present one) as ISO 8601 in UTC."""

    def pass_request(self, latency: float) -> None:
        """Let the time of one request pass, where time does not pass by itself."""

    def monotonic(self) -> float:
        """Seconds that have passed since the start."""

    def wall(self) -> float:
        """Seconds since the Unix epoch."""

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""

    async def asleep(self, seconds: float) -> None:
        """`sleep` for coroutines."""

    def seconds_until(self, moment: int) -> float | None:
        """Seconds of the machine's time until a moment; None where time does not pass by itself."""

    def set(self, moment: int) -> None:
        """Go to a moment in microseconds since the epoch."""

    def freeze(self, frozen: bool) -> None:  # noqa: FBT001 - it is the one thing that is said
        """Let time stand still, or go on."""

    @property
    def mode(self) -> str:
        """What the clock is, for people."""


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

    @property
    def mode(self) -> str:
        """What the clock is, for people."""
        return "virtual"

    def pass_request(self, latency: float) -> None:
        """Let the time of one request pass."""
        self.sleep(latency)

    def seconds_until(self, moment: int) -> float | None:
        """Return None: time passes when somebody sleeps."""
        return 0.0 if moment <= self.microseconds() else None

    def set(self, moment: int) -> None:
        """Go to a moment in microseconds since the epoch."""
        with self._lock:
            self._passed = moment - self._start

    def freeze(self, frozen: bool) -> None:  # noqa: FBT001 - it is the one thing that is said
        """Do nothing: a virtual clock stands still anyway."""

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
        return _iso(self.microseconds() if moment is None else moment)


class RunningClock:
    """A clock that goes with the machine's time, `factor` times as fast; safe to share between threads.

    `start` is the moment at which the clock begins (None: now). `now` gives seconds that never go back.
    """

    def __init__(
        self, factor: float = 1.0, start: datetime | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        if not is_number(factor, 0.001, FASTEST):
            message = f"a clock runs 0.001 to {FASTEST} times as fast as time does, not {factor!r:.40}"
            raise ConfigurationError(message)
        begin = datetime.now(UTC) if start is None else start if start.tzinfo else start.replace(tzinfo=UTC)
        self.factor = factor
        self._now = now
        self._lock = threading.Lock()
        self._base = (begin - _EPOCH) // timedelta(microseconds=1)
        self._start = self._base
        self._since: float | None = now()

    def __repr__(self) -> str:
        """Show the present moment."""
        return f"RunningClock({self.iso()}, {self.mode})"

    @property
    def mode(self) -> str:
        """What the clock is, for people."""
        return "frozen" if self._since is None else "real" if self.factor == 1 else f"{self.factor:g}x"

    def microseconds(self) -> int:
        """Microseconds since the Unix epoch."""
        since = self._since
        passed = 0.0 if since is None else (self._now() - since) * self.factor
        return min(_END, self._base + int(passed * _MICROSECONDS))

    def iso(self, moment: int | None = None) -> str:
        """Show a moment in microseconds since the epoch (None: the present one) as ISO 8601 in UTC."""
        return _iso(self.microseconds() if moment is None else moment)

    def monotonic(self) -> float:
        """Seconds that have passed since the start."""
        return (self.microseconds() - self._start) / _MICROSECONDS

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return self.microseconds() / _MICROSECONDS

    async def asleep(self, seconds: float) -> None:
        """`sleep` for coroutines; no other task runs meanwhile."""
        self.sleep(seconds)

    def pass_request(self, latency: float) -> None:
        """Do nothing: requests take the time that they take."""

    def sleep(self, seconds: float) -> None:
        """Go forward by `seconds` at once; negative ones do nothing."""
        if not is_number(seconds, -math.inf, _END / _MICROSECONDS):
            message = f"a clock sleeps a number of seconds, not {seconds!r:.40}"
            raise ConfigurationError(message)
        with self._lock:
            self._base = min(_END, self._base + max(0, round(seconds * _MICROSECONDS)))

    def seconds_until(self, moment: int) -> float | None:
        """Seconds of the machine's time until a moment; None while time stands still."""
        if moment <= self.microseconds():
            return 0.0
        return None if self._since is None else (moment - self.microseconds()) / _MICROSECONDS / self.factor

    def set(self, moment: int) -> None:
        """Go to a moment in microseconds since the epoch."""
        with self._lock:
            self._base = moment
            self._since = None if self._since is None else self._now()

    def freeze(self, frozen: bool) -> None:  # noqa: FBT001 - it is the one thing that is said
        """Let time stand still, or go on from where it stands."""
        with self._lock:
            if frozen and self._since is not None:
                self._base, self._since = self.microseconds(), None
            elif not frozen and self._since is None:
                self._since = self._now()


def _iso(moment: int) -> str:
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")
