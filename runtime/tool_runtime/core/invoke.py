"""Invoke: one tool, from its arguments to its result.

Owns the order of a call's life: bind the arguments, pass the gate, write the intent, send, write the ending. Every tool
that is about to be sent goes this way, the steps of a composed tool included.
"""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.attempts import exchange
from tool_runtime.core.binding import Bound
from tool_runtime.core.flow import Context, Done, Flow
from tool_runtime.core.gate import Consent, pass_gate
from tool_runtime.core.recording import Record, open_record
from tool_runtime.core.steps import perform
from tool_runtime.core.tools import Tool


def invoke(
    context: Context,
    tool: Tool,
    arguments: Any,
    request_options: Mapping[str, Any] | None = None,
    deadline: float | None = None,
    record_id: str | None = None,
) -> Flow:
    """Call one tool; the flow returns `Done`. `deadline` is the moment at which the call has to end, by `monotonic`.

    `record_id` is the ledger id that a write shall have, for whoever has to find the entry again after a crash.
    """
    bound = context.binder.bind(tool, arguments, request_options)
    return (yield from _invoke(context, bound, None, None, deadline, record_id))


def _invoke(
    context: Context,
    bound: Bound,
    consent: Consent | None,
    parent: Record | None,
    deadline: float | None,
    record_id: str | None = None,
) -> Flow:
    consent = yield from pass_gate(context, bound, consent)
    if context.account.key is None and context.missing_key is not None:
        raise context.missing_key(context.account)
    record = open_record(context, bound, parent, record_id)
    if record is not None and record.answer is not None:
        return record.answer

    if record is None and not bound.tool.steps:
        return Done((yield from exchange(context, bound, deadline=deadline)))
    sent = False

    def send(ready: Bound) -> Flow:
        nonlocal sent
        sent = True
        key, age = (record.key, record.key_age) if record is not None else (None, 0.0)
        return exchange(context, ready, key, age, deadline)

    def call_step(name: str, given: Mapping[str, Any]) -> Flow:
        inner = context.binder.bind(context.registry.resolve(name), given, _inherited(bound))
        done: Done = yield from _invoke(context, inner, consent, record, deadline)
        return done.result

    try:
        result = yield from perform(bound, send, call_step)
        return Done(result) if record is None else record.done(result)
    except BaseException as error:
        if record is not None:
            record.failed(error, sent=sent)
        raise


def _inherited(bound: Bound) -> Mapping[str, Any]:
    """Return the options of a composed tool that hold for its steps too."""
    options = {"timeout": bound.options.timeout, "total": bound.options.total, "retries": bound.options.retries}
    return {name: value for name, value in options.items() if value is not None}
