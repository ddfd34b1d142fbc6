"""Following: the wait of a request for a job that talks, from the side of our client.

The job is a call of another server; its talk holds what that server asks and reports. This module tells our client's
program: progress as it comes, and questions in the way of the client's own era. On a connection of the older era a
question is asked at once; on one of the newer era the request is answered with `input_required`, and goes on when it
comes again with the answers. The client's state is a ticket of our own, sealed and good for one round; what the other
server gave us as its state never leaves this process.

Must not know: how another server is reached, ledgers.
"""

import time
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tool_runtime.surfaces.common.printable import printable
from tool_runtime.surfaces.mcp.approvals import Approvals
from tool_runtime.surfaces.mcp.desk import PULSE, Desk, Job
from tool_runtime.surfaces.mcp.talks import Progress, Question, Talk

LONGEST_MESSAGE = 2_000


async def follow(
    context: Any, params: Any, job: Job, *, desk: Desk, approvals: Approvals, subject: str, patience: float
) -> bool | types.InputRequiredResult:
    """Wait for a job whose `held` is its talk, at most `patience` seconds, and return whether the job has ended.

    Where our client is to be asked first, return what asks. `subject` is what an answer is bound to. Raises
    `PolicyRefused` for an answer to another request, and for a late one.
    """
    talk: Talk = job.held
    if params.request_state is not None and approvals.held(params) is job:
        ticket = approvals.taken(params, subject, job.label)
        if not ticket.used:
            ticket.used = True
            for key, answer in (params.input_responses or {}).items():
                if isinstance(answer, types.ElicitResult):
                    talk.answer(key, answer)
    told = _Told(context, job.label)
    until = time.monotonic() + patience
    while not job.ended.is_set():
        # Taken before anything is looked at: what comes from here on sets this one.
        news = talk.news
        unanswered = [one for one in talk.open.values() if not one.answered.is_set()]
        if unanswered:
            if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                return approvals.give({one.key: _shown(talk, one) for one in unanswered}, subject, held=job)
            for one in unanswered:
                talk.answer(one.key, await _answer(context, _shown(talk, one)))
            until = time.monotonic() + patience
            continue
        left = until - time.monotonic()
        if left <= 0:
            return False
        await told.progress(talk.progress)
        await desk.until_news(job, news, min(PULSE, left))
        await told.beat(job)
    await told.progress(talk.progress)
    return True


def _shown(talk: Talk, question: Question) -> types.ElicitRequestParams:
    """Return a question as a person sees it: who asks stands in front of the words of whoever asks."""
    said = printable(question.params.message)[:LONGEST_MESSAGE]
    text = f"The server {talk.server} asks (these are its own words): {said}"
    return question.params.model_copy(update={"message": text, "task": None, "meta": None})


async def _answer(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Ask on a connection of the older era. A client that answers with an error has not asked anybody."""
    session, related = context.session, context.request_id
    try:
        if isinstance(params, types.ElicitRequestURLParams):
            answer: types.ElicitResult = await session.elicit_url(
                params.message, params.url, params.elicitation_id or "question", related_request_id=related
            )
        else:
            answer = await session.elicit_form(params.message, params.requested_schema, related_request_id=related)
    except MCPError:
        return types.ElicitResult(action="cancel")
    return answer


class _Told:
    """What our client was told. Numbers of progress must grow, so after a first beat only our own seconds are told."""

    def __init__(self, context: Any, label: str) -> None:
        self._context, self._label = context, label
        self._last: Progress | None = None
        self._beats, self._next = 0, time.monotonic() + PULSE

    async def progress(self, known: Progress | None) -> None:
        """Tell what another server reports, once."""
        if known is None or known is self._last:
            return
        self._last = known
        if not self._beats:
            self._next = time.monotonic() + PULSE
            message = printable(known.message)[:LONGEST_MESSAGE] if known.message else None
            await self._context.session.report_progress(known.done, known.total, message)

    async def beat(self, job: Job) -> None:
        """Tell that a job is still under way, where nothing else was told for some seconds."""
        if job.ended.is_set() or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PULSE
        if self._last is None or self._beats:
            self._beats += 1
            said = f": {printable(self._last.message)[:LONGEST_MESSAGE]}" if self._last and self._last.message else ""
            await self._context.session.report_progress(job.seconds, None, f"{self._label} is under way{said}")
