"""The command `call`: one tool, from the words of a shell to the result on stdout."""

import warnings

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.options import calling_options
from tool_runtime.surfaces.cli.session import Session


@click.command("call")
@click.argument("tool")
@click.argument("arguments", default="{}", metavar="[ARGUMENTS]")
@calling_options
@click.pass_obj
def call_command(session: Session, tool: str, arguments: str) -> None:
    """Call TOOL, by any of its names, and write the result to stdout as JSON.

    ARGUMENTS is one JSON object: inline, @file, or - for standard input. Nothing is sent unless it fits the
    tool.
    """
    from tool_runtime.surfaces.cli.arguments import read_arguments

    resolved = session.registry.resolve(tool)
    values = read_arguments(arguments)
    session.running, session.function = resolved, resolved.name
    with warnings.catch_warnings(record=True) as raised, session.client() as client:
        warnings.simplefilter("always")
        try:
            result = client.call(resolved.name, values)
        finally:
            for warning in raised:
                output.note(f"{session.program}: {warning.message}")
    session.done = True
    if session.on_sandbox:
        output.note(f"{session.program}: the sandbox answered; nothing was sent to {session.title}.")
    session.give(result)
    session.running = None
