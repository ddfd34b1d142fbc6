"""Arguments: every fault at once, with its place and the nearest right thing; nothing is sent unless all is right."""

import json
from enum import Enum

import httpx
import pytest

from tool_runtime.errors import BadRequest, ConfigurationError, InvalidArguments, UnknownTool

DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}


def faults(client, tool, arguments, **options):
    with pytest.raises(InvalidArguments) as caught:
        client.call(tool, arguments, **options)
    return {(fault.path, fault.code): fault for fault in caught.value.faults}


@pytest.mark.parametrize(
    "name",
    [
        "create_phone_call",
        "create_call",
        "retell_ai_create_call",
        "retell-ai.retell_ai_create_call",
        "retell-ai.create_call",
    ],
)
def test_every_name_of_a_tool_is_the_same_tool(recorded, wire, name):
    recorded.call(name, DIAL)

    assert wire.requests[0].url.path == "/v2/create-phone-call"


def test_an_unknown_tool_is_answered_with_the_nearest_names(recorded):
    with pytest.raises(UnknownTool) as caught:
        recorded.call("create_fone_call", {})

    assert caught.value.nearest[0] == "create_phone_call"


def test_all_faults_are_told_at_once_and_nothing_is_sent(recorded, wire):
    found = faults(recorded, "create_phone_call", {"agnt_id": "a", "from_number": 5, "honor_internal_dnc": "yes"})

    assert set(found) == {
        ("agnt_id", "unknown"),
        ("from_number", "type"),
        ("honor_internal_dnc", "type"),
        ("agent_id", "missing"),
        ("to_number", "missing"),
    }
    assert found["agnt_id", "unknown"].nearest == "agent_id"
    assert wire.requests == []


def test_a_value_that_is_not_allowed_is_answered_with_the_allowed_ones_and_the_nearest(recorded):
    fault = faults(recorded, "list_agents", {"sort_order": "asending"})["sort_order", "value"]

    assert fault.allowed == ("ascending", "descending")
    assert fault.nearest == "ascending"


def test_a_wire_name_is_a_spelling_of_its_argument(recorded, wire):
    recorded.call(
        "create_phone_call",
        {"override_agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"},
    )

    assert wire.bodies[0]["override_agent_id"] == "agent_1"


def test_keys_of_a_spread_argument_count_as_arguments_and_unknown_ones_go_through(recorded, wire):
    options = {"from_number": "+14155550100", "to_number": "+14155550199", "brand_new_field": [1]}

    recorded.create_phone_call(agent_id="agent_1", options=options)

    assert wire.bodies[0]["brand_new_field"] == [1]
    assert wire.bodies[0]["to_number"] == "+14155550199"


def test_a_key_of_a_spread_argument_is_validated_where_the_spec_knows_it(recorded):
    arguments = {"agent_id": "agent_1", "from_number": "+14155550100", "options": {"to_number": 7}}

    assert set(faults(recorded, "create_phone_call", arguments)) == {("options.to_number", "type")}


def test_an_argument_given_twice_with_two_values_is_a_conflict(recorded):
    found = faults(recorded, "create_phone_call", {**DIAL, "options": {"override_agent_id": "agent_2"}})

    assert ("options.override_agent_id", "conflict") in found


def test_a_string_that_holds_the_object_that_is_due_is_decoded(recorded, wire):
    recorded.create_phone_call(
        **DIAL, retell_llm_dynamic_variables='{"name": "Ada"}', options='{"honor_internal_dnc": true}'
    )

    assert wire.bodies[0]["retell_llm_dynamic_variables"] == {"name": "Ada"}
    assert wire.bodies[0]["honor_internal_dnc"] is True


def test_nothing_else_is_coerced(recorded):
    found = faults(recorded, "list_calls", {"limit": "10", "include_total": 1, "sort_order": None})

    assert set(found) == {("limit", "type"), ("include_total", "type"), ("sort_order", "type")}


def test_none_is_null_and_absent_is_absent(recorded, wire):
    recorded.update_phone_number(phone_number="+14155550100", nickname=None)

    assert wire.bodies[0] == {"nickname": None}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", object(), {1: "a"}, "\ud800"])
def test_what_json_cannot_hold_is_refused_with_its_place(recorded, wire, value):
    (fault,) = faults(recorded, "create_phone_call", {**DIAL, "metadata": {"deep": [value]}}).values()

    assert fault.path.startswith("metadata.deep[0]")
    assert wire.requests == []


def test_endless_nesting_is_refused(recorded):
    deep: dict[str, object] = {}
    deep["self"] = deep

    assert faults(recorded, "create_phone_call", {**DIAL, "metadata": deep})


def test_the_callers_own_objects_are_not_changed(recorded):
    arguments = {**DIAL, "options": {"metadata": '{"a": 1}'}}
    before = json.dumps(arguments)

    recorded.call("create_phone_call", arguments, request_options={"retries": 0})

    assert json.dumps(arguments) == before


def test_validation_can_be_lifted_for_values_that_the_api_knows_and_the_spec_does_not(recorded, wire):
    recorded.list_agents(sort_order="newest", request_options={"validate": False})

    assert wire.requests[0].url.params["sort_order"] == "newest"


def test_lifted_validation_still_guards_paths_and_names(recorded):
    found = faults(recorded, "get_call", {"call_id": "..", "cal": 1}, request_options={"validate": False})

    assert set(found) == {("call_id", "value"), ("cal", "unknown")}


def test_extras_of_one_call_reach_the_wire(recorded, wire):
    options = {"extra_headers": {"X-Trace": "t1"}, "extra_query": {"beta": True}, "extra_body": {"novel": 1}}

    recorded.update_call(call_id="call_1", request_options=options)

    request = wire.requests[0]
    assert (request.headers["x-trace"], request.url.query, wire.bodies[0]) == (
        "t1",
        b"beta=true",
        {"novel": 1},
    )


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": "5"},
        {"retries": -1},
        {"retries": True},
        {"tries": 3},
        {"validate": "no"},
        [],
        {"extra_headers": {"Authorization": "Bearer other"}},
        {"extra_headers": {"Host": "evil"}},
        {"extra_headers": {"Content-Type": "text/plain"}},
        {"extra_headers": {"content-encoding": "gzip"}},
        {"extra_headers": {"Accept-Encoding": "br"}},
        {"extra_headers": {"Proxy-Authorization": "Basic x"}},
        {"extra_headers": {"X-HTTP-Method-Override": "DELETE"}},
        {"extra_headers": {"Expect": "100-continue"}},
        {"extra_headers": {"X": "a\r\nb"}},
        {"extra_headers": {"X Y": "a"}},
        {"extra_body": []},
        {"extra_body": {"a": float("nan")}},
    ],
)
def test_request_options_are_checked_like_arguments(recorded, wire, options):
    found = faults(recorded, "update_call", {"call_id": "call_1"}, request_options=options)

    assert all(path.startswith("request_options") for path, _ in found)
    assert wire.requests == []


def test_friendly_filters_become_the_apis_filter_objects(recorded, wire):
    recorded.list_calls(
        filter={
            "agent_id": "agent_1",
            "status": ["ended", "error"],
            "start_timestamp": [1, 2],
            "duration_ms": 5,
            "in_voicemail": True,
        }
    )

    assert wire.bodies[0] == {
        "filter_criteria": {
            "agent": [{"agent_id": "agent_1"}],
            "call_status": {"type": "enum", "op": "in", "value": ["ended", "error"]},
            "start_timestamp": {"type": "range", "op": "bt", "value": [1, 2]},
            "duration_ms": {"type": "number", "op": "eq", "value": 5},
            "in_voicemail": {"type": "boolean", "op": "eq", "value": True},
        }
    }


def test_the_apis_own_filter_objects_pass_and_mix_with_friendly_ones(recorded, wire):
    raw = {"type": "number", "op": "gt", "value": 60_000}

    recorded.list_calls(
        filter={"agent": [{"agent_id": "agent_1", "version": [2]}], "duration_ms": raw, "status": "ended"}
    )

    sent = wire.bodies[0]["filter_criteria"]
    assert (sent["agent"], sent["duration_ms"]) == ([{"agent_id": "agent_1", "version": [2]}], raw)
    assert sent["call_status"]["value"] == ["ended"]


def test_a_wrong_filter_is_told_in_the_callers_words(recorded):
    found = faults(recorded, "list_calls", {"filter": {"status": 5, "agnt_id": "x", "start_timestamp": [1]}})

    assert {path for path, _ in found} >= {"filter.status", "filter.agnt_id"}
    assert found["filter.agnt_id", "unknown"].nearest == "agent_id"


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({}, {"channel": {"type": "string", "op": "eq", "value": "voice"}}),
        (
            {"filter": {"query": "sales"}},
            {"query": "sales", "channel": {"type": "string", "op": "eq", "value": "voice"}},
        ),
        ({"filter": {"channel": "chat"}}, {"channel": {"type": "string", "op": "eq", "value": "chat"}}),
        ({"filter": {"channel": None}}, {}),
    ],
)
def test_agents_are_voice_agents_unless_asked_otherwise(recorded, wire, arguments, sent):
    recorded.list_agents(**arguments)

    assert wire.bodies[0] == {"filter_criteria": sent}


def test_a_single_agent_of_a_phone_number_becomes_the_weighted_list(recorded, wire):
    recorded.update_phone_number(
        phone_number="+14155550100", data={"inbound_agent_id": "agent_1", "outbound_agent_id": None}
    )

    assert wire.bodies[0] == {
        "inbound_agents": [{"agent_id": "agent_1", "weight": 1}],
        "outbound_agents": None,
    }


def test_skip_and_pagination_key_exclude_each_other(recorded):
    assert any(code == "conflict" for _, code in faults(recorded, "list_calls", {"skip": 1, "pagination_key": "k"}))


def test_secret_values_do_not_show_in_faults(recorded):
    with pytest.raises(InvalidArguments) as caught:
        recorded.update_phone_number(phone_number="+14155550100", auth_password=["hunter2"], nickname=7)

    assert "hunter2" not in str(caught.value) + repr(caught.value.to_dict())


def test_a_fault_inside_a_union_speaks_of_the_branch_that_was_meant(recorded):
    engine = {"type": "retell-llm"}

    found = faults(recorded, "create_agent", {"voice_id": "v", "response_engine": engine})

    assert set(found) == {("response_engine.llm_id", "missing")}


def test_a_tag_that_fits_no_branch_of_a_union_is_answered_with_all_the_tags(recorded):
    found = faults(recorded, "create_agent", {"voice_id": "v", "response_engine": {"type": "retel-llm", "llm_id": "l"}})

    fault = found["response_engine.type", "value"]
    assert fault.nearest == "retell-llm"
    assert set(fault.allowed) == {"retell-llm", "custom-llm", "conversation-flow"}


def test_a_generic_write_sends_the_body_that_it_is_given_and_none_where_it_is_given_none(recorded, wire):
    recorded.api_post(path="/repair-agent/agent_1")
    recorded.api_post(path="/create-retell-llm", body={"general_prompt": "x"})
    recorded.api_delete(path="/delete-agent/agent_1")

    assert [request.content for request in wire.requests] == [b"", b'{"general_prompt":"x"}', b""]


def test_a_secret_that_the_other_side_repeats_does_not_show_in_the_error(recorded, wire):
    wire.script = [httpx.Response(400, json={"message": "password hunter2-long is too weak"})]

    with pytest.raises(BadRequest) as caught:
        recorded.update_phone_number(phone_number="+14155550100", auth_password="hunter2-long")

    assert "hunter2" not in str(caught.value) + repr(caught.value.to_dict())
    assert "too weak" in str(caught.value)


def test_nested_secrets_are_masked_in_previews(recorded):
    tool = {
        "type": "custom",
        "name": "crm",
        "url": "https://crm.example",
        "headers": {"x-token": "hunter2"},
        "speak_after_execution": True,
    }

    shown = recorded.preview("create_retell_llm", {"general_tools": [tool]})

    assert "hunter2" not in repr(shown)
    assert "crm.example" in repr(shown)


class Order(str, Enum):  # noqa: UP042 - StrEnum shows its value by itself; this older kind does not
    DOWN = "descending"


def test_a_member_of_an_enumeration_is_its_value(recorded, wire):
    recorded.list_phone_numbers(sort_order=Order.DOWN)
    recorded.get_call(call_id=Order.DOWN)

    assert [request.url.raw_path for request in wire.requests] == [
        b"/v2/list-phone-numbers?sort_order=descending",
        b"/v2/get-call/descending",
    ]


def test_an_object_that_holds_itself_twice_is_refused_at_once(recorded):
    tangle: dict[str, object] = {}
    tangle |= {"a": tangle, "b": tangle}

    assert faults(recorded, "update_call", {"call_id": "call_1", "metadata": tangle})


@pytest.mark.parametrize("given", [{}, "{}"])
def test_an_empty_filter_keeps_the_defaults_however_it_is_written(recorded, wire, given):
    recorded.list_agents(filter=given)

    assert "channel" in wire.bodies[0]["filter_criteria"]


def test_entries_of_a_filter_may_be_a_string_that_holds_them(recorded, wire):
    recorded.list_calls(filter={"metadata": '{"customer": "c1"}'})

    assert wire.bodies[0]["filter_criteria"]["metadata"][0]["key"] == "customer"


def test_a_fault_inside_a_friendly_filter_has_the_place_that_the_caller_wrote(recorded):
    found = faults(recorded, "list_calls", {"filter": {"status": "endd", "metadata": {"a": "x", "b": {"type": "odd"}}}})

    assert {path for path, _ in found} == {"filter.status", "filter.metadata.b"}


@pytest.mark.parametrize("value", [["ended"], {"type": "enum", "op": "in", "value": ["ended"]}])
def test_a_slip_in_a_filter_is_told_whatever_it_holds(recorded, wire, value):
    fault = faults(recorded, "list_calls", {"filter": {"stauts": value}})["filter.stauts", "unknown"]

    assert (fault.nearest, wire.requests) == ("status", [])


def test_a_filter_that_only_the_api_knows_goes_through(recorded, wire):
    recorded.list_calls(filter={"brand_new": {"type": "number", "op": "gt", "value": 1}})

    assert wire.bodies[0]["filter_criteria"]["brand_new"]["op"] == "gt"


def test_empty_entries_of_a_filter_may_be_a_string_too(recorded, wire):
    recorded.list_calls(filter={"metadata": "{}"})

    assert wire.bodies[0]["filter_criteria"]["metadata"] == []


def test_arguments_as_a_json_string_are_decoded_like_any_object(recorded, wire):
    recorded.call("get_call", '{"call_id": "call_1"}')

    assert wire.requests[0].url.path == "/v2/get-call/call_1"


@pytest.mark.parametrize(
    ("tool", "arguments", "options"),
    [
        ("get_agent", {"agent_id": "agent_1", "version": 10**5000}, None),
        ("update_call", {"call_id": "call_1"}, {"timeout": float("inf")}),
        ("update_call", {"call_id": "call_1"}, {"extra_query": {"a": "\ud800"}}),
        ("get_call", {"call_id": "call_1"}, {"extra_body": {"a": 1}}),
    ],
)
def test_what_cannot_be_sent_is_a_fault_and_not_an_exception_of_another_kind(recorded, wire, tool, arguments, options):
    with pytest.raises(InvalidArguments):
        recorded.call(tool, arguments, request_options=options)

    assert wire.requests == []


def test_a_query_that_no_url_holds_is_told_before_anything_is_sent(recorded, wire):
    with pytest.raises(ConfigurationError):
        recorded.api_get(path="/x", params={"a": "b" * 70_000})

    assert wire.requests == []


def test_two_arguments_with_one_wire_name_conflict_even_without_validation(recorded, wire):
    both = {"inbound_agent_id": "agent_1", "inbound_agents": [{"agent_id": "agent_2", "weight": 1}]}

    with pytest.raises(InvalidArguments):
        recorded.update_phone_number(phone_number="+14155550100", **both, request_options={"validate": False})

    assert wire.requests == []
