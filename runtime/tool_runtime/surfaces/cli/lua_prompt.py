"""The prompt of `lua --repl`: chunks from a terminal, with history, completion, and variables that persist.

A line is a chunk, and Lua's locals end with their chunk; so outermost locals are turned into globals before a chunk
runs. An expression alone shows its value. A chunk that is not finished goes on with the next line. What was typed
stands in the user's state folder, where only this user reads.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tool_runtime.errors import UsageError
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.lua_names import PromptNames
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_runtime.surfaces.common.scripts import LuaConversation, LuaLimits, LuaSession

PROMPT, MORE = "> ", ">> "
HISTORY_LINES = 1000
_ENDS = (".exit", "exit", "quit")


def run(session: Session, limits: "LuaLimits") -> None:
    """Read chunks until the input ends. In a pipe: no prompt, and every line is a chunk of the same conversation."""
    from tool_runtime.surfaces.cli.lua_command import client_of, lua_session

    if session.as_json:
        raise UsageError("--repl talks to a person, and --json to a program", hint="Give one of them.")
    with client_of(session) as client, lua_session(session, client, limits) as scripts:
        names = PromptNames(scripts.namespaces())
        history = _open_history(session, names) if _on_terminal() else None
        if _on_terminal():
            where = "the sandbox" if client.sandbox is not None else f"the account {client.account_name}"
            output.note(f"Lua 5.4 over {where}. End with .exit or Ctrl-D.")
        try:
            _talk(scripts, names)
        finally:
            if history is not None:
                _save_history(history)


def _talk(scripts: "LuaSession", names: PromptNames) -> None:
    conversation = scripts.open(_show, _note)
    waiting = ""
    try:
        while True:
            try:
                line = input(_prompt(waiting))
            except EOFError:
                return
            except KeyboardInterrupt as error:
                _go_on(error)
                waiting = ""
                output.note("")
                continue
            if not waiting and line.strip() in _ENDS:
                return
            waiting = f"{waiting}{line}\n"
            if not waiting.strip():
                waiting = ""
                continue
            chunk = _chunk(waiting)
            if chunk is None:
                continue
            waiting = ""
            if not conversation.is_alive:
                conversation.close()
                conversation = scripts.open(_show, _note)
            _run(conversation, chunk)
            names.learn(chunk)
    finally:
        conversation.close()


def _prompt(waiting: str) -> str:
    if not _on_terminal():
        return ""
    return MORE if waiting else PROMPT


def _chunk(text: str) -> str | None:
    """Return what to run: an expression returns its value, locals are globals; None where the text is unfinished."""
    from tool_runtime.surfaces.common.scripts import Unfinished, without_top_level_locals

    body = text.strip()
    body = body.removeprefix("=")
    unfinished = False
    for candidate in (f"return {body}", text):
        try:
            return without_top_level_locals(candidate)
        except Unfinished:
            unfinished = True
        except Exception:  # noqa: BLE001, S112 - Lua itself says what is wrong with the text
            continue
    return None if unfinished else text


def _go_on(error: KeyboardInterrupt) -> None:
    """Go on after an interrupt from the keyboard; another signal ends the prompt."""
    from tool_runtime.surfaces.cli import process

    if isinstance(error, process.Ended) and error.number != signal.SIGINT:
        raise error
    process.listen()


def _run(conversation: "LuaConversation", chunk: str) -> None:
    try:
        result = conversation.run(chunk)
    except KeyboardInterrupt as error:
        conversation.close()
        _go_on(error)
        known = getattr(error, "tool_error", None)
        if known is not None and known.outcome != "not_sent":
            output.note(str(known))
        output.note("Interrupted. The script's process has ended, and with it every variable.")
        return
    if result.error is not None:
        output.note(result.error.message)
        if result.error.suggestion:
            output.note(result.error.suggestion)
    elif result.result is not None:
        output.write_json(result.result)
    if not conversation.is_alive:
        output.note("The script's process has ended, and with it every variable.")
    output.flush()


def _show(text: str) -> None:
    output.write_raw(text)
    output.flush()


def _note(told: "Mapping[str, Any]") -> None:
    from tool_runtime.surfaces.cli.lua_command import note_progress

    note_progress(told)


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _open_history(session: Session, names: PromptNames) -> Path | None:
    try:
        import readline
    except ImportError:
        return None
    from tool_runtime.accounts.sqlite_ledger import default_ledger_path

    found: list[str] = []

    def complete(text: str, state: int) -> str | None:
        nonlocal found
        if state == 0:
            found = names.completions(text)
        return found[state] if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n()[]{}=,;:+-*/%^#\"'<>~")
    readline.parse_and_bind("tab: complete")
    path = default_ledger_path(session.program).with_name("lua_history")
    with suppress(OSError):
        readline.read_history_file(path)
    return path


def _save_history(path: Path) -> None:
    import readline

    readline.set_history_length(HISTORY_LINES)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        readline.write_history_file(path)
        path.chmod(0o600)
