"""A client that loses an answer issues its request again: one call, whatever was lost."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest
from loopback import LoopbackServer, reply
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_service import DIAL, PACKAGE, connected, data

TOKEN = "a-token-of-the-tests"
PROGRAM = [sys.executable, "-m", "retell_ai", "mcp", "serve", "--sandbox", "--write", "allow"]


@pytest.fixture(scope="module")
def http_server(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("server"))
    settings = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"), folder) | {"RETELL_MCP_TOKEN": TOKEN}
    log = Path(folder, "log")
    with log.open("w") as file:
        server = subprocess.Popen([*PROGRAM, "--http", "--port", "0"], stderr=file, env={**os.environ, **settings})
    while not (known := re.search(r":(\d+)/mcp", log.read_text())):
        assert server.poll() is None, log.read_text()
    yield int(known[1])
    server.terminate()
    assert server.wait(60) == 0


def request_of(number, body, headers=()):
    text = json.dumps(body).encode()
    lines = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{number}",
        f"Authorization: Bearer {TOKEN}",
        "Accept: application/json, text/event-stream",
        "Content-Type: application/json",
        "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/call",
        "Mcp-Name: call_tool",
        "Connection: close",
        f"Content-Length: {len(text)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + text


def body_of(tool, arguments):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    }
    params = {"name": "call_tool", "arguments": {"tool": tool, "arguments": arguments}, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def exchange(port, request, *, send=None, read=None):
    """Send a request, or a part of the request, and read the answer, or a part of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request if send is None else request[:send])
        if send is not None:
            return b""
        received = b""
        while read is None or len(received) < read:
            chunk = connection.recv(65536 if read is None else read - len(received))
            if not chunk:
                break
            received += chunk
        return received


def result_in(answer):
    found = re.search(rb'\{"jsonrpc".*\}', answer, re.DOTALL)
    return json.loads(found[0])["result"]["structuredContent"]


def test_a_stream_that_breaks_at_any_byte_of_a_dial_makes_one_call(http_server):
    def dial(at):
        return body_of("create_phone_call", DIAL | {"metadata": {"at": at}})

    whole = exchange(http_server, request_of(http_server, dial("whole")))
    length = len(request_of(http_server, dial("00000")))
    cuts = [("send", at) for at in range(1, length, 11)] + [("read", at) for at in range(0, len(whole), 7)]
    for kind, at in cuts:
        request = request_of(http_server, dial(f"{kind}{at:05}"))
        exchange(http_server, request, **{kind: at})
        known = result_in(exchange(http_server, request))
        assert known["success"], known
    listed = body_of("list_calls", {"limit": 1000})
    listed["params"]["arguments"]["fields"] = "metadata.at"
    found = result_in(exchange(http_server, request_of(http_server, listed)))["data"]
    rows = [row["metadata"]["at"] for row in found if row.get("metadata", {}).get("at")]
    assert sorted(rows) == sorted(["whole", *(f"{kind}{at:05}" for kind, at in cuts)])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "127.0.0.1:80@evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_request_is_answered_with_the_token_and_from_here_alone(http_server, headers, status):
    request = request_of(http_server, body_of("list_calls", {})).decode()
    for name, value in headers.items():
        request = re.sub(rf"\r\n{name}: [^\r]*", "", request)
        if value is not None:
            request = request.replace("\r\nConnection", f"\r\n{name}: {value}\r\nConnection", 1)
    answer = exchange(http_server, request.encode())
    assert int(answer.split(b" ")[1]) == status


def test_the_official_client_works_over_http(http_server, era):
    async def work():
        async with create_mcp_http_client(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
            target = streamable_http_client(f"http://127.0.0.1:{http_server}/mcp", http_client=http)
            await with_client(target)

    async def with_client(target):
        async with Client(target, mode=era, cache=None) as client:
            call = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert data(call)["call_id"]

    anyio.run(work)


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "0", "--host", "0.0.0.0"]])
def test_a_server_that_could_be_reached_by_others_does_not_start(monkeypatch, arguments):
    monkeypatch.setenv("RETELL_MCP_TOKEN", "short" if "--host" not in arguments else TOKEN)
    ended = subprocess.run([*PROGRAM, "--http", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode in {2, 3}
    assert "short" not in ended.stderr.replace("RETELL_MCP_TOKEN", "")


def parameters(*words, **settings):
    kept = {name: os.environ[name] for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME")}
    return StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:4], "serve", *words], env=kept | settings)


def test_the_official_client_works_over_stdio(era):
    async def work():
        async with Client(parameters("--sandbox", "--write", "allow"), mode=era, cache=None) as client:
            call = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert data(call)["call_id"]

    anyio.run(work)


class Held:
    """An API that holds its answer to a dial until it is let go."""

    def __init__(self):
        self.arrived, self.free = threading.Event(), threading.Event()
        answer = reply(201, {"call_id": "call_held", "call_status": "registered"})

        def held(connection):
            self.arrived.set()
            self.free.wait(60)
            answer(connection)

        self.server = LoopbackServer([held] + [answer] * 5)

    @property
    def dials(self):
        return [one for one in self.server.received if one.method == "POST" and "create" in one.target]


@pytest.fixture
def held(monkeypatch):
    api = Held()
    monkeypatch.setenv("RETELL_BASE_URL", api.server.url)
    monkeypatch.setenv("RETELL_API_KEY", "key_of_the_tests")
    yield api
    api.free.set()
    api.server.close()


def batch(name="x"):
    task = {"to_number": "+14155550199"}
    return {"tool": "create_batch_call", "arguments": {"from_number": "+14155550100", "name": name, "tasks": [task]}}


def test_a_cancelled_dial_goes_on_and_its_repeat_gets_the_outcome(era, held):
    async def work():
        async with connected(era, sandbox=False, write="allow") as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "call_tool", batch())
                await anyio.to_thread.run_sync(held.arrived.wait, 30)
                group.cancel_scope.cancel()
            held.free.set()
            again = await client.call_tool("call_tool", batch())
            assert not again.is_error, again
            assert again.structured_content["meta"]["repeat"]
            assert len(held.dials) == 1

    anyio.run(work)


def test_a_dial_that_takes_long_is_answered_with_a_handle(era, held):
    async def work():
        async with connected(era, sandbox=False, write="allow", patience=0.5) as client:
            told = await client.call_tool("call_tool", batch())
            handle = told.structured_content["meta"]["handle"]
            assert told.structured_content["meta"]["state"] == "under_way"
            held.free.set()
            done = await client.call_tool("wait_for", {"handle": handle})
            assert data(done)["call_id"] == "call_held"
            assert len(held.dials) == 1

    anyio.run(work)


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
def test_a_dial_under_way_is_written_down_when_the_server_is_stopped(held, how):
    meta = body_of("create_batch_call", batch()["arguments"])
    settings = {**os.environ}
    server = subprocess.Popen(
        [*PROGRAM[:5], "--write", "allow"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=settings
    )
    server.stdin.write(json.dumps(meta).encode() + b"\n")
    server.stdin.flush()
    assert held.arrived.wait(60)
    if how == "SIGTERM":
        server.send_signal(signal.SIGTERM)
    else:
        server.stdin.close()
    held.free.set()
    assert server.wait(60) == 0
    server.stdout.close()
    if not server.stdin.closed:
        server.stdin.close()

    from tool_runtime.surfaces.common.agent_client import agent_ledger

    ledger = agent_ledger(PACKAGE.registry)
    [entry] = ledger.find(tool="create_batch_call")
    ledger.close()
    assert entry.outcome == "done"
    assert len(held.dials) == 1
    assert Path(os.environ["XDG_STATE_HOME"]).exists()
