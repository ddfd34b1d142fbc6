"""One line of the report: what was measured, its budget, and what the peers took in the same run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A measured budget. `value` and `budget` share a unit; without a budget the row is for information."""

    what: str
    value: float
    unit: str
    budget: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        return None if self.budget is None else self.value <= self.budget

    @property
    def verdict(self) -> str:
        """`yes`, `NO` or nothing."""
        return {True: "yes", False: "NO", None: ""}[self.met]

    @property
    def figure(self) -> str:
        """The measured value with its unit."""
        return _with_unit(self.value, self.unit)

    @property
    def budget_text(self) -> str:
        """The budget with its unit."""
        return "" if self.budget is None else f"<= {_with_unit(self.budget, self.unit)}"

    @property
    def peers_text(self) -> str:
        """What each peer took."""
        return ", ".join(f"{name} {_with_unit(value, self.unit)}" for name, value in self.peers.items())

    def as_dict(self) -> dict[str, Any]:
        """Return the row for programs."""
        return {
            "what": self.what,
            "value": round(self.value, 3),
            "unit": self.unit,
            "budget": self.budget,
            "met": self.met,
            "peers": {name: round(value, 3) for name, value in self.peers.items()},
            "note": self.note,
        }


def _with_unit(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f}x"
    if unit == "lines":
        return f"{value:,.0f} lines"
    return f"{value:.2f} {unit}" if unit == "s" else f"{value:.1f} {unit}"
