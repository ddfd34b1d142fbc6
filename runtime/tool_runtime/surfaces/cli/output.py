"""Writes data to stdout and everything else to stderr.

A terminal gets colour and tables. A pipe gets plain text and JSON for the next program. rich decides about colour, so
NO_COLOR works. This module must not know about tools.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 100


def is_terminal() -> bool:
    """Say whether a person reads stdout."""
    return sys.stdout.isatty()


def console() -> "Console":
    """Return a rich console on stdout: as wide as the terminal, or of a fixed width in a pipe."""
    from rich.console import Console

    if is_terminal():
        return Console(file=sys.stdout, highlight=False)
    return Console(file=sys.stdout, highlight=False, width=PIPE_WIDTH)


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """Return JSON that stdout can encode; non-ASCII text stays as it is if the encoding has it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def write_json(value: Any) -> None:
    """Write a value to stdout as JSON, in colour on a terminal."""
    text = to_json(value)
    if is_terminal():
        console().print_json(text, indent=2, ensure_ascii=text.isascii())
    else:
        write(text)


def write_markdown(text: str) -> None:
    """Write Markdown to stdout: rendered on a terminal, unchanged in a pipe."""
    if is_terminal():
        from rich.markdown import Markdown

        console().print(Markdown(text))
    else:
        write(text.rstrip("\n"))


def write(text: str) -> None:
    """Write a line of data to stdout. Characters that the encoding of stdout lacks are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def note(text: str) -> None:
    """Write a line to stderr."""
    encoding = sys.stderr.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), err=True)
