import json
from pathlib import Path

import httpx
import pytest

from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

REGISTRY = json.loads((Path(__file__).parents[4] / "generated" / "retell_ai" / "registry.json").read_bytes())


@pytest.fixture
def sandbox():
    return Sandbox(REGISTRY, examples=True)


@pytest.fixture
def server(sandbox):
    with SandboxServer(sandbox) as running:
        yield running


@pytest.fixture
def api(server):
    with httpx.Client(base_url=server.url, headers={"Authorization": "Bearer key_x"}, timeout=10) as client:
        yield client


@pytest.fixture
def own(api):
    """Return a function that asks the sandbox's own API and gives back the status and the JSON."""

    def ask(method, path, body=None):
        reply = api.request(method, f"/__sandbox{path}", **({} if body is None else {"json": body}))
        return reply.status_code, reply.json()

    return ask
