"""Starting: the entries by which the command line reaches this surface.

Everything here blocks and takes plain values, so that the command line needs no library of this surface.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from tool_runtime.errors import UsageError
from tool_runtime.surfaces.common.agent_client import AgentOptions
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.mcp.http_serving import serve_http, token_of
from tool_runtime.surfaces.mcp.hub import Hub, Places
from tool_runtime.surfaces.mcp.pass_through import PassThrough
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.stdio_serving import Service, serve_stdio


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens over HTTP. `allowed` are the names under which a proxy forwards requests."""

    host: str = "127.0.0.1"
    port: int = 0
    allowed: tuple[str, ...] = ()


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    package: Package,
    options: ServeOptions,
    agent: AgentOptions,
    environment: Mapping[str, str],
    listening: Listening | None = None,
) -> int:
    """Serve until the client leaves or a signal comes, and return the exit code. Raises `ToolError`."""
    api = package.api
    pass_through = None
    if options.upstreams:
        places = Places(api, environment)
        for name in options.upstreams:
            # What cannot be used is said now, and not at the first call.
            places.usable(name)
        pass_through = PassThrough(Hub(places), options)
    if listening is not None and listening.host not in LOOPBACK:
        message = f"{listening.host} is not this machine alone; a server listens on loopback"
        raise UsageError(message, hint="Put a proxy in front, and name it with --allow-host.")
    service = Service(package, options, agent, pass_through)
    if listening is None:
        return anyio.run(serve_stdio, service)
    token, made = token_of(environment, str(api["environment"]))

    async def run() -> int:
        return await serve_http(
            service,
            host=listening.host,
            port=listening.port,
            token=token,
            made=made,
            allowed=listening.allowed,
            distribution=str(api.get("distribution", "")),
        )

    return _unwrapped(run)


def _unwrapped(run: Any) -> int:
    """Run, and raise what a task group wrapped as it is."""
    try:
        return int(anyio.run(run))
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
