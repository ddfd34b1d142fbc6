"""Servers in this process over the SDK's own streams, with folders of their own for ledger and accounts."""

from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.shared.memory import create_client_server_memory_streams

from tool_runtime.surfaces.common.agent_client import AgentOptions
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.stdio_serving import Service

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Package(ROOT / "generated" / "retell_ai")
DIAL = {"agent_id": "agent_123", "from_number": "+14155550100", "to_number": "+14155550199"}


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    for name in ("RETELL_API_KEY", "RETELL_SANDBOX", "RETELL_READ_ONLY", "RETELL_ACCOUNT", "RETELL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return tmp_path


class Person:
    """Answers questions, and keeps them."""

    def __init__(self, action="accept", approve=True):
        self.asked, self._action, self._approve = [], action, approve

    async def __call__(self, context, params):
        import mcp_types as types

        self.asked.append(params.message)
        content = {"approve": self._approve} if self._action == "accept" else None
        return types.ElicitResult(action=self._action, content=content)


@asynccontextmanager
async def wire(server):
    async with create_client_server_memory_streams() as (near, far), anyio.create_task_group() as group:
        group.start_soon(lambda: server.run(*far, server.create_initialization_options()))
        yield near
        group.cancel_scope.cancel()


@asynccontextmanager
async def connected(era="auto", *, sandbox=True, person=None, pass_through=None, **choices):
    """Give a client of a server that was made with these choices, and the service behind it."""
    service = Service(PACKAGE, ServeOptions(**choices), AgentOptions(sandbox=sandbox), pass_through)
    try:
        async with Client(wire(service.server()), mode=era, cache=None, elicitation_callback=person) as client:
            client.service = service
            yield client
    finally:
        await service.aclose()


def data(result):
    return result.structured_content["data"]


async def dials(client):
    """Return how many calls the sandbox knows beyond those of its examples."""
    listed = await client.call_tool("call_tool", {"tool": "list_calls", "fields": "call_id,to_number"})
    return sum(row["call_id"].startswith("call_0") for row in data(listed))


@pytest.fixture(params=["auto", "legacy"])
def era(request):
    return request.param
