"""The command `toolgen new`: a folder of a new project, with a spec, the generated package, a test and a CI script.

Exit codes: 0 the folder works; 1 the document has problems; 2 the command was used wrongly. This module must not know
how an import or the generator works.
"""

from __future__ import annotations

import gc
import keyword
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from tool_generator.model.documents import Upstream

_STARTER = b"""{
 "openapi": "3.1.0", "info": {"title": "New", "version": "1"}, "servers": [{"url": "https://api.example.com"}],
 "security": [{"key": []}],
 "paths": {"/status": {"get": {"operationId": "getStatus", "responses": {"200": {"description": "",
  "content": {"application/json": {"schema": {"type": "object", "properties": {"status": {"type": "string"}}}}}}}}}},
 "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}}"""
_PROJECT = """[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{command}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["{distribution}"]

[project.optional-dependencies]
dev = ["{distribution}[generator]", "pytest"]
docs = ["{distribution}[docs]"]

[project.scripts]
{command} = "{name}.__main__:main"

[tool.hatch.build.targets.wheel]
packages = ["{name}"]
"""
_README = """# {name}

The package `{name}` and the command `{command}`, generated from the spec in `spec/{name}`. Lines with `# review:` in
the spec are guesses.

    pip install -e '.[dev]'
    toolgen import DOCUMENT --spec spec/{name}      # take in a newer OpenAPI document
    toolgen generate --spec spec/{name} --out {name}
    sh ci.sh                                       # the package is current, and the tests pass
    pip install -e '.[docs]' && make docs          # a site of the reference, in site/; make docs-serve shows the site

    {command} list                                 # without the command installed: python -m {name} list
"""
_CI = """#!/bin/sh
set -e
cd "$(dirname "$0")"
toolgen generate --spec spec/{name} --out {name} --check
python -m pytest -q
"""
_MAKEFILE = """.PHONY: docs docs-serve
docs:
\ttoolgen site --spec spec/{name}

docs-serve:
\ttoolgen site --spec spec/{name} --serve
"""
_TEST = '''"""The package and its command start, and know the tools of the spec."""

import subprocess
import sys
from pathlib import Path

from {name} import Client

ROOT = Path(__file__).parents[1]


def test_a_client_starts_on_the_sandbox():
    with Client(sandbox=True):
        pass


def test_the_command_lists_the_tools():
    command = [sys.executable, "-m", "{name}", "list"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout
'''


def register(main: click.Group, require: Callable[[], None], distribution: Callable[[], str]) -> None:
    """Add the command to `main`. `require` checks the extras; `distribution` names this project."""

    @main.command()
    @click.argument("name")
    @click.option(
        "--from",
        "document",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The OpenAPI document of the API. Default: one tool, to be replaced.",
    )
    def new(name: str, document: Path | None) -> None:
        """Make the folder NAME: a spec, the package generated from it, its command, a test and a CI script."""
        require()
        folder = Path(name)
        spelled = folder.name.replace("-", "_")
        if not spelled.isidentifier() or not spelled.isascii() or not spelled.islower() or keyword.iskeyword(spelled):
            message = f"{folder.name!r} is no name of a package: lower-case letters, digits and - or _"
            raise click.UsageError(message)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            message = f"{folder} exists and is not empty"
            raise click.UsageError(message)
        gc.disable()
        tools = _make(folder, spelled, _read(document, spelled), distribution())
        click.echo(f"{folder}: {tools} tools; see {folder / 'README.md'}")


def _read(document: Path | None, name: str) -> Upstream:
    from tool_generator.model.documents import UpstreamUnreadable
    from tool_generator.openapi import parse_upstream, read_upstream

    try:
        upstream = parse_upstream(_STARTER) if document is None else read_upstream(document)
    except UpstreamUnreadable as error:
        for problem in error.problems:
            click.echo(f"{document}: {problem}", err=True)
        raise SystemExit(1) from error
    # The package is called what the caller says, not what the document says.
    return replace(upstream, title=name)


def _make(folder: Path, name: str, upstream: Upstream, distribution: str) -> int:
    from tool_generator.emit import output_folder
    from tool_generator.generate import compile_spec, generated_files
    from tool_generator.importing.importer import import_upstream, write
    from tool_generator.problems import SpecProblems

    spec = folder / "spec" / name
    try:
        outcome = import_upstream(upstream, spec)
        problems = outcome.problems
        if not problems:
            write(outcome, spec)
            output_folder.write(generated_files(compile_spec(spec)), folder / name)
    except SpecProblems as error:
        problems = error.problems
    if problems:
        for problem in problems:
            click.echo(str(problem), err=True)
        raise SystemExit(1)
    words = {"name": name, "command": name.replace("_", "-"), "distribution": distribution}
    files = {
        "pyproject.toml": _PROJECT,
        "README.md": _README,
        "ci.sh": _CI,
        "Makefile": _MAKEFILE,
        f"tests/test_{name}.py": _TEST,
        ".gitignore": "__pycache__/\n*.pyc\n.venv/\nbuild/\ndist/\nsite/\n",
    }
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.format(**words), encoding="utf-8")
    return int(outcome.totals["tools"])
