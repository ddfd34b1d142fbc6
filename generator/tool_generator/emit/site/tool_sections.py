"""Pages of tools and groups, and the table of all tools.

The text of a tool is that of the reference, with a request for curl beside the other languages and with what changed
in each version. This module owns the badges and the tables. It must not know about types, guides or surfaces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from tool_generator.emit.reference.functions import EFFECTS, Code, DocumentedApi, Example, Function, calls
from tool_generator.emit.reference.groups import group_section, groups_of, tool_line
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import heading, inline
from tool_generator.emit.reference.sample_arguments import example_arguments
from tool_generator.emit.reference.tool_pages import tool_page
from tool_generator.emit.site.curl_snippets import CurlWriter
from tool_generator.emit.site.site_content import Site, SitePage, tool_path
from tool_runtime.core.tools import Group, Tool

SECTION = "Tools"
TABLE = "tools/index.md"
UNSEARCHED = "{ data-search-exclude }"
"""The mark of a heading whose section only repeats what other pages say."""

_CLASSES: Mapping[str, str] = {
    "read": "changes nothing",
    "write": "changes something at the provider",
}


@dataclass(frozen=True, slots=True)
class ToolChange:
    """What one version changed in one tool."""

    version: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolSections:
    """Writes the pages of the tools of one API. `changes` are those of each tool, the newest version first."""

    api: DocumentedApi
    links: Links
    site: Site
    functions: Mapping[str, Function]
    changes: Mapping[str, Sequence[ToolChange]]

    def pages(self) -> Iterator[SitePage]:
        """Yield the table of all tools, then the pages of the tools in the order of the groups."""
        yield self._table()
        curl = CurlWriter(self.api.registry)
        for group in groups_of(self.api.registry):
            for name in group.tools:
                yield self._tool(self.api.registry.tools[name], curl)

    def groups(self) -> Iterator[SitePage]:
        """Yield the page of each group."""
        for group in groups_of(self.api.registry):
            yield self._group(group)

    def _tool(self, tool: Tool, curl: CurlWriter) -> SitePage:
        item = self.with_curl(tool, curl)
        text = tool_page(item).partition("\n")[2]
        shown = tool_page(replace(item, badges="")).partition("\n")[2]
        changes = _changes(self.changes.get(tool.name, ()))
        return self.site.page(
            tool_path(tool.name),
            item.name,
            text + changes,
            shown=shown.replace("\n## More examples\n", f"\n## More examples {UNSEARCHED}\n")
            + changes
            + _found_by(tool),
            line=inline(tool.summary),
            section=SECTION,
            own=("tool", tool.name),
            tags=(tool.tool_class, *tool.effects),
            head=_head(tool),
            names_only=True,
        )

    def with_curl(self, tool: Tool, curl: CurlWriter) -> Function:
        """Return the entry of a tool whose examples hold a request for curl too."""
        item = self.functions[tool.name]
        given = [one.arguments for one in tool.examples] or [example_arguments(tool, self.api.types)]
        examples = []
        for example, arguments in zip(item.examples, given, strict=True):
            text = curl.command(tool, arguments)
            examples.append(replace(example, codes=(*example.codes, Code("sh", text))) if text else example)
        return replace(item, examples=tuple(examples))

    def _group(self, group: Group) -> SitePage:
        section = group_section(group, self.api, self.links)
        title = "## All of them in Lua"
        script = f"\n\n{section.script.fence}lua\n{section.script.text}\n{section.script.fence}\n"
        tools = [self.api.registry.tools[name] for name in group.tools]
        rows = f"<div data-search-exclude markdown>\n\n{self._rows(tools)}\n\n</div>"
        return self.site.page(
            f"groups/{group.name}/index.md",
            section.title,
            "\n\n".join([section.prose, "\n".join(section.tools), title + script]),
            shown="\n\n".join([section.prose, rows, f"{title} {UNSEARCHED}{script}"]),
            line=inline(group.summary.split("\n\n")[0]),
            section="Groups",
        )

    def _table(self) -> SitePage:
        groups = groups_of(self.api.registry)
        listed = [
            f"## {heading(group.title or group.name)}\n\n"
            + "\n".join(f"- {tool_line(self.api.registry.tools[name], self.links)}" for name in group.tools)
            for group in groups
        ]
        tools = [self.api.registry.tools[name] for group in groups for name in group.tools]
        used = dict.fromkeys(effect for tool in tools for effect in tool.effects)
        meanings = [f"{badge(name)} {_CLASSES.get(name) or EFFECTS.get(name, '')}" for name in (*_CLASSES, *used)]
        intro = f"{len(tools)} tools. " + ", ".join(meanings) + "."
        table = f'<div class="rt-tools" markdown>\n\n{self._rows(tools, groups=True)}\n\n</div>'
        return self.site.page(
            TABLE,
            "All tools",
            "\n\n".join(listed),
            shown=f"{intro}\n\n{table}",
            line="every tool with its class, effects and group",
            section=SECTION,
            hide=("toc",),
            searched=False,
        )

    def _rows(self, tools: Iterable[Tool], *, groups: bool = False) -> str:
        """Return a table of tools: two columns, since three are too narrow on a telephone."""
        lines = ["| Tool | Class and effects |", "|---|---|"]
        titles = {group.name: group.title or group.name for group in groups_of(self.api.registry)}
        for tool in tools:
            where = f' <span class="rt-group">{escape(titles.get(tool.group, ""))}</span>' if groups else ""
            ended = "Deprecated. " if tool.deprecated else ""
            cell = f"{self.links.to_tool(tool.name)}{where}<br>{ended}{inline(tool.summary)}"
            # A pipe would end the cell, except in a code span.
            lines.append(f"| {_without_pipes(cell)} | {badges_of(tool)} |")
        return "\n".join(lines)


def badge(name: str) -> str:
    """Return a class or an effect as a badge."""
    meaning = _CLASSES.get(name) or EFFECTS.get(name, "")
    title = f' title="{escape(meaning)}"' if meaning else ""
    return f'<span class="rt-badge rt-{escape(name)}"{title}>{escape(name)}</span>'


def badges_of(tool: Tool) -> str:
    """Return the class and the effects of a tool as badges."""
    return " ".join(map(badge, (tool.tool_class, *tool.effects)))


def _head(tool: Tool) -> str:
    request = f"{tool.method} {tool.path}"
    parts = [f'<p class="rt-badges">{badges_of(tool)} <code>{escape(request)}</code></p>']
    return "\n\n".join(parts)


def _found_by(tool: Tool) -> str:
    """Return a heading with what people say for what the tool does: the search gives headings more weight than text."""
    return f"\n#### Also: {heading(', '.join(tool.keywords))} {{ .rt-keywords }}\n" if tool.keywords else ""


def _changes(changes: Sequence[ToolChange]) -> str:
    if not changes:
        return ""
    return "\n## Changes\n\n" + "\n".join(f"- {inline(one.version)}: {one.text}" for one in changes) + "\n"


def _without_pipes(cell: str) -> str:
    parts = cell.split("`")
    return "`".join(part if at % 2 else part.replace("|", "&#124;") for at, part in enumerate(parts))


def first_example(tool: Tool, api: DocumentedApi, curl: CurlWriter) -> Example:
    """Return the first call of a tool in every language, curl included; the title is empty."""
    _, call = calls(tool, api)[0]
    arguments = tool.examples[0].arguments if tool.examples else example_arguments(tool, api.types)
    codes = [Code("sh", call.command), Code("python", call.python), Code("lua", call.lua), Code("json", call.json)]
    text = curl.command(tool, arguments)
    return Example("", tuple([*codes, Code("sh", text)] if text else codes))
