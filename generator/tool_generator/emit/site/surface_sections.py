"""Pages of the surfaces: start, how it works, Python, command line, Lua, MCP, for agents.

Each is a template with facts of the registry, and ends with the chapter of the README about the same surface. Commands
and exit codes are those of the command line itself.

This module knows which facts a page shows. It must not know where tools and types stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tool_generator.emit.reference.functions import Code, DocumentedApi, Example
from tool_generator.emit.reference.groups import Identity, account_calls, groups_of
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, heading, inline, shifted
from tool_generator.emit.reference.snippets import lua_path
from tool_generator.emit.reference.templating import rendered_from
from tool_generator.emit.site.curl_snippets import CurlWriter
from tool_generator.emit.site.diagrams import LIFE, OUTCOMES, PARTS
from tool_generator.emit.site.mcp_clients import mcp_clients
from tool_generator.emit.site.project_texts import Readme
from tool_generator.emit.site.site_content import Site, SitePage, figure
from tool_generator.emit.site.tool_sections import first_example
from tool_runtime.core.tools import Tool
from tool_runtime.surfaces.cli.commands import SECTIONS
from tool_runtime.surfaces.cli.exits import MEANINGS

SECTION = "Start"
CHAPTERS: Mapping[str, str] = {"Python": "python", "Command line": "cli", "Lua": "lua", "MCP": "mcp"}
"""Chapters of a README that stand on the page of a surface."""

START = "Start"
_TEMPLATES = Path(__file__).with_name("templates")
_TITLES: Mapping[str, tuple[str, str]] = {
    "index": ("", "what there is, and the same call on every surface"),
    "how": ("How it works", "the parts, the life of a call, the outcomes of a write, as pictures"),
    "python": ("Python", "install, call, and where to read on"),
    "cli": ("Command line", "set-up, credentials, commands, exit codes, use in CI and cron"),
    "lua": ("Lua", "the namespace, headless scripts, every function"),
    "mcp": ("MCP", "set-up for six clients, what the server offers, writes"),
    "agents": ("For agents", "every page as Markdown, llms.txt, a skill, the rules"),
}


@dataclass(frozen=True, slots=True)
class SurfaceSections:
    """Writes the pages of the surfaces of one API."""

    api: DocumentedApi
    links: Links
    site: Site
    readme: Readme
    explorer: bool

    def pages(self) -> Iterator[SitePage]:
        """Yield the pages in the order of the navigation."""
        facts = self._facts()
        for name, (title, line) in _TITLES.items():
            plain, shown = (
                rendered_from(_TEMPLATES, f"{name}.md.jinja", {**facts, "site": site, "chapter": self._chapter(name)})
                for site in (False, True)
            )
            title = title or heading(self.api.registry.api.title)  # noqa: PLW2901 - the start page has the API's title
            yield self.site.page(f"{name}.md", title, plain, shown=shown, line=line, section=SECTION)

    def _facts(self) -> dict[str, object]:
        registry = self.api.registry
        tool = _first(registry.tools)
        example = first_example(tool, self.api, CurlWriter(registry)) if tool else Example("", ())
        texts = {one.language: one for one in reversed(example.codes)}
        return {
            "api": Identity.of(self.api),
            "links": self.links,
            "explorer": self.explorer,
            "pitch": self.readme.introduction,
            "start": self.readme.chapters.get(START, ""),
            "example": example,
            "python": texts["python"].text if texts else "",
            "lua": texts.get("lua", Code("lua", "")),
            "accounts": account_calls(self.api),
            "tool": tool.name if tool else "TOOL",
            "tools": len(registry.tools),
            "parts": figure(PARTS),
            "life": figure(LIFE),
            "outcomes": figure(OUTCOMES),
            "clients": list(mcp_clients(registry.api)),
            "sections": [
                (title, [(name, line) for name, (_, line) in commands.items()])
                for title, commands in SECTIONS.items()
                if commands
            ],
            "codes": list(MEANINGS.items()),
            "groups": list(self._groups()),
            "functions": self._functions(),
        }

    def _groups(self) -> Iterator[tuple[object, ...]]:
        for group in groups_of(self.api.registry):
            title = heading(group.title or group.name)
            yield title, group.name, len(group.tools), inline(group.summary.split("\n\n")[0])

    def _chapter(self, name: str) -> str:
        for title, page in CHAPTERS.items():
            if page == name and title in self.readme.chapters:
                return shifted(self.readme.chapters[title], 3)
        return ""

    def _functions(self) -> list[tuple[str, list[str]]]:
        registry = self.api.registry
        return [
            (
                heading(group.title or group.name),
                [
                    f"{self.links.to_tool(name, code(lua_path(self.api.namespace, name)))}: "
                    f"{inline(registry.tools[name].summary)}"
                    for name in group.tools
                ],
            )
            for group in groups_of(registry)
        ]


def _first(tools: Mapping[str, Tool]) -> Tool | None:
    return next(iter(tools.values()), None)
