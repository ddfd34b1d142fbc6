"""The command line of any registry.

The registry gives the name of the program, the version and the title, so this package knows no API by name. The
command line is a surface: it uses the client and the generated files beside the registry, and the core knows nothing
of it.

    process.py            signals, closed streams, the end of the process
    app.py                one run: from words to an exit code
    commands.py           the table of commands; common_options.py: options that commands share
    session.py            state of a run, and the one answer that it gives
    output.py             data to stdout, everything else to stderr; rendering.py: the forms of a result
    reports.py            what a failed run shows; exits.py: exit codes; commands_to_run.py: what to run next
    call_command.py       `call`, wait_command.py `wait`, and so on: one module for each group of commands
    words.py              which words are options, and which are the tool's arguments
    typed_text.py         text by the type of its parameter; arguments.py: all sources together
    calling.py            the order of a call; waits.py, questions.py, selecting.py, traced_client.py: its parts

No module here imports httpx, jsonschema or rich before a command needs them, because `--help` must be fast.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run(package_folder: "Path | str", arguments: Sequence[str] | None = None) -> None:
    """Run the command line of a package and exit.

    `package_folder` holds registry.json, schemas/ and reference/. `arguments` are the words after the name of the
    program; `sys.argv` if they are not given.
    """
    from tool_runtime.surfaces.cli import process

    words = sys.argv[1:] if arguments is None else arguments

    def program() -> int:
        process.prepare()
        from tool_runtime.surfaces.cli.app import execute

        return execute(package_folder, words, process.settle)

    process.leave(process.guarded(program))
