"""Pages and waiting: how a caller reads all rows of a list, and how a caller waits for a state.

Python has iterators and waiters for both. Every other surface has the calls behind them, so the reference shows these
calls too.

This module knows the pagination styles and waiters of the registry. It must not know where on a page they stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tool_generator.emit.reference.functions import Code, DocumentedApi, calls, codes_of
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, inline, listed
from tool_generator.emit.reference.sample_arguments import example_arguments
from tool_generator.emit.reference.snippets import json_literal, lua_call, lua_path, python_method
from tool_runtime.core.tools import Condition, PageStyle, Tool


@dataclass(frozen=True, slots=True)
class Iteration:
    """One pagination style: its tools as links, the loop in Python and in Lua, and what callers must know."""

    tools: str
    python: Code
    lua: Code
    notes: tuple[str, ...]


def iterations(api: DocumentedApi, links: Links) -> Iterator[Iteration]:
    """Yield each pagination style that a tool uses, with the first such tool as the example."""
    for name, style in api.registry.page_styles.items():
        users = [tool for tool in api.registry.tools.values() if tool.pagination == name]
        if users:
            yield Iteration(
                tools=", ".join(links.to_tool(tool.name) for tool in users),
                python=_python_loop(users[0], style, api),
                lua=_lua_loop(users[0], style, api),
                notes=tuple(_style_notes(style)),
            )


def waiters(api: DocumentedApi, links: Links) -> Iterator[str]:
    """Yield a line for each waiter: the call in Python, and what the waiter does."""
    for waiter in api.registry.waiters.values():
        arguments = example_arguments(api.registry.tools[waiter.tool], api.types)
        call = " ".join(python_method(f"client.wait.{waiter.name}", arguments).split())
        until = " or ".join(map(_condition, waiter.until))
        failing = " or ".join(map(_condition, waiter.fail))
        failed = f" `WaitFailed` where {failing}." if failing else ""
        yield (
            f"{code(call)}: {links.prose(inline(waiter.summary))} "
            f"Calls {links.to_tool(waiter.tool)} every {waiter.interval:g} s until {until}; "
            f"`WaitTimedOut` after {waiter.timeout:g} s.{failed}"
        )


def _condition(condition: Condition) -> str:
    field = code(condition.field)
    if condition.values:
        return f"{field} is {listed((code(json_literal(value)) for value in condition.values), 'or')}"
    return f"{field} is absent" if condition.present is False else f"{field} is there"


def _example(tool: Tool, style: PageStyle, api: DocumentedApi) -> dict[str, Any]:
    """Return the arguments of the first example without those that choose a page."""
    given = tool.examples[0].arguments if tool.examples else example_arguments(tool, api.types)
    moving = {style.cursor, style.page, style.offset, style.limit, *style.first_page_only}
    return {key: value for key, value in given.items() if key not in moving}


def _python_loop(tool: Tool, style: PageStyle, api: DocumentedApi) -> Code:
    call = python_method(f"client.iter.{tool.name}", _example(tool, style, api))
    return Code("python", f"for row in {call}:\n    print(row)")


def _lua_loop(tool: Tool, style: PageStyle, api: DocumentedApi) -> Code:
    arguments = _example(tool, style, api)
    items = _field("page", style.items)
    if style.cursor:
        following = _field("page", style.next or "")
        step, end = f"  {_field('arguments', style.cursor)} = {following}", f"not {following}"
    elif style.page:
        arguments = {**arguments, style.page: style.start}
        place = _field("arguments", style.page)
        step, end = f"  {place} = {place} + 1", f"#{items} == 0"
    else:
        offset = style.offset or "offset"
        arguments = {**arguments, offset: 0}
        place = _field("arguments", offset)
        step, end = f"  {place} = {place} + #{items}", f"#{items} == 0"
    if style.more:
        end = f"not {_field('page', style.more)}"
    start = lua_call("", arguments)[1:-1]
    return Code(
        "lua",
        f"local arguments = {start}\n"
        "repeat\n"
        f"  local page = {lua_path(api.namespace, tool.name)}(arguments)\n"
        f"  for _, row in ipairs({items}) do\n"
        "    dump(row)\n"
        "  end\n"
        f"{step}\n"
        f"until {end}",
    )


def _field(table: str, path: str) -> str:
    for part in filter(None, path.split(".")):
        table = lua_path(table, part)
    return table


def _style_notes(style: PageStyle) -> Iterator[str]:
    if style.first_page_only:
        yield f"{listed(map(code, style.first_page_only))}: with the first page only."
    if style.limit:
        yield f"{code(style.limit)}: rows of one page, not of all."


def first_call(tool: Tool, api: DocumentedApi) -> tuple[Code, ...]:
    """Return a tool's first example in every language."""
    _, call = calls(tool, api)[0]
    return codes_of(call)
