"""The command `lua`: a script from a file, a word or standard input; `lua resume`; `--validate`; `--repl`.

Owns the words of the command and what a run shows. What a script prints goes to stdout as it comes; the value that it
returns follows as JSON. With `--json`, the envelope holds the whole run: its value is `data`, and `output`, `calls`,
`limits`, `retryable`, `status`, `run` and `pending` stand beside the envelope's own keys.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tool_runtime.errors import InvalidArguments, ToolError, UnwrittenResult, UsageError
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.surfaces.cli.titled_rows import write_rows

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client
    from tool_runtime.surfaces.common.scripts import LuaLimits, LuaResult, LuaSession

RESUME = "resume"
_DECISIONS = ("approve", "deny", "done", "not_done")
_LIMITS = {
    "cpu": ("--cpu-limit", float, "SECONDS", "CPU that the script may use (30)."),
    "memory": ("--memory-limit", int, "BYTES", "Lua heap (33554432)."),
    "wall": ("--wall-limit", float, "SECONDS", "Time in all, waiting included (3600)."),
    "calls": ("--call-limit", int, "N", "Calls of tools, waits and pages (1000)."),
    "output": ("--output-limit", int, "BYTES", "Text that may be printed (1048576)."),
}


def _limit_options(command: Any) -> Any:
    for name, (option, kind, metavar, text) in reversed(_LIMITS.items()):
        command = click.option(option, name, type=kind, metavar=metavar, help=text)(command)
    return command


@click.command("lua")
@click.argument("file", required=False)
@click.argument("run", required=False)
@click.option("-e", "--eval", "code", metavar="CODE", help="Run this code instead of a file.")
@click.option(
    "--args", "args_text", metavar="JSON", help="The global `args` of the script: JSON, @file, or - for stdin."
)
@click.option("--validate", is_flag=True, help="Compile, and check what can be seen without running. Calls nothing.")
@click.option("--dry-run", is_flag=True, help="Check writes and show them instead of sending them; reads are made.")
@click.option("--repl", is_flag=True, help="Read chunks from the terminal; variables persist.")
@click.option("--approve", type=int, multiple=True, metavar="SEQ", help="resume: let this call through.")
@click.option("--deny", type=int, multiple=True, metavar="SEQ", help="resume: refuse this call.")
@click.option(
    "--done", multiple=True, metavar="SEQ[=JSON]", help="resume: this unknown call happened, with this result."
)
@click.option("--not-done", type=int, multiple=True, metavar="SEQ", help="resume: this unknown call did not happen.")
@_limit_options
@calling_options
@click.pass_obj
def lua_command(session: Session, /, file: str | None, run: str | None, code: str | None, **options: Any) -> None:
    """Run a Lua script over the tools: FILE, --eval CODE, or standard input.

    Scripts see app.integrations.NAME.TOOL, docs, json, regex, print, dump, args, parallel, sleep, now and random; no
    files, processes, network or modules. `docs lua` explains them.

    A script that needs a yes and finds nobody to ask ends as paused. `lua resume` lists such runs, and those that were
    killed; `lua resume RUN --approve SEQ` goes on, and calls nothing a second time.
    """
    session.function = "lua"
    limits = {name: options[name] for name in _LIMITS}
    if file == RESUME and code is None and not (run is None and Path(RESUME).is_file()):
        if run is None:
            _list_runs(session)
        else:
            _resume(session, run, options, limits)
        return
    if run is not None or any(options[name] for name in _DECISIONS):
        what = f"the word {run!r}" if run is not None else "--approve, --deny, --done and --not-done"
        raise UsageError(f"{what} belongs to `lua resume RUN`", hint="Give one FILE, or --eval CODE.")
    chosen = _limits(limits)
    if options["repl"]:
        from tool_runtime.surfaces.cli import lua_prompt

        lua_prompt.run(session, chosen)
        return
    if options["args_text"] == "-" and code is None and file in {None, "-"}:
        raise UsageError("--args - and the script both read standard input", hint="Give the script as FILE or --eval.")
    source, arguments, dry_run = _source(file, code), _arguments(options["args_text"]), options["dry_run"]
    if options["validate"]:
        _validate(session, source)
        return
    with client_of(session) as client, lua_session(session, client, chosen, dry_run=dry_run) as scripts:
        with telling(session, client):
            result = scripts.run(source, args=arguments, on_output=_printer(session), on_progress=note_progress)
        _give(session, client, result, dry_run=dry_run)


def client_of(session: Session, settings: Mapping[str, Any] | None = None) -> "Client":
    """Return the client of scripts; `settings` are those that a run began with."""
    from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client

    known = settings or {}
    options = AgentOptions(
        account=session.account or known.get("account"),
        sandbox=bool(session.sandbox or known.get("sandbox", False)),
        force=session.force,
        read_only=bool(session.read_only or known.get("read_only", False)),
        timeout=session.timeout if session.timeout is not None else known.get("timeout"),
        retries=session.retries if session.retries is not None else known.get("retries"),
    )
    output.note_log()
    # What a script was answered has reached its caller: the script itself goes on with the answer.
    return agent_client(session.registry, options, surface="lua", delivers=True)


def lua_session(
    session: Session,
    client: "Client",
    limits: "LuaLimits",
    *,
    dry_run: bool = False,
    warm: bool = False,
    tools: bool = True,
) -> "LuaSession":
    """Return the session that runs scripts of this command; without `tools`, only other servers are seen."""
    from tool_runtime.surfaces.cli.questions import confirmation
    from tool_runtime.surfaces.common.scripts import LuaSession

    pages, namespaces = _servers(session, own=tools)
    return LuaSession(
        client,
        limits=limits,
        package=pages,
        namespaces=namespaces,
        confirm=confirmation(session),
        settings=settings_of(session, tools=tools),
        warm=warm,
        dry_run=dry_run,
        tools=tools,
    )


def settings_of(session: Session, *, tools: bool) -> dict[str, Any]:
    """Return what is kept with a run that can be resumed, so that the run goes on as it began."""
    known = {"account": session.account, "sandbox": session.sandbox, "read_only": session.read_only, "tools": tools}
    return known | {"timeout": session.timeout, "retries": session.retries}


def _servers(session: Session, *, own: bool = True) -> tuple[Any, list[Any]]:
    """Return the pages and the namespaces of other servers, where this user or project has any."""
    from tool_runtime.surfaces.cli.mcp_session import calls_of, has_servers, load
    from tool_runtime.surfaces.common.scripts import Prepared

    if not has_servers(session):
        return session.package, []
    # The connections last as long as the command.
    calls = click.get_current_context().with_resource(calls_of(session, surface="lua", delivers=True))
    pages = load(session, "script_servers:PagesWithServers")(session.package, calls, own=own)
    return pages, load(session, "script_servers:namespaces_of")(calls, Prepared)


def note_progress(told: Mapping[str, Any]) -> None:
    """Show on stderr how far a script is: `3/10 calls placed`."""
    done, total, text = (told.get(name) for name in ("n", "total", "text"))
    counted = f"{done}/{total}" if total is not None else str(done)
    output.note(" ".join(part for part in (counted if done is not None else "", str(text or "")) if part))


def _printer(session: Session) -> Any:
    if session.as_json:
        return None

    def write(text: str) -> None:
        # A script that has dialled is not broken off because nobody reads what the script prints.
        try:
            if not session.lost_output:
                output.write_raw(text)
                output.flush()
        except OSError as error:
            session.lost_output.append(error)

    return write


@contextmanager
def telling(session: Session, client: "Client") -> Iterator[None]:
    """Let an interrupt of a script say what the script had done, and how to go on."""
    try:
        yield
    except BaseException as error:
        result, known = getattr(error, "lua_result", None), getattr(error, "tool_error", None)
        if result is not None and isinstance(known, ToolError):
            _keep(session, client, result)
            if result.run is not None:
                known.know(hint=f"{known.hint or ''}\nTo go on: {session.program} lua resume {result.run}".strip())
        raise


def _keep(session: Session, client: "Client", result: "LuaResult", *, dry_run: bool = False) -> None:
    session.meta = {
        "account": client.account_name,
        "effects": sorted({effect for call in result.calls for effect in call.effects}),
        "class": "write" if any(call.tool_class == "write" for call in result.calls) else "read",
        "dry_run": dry_run,
        "forced": session.force,
        "sandbox": client.sandbox is not None,
    }
    known = result.to_dict()
    session.data = result.result
    session.extra = {name: known[name] for name in known if name not in {"success", "error", "duration_ms"}}


def _give(session: Session, client: "Client", result: "LuaResult", *, dry_run: bool = False) -> None:
    _keep(session, client, result, dry_run=dry_run)
    problem = result.problem()
    if problem is not None:
        if result.error is not None:
            problem.know(
                **{
                    name: value
                    for name, value in result.error.to_dict().items()
                    if value is not None and name != "details"
                }
            )
        if result.status == "paused":
            problem.know(hint=_next_step(session, result))
        raise problem

    session.wrote = any(call.effect_status == "succeeded" for call in result.calls)
    if session.lost_output:
        session.given = True
        lost = session.lost_output[0]
        if not session.wrote:
            raise lost
        message = f"the script ended, but what it printed could not be written: {lost.strerror or lost}"
        made = dict.fromkeys(call.tool or call.path for call in result.calls if call.effect_status == "succeeded")
        raise UnwrittenResult(message, hint=f"Writes have happened: {', '.join(made)}.") from lost

    def show() -> None:
        if dry_run:
            for call in result.calls:
                if call.would_send is not None:
                    output.note(f"would send: {output.to_json(dict(call.would_send), indent=None)}")
        if result.result is not None:
            output.write_json(result.result)

    session.give(result.result, show)


def _next_step(session: Session, result: "LuaResult") -> str:
    lines = []
    for one in result.pending:
        shown = output.to_json(one.get("arguments"), indent=None)
        lines.append(f"Call {one['seq']}, line {one['line']}: {one['tool']} {shown}")
        if one["why"] == "outcome unknown":
            found = output.to_json(one.get("found"), indent=None)
            lines.append(f"It may have happened. {(one.get('reconcile') or {}).get('note', '')}".strip())
            lines.append(f"The API shows: {found[:2000]}")
            lines.append(
                f"If it happened: {session.program} lua resume {result.run} --done '{one['seq']}=RESULT_AS_JSON'"
            )
            lines.append(f"If it did not:  {session.program} lua resume {result.run} --not-done {one['seq']}")
        else:
            lines.append(f"To let it through: {session.program} lua resume {result.run} --approve {one['seq']}")
            lines.append(f"To refuse it:      {session.program} lua resume {result.run} --deny {one['seq']}")
    return "\n".join(lines)


def _resume(session: Session, run: str, options: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
    decisions = {name: options[name] for name in _DECISIONS} | {"done": _results(options["done"])}
    stored = next((one for one in _runs(session) if one.id == run), None)
    settings = dict(stored.settings) if stored is not None else {}
    chosen = _limits(
        {**settings.get("limits", {}), **{name: value for name, value in limits.items() if value is not None}}
    )
    tools = settings.get("tools") is not False
    with client_of(session, settings) as client, lua_session(session, client, chosen, tools=tools) as scripts:
        with telling(session, client):
            result = scripts.resume(run, on_output=_printer(session), on_progress=note_progress, **decisions)
        _give(session, client, result)


def _runs(session: Session) -> list[Any]:
    from tool_runtime.accounts.sqlite_ledger import default_ledger_path
    from tool_runtime.surfaces.common.scripts import resumable_runs

    return resumable_runs(default_ledger_path(session.registry.api.command or session.registry.api.name))


def _list_runs(session: Session) -> None:
    from datetime import UTC, datetime

    rows = [
        {
            "run": one.id,
            "state": "paused" if one.state == "paused" else "cut off",
            "at": datetime.fromtimestamp(one.at_ms / 1000, UTC).isoformat(timespec="seconds"),
            "account": one.settings.get("account"),
            "script": next((line.strip() for line in one.source.splitlines() if line.strip()), "")[:60],
        }
        for one in _runs(session)
    ]

    def show() -> None:
        titles = ("run", "state", "at", "script")
        if rows:
            write_rows(titles, [[str(row[name] or "") for name in titles] for row in rows])
        else:
            output.note("No script is paused or was cut off.")

    session.give(rows, show)


def _validate(session: Session, source: str) -> None:
    from tool_runtime.surfaces.common.scripts import check_script

    with client_of(session) as client, lua_session(session, client, _limits({})) as scripts:
        checked = check_script(scripts, source)
    session.extra = checked.to_dict()
    session.meta = {"account": client.account_name, "class": "read", "sandbox": client.sandbox is not None}

    def show() -> None:
        for line in checked.lines():
            output.write(line)

    if checked.problem() is None:
        session.give(None, show)
        return
    if not session.as_json:
        show()
    raise checked.problem()  # type: ignore[misc]  # the line above has looked


def _source(file: str | None, code: str | None) -> str:
    if code is not None and file is not None:
        raise UsageError("both FILE and --eval were given", hint="Give one of them.")
    if code is not None:
        return code
    if file is None or file == "-":
        if sys.stdin is None or sys.stdin.closed or (file is None and sys.stdin.isatty()):
            raise UsageError("there is no script", hint="Give FILE, --eval CODE, standard input, or --repl.")
        return _text("standard input", sys.stdin.buffer.read())
    try:
        return _text(file, Path(file).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"the script {file} cannot be read: {reason}") from error


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    # A first line for the shell; it stays a line, so that lines keep their numbers.
    return "--" + text if text.startswith("#") else text


def _arguments(text: str | None) -> Any:
    if text is None:
        return None
    source = "--args"
    if text == "-":
        source, text = "standard input", _text("standard input", sys.stdin.buffer.read())
    elif text.startswith("@"):
        source, text = text[1:], _source(text[1:], None)
    return _json(source, text)


def _json(source: str, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InvalidArguments(
            f"{source} is not JSON: {error}", hint="For example: --args '{\"limit\": 5}'."
        ) from error


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _results(done: tuple[str, ...]) -> dict[int, Any]:
    """Read `--done`: `3={"call_id": "call_1"}` -> `{3: {"call_id": "call_1"}}`; `3` alone has no result."""
    results = {}
    for one in done:
        number, equals, text = one.partition("=")
        if not number.strip().isdigit():
            raise UsageError(f"--done expects SEQ or SEQ=JSON, not {one[:40]!r}")
        results[int(number)] = _json(f"--done {number}", text) if equals else None
    return results


def _limits(given: Mapping[str, Any]) -> "LuaLimits":
    from tool_runtime.surfaces.common.scripts import LuaLimits

    return LuaLimits(**{name: value for name, value in given.items() if value is not None})
