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
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tool_runtime.accounts.script_journal import JournalCall, ScriptJournal
from tool_runtime.core.clock import SystemClock
from tool_runtime.core.flow import Done
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import Invocation
from tool_runtime.core.ledger import LedgerNotWritten
from tool_runtime.errors import InvalidArguments, PolicyRefused, ToolError, UnknownTool, UsageError
from tool_runtime.surfaces.lua.namespaces import Namespace, Prepared
from tool_runtime.surfaces.lua.script_results import ScriptCall

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client


@dataclass(frozen=True, slots=True)
class Request:
    """A call as the child asks for it. `key` names the call in every run of the same script."""

    id: int
    key: str
    line: int
    path: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: JSON text or a message for the script; `pending` where the run has to pause."""

    request: Request
    ok: bool
    text: str
    call: ScriptCall | None = None
    pending: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """What somebody decided on a paused run, by the numbers of its calls.

    `approve` and `deny` answer what was asked. `done` maps an unknown call to the result that it had, `not_done` says
    that it did not happen.
    """

    approve: frozenset[int] = frozenset()
    deny: frozenset[int] = frozenset()
    done: Mapping[int, Any] = field(default_factory=dict)
    not_done: frozenset[int] = frozenset()


class Diverged(Exception):
    """A resumed script asks for something else than before."""


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
        self.client = client.asking(self._confirm)
        self._clock = client.clock
        self.errors: dict[str, tuple[ToolError, str]] = {}

    def use(self, namespaces: Sequence[Namespace]) -> None:
        """Set what can be called."""
        self._namespaces = {namespace.path: namespace for namespace in namespaces}

    def missing(self, path: str, member: str) -> str:
        """Say that a namespace has no such member, with the nearest name."""
        namespace, inner = self._namespace(path)
        if namespace is None:
            known = sorted({other.removeprefix(f"{path}.").split(".")[0] for other in self._namespaces})
            return f"{path} has no {member[:100]!r}; it has {', '.join(known)}"
        return namespace.missing(f"{inner}.{member}" if inner else member)

    def answer(self, request: Request) -> Answer:
        """Make a call, or take its answer from the journal. Raises `Diverged`; everything else is in the answer."""
        begin = time.perf_counter()
        try:
            prepared = self._prepare(request)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the arguments, the script is to learn it
            return self._failed(request, None, error, begin)
        known = None if self._journal is None or not prepared.journaled else self._journal.find(request.key)
        digest = _digest(request)
        if known is not None and (known.path, known.digest) != (request.path, digest):
            message = (
                f"call {known.seq} was {known.path} in the first run, and is {request.path} with other arguments now"
            )
            if known.path == request.path:
                message = f"call {known.seq}, {known.path}, had other arguments in the first run"
            raise Diverged(message)
        if known is not None and known.state == "ended":
            return self._replayed(request, prepared, known)
        try:
            return self._made(request, prepared, known, digest, begin)
        except Exception as error:  # noqa: BLE001 - the journal or ledger cannot be used: nothing was sent
            return self._failed(request, prepared, error, begin)

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
            return Prepared(lambda _record, _key: Done(self._clock.wall()))
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
        limit = self._remaining() if isinstance(self._clock, SystemClock) else float("inf")
        self._clock.sleep(min(seconds, max(0.0, limit)))
        return Done(None)

    # Who decides.

    def _confirm(self, invocation: Invocation) -> bool:
        """Answer where a policy asks: by what was decided, by a person, or not at all, and then the run pauses."""
        decision = getattr(self._local, "decision", None)
        if decision is not None:
            return bool(decision == "approved")
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
            self._local.decision, self._local.asked = None, None
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
        self._local.decision = call.state if call.state in {"approved", "denied"} else None
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
            journal.write([replace(call, state="asking", answer=dict(answer.pending))])
            return answer
        ended = replace(call, state="ended", answer=self._stored(prepared, answer))
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
            if asked is not None and call is not None:
                pending = _pending(call.seq, request, asked)
                return Answer(request, ok=False, text=error.message, pending=pending)
            return self._failed(request, prepared, error, begin)
        except Exception as error:  # noqa: BLE001 - the script is to learn what became of its call
            return self._failed(request, prepared, error, begin)
        return self._succeeded(request, prepared, done, begin)

    def _rehearsed(self, request: Request, prepared: Prepared, begin: float) -> Answer:
        """Check a write and say what would be sent; the script gets a sample of the answer."""
        if prepared.rehearse is None:
            raise UsageError("a dry run cannot make this call")
        try:
            shown, sample = prepared.rehearse()
        except Exception as error:  # noqa: BLE001 - as in `_run`
            return self._failed(request, prepared, error, begin)
        answer = self._succeeded(request, replace(prepared, tool_class="read"), Done(sample), begin)
        assert answer.call is not None  # noqa: S101 - it succeeded
        call = replace(answer.call, tool_class=prepared.tool_class, would_send=shown)
        return replace(answer, call=call)

    def _succeeded(
        self,
        request: Request,
        prepared: Prepared,
        done: Done,
        begin: float,
        *,
        replayed: bool = False,
    ) -> Answer:
        status = "succeeded" if prepared.is_write else "none"
        made = _script_call(request, prepared, status, begin, replayed=replayed, record=done.record)
        text = "" if done.result is None else json.dumps(done.result, ensure_ascii=False, separators=(",", ":"))
        return Answer(request, ok=True, text=text, call=replace(made, repeat_of=done.repeat_of))

    def _failed(
        self,
        request: Request,
        prepared: Prepared | None,
        error: BaseException,
        begin: float,
        *,
        replayed: bool = False,
    ) -> Answer:
        known = as_tool_error(error)
        faults = getattr(known, "faults", ())
        message = "; ".join(map(str, faults)) if faults else known.message
        text = f"{request.path}: {message}" if prepared is not None or faults else message
        if not text.startswith(request.path):
            text = f"{request.path}: {text}"
        self.errors[text] = (known, text)
        status = "none"
        if prepared is not None and prepared.is_write:
            status = {"unknown": "unknown", "done": "succeeded"}.get(
                known.outcome, "succeeded" if known.leftovers else "none"
            )
        made = _script_call(request, prepared, status, begin, message=message, replayed=replayed, record=known.record)
        return Answer(request, ok=False, text=text, call=made)

    # What the journal knows.

    def _stored(self, prepared: Prepared, answer: Answer) -> Any:
        assert answer.call is not None  # noqa: S101 - an answer that is stored has its call
        kept: dict[str, Any] = {"status": answer.call.effect_status}
        if answer.ok:
            value = json.loads(answer.text) if answer.text else None
            return kept | {"ok": prepared.stored(value)}
        error, _ = self.errors[answer.text]
        return kept | {"text": answer.text, "error": json.loads(json.dumps(error.to_dict(), default=str))}

    def _replayed(self, request: Request, prepared: Prepared, known: JournalCall) -> Answer:
        begin, kept = time.perf_counter(), known.answer
        if "text" not in kept:
            answer = self._succeeded(request, prepared, Done(kept["ok"], known.record), begin, replayed=True)
            return replace(answer, call=replace(answer.call, effect_status=kept["status"]))  # type: ignore[type-var]
        envelope = kept["error"]
        error = ToolError(envelope["message"], **{k: v for k, v in envelope.items() if k not in {"code", "message"}})
        self.errors[kept["text"]] = (error, kept["text"])
        made = _script_call(request, prepared, kept["status"], begin, message=error.message, replayed=True)
        return Answer(request, ok=False, text=kept["text"], call=replace(made, record=known.record))

    def _decided(self, call: JournalCall) -> JournalCall:
        """Apply what somebody decided on a call that the run paused for; without a decision, ask anew."""
        if call.seq in self._decisions.approve:
            return replace(call, state="approved")
        return replace(call, state="denied" if call.seq in self._decisions.deny else "new")

    def _is_repeat(self, answer: Answer) -> bool:
        return getattr(self.errors[answer.text][0], "repeat_of", None) is not None

    def _settle(
        self, request: Request, prepared: Prepared, call: JournalCall, begin: float
    ) -> Answer | tuple[JournalCall, str | None]:
        """Find out what became of a write that was cut off; see the module."""
        journal, ledger = self._journal, self.client.ledger
        assert journal is not None  # noqa: S101 - the row came out of it
        entry = ledger.get(call.record) if ledger is not None and call.record else None
        if entry is None:
            return replace(call, state="new"), None
        if entry.outcome == "under_way" and entry.alive:
            raise UsageError(f"{request.path} is still under way in another process")
        following = replace(call, state="new", attempt=call.attempt + 1)
        ending = entry.ending
        match entry.outcome:
            case "done":
                result = (
                    ending.result if ending is not None and ending.result_kept else dict(ending.ids if ending else {})
                )
                answer = self._succeeded(request, prepared, Done(result, call.record), begin)
            case "not_sent":
                return following, None
            case "refused" | "failed":
                assert ending is not None  # noqa: S101 - these outcomes are endings
                known = ToolError(ending.message or entry.outcome, outcome=entry.outcome, record=call.record)
                answer = self._failed(request, prepared, known, begin)
            case _:
                tool = self.client.registry.resolve(entry.intent.tool)
                decided = call.seq in self._decisions.done or call.seq in self._decisions.not_done
                if tool.idempotency is not None and entry.intent.idempotency_key is not None and not decided:
                    return following, entry.intent.idempotency_key
                return self._unresolved(request, prepared, call, begin)
        journal.write([replace(call, state="ended", answer=self._stored(prepared, answer))])
        self._deliver(call.record)
        return answer

    def _unresolved(self, request: Request, prepared: Prepared, call: JournalCall, begin: float) -> Answer | Any:
        """Settle an unknown write by what somebody says, or find out what the API shows and pause."""
        journal, ledger, decisions = self._journal, self.client.ledger, self._decisions
        assert journal is not None  # noqa: S101 - as above
        assert ledger is not None  # noqa: S101 - an unknown write is the ledger's word
        assert call.record is not None  # noqa: S101 - as above
        entry = ledger.get(call.record)
        assert entry is not None  # noqa: S101 - as above
        if call.seq in decisions.done:
            self._found_out(call.record, "done", f"decided when the run {journal.run.id} was resumed")
            answer = self._succeeded(request, prepared, Done(decisions.done[call.seq], call.record), begin)
            journal.write([replace(call, state="ended", answer=self._stored(prepared, answer))])
            return answer
        if call.seq in decisions.not_done:
            self._found_out(call.record, "not_sent", f"decided when the run {journal.run.id} was resumed")
            return replace(call, state="new", attempt=call.attempt + 1), None
        recipe = entry.intent.reconcile
        pending: dict[str, Any] = {
            "seq": call.seq, "path": request.path, "line": request.line, "why": "outcome unknown",
            "tool": entry.intent.tool, "account": entry.intent.account, "effects": list(entry.intent.effects),
            "arguments": dict(entry.intent.arguments), "record": call.record,
            "reconcile": None if recipe is None else dict(recipe),
        }  # fmt: skip
        if recipe is not None:
            try:
                pending["found"] = self.client.call(recipe["tool"], recipe["arguments"])
            except ToolError as error:
                pending["found"] = error.to_dict()
        status = _script_call(request, prepared, "unknown", begin, message="outcome unknown", record=call.record)
        return Answer(request, ok=False, text="outcome unknown", call=status, pending=pending)


def _pending(seq: int, request: Request, asked: Invocation) -> dict[str, Any]:
    return {
        "seq": seq,
        "path": request.path,
        "line": request.line,
        "why": "needs a yes",
        "tool": asked.tool,
        "account": asked.account,
        "class": asked.tool_class,
        "effects": list(asked.effects),
        "numbers": list(asked.numbers),
        "arguments": dict(asked.arguments),
        "summary": asked.summary,
    }


def _script_call(
    request: Request,
    prepared: Prepared | None,
    status: str,
    begin: float,
    *,
    message: str | None = None,
    replayed: bool = False,
    record: str | None = None,
) -> ScriptCall:
    known = prepared or Prepared(lambda _record, _key: Done(None))
    return ScriptCall(
        request.path,
        request.line or None,
        known.account,
        known.tool,
        known.tool_class,
        known.effects,
        status,
        (time.perf_counter() - begin) * 1000,
        message,
        replayed=replayed,
        record=record,
    )


def _digest(request: Request) -> str:
    text = json.dumps([request.path, request.arguments], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
