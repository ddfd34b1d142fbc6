"""Pages and waiting: how a caller reads all rows of a list, and how one waits for a state.

Python has iterators and waiters for both. Every other surface has the calls they are made of, so those are
shown too.

This module knows the registry's pagination styles and waiters; it does not know where on a page they are
shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tool_generator.docs.functions import Api, Code, calls
from tool_generator.docs.markdown import code, inline, listed
from tool_generator.docs.notation import Links
from tool_generator.docs.samples import example_arguments
from tool_generator.docs.snippets import json_literal, lua_call, lua_path, python_method


@dataclass(frozen=True, slots=True)
class Iteration:
    """One pagination style: its tools as links, the loop in Python and in Lua, and what to mind."""

    tools: str
    python: Code
    lua: Code
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiter:
    """One waiter: its name, what it is for, the call, and what it does (inline Markdown)."""

    name: str
    summary: str
    python: Code
    meaning: str


def iterations(registry: Mapping[str, Any], api: Api, links: Links) -> Iterator[Iteration]:
    """Yield each pagination style that a tool uses, shown on the first such tool."""
    for name, style in registry.get("pagination", {}).items():
        users = {key: tool for key, tool in registry["tools"].items() if tool.get("pagination") == name}
        if users:
            first, tool = next(iter(users.items()))
            yield Iteration(
                tools=", ".join(links.to_tool(key) for key in users),
                python=_python_loop(first, tool, style, api),
                lua=_lua_loop(first, tool, style, api),
                notes=tuple(_style_notes(style)),
            )


def waiters(registry: Mapping[str, Any], api: Api, links: Links) -> Iterator[Waiter]:
    """Yield each waiter."""
    for name, declared in registry.get("waiters", {}).items():
        tool = registry["tools"][declared["tool"]]
        arguments = example_arguments(tool, api.types)
        until = " or ".join(map(_condition, declared.get("until", ())))
        failing = " or ".join(map(_condition, declared.get("fail", ())))
        meaning = (
            f"Calls {links.to_tool(declared['tool'])} every {declared.get('interval')} s until {until}, "
            f"and returns that reply; `WaitTimedOut` after {declared.get('timeout')} seconds"
        )
        meaning += f", `WaitFailed` where {failing}." if failing else "."
        yield Waiter(
            name=code(name),
            summary=inline(declared.get("summary", "")),
            python=Code("python", python_method(f"client.wait.{name}", arguments)),
            meaning=meaning,
        )


def _condition(condition: Mapping[str, Any]) -> str:
    field = code(condition["field"])
    if "in" in condition:
        return f"{field} is {listed((code(json_literal(value)) for value in condition['in']), 'or')}"
    return f"{field} is there" if condition.get("present", True) else f"{field} is absent"


def _example(tool: Mapping[str, Any], style: Mapping[str, Any], api: Api) -> dict[str, Any]:
    """Return the arguments of the first example without those that say which page."""
    given = (tool.get("examples") or [{"arguments": example_arguments(tool, api.types)}])[0].get("arguments", {})
    moving = {style.get(key) for key in ("cursor", "page", "offset", "limit")} | set(style.get("first_page_only", ()))
    return {key: value for key, value in given.items() if key not in moving}


def _python_loop(name: str, tool: Mapping[str, Any], style: Mapping[str, Any], api: Api) -> Code:
    call = python_method(f"client.iter.{name}", _example(tool, style, api))
    return Code("python", f"for row in {call}:\n    print(row)")


def _lua_loop(name: str, tool: Mapping[str, Any], style: Mapping[str, Any], api: Api) -> Code:
    arguments = _example(tool, style, api)
    items = _field("page", style.get("items", ""))
    if cursor := style.get("cursor"):
        following = _field("page", style.get("next", ""))
        step = f"  {_field('arguments', cursor)} = {following}"
        end = f"not {_field('page', style['more'])}" if style.get("more") else f"not {following}"
    elif number := style.get("page"):
        arguments = {**arguments, number: style.get("start", 1)}
        place = _field("arguments", number)
        step, end = f"  {place} = {place} + 1", f"#{items} == 0"
    else:
        offset = style.get("offset", "offset")
        arguments = {**arguments, offset: style.get("start", 0)}
        place = _field("arguments", offset)
        step, end = f"  {place} = {place} + #{items}", f"#{items} == 0"
    if style.get("more") and not style.get("cursor"):
        end = f"not {_field('page', style['more'])}"
    start = lua_call("", arguments)[1:-1]
    return Code(
        "lua",
        f"local arguments = {start}\n"
        "repeat\n"
        f"  local page = {lua_path(api.namespace, name)}(arguments)\n"
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


def _style_notes(style: Mapping[str, Any]) -> Iterator[str]:
    if only := style.get("first_page_only"):
        yield f"{listed(map(code, only))}: with the first page only."
    if limit := style.get("limit"):
        yield f"{code(limit)}: rows of one page, not of all."


def first_call(name: str, tool: Mapping[str, Any], api: Api) -> tuple[Code, ...]:
    """Return a tool's first example on every surface."""
    _, call = calls(name, tool, api)[0]
    return (
        Code("python", call.python),
        Code("sh", call.command),
        Code("lua", call.lua),
        Code("json", call.json),
    )
