"""The command `toolgen import`: its options and its report on the terminal.

Exit codes: 0 the folder is up to date; 1 the document or the result has problems, or `--check` saw changes; 2 the
command was used wrongly. This module must not know how an import works.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from tool_generator.garbage import leave_garbage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tool_generator.importing.editor import Kind, Report
    from tool_generator.importing.importer import Outcome

_SECTIONS: tuple[tuple[Kind, str], ...] = (
    ("added", "New tools"),
    ("changed", "Changed"),
    ("removed", "Removed"),
    ("kept", "Kept on purpose (import.keep)"),
    ("gone", "Gone upstream"),
    ("replacement", "To decide"),
    ("note", "Notes"),
)


def register(main: click.Group, choose: Callable[[Path | None], Path], require: Callable[[], None]) -> None:
    """Add the command to `main`. `choose` gives the spec folder if the user named none; `require` checks the extras."""

    @main.command(name="import")
    @click.argument("upstream", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option(
        "--spec",
        "spec_folder",
        type=click.Path(file_okay=False, path_type=Path),
        help="The folder of the spec; it may be new. Default: the only folder in spec/.",
    )
    @click.option("--descriptions", is_flag=True, help="Copy upstream's own sentences into what is new.")
    @click.option("--strict", is_flag=True, help="Exit with 1 if an operation is no tool.")
    @click.option(
        "--check", is_flag=True, help="Write nothing: tell what would change, and exit with 1 if anything would."
    )
    def import_(upstream: Path, spec_folder: Path | None, *, descriptions: bool, strict: bool, check: bool) -> None:
        """Bring a spec up to date with an OpenAPI document (3.0, 3.1, or Swagger 2)."""
        require()
        leave_garbage()
        from tool_generator.importing.importer import import_upstream, write
        from tool_generator.model.documents import UpstreamUnreadable
        from tool_generator.openapi import read_upstream
        from tool_generator.problems import SpecProblems

        folder = spec_folder or choose(None)
        try:
            outcome = import_upstream(read_upstream(upstream), folder, descriptions=descriptions)
        except UpstreamUnreadable as error:
            _stop([f"{upstream}: {problem}" for problem in error.problems])
        except SpecProblems as error:
            _stop([str(problem) for problem in error.problems])
        _tell(outcome.report)
        if outcome.problems:
            _stop([str(problem) for problem in outcome.problems])
        tell_count(outcome)
        total = f"{folder}: {outcome.totals['tools']} tools, {outcome.totals['types']} types"
        if check:
            click.echo(f"{total}; {len(outcome.files)} files would change")
            raise SystemExit(1 if outcome.files else 0)
        try:
            write(outcome, folder)
        except OSError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{total}; {len(outcome.files)} files changed")
        if outcome.left:
            for problem in outcome.left:
                click.echo(str(problem), err=True)
            click.echo(
                f"{len(outcome.left)} to mend by hand: upstream no longer agrees with what people wrote", err=True
            )
            raise SystemExit(1)
        if strict and outcome.lacking:
            raise SystemExit(1)


def tell_count(outcome: Outcome) -> None:
    """Print how many operations are tools, and why the others are not."""
    whole, lacking = outcome.totals["operations"], outcome.lacking
    click.echo(f"{whole - len(lacking)} of {whole} operations are tools")
    for name, reason in lacking.items():
        click.echo(f"  {name}: {reason}")


def _tell(report: Report) -> None:
    for kind, heading in _SECTIONS:
        lines = report.of(kind)
        if lines:
            click.echo(f"{heading} ({len(lines)}):")
            for line in lines:
                click.echo(f"  {line}")


def _stop(lines: list[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    click.echo(f"{len(lines)} problem{'s' if len(lines) > 1 else ''}; nothing was written", err=True)
    raise SystemExit(1)
