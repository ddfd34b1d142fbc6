"""The way from a request to a reply.

Owns the order in which a request is recorded, routed, checked and performed, and the lock that makes all of this one
step. Must not know what any part decides, or how a request travelled.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import NOTHING, Answer, ErrorBodies, Refusal
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.clocks import Clock
from tool_runtime.sandbox.exchange import Incoming, NoAnswer, Outgoing
from tool_runtime.sandbox.failures import BEFORE_THE_KEY, Failure, Failures
from tool_runtime.sandbox.received import Auth, RawBody, Received, read_body
from tool_runtime.sandbox.routes import Route, Routes


class Engine:
    """Answers requests; several transports may share one engine.

    `journal` holds the latest requests. `before_reply` is called when a request was applied and before anybody learns
    so; `listeners` get each request with the status of its answer.
    """

    def __init__(
        self,
        *,
        routes: Routes,
        auth: Auth,
        checks: Checks,
        actions: Actions,
        errors: ErrorBodies,
        failures: Failures,
        clock: Clock,
        latency: float,
        journal: int,
    ) -> None:
        self._routes = routes
        self._auth = auth
        self._checks = checks
        self._actions = actions
        self._errors = errors
        self._failures = failures
        self._clock = clock
        self._latency = latency
        self.lock = threading.RLock()
        self.journal: deque[Received] = deque(maxlen=journal)
        self.received = 0
        self.last_key = ""
        self.listeners: list[Callable[[Received], None]] = []
        self.before_reply: list[Callable[[], None]] = []

    def answer(self, request: Incoming) -> Outgoing:
        """Answer a request, or raise `NoAnswer` where a failure keeps the reply back."""
        with self.lock:
            self._clock.pass_request(self._latency)
            self._actions.advance()
            found: tuple[Route, dict[str, str]] | None = None
            unknown: Refusal | None = None
            try:
                found = self._routes.find(request.method, request.path)
            except Refusal as refusal:
                unknown = refusal
            failure = self._failures.take(found[0] if found else None)
            if failure is None and found is not None:
                failure = self._failure_of_persona(found[0], request)
            reply: Outgoing | None = None
            try:
                reply = self._reply(self._answer(request, found, unknown, failure), failure)
            finally:
                self.applied()
                self._note(request, found[0].tool if found else None, reply, failure)
            return reply

    def applied(self) -> None:
        """Let everybody who has to know of a change before its answer know."""
        with self.lock:
            for inform in self.before_reply:
                inform()

    def _failure_of_persona(self, route: Route, request: Incoming) -> Failure | None:
        """Return the failure that a value of the request itself asks for, such as a number that is always refused."""
        if not self._actions.asks_for_failure(route.tool):
            return None
        try:
            body = read_body(request)
        except Refusal:
            return None
        return self._actions.failure_for(route.tool, body if isinstance(body, dict) else {})

    def _answer(
        self,
        request: Incoming,
        found: tuple[Route, Mapping[str, str]] | None,
        unknown: Refusal | None,
        failure: Failure | None,
    ) -> Answer:
        try:
            if failure and failure.kind in BEFORE_THE_KEY:
                failure.before()
            self.last_key = self._auth.check(request, None if found is None else self._checks.tool(found[0].tool))
            if found is None:
                raise unknown or Refusal(404)
            if failure:
                self._strike(failure, found[0].tool)
            route, path = found
            inputs = self._checks.inputs(route.tool, path, request)
            return self._actions.run(route.tool, inputs)
        except Refusal as refusal:
            return self._errors.answer(refusal)
        except RecursionError:
            return self._errors.answer(Refusal(400, "the body is nested too deeply"))

    def _strike(self, failure: Failure, tool: str) -> None:
        try:
            failure.before()
        except Refusal as refusal:
            if failure.kind == "limit" and (limit := self._actions.limit_of(tool)) is not None:
                raise Refusal(
                    limit.status, refusal.message or limit.message, {**limit.headers, **refusal.headers}
                ) from None
            raise

    def _note(self, request: Incoming, tool: str | None, reply: Outgoing | None, failure: Failure | None) -> None:
        try:
            body = read_body(request)
        except Refusal:
            body = request.content.decode(errors="replace")
        self.received += 1
        received = Received(
            method=request.method,
            path=unquote(request.path),
            tool=tool,
            query=dict(request.query),
            headers=dict(request.headers),
            body=None if body is NOTHING else body.shown() if isinstance(body, RawBody) else body,
            status=None if reply is None else reply.status,
            secrets=self._auth.secrets,
            number=self.received,
            at_ms=self._clock.microseconds() // 1000,
            failure=None if failure is None else failure.kind,
            reply=b"" if reply is None else reply.content,
        )
        self.journal.append(received)
        for listener in self.listeners:
            listener(received)

    def _reply(self, answer: Answer, failure: Failure | None) -> Outgoing:
        headers = dict(answer.headers)
        content = b""
        if answer.media_type:
            headers["content-type"] = answer.media_type
            content = answer.body
        elif answer.body is not NOTHING:
            body: Any = failure.alter(answer.body) if failure else answer.body
            headers["content-type"] = "application/json; charset=utf-8"
            content = json.dumps(body, separators=(",", ":")).encode()
        reply = Outgoing(answer.status, headers, content)
        if failure is None:
            return reply
        # Where time stands still between requests the delay passes at once; elsewhere the server waits.
        self._clock.pass_request(failure.delay)
        try:
            return replace(failure.after(reply), delay=failure.delay)
        except NoAnswer as silence:
            raise NoAnswer(silence.kind, failure.delay) from None
