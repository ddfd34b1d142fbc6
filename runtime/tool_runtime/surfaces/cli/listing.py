"""Lists of tools and of pages: tables on a terminal, tab-separated lines in a pipe, JSON with `--json`."""

from collections.abc import Iterable, Sequence
from typing import Any

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.errors import UsageError
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.common.package import Page
from tool_runtime.surfaces.common.printable import printable
from tool_runtime.values.suggestions import nearest

EFFECTS = ("dial", "spend", "publish", "destroy")
# Columns that kind and summary need beside a name.
_NARROWEST_TEXT = 30


def chosen(
    registry: Registry, group: str | None = None, tool_class: str | None = None, effect: str | None = None
) -> list[Tool]:
    """Return the tools of a group, a class and an effect, in the order of the spec. Raises `UsageError`."""
    tools = [registry.tools[name] for name in registry]
    _check("--group", group, registry.groups)
    _check("--class", tool_class, ("read", "write"))
    _check("--effect", effect, EFFECTS)
    return [
        tool
        for tool in tools
        if group in {None, tool.group} and tool_class in {None, tool.tool_class} and effect in {None, *tool.effects}
    ]


def _check(option: str, given: str | None, known: Iterable[str]) -> None:
    if given is not None and given not in known:
        near = nearest(given, known)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
        raise UsageError(f"{option} has no {given[:80]!r}", hint=hint)


def show_tools(session: Session, tools: Sequence[Tool]) -> None:
    """Show tools, by group on a terminal."""
    if session.as_json:
        session.give([_describe(tool) for tool in tools])
        return
    session.given = True
    if not tools:
        output.note(f"{session.program}: no tool fits these options together; {session.program} list shows every tool.")
    rows = [(tool.name, _kind(tool), tool.summary) for tool in tools]
    if not output.is_terminal():
        _write_rows(rows)
        return
    groups = session.registry.groups
    for group, entry in groups.items():
        members = [row for row, tool in zip(rows, tools, strict=True) if tool.group == group]
        if members:
            _print_table(str(entry.title or group), members)
    loose = [row for row, tool in zip(rows, tools, strict=True) if tool.group not in groups]
    if loose:
        _print_table("", loose)


def show_pages(session: Session, pages: Sequence[Page], *, form: str | None = None) -> None:
    """Show pages of the reference: name, kind and a line about each. `form` is `text`, `markdown` or `json`."""
    data = [{"page": page.name, "kind": page.kind, "summary": page.summary} for page in pages]
    if session.as_json or form == "json":
        session.give(data)
        return
    session.given = True
    rows = [(page.name, page.kind, page.summary) for page in pages]
    if form == "markdown":
        for name, kind, summary in rows:
            output.write(f"- `{name}` ({kind}): {' '.join(summary.split())}")
    elif output.is_terminal() or form == "text":
        if rows:
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
    """Print names beside what is said of them; a terminal without room for both gets what is said below each name."""
    longest = max(len(row[0]) for row in rows)
    if output.width() - longest < _NARROWEST_TEXT:
        if title:
            output.write(title)
        for name, *said in rows:
            output.write(name)
            output.write_hanging(f"  {': '.join(said)}", 2)
        output.write("")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, title=Text(title) if title else None)
    table.title_justify = "left"
    # A name that was cut, or broken over two lines, is a name that nobody can copy.
    table.add_column(style="cyan", no_wrap=True, min_width=longest)
    for _ in rows[0][1:]:
        table.add_column()
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    output.print_rich(table)
    output.write("")
