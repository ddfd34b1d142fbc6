"""Problems of a spec: what is wrong, in which file and line.

Owns the record of one problem, the collection of all of them and the nearest-name hint. It must not know what a spec
looks like: the checks decide what is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong (or, as a warning, merely odd) at one line of one file of the spec."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """Give the form that editors and terminals turn into a link."""
        return f"{self.file}:{self.line}: {self.message}"


class SpecProblems(Exception):
    """The spec cannot be compiled. `problems` holds everything that is wrong, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(slots=True)
class Report:
    """Collects problems and warnings while checks run."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, where: tuple[str, int], message: str) -> None:
        """Record that the spec is wrong at `where` (file, line)."""
        self.problems.append(Problem(*where, message))

    def warn(self, where: tuple[str, int], message: str) -> None:
        """Record something odd that does not stop the generator."""
        self.warnings.append(Problem(*where, message))

    def raise_problems(self) -> None:
        """Raise SpecProblems when there is any problem."""
        if self.problems:
            raise SpecProblems(self.problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """Give `; did you mean "x"?` for the known name that is nearest to `name`, or nothing when none is near."""
    match = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {quoted(match[0])}?" if match else ""


def quoted(name: str) -> str:
    """Give a name in double quotes, with whatever would break the line made visible."""
    if name.isprintable() and '"' not in name:
        return f'"{name}"'
    return '"' + name.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
