"""Hand-written texts of the spec, placed into the reference.

A guide text is Markdown and stays as it is, except for its headings. A heading on the first line becomes the title of
the section. Every other heading moves to a level below the heading of the section.

This module knows which guide texts may exist. It must not know what the generator writes around them.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tool_generator.emit.reference.markdown import Anchors, shifted

STEMS = ("introduction", "generic_helpers", "accounts", "webhooks", "errors")

_TITLE = re.compile(r"#{1,6}[ \t]+(?P<title>.*?)(?:[ \t]+#+)?[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Prose:
    """One guide text: its own title (Markdown; empty if it has none) and the rest."""

    title: str = ""
    text: str = ""

    def under(self, level: int, anchors: Anchors) -> str:
        """Return the text with its topmost headings at `level`, and register the headings with `anchors`."""
        return shifted(self.text, level, lambda title: _count(anchors, title))


def read_guide(guide: Mapping[str, str]) -> dict[str, Prose]:
    """Return every guide text that may exist; a missing one is empty.

    Raises ValueError for a stem that has no place in the reference.
    """
    unknown = [stem for stem in guide if stem not in STEMS]
    if unknown:
        message = f"the reference has no place for {', '.join(map(_named, unknown))}; it takes {', '.join(STEMS)}"
        raise ValueError(message)
    return {stem: _prose(guide.get(stem, "")) for stem in STEMS}


def _count(anchors: Anchors, title: str) -> None:
    anchors.add(title)


def _named(stem: str) -> str:
    close = difflib.get_close_matches(stem, STEMS, 1)
    return f"the guide text {stem!r}" + (f" (did you mean {close[0]!r}?)" if close else "")


def _prose(text: str) -> Prose:
    stripped = text.replace("\r\n", "\n").strip()
    found = _TITLE.match(stripped)
    return Prose(found["title"], stripped[found.end() :]) if found else Prose("", stripped)
