"""The command `toolgen facts`: writes the facts of a new document, against which the tests hold the spec.

Exit codes: 0 written; 1 the document cannot be read; 2 the command was used wrongly. This module must not know what a
fact is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def register(main: click.Group, require: Callable[[], None]) -> None:
    """Add the command to `main`. `require` checks the extras."""

    @main.command()
    @click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file. Default: standard output.")
    def facts(document: Path, out: Path | None) -> None:
        """Write the facts of an OpenAPI document: names, places, types, requirements, values, and no prose."""
        require()
        from tool_generator.emit.pretty import pretty
        from tool_generator.maintain.facts import facts_of
        from tool_generator.maintain.files import write_together
        from tool_generator.upstream import UpstreamUnreadable, parse_upstream
        from tool_generator.upstream.document import read_values

        content = document.read_bytes()
        try:
            value, _ = read_values(content)
            found = facts_of(value)
            text = pretty(found)
            # What the tests could not read later is refused now.
            operations = len(parse_upstream(text.encode()).operations)
        except UpstreamUnreadable as error:
            raise click.ClickException("\n".join(f"{document}: {problem}" for problem in error.problems)) from None
        except ValueError as error:
            raise click.ClickException(f"{document}: {error}") from None
        if out is None:
            click.echo(text, nl=False)
            return
        try:
            write_together({out: text})
        except OSError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{out}: {operations} operations")
