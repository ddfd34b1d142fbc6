"""Scripts: `execute_lua` of the mode `code`.

A script runs in the locked child of the surface Lua, with a blocking client of its own that knows the same choices as
the server: what is not offered, and that writes are refused or asked for. Equal writes with effects are repeats here
too, so a script that a client issues again after a broken stream dials nobody twice; and a run that wrote something is
answered once more with its outcome while the window lasts.

A write that needs a person's yes pauses the run. The person is asked, and the run goes on from its journal.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import anyio
import mcp_types as types

from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.gate import Invocation
from tool_runtime.errors import Fault, InvalidArguments, ToolError
from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.common.results import envelope_of
from tool_runtime.surfaces.mcp.exposure import Exposure
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.served_client import ScriptClient

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.calls import Calls, Result

NAME = "execute_lua"
# Seconds in which an equal run that wrote something is answered with the first one's outcome.
KEPT_SECONDS = 600.0
MOST_KEPT = 100
# A run that asks more often than this is asking the wrong person.
MOST_QUESTIONS = 50


class Scripts:
    """Runs the scripts of one server."""

    def __init__(
        self, package: Package, exposure: Exposure, options: ServeOptions, calls: "Calls", agent: AgentOptions
    ) -> None:
        self._package, self._exposure, self._options, self._calls = package, exposure, options, calls
        self._agent = agent
        self._session: Any = None
        self._kept: dict[str, tuple[float, Any]] = {}

    def _ready(self) -> Any:
        """Return the session of scripts, made at the first use. Raises `MissingExtra`."""
        if self._session is None:
            from tool_runtime.surfaces.common.scripts import LuaSession

            sandbox = self._calls.client.sandbox
            agent = self._agent if sandbox is None else replace(self._agent, sandbox=sandbox)
            if self._options.write == "deny":
                agent = replace(agent, read_only=True)
            made = agent_client(
                self._package.registry, agent, surface="mcp", kind=ScriptClient, repeats="all", delivers=False
            )
            client = cast("ScriptClient", made)
            client.choose(self._exposure.refusal, asks_for_writes=self._options.write == "ask")
            self._session = LuaSession(client, package=self._package)
        return self._session

    def close(self) -> None:
        """End the process that is kept ready for scripts, and close the connections of scripts."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
            session.client.close()

    async def run(self, context: Any, params: Any, given: Mapping[str, Any]) -> "Result":
        """Run or validate a script, or go on with a paused run."""
        started = time.monotonic()
        code, mode, resume = given.get("code"), given.get("mode", "execute"), given.get("resume")
        if (code is None) == (resume is None):
            fault = Fault("code", "conflict", "give the code of a script, or the id of a paused run")
            raise InvalidArguments(f"{NAME}: {fault}", tool=NAME, faults=(fault,))
        session = await anyio.to_thread.run_sync(self._ready)
        if mode == "validate":
            return await self._validate(session, str(code), started)
        held = self.held(params)
        if held is not None:
            run, pending, origin = held
            return await self._go_on(context, params, session, run, pending, origin, started)
        if resume is not None:
            return await self._job(
                context, params, session, f"resume {resume}", lambda: session.resume(resume), started
            )
        digest = hashlib.sha256(json.dumps([code, given.get("args")], sort_keys=True).encode()).hexdigest()
        kept = self._kept.get(digest)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS and not given.get("again"):
            return self._reply(kept[1], started, repeat=True)

        def begin() -> Any:
            return session.run(str(code), args=given.get("args"))

        return await self._job(context, params, session, digest, begin, started)

    def held(self, params: Any) -> Any:
        """Return the paused run whose question this request answers."""
        return self._calls.approvals.held(params)

    async def _validate(self, session: Any, code: str, started: float) -> "Result":
        from tool_runtime.surfaces.common.scripts import check_script

        found = await anyio.to_thread.run_sync(lambda: check_script(session, code))
        data, problem = found.to_dict(), found.problem()
        if problem is not None:
            return self._calls.replies.of(envelope_of(NAME, data=data, error=problem, duration_ms=_ms(started)))
        return self._calls.replies.of(envelope_of(NAME, data=data, duration_ms=_ms(started)))

    async def _job(  # noqa: PLR0917 - what a request is, and what it goes on with
        self,
        context: Any,
        params: Any,
        session: Any,
        key: str,
        run: Callable[[], Any],
        started: float,
        origin: str | None = None,
    ) -> "Result":
        """Run, wait, and answer. `origin` is the key of the run that this one goes on with."""

        async def work() -> Any:
            try:
                return await anyio.to_thread.run_sync(run)
            except ToolError as error:
                return error

        async def pulse(seconds: float) -> None:
            await context.session.report_progress(seconds, None, "the script is running")

        job, joined = self._calls.desk.start(NAME, work, key=f"{NAME} {key}", keeps_on=True)
        if not await self._calls.desk.wait(job, self._options.patience, pulse):
            hint = "The script is still running. For its result, call execute_lua with the same code; it runs once."
            meta = {"state": "under_way", "hint": hint}
            return self._calls.replies.of(envelope_of(NAME, meta=meta, duration_ms=_ms(started)))
        value = job.value
        if isinstance(value, BaseException):
            return self._calls.replies.of(envelope_of(NAME, error=as_tool_error(value), duration_ms=_ms(started)))
        if value.status == "paused" and self._options.write != "deny" and self._calls.approvals.can_ask(context):
            pending = [dict(one) for one in value.pending]
            return await self._go_on(context, params, session, value.run, pending, origin or key, started)
        if not value.retryable:
            self._kept[origin or key] = (time.monotonic(), value)
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return self._reply(value, started, repeat=joined)

    async def _go_on(  # noqa: PLR0917 - as above
        self,
        context: Any,
        params: Any,
        session: Any,
        run: str,
        pending: list[dict[str, Any]],
        origin: str,
        started: float,
    ) -> "Result":
        """Ask about what a paused run waits for, and go on with the answer."""
        sequence = [int(one["seq"]) for one in pending]
        subject = json.dumps([NAME, run, sequence])
        approvals = self._calls.approvals
        try:
            answer = await approvals.ask(context, params, _question(pending), subject, held=(run, pending, origin))
        except ToolError as error:
            return self._calls.replies.of(envelope_of(NAME, error=error, meta={"run": run}, duration_ms=_ms(started)))
        if isinstance(answer, types.InputRequiredResult):
            return answer
        # The answer is used up: a further pause of the same run asks anew.
        params = params.model_copy(update={"request_state": None, "input_responses": None})
        return await self._job(
            context,
            params,
            session,
            f"{run} {sequence}",
            lambda: session.resume(run, approve=sequence),
            started,
            origin,
        )

    def _reply(self, value: Any, started: float, *, repeat: bool) -> types.CallToolResult:
        data = value.to_dict()
        problem = value.problem()
        client = self._calls.client
        meta: dict[str, Any] = {
            "account": client.account_name,
            "class": "write" if value.effect_status != "none" else "read",
            "effects": sorted({effect for call in value.calls for effect in call.effects}),
            "sandbox": client.sandbox is not None,
            "repeat": repeat,
        }
        if any(call.get("tool") for call in data.get("calls", ())):
            # Nobody can say where in a script's output the words of callers stand.
            meta["untrusted"] = ["data.output", "data.result"]
        return self._calls.replies.of(envelope_of(NAME, data=data, error=problem, meta=meta, duration_ms=_ms(started)))


def _question(pending: list[dict[str, Any]]) -> Invocation:
    """Return what a person is asked: every call that a paused run waits for."""
    effects = tuple(dict.fromkeys(effect for one in pending for effect in one.get("effects", ())))
    shown = {
        f"{one['seq']} {one.get('path')}": one.get("arguments", one.get("invocation", one.get("why", "")))
        for one in pending
    }
    names = ", ".join(str(one.get("tool") or one.get("path")) for one in pending)
    accounts = ", ".join(dict.fromkeys(str(one.get("account")) for one in pending))
    return Invocation(
        tool=names,
        tool_class="write",
        effects=effects,
        account=accounts,
        surface="mcp",
        base_url="calls of a script",
        arguments=shown,
        request={},
        summary="a script wants to go on with this",
    )


def _ms(started: float) -> float:
    return (time.monotonic() - started) * 1000
