"""What a page of the site is, and where links between pages lead.

This module knows paths and names of pages. It must not know what pages say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from tool_generator.emit.reference.links import Target, on_own_page
from tool_generator.emit.site.dressing import dressed, plain_to_entities
from tool_runtime.values.page_files import OVERVIEW

FIGURE = re.compile(r"^\x03(\w+)\x03$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A diagram: the picture for people, and what the picture says in words."""

    svg: str
    caption: str
    words: str


@dataclass(frozen=True, slots=True)
class SitePage:
    """One page in both flavours. `path` is below the root of the site, and `section` is its place in llms.txt.

    `source` is what the builder reads: front matter and the dressed text. `plain` is Markdown for agents.
    """

    path: str
    title: str
    line: str
    section: str
    plain: str
    source: str

    @property
    def folder(self) -> str:
        """The folder of the page."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Site:
    """What every page of one site needs: the places of types, and the diagrams.

    `homes` maps each type to the page that holds it.
    """

    homes: Mapping[str, str]
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def target(self, page: str) -> Target:
        """Return the targets of links on a page: from `tools/a.md`, the guide `errors` is `../guides/errors.md`."""
        up = "../" * page.count("/")

        def lead(kind: str, name: str) -> str:
            if kind == "type":
                path = f"{self.homes[name]}#{name}"
            elif kind == "guide" and name == OVERVIEW:
                path = f"{OVERVIEW}.md"
            else:
                path = tool_path(name) if kind == "tool" else f"{kind}s/{name}.md"
            return f"#{name}" if path.startswith(f"{page}#") else f"{up}{path}"

        return lead

    def page(
        self,
        path: str,
        title: str,
        text: str,
        *,
        line: str = "",
        section: str = "",
        own: tuple[str, str] = ("", ""),
        tags: tuple[str, ...] = (),
        head: str = "",
        shown: str | None = None,
        hide: tuple[str, ...] = (),
        names_only: bool = False,
        searched: bool = True,
    ) -> SitePage:
        """Make a page of a plain text without its title, whose links name their targets.

        `title` is Markdown of a heading. `own` is the kind and name of the part that the page is about: links to it
        become words. With `names_only` the search finds fields by name; a page that is not `searched` only repeats
        what other pages say. `head` stands below the title on the site only; `shown` takes the place of the text there.
        """
        target = self.target(path)
        resolved = on_own_page(text, *own, target)
        there = resolved if shown is None else on_own_page(shown, *own, target)
        up = "../" * path.count("/")
        lead = f"> All pages: [llms.txt]({up}llms.txt). Everything in one file: [llms-full.txt]({up}llms-full.txt).\n"
        plain = f"{lead}\n# {title}\n\n{self._drawn(resolved, is_plain=True).strip()}\n"
        front = {"title": _words(title), "description": _words(line), "twin": path}
        # The theme puts these into HTML as they are.
        matter = [f"{key}: {_quoted(escape(value))}" for key, value in front.items() if value]
        matter += [f"tags: [{', '.join(tags)}]"] if tags else []
        matter += ["hide:", *(f"  - {part}" for part in hide)] if hide else []
        matter += [] if searched else ["search:", "  exclude: true"]
        body = self._drawn(dressed(there, names_only=names_only), is_plain=False)
        shown = f"# {plain_to_entities(title)}\n\n" + (f"{head}\n\n" if head else "")
        source = "\n".join(["---", *matter, "---", "", shown]) + body
        return SitePage(path, _words(title), _words(line), section, plain, source)

    def _drawn(self, text: str, *, is_plain: bool) -> str:
        def figure(found: re.Match[str]) -> str:
            one = self.figures[found.group(1)]
            if is_plain:
                return one.words
            return f'<figure class="rt-figure">{one.svg}<figcaption>{one.caption}</figcaption></figure>'

        return FIGURE.sub(figure, text)


def tool_path(name: str) -> str:
    """Return the page of a tool. The page `tools/index.md` is the table of all tools, whatever a tool is called."""
    return f"tools/{name}.md" if name != "index" else "tools/index_tool.md"


def figure(name: str) -> str:
    """Return the line that stands for a diagram in a text."""
    return f"\x03{name}\x03"


def _words(markdown: str) -> str:
    """Return Markdown of one line as words: no links, no code marks, no backslashes."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("`", "").replace("<br>", " ").strip()


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
