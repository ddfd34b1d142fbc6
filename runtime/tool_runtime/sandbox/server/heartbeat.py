"""What happens on a server by itself: records change as time passes, and webhooks go out.

Owns when to look, and the sending over HTTP. Must not know what changes or what is sent.
"""

import asyncio
from typing import Final

import httpx

from tool_runtime.sandbox.deliveries import Delivery, DeliveryRequest
from tool_runtime.sandbox.server.application import Application

_LONGEST_PAUSE: Final = 0.5
_MOST_AT_ONCE: Final = 20
_LONGEST_ANSWER: Final = 2**20


class Heartbeat:
    """Keeps one application's sandbox going until cancelled."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._sandbox = application.sandbox
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Advance the sandbox whenever something is to happen, and send what is ready."""
        # What the environment says of proxies is not meant for an address that a test has named.
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as client:
            while True:
                self._sandbox.advance()
                with self._sandbox.engine.lock:
                    ready = self._sandbox.deliveries.ready()[: _MOST_AT_ONCE - len(self._sending)]
                    requests = [(one, self._sandbox.deliveries.request(one)) for one in ready]
                for delivery, request in requests:
                    task = asyncio.create_task(self._send(client, delivery, request))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                await self._pause()

    async def _pause(self) -> None:
        following = self._sandbox.next_moment()
        wait = None if following is None else self._sandbox.clock.seconds_until(following)
        pause = _LONGEST_PAUSE if wait is None else min(max(wait, 0.005), _LONGEST_PAUSE)
        self._application.changed.clear()
        try:
            await asyncio.wait_for(self._application.changed.wait(), pause)
        except TimeoutError:
            return

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery, request: DeliveryRequest) -> None:
        status: int | None = None
        error: str | None = None
        content = b""
        try:
            # The limits of the client are on progress; an answer that comes in drops counts as late all the same.
            async with asyncio.timeout(request.timeout):
                status, content = await _exchange(client, request)
        except TimeoutError:
            error = f"no answer within {request.timeout:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failed:
            error = f"{type(failed).__name__}: {failed}"[:300]
        with self._sandbox.engine.lock:
            self._sandbox.deliveries.report(delivery, status, error, content)
        self._sandbox.engine.applied()
        self._application.tell({"type": "webhook", "webhook": delivery.shown()})


async def _exchange(client: httpx.AsyncClient, request: DeliveryRequest) -> tuple[int, bytes]:
    """Send a request and return the status and the beginning of the answer."""
    async with client.stream(
        request.method, request.url, content=request.body, headers=dict(request.headers), timeout=request.timeout
    ) as reply:
        content = b""
        async for part in reply.aiter_bytes():
            content += part
            if len(content) > _LONGEST_ANSWER:
                break
        return reply.status_code, content[:_LONGEST_ANSWER]
