"""A sandbox on a port: what a client of any language sees, and what it must not reach."""

import http.server
import json
import socket
import threading
import time

import httpx
import pytest

from retell_ai import Client, unwrap_webhook
from tests.eventually import eventually
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import RunningClock, Sandbox
from tool_runtime.sandbox.server.remote import RunningSandbox
from tool_runtime.sandbox.server.serving import SandboxServer

CALL = {"from_number": "+14155550100", "to_number": "+14155550199"}


def test_steps_of_several_clients_build_on_each_other(server, api):
    made = api.post("/v2/create-phone-call", json=CALL).json()
    with httpx.Client(base_url=server.url, headers={"Authorization": "Bearer another"}) as other:
        assert other.get(f"/v2/get-call/{made['call_id']}").json()["call_id"] == made["call_id"]


def test_our_own_client_uses_a_running_sandbox_and_sends_no_real_key(server, sandbox, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY", "key_real")
    with Client(sandbox=RunningSandbox(sandbox.registry, server.url)) as client:
        client.create_phone_call(agent_id="agent_123", **CALL)
    assert len(sandbox.records("call")) == 3
    assert "key_real" not in str([dict(one.headers) for one in sandbox.requests])


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("lose_answer", httpx.ReadError),
        ("refuse_connection", httpx.ReadError),
        ("drop_connection", httpx.RemoteProtocolError),
        ("cut", httpx.RemoteProtocolError),
        ("read_timeout", httpx.ReadTimeout),
    ],
)
def test_a_lost_answer_is_lost_on_the_wire(api, own, sandbox, kind, error):
    own("POST", "/failures", {"kind": kind, "tool": "create_phone_call"})
    with pytest.raises(error):
        api.post("/v2/create-phone-call", json=CALL, timeout=0.5)
    placed = kind != "refuse_connection"
    assert len(sandbox.records("call")) == 2 + placed
    assert api.get("/get-concurrency").status_code == 200


def test_a_slow_answer_comes_late(api, own):
    own("POST", "/failures", {"kind": "slow", "delay": 0.3, "tool": "get_concurrency"})
    began = time.monotonic()
    assert api.get("/get-concurrency").status_code == 200
    assert time.monotonic() - began >= 0.3


class TestOwnAPI:
    def test_failures_are_switched_on_and_off(self, api, own):
        _, rule = own("POST", "/failures", {"kind": "status", "status": 418, "tool": "get_agent", "times": None})
        assert [api.get("/get-agent/agent_123").status_code for _ in range(3)] == [418] * 3
        assert own("GET", "/failures")[1]["failures"][0]["struck"] == 3
        assert own("DELETE", f"/failures/{rule['number']}") == (200, {"failures": []})
        assert api.get("/get-agent/agent_123").status_code == 200
        assert own("DELETE", f"/failures/{rule['number']}")[0] == 404

    def test_the_limit_of_calls_is_answered_as_the_api_does(self, api, own):
        own("POST", "/failures", {"kind": "limit", "tool": "create_phone_call"})
        refused = api.post("/v2/create-phone-call", json=CALL)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")

    def test_a_value_that_no_type_names_is_put_into_an_answer(self, api, own):
        changes = {"call_status": "levitating"}
        own("POST", "/failures", {"kind": "alter", "tool": "get_call", "changes": changes})
        assert api.get("/v2/get-call/call_123").json()["call_status"] == "levitating"

    def test_chance_strikes_some_requests_and_the_same_ones_again(self, own, api):
        def struck():
            own("POST", "/reset")
            own("POST", "/failures", {"kind": "status", "probability": 0.5, "times": None})
            return [api.get("/get-concurrency").status_code for _ in range(30)]

        statuses = set(struck())
        assert statuses == {200, 503}

    def test_requests_are_found_by_what_they_were(self, api, own):
        api.get("/get-agent/agent_123")
        api.get("/get-agent/none")
        api.post("/create-retell-llm", json={"model": "gpt-4.1"})
        assert own("GET", "/requests?tool=get_agent")[1]["total"] == 2
        assert own("GET", "/requests?status=422")[1]["requests"][0]["path"] == "/get-agent/none"
        assert own("GET", "/requests?method=post&limit=1")[1]["requests"][0]["body"] == {"model": "gpt-4.1"}
        assert "key_x" not in json.dumps(own("GET", "/requests")[1])
        assert own("GET", "/requests?tool=get_agnet")[0] == 400
        assert own("DELETE", "/requests")[1]["total"] == 0

    def test_the_clock_goes_forward_and_on_to_the_next_change(self, api, own):
        made = api.post("/v2/create-phone-call", json=CALL).json()["call_id"]
        before = own("GET", "/clock")[1]["now_ms"]
        assert own("POST", "/clock", {"advance": 60})[1]["now_ms"] - before >= 60_000
        assert own("GET", f"/calls/{made}")[1]["call_status"] == "ended"
        other = api.post("/v2/create-phone-call", json=CALL).json()["call_id"]
        own("POST", "/clock", {"to_next_change": True})
        assert own("GET", f"/records/call/{other}")[1]["call_status"] == "ongoing"

    def test_a_call_is_answered_talked_on_and_hung_up(self, api, own):
        made = api.post("/v2/create-phone-call", json=CALL).json()["call_id"]
        assert own("POST", f"/calls/{made}/hangup")[0] == 400
        assert own("POST", f"/calls/{made}/answer")[1]["call_status"] == "ongoing"
        assert own("POST", f"/calls/{made}/say", {"text": "Hello?"})[1]["transcript"].endswith("User: Hello?\n")
        assert own("POST", f"/calls/{made}/say", {"txt": "Hello?"})[1]["hint"] == "Did you mean text?"
        assert own("POST", f"/calls/{made}/hangup", {"by": "agent"})[1]["disconnection_reason"] == "agent_hangup"

    def test_a_state_is_exported_and_imported(self, api, own):
        _, state = own("GET", "/state")
        api.delete("/delete-agent/agent_123")
        assert own("PUT", "/state", state)[0] == 200
        assert api.get("/get-agent/agent_123").status_code == 200
        assert own("PUT", "/state", {"records": []})[0] == 400

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/nothing/at/all/here", 404), ("DELETE", "/clock", 405), ("GET", "/webhooks/99", 404)],
    )
    def test_what_is_not_there_is_not_there(self, own, method, path, status):
        assert own(method, path)[0] == status

    def test_a_page_of_somebody_else_reaches_nothing(self, api):
        for headers in ({"Origin": "https://evil.example.com"}, {"Host": "evil.example.com"}):
            assert api.post("/__sandbox/reset", headers=headers).status_code == 403
        assert api.post("/__sandbox/reset", content=b"{").status_code == 400


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the deliveries that it gets; `statuses` are its first answers."""

    daemon_threads = True

    def __init__(self, statuses=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = list(statuses)
        self.got = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((body, self.headers["x-retell-signature"]))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, format, *args):  # noqa: A002
        pass


@pytest.fixture
def receiver():
    with Receiver() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_webhooks_arrive_signed_and_a_refused_one_comes_again(api, own, receiver):
    receiver.statuses = [500]
    own("PUT", "/webhooks/settings", {"url": receiver.url})
    api.post("/v2/create-phone-call", json=CALL)
    own("POST", "/clock", {"advance": 4})
    eventually(lambda: len(receiver.got), lambda count: count == 1)
    own("POST", "/clock", {"advance": 2})
    eventually(lambda: len(receiver.got), lambda count: count == 2)
    events = [unwrap_webhook(body, signature, "key_x") for body, signature in receiver.got]
    assert [one.name for one in events] == ["call_started", "call_started"]
    assert events[0].dedupe_key == events[1].dedupe_key
    (delivery,) = eventually(lambda: own("GET", "/webhooks?state=delivered")[1]["webhooks"], bool)
    assert [one["status"] for one in delivery["attempts"]] == [500, 204]
    own("POST", f"/webhooks/{delivery['number']}/resend", {})
    eventually(lambda: len(receiver.got), lambda count: count == 3)


def test_an_event_is_made_up_on_demand(own, receiver):
    made = own("POST", "/webhooks", {"event": "call_analyzed", "url": receiver.url, "set": {"call.metadata": {"a": 1}}})
    assert made[1]["event"] == "call_analyzed"
    ((body, _),) = eventually(lambda: list(receiver.got), bool)
    assert json.loads(body)["call"]["metadata"] == {"a": 1}


def test_an_address_where_nobody_listens_fails_in_the_journal_alone(own):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    number = own("POST", "/webhooks", {"event": "call_ended", "url": url})[1]["number"]
    shown = eventually(lambda: own("GET", f"/webhooks/{number}")[1], lambda one: one["attempts"])
    assert (shown["attempts"][0]["status"], "ConnectError" in shown["attempts"][0]["error"]) == (None, True)


def test_events_are_streamed_as_they_happen(server, api):
    with httpx.stream("GET", f"{server.url}/__sandbox/events", timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": hello"
        api.get("/get-agent/agent_123")
        told = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
    assert (told["type"], told["request"]["tool"]) == ("request", "get_agent")


def test_the_page_comes_without_an_outside_address(api):
    for name in ("", "page.js", "page.css"):
        reply = api.get(f"/__sandbox/{name}")
        assert reply.status_code == 200
        assert "https://" not in reply.text
        assert "http://" not in reply.text
    assert "default-src 'none'" in api.get("/__sandbox/").headers["content-security-policy"]


def test_time_passes_by_itself_where_the_clock_runs(sandbox):
    running = Sandbox(sandbox.registry, examples=True, clock=RunningClock(200))
    with (
        SandboxServer(running) as server,
        httpx.Client(base_url=server.url, headers={"Authorization": "Bearer k"}) as api,
    ):
        made = api.post("/v2/create-phone-call", json=CALL).json()["call_id"]
        url = f"/v2/get-call/{made}"
        eventually(lambda: api.get(url).json()["call_status"], lambda status: status == "ended")
        api.post("/__sandbox/clock", json={"freeze": True})
        times = {api.get("/__sandbox/clock").json()["now_ms"] for _ in range(3)}
        assert len(times) == 1


def test_two_servers_share_nothing(server, api, sandbox):
    with SandboxServer(Sandbox(sandbox.registry, examples=True)) as other:
        api.delete("/delete-agent/agent_123")
        reply = httpx.get(f"{other.url}/get-agent/agent_123", headers={"Authorization": "Bearer k"})
        assert reply.status_code == 200


def test_a_taken_port_is_an_error_that_names_it(server, sandbox):
    with pytest.raises(ConfigurationError, match=str(server.port)):
        SandboxServer(sandbox, port=server.port)


def test_many_requests_at_once_lose_nothing_and_the_journal_has_a_limit(sandbox):
    small = Sandbox(sandbox.registry, examples=True, journal=50)
    answers = []

    def work(url):
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}, timeout=30) as client:
            for _ in range(10):
                made = client.post("/create-retell-llm", json={"model": "gpt-4.1"})
                answers.append((made.status_code, made.json()["llm_id"]))

    with SandboxServer(small) as server:
        threads = [threading.Thread(target=work, args=(server.url,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {status for status, _ in answers} == {201}
    assert len({made for _, made in answers}) == 200
    assert (len(small.records("retell_llm")), len(small.requests)) == (202, 50)
