"""The command `toolgen facts`: writes the facts of a new document, or of an installed SDK, as an OpenAPI document.

The tests hold the spec against facts; drift and import read them as they read any document. Exit codes: 0 written; 1
the source cannot be read; 2 the command was used wrongly. This module must not know what a fact is, and runs no code of
an SDK.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def register(main: click.Group, require: Callable[[], None]) -> None:
    """Add the command to `main`. `require` checks the extras."""

    @main.command()
    @click.argument("source", type=click.Path(exists=True, path_type=Path))
    @click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file. Default: standard output.")
    def facts(source: Path, out: Path | None) -> None:
        """Write the facts of SOURCE: names, places, types, requirements, values, and no prose.

        SOURCE is an OpenAPI document, or the folder of an installed SDK: for an API whose SDK is newer than its
        document. The SDK is read, not run.
        """
        require()
        text, said = _of_sdk(source) if source.is_dir() else _of_document(source)
        if out is None:
            click.echo(text, nl=False)
            return
        from tool_generator.maintain.files import write_together

        try:
            write_together({out: text})
        except OSError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{out}: {said}")


def _of_sdk(folder: Path) -> tuple[str, str]:
    from tool_generator.openapi.sdk_facts import NoSuchSdk, sdk_document

    try:
        document = sdk_document(folder)
    except NoSuchSdk as error:
        raise click.UsageError(str(error)) from error
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    count = sum(len(item) for item in document["paths"].values())
    return text, f"{count} operations of {document['info']['title']} {document['info']['version']}"


def _of_document(path: Path) -> tuple[str, str]:
    from tool_generator.emit.pretty import pretty
    from tool_generator.maintain.facts import facts_of
    from tool_generator.openapi import UpstreamUnreadable, parse_upstream
    from tool_generator.openapi.json_values import read_values

    try:
        value, _ = read_values(path.read_bytes())
        text = pretty(facts_of(value))
        # What the tests could not read later is refused now.
        return text, f"{len(parse_upstream(text.encode()).operations)} operations"
    except UpstreamUnreadable as error:
        raise click.ClickException("\n".join(f"{path}: {problem}" for problem in error.problems)) from None
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from None
