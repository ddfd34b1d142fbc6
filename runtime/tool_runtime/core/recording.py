"""Recording: what the ledger learns of a write, and what it answers to a repeat.

Owns the way from a bound call to an `Intent`, and from its end to an `Ending`; the judgement of repeats. A repeat is an
equal write whose first call's answer did not reach the caller. Where the API takes an idempotency key, the repeat goes
out under the first one's key and so finds out. Elsewhere the ledger answers, and nothing is sent. Reads leave no
record.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tool_runtime.core.attempts import CLOCK_SKEW, key_until_ms, recipe_of
from tool_runtime.core.binding import Bound
from tool_runtime.core.flow import Context, Done
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import all_effects, digest_of, invocation_of
from tool_runtime.core.ledger import UNDER_WAY, WITHOUT_EFFECT, AnyLedger, Ending, Entry, Intent, LedgerNotWritten
from tool_runtime.core.requests import idempotency_key_of, masked
from tool_runtime.errors import ConfigurationError, Fault, InvalidArguments, OutcomeUnknown, ToolError
from tool_runtime.values.secrets import mask

log = logging.getLogger("tool_runtime")


class Record:
    """The ledger's entry of one call that is under way.

    `key` is the idempotency key to send, `key_age` how many seconds ago it was first used. `answer` is what the ledger
    knows already, where the call is a repeat that is not sent.
    """

    def __init__(
        self, context: Context, ledger: AnyLedger, bound: Bound, intent: Intent, repeats: Entry | None = None
    ) -> None:
        self._context = context
        self._ledger = ledger
        self._bound = bound
        self.id = intent.id
        self.key = intent.idempotency_key
        self.repeat_of = repeats.intent.id if repeats else None
        self.key_age = max(0.0, (intent.at_ms - repeats.intent.at_ms) / 1000) if repeats else 0.0
        self.answer: Done | None = None

    def done(self, result: Any) -> Done:
        """Write that the call was done, and return what it leaves."""
        shown = mask(result, self._bound.tool.returns.schema or {}, self._context.registry.types)
        # A result that holds a secret is not kept: a repeat is answered with the ids alone.
        # Neither are bytes or a stream, which no ledger can hold.
        is_json = result is None or type(result) in {dict, list, str, int, float, bool}
        kept = {"result": result} if is_json and shown == result else {"result_kept": False}
        self._write("done", delivered=self._context.delivers, ids=_ids(shown), **kept)
        return Done(result, self.id, self.repeat_of)

    def failed(self, error: BaseException, *, sent: bool) -> None:
        """Write what ended the call, and put the entry's id on the error. `sent`: a request was handed out."""
        outcome = "unknown" if sent else "not_sent"
        try:
            known = as_tool_error(error)
            own = isinstance(error, ToolError) or hasattr(error, "tool_error")
            # The attempts say what they know on every exception. An exception that they did not see proves nothing.
            outcome = known.outcome if own else outcome
            self._write(outcome, status=getattr(known, "status", None) or None, error=known.code, message=known.message)
            if own:
                known.know(record=self.id)
        except BaseException:
            # An interrupt while this was written. An entry without an ending passes for a call that is still under way
            # as long as this process runs, and an equal call would then go out.
            self._write(outcome)
            raise

    def cut_off_before_sending(self) -> None:
        """Write that the call ended before anything was sent."""
        self._write("not_sent", message="cut off before anything was sent")

    def _write(self, outcome: str, *, delivered: bool = False, **known: Any) -> None:
        ending = Ending(outcome, int(self._context.clock.wall() * 1000), **known)
        try:
            try:
                self._ledger.end(self.id, ending, delivered=delivered)
            except LedgerNotWritten as error:
                if not isinstance(error.__cause__, MemoryError):
                    raise
                # The outcome is worth more than what belongs to it, and takes less room.
                bare = Ending(outcome, ending.at_ms, result_kept=False)
                self._ledger.end(self.id, bare, delivered=delivered)
        except LedgerNotWritten as error:
            with suppress(Exception):
                log.warning("%s", error)


class _Repeat(Exception):
    def __init__(self, entry: Entry, *, sends: bool) -> None:
        super().__init__(entry.intent.id)
        self.entry = entry
        self.sends = sends


def open_record(context: Context, bound: Bound, parent: Record | None, record_id: str | None = None) -> Record | None:
    """Write the intent of a write and return its record; None where nothing is recorded.

    `record_id` is the id of the record, where somebody chose one.

    Raises `OutcomeUnknown` for a repeat whose first call may have happened, `CapReached`, and `ConfigurationError`
    where the ledger cannot be written: then nothing is sent.
    """
    tool, ledger, chosen = bound.tool, context.ledger, idempotency_key_of(bound)
    if tool.is_read or ledger is None:
        if bound.options.idempotency_key is not None and tool.idempotency is None and not tool.is_read:
            message = f"{tool.name} takes no idempotency key, and without a ledger nobody else can hold one"
            raise ConfigurationError(message, tool=tool.name, hint="Give the client a ledger: Client(ledger=…).")
        return None
    intent = _intent(context, bound, chosen, parent, record_id)
    record = Record(context, ledger, bound, intent)
    judge = None if parent is not None else _judge(context, bound, intent, chosen)
    try:
        try:
            ledger.begin(intent, context.account.caps, judge=judge, window_ms=int(context.repeat_window * 1000))
        except _Repeat as repeat:
            first = repeat.entry
            if not repeat.sends:
                record.answer = _answer(context, bound, first)
                return record
            intent = replace(intent, idempotency_key=first.intent.idempotency_key)
            record = Record(context, ledger, bound, intent, first)
            # The caps count the first call already, and the API counts both calls as one, since their key is the same.
            ledger.begin(intent)
    except Exception:
        raise
    except BaseException:
        # An interrupt may come after the intent was written; nothing was sent.
        record.cut_off_before_sending()
        raise
    return record


def _intent(context: Context, bound: Bound, chosen: str | None, parent: Record | None, record_id: str | None) -> Intent:
    tool = bound.tool
    shown = invocation_of(context, bound)
    at_ms = int(context.clock.wall() * 1000)
    return Intent(
        id=record_id or context.new_key(),
        at_ms=at_ms,
        surface=context.surface,
        # Calls on the sandbox neither count under caps nor answer for real ones.
        account=f"{context.account.name} on the sandbox" if context.on_sandbox else context.account.name,
        tool=tool.name,
        effects=tool.effects,
        arguments=shown.arguments,
        digest=digest_of(context, bound),
        idempotency_key=chosen or (context.new_key() if tool.idempotency else None),
        within=parent.id if parent else None,
        reconcile=recipe_of(masked(bound, context.registry.types), at_ms - int(CLOCK_SKEW * 1000)),
        numbers=shown.numbers,
    )


def _judge(context: Context, bound: Bound, intent: Intent, chosen: str | None) -> Callable[[Sequence[Entry]], None]:
    """Return the judgement on the earlier equal calls that the ledger holds."""
    has_effects = bool(all_effects(bound.tool, context.registry))

    def judge(entries: Sequence[Entry]) -> None:
        for entry in entries:
            same_key = chosen is not None and entry.intent.idempotency_key == chosen
            if same_key and (entry.intent.tool != intent.tool or entry.intent.digest != intent.digest):
                fault = Fault("idempotency_key", "conflict", "was used for another call: give a new key")
                raise InvalidArguments(f"{intent.tool}: {fault}", tool=intent.tool, faults=(fault,))
            if entry.outcome in WITHOUT_EFFECT or entry.outcome == "failed":
                continue
            if same_key:
                raise _Repeat(entry, sends=_key_lives(bound, entry, intent))
            if chosen is None and has_effects and not bound.options.again and _is_repeat(context, entry):
                raise _Repeat(entry, sends=_key_lives(bound, entry, intent))

    return judge


def _is_repeat(context: Context, entry: Entry) -> bool:
    if context.repeats == "all":
        return True
    if entry.outcome == "done":
        return not entry.delivered and not entry.alive
    return entry.outcome != UNDER_WAY


def _key_lives(bound: Bound, first: Entry, intent: Intent) -> bool:
    """Whether the API still knows the first call's key, so that the repeat may go out under that key."""
    declared = bound.tool.idempotency
    if declared is None or first.intent.idempotency_key is None:
        return False
    age = (intent.at_ms - first.intent.at_ms) / 1000
    # A first call of the future: the clock was set back, and nobody knows how old the key is.
    return declared.life is None or -CLOCK_SKEW < age < declared.life - CLOCK_SKEW


def _answer(context: Context, bound: Bound, first: Entry) -> Done:
    """Answer a repeat from the ledger, or raise `OutcomeUnknown` where the ledger does not know."""
    tool, age = bound.tool, context.clock.wall() - first.intent.at_ms / 1000
    ending, key = first.ending, first.intent.idempotency_key
    if first.outcome == "done" and ending is not None and ending.result_kept:
        return Done(ending.result, first.intent.id, first.intent.id)
    state = "was done" if first.outcome == "done" else "may have happened"
    message = f"an equal call of {tool.name} {age:.0f} seconds ago {state}; nothing was sent this time"
    hint = "Find out what became of the first call. If a second one is meant, say so: again=True."
    raise OutcomeUnknown(
        message,
        tool=tool.name,
        repeat_of=first.intent.id,
        record=first.intent.id,
        reconcile=first.intent.reconcile,
        idempotency_key=key,
        idempotency_key_until_ms=None if key is None else key_until_ms(tool, first.intent.at_ms / 1000),
        ids=dict(ending.ids) if ending else None,
        hint=hint,
    )


def _ids(result: Any) -> Mapping[str, str]:
    """Return the ids in a result: `{"call_id": "call_1", "status": "new"}` gives `{"call_id": "call_1"}`."""
    if not isinstance(result, Mapping):
        return {}
    return {name: value for name, value in result.items() if name.endswith("_id") and isinstance(value, str)}
