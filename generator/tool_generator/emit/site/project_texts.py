"""Texts of the project around the API: chapters of the README, CONTRIBUTING, the changelog.

A chapter about a surface goes onto the page of this surface, so that nothing is written twice. A link to a file of the
repository becomes a link to the page of the site that shows the file, and words where no page does.

This module knows the shape of these texts. It must not know which pages there are beside them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from tool_generator.emit.reference.markdown import fenced

_LINK = re.compile(r"(?<!!)\[((?:[^\]\\]|\\.)*)\]\(([^)\s]+)\)")
_REFERENCE = re.compile(r"(?:^|/)reference/((?:tools|guides)/\w+\.md|overview\.md)$")


@dataclass(frozen=True, slots=True)
class Readme:
    """A README: the text before the first chapter, without the title, and the chapters by title."""

    introduction: str = ""
    chapters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Readme":
        """Cut a README at its headings of the second level."""
        chapters: dict[str, list[str]] = {"": []}
        title = ""
        for line, is_code in fenced(text):
            if not is_code and line.startswith("## "):
                title = line[3:].strip()
                chapters[title] = []
            elif is_code or not line.startswith("# "):
                chapters[title].append(line)
        texts = {name: "\n".join(lines).strip() for name, lines in chapters.items()}
        return cls(texts.pop(""), texts)

    def rest(self, taken: Collection[str]) -> str:
        """Return the chapters that stand on no other page, with their headings."""
        return "\n\n".join(f"## {title}\n\n{text}" for title, text in self.chapters.items() if title not in taken)


def on_site(text: str, page: str, pages: Collection[str]) -> str:
    """Return a text whose links lead to pages of the site; a link that leads to none becomes its words.

    Example: on `project.md`, `[overview](generated/my_api/reference/overview.md)` -> `[overview](overview.md)`.
    """
    up = "../" * page.count("/")

    def replaced(found: re.Match[str]) -> str:
        words, target = found.groups()
        if "://" in target or target.startswith("mailto:"):
            return found.group()
        path = _page_of(target.partition("#")[0])
        return f"[{words}]({up}{path})" if path in pages else words

    return "\n".join(line if is_code else _LINK.sub(replaced, line) for line, is_code in fenced(text))


def _page_of(target: str) -> str:
    found = _REFERENCE.search(target)
    if found:
        return found.group(1)
    name = target.rpartition("/")[2]
    return {"CHANGELOG.md": "changes/index.md", "CONTRIBUTING.md": "contributing.md", "README.md": "project.md"}.get(
        name, name
    )


def changelog_text(text: str) -> str:
    """Return a changelog without its title and without link definitions at its end; versions lose their brackets.

    Example: `## [1.0.0] - 2026-01-31` -> `## 1.0.0 - 2026-01-31`.
    """
    lines = []
    for line, is_code in fenced(text):
        if not is_code and (line.startswith("# ") or re.match(r"\[[^\]]+\]:\s*\S", line)):
            continue
        lines.append(line if is_code else re.sub(r"^## \[([^\]]+)\]", r"## \1", line))
    return "\n".join(lines).strip()
