"""Starting: the entries by which the command line reaches this surface.

Everything here blocks and takes plain values, so that the command line needs no library of this surface. What a server
does not offer is not loaded: other servers, HTTP.
"""

import gc
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from tool_runtime.errors import UsageError
from tool_runtime.surfaces.common.agent_client import AgentOptions
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.mcp import faces
from tool_runtime.surfaces.mcp.process_tree import server_above
from tool_runtime.surfaces.mcp.reading import scheme_of
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.stdio_serving import Service, serve_stdio

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.hub import Places
    from tool_runtime.surfaces.mcp.pass_through import PassThrough


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
        from tool_runtime.surfaces.mcp.hub import Places

        places = Places(api, environment)
        for name in options.upstreams:
            # What cannot be used is said now, and not at the first call.
            places.usable(name)
        above = server_above([str(api.get("command") or api["name"]), str(api["name"])])
        if above is None:
            pass_through = pass_through_of(package, places, options)
        else:
            why = f"process {above}, another server of this program, stands above this one and may be offering it"
            _say(f"no other server's tools are offered: {why}")
    if listening is not None and listening.host not in LOOPBACK:
        message = f"{listening.host} is not this machine alone; a server listens on loopback"
        raise UsageError(message, hint="Put a proxy in front, and name it with --allow-host.")
    service = Service(package, options, agent, pass_through)
    gc.freeze()
    gc.enable()
    if listening is None:
        return anyio.run(serve_stdio, service)
    from tool_runtime.surfaces.mcp.http_serving import serve_http, token_of

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


def pass_through_of(package: Package, places: "Places", options: ServeOptions) -> "PassThrough":
    """Return what offers the tools of the chosen servers, and knows this program again behind any of them."""
    from tool_runtime.surfaces.mcp.pass_through import PassThrough
    from tool_runtime.surfaces.mcp.upstream_lists import fingerprints, ours

    registry = package.registry
    own = [
        face
        for writes in (False, True)
        for face in (
            *faces.search_tools(registry, (), writes=writes),
            *faces.code_tools(registry.api.title, writes=writes),
        )
    ]
    return PassThrough(
        places,
        options,
        is_ours=ours(scheme_of(package)),
        is_itself=fingerprints(own, f"integration__{registry.api.name}__"),
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - stderr is the log of a server


def _unwrapped(run: Any) -> int:
    """Run, and raise what a task group wrapped as it is."""
    try:
        return int(anyio.run(run))
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
