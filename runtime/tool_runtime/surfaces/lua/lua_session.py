"""Sessions: how a host program runs scripts, one or many.

`run_lua` runs one script; a `LuaSession` runs many and keeps one child ready. Every script gets a process of its own.
Owns the life of children, the journal of a run, and what a run needs to be resumed. Safe among threads.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tool_runtime.accounts.script_journal import JournalCall, JournalRun, ScriptJournal, open_run
from tool_runtime.core.foreign_errors import annotate
from tool_runtime.core.gate import Invocation
from tool_runtime.errors import ConfigurationError, Fault, InvalidArguments, ToolError
from tool_runtime.surfaces.lua.namespaces import DocsNamespace, Namespace, ToolNamespace
from tool_runtime.surfaces.lua.script_calls import CallHandler
from tool_runtime.surfaces.lua.script_decisions import Decisions, check_decisions, check_target, target_of
from tool_runtime.surfaces.lua.script_limits import LuaLimits
from tool_runtime.surfaces.lua.script_process import ScriptProcess, check_platform, may_use_patterns
from tool_runtime.surfaces.lua.script_results import LuaResult, ScriptError
from tool_runtime.surfaces.lua.script_run import Ending, Printer, Progress, ScriptRun
from tool_runtime.values.snapshots import snapshot

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client
    from tool_runtime.surfaces.common.package import Package

Confirm = Callable[[Invocation], Any]
# Of one conversation, as far as CPU goes.
_MOST_CHUNKS = 1000


class LuaSession:
    """Runs scripts over one client, each in a fresh process, with one process kept ready.

    `package` gives `docs`; the client's own where it has one. `confirm` answers where a policy asks, as for a client;
    without one, and with a ledger in a file, such a run ends as paused. `namespaces` adds what else scripts may call.
    With `dry_run`, writes are checked and not sent; the script gets samples of their answers.
    `tools` is False for scripts that see no tool of the client. `settings` is kept with a run that can be resumed, for
    whoever resumes the run. Close the session, or use `with`.
    """

    def __init__(
        self,
        client: "Client",
        *,
        limits: LuaLimits | None = None,
        package: Any = None,
        confirm: Confirm | None = None,
        namespaces: Sequence[Namespace] = (),
        settings: Mapping[str, Any] | None = None,
        warm: bool = True,
        dry_run: bool = False,
        tools: bool = True,
    ) -> None:
        self.client = client
        self.limits = limits or LuaLimits()
        self._package = package or _own_package(client)
        self._confirm = confirm
        self._extra = tuple(namespaces)
        self._settings = dict(settings or {})
        self._warm = warm
        self._dry_run = dry_run
        self._tools = tools
        self.undecided = Decisions()
        self._lock = threading.Lock()
        self._spare: ScriptProcess | None = None
        self._refilling: threading.Thread | None = None
        self._closed = False
        check_platform(client.registry.api.distribution)
        self._refill()

    def run(
        self,
        source: str,
        *,
        args: Any = None,
        on_output: Printer | None = None,
        on_progress: Progress | None = None,
    ) -> LuaResult:
        """Run a script and return what it leaves; a script that fails raises nothing.

        `args` is the global `args`, as JSON. `on_output` gets text as it is printed. Raises `ConfigurationError` and
        `MissingExtra` where no script can run here. What else ends a run (an interrupt, an error of `on_output`) goes
        on unchanged, with a note, `tool_error` and `lua_result`, which say what the script had done.
        """
        source, args = plain_source(source), _plain_json(args, "args")
        run_id = secrets.token_hex(6)
        settings = self._settings | {"args": args, "seed": secrets.token_hex(8), "limits": _limits_as_json(self.limits)}
        settings["target"] = target_of(self.client)
        journal = None
        path = _journal_path(self.client)
        if path is not None and not self._dry_run:
            journal = ScriptJournal(path, JournalRun(run_id, time.time_ns() // 1_000_000, "running", source, settings))
        return self._go(source, settings, journal, Decisions(), on_output, on_progress)

    def resume(
        self,
        run: str,
        *,
        approve: Iterable[int] = (),
        deny: Iterable[int] = (),
        done: Mapping[int, Any] | None = None,
        not_done: Iterable[int] = (),
        on_output: Printer | None = None,
        on_progress: Progress | None = None,
    ) -> LuaResult:
        """Run a paused or killed script again from its journal: nothing that was called is called a second time.

        `approve` and `deny` answer what the run paused for, by number; `done` gives the result of a call whose outcome
        is unknown, `not_done` says that such a call did not happen. A yes holds for the call that was shown: where
        something else would go out now, the run pauses again. Raises `UsageError` for a run that is not there, is still
        running, or began with another account or address, and for a decision on a call that waits for none.
        """
        path = _journal_path(self.client)
        if path is None:
            raise ConfigurationError("without a ledger in a file there are no runs to resume")
        known = {seq: _plain_json(value, f"done[{seq}]") for seq, value in (done or {}).items()}
        decisions = Decisions(frozenset(approve), frozenset(deny), known, frozenset(not_done))

        def check(found: JournalRun, calls: Sequence[JournalCall]) -> None:
            check_target(found, self.client)
            check_decisions(found, calls, decisions)

        journal = open_run(path, run, check)
        return self._go(journal.run.source, journal.run.settings, journal, decisions, on_output, on_progress)

    def compile(self, source: str) -> LuaResult:
        """Compile a script without running it."""
        return self._go(plain_source(source), {}, None, Decisions(), None, None, only_compile=True)

    def wait_until_ready(self) -> None:
        """Wait until the process that is kept ready has started."""
        self._refilled()
        with self._lock:
            spare = self._spare
        if spare is not None:
            spare.wait_until_ready()

    def close(self) -> None:
        """End the process that is kept ready."""
        with self._lock:
            self._closed = True
        self._refilled()
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session."""
        self.close()

    def open(self, on_output: Printer | None = None, on_progress: Progress | None = None) -> "LuaConversation":
        """Return a conversation: chunks that run one after the other in one process, for prompts."""
        return LuaConversation(self, on_output, on_progress)

    def start(
        self,
        process: ScriptProcess,
        journal: ScriptJournal | None,
        decisions: Decisions,
        on_output: Printer | None,
        on_progress: Progress | None,
    ) -> tuple[ScriptRun, list[Namespace]]:
        """Return a run in a process, and what can be called in it."""
        waiting: list[ScriptRun] = []
        handler = CallHandler(
            self.client,
            journal,
            confirm=self._confirm,
            decisions=decisions,
            remaining=lambda: min(run.remaining() for run in waiting),
            dry_run=self._dry_run,
        )
        run = ScriptRun(process, handler, self.limits, on_output=on_output, on_progress=on_progress)
        waiting.append(run)
        namespaces: list[Namespace] = [ToolNamespace(handler.client, run.remaining)] if self._tools else []
        if self._package is not None:
            namespaces.append(DocsNamespace(self._package))
        namespaces += [_asking(one, handler.confirm) for one in self._extra]
        handler.use(namespaces)
        return run, namespaces

    def namespaces(self) -> list[Namespace]:
        """Return what scripts can call, for whoever looks at names without running a script."""
        docs = [] if self._package is None else [DocsNamespace(self._package)]
        tools = [ToolNamespace(self.client)] if self._tools else []
        return [*tools, *docs, *self._extra]

    def take(self, source: str = "regex") -> ScriptProcess:
        """Return a child that is ready, or starts for this very `source`."""
        self._refilled()
        with self._lock:
            if self._closed:
                raise ConfigurationError("this session is closed")
            spare, self._spare = self._spare, None
        if spare is not None and spare.is_alive:
            return spare
        if spare is not None:
            spare.end()
        return ScriptProcess(self.limits, patterns=may_use_patterns(source))

    def _go(
        self,
        source: str,
        settings: Mapping[str, Any],
        journal: ScriptJournal | None,
        decisions: Decisions,
        on_output: Printer | None,
        on_progress: Progress | None,
        *,
        only_compile: bool = False,
    ) -> LuaResult:
        begin = time.perf_counter()
        process = self.take(source)
        run, namespaces = self.start(process, journal, decisions, on_output, on_progress)
        state = "stopped"
        try:
            try:
                run.boot(namespaces, str(settings.get("seed", "0")), settings.get("args"))
                ending = run.run(source, only_compile=only_compile)
            finally:
                process.end()
            if ending.error is None or ending.error.type != "diverged":
                state = "paused" if ending.kind == "paused" else "ended"
        except BaseException as error:
            tell_what_was_done(error, self._result(run, Ending("cut off"), journal, begin))
            raise
        finally:
            self._close_journal(journal, state)
            self._refill()
        return self._result(run, ending, journal, begin)

    def _close_journal(self, journal: ScriptJournal | None, state: str) -> None:
        if journal is None:
            return
        try:
            if state == "ended":
                journal.remove()
            elif state == "paused" or journal.is_stored:
                journal.write((), state=state)
        finally:
            journal.close()

    def _refill(self) -> None:
        """Start the next child beside the caller, who has waited long enough."""
        if not self._warm:
            return

        def start() -> None:
            process = ScriptProcess(self.limits)
            with self._lock:
                if self._spare is None and not self._closed:
                    self._spare = process
                    return
            process.end()

        with self._lock:
            if self._spare is None and not self._closed:
                self._refilling = threading.Thread(target=start, name="lua-spare", daemon=True)
                self._refilling.start()

    def _refilled(self) -> None:
        refilling = self._refilling
        if refilling is not None:
            refilling.join()

    def _result(self, run: ScriptRun, ending: Ending, journal: ScriptJournal | None, begin: float) -> LuaResult:
        status = {"result": "done", "paused": "paused"}.get(ending.kind, "failed")
        kept = journal is not None and (status == "paused" or (ending.kind == "cut off" and journal.is_stored))
        return result_of(run, ending, self.limits, status, journal.run.id if journal and kept else None, begin)


class LuaConversation:
    """Chunks of one conversation, in one process whose globals persist. A limit that ends the process ends them too."""

    def __init__(self, session: LuaSession, on_output: Printer | None, on_progress: Progress | None) -> None:
        self._session = session
        # The child cannot give itself more CPU later on; the host's watch over silence holds for each chunk.
        self._process = ScriptProcess(session.limits, chunks=_MOST_CHUNKS)
        self._run, namespaces = session.start(self._process, None, Decisions(), on_output, on_progress)
        self._run.boot(namespaces, secrets.token_hex(8), None)

    @property
    def is_alive(self) -> bool:
        """Whether the process, and with it every variable, is still there."""
        return self._process.is_alive

    def run(self, source: str) -> LuaResult:
        """Run one chunk."""
        begin = time.perf_counter()
        self._run.calls, self._run.pending = [], []
        try:
            ending = self._run.run(source)
        except BaseException as error:
            left = result_of(self._run, Ending("cut off"), self._session.limits, "failed", None, begin)
            tell_what_was_done(error, left)
            raise
        if not ending.goes_on:
            self._process.end()
        status = "done" if ending.kind == "result" else "failed"
        return result_of(self._run, ending, self._session.limits, status, None, begin)

    def close(self) -> None:
        """End the process."""
        self._process.end()


def run_lua(
    client: "Client",
    source: str,
    *,
    args: Any = None,
    limits: LuaLimits | None = None,
    package: "Package | None" = None,
    confirm: Confirm | None = None,
    namespaces: Sequence[Namespace] = (),
    on_output: Printer | None = None,
    on_progress: Progress | None = None,
) -> LuaResult:
    """Run one script over a client's tools, in a locked process of its own; see `LuaSession` and `LuaSession.run`.

    Example: `run_lua(client, "return #app.integrations.library.list_books({})").result` -> `3`.
    """
    with LuaSession(
        client, limits=limits, package=package, confirm=confirm, namespaces=namespaces, warm=False
    ) as session:
        return session.run(source, args=args, on_output=on_output, on_progress=on_progress)


def result_of(
    run: ScriptRun, ending: Ending, limits: LuaLimits, status: str, run_id: str | None, begin: float
) -> LuaResult:
    """Return what a run leaves."""
    used: dict[str, Mapping[str, float | None]] = {
        "cpu": {"used": run.usage.get("cpu"), "limit": limits.cpu},
        "memory": {"used": run.usage.get("memory"), "limit": limits.memory},
        "wall": {"used": run.usage.get("wall"), "limit": limits.wall},
        "calls": {"used": run.count, "limit": limits.calls},
        "output": {"used": len(run.output.encode()), "limit": limits.output},
    }
    return LuaResult(
        status,
        run.output,
        ending.value,
        ending.error,
        tuple(run.calls),
        used,
        run_id,
        tuple(sorted(run.pending, key=lambda one: int(one["seq"]))),
        (time.perf_counter() - begin) * 1000,
        run.lock,
    )


def tell_what_was_done(error: BaseException, result: LuaResult) -> None:
    """Tell whoever catches an exception that ended a run what the script had done.

    The exception gets a note, `tool_error` with the worst outcome of all calls, and `lua_result`.
    """
    earlier = getattr(error, "tool_error", None)
    word = "interrupted" if isinstance(error, KeyboardInterrupt) else f"ended by {type(error).__name__}"
    failed = replace(result, error=ScriptError("interrupted", f"the script was {word}"))
    known = failed.problem()
    assert known is not None  # noqa: S101 - a run that was cut off has not ended well
    if isinstance(earlier, ToolError):
        known.know(details_of_tool=earlier.to_dict(), hint=f"{known.hint or ''} {earlier}".strip())
    annotate(error, known)
    error.lua_result = failed  # type: ignore[attr-defined]  # any exception takes attributes


def _asking(namespace: Namespace, confirm: Confirm) -> Namespace:
    asking: Callable[[Confirm], Namespace] | None = getattr(namespace, "asking", None)
    return namespace if asking is None else asking(confirm)


def plain_source(source: Any) -> str:
    """Return a script as Lua reads one: without a byte order mark, and with a first line `#!…` as a comment.

    Raises `InvalidArguments` for what is no text.
    """
    if not isinstance(source, str):
        raise InvalidArguments(f"source is the text of a script, not {type(source).__name__}")
    source = source.removeprefix("\ufeff")
    return f"--{source}" if source.startswith("#") else source


def _plain_json(value: Any, place: str) -> Any:
    faults: list[Fault] = []
    plain = snapshot(value, place, faults)
    if faults:
        raise InvalidArguments("; ".join(map(str, faults)), faults=tuple(faults))
    return plain


def _own_package(client: "Client") -> "Package | None":
    from tool_runtime.surfaces.common.package import Package

    source = client.registry_source
    return None if source is None else Package(source.parent)


def _journal_path(client: "Client") -> Path | None:
    from tool_runtime.accounts.sqlite_ledger import Ledger

    return client.ledger.path if isinstance(client.ledger, Ledger) else None


def _limits_as_json(limits: LuaLimits) -> dict[str, float]:
    from dataclasses import asdict

    return asdict(limits)
