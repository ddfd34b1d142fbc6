"""Approvals: a person's yes to one call, asked through the client's program.

The two eras of the protocol ask in two ways. On old connections the server sends an elicitation and waits. On new ones
the call is answered with `input_required`, and the client makes the call again with the person's answer and with the
state that the server gave out. The client holds that state, so it is sealed by the SDK's boundary (bound to the method,
the tool, the arguments, the caller, and an expiry). Inside the seal stands a ticket of this module: bound to account,
tool, digest of everything that goes out, and policy; good for one call.

A ticket that comes a second time makes no second call: whoever sends it again after a broken stream gets the outcome of
the first call.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tool_runtime.core.gate import Invocation
from tool_runtime.errors import PolicyRefused
from tool_runtime.surfaces.common.printable import printable
from tool_runtime.surfaces.mcp.desk import Job

# Seconds in which a person may answer.
THINKING_TIME = 600.0
KEPT_TICKETS = 5_000
ANSWER = "approval"
LONGEST_VALUE = 400


@dataclass(slots=True)
class Ticket:
    """One question: what was asked about, until when an answer counts, and the job that the answer started.

    `held` is what the asker needs again when the answer comes.
    """

    subject: str
    until: float
    used: bool = False
    job: Job | None = None
    held: Any = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes. `job` is the call that this same yes has started already, where the request came a second time."""

    ticket: Ticket | None = None
    job: Job | None = None


class Approvals:
    """The questions of one server."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()

    def boundary(self, audience: str) -> RequestStateBoundary:
        """Return the middleware that seals what clients hold, under a key of this process."""
        return RequestStateBoundary(RequestStateSecurity.ephemeral(ttl=THINKING_TIME), default_audience=audience)

    async def ask(
        self, context: Any, params: Any, invocation: Invocation, subject: str, held: Any = None
    ) -> "Approval | types.InputRequiredResult":
        """Ask whether a call may be made. `subject` is what the yes is bound to.

        Raises `PolicyRefused` where nobody can be asked, somebody said no, or the answer is not to be believed.
        """
        tool = invocation.tool
        if not can_ask(context):
            message = f"{tool} needs a person's yes, and this client cannot ask one (no elicitation)"
            hint = "Use a client that supports elicitation, or let whoever starts the server say --write allow."
            raise PolicyRefused(message, tool=tool, hint=f"{hint} Nothing was sent.")
        if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            answer = await context.session.elicit_form(
                question(invocation), FORM, related_request_id=context.request_id
            )
            _believe(answer, tool)
            return Approval()
        answer = (params.input_responses or {}).get(ANSWER)
        if answer is None or params.request_state is None:
            return self._question(invocation, subject, held)
        ticket = self.taken(params, subject, tool)
        if ticket.used:
            if ticket.job is not None:
                return Approval(job=ticket.job)
            raise PolicyRefused(f"{tool}: this answer was used already", tool=tool, hint="Nothing was sent.")
        # No other task runs between the look above and this line: one answer, one call.
        ticket.used = True
        _believe(answer, tool)
        return Approval(ticket)

    def taken(self, params: Any, subject: str, tool: str) -> Ticket:
        """Return the ticket that a request brings. Raises `PolicyRefused` for another call's, and for a late one."""
        ticket = self._tickets.get(params.request_state)
        if ticket is None or ticket.subject != subject or ticket.until < time.monotonic():
            message = f"{tool}: the answer is for another call, or came too late"
            raise PolicyRefused(message, tool=tool, hint="Call the tool again to be asked again. Nothing was sent.")
        return ticket

    def can_ask(self, context: Any) -> bool:
        """Whether the client's program can put a form before a person."""
        return can_ask(context)

    def held(self, params: Any) -> Any:
        """Return what the asker of the question kept, to which this request brings an answer; None for none."""
        ticket = self._tickets.get(params.request_state) if params.request_state is not None else None
        return ticket.held if ticket is not None else None

    def give(self, asked: Mapping[str, Any], subject: str, held: Any = None) -> types.InputRequiredResult:
        """Return the answer that asks a client of the newer era. `asked` are the questions by key.

        The client holds the state, sealed by the boundary; the request that brings the answers must be about `subject`.
        """
        state = secrets.token_urlsafe(18)
        self._tickets[state] = Ticket(subject, time.monotonic() + THINKING_TIME, held=held)
        while len(self._tickets) > KEPT_TICKETS:
            self._tickets.popitem(last=False)
        requests: Any = {key: types.ElicitRequest(params=params) for key, params in asked.items()}
        return types.InputRequiredResult(input_requests=requests, request_state=state)

    def _question(self, invocation: Invocation, subject: str, held: Any) -> types.InputRequiredResult:
        params = types.ElicitRequestFormParams(message=question(invocation), requested_schema=FORM)
        return self.give({ANSWER: params}, subject, held)


FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "approve": {
            "type": "boolean",
            "title": "Make this call",
            "description": "Yes makes this one call.",
            "default": False,
        }
    },
    "required": ["approve"],
}


def can_ask(context: Any) -> bool:
    """Whether the client's program can put a form before a person."""
    return "form" in kinds_of_questions(context)


def kinds_of_questions(context: Any) -> frozenset[str]:
    """Return what the client's program can put before a person: `form`, `url`, both or nothing."""
    elicitation = getattr(context.session.client_capabilities, "elicitation", None)
    modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
    if elicitation is None or not (modern or context.session.can_send_request):
        return frozenset()
    # A client that names no kind means forms: the word for addresses came later.
    form = elicitation.form is not None or elicitation.url is None
    return frozenset(kind for kind, is_known in (("form", form), ("url", elicitation.url is not None)) if is_known)


def _believe(answer: Any, tool: str) -> None:
    """Let a yes pass and nothing else."""
    given: Mapping[str, Any] = getattr(answer, "content", None) or {}
    action = getattr(answer, "action", None)
    if action == "accept" and given.get("approve") is True:
        return
    said = {"accept": "the answer was no", "decline": "a person declined", "cancel": "the question was closed"}
    message = f"{tool} was not approved: {said.get(str(action), 'there was no answer')}"
    raise PolicyRefused(message, tool=tool, hint="Nothing was sent.")


def question(invocation: Invocation) -> str:
    """Return what a person reads before saying yes: what, for whom, with which effects and arguments."""
    rows = [("account", invocation.account), ("to", invocation.base_url)]
    rows += [("effects", ", ".join(invocation.effects))] if invocation.effects else []
    rows += [("rings", ", ".join(invocation.numbers))] if invocation.numbers else []
    rows += [("steps", ", ".join(invocation.steps))] if invocation.steps else []
    rows += [(f"  {name}", _short(value)) for name, value in invocation.arguments.items()]
    lines = [f"Make this call? {invocation.tool}: {invocation.summary}"]
    return "\n".join([*lines, *(f"{_line(name)}: {_line(text)}" for name, text in rows)])


def _short(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}... ({len(text)} characters)"


def _line(text: str) -> str:
    """Return text that cannot leave its line, so that no argument can rewrite the question."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")
