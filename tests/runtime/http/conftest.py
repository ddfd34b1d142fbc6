import os
import socket

import pytest
from keep_alive import OPTIONS, KeepAliveServer, answer

from tool_runtime.http.connection import Connection


@pytest.fixture
def serve():
    """Return a function that starts a server with a handler, or with one answer for all requests."""
    servers = []

    def start(handler=None):
        given = answer() if handler is None else handler
        server = KeepAliveServer(given if callable(given) else lambda connection, *_: connection.sendall(given))
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"SSL_CERT_FILE", "SSL_CERT_DIR"}:
            monkeypatch.delenv(name)


@pytest.fixture
def dead_port():
    # Bound and never listened to, so that no other process is given the port meanwhile.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def connect():
    """Return a function that makes a blocking connection, closed after the test."""
    made = []

    def make(**options):
        made.append(Connection(**(OPTIONS | options)))
        return made[-1]

    yield make
    for connection in made:
        connection.close()
