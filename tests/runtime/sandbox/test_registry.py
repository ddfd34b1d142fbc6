"""The sandbox on the registry that is shipped: what callers of the real tools get to see."""

import json
from pathlib import Path

import jsonschema
import pytest

from retell_ai import Client
from tool_runtime import errors
from tool_runtime.sandbox import Sandbox

REGISTRY = json.loads((Path(__file__).parents[3] / "generated" / "retell_ai" / "registry.json").read_bytes())
EXAMPLES = [
    pytest.param(name, example["arguments"], id=f"{name}: {example['title']}")
    for name, tool in REGISTRY["tools"].items()
    for example in tool.get("examples", ())
]
NUMBERS = {"from_number": "+14155550100", "to_number": "+14155550199"}


def check(tool, reply):
    """Validate a reply against what the tool declares to return."""
    schema = REGISTRY["tools"][tool].get("returns", {}).get("schema")
    if schema is None:
        assert reply is None
    else:
        jsonschema.validate(reply, {**schema, "types": REGISTRY["types"]})


@pytest.fixture
def sandbox():
    return Sandbox(REGISTRY, examples=True)


@pytest.fixture
def client(sandbox):
    with Client(sandbox=sandbox, retries=0) as made:
        yield made


@pytest.fixture
def call(client):
    """Place a call and return it."""
    return client.create_phone_call(agent_id="agent_123", metadata={"customer_id": "cus_9"}, **NUMBERS)


@pytest.mark.parametrize(("tool", "arguments"), EXAMPLES)
def test_every_example_runs_and_its_reply_fits_the_type(client, tool, arguments):
    check(tool, client.call(tool, arguments))


def test_every_route_without_a_resource_answers_with_what_its_type_says(sandbox):
    bare = {name for name, tool in REGISTRY["tools"].items() if "resource" not in tool and "{+" not in tool["path"]}
    shared = {name for name in bare if sandbox._routes.by_tool[name].tool != name}
    for name in bare - shared:
        schema = REGISTRY["tools"][name].get("returns", {}).get("schema")
        if schema is not None:
            check(name, sandbox._actions._schemas.sample(schema, name))


def test_every_tool_names_a_resource_and_an_action_that_are_declared():
    verbs = {"create", "get", "list", "update", "replace", "delete", "transition", "fixed"}
    named = [tool["resource"] for tool in REGISTRY["tools"].values() if "resource" in tool]
    assert len(named) > 20
    for one in named:
        assert one["action"] in verbs | REGISTRY["resources"][one["name"]].get("actions", {}).keys()


def test_a_call_rings_talks_ends_and_is_analysed(client, sandbox, call):
    seen = [call["call_status"]]
    for seconds in (4, 12, 5):
        sandbox.clock.sleep(seconds)
        call = client.get_call(call_id=call["call_id"])
        check("get_call", call)
        seen.append(call["call_status"])
    assert seen == ["registered", "ongoing", "ended", "ended"]
    assert call["transcript"].startswith("Agent: Hello, this is the front desk.")
    assert call["duration_ms"] == call["end_timestamp"] - call["start_timestamp"] == 12_000
    assert call["call_analysis"]["call_successful"] is True


def test_the_waiters_see_the_end_and_the_analysis(client, call):
    assert client.wait.call_ended(call_id=call["call_id"])["call_status"] == "ended"
    assert client.wait.call_analyzed(call_id=call["call_id"])["call_analysis"]["user_sentiment"] == "Positive"


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        ("+14155550195", "error", "error_no_audio_received"),
        ("+14155550196", "ended", "voicemail_reached"),
        ("+14155550197", "not_connected", "dial_no_answer"),
        ("+14155550198", "not_connected", "dial_busy"),
    ],
)
def test_the_number_that_is_called_decides_how_a_call_ends(client, number, status, reason):
    call = client.create_phone_call(agent_id="agent_123", from_number="+14155550100", to_number=number)
    ended = client.wait.call_ended(call_id=call["call_id"])
    assert (ended["call_status"], ended["disconnection_reason"]) == (status, reason)
    check("get_call", ended)


def test_only_an_ongoing_call_is_stopped(client, sandbox, call):
    with pytest.raises(errors.BadRequest, match="registered"):
        client.stop_call(call_id=call["call_id"])
    sandbox.clock.sleep(5)
    client.stop_call(call_id=call["call_id"])
    assert client.get_call(call_id=call["call_id"])["disconnection_reason"] == "manual_stopped"


def test_only_a_call_that_is_over_is_changed(client, call):
    with pytest.raises(errors.BadRequest, match="when it is over"):
        client.update_call(call_id=call["call_id"], metadata={})
    client.wait.call_ended(call_id=call["call_id"])
    assert client.update_call(call_id=call["call_id"], metadata={"a": 1})["metadata"] == {"a": 1}


def test_custom_attributes_are_found_though_no_answer_shows_them(client):
    client.update_call(call_id="call_123", custom_attributes={"reviewed": True})
    rows = client.list_calls(filter={"custom_attributes": {"reviewed": True}})["items"]
    assert [row["call_id"] for row in rows] == ["call_123"]


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"agent_id": "agent_123"}, True),
        ({"agent_id": "agent_9"}, False),
        ({"agent": [{"agent_id": "agent_123", "version": [0, 1]}]}, True),
        ({"agent": [{"agent_id": "agent_123", "version": [7]}]}, False),
        ({"status": "ended"}, True),
        ({"status": ["error", "not_connected"]}, False),
        ({"duration_ms": [70_000, 80_000]}, True),
        ({"combined_cost": {"type": "number", "op": "gt", "value": 7}}, True),
        ({"call_successful": True}, True),
        ({"user_sentiment": "Negative"}, False),
        ({"custom_analysis_data": {"rating": 5}}, True),
        ({"metadata": {"customer_id": "cus_123"}}, True),
        ({"tool_calls": "end_call"}, True),
        ({"tool_calls": ["end_call", "transfer"]}, False),
        ({"to_number": {"type": "string", "op": "ew", "value": "0199"}}, True),
        ({"e2e_latency_p50": 780}, True),
    ],
)
def test_a_filter_of_calls_finds_what_it_names(client, criteria, found):
    rows = client.list_calls(filter=criteria)["items"]
    assert ("call_123" in [row["call_id"] for row in rows]) is found


def test_list_items_lack_the_transcripts(client):
    assert all("transcript" not in row for row in client.list_calls()["items"])


def test_calls_come_in_pages(client, call):
    rows = list(client.iter.list_calls(limit=1))
    assert [row["call_id"] for row in rows] == [call["call_id"], "call_456", "call_123"]


def test_a_call_of_an_unknown_agent_or_number_is_unprocessable(client):
    with pytest.raises(errors.APIError) as agent:
        client.create_phone_call(agent_id="agent_9", **NUMBERS)
    with pytest.raises(errors.APIError) as number:
        client.create_phone_call(agent_id="agent_123", from_number="+14155550150", to_number="+14155550199")
    assert (agent.value.status, number.value.status) == (422, 422)


def test_a_number_that_is_not_e164_is_refused_unless_that_is_waved(client):
    arguments = {"agent_id": "agent_123", "from_number": "+14155550100", "to_number": "555-0199"}
    with pytest.raises(errors.BadRequest, match=r"E\.164"):
        client.create_phone_call(**arguments)
    assert client.create_phone_call(**arguments, ignore_e164_validation=True)["to_number"] == "555-0199"


def test_a_repeated_dial_with_its_key_is_one_call(client, sandbox):
    made = [client.create_phone_call(agent_id="agent_123", idempotency_key="k", **NUMBERS) for _ in range(2)]
    assert made[0]["call_id"] == made[1]["call_id"]
    assert len(sandbox.records("call")) == 3


def test_more_calls_than_the_concurrency_limit_are_rate_limited(client, sandbox, call):
    limits = client.get_concurrency()
    sandbox.put("concurrency", {"concurrency_limit": limits["current_concurrency"]})
    with pytest.raises(errors.RateLimited):
        client.create_phone_call(agent_id="agent_123", **NUMBERS)


def test_an_agent_of_an_unknown_voice_or_llm_is_unprocessable(client):
    engine = {"type": "retell-llm", "llm_id": "llm_9"}
    with pytest.raises(errors.APIError, match="llm_9"):
        client.create_agent(voice_id="11labs-Adrian", response_engine=engine)
    with pytest.raises(errors.APIError, match="voice_9"):
        client.create_agent(voice_id="voice_9", prompt="Be brief.")


def test_an_agent_whose_llm_is_gone_can_still_be_renamed(client):
    client.delete_retell_llm(llm_id="llm_456", force_delete=True)
    assert client.update_agent(agent_id="agent_123", agent_name="New")["agent_name"] == "New"


def test_an_llm_in_use_is_deleted_by_force_only(client):
    with pytest.raises(errors.APIError, match="still uses") as refused:
        client.delete_retell_llm(llm_id="llm_456")
    assert refused.value.status == 422


def test_a_listed_agent_is_a_summary(client):
    assert client.list_agents()["items"] == [
        {
            "agent_id": "agent_123",
            "agent_name": "Scheduling Agent",
            "channel": "voice",
            "is_suspended": False,
            "is_transfer_agent": False,
            "tags": {},
            "user_modified_timestamp": 1_767_096_000_000,
        }
    ]


def test_a_number_takes_its_agent_in_the_new_form_only(client):
    bound = client.update_phone_number(phone_number="+14155550100", inbound_agent_id="agent_123")
    assert bound["inbound_agents"] == [{"agent_id": "agent_123", "weight": 1}]
    with pytest.raises(errors.BadRequest, match="no longer taken"):
        client.api_patch(path="/update-phone-number/+14155550100", body={"inbound_agent_id": "agent_123"})


def test_a_number_bound_to_no_agent_that_exists_is_unprocessable(client):
    with pytest.raises(errors.APIError, match="agent_9"):
        client.update_phone_number(phone_number="+14155550100", inbound_agent_id="agent_9")


def test_a_lost_answer_is_found_again_by_its_key(sandbox):
    sandbox.fail("create_phone_call", "lose_answer")
    with Client(sandbox=sandbox) as client:
        client.create_phone_call(agent_id="agent_123", **NUMBERS)
    keys = [one.body["idempotency_key"] for one in sandbox.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(sandbox.records("call")) == 3


def test_an_unknown_endpoint_is_not_found_in_the_apis_error_shape(client):
    with pytest.raises(errors.NotFound, match="Cannot GET /list-something-new"):
        client.api_get(path="/list-something-new")
