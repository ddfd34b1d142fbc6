"""CHANGELOG.md in the format of Keep a Changelog: write entries, and move unreleased entries under a version.

What people wrote stays as it is; new entries go below, under the same headings. This module must not know where
entries come from, and writes no files.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tool_generator.compare.registries import Unusable
from tool_generator.release.versions import BREAKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tool_generator.compare.difference import Entry

HEADINGS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
UNRELEASED = "Unreleased"
_WIDTH = 118
_SECTION = re.compile(r"^## +\[?(?P<name>[^\]\s]+)\]?.*$", re.MULTILINE)
_HEADING = re.compile(r"^### +(.+?)\s*$")
_LINK = re.compile(r"^\[(?P<name>[^\]]+)\]:\s*\S+", re.MULTILINE)
_UNRELEASED_LINK = re.compile(
    r"^\[unreleased\]:\s*(?P<base>\S+/compare/)(?P<since>\S+?)\.\.\.HEAD\s*$", re.IGNORECASE | re.MULTILINE
)


def bullets(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Give the entries as list items by heading: breaks first, and equal texts about several tools as one item."""
    groups: dict[str, dict[tuple[bool, str], list[str]]] = {}
    for entry in entries:
        told = groups.setdefault(entry.section, {}).setdefault((entry.level == BREAKING, entry.text), [])
        if entry.tool and entry.tool not in told:
            told.append(entry.tool)
    found = {}
    for heading in HEADINGS:
        items = sorted(groups.get(heading, {}).items(), key=lambda item: not item[0][0])
        if items:
            found[heading] = [_bullet(breaks, text, tools) for (breaks, text), tools in items]
    return found


def _bullet(breaks: bool, text: str, tools: list[str]) -> str:  # noqa: FBT001 - internal
    subject = ", ".join(f"`{tool}`" for tool in tools)
    text = " ".join(text.split())
    line = f"{'**Breaking:** ' if breaks else ''}{subject + ': ' if subject else ''}{text}"
    if not line.endswith((".", "!", "?")):
        line += "."
    return textwrap.fill(
        line, _WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def markdown(entries: Iterable[Entry]) -> str:
    """Give the entries as Markdown, with headings of the third level; an empty text if there are no entries."""
    parts = [f"### {heading}\n\n" + "\n".join(items) for heading, items in bullets(entries).items()]
    return "\n\n".join(parts) + "\n" if parts else ""


@dataclass(slots=True)
class Section:
    """The text of one version: the lines before the first heading, then the text of each heading."""

    intro: str = ""
    headings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Section:
        """Read the text below a version's heading."""
        section = cls()
        heading = ""
        lines: dict[str, list[str]] = {}
        is_code = False
        for line in text.splitlines():
            is_code ^= line.lstrip().startswith("```")
            match = None if is_code else _HEADING.match(line)
            if match:
                heading = match[1]
            else:
                lines.setdefault(heading, []).append(line)
            if match:
                lines.setdefault(heading, [])
        section.intro = "\n".join(lines.pop("", [])).strip("\n")
        section.headings = {name: "\n".join(found).strip("\n") for name, found in lines.items()}
        return section

    def add(self, items: Mapping[str, list[str]]) -> None:
        """Add list items below the text that stands under their headings already."""
        for heading, found in items.items():
            text = self.headings.get(heading, "")
            self.headings[heading] = (text + "\n" if text else "") + "\n".join(found)

    def __str__(self) -> str:
        """Give the text: the intro, the usual headings in their order, then any others."""
        order = [name for name in HEADINGS if name in self.headings]
        order += [name for name in self.headings if name not in HEADINGS]
        parts = [self.intro] if self.intro else []
        parts += [f"### {name}\n\n{self.headings[name]}".rstrip("\n") for name in order]
        return "\n\n".join(parts)


def has_version(text: str, version: str) -> bool:
    """Say whether a changelog has a section for a version."""
    return any(match["name"] == version for match in _SECTION.finditer(text))


def section(text: str, version: str, label: str) -> str:
    """Give the text under a version, or under `Unreleased`. Raises Unusable if there is no such heading."""
    start, end = _span(text, version, label)
    return text[start:end].strip("\n")


def _span(text: str, version: str, label: str) -> tuple[int, int]:
    """Give the positions at which the text under a version begins and ends."""
    found = list(_SECTION.finditer(text))
    for index, match in enumerate(found):
        if match["name"].lower() == version.lower():
            links = _LINK.search(text, match.end())
            ends = [found[index + 1].start()] if index + 1 < len(found) else []
            ends += [links.start()] if links else []
            return match.end(), min([*ends, len(text)])
    message = f"{label}: has no heading ## [{version}]"
    raise Unusable(message)


def released(text: str, version: str, date: str, items: Mapping[str, list[str]], label: str) -> str:
    """Give the changelog with the unreleased text, and `items` by heading, under a version.

    `label` names the file in messages. A link of the form `[Unreleased]: …/compare/v1.0.0...HEAD` moves on to the new
    version. Raises Unusable if there is no heading Unreleased, or if the version has a section already.
    """
    if has_version(text, version):
        message = f"{label}: has a section for {version} already"
        raise Unusable(message)
    start, end = _span(text, UNRELEASED, label)
    told = Section.parse(text[start:end])
    told.add(items)
    body = str(told)
    rest = text[end:]
    result = f"{text[:start].rstrip()}\n\n## [{version}] - {date}\n" + (f"\n{body}\n" if body else "")
    result += f"\n{rest}" if rest.strip() else ""
    return _linked(result, version)


def _linked(text: str, version: str) -> str:
    match = _UNRELEASED_LINK.search(text)
    if match is None:
        return text
    since = match["since"]
    tag = f"{'v' if since.startswith('v') else ''}{version}"
    name = match[0].partition("]")[0] + "]"
    lines = f"{name}: {match['base']}{tag}...HEAD\n[{version}]: {match['base']}{since}...{tag}"
    return text[: match.start()] + lines + text[match.start() + len(match[0].rstrip()) :]
