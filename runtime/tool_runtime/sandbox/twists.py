"""What goes wrong with webhook deliveries on demand.

| twist | the receiver gets |
|---|---|
| `duplicate` | the delivery twice |
| `late` | the delivery `seconds` later |
| `out_of_order` | the delivery after the next one of its record, or after `seconds` where none follows |
| `wrong_signature` | a signature that does not fit |
| `stale_signature` | a signature from an hour ago |
| `drop` | nothing at first: the first attempt is lost, the retry arrives |
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.mistakes import is_number
from tool_runtime.values.suggestions import nearest

TwistKind = Literal["duplicate", "late", "out_of_order", "wrong_signature", "stale_signature", "drop"]
TWISTS: Final[tuple[TwistKind, ...]] = get_args(TwistKind)
_LONGEST: Final = 86_400


@dataclass(frozen=True, slots=True)
class Twist:
    """Something that goes wrong with the next `times` deliveries of an event (None: of any). See the module."""

    kind: TwistKind
    event: str | None = None
    times: int = 1
    seconds: float = 30

    def __post_init__(self) -> None:
        """Refuse what could never happen."""
        if self.kind not in TWISTS:
            near = nearest(str(self.kind), TWISTS)
            message = f"there is no twist {self.kind!r:.80}; there are {', '.join(TWISTS)}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
        times: Any = self.times
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            message = f"a twist's times is a whole number, 1 or more, not {self.times!r:.40}"
            raise ConfigurationError(message)
        if not is_number(self.seconds, 0, _LONGEST):
            message = f"a twist's seconds is a number from 0 to {_LONGEST}, not {self.seconds!r:.40}"
            raise ConfigurationError(message)
