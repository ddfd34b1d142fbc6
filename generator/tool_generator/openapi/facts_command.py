"""The command `toolgen facts`: writes the facts of an installed SDK as an OpenAPI document, for import and drift.

Exit codes: 0 all is well; 2 the folder is no SDK that can be read. This module must not run code of the SDK.
"""

from __future__ import annotations

import json
from pathlib import Path

import click


def register(group: click.Group) -> None:
    """Add the command to a group."""
    group.add_command(facts)


@click.command()
@click.argument("sdk", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file. Default: standard output.")
def facts(sdk: Path, out: Path | None) -> None:
    """Write the OpenAPI document of the facts in an SDK: SDK is the folder of its package.

    For an API whose SDK is newer than its document. Offline; the SDK is read, not run.
    """
    from tool_generator.openapi.sdk_facts import NoSuchSdk, sdk_document

    try:
        document = sdk_document(sdk)
    except NoSuchSdk as error:
        raise click.UsageError(str(error)) from error
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    count = sum(len(item) for item in document["paths"].values())
    click.echo(f"{out}: {count} operations of {document['info']['title']} {document['info']['version']}")
