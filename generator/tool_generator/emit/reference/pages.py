"""The pages of the reference: one with everything, one for each tool, and `llms.txt`, which lists them.

This module owns which part stands on which page, and how pages are rendered; `reference.py` owns the order of the big
page. Templates loop, choose and include: Python makes every text that they show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jinja2

from tool_generator.emit.reference.functions import DocumentedApi, Function, function
from tool_generator.emit.reference.guide import read_guide
from tool_generator.emit.reference.markdown import code, heading, inline
from tool_generator.emit.reference.notation import Links
from tool_generator.emit.reference.reference import build_reference, groups_of, layout
from tool_generator.emit.reference.typeentries import (
    Catalogue,
    TypeEntry,
    argument_types,
    off_page,
    on_page,
    result_types,
)
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool


@dataclass(frozen=True, slots=True)
class ToolPage:
    """The page of one tool: its entry, the types of its arguments, and the types of its result."""

    reference: str
    function: Function
    types: tuple[TypeEntry, ...]
    results: tuple[TypeEntry, ...]


@dataclass(frozen=True, slots=True)
class IndexGroup:
    """One list of links in `llms.txt`."""

    title: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """`llms.txt`."""

    title: str
    summary: str
    notes: tuple[str, ...]
    reference: str
    groups: tuple[IndexGroup, ...]


def emit_docs(registry: Registry, guide: Mapping[str, str]) -> dict[str, str]:
    """Return every page as relative path -> Markdown that ends with one newline.

    `registry` is the compiled registry; `guide` maps the stems of the spec's guide texts to their Markdown. Both have
    passed the lint. Raises ValueError for a guide text that has no place, and for a tool whose page would overwrite
    the reference page.
    """
    prose = read_guide(guide)
    slug = registry.api.slug
    if slug in registry.tools:
        raise ValueError(f"the tool {slug!r} and the reference would both be reference/{slug}.md")
    api = DocumentedApi(registry)
    catalogue = Catalogue.of(api.types)
    plan = layout(registry, prose, catalogue)
    reference = build_reference(api, plan, catalogue)
    pages = {f"reference/{slug}.md": _render("reference.md.jinja", reference)}
    for name, tool in registry.tools.items():
        pages[f"reference/{name}.md"] = _render("tool.md.jinja", _tool_page(tool, api, plan.links, catalogue))
    pages["llms.txt"] = _render("llms.txt.jinja", _index(api))
    return pages


def _tool_page(tool: Tool, api: DocumentedApi, links: Links, catalogue: Catalogue) -> ToolPage:
    described = api.registry.api
    taken = [key for key in catalogue.in_order(argument_types(tool)) if key in links.types]
    results = result_types(tool, api.registry)
    given = [key for key in results if key in links.types and key not in taken]
    here = replace(links, reference=f"{described.slug}.md", local=frozenset((*taken, *given)))
    return ToolPage(
        reference=f"[{heading(described.title)}]({described.slug}.md)",
        function=function(tool, api, here),
        types=tuple(catalogue.entry(key, on_page(here)) for key in taken),
        results=tuple(catalogue.entry(key, off_page(here)) for key in given),
    )


def _index(api: DocumentedApi) -> Index:
    described, tools = api.registry.api, api.registry.tools
    return Index(
        title=heading(described.title),
        summary=inline(described.summary),
        notes=(
            f"Lua namespace: {code(api.namespace)}",
            f"Python: {code(f'from {described.name} import Client')}, then {code('client.TOOL(…)')}",
            "Command line: " + code(f"{described.command} call TOOL '{{…}}'"),
        ),
        reference=f"[{heading(described.title)}](reference/{described.slug}.md)",
        groups=tuple(
            IndexGroup(
                heading(group.title or group.name),
                tuple(_index_line(tools[name]) for name in group.tools),
            )
            for group in groups_of(api.registry)
        ),
    )


def _index_line(tool: Tool) -> str:
    ended = "deprecated. " if tool.deprecated else ""
    kinds = ", ".join([tool.tool_class, *tool.effects])
    return f"[{inline(tool.name)}](reference/{tool.name}.md): {ended}{inline(tool.summary)} ({inline(kinds)})"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (Markdown, whose own escaper is markdown.py)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _render(template: str, page: object) -> str:
    return _tidy(_environment().get_template(template).render(page=page))


def _tidy(text: str) -> str:
    """Strip trailing spaces, and leave at most one blank line in a row, except in fenced code."""
    lines: list[str] = []
    closing = ""
    for raw in text.split("\n"):
        line = raw.rstrip(" \t")
        if line.startswith("```"):
            ticks = line[: len(line) - len(line.lstrip("`"))]
            if not closing:
                closing = ticks
            elif line == ticks and len(ticks) >= len(closing):
                closing = ""
        if line or closing or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"
