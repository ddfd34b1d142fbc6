"""Clients of the generated bindings that talk to a scripted loopback server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import FreeClock, LoopbackServer, Recorder

from retell_ai import Client

KEY = "key_canary_5550100"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [one for one in os.environ if one.startswith("RETELL_")]:
        monkeypatch.delenv(name)
    # The accounts of whoever runs the tests are none of the tests' business.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-configuration"))


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    running = LoopbackServer()
    yield running
    running.close()


@pytest.fixture
def clock() -> FreeClock:
    return FreeClock()


@pytest.fixture
def client(server: LoopbackServer, clock: FreeClock) -> Iterator[Client]:
    with Client(KEY, base_url=server.url, clock=clock) as made:
        yield made


@pytest.fixture
def wire() -> Recorder:
    return Recorder()


@pytest.fixture
def recorded(wire: Recorder, clock: FreeClock) -> Iterator[Client]:
    with wire.client() as transport:
        yield Client(KEY, http_client=transport, clock=clock)
