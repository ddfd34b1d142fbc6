"""Reports: what a person or a program reads after a failed run.

Every exception becomes an error of the core's tree; the core makes the envelope of the error. click's usage errors
become `UsageError` here. With `--json` the envelope of the run goes to stdout, where a program reads; else a sentence
goes to stderr. The exit code is decided by the error and by nothing that happens while the error is shown. The
traceback of a mistake of this program is shown only if the variable that ends in `_DEBUG` is set.
"""

import os
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from tool_runtime.core.attempts import key_advice
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.errors import (
    ConfigurationError,
    InternalError,
    Interrupted,
    PolicyRefused,
    SpecError,
    ToolError,
    UnwrittenResult,
    UsageError,
)
from tool_runtime.surfaces.cli import exits, output
from tool_runtime.surfaces.cli.commands_to_run import command_for
from tool_runtime.surfaces.cli.session import Session


def report(session: Session, error: BaseException) -> int:
    """Show why a run failed, and return its exit code."""
    wrote = session.wrote or getattr(getattr(error, "tool_error", None), "outcome", "not_sent") != "not_sent"
    if isinstance(error, BrokenPipeError) and not wrote and (session.running is None or session.running.is_read):
        # The reader has left, with all that it wanted.
        output.abandon()
        return exits.OK
    if isinstance(error, KeyboardInterrupt) and session.shown:
        # The signal came after the answer.
        return exits.OK
    known = _known(session, error)
    code = exits.exit_code(known)
    envelope = known.to_dict()
    hint = "\n".join(text for text in _hints(session, known, envelope, error) if text)
    if hint:
        envelope["hint"] = hint
    if isinstance(known, InternalError | UnwrittenResult) and os.environ.get(f"{_environment(session)}_DEBUG"):
        output.note("".join(traceback.format_exception(error)).rstrip())
    if session.as_json and not session.given:
        session.given = True
        try:
            output.write_json(session.envelope(data=session.data, error=envelope))
            output.flush()
        except (OSError, ValueError):
            # Nobody reads the document; a line on stderr may still reach somebody.
            output.abandon()
        else:
            return code
    output.note(_as_text(_program(session), envelope))
    with suppress(OSError, ValueError):
        output.flush()
    return code


def _known(session: Session, error: BaseException) -> ToolError:
    if isinstance(error, click.Abort):
        return Interrupted("interrupted")
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else _program(session)
        return UsageError(error.format_message(), hint=getattr(error, "hint", None) or f"See {command} --help.")
    tool = session.running
    if session.done and tool is not None and (not isinstance(error, ToolError) or error.outcome == "not_sent"):
        return _unwritten(session, error)
    if isinstance(error, OSError) and session.given and not isinstance(error, ToolError):
        return UnwrittenResult(f"the result could not be written: {_reason(error)}")
    known = as_tool_error(error)
    if isinstance(known, InternalError) and tool is not None:
        # The call itself says what it knows. An error that says nothing came from an unexpected place.
        known.know(tool=tool.name, **({} if tool.is_read else {"outcome": "unknown"}))
    return known


def _unwritten(session: Session, error: BaseException) -> ToolError:
    """Return the error of a call that was done and whose result did not reach its reader."""
    tool = session.running
    assert tool is not None  # noqa: S101 - the caller has looked
    if tool.is_read and isinstance(error, KeyboardInterrupt):
        return Interrupted("interrupted", tool=tool.name)
    if tool.is_read and isinstance(error, ToolError):
        return error
    message = f"{tool.name} was done, but its result could not be written: {_reason(error)}"
    known = UnwrittenResult(message, tool=tool.name, record=session.meta.get("record"))
    ids = _ids(session.data)
    if ids:
        known.know(ids=ids)
    return known


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or ("interrupted" if isinstance(error, KeyboardInterrupt) else type(error).__name__)


def _ids(data: Any) -> dict[str, str]:
    """Return the ids in a result: `{"call_id": "c", "status": "new"}` -> `{"call_id": "c"}`."""
    if not isinstance(data, Mapping):
        return {}
    return {name: value for name, value in data.items() if name.endswith("_id") and isinstance(value, str)}


def _is_about_a_stream(error: BaseException) -> bool:
    """Say whether a result was lost by the place where it should go, and by no mistake of this program."""
    return isinstance(error, OSError | KeyboardInterrupt)


def _hints(session: Session, known: ToolError, envelope: Mapping[str, Any], error: BaseException) -> list[str | None]:
    hints = [_next_step(session, envelope) or envelope.get("hint")]
    tool = session.running
    if isinstance(known, ConfigurationError) and tool is not None and _has_no_key(session):
        hints.append(f"To try it without a key: {session.program} call --sandbox {tool.name} ...")
    if type(known) is PolicyRefused and session.asked_nobody:
        hints.append("Nobody could be asked: run it on a terminal, or add --force, which lifts `ask` and nothing else.")
    if isinstance(known, UnwrittenResult) and (session.wrote if tool is None else not tool.is_read):
        shown = ", ".join(f"{name} {value}" for name, value in envelope.get("ids", {}).items())
        hints.append(f"Do not repeat it: the answer was {shown}." if shown else "Do not repeat it.")
    if isinstance(known, InternalError) or (isinstance(known, UnwrittenResult) and not _is_about_a_stream(error)):
        hints.append(f"{_environment(session)}_DEBUG=1 shows where this came from.")
    return hints


def _has_no_key(session: Session) -> bool:
    """Say whether a user has given no key yet, and nothing else is wrong: then the sandbox is where to begin."""
    from tool_runtime.accounts.stored_accounts import read_accounts

    try:
        return not session.on_sandbox and not read_accounts(session.registry, os.environ).names
    except ToolError:
        return False


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
    """Say how to find out what became of a write: the whole command, arguments included."""
    if envelope.get("waiter"):
        lines = [envelope.get("hint"), f"To go on waiting: {command_for(session, envelope)}"]
        return "\n".join(line for line in lines if line)
    if envelope.get("outcome") != "unknown":
        return None
    reconcile = envelope.get("reconcile")
    lines = ["Do not just repeat it."]
    if reconcile:
        lines += [reconcile.get("note"), f"To find out: {command_for(session, reconcile)}"]
    key = envelope.get("idempotency_key")
    if key:
        lines.append(key_advice(f"--idempotency-key {key}", envelope.get("idempotency_key_until_ms")))
    if envelope.get("record"):
        resolve = f"{session.program} audit resolve {envelope['record']}"
        lines.append(f"To find out and to record what was found: {resolve}")
    if envelope.get("repeat_of"):
        lines.append("If a second one is meant, say so: --again.")
    return "\n".join(line for line in lines if line)


def _program(session: Session) -> str:
    try:
        return session.program
    except SpecError:
        return "tools"


def _environment(session: Session) -> str:
    try:
        return session.environment
    except SpecError:
        return "TOOLS"
