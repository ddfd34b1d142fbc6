"""Other servers over HTTP: keys stay with the host they are for, and a server that sends too much is cut."""

import gzip
import json
from pathlib import Path

import pytest
from loopback import LoopbackServer, reply
from mcp_service import PACKAGE

from tool_runtime.errors import ConnectionFailed, ToolError
from tool_runtime.surfaces.mcp.hub import BlockingHub, Places
from tool_runtime.surfaces.mcp.server_calls import ServerCalls
from tool_runtime.surfaces.mcp.server_trust import trust


@pytest.fixture
def servers():
    made = []

    def make(*script):
        made.append(LoopbackServer(list(script)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def listed(url, **entry):
    """List the tools of a server at an address."""
    raw = {"url": f"{url}/mcp", "headers": {"X-Key": "a-secret-value"}, **entry}
    Path(".mcp.json").write_text(json.dumps({"mcpServers": {"far": raw}}))
    places = Places(PACKAGE.api, {})
    trust(places.trust_file, places.entry("far"))
    with BlockingHub(places) as hub:
        return ServerCalls(hub, None, surface="cli").tools("far")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_takes_no_key_to_another_host(servers, status):
    other = servers()
    first = servers(*[reply(status, headers={"location": f"{other.url}/mcp"})] * 4)
    with pytest.raises(ToolError):
        listed(first.url)
    assert first.received
    assert other.received == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(200, raw=b'{"jsonrpc": "2.0", "id": 1, "result": "' + b"x" * 17_000_000 + b'"}'), "more than 16 MB"),
        (reply(200, raw=gzip.compress(b"x" * 1_000_000), headers={"content-encoding": "gzip"}), "compressed"),
    ],
)
def test_a_server_that_sends_too_much_is_cut(servers, answer, said):
    server = servers(*[answer] * 4)
    with pytest.raises(ConnectionFailed, match=said):
        listed(server.url)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b"null"])
def test_an_answer_that_is_no_protocol_is_an_error_that_names_the_server_and_shows_no_key(servers, body):
    server = servers(*[reply(200, raw=body)] * 6)
    with pytest.raises(ToolError, match="far") as failed:
        listed(server.url, timeout=3)
    assert "a-secret-value" not in json.dumps(failed.value.to_dict())
