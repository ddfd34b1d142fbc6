"""Calls: one call of a tool for a client of MCP, from the wish to the result.

The order is the point. What is not offered is refused first, then arguments are bound and the policy is asked; a person
is asked while the request is still there; only then the call becomes a job of the desk, which ends whatever becomes of
the request. The ledger judges repeats: on this surface every equal write with effects in its window is one, since a
client must issue a request again by itself when the answer did not arrive.
"""

import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types

from tool_runtime.core.flow import Done
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import all_effects
from tool_runtime.core.tools import Tool
from tool_runtime.errors import Fault, InvalidArguments, PolicyRefused, ToolError
from tool_runtime.surfaces.common.results import envelope_of, meta_of
from tool_runtime.surfaces.common.selecting import Path, pick, read_fields, unmatched
from tool_runtime.surfaces.mcp.approvals import Approvals
from tool_runtime.surfaces.mcp.desk import Desk, Job
from tool_runtime.surfaces.mcp.exposure import Exposure
from tool_runtime.surfaces.mcp.replies_to_clients import Replies
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.served_client import APPROVED, ServedClient, chosen_options
from tool_runtime.surfaces.mcp.waits_and_handles import Waiting, read_handle, wait_a_while

Result = types.CallToolResult | types.InputRequiredResult
# What answers a request that goes on with a job, from the request's context and parameters.
GoOn = Callable[[Any, Any], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for: a tool by any of its names, its arguments, and how to call."""

    tool: str
    arguments: Any = None
    account: Any = None
    idempotency_key: Any = None
    again: Any = None
    fields: Any = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job: a result or an error, and how long the call took in seconds."""

    done: Done | None = None
    error: BaseException | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Told:
    """What an answer about a job needs to know besides the job."""

    tool: Tool
    meta: Mapping[str, Any]
    fields: tuple[Path, ...] = ()


class Calls:
    """The calls of one server."""

    def __init__(
        self, client: ServedClient, exposure: Exposure, options: ServeOptions, desk: Desk, approvals: Approvals
    ) -> None:
        self.client, self.exposure, self.desk = client, exposure, desk
        self.replies = Replies(client.registry, options.max_result_bytes)
        self._options, self.approvals = options, approvals
        self._told: dict[str, _Told] = {}
        self._others: dict[str, GoOn] = {}

    async def call(self, context: Any, params: Any, wish: Wish) -> Result:
        """Call a tool. Errors are results; only what the SDK needs for itself is raised."""
        started = time.monotonic()
        meta: dict[str, Any] = {}
        said: Any = wish.tool
        name: str | None = said if isinstance(said, str) else None
        try:
            tool = self.client.registry.resolve(wish.tool)
            name = tool.name
            meta = meta_of(tool, effects=all_effects(tool, self.client.registry))
            if (refusal := self.exposure.refusal(tool)) is not None:
                raise refusal  # noqa: TRY301 - the seam below makes an envelope of every error
            return await self._call(context, params, wish, tool, meta)
        except Exception as error:  # noqa: BLE001 - the seam: a client gets an envelope, and no text of an exception
            self._note_mistake(error)
            known = envelope_of(name, error=error, meta=meta, duration_ms=(time.monotonic() - started) * 1000)
            return self.replies.of(known)

    async def _call(self, context: Any, params: Any, wish: Wish, tool: Tool, meta: dict[str, Any]) -> Result:
        client = self.client.of_account(wish.account)
        meta |= {"account": client.account_name, "sandbox": client.sandbox is not None}
        fields = _fields(wish.fields)
        arguments = _object(wish.arguments)
        options = chosen_options(again=wish.again, idempotency_key=wish.idempotency_key)
        bound = client.bound(tool, arguments, options)
        digest = client.digest(bound)
        verdict = client.verdict(tool)
        writes = self.exposure.writes(tool)
        asks = verdict == "ask" and self._options.write != "allow"
        told = _Told(tool, meta, fields)
        ticket = None
        if asks:
            subject = json.dumps([tool.name, client.account_name, digest, client.policy_word()])
            answer = await self.approvals.ask(context, params, client.invocation(bound), subject)
            if isinstance(answer, types.InputRequiredResult):
                return answer
            if answer.job is not None:
                return await self._answer(context, answer.job, told, joined=True)
            ticket = answer.ticket
        meta["forced"] = verdict == "ask" and self._options.write == "allow"

        async def work() -> Ended:
            began = time.monotonic()
            APPROVED.set(asks)
            try:
                done = await client.invoke(tool.name, arguments, request_options=options or None)
            except ToolError as error:
                return Ended(error=error, seconds=time.monotonic() - began)
            except Exception as error:  # noqa: BLE001 - a job keeps what ended it
                return Ended(error=error, seconds=time.monotonic() - began)
            return Ended(done, seconds=time.monotonic() - began)

        key = None
        if writes and not wish.again and (meta["effects"] or wish.idempotency_key is not None):
            key = json.dumps([client.account_name, tool.name, digest, wish.idempotency_key])
        job, joined = self.desk.start(tool.name, work, key=key, keeps_on=writes)
        if ticket is not None:
            ticket.job = job
        return await self._answer(context, job, told, joined=joined)

    async def _answer(self, context: Any, job: Job, told: _Told, *, joined: bool = False) -> types.CallToolResult:
        """Wait for a job, and answer with its result, or with its handle where it takes too long."""

        async def pulse(seconds: float) -> None:
            await context.session.report_progress(seconds, None, f"{job.label} is under way")

        try:
            ended = await self.desk.wait(job, self._options.patience, pulse)
        except BaseException:
            if job.keeps_on:
                _note(f"the request was cancelled while {job.label} was under way; the call goes on, and is recorded")
            raise
        if not ended:
            self._told = {handle: one for handle, one in self._told.items() if self.desk.find(handle) is not None}
            self._told[job.handle] = told
            return self._still_under_way(job, told)
        value = job.value if isinstance(job.value, Ended) else Ended(error=_cut_off(job))
        meta = {**told.meta}
        if value.done is not None:
            meta["repeat"] = value.done.repeat_of or (joined and (value.done.record or True))
            if value.done.record is not None:
                meta["record"] = value.done.record
        data = value.done.result if value.done is not None else None
        style = self.client.registry.page_style(told.tool)
        rows = style.items if style is not None else None
        if told.fields and value.done is not None:
            missing = unmatched(data, told.fields, rows)
            if missing:
                meta["fields_not_found"] = [
                    name + (f" (did you mean {near}?)" if near else "") for name, near in missing
                ]
            envelope = envelope_of(told.tool.name, data=data, meta=meta, duration_ms=value.seconds * 1000)
            return self.replies.of_tool(envelope, told.tool, picked=lambda whole: pick(whole, told.fields, rows))
        error = value.error
        envelope = envelope_of(told.tool.name, data=data, error=error, meta=meta, duration_ms=value.seconds * 1000)
        if error is not None:
            self._note_mistake(error)
            return self.replies.of(envelope)
        return self.replies.of_tool(envelope, told.tool)

    def _still_under_way(self, job: Job, told: _Told) -> types.CallToolResult:
        hint = f"{job.label} is still under way. Do not call it again: call wait_for with this handle."
        meta = {**told.meta, "state": "under_way", "handle": job.handle, "hint": hint}
        return self.replies.of(envelope_of(told.tool.name, meta=meta, duration_ms=job.seconds * 1000))

    def go_on_with(self, job: Job, answer: "GoOn") -> None:
        """Let a job's handle be answered by `answer`, which gets the context and the parameters of the request."""
        self._others = {handle: one for handle, one in self._others.items() if self.desk.find(handle) is not None}
        self._others[job.handle] = answer

    async def wait_for(self, context: Any, params: Any, given: Mapping[str, Any]) -> Result:
        """Wait for a state, or go on from a handle: of a wait, or of a call that is still under way."""
        started = time.monotonic()
        name, meta = "wait_for", dict[str, Any]()
        try:
            handle = given.get("handle")
            if isinstance(handle, str) and handle in self._others:
                return await self._others[handle](context, params)
            if isinstance(handle, str) and (job := self.desk.find(handle)) is not None and handle in self._told:
                return await self._answer(context, job, self._told[handle])
            waiting = read_handle(handle) if handle is not None else _waiting(given)
            waiter = self.client.registry.waiter(waiting.waiter)
            tool = self.client.registry.resolve(waiter.tool)
            name, meta = waiter.name, meta_of(tool)
            if (refusal := self.exposure.refusal(tool)) is not None:
                raise refusal  # noqa: TRY301 - as above
            client = self.client.of_account(waiting.account)
            meta |= {"account": client.account_name, "sandbox": client.sandbox is not None}
            if client.verdict(tool) == "ask" and self._options.write != "allow":
                # A wait reads many times. One question for all of them would be asked about none of them.
                message = f"{tool.name} asks for a yes each time, so nobody can wait with it"
                raise PolicyRefused(message, tool=tool.name)  # noqa: TRY301 - as above
            progress = context.session.report_progress
            waited = await wait_a_while(client, client.registry, waiting, self._options.patience, progress)
            if waited.handle is not None:
                hint = "The state is not there yet. To go on waiting, call wait_for with this handle."
                meta |= {"state": "waiting", "handle": waited.handle, "hint": hint}
            else:
                meta["state"] = "reached"
            envelope = envelope_of(
                waiter.name, data=waited.reply, meta=meta, duration_ms=(time.monotonic() - started) * 1000
            )
            return self.replies.of_tool(envelope, tool)
        except Exception as error:  # noqa: BLE001 - the seam, as in `call`
            self._note_mistake(error)
            return self.replies.of(
                envelope_of(name, error=error, meta=meta, duration_ms=(time.monotonic() - started) * 1000)
            )

    @staticmethod
    def _note_mistake(error: BaseException) -> None:
        known = as_tool_error(error)
        if known.code == "internal_error":
            import traceback

            _note("".join(traceback.format_exception(error)).rstrip())


def _note(text: str) -> None:
    """Write a line to stderr, where programs that start servers keep a log."""
    from contextlib import suppress

    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of a server


def _cut_off(job: Job) -> ToolError:
    """Return the error of a job that ended without a word: the server is being stopped."""
    if isinstance(job.value, BaseException):
        return as_tool_error(job.value)
    from tool_runtime.errors import Interrupted

    return Interrupted(f"{job.label} was cut off", outcome="unknown" if job.keeps_on else "not_sent")


def _object(arguments: Any) -> Any:
    """Return arguments as an object; models send an object as text now and then."""
    if isinstance(arguments, str) and arguments.strip():
        try:
            return json.loads(arguments)
        except ValueError as error:
            fault = Fault("arguments", "type", f"expected an object, and this text is no JSON: {error}")
            raise InvalidArguments(str(fault), faults=(fault,)) from None
    return {} if arguments in (None, "") else arguments


def _fields(given: Any) -> tuple[Path, ...]:
    """Read the fields that a client wants: `"a.b,c"` or `["a.b", "c"]`."""
    if given is None or given in ("", []):
        return ()
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        given = ",".join(given)
    if not isinstance(given, str):
        fault = Fault("fields", "type", "expected names of fields, such as 'a.b,c'")
        raise InvalidArguments(str(fault), faults=(fault,))
    if any(not part.strip() for path in given.split(",") for part in path.split(".")):
        fault = Fault("fields", "value", f"holds an empty name: {given[:80]!r}; such as 'a.b,c'")
        raise InvalidArguments(str(fault), faults=(fault,))
    return read_fields(given)


def _waiting(given: Mapping[str, Any]) -> Waiting:
    waiter, timeout = given.get("waiter"), given.get("timeout")
    if not isinstance(waiter, str):
        fault = Fault("waiter", "missing", "is required: a waiter, or the handle of a wait")
        raise InvalidArguments(str(fault), faults=(fault,))
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0):
        fault = Fault("timeout", "type", "expected a number of seconds above 0")
        raise InvalidArguments(str(fault), faults=(fault,))
    arguments = _object(given.get("arguments"))
    if not isinstance(arguments, dict):
        fault = Fault("arguments", "type", "expected an object")
        raise InvalidArguments(str(fault), faults=(fault,))
    return Waiting(waiter, arguments, given.get("account"), timeout)
