"""Examples of a tool, as they stand in the reference: one title, one source in each language.

The generator writes the examples into the pages. Reading them from there keeps one source: what a reader sees on a page
is what `examples` prints. Knows the form of a page and no tool.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tool_runtime.surfaces.common.package import Package

LANGUAGES = {"shell": "sh", "python": "python", "lua": "lua", "json": "json"}
"""The languages by their names, with the mark of a block of code."""

_BLOCK = re.compile(r"^(?P<title>[^\n`#>-][^\n]*):\n\n(?P<blocks>(?:```\w+\n.*?\n```\n*)+)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"```(\w+)\n(.*?)\n```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ToolExample:
    """One example: what it shows, and its source by the name of the language."""

    tool: str
    title: str
    sources: Mapping[str, str]

    def to_dict(self) -> dict[str, object]:
        """Return the example as JSON."""
        return {"tool": self.tool, "title": self.title, **self.sources}


def examples_of(package: Package, tool: str) -> Iterator[ToolExample]:
    """Yield the examples of a tool, by any of the tool's names. Raises `UnknownTool`."""
    name = package.registry.resolve(tool).name
    page = package.page(f"tools/{name}")
    texts = [page.read()]
    # What would make a page too large stands in a part of its own.
    if page.path.with_suffix(".examples.md").is_file():
        texts.append(package.page(f"tools/{name}.examples").read())
    seen = set()
    for text in texts:
        for example in _examples_in(name, text):
            if example.title not in seen:
                seen.add(example.title)
                yield example


def _examples_in(tool: str, text: str) -> Iterator[ToolExample]:
    marks = {mark: name for name, mark in LANGUAGES.items()}
    for part in _BLOCK.finditer(text):
        sources = {marks[mark]: code for mark, code in _CODE.findall(part["blocks"]) if mark in marks}
        if sources.keys() == LANGUAGES.keys():
            yield ToolExample(tool, part["title"], sources)
