"""What `audit` shows to a person: entries, lines that follow each other, and what a recipe found."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tool_runtime.core.ledger import Entry
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session

ID_SHOWN = 12
_EXPLAINED = 400


def show_entries(entries: Sequence[Entry]) -> None:
    """Show entries, two lines each on a terminal, one line with tabs in a pipe; for none, say so on stderr."""
    if not entries:
        output.note("The ledger has no such entry.")
        return
    if not output.is_terminal():
        write_plain(entries)
        return
    for entry in entries:
        entry_id, at, surface, account, tool, outcome, what = _row(entry)
        # Two lines an entry: a table of seven columns leaves none of them room on a usual terminal.
        output.write_hanging(f"{entry_id}  {at}  {outcome:9} {tool}", 4)
        output.write_hanging(f"    {surface}, account {account}" + (f": {what}" if what else ""), 4)


def write_plain(entries: Iterable[Entry]) -> None:
    """Write entries as lines with tabs, one after the other."""
    for entry in entries:
        output.write("\t".join(" ".join(cell.split()) for cell in _row(entry)))


def write_lines(rows: Iterable[Any]) -> None:
    """Write one JSON object a line."""
    for row in rows:
        output.write(output.to_json(row, indent=None))


def _row(entry: Entry) -> tuple[str, ...]:
    intent = entry.intent
    at = datetime.fromtimestamp(intent.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    outcome = entry.outcome + (" (resolved)" if entry.note else "")
    return (intent.id[:ID_SHOWN], at, intent.surface, intent.account, intent.tool, outcome, _what(entry))


def _what(entry: Entry) -> str:
    """Return what a reader knows an entry by: what was made, whom it rang, or why it failed."""
    ending = entry.ending
    parts = [f"{name} {value}" for name, value in (ending.ids.items() if ending else ())]
    parts += [f"rings {', '.join(entry.intent.numbers[:3])}"] if entry.intent.numbers else []
    parts += [entry.note] if entry.note else []
    parts += [ending.message or ending.error or ""] if ending is not None and entry.outcome != "done" else []
    return "; ".join(part for part in parts if part)[:_EXPLAINED]


def note_finding(session: Session, entry: Entry, finding: Any) -> None:
    """Show on stderr what a recipe brought to light."""
    if session.as_json:
        return
    output.note(f"{entry.intent.tool} ({entry.intent.id[:ID_SHOWN]}): {finding.said}.")
    if finding.advice and finding.outcome is None:
        output.note(finding.advice)
    for row in finding.rows:
        output.note(f"  {json.dumps(row)[:_EXPLAINED]}")
