"""What becomes of a call: for the script, for the journal, and for the result of the run.

Owns the words of a failed call, the status of what it did, and the form in which the journal keeps an answer. Must not
know: how a call is decided on or made.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tool_runtime.accounts.script_journal import JournalCall
from tool_runtime.core.flow import Done
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import Invocation
from tool_runtime.errors import Fault, ToolError
from tool_runtime.surfaces.lua.namespaces import Prepared
from tool_runtime.surfaces.lua.script_results import ScriptCall
from tool_runtime.values.media import as_json

# A client of the caller's own gives bytes and events as they are.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=as_json)


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


class Answers:
    """Makes the answers of one run. `errors` maps the text that a script gets to the error behind the text."""

    def __init__(self) -> None:
        self.errors: dict[str, ToolError] = {}

    def succeeded(
        self,
        request: Request,
        prepared: Prepared | None,
        done: Done,
        begin: float,
        *,
        replayed: bool = False,
    ) -> Answer:
        """Answer with a result."""
        status = "succeeded" if prepared is not None and prepared.is_write else "none"
        made = script_call(request, prepared, status, begin, replayed=replayed, record=done.record)
        text = "" if done.result is None else _ENCODER.encode(done.result)
        return Answer(request, ok=True, text=text, call=replace(made, repeat_of=done.repeat_of))

    def failed(
        self,
        request: Request,
        prepared: Prepared | None,
        error: BaseException,
        begin: float,
        *,
        replayed: bool = False,
    ) -> Answer:
        """Answer with the words of an error; `prepared` is None where the call could not be resolved."""
        known = as_tool_error(error)
        faults = getattr(known, "faults", ())
        message = "; ".join(map(str, faults)) if faults else known.message
        text = f"{request.path}: {message}" if prepared is not None or faults else message
        if not text.startswith(request.path):
            text = f"{request.path}: {text}"
        self.errors[text] = known
        status = "none"
        if prepared is not None and prepared.is_write:
            status = {"unknown": "unknown", "done": "succeeded"}.get(
                known.outcome, "succeeded" if known.leftovers else "none"
            )
        made = script_call(request, prepared, status, begin, message=message, replayed=replayed, record=known.record)
        return Answer(request, ok=False, text=text, call=made)

    def stored(self, prepared: Prepared | None, answer: Answer) -> Any:
        """Return an answer as the journal keeps one: `{"status", "ok"}`, or `{"status", "text", "error"}`."""
        assert answer.call is not None  # noqa: S101 - an answer that is stored has its call
        kept: dict[str, Any] = {"status": answer.call.effect_status}
        if answer.ok:
            value = json.loads(answer.text) if answer.text else None
            return kept | {"ok": value if prepared is None else prepared.stored(value)}
        error = self.errors[answer.text]
        return kept | {"text": answer.text, "error": json.loads(json.dumps(error.to_dict(), default=str))}

    def replayed(self, request: Request, prepared: Prepared | None, known: JournalCall) -> Answer:
        """Return the answer that the journal has of a call that ended in an earlier run."""
        begin, kept = time.perf_counter(), known.answer
        if "text" not in kept:
            answer = self.succeeded(request, prepared, Done(kept["ok"], known.record), begin, replayed=True)
            return replace(answer, call=replace(answer.call, effect_status=kept["status"]))  # type: ignore[type-var]
        envelope = kept["error"]
        error = error_of(envelope)
        self.errors[kept["text"]] = error
        made = script_call(request, prepared, kept["status"], begin, message=error.message, replayed=True)
        return Answer(request, ok=False, text=kept["text"], call=replace(made, record=known.record))


def error_of(envelope: Mapping[str, Any]) -> ToolError:
    """Return the error that an envelope was made of, as far as an envelope says: class, words and faults."""
    details = {name: value for name, value in envelope.items() if name not in {"code", "message"}}
    faults = details.pop("faults", None)
    if isinstance(faults, list):
        details["faults"] = tuple(_fault_of(one) for one in faults if isinstance(one, Mapping))
    classes: list[type[ToolError]] = [ToolError]
    for one in classes:
        classes += one.__subclasses__()
    kind = next((one for one in classes if one.code == envelope.get("code")), ToolError)
    return kind(str(envelope["message"]), **details)


def _fault_of(known: Mapping[str, Any]) -> Fault:
    path, code, message = (str(known.get(name, "")) for name in ("path", "code", "message"))
    return Fault(path, code, message, known.get("nearest"), tuple(known.get("allowed", ())))


def pending_of(seq: int, request: Request, asked: Invocation) -> dict[str, Any]:
    """Return what somebody is to decide on: the call that a policy asks about."""
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


def script_call(
    request: Request,
    prepared: Prepared | None,
    status: str,
    begin: float,
    *,
    message: str | None = None,
    replayed: bool = False,
    record: str | None = None,
) -> ScriptCall:
    """Return the row of a call in the result of the run; `begin` is when the call began, by `perf_counter`."""
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
