"""A run of the command line: from the words to an exit code, never a traceback.

`execute` runs one command and reports how the command ended. With `--json`, exactly one document goes to stdout,
whatever happens. If the reader of a pipe leaves early, the reader has all that it wanted: the run ends without a
message and counts as done, unless a write's result was lost with the pipe.

The table of commands stands in `commands`; what a process adds to a run (signals, closed streams) in `process`.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.commands import Commands
from tool_runtime.surfaces.cli.common_options import common_options
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path


def execute(package_folder: "Path | str", arguments: Sequence[str], settle: Callable[[], None] | None = None) -> int:
    """Run one command line and return its exit code.

    `settle` is called once the run has failed: it lets no signal disturb what is said about the failure.
    """
    words = [_as_utf8(word) for word in arguments]
    if any(name.endswith("_COMPLETE") for name in os.environ):
        from tool_runtime.surfaces.cli import completion_command

        if completion_command.answered(Session(package_folder)):
            return exits.OK
    session = Session(package_folder, words, as_json="--json" in _before_dashes(words))
    try:
        return _run(session)
    except BaseException as error:  # noqa: BLE001 - the seam: a reader gets a sentence, not a traceback
        try:
            if settle is not None:
                settle()
        except KeyboardInterrupt:
            # A signal that came just now. The first failure is what the run is about.
            pass
        from tool_runtime.surfaces.cli import reports

        return reports.report(session, error)


def _run(session: Session) -> int:
    program, words = session.program, session.words or ["--help"]
    group = build_group(session)
    code = exits.OK
    # click writes help to stdout by itself; with --json the help has to stand in the document.
    asks_help = session.as_json and not {"-h", "--help"}.isdisjoint(_before_dashes(words))
    session.given = not session.as_json and not {"-h", "--help"}.isdisjoint(_before_dashes(words))
    with redirect_stdout(StringIO()) if asks_help else nullcontext() as written:
        try:
            with group.make_context(program, list(words), obj=session) as context:
                group.invoke(context)
        except click.exceptions.Exit as end:
            code = end.exit_code
    if written is not None and not session.given:
        session.give({"help": written.getvalue()})
    elif written is not None:
        output.write(written.getvalue().rstrip("\n"))
    output.flush()
    return code


def _as_utf8(word: str) -> str:
    """Return a word whose bytes the locale could not read, read as UTF-8; what is no UTF-8 either stays as it is."""
    if not any("\udc80" <= char <= "\udcff" for char in word):
        return word
    try:
        return os.fsencode(word).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return word


def _before_dashes(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def build_group(session: Session) -> click.Group:
    """Return the command line of the session's registry."""
    api = session.api

    def show_version(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            text = f"{session.program} {api['version']}"
            session.function = "version"
            session.give({"name": session.program, "version": api["version"]}, lambda: output.write(text))
            context.exit()

    version = click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=show_version,
        help="Show the version.",
    )
    return Commands(
        name=session.program,
        callback=_nothing,
        params=[version, *common_options()],
        help=_introduction(session),
        epilog=_epilog(session),
        context_settings=context_settings(),
    )


def context_settings() -> dict[str, Any]:
    """Return click's settings: `-h` is help everywhere, and help is as wide as the terminal, up to 100 columns."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": 100, "terminal_width": output.width()}


def _nothing() -> None:
    """Do nothing: the options of the group write into the session by themselves."""


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
        f"  {prefix}_ACCOUNT               the account of calls that name none",
        f"  {prefix}_CONFIG                another accounts file",
        f"  {prefix}_BASE_URL              another API root",
        f"  {prefix}_SANDBOX=1             the same as --sandbox",
        f"  {prefix}_READ_ONLY=1           the same as --read-only",
    ]
    codes = ["Exit codes:", *(f"  {code:<4} {meaning}" for code, meaning in exits.MEANINGS.items())]
    return "\b\n" + "\n".join(rows) + "\n\n\b\n" + "\n".join(codes)
