"""The command `toolgen add`: its options and what it says on the terminal.

Exit codes: 0 the tool was added; 1 the spec has problems; 2 the command was used wrongly. After 1 and 2 nothing was
written. This module must not know how a tool is added.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


def register(main: click.Group, choose: Callable[[Path | None], Path], require: Callable[[], None]) -> None:
    """Add the command to `main`. `choose` gives the spec folder if the user named none; `require` checks the extras."""

    @main.command()
    @click.argument("name", metavar="GROUP.NAME")
    @click.option("--method", type=click.Choice(METHODS, case_sensitive=False), required=True, help="The HTTP method.")
    @click.option("--path", required=True, help="The path, such as /things/{thing_id}.")
    @click.option("--class", "class_", type=click.Choice(("read", "write")), help="Default: by method and name.")
    @click.option("--pages", metavar="STYLE", help="For a list: the pagination style of api.yaml that it has.")
    @click.option("--title", help="Make a new group, with this title.")
    @click.option(
        "--spec",
        "spec_folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The folder of the spec. Default: the only folder in spec/.",
    )
    def add(  # noqa: PLR0917 - click hands over what the options say
        name: str,
        method: str,
        path: str,
        class_: str | None,
        pages: str | None,
        title: str | None,
        spec_folder: Path | None,
    ) -> None:
        """Add the skeleton of a tool to the spec, with a comment at everything that is left to fill in."""
        require()
        folder = choose(spec_folder)
        from tool_generator.maintain.adding import Unusable, add_tool
        from tool_generator.maintain.skeleton import Wish
        from tool_generator.problems import SpecProblems

        group, dot, own = name.partition(".")
        if not (group and dot and own):
            message = f'"{name}" is not GROUP.NAME, such as things.get_thing'
            raise click.UsageError(message)
        try:
            added = add_tool(folder, Wish(group, own, method.upper(), path, class_, pages), title)
        except Unusable as error:
            raise click.UsageError(str(error)) from None
        except SpecProblems as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            count = len(error.problems)
            click.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was written", err=True)
            raise SystemExit(1) from None
        except OSError as error:
            raise click.ClickException(f"{error}; nothing was written") from error
        click.echo(f"{added.file}:{added.line}: {own} was added")
        if added.resource is not None:
            click.echo(f"sandbox.yaml has the new resource {added.resource}")
        click.echo("Answer each # review: comment and delete it; toolgen validate --strict lists what is left.")
