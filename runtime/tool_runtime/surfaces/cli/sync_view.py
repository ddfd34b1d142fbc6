"""How `sync` shows differences to a person: a line for each record, and each field that differs below.

Long texts are shown as a unified diff. What comes from the API is shown without control characters.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.sync_changes import MISSING, Change
from tool_runtime.surfaces.cli.sync_work import Standing
from tool_runtime.surfaces.common.printable import printable

MEANINGS: Mapping[str, str] = {
    "same": "the same on both sides",
    "changed_here": "changed here",
    "changed_there": "changed in the API; pull brings the files up to date",
    "conflict": "changed on both sides",
    "new_here": "only here; push creates the record",
    "new_there": "only in the API; pull writes the files",
    "gone_there": "no longer in the API",
}
_LONGEST = 60


def pulled(kind: str, standing: Standing, *, kept: bool) -> str:
    """Return the line about one record of a pull."""
    said = {"new_there": "new", "changed_there": "brought up to date", "same": "the same"}.get(
        standing.state, "written"
    )
    if kept:
        said = f"kept as it is here: {MEANINGS[standing.state]}"
    return f"{kind} {standing.name}: {said}"


def pull_summary(found: Sequence[Mapping[str, Any]]) -> str:
    """Return how many records were written, and how many were kept as they are."""
    written = sum(1 for entry in found if entry["written"])
    kept = len(found) - written
    records = "1 record is" if written == 1 else f"{written} records are"
    return f"{records} as the API has them" + (f", {kept} kept their changes" if kept else "")


def plan_summary(plan: Sequence[Mapping[str, Any]]) -> str:
    """Return what a push would do, one line a record."""
    lines = [f"{entry['kind']} {entry['id']}: {entry['tool']} {', '.join(entry['fields'])}" for entry in plan]
    return "\n".join(lines) if lines else "nothing was changed here"


def show(found: Sequence[tuple[str, Standing]], *, to_stderr: bool = False) -> None:
    """Show how records differ."""
    put = output.note if to_stderr else output.write
    if not found:
        put("no files here; pull some: sync pull KIND")
    for kind, standing in found:
        put(f"{kind} {standing.name}: {MEANINGS[standing.state]}")
        if standing.comparison is None:
            continue
        for change in standing.comparison.here:
            mark = " (changed there too)" if str(change.place[0]) in standing.comparison.conflicts else ""
            put("\n".join(_lines(change, mark)))
        for change in standing.comparison.there:
            put("\n".join(_lines(change, " (in the API)")))


def _lines(change: Change, mark: str) -> list[str]:
    before, after = change.before, change.after
    both_there = before is not MISSING and after is not MISSING
    if both_there and any("\n" in value or len(value) > _LONGEST for value in (_text(before), _text(after))):
        # Two values that are cut for a line of their own would look alike.
        old, new = (_text(value, indent=2).splitlines() for value in (before, after))
        text = difflib.unified_diff(old, new, "before", "after", lineterm="", n=2)
        return [f"  {change.path}{mark}:", *(f"    {printable(line)}" for line in list(text)[2:])]
    if after is MISSING:
        return [f"  - {change.path}: {_value(before)}{mark}"]
    if before is MISSING:
        return [f"  + {change.path}: {_value(after)}{mark}"]
    return [f"  ~ {change.path}: {_value(before)} -> {_value(after)}{mark}"]


def _text(value: Any, indent: int | None = None) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=indent)


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
