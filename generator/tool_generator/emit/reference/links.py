"""Links between parts of the reference, as names until a page is known.

A part (the entry of a tool, the entry of a type, a guide) is written once and stands on several pages: on a page of
its own and on the page with everything. So a part says what a link leads to, and each page resolves the link: to a
file, or to a heading of the same page. A heading that links may lead to carries its name until then.

This module knows names of parts and the syntax of links. It must not know what parts say.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_generator.emit.reference.markdown import Anchors, code, fenced, inline
from tool_runtime.values.page_files import FOLDERS, OVERVIEW, file_stems

# Text of a spec holds no control character when it has become Markdown, so no text can look like such a link.
_MARK = "\x02"
_LINK = re.compile(rf"\[((?:[^\]\\]|\\.)*)\]\({_MARK}(\w+)/([^){_MARK}]+)\)")
_NAMED = re.compile(rf"[ \t]*{_MARK}(\w+)/([^{_MARK}]+){_MARK}$")
_CODE_SPAN = re.compile(r"(?<![`\[])(`+)(?!`)(.+?)(?<!`)\1(?![`\]])")

Target = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Links:
    """The parts that links may lead to. `spelled` are short enumerations: their values replace a link to them.

    `ambiguous` are names that tools share with arguments; in prose such a name stays a code span.
    """

    tools: Collection[str]
    types: Collection[str] = ()
    guides: Collection[str] = ()
    spelled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()

    def to_type(self, name: str) -> str:
        """Return a link to the entry of a type."""
        return _link("type", name, inline(name)) if name in self.types else inline(name)

    def to_tool(self, name: str, words: str = "") -> str:
        """Return a link to the entry of a tool, by default under its name; where there is no such tool, the words."""
        shown = words or code(name)
        return _link("tool", name, shown) if name in self.tools else shown

    def to_guide(self, name: str, words: str) -> str:
        """Return a link to a guide; only the words where this API has no such guide."""
        return _link("guide", name, words) if name in self.guides else words

    def prose(self, markdown: str) -> str:
        """Return Markdown without fenced code in which each code span that names a tool is a link to the tool."""
        return _CODE_SPAN.sub(self._linked, markdown) if "`" in markdown else markdown

    def markdown(self, text: str) -> str:
        """Return a Markdown text in which each code span that names a tool is a link; fenced code stays as it is."""
        return "\n".join(line if is_code else self.prose(line) for line, is_code in fenced(text))

    def _linked(self, span: re.Match[str]) -> str:
        ticks, name = span.groups()
        plain = ticks == "`" and name in self.tools and name not in self.ambiguous
        return self.to_tool(name) if plain else span.group()


def _link(kind: str, name: str, words: str) -> str:
    return f"[{words}]({_MARK}{kind}/{name})"


def named(kind: str, name: str, title: str) -> str:
    """Return the text of a heading that links to a part lead to."""
    return f"{title} {_MARK}{kind}/{name}{_MARK}"


def files_from(folder: str, types: Collection[str]) -> Target:
    """Return the targets of links on the pages of one folder below `reference/`; the empty name is `reference/` itself.

    Example: from `tools`, the type `Call` is `../types/Call.md`, and the tool `get_call` is `get_call.md`.
    """
    up = "../" if folder else ""
    places = {kind: "" if place == folder else f"{up}{place}/" for kind, place in FOLDERS.items()}
    stems = file_stems(types)

    def target(kind: str, name: str) -> str:
        if name == OVERVIEW and kind == "guide":
            return f"{up}{OVERVIEW}.md"
        return f"{places[kind]}{stems[name] if kind == 'type' else name}.md"

    return target


def on_own_page(text: str, kind: str, name: str, target: Target) -> str:
    """Resolve the links of a part on its own page. A link from the part to itself becomes its words."""

    def replaced(found: re.Match[str]) -> str:
        words, to_kind, to_name = found.groups()
        return words if (to_kind, to_name) == (kind, name) else f"[{words}]({target(to_kind, to_name)})"

    return _LINK.sub(replaced, text)


def on_one_page(text: str) -> str:
    """Resolve all links of a page to headings of the same page.

    A link to a part that is not there becomes its words.
    """
    anchors = Anchors()
    places: dict[tuple[str, str], str] = {}
    lines: list[str] = []
    for line, is_code in fenced(text):
        title = "" if is_code or not line.startswith("#") else line.lstrip("#")
        if title.startswith(" "):
            found = _NAMED.search(title)
            anchor = anchors.add((title[: found.start()] if found else title).strip())
            if found:
                places[found.group(1), found.group(2)] = anchor
                lines.append(_NAMED.sub("", line))
                continue
        lines.append(line)

    def replaced(found: re.Match[str]) -> str:
        words, kind, name = found.groups()
        return f"[{words}](#{places[kind, name]})" if (kind, name) in places else words

    return _LINK.sub(replaced, "\n".join(lines))
