"""Problems of a spec: what is wrong, in which file and line.

This module owns the record of one problem, the list of all problems, and the hint with the nearest name. It must not
know what a spec looks like: the checks decide what is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong (or, as a warning, only unusual) at one line of one file of the spec."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """Give the form that editors and terminals show as a link: `tools/calls.yaml:12: message`."""
        return f"{self.file}:{self.line}: {self.message}"


class SpecProblems(Exception):
    """The spec cannot be compiled. `problems` has every problem, in the order of files and lines."""

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
        """Record something unusual that does not stop the generator."""
        self.warnings.append(Problem(*where, message))

    def raise_problems(self) -> None:
        """Raise SpecProblems if there is any problem."""
        if self.problems:
            raise SpecProblems(self.problems)


def nearest(name: str, known: Iterable[str]) -> str:
    """Give `; did you mean "x"?` with the known name nearest to `name`; empty if no known name is near.

    A name that differs in capitals only is the nearest one.
    """
    names = list(known)
    folded = [one for one in names if one.casefold() == name.casefold()]
    match = folded or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {quoted(match[0])}?" if match else ""


def quoted(name: str) -> str:
    """Give a name in double quotes, and make characters visible that would break the line."""
    if name.isprintable() and '"' not in name:
        return f'"{name}"'
    return '"' + name.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
