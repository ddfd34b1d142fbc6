"""Rows of texts with titles: a table on a terminal, lines with tabs in a pipe."""

from collections.abc import Sequence

from tool_runtime.surfaces.cli import output

# Columns that a sentence needs beside a table.
_NARROWEST_TEXT = 24


def write_rows(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows: a table on a terminal, whose last column alone is broken; in a pipe tabs, without titles.

    Names and variables are there to be copied, so a terminal without room for the last column gets its text below.
    """
    if not output.is_terminal():
        for row in rows:
            output.write("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    from tool_runtime.surfaces.common.printable import printable

    widths = [max(len(row[at]) for row in (titles, *rows)) for at in range(len(titles) - 1)]
    if output.width() - sum(widths) - 2 * len(widths) < _NARROWEST_TEXT:
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            output.write("  ".join(cells).rstrip())
            output.write_hanging(f"    {row[-1]}", 4)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, title in enumerate(titles):
        is_last = at == len(widths)
        table.add_column(title, style="cyan" if at == 0 else None, no_wrap=not is_last)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    output.print_rich(table)
