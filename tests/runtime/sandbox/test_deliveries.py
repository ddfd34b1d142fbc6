"""Webhooks that the records of the shipped registry cause, as an in-process sandbox hands them out."""

import json
from pathlib import Path

import httpx
import pytest

from retell_ai import WebhookRefused, unwrap_webhook
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox import Sandbox
from tool_runtime.sandbox.sample_events import sample_event

REGISTRY = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "registry.json").read_bytes())
HOOK = "https://hooks.example.com/account"
KEY = "key_x"


@pytest.fixture
def sandbox():
    return Sandbox(REGISTRY, examples=True, webhook_url=HOOK)


@pytest.fixture
def api(sandbox):
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(transport=sandbox.transport, base_url="https://api.retellai.com", headers=headers) as client:
        yield client


@pytest.fixture
def place(api):
    def place(to="+14155550199", **more):
        return api.post("/v2/create-phone-call", json={"from_number": "+14155550100", "to_number": to, **more}).json()[
            "call_id"
        ]

    return place


def send(sandbox, statuses=()):
    """Send what is ready, answering with the given statuses and then 204; return the requests."""
    answers = iter(statuses)
    sandbox.advance()
    sent = []
    while ready := sandbox.deliveries.ready():
        for delivery in ready:
            sent.append((delivery, sandbox.deliveries.request(delivery)))
            sandbox.deliveries.report(delivery, next(answers, 204))
    return sent


def events(sent):
    return [json.loads(request.body)["event"] for _, request in sent]


def test_a_call_tells_of_its_start_its_end_and_its_analysis(sandbox, place):
    call = place()
    sandbox.clock.sleep(60)
    sent = send(sandbox)
    mine = [one for one in sent if one[0].record == call]
    assert events(mine) == ["call_started", "call_ended", "call_analyzed"]
    assert {request.url for _, request in mine} == {HOOK}
    bodies = [json.loads(request.body)["call"] for _, request in mine]
    assert [body["call_status"] for body in bodies] == ["ongoing", "ended", "ended"]
    assert ["call_analysis" in body for body in bodies] == [False, False, True]
    assert send(sandbox) == []


def test_a_call_that_reaches_nobody_tells_of_no_start(sandbox, place):
    call = place("+14155550198")
    sandbox.clock.sleep(60)
    assert events(one for one in send(sandbox) if one[0].record == call) == ["call_ended", "call_analyzed"]


def test_a_delivery_bears_the_signature_of_the_key_that_called(sandbox, place):
    place()
    sandbox.clock.sleep(5)
    ((_, request), *_) = send(sandbox)
    event = unwrap_webhook(request.body, request.headers["x-retell-signature"], KEY)
    assert event.name == "call_started"


def test_the_agent_decides_where_its_events_go_and_which(sandbox, api, place):
    api.patch(
        "/update-agent/agent_123",
        json={
            "webhook_url": "https://hooks.example.com/{{customer}}/agent",
            "webhook_events": ["call_ended", "transcript_updated"],
            "webhook_timeout_ms": 3000,
        },
    )
    call = place(retell_llm_dynamic_variables={"customer": "ada"})
    sandbox.clock.sleep(60)
    mine = [one for one in send(sandbox) if one[0].record == call]
    assert sorted(set(events(mine))) == ["call_ended", "transcript_updated"]
    assert {(request.url, request.timeout) for _, request in mine} == {("https://hooks.example.com/ada/agent", 3.0)}


def test_a_transfer_and_a_chat_tell_of_their_events(sandbox, api, place):
    wanted = ["transfer_started", "transfer_bridged", "transfer_ended", "call_ended"]
    api.patch("/update-agent/agent_123", json={"webhook_events": wanted})
    call = place("+14155550191")
    chat = api.post("/create-chat", json={"agent_id": "chat_agent_123"}).json()["chat_id"]
    api.patch(f"/end-chat/{chat}")
    sandbox.clock.sleep(100)
    sent = send(sandbox)
    assert events(one for one in sent if one[0].record == call) == [
        "transfer_started",
        "transfer_bridged",
        "call_ended",
        "transfer_ended",
    ]
    assert events(one for one in sent if one[0].record == chat) == ["chat_started", "chat_ended", "chat_analyzed"]


def test_a_refused_delivery_is_repeated_three_times_and_then_given_up(sandbox, place):
    place()
    sandbox.clock.sleep(4)
    ((delivery, _), *_) = send(sandbox, [500])
    assert delivery.state == "pending"
    assert send(sandbox) == []
    tries = 1
    while delivery.state == "pending":
        sandbox.clock.sleep(30)
        for one in sandbox.deliveries.ready():
            sandbox.deliveries.request(one)
            failed = one is delivery
            sandbox.deliveries.report(one, 503 if failed else 204, None)
            tries += failed
    assert (delivery.state, tries, len(delivery.attempts)) == ("failed", 4, 4)


def test_without_an_address_a_delivery_is_noted_and_not_sent(place, sandbox):
    sandbox.deliveries.url = None
    call = place()
    sandbox.clock.sleep(60)
    sandbox.advance()
    states = {one.state for one in sandbox.deliveries.journal if one.record == call}
    assert states == {"no_address"}


class TestTwists:
    def first_two(self, sandbox):
        return [one for one in sandbox.deliveries.journal if one.url][:2]

    def test_twice(self, sandbox, place):
        sandbox.twist("duplicate", "call_started")
        place()
        sandbox.clock.sleep(5)
        sent = send(sandbox)
        assert events(sent)[:2] == ["call_started", "call_started"]
        assert sent[0][1].body == sent[1][1].body

    def test_late(self, sandbox, place):
        sandbox.twist("late", "call_started", seconds=100)
        call = place()
        sandbox.clock.sleep(60)
        assert events(one for one in send(sandbox) if one[0].record == call) == ["call_ended", "call_analyzed"]
        sandbox.clock.sleep(60)
        assert events(send(sandbox)) == ["call_started"]

    def test_out_of_order(self, sandbox, place):
        sandbox.twist("out_of_order", "call_started", seconds=1000)
        call = place()
        sandbox.clock.sleep(17)
        sandbox.advance()
        sandbox.clock.sleep(1)
        sent = [one for one in send(sandbox) if one[0].record == call]
        assert events(sent) == ["call_ended", "call_started"]

    @pytest.mark.parametrize(("kind", "reason"), [("wrong_signature", "mismatch"), ("stale_signature", "expired")])
    def test_a_signature_that_must_be_refused(self, sandbox, place, kind, reason):
        sandbox.twist(kind)
        place()
        sandbox.clock.sleep(5)
        ((_, request), *_) = send(sandbox)
        with pytest.raises(WebhookRefused) as refused:
            unwrap_webhook(request.body, request.headers["x-retell-signature"], KEY)
        assert refused.value.reason == reason

    @pytest.mark.parametrize(
        "wrong", [{"kind": "twice"}, {"kind": "late", "times": 0}, {"kind": "late", "event": "call_stated"}]
    )
    def test_what_could_never_happen_is_refused(self, sandbox, wrong):
        with pytest.raises(ConfigurationError):
            sandbox.twist(**wrong)


def test_a_delivery_is_sent_again_on_demand(sandbox, place):
    place()
    sandbox.clock.sleep(5)
    ((delivery, request), *_) = send(sandbox)
    again = sandbox.deliveries.resend(delivery.number, "https://other.example.com/")
    ((_, second),) = send(sandbox)
    assert (second.url, second.body, again.again_of) == ("https://other.example.com/", request.body, delivery.number)
    assert sandbox.deliveries.resend(9999) is None


@pytest.mark.parametrize("event", sorted(REGISTRY["webhooks"]["events"]))
def test_every_event_can_be_made_up_and_fits_its_type(sandbox, event):
    import jsonschema

    payload = sample_event(sandbox.registry, event, {"call.metadata.order": 7})
    assert payload["event"] == event
    assert payload["call"]["metadata"]["order"] == 7
    schema = REGISTRY["webhooks"]["events"][event]["payload"]
    jsonschema.validate(payload, {**schema, "types": REGISTRY["types"]})


def test_an_unknown_event_is_refused_with_the_nearest():
    with pytest.raises(ConfigurationError) as refused:
        sample_event(Sandbox(REGISTRY).registry, "call_endet", {})
    assert "call_ended" in str(refused.value)
