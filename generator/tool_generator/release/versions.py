"""Versions, and the next version that a difference asks for.

Semantic Versioning: a break asks for a major version, a new feature for a minor version, every other change for a
patch. A version below 1.0.0 promises nothing yet: there a break asks for a minor version, and every other change for a
patch. This module must not know what changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEVELS = ("none", "patch", "minor", "major")
BREAKING, FEATURE, FIX = "breaking", "feature", "fix"
_PATTERN = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release: three numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Give the usual form: `1.2.3`."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_unstable(self) -> bool:
        """Whether it is below 1.0.0."""
        return self.major == 0

    def bumped(self, level: str) -> Version:
        """Give the next version at a level of LEVELS: `1.2.3` at `minor` -> `1.3.0`."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1) if level == "patch" else self

    def step_to(self, other: Version) -> str:
        """Give the level of the step to a later version; an empty text if the other version is not later."""
        if other <= self:
            return "none"
        if other.major != self.major:
            return "major"
        return "minor" if other.minor != self.minor else "patch"


def parse_version(text: str) -> Version:
    """Read `1.2.3`. Raises ValueError with a message."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a version of the form 1.2.3"
        raise ValueError(message)
    return Version(*map(int, match.groups()))


def demanded(kinds: set[str], version: Version) -> str:
    """Give the level that changes of these kinds (BREAKING, FEATURE, FIX) ask for after `version`."""
    if not kinds:
        return "none"
    if version.is_unstable:
        return "minor" if BREAKING in kinds else "patch"
    return "major" if BREAKING in kinds else "minor" if FEATURE in kinds else "patch"
