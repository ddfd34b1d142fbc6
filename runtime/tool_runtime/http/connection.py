"""temporary"""

import inspect
import sys
from typing import Any

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError
from tool_runtime.http.transport import Session, make_http_client, to_httpx, to_reply, translated


def _running_loop() -> Any:
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.get_running_loop() if asyncio else None
    except RuntimeError:
        return None


class Connection:
    awaits = False

    def __init__(
        self,
        *,
        auth: Any,
        agent: str,
        distribution: str,
        http_client: Any = None,
        transport: Any = None,
        reply_limit: int = 0,
    ) -> None:
        if http_client is not None and inspect.iscoroutinefunction(http_client.send) is not self.awaits:
            raise ConfigurationError(f"needs an httpx client of its own kind, not {type(http_client).__name__}")
        self.auth, self.agent, self.transport = auth, agent, transport
        self._session = Session(self._make, http_client)

    def _make(self) -> Any:
        import httpx

        return make_http_client(httpx.Client, self.transport)

    def send(self, request: Any, account: Any) -> Any:
        try:
            client = self._session.client()
            made = to_httpx(self._session, client, request, account, self.auth, self.agent)
        except ConfigurationError as error:
            raise NoReply("connection", sent=False, message=str(error), refusal=error) from error
        with translated(account):
            response = client.send(made, auth=None, follow_redirects=False)
        return to_reply(response)

    def close(self) -> None:
        client = self._session.detach()
        if client is not None:
            client.close()


class AsyncConnection(Connection):
    awaits = True

    def _make(self) -> Any:
        import httpx

        return make_http_client(httpx.AsyncClient, self.transport)

    async def send(self, request: Any, account: Any) -> Any:
        try:
            client = self._session.client(_running_loop())
            made = to_httpx(self._session, client, request, account, self.auth, self.agent)
        except ConfigurationError as error:
            raise NoReply("connection", sent=False, message=str(error), refusal=error) from error
        with translated(account):
            response = await client.send(made, auth=None, follow_redirects=False)
        return to_reply(response)

    async def aclose(self) -> None:
        client = self._session.detach()
        if client is not None:
            await client.aclose()
