"""What a person or a program is told when a run fails: one envelope, as text or as JSON, on stderr.

Knows the tree of errors and click's usage errors; turns each into the envelope of `ToolError.to_dict()`. A
mistake in this program itself ends here too, without a traceback unless the variable that ends in `_DEBUG`
asks for it.
"""

import os
import shlex
import traceback
from collections.abc import Mapping
from typing import Any

import click

from tool_runtime.core.errors import ConfigurationError, ToolError
from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.session import Session


def report(session: Session, error: BaseException) -> int:
    """Show why a run failed, and return its exit code."""
    if isinstance(error, ToolError):
        return _report_error(session, error)
    if isinstance(error, click.ClickException):
        return _report_usage(session, error)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _report_interrupt(session)
    return _report_mistake(session, error)


def _report_error(session: Session, error: ToolError) -> int:
    envelope = error.to_dict()
    hints = [_next_step(session, envelope) or envelope.get("hint")]
    if isinstance(error, ConfigurationError) and session.running is not None:
        hints.append(f"To try it without a key: {session.program} call --sandbox {session.running.name} ...")
    return _report(session, envelope, hints, exits.exit_code(error))


def _report_usage(session: Session, error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else session.program
    hints = [getattr(error, "hint", None) or f"See {command} --help."]
    return _report(session, _envelope("usage", error.format_message()), hints, exits.USAGE)


def _report_interrupt(session: Session) -> int:
    tool = session.running
    if tool is None or tool.is_read or session.done:
        return _report(session, _envelope("interrupted", "interrupted"), [], exits.INTERRUPTED)
    message = f"interrupted while {tool.name} was under way: it may have happened"
    envelope = _envelope("interrupted", message, outcome="unknown") | {"tool": tool.name}
    reconcile = tool.reconcile
    hints: list[str | None] = ["Do not just repeat it."]
    if reconcile is not None:
        hints.append(reconcile.note)
        hints.append(f"To find out: {session.program} call {reconcile.tool}")
    return _report(session, envelope, hints, exits.INTERRUPTED)


def _report_mistake(session: Session, error: BaseException) -> int:
    if os.environ.get(f"{session.environment}_DEBUG"):
        output.note("".join(traceback.format_exception(error)).rstrip())
    if session.running is not None and session.done:
        message = f"{session.running.name} was done, but its result could not be written: {error}"
        envelope = _envelope("unwritten_result", message, outcome="done")
    else:
        # Before a call is under way nothing can have happened.
        outcome = "not_sent" if session.running is None else "unknown"
        envelope = _envelope("internal_error", f"{type(error).__name__}: {error}", outcome=outcome)
    if session.running is not None:
        envelope["tool"] = session.running.name
    return _report(session, envelope, [f"{session.environment}_DEBUG=1 shows where this came from."], exits.REMOTE)


def _envelope(code: str, message: str, *, outcome: str = "not_sent") -> dict[str, Any]:
    return {"error": code, "message": message, "retryable": False, "outcome": outcome}


def _report(session: Session, envelope: dict[str, Any], hints: list[str | None], code: int) -> int:
    hint = "\n".join(text for text in hints if text)
    if hint:
        envelope["hint"] = hint
    output.note(output.to_json(envelope) if session.as_json else _as_text(session.program, envelope))
    return code


def _as_text(program: str, envelope: Mapping[str, Any]) -> str:
    faults = envelope.get("faults", ())
    # The message strings the faults together; a person reads them better one a line.
    message = f"{envelope['tool']}: the arguments do not fit" if faults and "tool" in envelope else envelope["message"]
    lines = [f"{program}: {message}"]
    for fault in faults:
        nearest = f" (did you mean {fault['nearest']}?)" if fault.get("nearest") else ""
        lines.append(f"  {fault['path']}: {fault['message']}{nearest}")
    lines += [f"  left behind: {output.to_json(leftover, indent=None)}" for leftover in envelope.get("leftovers", ())]
    lines += envelope.get("hint", "").splitlines()
    return "\n".join(lines)


def _next_step(session: Session, envelope: Mapping[str, Any]) -> str | None:
    reconcile = envelope.get("reconcile")
    if not reconcile:
        return None
    arguments = output.to_json(reconcile.get("arguments", {}), indent=None)
    command = f"To find out: {session.program} call {reconcile['tool']} {shlex.quote(arguments)}"
    return f"{reconcile['note']}\n{command}" if reconcile.get("note") else command
