"""The pages of the reference: one with everything, one for each tool, and `llms.txt` that lists them.

This module owns what stands on which page and how pages are rendered; `reference.py` owns the order of the
big one. Templates loop, choose and include: every text that they show was made in Python.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from tool_generator.docs.functions import Api, Function, function
from tool_generator.docs.guide import read_guide
from tool_generator.docs.markdown import code, heading, inline
from tool_generator.docs.notation import Links
from tool_generator.docs.reference import build_reference, groups_of, layout
from tool_generator.docs.typeentries import (
    Catalogue,
    TypeEntry,
    argument_types,
    off_page,
    on_page,
    result_types,
)


@dataclass(frozen=True, slots=True)
class ToolPage:
    """A tool's own page: its entry, the types of its arguments, and those of its result."""

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


def emit_docs(registry: Mapping[str, Any], guide: Mapping[str, str]) -> dict[str, str]:
    """Return every page as relative path -> Markdown that ends with one newline.

    `registry` is the compiled registry, `guide` maps the stems of the spec's guide texts to their Markdown.
    Both have passed the lint. Raises ValueError for a guide text that has no place, and for a tool whose page
    would take the place of the reference.
    """
    prose = read_guide(guide)
    described = registry["api"]
    slug = described["slug"]
    if slug in registry["tools"]:
        raise ValueError(f"the tool {slug!r} and the reference would both be reference/{slug}.md")
    api = Api(described["name"], slug, described["title"], described["command"], registry.get("types", {}))
    catalogue = Catalogue.of(api.types)
    plan = layout(registry, prose, catalogue)
    reference = build_reference(registry, api, plan, catalogue)
    pages = {f"reference/{slug}.md": _render("reference.md.jinja", reference)}
    for name in registry["tools"]:
        pages[f"reference/{name}.md"] = _render("tool.md.jinja", _tool_page(name, registry, api, plan.links, catalogue))
    pages["llms.txt"] = _render("llms.txt.jinja", _index(registry, api))
    return pages


def _tool_page(name: str, registry: Mapping[str, Any], api: Api, links: Links, catalogue: Catalogue) -> ToolPage:
    tool = registry["tools"][name]
    taken = [key for key in catalogue.in_order(argument_types(tool)) if key in links.types]
    results = result_types(tool, api.types, registry.get("pagination", {}))
    given = [key for key in results if key in links.types and key not in taken]
    here = replace(links, reference=f"{api.slug}.md", local=frozenset((*taken, *given)))
    return ToolPage(
        reference=f"[{heading(api.title)}]({api.slug}.md)",
        function=function(name, tool, api, here, waiters_of(name, registry)),
        types=tuple(catalogue.entry(key, on_page(here)) for key in taken),
        results=tuple(catalogue.entry(key, off_page(here)) for key in given),
    )


def waiters_of(tool: str, registry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the waiters that poll a tool."""
    return {name: waiter for name, waiter in registry.get("waiters", {}).items() if waiter["tool"] == tool}


def _index(registry: Mapping[str, Any], api: Api) -> Index:
    described = registry["api"]
    return Index(
        title=heading(api.title),
        summary=inline(described.get("summary", "")),
        notes=(
            f"Lua namespace: {code(api.namespace)}",
            f"Python: {code(f'from {api.name} import Client')}, then {code('client.TOOL(…)')}",
            "Command line: " + code(f"{api.command} call TOOL '{{…}}'"),
        ),
        reference=f"[{heading(api.title)}](reference/{api.slug}.md)",
        groups=tuple(
            IndexGroup(
                heading(group.get("title", key)),
                tuple(_index_line(name, registry) for name in group["tools"]),
            )
            for key, group in groups_of(registry).items()
        ),
    )


def _index_line(name: str, registry: Mapping[str, Any]) -> str:
    tool = registry["tools"][name]
    ended = "deprecated. " if tool.get("deprecated") else ""
    kinds = ", ".join([tool["class"], *tool.get("effects", ())])
    return f"[{inline(name)}](reference/{name}.md): {ended}{inline(tool.get('summary', ''))} ({inline(kinds)})"


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
    """Strip trailing spaces, and leave one blank line at most outside fenced code."""
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
