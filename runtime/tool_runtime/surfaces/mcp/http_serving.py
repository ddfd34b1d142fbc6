"""Serving over HTTP: on loopback, for those who have the token.

Every request needs `Authorization: Bearer TOKEN`, which is compared in constant time. The SDK checks
`Host` and `Origin`, so that no page in a browser reaches the server by another name; a proxy in front is allowed by
name. The token comes from a variable; without one, a token is made for this run and shown on stderr alone.
"""

import hmac
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import anyio

from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.surfaces.mcp.stdio_serving import LAST_PATIENCE, Service

SHORTEST_TOKEN = 16
PATH = "/mcp"


def token_of(environment: Mapping[str, str], prefix: str) -> tuple[str, bool]:
    """Return the token of this run, and whether it was made just now. Raises `ConfigurationError`."""
    variable = f"{prefix}_MCP_TOKEN"
    given = environment.get(variable)
    if given is None:
        return secrets.token_urlsafe(32), True
    if len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable() or " " in given:
        message = f"{variable} is no token: it has at least {SHORTEST_TOKEN} characters of ASCII, and no blank"
        raise ConfigurationError(message, hint=f"Unset {variable} to get a token for this run.")
    return given, False


def application(service: Service, token: str, *, host: str, allowed: Sequence[str] = ()) -> Any:
    """Return the ASGI application of a server, with the token in front."""
    from mcp.server.transport_security import TransportSecuritySettings

    local = ["127.0.0.1", "localhost", "[::1]"]
    hosts = [*local, *(f"{name}:*" for name in local)]
    origins = [f"http://{name}" for name in local] + [f"http://{name}:*" for name in local]
    for name in allowed:
        hosts += [name, f"{name}:*"]
        origins += [f"https://{name}", f"https://{name}:*"]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=origins
    )
    inner = service.server().streamable_http_app(streamable_http_path=PATH, host=host, transport_security=security)
    return _behind_token(inner, token)


def _behind_token(inner: Any, token: str) -> Any:
    from starlette.requests import ClientDisconnect

    wanted = b"Bearer " + token.encode()

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            if len(given) != 1 or not hmac.compare_digest(given[0], wanted):
                head = [(b"content-type", b"text/plain; charset=utf-8"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": 401, "headers": head})
                await send({"type": "http.response.body", "body": b"a bearer token is needed\n"})
                return
        try:
            await inner(scope, receive, send)
        except ClientDisconnect:
            # A client that hung up in the middle of its request: nothing was asked for yet.
            return

    return guarded


async def serve_http(
    service: Service,
    *,
    host: str,
    port: int,
    token: str,
    made: bool,
    allowed: Sequence[str] = (),
    distribution: str = "",
) -> int:
    """Serve until a signal comes, and return the exit code. Raises `ConfigurationError` where the port is taken."""
    try:
        import uvicorn
    except ImportError:
        raise MissingExtra.of("HTTP", "mcp", distribution) from None
    config = uvicorn.Config(
        application(service, token, host=host, allowed=allowed),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        # Dials are waited for before this begins; a stream that a client holds open holds nobody up.
        timeout_graceful_shutdown=2,
    )

    class Quiet(uvicorn.Server):
        """A server that leaves signals to us: its own way raises them again once it has ended."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Quiet(config)
    failure: ConfigurationError | None = None
    async with anyio.create_task_group() as group:

        async def run() -> None:
            nonlocal failure
            try:
                await server.serve()
            except SystemExit:
                failure = ConfigurationError(f"nothing can listen on {host}:{port}", hint="Choose another --port.")
            group.cancel_scope.cancel()

        async def watch() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    for job in await service.desk.settle(LAST_PATIENCE):
                        _say(f"{job.label} is still under way; the ledger says so")
                    server.should_exit = True

        group.start_soon(watch)
        group.start_soon(run)
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await anyio.sleep(0.01)
        real = server.servers[0].sockets[0].getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        _say(f"listening on http://{shown}:{real}{PATH}")
        if made:
            _say(f"the bearer token of this run: {token}")
    with anyio.CancelScope(shield=True):
        await service.aclose()
    if failure is not None:
        raise failure
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - stderr is the log of a server
