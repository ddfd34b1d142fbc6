"""A sandbox on a port: in the foreground until a signal, or in a thread of a program.

Owns sockets, threads, signals and the state's file. Must not know what is answered.
"""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.sandbox.sandbox import Sandbox
from tool_runtime.sandbox.saved_state import StateFile
from tool_runtime.sandbox.server.application import Application
from tool_runtime.sandbox.server.heartbeat import Heartbeat

_LOOPBACK: Final = "127.0.0.1"
_START_LIMIT: Final = 30


class SandboxServer:
    """A sandbox that listens. `port` 0 takes a free one; `state` is a file that keeps the records.

    `origins` are those of pages, such as `https://docs.example`, that may use the API beside pages of this machine.

    Use as a context manager to serve in a thread: `with SandboxServer(sandbox) as server: print(server.url)`. Raises
    `MissingExtra` where uvicorn is not installed, `ConfigurationError` where the port is taken or the file is no state.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        host: str = _LOOPBACK,
        port: int = 0,
        state: str | Path | None = None,
        origins: tuple[str, ...] = (),
    ) -> None:
        try:
            from tool_runtime.sandbox.server.connections import break_off, make_server
        except ImportError as error:
            distribution = sandbox.registry.api.distribution or sandbox.registry.api.name
            raise MissingExtra.of("the sandbox's server", "sandbox", distribution) from error
        self.sandbox = sandbox
        self._file = None if state is None else _attach(sandbox, state)
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.host = host
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104 - a comparison
        self.url = f"http://{shown}:{self.port}"
        hosts = (host.lower(),) if host in {_LOOPBACK, "::1", "localhost"} else None
        self._application = Application(sandbox, break_off, hosts, origins)
        self._server: Any = make_server(self._application)
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None

    async def serve(self, ready: Callable[[], None] | None = None, *, signals: bool = False) -> None:
        """Serve until `stop`; with `signals`, until an interrupt or a termination too."""
        server, application = self._server, self._application
        loop = asyncio.get_running_loop()
        if signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                with suppress(NotImplementedError):
                    loop.add_signal_handler(number, self.stop)
        beating = asyncio.create_task(Heartbeat(application).run())
        announcing = asyncio.create_task(_when_started(server, ready))
        closing = asyncio.create_task(_when_stopping(server, application))
        try:
            await server.serve(sockets=[self._socket])
        finally:
            for task in (beating, announcing, closing):
                task.cancel()
            await asyncio.gather(beating, announcing, closing, return_exceptions=True)
            if self._file is not None:
                self._file.close()

    def stop(self) -> None:
        """Ask the server to end; open answers get two seconds."""
        self._server.should_exit = True

    def __enter__(self) -> Self:
        """Serve in a thread."""
        started = threading.Event()

        def run() -> None:
            try:
                asyncio.run(self.serve(started.set))
            except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for the server
                self._failed = error
            finally:
                started.set()

        self._thread = threading.Thread(target=run, name="sandbox", daemon=True)
        self._thread.start()
        started.wait(_START_LIMIT)
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        """End the server, and wait for the end."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_START_LIMIT)


def _attach(sandbox: Sandbox, path: str | Path) -> StateFile:
    """Let a file follow the sandbox's state; a file that holds one already is taken over first."""
    file = StateFile(path, sandbox.keeper)
    if file.is_new:
        file.write_all()
    else:
        sandbox.import_state(file.read())
        sandbox.deliveries.changed.clear()
    file.flush()
    sandbox.engine.before_reply.append(file.flush)
    sandbox.replaced.append(file.write_all)
    return file


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        message = f"the sandbox cannot listen on {host} port {port}: {error}"
        raise ConfigurationError(message, hint="--port 0 takes a free port.") from error
    return listening


async def _when_started(server: Any, ready: Callable[[], None] | None) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute alone
        await asyncio.sleep(0.005)
    if ready is not None:
        ready()


async def _when_stopping(server: Any, application: Application) -> None:
    while not server.should_exit:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    application.closing.set()
