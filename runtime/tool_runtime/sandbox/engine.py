"""The way from a request to a reply.

Owns the order in which a request is recorded, routed, checked and performed, and the lock that makes all of this one
step. Must not know what any part decides, or how a request travelled.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import NOTHING, Answer, ErrorBodies, Refusal
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.exchange import Incoming, Outgoing
from tool_runtime.sandbox.failures import Failure, Failures
from tool_runtime.sandbox.received import Auth, Received, read_body, read_query
from tool_runtime.sandbox.routes import Route, Routes
from tool_runtime.sandbox.virtual_clock import VirtualClock


class Engine:
    """Answers requests; several transports may share one engine."""

    def __init__(
        self,
        *,
        routes: Routes,
        auth: Auth,
        checks: Checks,
        actions: Actions,
        errors: ErrorBodies,
        failures: Failures,
        clock: VirtualClock,
        latency: float,
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
        self.requests: list[Received] = []

    def answer(self, request: Incoming) -> Outgoing:
        """Answer a request, or raise `NoAnswer` where a failure keeps the reply back."""
        with self.lock:
            self._clock.sleep(self._latency)
            self._actions.advance()
            found: tuple[Route, dict[str, str]] | None = None
            unknown: Refusal | None = None
            try:
                found = self._routes.find(request.method, request.path)
            except Refusal as refusal:
                unknown = refusal
            failure = self._failures.take(found[0] if found else None)
            status: int | None = None
            try:
                reply = _reply(self._answer(request, found, unknown, failure), failure)
                status = reply.status
            finally:
                self.requests.append(self._received(request, found[0].tool if found else None, status))
            return reply

    def _answer(
        self,
        request: Incoming,
        found: tuple[Route, Mapping[str, str]] | None,
        unknown: Refusal | None,
        failure: Failure | None,
    ) -> Answer:
        try:
            if failure:
                failure.before()
            self._auth.check(request)
            if found is None:
                raise unknown or Refusal(404)
            route, path = found
            inputs = self._checks.inputs(route.tool, path, read_query(request), request.headers, read_body(request))
            return self._actions.run(route.tool, inputs)
        except Refusal as refusal:
            return self._errors.answer(refusal)
        except RecursionError:
            return self._errors.answer(Refusal(400, "the body is nested too deeply"))

    def _received(self, request: Incoming, tool: str | None, status: int | None) -> Received:
        try:
            body = read_body(request)
        except Refusal:
            body = request.content.decode(errors="replace")
        return Received(
            method=request.method,
            path=unquote(request.path),
            tool=tool,
            query=dict(request.query),
            headers=dict(request.headers),
            body=body,
            status=status,
            secrets=self._auth.secrets,
        )


def _reply(answer: Answer, failure: Failure | None) -> Outgoing:
    headers = dict(answer.headers)
    content = b""
    if answer.body is not NOTHING:
        body: Any = failure.alter(answer.body) if failure else answer.body
        headers["content-type"] = "application/json; charset=utf-8"
        content = json.dumps(body, separators=(",", ":")).encode()
    reply = Outgoing(answer.status, headers, content)
    return failure.after(reply) if failure else reply
