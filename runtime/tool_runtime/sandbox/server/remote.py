"""A sandbox that runs as a server, as clients of this process use it.

Owns the way to that server. Requests go to its address whatever host they name, so no setting of an account can send
them elsewhere; the key that a client sends to a sandbox is made up. Importing this module loads no httpx.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from tool_runtime.core.clock import SystemClock
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.server.admin_path import PREFIX


class RunningSandbox:
    """A sandbox at an address, such as `http://127.0.0.1:8765`: pass it as a client's `sandbox`."""

    def __init__(self, registry: Registry, url: str) -> None:
        self.registry = registry
        self.url = url.rstrip("/")
        self.clock = SystemClock()

    @cached_property
    def transport(self) -> Any:
        """The httpx transport to the server."""
        from tool_runtime.sandbox.server.forwarding import Forwarding

        return Forwarding(self.url)

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Return what the sandbox's own API answers. Raises `ConfigurationError` for a no and for nobody there."""
        import httpx

        try:
            reply = httpx.request(
                method,
                f"{self.url}{PREFIX}{path}",
                json=body,
                params=dict(query or {}),
                timeout=30,
                trust_env=False,
            )
            told = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            message = f"no sandbox answers at {self.url}: {error}"
            raise ConfigurationError(message, hint="Is it still running?") from error
        if reply.status_code >= 400:  # noqa: PLR2004 - the statuses of refusals
            message = str(told.get("error", reply.text))
            raise ConfigurationError(message, hint=told.get("hint"))
        return told
