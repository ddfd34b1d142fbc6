"""The way from an httpx request to an httpx response.

Owns: the order in which a request is recorded, routed, checked and performed; the lock that makes all of it
one step.
Must not know: what any part decides. Sync and async take the same way, since nothing on it waits.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import NOTHING, ErrorBodies, Refusal, Reply
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.failures import Fault, Faults
from tool_runtime.sandbox.received import Auth, Received, read_body, read_query
from tool_runtime.sandbox.routes import Route, Routes
from tool_runtime.sandbox.virtual_clock import Clock


class SandboxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """An httpx transport to the sandbox; several clients may share it, so closing does nothing."""

    def __init__(
        self,
        *,
        routes: Routes,
        auth: Auth,
        checks: Checks,
        actions: Actions,
        errors: ErrorBodies,
        faults: Faults,
        clock: Clock,
        latency: float,
    ) -> None:
        self._routes = routes
        self._auth = auth
        self._checks = checks
        self._actions = actions
        self._errors = errors
        self._faults = faults
        self._clock = clock
        self._latency = latency
        self.lock = threading.RLock()
        self.requests: list[Received] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        request.read()
        return self._handle(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an async client."""
        await request.aread()
        return self._handle(request)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self._clock.sleep(self._latency)
            self._actions.advance()
            raw_path = request.url.raw_path.partition(b"?")[0].decode("ascii")
            found: tuple[Route, dict[str, str]] | None = None
            unknown: Refusal | None = None
            try:
                found = self._routes.find(request.method, raw_path)
            except Refusal as refusal:
                unknown = refusal
            fault = self._faults.take(found[0] if found else None)
            status: int | None = None
            try:
                reply = self._reply(request, found, unknown, fault)
                response = _response(reply, request, fault)
                status = response.status_code
            finally:
                self.requests.append(self._received(request, found[0].tool if found else None, status))
            return response

    def _reply(
        self,
        request: httpx.Request,
        found: tuple[Route, Mapping[str, str]] | None,
        unknown: Refusal | None,
        fault: Fault | None,
    ) -> Reply:
        try:
            if fault:
                fault.before(request)
            self._auth.check(request)
            if found is None:
                raise unknown or Refusal(404)
            route, path = found
            inputs = self._checks.inputs(route.tool, path, read_query(request), request.headers, read_body(request))
            return self._actions.run(route.tool, inputs)
        except Refusal as refusal:
            return self._errors.reply(refusal)
        except RecursionError:
            return self._errors.reply(Refusal(400, "the body is nested too deeply"))

    def _received(self, request: httpx.Request, tool: str | None, status: int | None) -> Received:
        try:
            body = read_body(request)
        except Refusal:
            body = request.content.decode(errors="replace")
        return Received(
            method=request.method,
            path=request.url.path,
            tool=tool,
            query=dict(request.url.params),
            headers=dict(request.headers),
            body=body,
            status=status,
            secrets=self._auth.secrets,
        )


def _response(reply: Reply, request: httpx.Request, fault: Fault | None) -> httpx.Response:
    headers = dict(reply.headers)
    content = b""
    if reply.body is not NOTHING:
        body: Any = fault.alter(reply.body) if fault else reply.body
        headers["content-type"] = "application/json; charset=utf-8"
        content = json.dumps(body, separators=(",", ":")).encode()
    response = httpx.Response(reply.status, headers=headers, content=content, request=request)
    return fault.after(response, request) if fault else response
