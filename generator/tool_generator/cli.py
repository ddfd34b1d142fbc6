"""The command `toolgen`: validates a spec, generates a package from a spec, checks that the package is current.

Problems go to standard error, one a line, as `file:line: message`. Exit codes: 0 all is well; 1 the spec has problems,
or the output is not current; 2 the command was used wrongly.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tool_generator.compare.compare_commands import register as register_changes
from tool_generator.importing.import_command import register as register_import
from tool_generator.importing.new_command import register as register_new
from tool_generator.maintain.add_command import register as register_add
from tool_generator.maintain.facts_command import register as register_facts
from tool_generator.publish.site_command import register as register_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.generate import Compiled
    from tool_generator.problems import Problem

_HINT = 'toolgen needs pyyaml, jinja2 and ruff: pip install "{}[generator]"'
_DISTRIBUTION_OF = "tool_generator"

_spec_option = click.option(
    "--spec",
    "spec_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the spec. Default: the only folder in spec/.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Turn a tool spec into bindings, schemas, a registry and a reference."""


@main.command()
@_spec_option
@click.option(
    "--strict",
    is_flag=True,
    help="Report what is left to do, too: review marks, empty texts, missing examples, writes with effects that do "
    "not say how to find out what happened.",
)
def validate(spec_folder: Path | None, *, strict: bool) -> None:
    """Check a spec and report everything that is wrong with it."""
    compiled = _compiled(_spec(spec_folder), strict=strict)
    registry = compiled.registry
    click.echo(f"{registry.api.title}: {len(registry.tools)} tools, {len(registry.types)} types, no problems")


@main.command()
@_spec_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the generated package. Default: generated/ and the API's name.",
)
@click.option(
    "--site",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the sources of the docs site into this folder, and no package.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing: print what would change, and exit with 1 if anything would."
)
def generate(spec_folder: Path | None, out: Path | None, site: Path | None, *, check: bool) -> None:
    """Generate the package of a spec, or check that it is current."""
    compiled = _compiled(_spec(spec_folder))
    if site is not None:
        _generate_site(compiled, site, is_alone=out is None and not check)
        return
    out = out or Path("generated", compiled.registry.api.name)
    from tool_generator.emit import output_folder
    from tool_generator.generate import generated_files

    with _problems_shown():
        files = generated_files(compiled)
    if check:
        diff = output_folder.difference(files, out)
        if diff:
            click.echo(diff, nl=False)
            click.echo(f"{out} is not current: run toolgen generate", err=True)
            raise SystemExit(1)
        click.echo(f"{out} is current: {len(files)} files")
        return
    try:
        written, removed = output_folder.write(files, out)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {len(files)} files, {len(written)} written, {len(removed)} removed")


def _generate_site(compiled: Compiled, folder: Path, *, is_alone: bool) -> None:
    if not is_alone:
        message = "--site writes no package, so --out and --check do not go with it"
        raise click.UsageError(message)
    from tool_generator.publish.site_command import write_site_sources

    with _problems_shown():
        try:
            click.echo(write_site_sources(compiled, folder))
        except OSError as error:
            raise click.ClickException(str(error)) from error


def _spec(given: Path | None) -> Path:
    if given is not None:
        return given
    root = Path("spec")
    folders = sorted(path for path in root.glob("*/") if (path / "api.yaml").is_file()) if root.is_dir() else []
    if len(folders) != 1:
        found = f": {', '.join(path.name for path in folders)}" if folders else ""
        message = f"spec/ holds {len(folders)} specs{found}; name one with --spec"
        raise click.UsageError(message)
    return folders[0]


def _compiled(folder: Path, *, strict: bool = False) -> Compiled:
    _require_extras()
    # A run makes some hundred thousand small objects, keeps nearly all of them, and ends. Searches for garbage among
    # them would take a third of the time.
    gc.disable()
    from tool_generator.generate import compile_spec

    with _problems_shown():
        compiled = compile_spec(folder, strict=strict)
    _echo(compiled.warnings, "warning: ")
    return compiled


@contextmanager
def _problems_shown() -> Iterator[None]:
    from tool_generator.problems import SpecProblems

    try:
        yield
    except SpecProblems as error:
        _echo(error.problems)
        count = len(error.problems)
        click.echo(f"{count} problem{'s' if count > 1 else ''}", err=True)
        raise SystemExit(1) from None


def _echo(problems: tuple[Problem, ...], kind: str = "") -> None:
    for problem in problems:
        click.echo(f"{problem.file}:{problem.line}: {kind}{problem.message}", err=True)


def _require_extras() -> None:
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("yaml", "jinja2", "ruff")):
        raise click.ClickException(_HINT.format(_distribution()))


def _distribution() -> str:
    from importlib.metadata import packages_distributions

    return packages_distributions().get(_DISTRIBUTION_OF, ["tool_generator"])[0]


register_changes(main, _spec, _compiled)
register_import(main, _spec, _require_extras)
register_add(main, _spec, _require_extras)
register_new(main, _require_extras, _distribution)
register_facts(main, _require_extras)
register_site(main, _spec, _compiled)
