"""Pages of other origins: those of this machine and those that were named may use the API, and nobody its own API."""

import httpx
import pytest

from tool_runtime.sandbox.server.serving import SandboxServer

NAMED = "https://docs.example"
HERE = ["http://127.0.0.1:8000", "http://localhost:3000", "http://[::1]:1"]
STRANGERS = [
    "https://evil.example",
    "http://docs.example",
    "https://docs.example.evil.example",
    "http://127.0.0.1.evil.example",
    "null",
    "http://[",
]


@pytest.fixture
def named(sandbox):
    with SandboxServer(sandbox, origins=(NAMED,)) as server, httpx.Client(base_url=server.url, timeout=10) as client:
        yield client


def ask(client, origin, path="/v2/create-phone-call"):
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    return client.options(path, headers={"Origin": origin, **wanted})


@pytest.mark.parametrize("origin", [*HERE, NAMED])
def test_a_welcome_page_may_ask_and_read(named, origin):
    before = ask(named, origin)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == origin
    assert before.headers["access-control-allow-headers"] == "authorization,content-type"
    reply = named.get("/list-voices", headers={"Origin": origin, "Authorization": "Bearer k"})
    assert (reply.status_code, reply.headers["access-control-allow-origin"]) == (200, origin)


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_strangers_page_may_neither_ask_nor_read(named, origin):
    assert "access-control-allow-origin" not in ask(named, origin).headers
    reply = named.get("/list-voices", headers={"Origin": origin, "Authorization": "Bearer k"})
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("origin", [*HERE, NAMED, *STRANGERS])
def test_no_other_page_reaches_the_own_api_of_the_sandbox(named, origin):
    for reply in (ask(named, origin, "/__sandbox/state"), named.get("/__sandbox/state", headers={"Origin": origin})):
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers


def test_a_question_before_a_request_is_no_request_of_the_api(named, sandbox):
    ask(named, NAMED)
    assert len(sandbox.requests) == 0


def test_a_program_that_is_no_page_sees_no_difference(named):
    reply = named.get("/list-voices", headers={"Authorization": "Bearer k"})
    assert reply.status_code == 200
    assert not [name for name in reply.headers if name.startswith("access-control")]
