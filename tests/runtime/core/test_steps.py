"""Composed tools: what a later step's failure leaves behind, and what a reader of several sources gets."""

import httpx
import pytest

from tool_runtime.errors import APIError, BadRequest, InvalidArguments, OutcomeUnknown, UnreadableReply

LLM = {"llm_id": "llm_9"}
AGENT = {"agent_id": "agent_9"}
NEW = {"voice_id": "11labs-Adrian", "prompt": "Be brief."}


def answer(status, body=None):
    return httpx.Response(status, json=body) if body is not None else httpx.Response(status)


def paths(wire):
    return [(request.method, request.url.path) for request in wire.requests]


def test_an_agent_from_a_prompt_is_an_llm_and_then_an_agent_that_uses_it(recorded, wire):
    wire.script = [answer(201, LLM), answer(201, AGENT)]

    assert recorded.create_agent(**NEW, options={"agent_name": "Front desk"}) == AGENT

    assert paths(wire) == [("POST", "/create-retell-llm"), ("POST", "/create-agent")]
    assert wire.bodies[0] == {"general_prompt": "Be brief.", "start_speaker": "agent"}
    assert wire.bodies[1] == {
        "voice_id": "11labs-Adrian",
        "agent_name": "Front desk",
        "response_engine": {"type": "retell-llm", "llm_id": "llm_9"},
    }


def test_an_agent_with_an_engine_of_its_own_is_one_request(recorded, wire):
    engine = {"type": "retell-llm", "llm_id": "llm_1"}

    recorded.create_agent(voice_id="11labs-Adrian", response_engine=engine)

    assert paths(wire) == [("POST", "/create-agent")]


@pytest.mark.parametrize("more", [{}, {"prompt": "x", "response_engine": {"type": "retell-llm", "llm_id": "llm_1"}}])
def test_an_agent_needs_a_prompt_or_an_engine_and_not_both(recorded, wire, more):
    with pytest.raises(InvalidArguments):
        recorded.create_agent(voice_id="11labs-Adrian", **more)

    assert wire.requests == []


@pytest.mark.parametrize("status", [400, 402, 422, 429, 500])
def test_an_agent_that_is_refused_leaves_no_orphan_llm(recorded, wire, status):
    refusal = answer(status, {"status": "error", "message": "no"})
    wire.script = [answer(201, LLM), *([refusal] * (3 if status == 429 else 1)), answer(204)]

    with pytest.raises(APIError) as caught:
        recorded.create_agent(**NEW)

    assert paths(wire)[-1] == ("DELETE", "/delete-retell-llm/llm_9")
    assert caught.value.status == status
    assert caught.value.leftovers == ()


def test_an_undo_that_fails_names_what_is_left_and_keeps_the_first_error(recorded, wire):
    wire.script = [answer(201, LLM), answer(400, {"message": "no"}), answer(500, {"message": "later"})]

    with pytest.raises(BadRequest) as caught:
        recorded.create_agent(**NEW)

    (left,) = caught.value.leftovers
    assert left["undo"] == {"tool": "delete_retell_llm", "arguments": {"llm_id": "llm_9"}}
    assert caught.value.to_dict()["leftovers"] == [left]


def test_an_agent_whose_answer_is_lost_may_use_its_llm_which_is_kept_and_named(recorded, wire):
    wire.script = [answer(201, LLM), httpx.ReadTimeout("slow")]

    with pytest.raises(OutcomeUnknown) as caught:
        recorded.create_agent(**NEW)

    assert len(wire.requests) == 2
    assert caught.value.leftovers[0]["undo"]["arguments"] == {"llm_id": "llm_9"}


def test_a_step_whose_answer_lacks_what_the_next_needs_stops_the_tool(recorded, wire):
    wire.script = [answer(201, {"odd": True})]

    with pytest.raises(OutcomeUnknown) as caught:
        recorded.create_agent(**NEW)

    assert len(wire.requests) == 1
    assert (caught.value.tool, caught.value.within) == ("create_retell_llm", "create_agent")
    assert "create_agent may have happened" not in str(caught.value)
    assert [left["tool"] for left in caught.value.leftovers] == ["create_retell_llm"]


@pytest.mark.parametrize("named", [None, "", " ", "..", True, {}, {"id": "llm_9"}, ["llm_9"]])
def test_a_step_that_is_answered_with_no_name_of_a_record_stops_the_tool(recorded, wire, named):
    wire.script = [answer(201, {"llm_id": named})]

    with pytest.raises(OutcomeUnknown) as caught:
        recorded.create_agent(**NEW)

    assert len(wire.requests) == 1
    assert caught.value.leftovers[0]["reason"] == "the answer of create_retell_llm does not name what was made"


def test_the_current_user_gathers_key_agents_and_concurrency(recorded, wire):
    wire.script = [
        answer(200, {"org_id": "org_1", "org_name": "Ada"}),
        answer(200, {"items": [], "has_more": False}),
        answer(200, {"current_concurrency": 0}),
    ]

    user = recorded.get_current_user()

    assert user["org_name"] == "Ada"
    assert user["agents"] == {"items": [], "has_more": False}
    assert user["concurrency"] == {"current_concurrency": 0}


def test_a_part_that_cannot_be_gathered_is_null_and_says_why(recorded, wire):
    wire.script = [
        answer(200, {"org_id": "org_1"}),
        answer(400, {"message": "no agents here"}),
        answer(200, {}),
    ]

    user = recorded.get_current_user()

    assert user["agents"] is None
    assert "no agents here" in user["unavailable"]["agents"]


def test_a_preview_of_a_composed_tool_shows_every_step_and_sends_nothing(recorded, wire):
    shown = recorded.preview("create_agent", NEW)

    assert shown["before"][0]["body"] == {"general_prompt": "Be brief.", "start_speaker": "agent"}
    assert shown["body"]["response_engine"] == {"type": "retell-llm", "llm_id": "$llm.llm_id"}
    assert shown["headers"]["Authorization"] == "Bearer ***"
    assert wire.requests == []


def test_a_preview_masks_secret_values(recorded):
    shown = recorded.preview("update_phone_number", {"phone_number": "+14155550100", "auth_password": "hunter2"})

    assert shown["body"]["auth_password"] == "***"


def test_an_agent_that_was_redirected_may_exist_and_its_llm_is_kept(recorded, wire):
    wire.script = [answer(201, LLM), httpx.Response(302, headers={"location": "/elsewhere"})]

    with pytest.raises(OutcomeUnknown) as caught:
        recorded.create_agent(**NEW)

    assert len(wire.requests) == 2
    assert caught.value.leftovers[0]["undo"]["tool"] == "delete_retell_llm"


@pytest.mark.parametrize("odd", [[1], "text", None])
def test_an_answer_to_gather_into_has_to_be_an_object(recorded, wire, odd):
    wire.script = [httpx.Response(200, json=odd)]

    with pytest.raises(UnreadableReply):
        recorded.get_current_user()
