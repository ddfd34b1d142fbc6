"""The help of one tool: what `TOOL --help` shows. The parameters of the tool stand as the flags that they are."""

from typing import Any

import click

from tool_runtime.core.gate import all_effects
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.typed_text import Types
from tool_runtime.surfaces.cli.words import ALWAYS_OPTIONS

_MOST_VALUES = 8
_KINDS = {"string": "TEXT", "integer": "INTEGER", "number": "NUMBER", "array": "JSON", "object": "JSON"}


def show(context: click.Context, command: Any, target: str) -> None:
    """Write the help of a tool, or of the tool that a waiter reads, to stdout."""
    session = context.find_root().obj
    registry: Registry = session.registry
    tool: Tool = command.tool_of(session, target)
    session.function = target
    text = help_of(context, command, registry, tool, target)
    session.give({"function": target, "help": text}, lambda: output.write(text))


def help_of(context: click.Context, command: click.Command, registry: Registry, tool: Tool, target: str) -> str:
    """Return the help: usage, what the tool does, its class and effects, arguments, and the options of the command."""
    formatter = context.make_formatter()
    required = [one for one in tool.parameters.values() if one.required]
    types = Types(registry.types)
    words = [target, *(f"{_flag(one)} {_kind(types, one)}" for one in required), "[OPTIONS]"]
    formatter.write_usage(context.command_path, " ".join(words))
    formatter.write_paragraph()
    with formatter.indentation():
        waiter = registry.waiters.get(target)
        formatter.write_text(waiter.summary if waiter is not None else tool.summary)
        for paragraph in filter(None, (tool.description if waiter is None else "").split("\n\n")):
            formatter.write_paragraph()
            formatter.write_text(" ".join(paragraph.split()))
        formatter.write_paragraph()
        effects = all_effects(tool, registry)
        formatter.write_text(f"A {tool.tool_class}" + (f" with effects: {', '.join(effects)}." if effects else "."))
    if tool.parameters:
        with formatter.section("Arguments"):
            formatter.write_dl(
                [
                    (f"{_flag(one)} {_kind(types, one)}".strip(), _about(types, one))
                    for one in sorted(tool.parameters.values(), key=lambda one: not one.required)
                ]
            )
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    rows = [row for one in options if (row := one.get_help_record(context)) is not None]
    with formatter.section("Options"):
        formatter.write_dl(rows)
    return formatter.getvalue().rstrip("\n")


def _flag(parameter: Parameter) -> str:
    plain = parameter.name.replace("_", "-")
    return f"--arg {parameter.name}=" if plain in ALWAYS_OPTIONS else f"--{plain}"


def _kind(types: Types, parameter: Parameter) -> str:
    """Return what stands for the value: `TEXT`, `INTEGER`, `JSON`, `@FILE`, the few allowed values, or nothing."""
    if parameter.place == "file":
        return "@FILE"
    allowed = [value for value in types.allowed(parameter.accepted) if value is not None]
    if 0 < len(allowed) <= _MOST_VALUES and all(isinstance(value, str) for value in allowed):
        return "|".join(allowed)
    kinds = types.kinds(parameter.accepted) - {"null"}
    if kinds == {"boolean"}:
        return ""
    return "|".join(dict.fromkeys(_KINDS[kind] for kind in sorted(kinds) if kind in _KINDS)) or "JSON"


def _about(types: Types, parameter: Parameter) -> str:
    text = " ".join(parameter.description.split())
    allowed = types.allowed(parameter.accepted)
    if len(allowed) > _MOST_VALUES:
        text += f" One of: {', '.join(map(str, allowed))}."
    return f"Required. {text}" if parameter.required else text
