"""Shows the demo: for people, as one JSON document, or as a Python script that users can keep.

The code on the screen is made from the step that was run. This module knows rich and the structure of a demo; it runs
nothing.
"""

import json
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tool_runtime.core.templates import ABSENT, lookup
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.demo import Demo, Outcome, Step
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.common.python_source import expression, python_call

if TYPE_CHECKING:
    from rich.console import Console

EXCERPT = 20


def show(session: Session, demo: Demo, outcomes: Iterable[Outcome]) -> None:
    """Show the demo to a person, each step after its run."""
    console = output.console()
    _print_line(console, demo.title, "bold")
    _print_prose(console, _sandbox_notice(session))
    _print_prose(console, demo.explain)
    _print_code(console, _client_lines(session))
    for number, outcome in enumerate(outcomes, start=1):
        _print_title(console, f"{number}. {outcome.step.title}")
        _print_prose(console, outcome.step.explain)
        if outcome.step.kind == "show_tool":
            _print_faces(console, session, outcome.tool)
            continue
        _print_code(console, python_step(outcome.step))
        _print_result(console, outcome)
    _print_title(console, "Where to go from here")
    end = f"That was the sandbox: no call was placed, nothing was charged, {session.title} was not asked."
    _print_prose(console, end)
    for command, purpose in next_commands(session):
        console.print()
        _print_line(console, f"  {command}", "cyan")
        _print_line(console, f"      {purpose}", "dim")


def as_document(session: Session, demo: Demo, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the demo as one JSON document."""
    return {
        "demo": demo.title,
        "sandbox": True,
        "notice": _sandbox_notice(session),
        "steps": [_step_document(session, outcome) for outcome in outcomes],
        "next": [{"command": command, "purpose": purpose} for command, purpose in next_commands(session)],
    }


def as_script(session: Session, demo: Demo) -> str:
    """Return the demo as a Python script."""
    api = session.registry.api
    lines = [
        f"# {demo.title}",
        f"# Runs on the sandbox. With Client() in its place and {api.environment}_API_KEY set, the same",
        f"# lines reach {api.title}: what they create is real then, and so is what they cost.",
        _client_lines(session),
    ]
    for number, step in enumerate((step for step in demo.steps if step.kind != "show_tool"), start=1):
        lines += ["", f"# {number}. {step.title}", python_step(step)]
        if step.save:
            lines += [f"print({expression(f'${step.save}.{path}')})" for path in step.show]
    return "\n".join(lines)


def python_step(step: Step) -> str:
    """Return a step as Python source."""
    if step.kind == "list":
        cells = ", ".join(expression(f"$row.{path}") for path in step.table) or "row"
        loop = python_call(f"client.iter.{step.target}", step.arguments, loop="row")
        return f"{loop}\n    print({cells})"
    prefix = "client.wait" if step.kind == "wait" else "client"
    return python_call(f"{prefix}.{step.target}", step.arguments, target=step.save)


def next_commands(session: Session) -> list[tuple[str, str]]:
    """Return the commands to run next, each with its purpose."""
    program, prefix = session.program, session.environment
    real = f"from here on Client() in Python, and call without --sandbox, reach {session.title} itself"
    return [
        (f"{program} demo --script > demo.py", "the steps above as a script, to run and to change"),
        (f"{program} list", "every tool"),
        (f"{program} docs TOOL", "the reference of one of them"),
        (f"{program} call --sandbox TOOL '{{...}}'", "any tool, on the sandbox"),
        (f"export {prefix}_API_KEY=...", f"{real}: phones ring then, and calls cost money"),
    ]


def _sandbox_notice(session: Session) -> str:
    return (
        f"Everything below runs on the sandbox, a stand-in for the {session.title} API inside this process: "
        "no key is needed, no call is placed, nothing is charged."
    )


def _client_lines(session: Session) -> str:
    return f"from {session.registry.api.name} import Client\n\nclient = Client(sandbox=True)"


def _step_document(session: Session, outcome: Outcome) -> dict[str, Any]:
    step = outcome.step
    document: dict[str, Any] = {"title": step.title, "kind": step.kind, "tool": outcome.tool}
    if step.kind == "show_tool":
        return document | {
            "python": _example_call(session, outcome.tool),
            "schema": session.package.schema(outcome.tool),
            "reference": session.package.page(outcome.tool).read(),
        }
    if step.kind == "wait":
        document["waiter"] = step.target
    return document | {"arguments": outcome.arguments, "python": python_step(step), "result": outcome.result}


def _print_prose(console: "Console", text: str) -> None:
    for paragraph in filter(None, text.strip().split("\n\n")):
        console.print()
        _print_line(console, textwrap.fill(" ".join(paragraph.split()), console.width - 1))


def _print_line(console: "Console", line: str, style: str = "") -> None:
    # No markup, no wrapping, no padding: a pipe gets exactly the text, to the last character.
    console.print(line, style=style or None, markup=False, emoji=False, soft_wrap=True)


def _print_code(console: "Console", code: str, language: str = "python") -> None:
    console.print()
    if not console.is_terminal:
        _print_line(console, textwrap.indent(code, "  "))
        return
    from rich.padding import Padding
    from rich.syntax import Syntax

    syntax = Syntax(code, language, theme="ansi_dark", background_color="default", word_wrap=True)
    console.print(Padding(syntax, (0, 0, 0, 2)))


def _print_title(console: "Console", title: str) -> None:
    console.print()
    _print_line(console, f"-- {title} ".ljust(console.width - 1, "-"), "bold")


def _print_result(console: "Console", outcome: Outcome) -> None:
    step = outcome.step
    console.print()
    if step.table and isinstance(outcome.result, list):
        _print_rows(console, step.table, outcome.result)
        return
    fields = [(path, _shown(lookup(outcome.result, path))) for path in step.show]
    width = max((len(path) for path, value in fields if "\n" not in value), default=0)
    for path, value in fields:
        if "\n" in value:
            _print_line(console, f"  {path}", "cyan")
            _print_line(console, textwrap.indent(value.strip("\n"), "    "))
        else:
            room = max(console.width - width - 5, 20)
            lines = textwrap.wrap(value, room) or [""]
            for label, line in zip([path, *[""] * len(lines)], lines, strict=False):
                _print_line(console, f"  {label:<{width}}  {line}".rstrip())


def _print_rows(console: "Console", columns: Sequence[str], rows: Sequence[Any]) -> None:
    lines = [list(columns), *([_shown(lookup(row, column)) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        _print_line(console, f"  {'  '.join(cells)}".rstrip(), "" if number else "cyan")


def _print_faces(console: "Console", session: Session, tool: str) -> None:
    arguments = shlex.quote(json.dumps(_example_arguments(session, tool), ensure_ascii=False))
    width = console.width - 3
    faces = (
        ("Python", _example_call(session, tool), "python", ""),
        ("Command line", f"{session.program} call {tool} {arguments}", "bash", ""),
        (
            "JSON Schema",
            _excerpt(_brief_schema(session.package.schema(tool)), width),
            "json",
            f"{session.program} schema {tool}",
        ),
        (
            "Reference",
            _excerpt(session.package.page(tool).read(), width),
            "markdown",
            f"{session.program} docs {tool}",
        ),
    )
    for heading, code, language, whole in faces:
        console.print()
        _print_line(
            console,
            f"{heading}:" if not whole else f"{heading}, the beginning; {whole} shows the whole:",
            "cyan",
        )
        _print_code(console, code, language)


def _excerpt(text: str, width: int) -> str:
    lines = [line for line in text.strip().splitlines() if not line.startswith("<!--")]
    cut = lines if len(lines) <= EXCERPT else [*lines[:EXCERPT], "..."]
    return "\n".join(line if len(line) <= width else f"{line[: width - 3]}..." for line in cut).strip()


def _brief_schema(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    parts = [f'  "type": "object",\n  "required": {json.dumps(required)},\n  "properties": {{']
    properties = schema.get("properties", {})
    shown = [name for name in properties if name in required] or list(properties)[:3]
    parts += [f'    "{name}": {json.dumps(properties[name], ensure_ascii=False)},' for name in shown]
    parts.append(f"    ... {len(properties) - len(shown)} more")
    return "{\n" + "\n".join(parts) + "\n  }\n}"


def _example_arguments(session: Session, tool: str) -> Mapping[str, Any]:
    examples = session.registry.resolve(tool).examples
    arguments: Mapping[str, Any] = examples[0].arguments if examples else {}
    return arguments


def _example_call(session: Session, tool: str) -> str:
    # Examples are values, not templates: a leading dollar sign is doubled, so that it stays a dollar sign.
    return python_call(f"client.{tool}", _literal(_example_arguments(session, tool)))


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return f"${value}" if value.startswith("$") else value
    if isinstance(value, Mapping):
        return {key: _literal(part) for key, part in value.items()}
    return [_literal(part) for part in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
