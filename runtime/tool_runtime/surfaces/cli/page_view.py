"""A page of the reference on a terminal: laid out by rich, in a pager where the page is longer than the screen.

Names are never cut: a table whose first column would not fit becomes narrower in its other columns, and code is
wrapped, not cut. Characters that the encoding of the terminal lacks are replaced by plain ones. Links to other pages
show their text alone, since a reader of a terminal asks for a page by name.
"""

import os
import re
import sys

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.common.printable import printable

_PAGE_LINK = re.compile(r"\[([^\]\n]+)\]\((?!https?:)[^)\s]+\)")
_COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)


def show(markdown: str) -> None:
    """Show a page on stdout: in a pager on a terminal that is too low for the page."""
    text = rendered(markdown)
    if not _fits(text):
        import click

        # As other tools set it: quit where one screen is enough, keep colours, leave the page on the screen.
        os.environ.setdefault("LESS", "FRX")
        click.echo_via_pager(f"{text}\n", color=output.in_colour())
        return
    output.write_plain(text)


def _fits(text: str) -> bool:
    if not (output.is_terminal() and sys.stdin is not None and sys.stdin.isatty()):
        return True
    try:
        rows = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        return True
    return text.count("\n") + 2 <= rows


def rendered(markdown: str) -> str:
    """Return a page as a terminal shows it, in characters that the encoding of stdout has."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    shown, text = output.console(), StringIO()
    Console(
        file=text,
        highlight=False,
        width=shown.width,
        force_terminal=shown.is_terminal,
        no_color=shown.no_color,
        legacy_windows=False,
    ).print(Markdown(_readable(markdown), hyperlinks=False, code_theme="ansi_dark"))
    lines = "\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n"))
    return output.fitting(lines, sys.stdout)


def _readable(markdown: str) -> str:
    """Return Markdown without comments and without the targets of links to other pages; code stays as it is."""
    parts = re.split(r"(^```.*?^```$)", _COMMENT.sub("", printable(markdown)), flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _PAGE_LINK.sub(r"\1", part) for part in parts)
