"""One call of a script: resolved, looked up in the journal, decided on, made, and written down.

Owns the order of these steps, and what a call that was cut off means when its run is resumed. Must not know: the child,
frames, limits. Used by several threads at once, since calls in `parallel` run at the same time.

A write is never made twice: its row and its ledger entry have one id, written before the write is sent. When a run is
resumed, a row without an ending is settled by the ledger: no entry -> nothing was sent, so the call is made; `done` ->
its result; `unknown` -> the API is asked under the first idempotency key where the tool has one, else the call that
finds out is made and the run pauses until somebody decides.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tool_runtime.accounts.script_journal import JournalCall, ScriptJournal
from tool_runtime.core.flow import Done
from tool_runtime.core.gate import Invocation
from tool_runtime.core.ledger import LedgerNotWritten
from tool_runtime.errors import InvalidArguments, PolicyRefused, ToolError, UnknownTool, UsageError
from tool_runtime.surfaces.lua.namespaces import Namespace, Prepared
from tool_runtime.surfaces.lua.script_answers import Answer, Answers, Request, pending_of, script_call
from tool_runtime.surfaces.lua.script_clock import ScriptClock
from tool_runtime.surfaces.lua.script_decisions import Decisions, mark_of
from tool_runtime.values.suggestions import nearest

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client


class Diverged(Exception):
    """A resumed run cannot go on: `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


_CHANGED = "The script or what it reads has changed. Nothing was sent; start a new run."


class CallHandler:
    """Answers the calls of one run. `confirm` asks a person; None where nobody can be asked."""

    def __init__(
        self,
        client: "Client",
        journal: ScriptJournal | None,
        *,
        confirm: Callable[[Invocation], Any] | None = None,
        decisions: Decisions | None = None,
        remaining: Callable[[], float] = lambda: float("inf"),
        dry_run: bool = False,
    ) -> None:
        self._journal = journal
        self._user = confirm
        self._decisions = decisions or Decisions()
        self._remaining = remaining
        self._dry_run = dry_run
        self._local = threading.local()
        self._namespaces: dict[str, Namespace] = {}
        self.clock = ScriptClock(client)
        self.client = client.asking(self.confirm, clock=self.clock)
        self._answers = Answers()
        self.errors = self._answers.errors
        self.cut_off: list[Answer] = []

    def use(self, namespaces: Sequence[Namespace]) -> None:
        """Set what can be called."""
        self._namespaces = {namespace.path: namespace for namespace in namespaces}

    def missing(self, path: str, member: str) -> str:
        """Say that a namespace has no such member, with the nearest name."""
        namespace, inner = self._namespace(path)
        if namespace is None:
            below = [other.removeprefix(f"{path}.") for other in self._namespaces if other.startswith(f"{path}.")]
            known = sorted({other.split(".")[0] for other in below})
            near = nearest(member, known)
            if (path, member) == ("app", "mcp"):
                return "app has no 'mcp': no other server is set up here"
            end = f"did you mean {path}.{near}?" if near else f"it has {', '.join(known)}"
            return f"{path} has no {member[:100]!r}; {end}"
        return namespace.missing(f"{inner}.{member}" if inner else member)

    def answer(self, request: Request) -> Answer:
        """Make a call, or take its answer from the journal. Raises `Diverged`; everything else is in the answer."""
        begin = time.perf_counter()
        journal = self._journal
        known = None if journal is None else journal.find(request.key)
        if known is not None:
            _check_same(known, request)
        try:
            prepared = self._prepare(request)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the arguments, the script is to learn it
            return self._refused(request, known, error, begin)
        if known is not None and known.state == "ended":
            return self._answers.replayed(request, prepared, known)
        digest = _digest(request) if journal is not None and prepared.journaled else ""
        try:
            return self._made(request, prepared, known, digest, begin)
        except Diverged:
            raise
        except Exception as error:  # noqa: BLE001 - the journal or ledger cannot be used: nothing was sent
            return self._answers.failed(request, prepared, error, begin)
        except BaseException as error:
            # An interrupt ends the run, and the run is to say what became of this call.
            self.cut_off.append(self._answers.failed(request, prepared, error, begin))
            raise

    def _refused(self, request: Request, known: JournalCall | None, error: Exception, begin: float) -> Answer:
        """Answer a call that cannot be made as it stands; a run that is resumed goes the way that it went before."""
        if known is not None and known.state == "ended":
            return self._answers.replayed(request, None, known)
        if known is not None:
            message = f"call {known.seq}, {known.path}, waits for its end, and can no longer be made: {error}"
            raise Diverged(message, _CHANGED)
        answer = self._answers.failed(request, None, error, begin)
        if self._journal is not None:
            row = JournalCall(self._journal.next_seq(), request.key, request.path, _digest(request), "ended")
            self._journal.keep(replace(row, answer=self._answers.stored(None, answer)))
        return answer

    # What is called.

    def _namespace(self, path: str) -> tuple[Namespace | None, str]:
        parts = path.split(".")
        for count in range(len(parts), 0, -1):
            found = self._namespaces.get(".".join(parts[:count]))
            if found is not None:
                return found, ".".join(parts[count:])
        return None, path

    def _prepare(self, request: Request) -> Prepared:
        if request.path == "now":
            return Prepared(lambda _record, _key: Done(self.clock.wall()))
        if request.path == "sleep":
            return Prepared(lambda _record, _key: self._sleep(request.arguments))
        namespace, member = self._namespace(request.path)
        if namespace is None or not member:
            raise UnknownTool(f"there is nothing to call at {request.path}")
        return namespace.prepare(member, request.arguments)

    def _sleep(self, arguments: Any) -> Done:
        seconds = arguments[0] if isinstance(arguments, list) and arguments else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
            raise InvalidArguments("expects a number of seconds, 0 or more")
        limit = self._remaining() if self.clock.is_real else float("inf")
        self.clock.sleep(min(seconds, max(0.0, limit)))
        return Done(None)

    # Who decides.

    def confirm(self, invocation: Invocation) -> bool:
        """Answer where a policy asks: by what was decided, by a person, or not at all, and then the run pauses.

        A yes holds for the call that was shown when the run paused: another account, address, tool, effect or argument
        is asked for anew.
        """
        decided: JournalCall | None = getattr(self._local, "decided", None)
        if decided is not None and decided.state == "denied":
            return False
        if decided is not None and decided.answer.get("mark") == mark_of(invocation):
            return True
        if self._user is not None:
            return self._user(invocation) is True
        self._local.asked = invocation
        return False

    # How it is made.

    def _made(
        self, request: Request, prepared: Prepared, known: JournalCall | None, digest: str, begin: float
    ) -> Answer:
        journal = self._journal if prepared.journaled else None
        if journal is None:
            self._local.decided, self._local.asked = None, None
            if self._dry_run and prepared.is_write:
                return self._rehearsed(request, prepared, begin)
            return self._run(request, prepared, None, None, begin)
        call = first = known or JournalCall(journal.next_seq(), request.key, request.path, digest, "new")
        key = None
        if call.state == "begun":
            settled = self._settle(request, prepared, call, begin)
            if isinstance(settled, Answer):
                return settled
            call, key = settled
        elif call.state == "asking":
            call = self._decided(call)
        self._local.decided = call if call.state in {"approved", "denied"} else None
        self._local.asked = None
        if prepared.is_write:
            call = replace(call, state="begun", record=f"{journal.run.id}-{call.seq}-{call.attempt}", answer=None)
            journal.write([call])
        answer = self._run(request, prepared, call, key, begin)
        if key is not None and not answer.ok and self._is_repeat(answer):
            # The key of the first attempt no longer lives, so nothing was sent: somebody has to decide.
            journal.write([first])
            return self._unresolved(request, prepared, first, begin)
        if answer.pending is not None:
            kept = dict(answer.pending) | {"mark": mark_of(self._local.asked)}
            journal.write([replace(call, state="asking", answer=kept)])
            return answer
        ended = replace(call, state="ended", answer=self._answers.stored(prepared, answer))
        if not prepared.is_write:
            journal.keep(ended)
            return answer
        journal.write([ended])
        if answer.ok:
            if key is not None and first.record is not None:
                self._found_out(first.record, "done", "the same call under the same key was answered")
            self._deliver(call.record)
        return answer

    def _found_out(self, record: str, outcome: str, how: str) -> None:
        """Write what became of an unknown call, and that the script knows: an equal call later on is a new one."""
        ledger = self.client.ledger
        if ledger is not None:
            with suppress(InvalidArguments):
                ledger.resolve(record, outcome, how)
            self._deliver(record)

    def _deliver(self, record: str | None) -> None:
        if self.client.ledger is not None and record is not None:
            with suppress(LedgerNotWritten):
                self.client.ledger.deliver(record)

    def _run(
        self, request: Request, prepared: Prepared, call: JournalCall | None, key: str | None, begin: float
    ) -> Answer:
        try:
            done = prepared.run(call.record if call is not None else None, key)
        except PolicyRefused as error:
            asked: Invocation | None = self._local.asked
            # A step in the middle of a call cannot wait: the steps before it would be sent a second time.
            if asked is not None and call is not None and asked.within is None:
                pending = pending_of(call.seq, request, asked)
                return Answer(request, ok=False, text=error.message, pending=pending)
            return self._answers.failed(request, prepared, error, begin)
        except Exception as error:  # noqa: BLE001 - the script is to learn what became of its call
            return self._answers.failed(request, prepared, error, begin)
        return self._answers.succeeded(request, prepared, done, begin)

    def _rehearsed(self, request: Request, prepared: Prepared, begin: float) -> Answer:
        """Check a write and say what would be sent; the script gets a sample of the answer."""
        if prepared.rehearse is None:
            raise UsageError("a dry run cannot make this call")
        try:
            shown, sample = prepared.rehearse()
        except Exception as error:  # noqa: BLE001 - as in `_run`
            return self._answers.failed(request, prepared, error, begin)
        answer = self._answers.succeeded(request, replace(prepared, tool_class="read"), Done(sample), begin)
        assert answer.call is not None  # noqa: S101 - it succeeded
        call = replace(answer.call, tool_class=prepared.tool_class, would_send=shown)
        return replace(answer, call=call)

    # What the journal knows.

    def _decided(self, call: JournalCall) -> JournalCall:
        """Apply what somebody decided on a call that the run paused for; without a decision, ask anew."""
        if call.seq in self._decisions.approve:
            return replace(call, state="approved")
        return replace(call, state="denied" if call.seq in self._decisions.deny else "new")

    def _is_repeat(self, answer: Answer) -> bool:
        return getattr(self.errors[answer.text], "repeat_of", None) is not None

    def _settle(
        self, request: Request, prepared: Prepared, call: JournalCall, begin: float
    ) -> Answer | tuple[JournalCall, str | None]:
        """Find out what became of a write that was cut off; see the module."""
        journal, ledger = self._journal, self.client.ledger
        assert journal is not None  # noqa: S101 - the row came out of it
        entry = ledger.get(call.record) if ledger is not None and call.record else None
        if entry is None and not prepared.is_recorded:
            # Whoever answers this call writes no ledger: only a person can say what became of it.
            return self._unresolved(request, prepared, call, begin)
        if entry is None:
            return replace(call, state="new"), None
        if entry.outcome == "under_way" and entry.alive:
            raise Diverged(
                f"call {call.seq}, {request.path}, is still under way",
                "Resume the run when that call has ended. Nothing was sent.",
            )
        following = replace(call, state="new", attempt=call.attempt + 1)
        ending = entry.ending
        match entry.outcome:
            case "done":
                result = (
                    ending.result if ending is not None and ending.result_kept else dict(ending.ids if ending else {})
                )
                answer = self._answers.succeeded(request, prepared, Done(result, call.record), begin)
            case "not_sent":
                return following, None
            case "refused" | "failed":
                assert ending is not None  # noqa: S101 - these outcomes are endings
                known = ToolError(ending.message or entry.outcome, outcome=entry.outcome, record=call.record)
                answer = self._answers.failed(request, prepared, known, begin)
            case _:
                tool = self.client.registry.tools.get(entry.intent.tool)
                decided = call.seq in self._decisions.done or call.seq in self._decisions.not_done
                has_key = tool is not None and tool.idempotency is not None
                if has_key and entry.intent.idempotency_key is not None and not decided:
                    return following, entry.intent.idempotency_key
                return self._unresolved(request, prepared, call, begin)
        journal.write([replace(call, state="ended", answer=self._answers.stored(prepared, answer))])
        self._deliver(call.record)
        return answer

    def _unresolved(self, request: Request, prepared: Prepared, call: JournalCall, begin: float) -> Answer | Any:
        """Settle an unknown write by what somebody says, or find out what the API shows and pause."""
        journal, ledger, decisions = self._journal, self.client.ledger, self._decisions
        assert journal is not None  # noqa: S101 - as above
        assert call.record is not None  # noqa: S101 - as above
        entry = None if ledger is None else ledger.get(call.record)
        if call.seq in decisions.done:
            if entry is not None:
                self._found_out(call.record, "done", f"decided when the run {journal.run.id} was resumed")
            answer = self._answers.succeeded(request, prepared, Done(decisions.done[call.seq], call.record), begin)
            journal.write([replace(call, state="ended", answer=self._answers.stored(prepared, answer))])
            return answer
        if call.seq in decisions.not_done:
            if entry is not None:
                self._found_out(call.record, "not_sent", f"decided when the run {journal.run.id} was resumed")
            return replace(call, state="new", attempt=call.attempt + 1), None
        intent = None if entry is None else entry.intent
        recipe = None if intent is None else intent.reconcile
        given = request.arguments if isinstance(request.arguments, Mapping) else {"arguments": request.arguments}
        pending: dict[str, Any] = {
            "seq": call.seq, "path": request.path, "line": request.line, "why": "outcome unknown",
            "tool": prepared.tool if intent is None else intent.tool,
            "account": prepared.account if intent is None else intent.account,
            "effects": list(prepared.effects if intent is None else intent.effects),
            "arguments": dict(given if intent is None else intent.arguments), "record": call.record,
            "reconcile": None if recipe is None else dict(recipe),
        }  # fmt: skip
        if recipe is not None:
            try:
                pending["found"] = self.client.call(recipe["tool"], recipe["arguments"])
            except ToolError as error:
                pending["found"] = error.to_dict()
        status = script_call(request, prepared, "unknown", begin, message="outcome unknown", record=call.record)
        return Answer(request, ok=False, text="outcome unknown", call=status, pending=pending)


def _check_same(known: JournalCall, request: Request) -> None:
    if (known.path, known.digest) == (request.path, _digest(request)):
        return
    message = f"call {known.seq} was {known.path} in the first run, and is {request.path} with other arguments now"
    if known.path == request.path:
        message = f"call {known.seq}, {known.path}, had other arguments in the first run"
    raise Diverged(message, _CHANGED)


def _digest(request: Request) -> str:
    text = json.dumps([request.path, request.arguments], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
