"""The commands, and the end of a run: always an exit code, never a traceback.

Options with one meaning everywhere (`--json`, `--account`, `--sandbox`) stand before or after a command. If the reader
closes the pipe early, the reader has all that it wanted: the run ends without a message and counts as done.
"""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

_Command = TypeVar("_Command", bound=Callable[..., Any])


def execute(package_folder: "Path | str", arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    session = Session(package_folder, as_json="--json" in arguments)
    try:
        program = session.program
    except Exception as error:  # noqa: BLE001 - a broken installation can be broken in any way
        output.note(f"the package in {package_folder} cannot be read: {error}")
        return exits.CONFIGURATION
    try:
        return _run(session, program, list(arguments) or ["--help"])
    except BrokenPipeError:
        _abandon_stdout()
        return exits.OK


def _run(session: Session, program: str, arguments: list[str]) -> int:
    try:
        group = build_group(session)
        with group.make_context(program, arguments, obj=session) as context:
            group.invoke(context)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except click.exceptions.Exit as end:
        sys.stdout.flush()
        return end.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the seam: a reader gets a sentence, not a traceback
        from tool_runtime.surfaces.cli import reports

        return reports.report(session, error)
    return exits.OK


def _abandon_stdout() -> None:
    # The interpreter flushes stdout again when it ends, and would report that the pipe is closed.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Commands(click.Group):
    """A group that lists its commands in their own order, and recognises the name of a tool in place of a command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in their own order."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Look for the command; for an unknown one, name the command that was probably meant."""
        name = args[0]
        if name in self.commands or name.startswith("-"):
            return super().resolve_command(ctx, args)
        session: Session = ctx.obj
        error = click.UsageError(f"there is no command named {name[:200]!r}", ctx)
        error.hint = _meant(session, name, self.commands)  # type: ignore[attr-defined]  # read by reports
        raise error


def _meant(session: Session, name: str, commands: Any) -> str | None:
    from tool_runtime.errors import UnknownTool
    from tool_runtime.values.suggestions import nearest

    with suppress(UnknownTool):
        tool = session.registry.resolve(name)
        program = session.program
        return f"{name} is a tool: {program} call {name} '{{...}}', or {program} docs {tool.name}."
    near = nearest(name, commands)
    return f"Nearest: {near}." if near else None


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        setattr(context.obj, parameter.name, value)


def _json_option(command: _Command) -> _Command:
    text = "Write JSON to stdout, and errors as JSON to stderr."
    return click.option("--json", "as_json", is_flag=True, expose_value=False, callback=_remember, help=text)(command)


def _connection_options(command: _Command) -> _Command:
    account = "Use this account's key instead of the default one."
    sandbox = "Use the local stand-in: no key, no cost, nothing leaves this machine."
    command = click.option("--sandbox", is_flag=True, expose_value=False, callback=_remember, help=sandbox)(command)
    return click.option("--account", metavar="NAME", expose_value=False, callback=_remember, help=account)(command)


def build_group(session: Session) -> click.Group:
    """Return the command line of the session's registry."""
    api = session.api

    def show_version(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            output.write(f"{session.program} {api['version']}")
            context.exit()

    @click.group(
        cls=Commands,
        name=session.program,
        help=_introduction(session),
        epilog=_epilog(session),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    @click.option(
        "--version",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=show_version,
        help="Show the version.",
    )
    @_connection_options
    @_json_option
    def group() -> None:
        pass

    for command in (demo_command, list_command, docs_command, schema_command, call_command):
        group.add_command(command)
    return group


def _introduction(session: Session) -> str:
    return (
        f"Every tool of the {session.title} API, from a shell.\n\n"
        "New here? Start with the demo: it runs on a local stand-in and needs no key."
    )


def _epilog(session: Session) -> str:
    prefix = session.environment
    rows = [
        "Keys and accounts, from the environment:",
        f"  {prefix}_API_KEY               the key of the default account",
        f"  {prefix}_API_KEY__PRODUCTION   the key of --account production",
        f"  {prefix}_BASE_URL              another API root",
        f"  {prefix}_SANDBOX=1             the same as --sandbox",
    ]
    codes = ["Exit codes:", *(f"  {code:<4} {meaning}" for code, meaning in exits.MEANINGS.items())]
    return "\b\n" + "\n".join(rows) + "\n\n\b\n" + "\n".join(codes)


@click.command("demo", short_help="See the whole product in one run, on the sandbox.")
@click.option("--script", is_flag=True, help="Print the demo as a Python script instead of running it.")
@_json_option
@click.pass_obj
def demo_command(session: Session, *, script: bool) -> None:
    """See the whole product in one run, on the sandbox: no key, no cost.

    With --json, every step's tool, arguments and result in one document.
    """
    from tool_runtime.surfaces.cli import demo, demo_view

    plan = demo.read_demo(session.registry)
    if script:
        output.write(demo_view.as_script(session, plan))
        return
    outcomes = demo.run_demo(session.registry, plan)
    if session.as_json:
        output.write_json(demo_view.as_document(session, plan, list(outcomes)))
    else:
        demo_view.show(session, plan, outcomes)


@click.command("list", short_help="List the tools.")
@_json_option
@click.pass_obj
def list_command(session: Session) -> None:
    """List the tools: name, class and effects, and what each does.

    In a pipe: one tool a line, fields separated by tabs.
    """
    from tool_runtime.surfaces.cli import listing

    listing.show_tools(session)


@click.command("docs", short_help="Read the reference.")
@click.argument("page", required=False)
@_json_option
@click.pass_obj
def docs_command(session: Session, page: str | None) -> None:
    """Read the reference, or list its pages.

    PAGE is a tool by any of its names, a guide, a type, "overview" to begin with, or "reference" for everything on
    one page. In a pipe: Markdown.
    """
    from tool_runtime.surfaces.cli import listing

    if page is None:
        listing.show_pages(session, session.package.pages)
        return
    found = session.package.page(page)
    if session.as_json:
        output.write_json({"page": found.name, "summary": found.summary, "markdown": found.read()})
    else:
        output.write_markdown(found.read())


@click.command("schema", short_help="Show a tool's arguments as JSON Schema.")
@click.argument("tool")
@_json_option
@click.pass_obj
def schema_command(session: Session, tool: str) -> None:
    """Show the arguments of TOOL, by any of its names, as JSON Schema (draft 2020-12)."""
    output.write_json(session.package.schema(tool))


@click.command("call", short_help="Call a tool.")
@click.argument("tool")
@click.argument("arguments", default="{}", metavar="[ARGUMENTS]")
@_json_option
@_connection_options
@click.pass_obj
def call_command(session: Session, tool: str, arguments: str) -> None:
    """Call TOOL, by any of its names, and write the result to stdout as JSON.

    ARGUMENTS is one JSON object: inline, @file, or - for standard input. Nothing is sent unless it fits the
    tool.
    """
    from tool_runtime.surfaces.cli.arguments import read_arguments

    resolved = session.registry.resolve(tool)
    values = read_arguments(arguments)
    session.running = resolved
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
    output.write_json(result)
    sys.stdout.flush()
    session.running = None
