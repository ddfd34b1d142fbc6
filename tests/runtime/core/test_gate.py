"""The gate: every tool that is about to be sent is decided on, with everything that goes out, and only True is yes."""

import asyncio

import httpx
import pytest
from loopback import FreeClock

from retell_ai import AsyncClient, Client, InvalidArguments, PolicyRefused
from tool_runtime.core.account import Policy
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError
from tool_runtime.surfaces.common.client import Client as NamedClient

DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
ASK = Policy(write="ask")

TEXT = {"type": "string"}


def tool(name, **entry):
    return {
        "full_name": f"bell_{name}",
        "group": "bells",
        "class": "write",
        "method": "POST",
        "path": f"/{name}",
        "body": "json",
        "parameters": {"who": {"in": "body", "schema": TEXT}},
        **entry,
    }


STEPS = {"before": [{"id": "first", "tool": "buy", "with": {"who": "$who"}}]}
BELLS = {
    "registry": 1,
    "api": {"name": "bells", "slug": "bells", "title": "Bells", "environment": "BELLS"},
    "server": {"base_url": "https://bells.example"},
    "auth": {"in": "header", "name": "Authorization", "prefix": "Bearer "},
    "tools": {
        "buy": tool("buy", effects=["spend"]),
        "ring": tool("ring", effects=["dial"], steps=STEPS),
        "note": tool("note", steps={"before": [{"id": "inner", "tool": "ring", "with": {"who": "$who"}}]}),
        "plain": tool("plain", steps={"before": [{"id": "inner", "tool": "jot", "with": {"who": "$who"}}]}),
        "jot": tool("jot"),
    },
}


@pytest.fixture
def asked():
    return []


def bells(wire, policy, confirm=None, **options):
    registry = Registry(BELLS)
    return NamedClient(
        "key_x",
        registry=registry,
        http_client=wire.client(),
        policy=policy,
        confirm=confirm,
        clock=FreeClock(),
        **options,
    )


def paths(wire):
    return [request.url.path for request in wire.requests]


@pytest.mark.parametrize("answer", ["yes", "no", 1, 0, None, False, object(), [True], "True"])
def test_only_true_is_yes(wire, answer):
    client = Client("key_x", http_client=wire.client(), policy=ASK, confirm=lambda _: answer)

    with pytest.raises(PolicyRefused):
        client.create_phone_call(**DIAL)

    assert wire.requests == []


def ask_async(wire, confirm):
    async def run():
        transport = httpx.AsyncClient(transport=httpx.MockTransport(wire.handle))
        async with transport, AsyncClient("key_x", http_client=transport, policy=ASK, confirm=confirm) as client:
            return await client.create_phone_call(**DIAL)

    return asyncio.run(run())


@pytest.mark.parametrize("answer", [False, "no", None])
def test_a_coroutine_that_does_not_say_true_lets_nothing_out(wire, answer):
    async def confirm(invocation):
        await asyncio.sleep(0)
        return answer

    with pytest.raises(PolicyRefused):
        ask_async(wire, confirm)

    assert wire.requests == []


def test_a_coroutine_that_says_true_lets_the_call_out(wire):
    async def confirm(invocation):
        await asyncio.sleep(0)
        return True

    ask_async(wire, confirm)

    assert len(wire.requests) == 1


def test_a_plain_function_may_answer_an_awaiting_client(wire):
    ask_async(wire, lambda invocation: True)

    assert len(wire.requests) == 1


class Asks:
    async def __call__(self, invocation):
        return True


async def asks(invocation):
    return True


@pytest.mark.parametrize("confirm", [asks, Asks(), "yes", True])
def test_a_blocking_client_refuses_what_it_cannot_ask(confirm):
    with pytest.raises(ConfigurationError):
        Client("key_x", policy=ASK, confirm=confirm)


def test_a_blocking_client_refuses_an_answer_that_has_to_be_awaited(wire):
    client = Client("key_x", http_client=wire.client(), policy=ASK, confirm=lambda call: [asks(call)][0])

    with pytest.raises(ConfigurationError):
        client.create_phone_call(**DIAL)

    assert wire.requests == []


def test_who_raises_instead_of_answering_lets_nothing_out(wire):
    def confirm(invocation):
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError):
        Client("key_x", http_client=wire.client(), policy=ASK, confirm=confirm).create_phone_call(**DIAL)

    assert wire.requests == []


def test_nobody_to_ask_is_no(wire):
    with pytest.raises(PolicyRefused):
        Client("key_x", http_client=wire.client(), policy=ASK).create_phone_call(**DIAL)

    assert wire.requests == []


def test_what_is_shown_is_everything_that_goes_out(wire, asked):
    client = Client("key_x", http_client=wire.client(), policy=ASK, confirm=lambda call: asked.append(call) or True)
    options = {"extra_headers": {"X-Trace": "t"}, "extra_query": {"beta": 1}, "extra_body": {"novel": True}}

    client.create_phone_call(**DIAL, options={"unheard_of": "x"}, request_options=options)

    (call,) = asked
    assert call.request["body"] == {
        "override_agent_id": "agent_1",
        "from_number": "+14155550100",
        "to_number": "+14155550199",
        "unheard_of": "x",
        "novel": True,
    }
    assert (call.request["query"], call.request["headers"]) == ("beta=1", {"X-Trace": "t"})
    sent = {name: value for name, value in wire.bodies[0].items() if name != "idempotency_key"}
    assert sent == call.request["body"]


def test_secrets_are_not_shown_to_who_is_asked(wire, asked):
    client = Client(
        "key_canary", http_client=wire.client(), policy=ASK, confirm=lambda call: asked.append(call) or True
    )
    options = {"extra_headers": {"X-Auth-Token": "token_canary"}}

    client.update_phone_number(phone_number="+14155550100", auth_password="word_canary", request_options=options)

    assert "canary" not in repr([(call, call.arguments, call.request) for call in asked])
    assert "word_canary" in wire.requests[0].content.decode()


def test_a_list_that_changes_while_somebody_is_asked_is_sent_as_it_was(wire):
    variables, texts = {"name": "Ada"}, ["a"]

    def confirm(call):
        variables["name"] = "Eve"
        texts.append("b")
        return True

    client = Client("key_x", http_client=wire.client(), policy=ASK, confirm=confirm)
    client.create_phone_call(**DIAL, retell_llm_dynamic_variables=variables, metadata={"tags": texts})

    assert wire.bodies[0]["retell_llm_dynamic_variables"] == {"name": "Ada"}
    assert wire.bodies[0]["metadata"] == {"tags": ["a"]}


def test_a_yes_covers_the_steps_whose_effects_it_named(wire, asked):
    client = bells(wire, ASK, lambda call: asked.append(call) or True)

    client.call("ring", {"who": "Ada"})

    assert [(call.tool, set(call.effects), call.steps) for call in asked] == [("ring", {"dial", "spend"}, ("buy",))]
    assert paths(wire) == ["/buy", "/ring"]


def test_the_effects_of_steps_of_steps_are_named_too(wire, asked):
    client = bells(wire, ASK, lambda call: asked.append(call) or True)

    client.call("note", {"who": "Ada"})

    assert [set(call.effects) for call in asked] == [{"dial", "spend"}]
    assert paths(wire) == ["/buy", "/ring", "/note"]


@pytest.mark.parametrize("name", ["ring", "note"])
def test_a_step_whose_effect_is_denied_stops_the_tool_and_nothing_after_it_is_sent(wire, name):
    with pytest.raises(PolicyRefused) as caught:
        bells(wire, Policy(spend="deny")).call(name, {"who": "Ada"})

    assert (caught.value.tool, caught.value.within) == ("buy", name)
    assert wire.requests == []


def test_steps_are_asked_for_where_only_their_effect_asks(wire, asked):
    client = bells(wire, Policy(spend="ask"), lambda call: asked.append(call) or True)

    client.call("ring", {"who": "Ada"})

    assert [(call.tool, call.within) for call in asked] == [("buy", None)]


def test_no_to_a_step_is_no_to_the_tool(wire):
    with pytest.raises(PolicyRefused):
        bells(wire, Policy(spend="ask"), lambda call: False).call("ring", {"who": "Ada"})

    assert wire.requests == []


def test_force_lifts_ask_and_not_deny(wire):
    bells(wire, ASK, force=True).call("buy", {"who": "Ada"})
    with pytest.raises(PolicyRefused):
        bells(wire, Policy(spend="deny"), force=True).call("buy", {"who": "Ada"})

    assert paths(wire) == ["/buy"]


def test_a_read_is_judged_by_the_policy_of_reads(wire):
    with pytest.raises(PolicyRefused):
        Client("key_x", http_client=wire.client(), policy=Policy(read="deny")).list_voices()

    assert wire.requests == []


@pytest.mark.parametrize("name", ["create_phone_call", "list_voices"])
def test_the_sandbox_obeys_a_policy_that_was_set(name):
    client = Client(sandbox=True, policy=Policy(read="deny", write="deny"))

    with pytest.raises(PolicyRefused):
        client.call(name, DIAL if name == "create_phone_call" else {})


def test_the_sandbox_obeys_the_policy_of_an_account():
    accounts = {"strict": {"api_key": "key_x", "policy": {"write": "deny"}}}
    client = Client(sandbox=True, accounts=accounts, account="strict")

    with pytest.raises(PolicyRefused):
        client.create_agent(voice_id="11labs-Adrian", prompt="x")


@pytest.mark.parametrize("where", [{}, {"options": {}}])
def test_request_options_out_of_somebodys_json_are_no_argument(recorded, wire, where):
    extra = {"request_options": {"extra_body": {"to_number": "+14155550111"}}}

    with pytest.raises(InvalidArguments) as caught:
        recorded.call("create_phone_call", {**DIAL, **where, **extra})

    assert caught.value.faults[0].path == "request_options"
    assert wire.requests == []


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("create_phone_call", DIAL, {"extra_body": {"to_number": "+14155550111"}}),
        ("create_phone_call", DIAL, {"extra_body": {"override_agent_id": "agent_2"}}),
        ("create_phone_call", DIAL, {"extra_body": {"idempotency_key": "mine"}}),
        ("create_phone_call", DIAL, {"extra_body": {"metadata": {}}}),
        ("get_agent", {"agent_id": "agent_1"}, {"extra_query": {"version": 2}}),
        ("api_post", {"path": "/x", "body": {"a": 1}}, {"extra_body": {"a": 2}}),
    ],
)
def test_an_extra_may_add_and_not_replace(recorded, wire, name, arguments, options):
    with pytest.raises(InvalidArguments) as caught:
        recorded.call(name, arguments, request_options=options)

    assert caught.value.faults[0].code == "conflict"
    assert wire.requests == []
