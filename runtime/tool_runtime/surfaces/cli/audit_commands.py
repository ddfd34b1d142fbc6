"""`audit` and `audit resolve`: the ledger of writes, and finding out what became of one.

Owns which entries are shown, how somebody follows them, and who decides in the end. What a recipe's answer proves is
decided by `reconciling`.
"""

import re
import time
from datetime import UTC, datetime
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import add_common_options
from tool_runtime.surfaces.cli.session import Session

_OUTCOMES = ("done", "failed", "not_sent", "refused", "unknown", "under_way")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"(\d{1,9})([smhdw])")
_PAUSE_SECONDS = 0.3


class _Audit(click.Group):
    """A group whose own options list entries, and whose one command is `resolve`."""


@click.group("audit", cls=_Audit, invoke_without_command=True)
@click.option("--follow", is_flag=True, help="Go on showing entries as they come and change, until Ctrl-C.")
@click.option(
    "--since", metavar="WHEN", help="Entries since a time (2026-11-25, 2026-11-25T08:00Z) or for a span (30m, 2h, 7d)."
)
@click.option("--tool", "tool_name", metavar="TOOL", help="Entries of this tool, by any of its names.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="Entries that ended so.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="The newest N.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json", "ndjson"]), help="How entries are shown.")
@click.pass_context
def audit_command(
    context: click.Context,
    *,
    follow: bool,
    since: str | None,
    tool_name: str | None,
    outcome: str | None,
    limit: int,
    form: str | None,
) -> None:
    """Show the ledger: every write of every account, newest first, with what became of it. Arguments are masked.

    `audit resolve ID` finds out what became of an unknown one.
    """
    if context.invoked_subcommand is not None:
        return
    from tool_runtime.errors import UsageError
    from tool_runtime.surfaces.cli import audit_view
    from tool_runtime.surfaces.common.agent_client import agent_ledger

    session: Session = context.find_root().obj
    wanted: dict[str, Any] = {
        "account": session.account,
        "tool": None if tool_name is None else session.registry.resolve(tool_name).name,
        "outcome": outcome,
        "since_ms": None if since is None else since_ms(since, time.time_ns() // 1_000_000),
    }
    if follow and (session.as_json or form == "json"):
        message = "--follow has no end, and JSON is one document"
        raise UsageError(message, hint="Use --follow -o ndjson: one JSON object a line.")
    ledger = agent_ledger(session.registry)
    try:
        if follow:
            _follow(ledger, wanted, limit, form)
            return
        entries = _found(ledger, wanted, limit)
    finally:
        ledger.close()
    data = [entry.to_dict() for entry in entries]
    if form is None or form == "table":
        session.give(data, lambda: audit_view.show_entries(entries))
    elif form == "ndjson":
        session.give(data, lambda: audit_view.write_lines(data))
    else:
        session.give(data)


def since_ms(text: str, now_ms: int) -> int:
    """Return a moment in milliseconds since 1970: `2h` is two hours ago, a date is that day's beginning in local time.

    Example: `("30m", 1_800_000)` -> `0`. Raises `InvalidArguments`.
    """
    from tool_runtime.errors import InvalidArguments

    span = _SPAN.fullmatch(text.strip())
    if span is not None:
        return max(0, now_ms - int(span[1]) * _UNITS[span[2]] * 1000)
    try:
        moment = datetime.fromisoformat(text.strip())
        return int(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        message = f"--since: {text[:40]!r} is neither a time nor a span"
        raise InvalidArguments(message, hint="Such as 30m, 2h, 7d, 2026-11-25 or 2026-11-25T08:00Z.") from None


def _found(ledger: Any, wanted: dict[str, Any], limit: int | None) -> list[Any]:
    """Return entries; none where no ledger is yet, because looking makes no file."""
    path = getattr(ledger, "path", None)
    return list(ledger.find(**wanted, limit=limit)) if path is None or path.exists() else []


def _follow(ledger: Any, wanted: dict[str, Any], limit: int, form: str | None) -> None:
    """Show entries, oldest first, and each one again whose outcome changes."""
    from tool_runtime.surfaces.cli import audit_view

    seen: dict[str, str] = {}
    entries = _found(ledger, wanted, limit)
    # From here on everything counts that is not older than what was shown first, however many come at once.
    floor = min((entry.intent.at_ms for entry in entries), default=time.time_ns() // 1_000_000)
    wanted = {**wanted, "since_ms": max(floor, wanted["since_ms"] or 0)}
    try:
        while True:
            news = [entry for entry in reversed(entries) if seen.get(entry.intent.id) != entry.outcome]
            seen.update({entry.intent.id: entry.outcome for entry in news})
            if form == "ndjson":
                audit_view.write_lines([entry.to_dict() for entry in news])
            else:
                audit_view.write_plain(news)
            output.flush()
            time.sleep(_PAUSE_SECONDS)
            entries = _found(ledger, wanted, None)
    except KeyboardInterrupt:
        # The way to end it: nothing is under way here.
        return


@audit_command.command("resolve")
@click.argument("entry_id", metavar="ID")
@click.option(
    "--as",
    "as_outcome",
    type=click.Choice(["done", "failed", "not_sent", "refused"]),
    help="Record this: you found out yourself.",
)
@click.option("--note", metavar="TEXT", help="How you found out; kept with the entry.")
@click.pass_obj
def resolve_command(session: Session, entry_id: str, *, as_outcome: str | None, note: str | None) -> None:
    """Find out what became of the unknown write ID (its beginning is enough), and record that.

    Runs the write's reconcile recipe, a read. Where the answer proves that the write happened, `done` is recorded. Else
    you are asked on a terminal; elsewhere say it with --as. Exit code 4 where the outcome stays unknown.
    """
    from tool_runtime.surfaces.cli import audit_view
    from tool_runtime.surfaces.common import reconciling
    from tool_runtime.surfaces.common.agent_client import agent_ledger

    session.function = "audit resolve"
    ledger = agent_ledger(session.registry)
    try:
        entry = reconciling.entry_of(ledger, entry_id)
        reconciling.check_unknown(entry)
        finding = None
        if as_outcome is None:
            finding = _finding(session, ledger, entry)
            audit_view.note_finding(session, entry, finding)
            as_outcome = finding.outcome or _asked()
            note = note or (finding.said if finding.outcome else f"somebody said so; {finding.said}")
        if as_outcome is None:
            say_it = f"{session.program} audit resolve {entry.intent.id} --as done|failed|not_sent --note TEXT"
            shown = finding.to_dict() if finding else None
            session.data = {"id": entry.intent.id, "finding": shown, "next_commands": [say_it]}
            if not session.as_json:
                output.note(f"When you know: {say_it}")
            raise reconciling.still_unknown(entry, finding)
        ledger.resolve(entry.intent.id, as_outcome, note or "said on the command line")
    finally:
        ledger.close()
    data = {
        "id": entry.intent.id,
        "tool": entry.intent.tool,
        "outcome": as_outcome,
        "note": note or "said on the command line",
        "finding": finding.to_dict() if finding else None,
    }
    text = f"{entry.intent.tool} ({entry.intent.id[:12]}): {as_outcome} is recorded. {data['note']}"
    session.give(data, lambda: output.write(text), account=entry.intent.account)


def _finding(session: Session, ledger: Any, entry: Any) -> Any:
    from tool_runtime.errors import ToolError
    from tool_runtime.surfaces.common import reconciling
    from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client

    account = reconciling.account_of(entry)
    if account is None:
        return reconciling.Finding(None, "it was a call on a sandbox, whose records ended with its process")
    try:
        options = AgentOptions(account, timeout=session.timeout, retries=session.retries)
        with agent_client(session.registry, options, surface="cli") as client:
            if client.sandbox is not None:
                return reconciling.Finding(None, "calls go to the sandbox now, which knows nothing of this one")
            return reconciling.find_out(client, ledger, session.registry, entry)
    except ToolError as error:
        return reconciling.Finding(None, f"the recipe cannot be run: {error.message}", error=error.to_dict())


def _asked() -> str | None:
    """Ask a person what became of it; None where nobody can be asked, or nobody knows."""
    from tool_runtime.surfaces.cli.account_options import asks

    if not asks():
        return None
    choices = ["done", "failed", "not_sent", "leave"]
    answer = click.prompt("What became of it?", type=click.Choice(choices), default="leave", err=True)
    return None if answer == "leave" else str(answer)


add_common_options(resolve_command)
