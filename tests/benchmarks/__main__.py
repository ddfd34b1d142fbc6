"""`make bench`: every budget of the project, measured beside its peers, and whether it is met.

`--json` writes the rows for programs; `--only WORD` measures the rows whose name holds that word. Times
depend on the machine and on what else it does, so budgets are differences and ratios within one run and never
a test.
"""

import argparse
import json
import platform
import sys

import budgets
from rows import Row


def main() -> int:
    """Measure and print. The exit code is 1 when a budget is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="write JSON to stdout")
    parser.add_argument("--only", default="", metavar="WORD", help="measure the rows whose name holds this word")
    options = parser.parse_args()
    rows: list[Row] = []
    for name, measure in budgets.MEASURES.items():
        if options.only in name:
            print(f"measuring: {name} ...", file=sys.stderr, flush=True)
            rows += measure()
    if options.json:
        print(json.dumps({"python": platform.python_version(), "rows": [row.as_dict() for row in rows]}, indent=2))
    else:
        _print_table(rows)
    return 1 if any(row.met is False for row in rows) else 0


def _print_table(rows: list[Row]) -> None:
    header = ("what", "here", "budget", "met", "peers in the same run")
    cells = [(row.what, row.figure, row.budget_text, row.verdict, row.peers_text) for row in rows]
    widths = [max(len(line[column]) for line in [header, *cells]) for column in range(len(header))]
    for line in [header, tuple("-" * width for width in widths), *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for note in dict.fromkeys(row.note for row in rows if row.note):
        print(f"\n{note}")


if __name__ == "__main__":
    sys.exit(main())
