"""Versions and what a difference asks of the next one.

Semantic Versioning: a break asks for a major version, something new for a minor one, anything else for a patch. Below
1.0.0 nothing is promised yet, so there a break asks for a minor version and everything else for a patch. It must not
know what changed.
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
        """Give the usual form."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_unstable(self) -> bool:
        """Whether it is below 1.0.0."""
        return self.major == 0

    def bumped(self, level: str) -> Version:
        """Give the next version at a level of LEVELS."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1) if level == "patch" else self

    def step_to(self, other: Version) -> str:
        """Give the level of the step to a later version; none where it is not later."""
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
