"""Jobs of other servers: work for a request of our client, of which the server may ask and report things meanwhile.

Work is a job of the desk with a talk: a write ends although its client has left, and a client that comes back with
answers goes on with the same job. Must not know: tools, resources, ledgers.
"""

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import mcp_types as types

from tool_runtime.errors import ToolError
from tool_runtime.surfaces.mcp.approvals import kinds_of_questions
from tool_runtime.surfaces.mcp.desk import Job
from tool_runtime.surfaces.mcp.following import follow
from tool_runtime.surfaces.mcp.talks import Talk

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.calls import Calls

Work = Callable[[Talk], Awaitable[Any]]


class UpstreamJobs:
    """The jobs whose work is done by other servers. `patience` is how long one request waits, in seconds."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._talks: set[Talk] = set()

    def stop_asking(self) -> None:
        """Answer what servers ask with `cancel`, now and later: our server is being stopped."""
        for talk in list(self._talks):
            talk.close()

    def resumed(self, params: Any, calls: "Calls") -> Job | None:
        """Return the job whose server's question this request answers."""
        held = calls.approvals.held(params)
        return held if isinstance(held, Job) else None

    def start(
        self,
        context: Any,
        calls: "Calls",
        server: str,
        label: str,
        work: Work,
        key: str | None = None,
        *,
        keeps_on: bool = False,
    ) -> Job:
        """Start work, or join the work under way with the same key. With `keeps_on`, the work outlives its request."""
        talk = Talk(server, kinds_of_questions(context))

        async def run() -> Any:
            self._talks.add(talk)
            try:
                return await work(talk)
            except ToolError as error:
                return error
            finally:
                self._talks.discard(talk)

        job, _ = calls.desk.start(label, run, key=key, keeps_on=keeps_on, held=talk)
        return job

    async def follow(
        self, context: Any, params: Any, calls: "Calls", job: Job, what: str
    ) -> bool | types.InputRequiredResult:
        """Wait for a job, and return whether the job has ended, or what asks our client first. Raises `ToolError`."""
        try:
            return await follow(
                context,
                params,
                job,
                desk=calls.desk,
                approvals=calls.approvals,
                subject=f"{what} {job.handle}",
                patience=self.patience,
            )
        except ToolError:
            raise
        except BaseException:
            if job.keeps_on:
                note(f"the request was cancelled while {job.label} was under way; the call goes on, and is recorded")
            raise


def note(text: str) -> None:
    """Write a line to stderr, where programs that start servers keep a log."""
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of a server
