"""The command line of any registry: `demo`, `list`, `docs`, `schema` and `call`.

The registry gives the name of the program, the version and the title, so this package knows no API by name. The
command line is a surface: it uses the client and the generated files beside the registry, and the core knows nothing
of it.

    app.py        the group, the commands, and the exit code of a run
    session.py    one run: options, package, client
    output.py     data to stdout, everything else to stderr
    arguments.py  the JSON of `call`
    demo.py       the steps that a registry declares as its demo; demo_view.py shows them
    reports.py    what a failed run shows
    exits.py      exit codes

No module here imports httpx, jsonschema or rich before a command needs them, because `--help` must be fast.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pathlib import Path


def run(package_folder: "Path | str", arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line of a package and exit.

    `package_folder` holds registry.json, schemas/ and reference/. `arguments` are the words after the name of the
    program; `sys.argv` if they are not given.
    """
    from tool_runtime.surfaces.cli.app import execute

    sys.exit(execute(package_folder, sys.argv[1:] if arguments is None else arguments))
