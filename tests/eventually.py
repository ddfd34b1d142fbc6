"""A wait for what another process or thread does in its own time: as short as that takes, or a failed test."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0
_PAUSE = 0.01


def eventually(read: Callable[[], Any], wanted: Callable[[Any], Any] = bool) -> Any:
    """Read until what is read is wanted, and return what was read."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(_PAUSE)
    return found
