"""Reports: what a person or a program reads after a failed run: one envelope, as text or as JSON, on stderr.

Every exception becomes an error of the core's tree; the core makes the envelope. click's usage errors become
`UsageError` here. An error of this program itself ends here too. The traceback is shown only if the variable that ends
in `_DEBUG` is set.
"""

import os
import shlex
import traceback
from collections.abc import Mapping
from typing import Any

import click

from tool_runtime.errors import (
    ConfigurationError,
    InternalError,
    Interrupted,
    ToolError,
    UnwrittenResult,
    UsageError,
    as_tool_error,
)
from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.session import Session


def report(session: Session, error: BaseException) -> int:
    """Show why a run failed, and return its exit code."""
    known = _known(session, error)
    envelope = known.to_dict()
    hints = [_next_step(session, envelope) or envelope.get("hint")]
    if isinstance(known, ConfigurationError) and session.running is not None:
        hints.append(f"To try it without a key: {session.program} call --sandbox {session.running.name} ...")
    if isinstance(known, InternalError | UnwrittenResult):
        if os.environ.get(f"{session.environment}_DEBUG"):
            output.note("".join(traceback.format_exception(error)).rstrip())
        hints.append(f"{session.environment}_DEBUG=1 shows where this came from.")
    hint = "\n".join(text for text in hints if text)
    if hint:
        envelope["hint"] = hint
    output.note(output.to_json(envelope) if session.as_json else _as_text(session.program, envelope))
    return exits.exit_code(known)


def _known(session: Session, error: BaseException) -> ToolError:
    if isinstance(error, click.Abort):
        return Interrupted("interrupted")
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else session.program
        return UsageError(error.format_message(), hint=getattr(error, "hint", None) or f"See {command} --help.")
    known, tool = as_tool_error(error), session.running
    if isinstance(known, InternalError) and tool is not None:
        if session.done:
            return UnwrittenResult(
                f"{tool.name} was done, but its result could not be written: {error}", tool=tool.name
            )
        # The call itself says what it knows. An error that says nothing came from an unexpected place.
        known.know(tool=tool.name, **({} if tool.is_read else {"outcome": "unknown"}))
    return known


def _as_text(program: str, envelope: Mapping[str, Any]) -> str:
    faults = envelope.get("faults", ())
    # The message joins the faults in one line; a person reads them more easily one a line.
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
    lines = ["Do not just repeat it.", reconcile.get("note"), command, _same_key(envelope)]
    return "\n".join(line for line in lines if line)


def _same_key(envelope: Mapping[str, Any]) -> str | None:
    key = envelope.get("idempotency_key")
    return f"Repeating it with idempotency_key {key} cannot make it happen twice." if key else None
