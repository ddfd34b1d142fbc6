"""What goes over the wire: every tool and every example, the same from both clients, held by snapshots."""

import asyncio
import json
import re

import httpx
import pytest
from jsonschema import Draft202012Validator

from retell_ai import AsyncClient, Client
from tool_runtime.core.registry import load_registry
from tool_runtime.sandbox import Sandbox

REGISTRY = load_registry(Client.registry_source)
KEY = re.compile(r'(?<=")[0-9a-f]{32}(?=")')
CASES = [
    pytest.param(name, example.arguments, id=f"{name}-{number}")
    for name in REGISTRY
    for number, example in enumerate(REGISTRY.resolve(name).examples)
]


class Wiretap:
    """The sandbox, with a note of each request and its answer."""

    def __init__(self):
        self.sandbox = Sandbox(REGISTRY, examples=True)
        self.seen = []

    def handle(self, request):
        reply = self.sandbox.transport.handle_request(request)
        reply.read()
        kind = request.headers.get("content-type", "")
        boundary = kind.partition("boundary=")[2]
        text = KEY.sub("(a new key)", request.content.decode())
        if boundary:
            # A new one for each request, and the only thing in it that differs.
            text, kind = text.replace(boundary, "(boundary)"), kind.replace(boundary, "(boundary)")
        body = (text if boundary else json.loads(text)) if text else None
        headers = {name: request.headers[name] for name in ("authorization", "accept")}
        if kind:
            headers["content-type"] = kind
        self.seen.append(
            {
                "request": f"{request.method} {request.url}",
                "headers": headers,
                "body": body,
                "status": reply.status_code,
            }
        )
        return reply


def run_blocking(tool, arguments):
    tap = Wiretap()
    with httpx.Client(transport=httpx.MockTransport(tap.handle)) as transport:
        client = Client("key_of_the_sandbox", http_client=transport, clock=tap.sandbox.clock)
        return getattr(client, tool)(**arguments), tap.seen


async def run_awaited(tool, arguments):
    tap = Wiretap()
    async with httpx.AsyncClient(transport=httpx.MockTransport(tap.handle)) as transport:
        client = AsyncClient("key_of_the_sandbox", http_client=transport, clock=tap.sandbox.clock)
        return await getattr(client, tool)(**arguments), tap.seen


@pytest.mark.parametrize(("tool", "arguments"), CASES)
def test_each_example_sends_what_the_snapshot_shows(tool, arguments, snapshot):
    _, seen = run_blocking(tool, arguments)

    assert seen == snapshot


@pytest.mark.parametrize(("tool", "arguments"), CASES)
def test_both_clients_send_the_same_and_return_the_same(tool, arguments):
    assert run_blocking(tool, arguments) == asyncio.run(run_awaited(tool, arguments))


@pytest.mark.parametrize(("tool", "arguments"), CASES)
def test_each_example_is_one_that_the_sandbox_serves(tool, arguments):
    _, seen = run_blocking(tool, arguments)

    assert all(exchange["status"] < 300 for exchange in seen)


@pytest.mark.parametrize(("tool", "arguments"), CASES)
def test_each_answer_of_the_sandbox_fits_the_type_that_the_tool_returns(tool, arguments):
    result, _ = run_blocking(tool, arguments)

    returns = REGISTRY.resolve(tool).returns
    if returns.schema is not None:
        Draft202012Validator({**returns.schema, "types": REGISTRY.types}).validate(result)
    else:
        assert result is None


def test_every_tool_has_an_example():
    assert [name for name in REGISTRY if not REGISTRY.resolve(name).examples] == []
