"""Results as text, in the form that `--output` names.

json     indented JSON, in colour on a terminal
ndjson   one JSON value a line: each row of a list, or the one result
table    columns for a person, cut to the width of the terminal
csv      the same columns, whole, with a header line (RFC 4180)
raw      a text as it is, bytes as they are (not on a terminal), and anything else as compact JSON

Rows are the items of a list, or the items of a reply that holds one page of a list. Owns these forms; knows no tool.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tool_runtime.surfaces.cli import output
from tool_runtime.values.media import content_of

FORMS = ("json", "ndjson", "table", "csv", "raw")
_WIDEST = 60


def write_result(data: Any, form: str, rows: str | None = None) -> None:
    """Write a result to stdout. `rows` names the field of a reply that holds the rows of a page."""
    if form == "json":
        output.write_json(data)
    elif form == "raw":
        content = None if output.is_terminal() else content_of(data)
        if content is not None:
            output.write_bytes(content)
        else:
            output.write(data if isinstance(data, str) else output.to_json(data, indent=None))
    elif form == "ndjson":
        for row in rows_of(data, rows):
            output.write(output.to_json(row, indent=None))
    elif form == "csv":
        _write_csv(rows_of(data, rows))
    elif isinstance(data, dict) and not _is_page(data, rows):
        _print_table(("field", "value"), [{"field": key, "value": value} for key, value in flat(data).items()])
    else:
        found = [flat(row) for row in rows_of(data, rows)]
        _print_table(columns_of(found), found)


def rows_of(data: Any, rows: str | None = None) -> Sequence[Any]:
    """Return the rows of a result: `[1, 2]` -> `[1, 2]`; `{"a": 1}` -> `[{"a": 1}]`; None -> `[]`."""
    if isinstance(data, dict) and _is_page(data, rows):
        data = data[rows]
    if data is None:
        return []
    return data if isinstance(data, list) else [data]


def _is_page(data: Mapping[str, Any], rows: str | None) -> bool:
    return rows is not None and isinstance(data.get(rows), list)


def flat(row: Any) -> dict[str, Any]:
    """Return a row with nested objects as dotted columns: `{"a": {"b": 1}, "c": [2]}` -> `{"a.b": 1, "c": [2]}`."""
    if not isinstance(row, dict):
        return {"value": row}
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and value:
            found |= {f"{name}.{inner}": part for inner, part in flat(value).items()}
        else:
            found[name] = value
    return found


def columns_of(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return every column of the rows, in the order in which they come up."""
    return tuple(dict.fromkeys(name for row in rows for name in row))


def cell(value: Any) -> str:
    """Return a value as the text of one cell: true, 5, plain text, and JSON for lists. None is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_csv(rows: Sequence[Any]) -> None:
    flats = [flat(row) for row in rows]
    columns = columns_of(flats)
    if not columns:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in flats)
    output.write(text.getvalue().rstrip("\n"))


def _print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table. Where the columns do not fit, each row becomes a block of lines, so that no name is cut."""
    from tool_runtime.surfaces.common.printable import printable

    if not rows:
        output.note("no rows")
        return
    cells = [[printable(" ".join(cell(row.get(column)).split())) for column in columns] for row in rows]
    heads = [printable(column) for column in columns]
    widths = [max(len(head), *(min(len(line[at]), _WIDEST) for line in cells)) for at, head in enumerate(heads)]
    room = output.width()
    if sum(widths) + 2 * (len(widths) - 1) > room and len(widths) > 2:  # noqa: PLR2004 - two columns can always wrap
        _print_blocks(heads, cells, room)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for head in heads:
        table.add_column(Text(head), no_wrap=head == heads[0], overflow="fold")
    for line in cells:
        table.add_row(*(Text(part) for part in line))
    output.print_rich(table)


def _print_blocks(heads: Sequence[str], cells: Sequence[Sequence[str]], room: int) -> None:
    from rich.table import Table
    from rich.text import Text

    left = max(map(len, heads))
    for number, line in enumerate(cells):
        if number:
            output.write("")
        block = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
        block.add_column(style="cyan", no_wrap=True, min_width=min(left, room // 2))
        block.add_column(overflow="fold")
        for head, part in zip(heads, line, strict=True):
            if part:
                block.add_row(Text(head), Text(part))
        output.print_rich(block)
