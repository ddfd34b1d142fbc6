"""What a served sandbox asks over real sockets, and where it sends nothing."""

import json

import httpx
import pytest

from retell_ai import verify_webhook
from tests.eventually import eventually
from tests.loopback import LoopbackServer, dropped, reply
from tool_runtime.sandbox.addresses import is_near
from tool_runtime.sandbox.server.serving import SandboxServer

NUMBER, CALLER = "+14155550100", "+14155550199"


@pytest.fixture
def user():
    running = LoopbackServer()
    yield running
    running.close()


def in_drops(connection):
    """Answer without an end: each line of the head comes in time, and the body never does."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
    try:
        while connection.recv(1):
            pass
    except OSError:
        return


def webhook(api, url):
    chosen = [{"agent_id": "agent_123", "weight": 1}]
    body = {"inbound_agents": chosen, "inbound_webhook_url": url}
    assert api.patch(f"/update-phone-number/{NUMBER}", json=body).is_success


def calls(own):
    return own("GET", "/records/call")[1]["records"]


def test_the_call_of_an_inbound_contact_begins_once_the_webhook_has_answered(api, own, user):
    webhook(api, user.url + "/inbound")
    user.script = [dropped, reply(503), reply(200, {"call_inbound": {"metadata": {"order": 7}}})]
    status, contact = own("POST", "/calls", {"from_number": CALLER, "to_number": NUMBER})
    assert (status, contact["state"]) == (200, "ringing")

    def in_time():
        own("POST", "/clock", {"advance": 1})
        return calls(own)

    found = eventually(in_time, lambda records: records[0].get("direction") == "inbound")
    assert found[0]["metadata"] == {"order": 7}
    assert [one.target for one in user.received] == ["/inbound"] * 3
    verify_webhook(user.received[2].body, user.received[2].headers["x-retell-signature"], "key_x")
    (delivery,) = own("GET", "/webhooks?event=call_inbound")[1]["webhooks"]
    assert json.loads(delivery["answer"])["call_inbound"]["metadata"] == {"order": 7}


def test_an_answer_without_an_end_counts_as_none(api, own, user):
    user.script = [in_drops]
    tool = {"type": "custom", "name": "book", "url": user.url + "/book", "timeout_ms": 1000}
    llm = api.post("/create-retell-llm", json={"general_tools": [tool]}).json()["llm_id"]
    engine = {"type": "retell-llm", "llm_id": llm}
    made = api.post("/create-agent", json={"voice_id": "11labs-Adrian", "response_engine": engine}).json()
    call = {"from_number": NUMBER, "to_number": CALLER, "override_agent_id": made["agent_id"]}
    placed = api.post("/v2/create-phone-call", json=call).json()["call_id"]
    own("POST", "/clock", {"advance": 60})
    eventually(lambda: api.get(f"/v2/get-call/{placed}").json(), lambda one: one["call_status"] == "ended")
    ended = api.get(f"/v2/get-call/{placed}").json()
    result = next(one for one in ended["transcript_with_tool_calls"] if one["role"] == "tool_call_result")
    assert result["content"] == "The function gave no result: no answer within 1 s"
    assert json.loads(user.received[0].body)["name"] == "book"


def test_a_message_of_the_next_contact_waits_for_no_other(api, own, user):
    webhook(api, user.url)
    user.script = [reply(200, {"call_inbound": {"metadata": {"n": n}}}) for n in range(8)]
    for _ in range(8):
        own("POST", "/calls", {"from_number": CALLER, "to_number": NUMBER})
    found = eventually(lambda: calls(own), lambda records: len(records) >= 10)
    assert sorted(one["metadata"]["n"] for one in found if one.get("direction") == "inbound") == list(range(8))


class TestReach:
    def test_an_address_of_the_internet_gets_nothing_unless_somebody_names_the_host(self, sandbox, api, own):
        webhook(api, "https://crm.example.com/inbound")
        call = own("POST", "/calls", {"from_number": CALLER, "to_number": NUMBER})[1]
        assert call["agent_id"] == "agent_123"
        (delivery,) = own("GET", "/webhooks?event=call_inbound")[1]["webhooks"]
        assert (delivery["state"], delivery["attempts"]) == ("out_of_reach", [])
        assert "--reach crm.example.com" in delivery["faults"][0]

    def test_a_host_that_was_named_is_sent_to(self, sandbox):
        with SandboxServer(sandbox, reach=("crm.example.invalid",)) as server:
            headers = {"Authorization": "Bearer key_x"}
            with httpx.Client(base_url=server.url, headers=headers) as api:
                webhook(api, "https://crm.example.invalid/inbound")
                body = {"from_number": CALLER, "to_number": NUMBER}
                api.post("/__sandbox/calls", json=body)
                url = "/__sandbox/webhooks?event=call_inbound"
                found = eventually(lambda: api.get(url).json()["webhooks"], lambda one: one[0]["attempts"])
        assert found[0]["attempts"][0]["status"] is None

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "::1", "10.1.2.3", "192.168.0.7", "app", "host.docker.internal", "x.test"]
    )
    def test_this_machine_and_its_network_are_near(self, host):
        assert is_near(host)

    @pytest.mark.parametrize(
        "host", ["crm.example.com", "8.8.8.8", "134744072", "0x08080808", "169.254.169.254", "fe80::1", "", "2606::1"]
    )
    def test_the_internet_and_the_keys_of_a_cloud_machine_are_not(self, host):
        assert not is_near(host)
