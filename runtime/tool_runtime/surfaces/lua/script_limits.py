"""Limits: what one run of a script may use. Owns the numbers and the words for a limit that was hit."""

from dataclasses import dataclass, fields
from typing import Any

from tool_runtime.errors import InvalidArguments

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LuaLimits:
    """What a run may use.

    `cpu` seconds of the script, `memory` bytes of Lua heap, `wall` seconds in all (waiting included), `calls` to the
    host, `output` bytes printed, `frame` bytes of one argument table or result.

    Raises `InvalidArguments` for a number that is not above 0.
    """

    cpu: float = 30.0
    memory: int = 32 * MEGABYTE
    wall: float = 3600.0
    calls: int = 1000
    output: int = MEGABYTE
    frame: int = 8 * MEGABYTE

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.name not in {"cpu", "wall"}
            good = isinstance(value, int if whole else int | float) and not isinstance(value, bool) and value > 0
            if not good or value > 1e12:  # noqa: PLR2004 - beyond any machine, and no overflow in a limit
                kind = "a whole number" if whole else "a number"
                message = f"limits.{field.name}: expected {kind} above 0, not {value!r:.40}"
                raise InvalidArguments(message)
        if self.memory < 2 * MEGABYTE:
            raise InvalidArguments("limits.memory: Lua needs at least 2 MB (2097152 bytes)")

    def exceeded(self, name: str) -> str:
        """Return the words for a limit that was hit: `cpu` -> `CPU time limit exceeded (30 s)`."""
        words: dict[str, Any] = {
            "cpu": f"CPU time limit exceeded ({self.cpu:g} s)",
            "memory": f"memory limit exceeded ({self.memory / MEGABYTE:g} MB)",
            "wall": f"wall time limit exceeded ({self.wall:g} s)",
            "calls": f"host call limit exceeded ({self.calls} calls)",
            "output": f"output limit exceeded ({self.output} bytes)",
            "frame": f"size limit exceeded: one value has more than {self.frame} bytes",
        }
        return str(words[name])
