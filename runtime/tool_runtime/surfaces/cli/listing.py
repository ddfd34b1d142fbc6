"""Lists of tools and of pages: tables on a terminal, tab-separated lines in a pipe, JSON with `--json`."""

from collections.abc import Iterable, Sequence
from typing import Any

from tool_runtime.core.tools import Tool
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.common.package import Page


def show_tools(session: Session) -> None:
    """Show every tool, in the order of the spec."""
    registry = session.registry
    tools = [registry.resolve(name) for name in registry]
    if session.as_json:
        session.give([_describe(tool) for tool in tools])
        return
    rows = [(tool.name, _kind(tool), tool.summary) for tool in tools]
    if not output.is_terminal():
        _write_rows(rows)
        return
    groups = registry.groups
    for group, entry in groups.items():
        members = [row for row, tool in zip(rows, tools, strict=True) if tool.group == group]
        if members:
            _print_table(str(entry.title or group), members)
    loose = [row for row, tool in zip(rows, tools, strict=True) if tool.group not in groups]
    if loose:
        _print_table("", loose)


def show_pages(session: Session, pages: Sequence[Page]) -> None:
    """Show every page of the reference."""
    if session.as_json:
        session.give([{"page": page.name, "summary": page.summary} for page in pages])
        return
    rows = [(page.name, page.summary) for page in pages]
    if output.is_terminal():
        _print_table("", rows)
    else:
        _write_rows(rows)


def _describe(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "full_name": tool.full_name,
        "aliases": list(tool.aliases),
        "group": tool.group,
        "class": tool.tool_class,
        "effects": list(tool.effects),
        "summary": tool.summary,
        "required": [name for name, parameter in tool.parameters.items() if parameter.required],
        "deprecated": bool(tool.deprecated),
    }


def _kind(tool: Tool) -> str:
    kind = ", ".join((tool.tool_class, *tool.effects))
    return f"{kind}, deprecated" if tool.deprecated else kind


def _write_rows(rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        output.write("\t".join(" ".join(cell.split()) for cell in row))


def _print_table(title: str, rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, title=Text(title) if title else None)
    table.title_justify = "left"
    table.add_column(style="cyan", no_wrap=True)
    for _ in rows[0][1:]:
        table.add_column()
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = output.console()
    console.print(table)
    console.print()
