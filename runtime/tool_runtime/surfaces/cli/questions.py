"""Questions to a person: may this be sent, and what is missing.

Asked on a terminal and nowhere else: standard input and stderr must both be one. Questions go to stderr, since stdout
is data. Only the word `yes` lets a call through. What comes from outside is shown without control characters, so that
no argument can rewrite the question.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from tool_runtime.core.gate import Invocation
from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.errors import Interrupted, UsageError
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.arguments import unfilled
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.typed_text import Types, Unreadable
from tool_runtime.surfaces.common.printable import printable

YES = "yes"
_LONGEST = 400


def can_ask() -> bool:
    """Say whether a person can be asked: standard input and stderr are terminals."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in (sys.stdin, sys.stderr))


def confirmation(session: Session) -> Callable[[Invocation], bool] | None:
    """Return the function that asks for a yes, or None where nobody can be asked."""
    if not can_ask():
        return None

    def confirm(invocation: Invocation) -> bool:
        for line in described(session, invocation):
            output.note(line)
        return agrees("to go on")

    return confirm


def agrees(purpose: str) -> bool:
    """Ask for a yes: `agrees("to go on")`. Only the whole word is yes. Raises `Interrupted` where the person leaves."""
    return _answer(f"Type {YES} {purpose}: ").strip().lower() == YES


def described(session: Session, invocation: Invocation) -> list[str]:
    """Return the lines that a person reads before saying yes: what, for whom, with which effects and arguments."""
    target = f"the sandbox of {session.title}" if session.meta.get("sandbox") else invocation.base_url
    rows = [("account", invocation.account), ("to", target)]
    if invocation.effects:
        rows.append(("effects", ", ".join(invocation.effects)))
    if invocation.numbers:
        rows.append(("rings", ", ".join(invocation.numbers)))
    if invocation.steps:
        rows.append(("steps", ", ".join(invocation.steps)))
    if invocation.within:
        rows.append(("within", invocation.within))
    rows += [(f"  {name}", _short(value)) for name, value in invocation.arguments.items()]
    wide = max(len(name) for name, _ in rows)
    head = f"{session.program}: {invocation.tool}: {invocation.summary}"
    return [head, *(f"  {_line(name):<{wide}}  {_line(text)}" for name, text in rows)]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else output.to_json(value, indent=None)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def _line(text: str) -> str:
    """Return text that cannot leave its line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def ask_for_missing(session: Session, tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for each required argument that is missing, and return all arguments.

    Raises `UsageError` where there is no terminal, `Interrupted` where the person leaves.
    """
    if not can_ask():
        raise UsageError("--prompt asks on a terminal, and there is none", hint="Give the arguments as --name VALUE.")
    types, found = Types(session.registry.types), dict(arguments)
    for parameter in unfilled(tool, found):
        found[parameter.name] = _asked(types, parameter)
    for constraint in tool.constraints:
        given = {tool.names[name].name for name in found if name in tool.names}
        if constraint.rule in {"exactly_one", "at_least_one"} and given.isdisjoint(constraint.names):
            output.note(f"One of these is required: {', '.join(constraint.names)}.")
            name = ""
            while name not in constraint.names:
                name = _answer("Which one? ").strip()
            found[name] = _asked(types, tool.parameters[name])
    return found


def _asked(types: Types, parameter: Parameter) -> Any:
    kinds = " or ".join(sorted(types.kinds(parameter.accepted))) or "any JSON"
    output.note(f"{parameter.name} ({'@path of a file' if parameter.place == 'file' else kinds})")
    if parameter.description:
        output.note(f"  {' '.join(parameter.description.split())}")
    allowed = types.allowed(parameter.accepted)
    if allowed:
        output.note(f"  One of: {', '.join(map(str, allowed))}.")
    while True:
        text = _answer(f"{parameter.name}: ", hidden=parameter.secret)
        if not text.strip():
            continue
        if parameter.place == "file":
            from pathlib import Path

            path = Path(text.strip().removeprefix("@"))
            return [path] if "array" in types.kinds(parameter.schema) else path
        try:
            return types.read(text, parameter.accepted)
        except Unreadable as error:
            output.note(f"  {error}")


def _answer(question: str, *, hidden: bool = False) -> str:
    # The question is written here and not while reading: a ctrl-C that comes right after the question would wait for
    # the end of a read that had not begun.
    click.echo(question, nl=False, err=True)
    try:
        return str(click.prompt("", "", hide_input=hidden, prompt_suffix="", show_default=False, err=True))
    except (click.Abort, EOFError):
        raise Interrupted("nobody answered; nothing was sent") from None
