"""Accounts: each key goes to its own account's host, and is told by name only."""

import asyncio
import copy
import pickle

import httpx
import pytest

from retell_ai import AsyncClient, Client
from tool_runtime.core.account import Policy
from tool_runtime.core.errors import ConfigurationError, PolicyRefused
from tool_runtime.core.secrets import Secret


def keys(wire):
    return [request.headers["authorization"] for request in wire.requests]


def test_the_environment_gives_the_default_account_and_named_ones(wire, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY", "key_default")
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", "key_production")
    client = Client(http_client=wire.client())

    client.list_voices()
    client.account("production").list_voices()
    client.account("Production").list_voices()

    assert keys(wire) == ["Bearer key_default", "Bearer key_production", "Bearer key_production"]
    assert client.accounts == ("default", "production")


def test_accounts_can_be_given_in_code(wire):
    accounts = {"work": "key_work", "eu": {"api_key": "key_eu", "base_url": "https://eu.example/v2"}}
    client = Client("key_mine", accounts=accounts, http_client=wire.client())

    client.account("work").list_voices()
    client.account("eu").list_voices()

    assert keys(wire) == ["Bearer key_work", "Bearer key_eu"]
    assert [request.url.host for request in wire.requests] == ["api.retellai.com", "eu.example"]
    assert wire.requests[1].url.path == "/list-voices"


def test_a_base_url_of_the_environment_holds_for_every_account_without_its_own(wire, monkeypatch):
    monkeypatch.setenv("RETELL_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", "key_production")

    Client(account="production", http_client=wire.client()).list_voices()

    assert wire.requests[0].url.host == "127.0.0.1"


def test_an_unknown_account_is_answered_with_the_known_ones():
    client = Client("key_mine", accounts={"production": "key_production"})

    with pytest.raises(ConfigurationError) as caught:
        client.account("prodction")

    assert "Did you mean production?" in caught.value.hint


def test_a_missing_key_is_told_with_the_variable_to_set_and_the_sandbox(wire):
    with pytest.raises(ConfigurationError) as caught:
        Client(http_client=wire.client()).list_voices()

    assert "RETELL_API_KEY" in caught.value.hint
    assert "RETELL_SANDBOX=1" in caught.value.hint
    assert wire.requests == []


@pytest.mark.parametrize("key", ["kanarie\n", " kanarie", "", "kanarié", "kana rie", 5])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key):
    with pytest.raises(ConfigurationError) as caught:
        Client(key)

    assert "kana" not in str(caught.value)


def test_a_key_shows_itself_to_nobody():
    secret = Secret("key_canary")

    assert "canary" not in f"{secret} {secret!r} {[secret]} {copy.copy(vars) and secret}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("policy", "allowed"), [(Policy(write="deny"), False), (Policy(write="ask"), False), (Policy(), True)]
)
def test_a_policy_decides_about_writes_before_anything_is_sent(wire, policy, allowed):
    client = Client("key", policy=policy, http_client=wire.client())
    client.list_voices()

    if allowed:
        client.delete_call(call_id="call_1")
    else:
        with pytest.raises(PolicyRefused):
            client.delete_call(call_id="call_1")

    assert len(wire.requests) == 1 + allowed


def test_who_is_asked_sees_the_tool_and_its_arguments(wire):
    asked = []
    client = Client(
        "key",
        policy=Policy(write="ask"),
        http_client=wire.client(),
        confirm=lambda invocation: asked.append(invocation) or True,
    )

    client.delete_call(call_id="call_1")

    (invocation,) = asked
    assert (invocation.tool, invocation.effects) == ("delete_call", ("destroy",))
    assert (invocation.account, invocation.surface) == ("default", "python")
    assert invocation.arguments == {"call_id": "call_1"}
    assert invocation.request == {"method": "DELETE", "path": "/v2/delete-call/call_1"}


def test_a_misspelt_policy_does_not_allow():
    with pytest.raises(ConfigurationError):
        Policy(write="denied")


def test_a_closed_client_says_so_and_leaves_a_borrowed_http_client_open():
    borrowed = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])))
    client = Client("key", http_client=borrowed)
    client.close()

    with pytest.raises(ConfigurationError):
        client.list_voices()
    assert not borrowed.is_closed
    borrowed.close()


def test_the_sandbox_never_sees_a_real_key(monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY", "key_real")
    monkeypatch.setenv("RETELL_SANDBOX", "1")
    client = Client()

    client.list_voices()
    client.account("production").list_voices()

    assert "key_real" not in repr(
        [vars(request) if hasattr(request, "__dict__") else request for request in client.sandbox.requests]
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"retries": -1},
        {"retries": "2"},
        {"timeout": "5"},
        {"timeout": 0},
        {"sandbox": "true"},
        {"sandbox": 1},
        {"accounts": {"p": None}},
        {"accounts": {"p": 5}},
        {"accounts": {"p": {"key": "x"}}},
        {"accounts": {"p": {"api_key": "x", "policy": "deny"}}, "account": "p"},
        {"accounts": {"p": {"api_key": "x", "policy": {"reads": "deny"}}}, "account": "p"},
        {"account": 5},
        {"http_client": httpx.AsyncClient()},
    ],
)
def test_settings_that_make_no_sense_are_refused_when_the_client_is_made(settings):
    with pytest.raises(ConfigurationError):
        Client("key_mine", **settings)


@pytest.mark.parametrize(
    ("word", "wanted"), [(" 1", True), ("TRUE ", True), ("on", True), ("0", False), ("", False), ("no", False)]
)
def test_the_wish_for_the_sandbox_is_read_as_people_write_it(monkeypatch, word, wanted):
    monkeypatch.setenv("RETELL_SANDBOX", word)

    assert (Client("key_mine").sandbox is not None) is wanted


@pytest.mark.parametrize("word", ["enabled", "2", "flase"])
def test_a_wish_for_the_sandbox_that_nobody_understands_does_not_mean_the_real_api(monkeypatch, word):
    monkeypatch.setenv("RETELL_SANDBOX", word)

    with pytest.raises(ConfigurationError):
        Client("key_mine")


def test_the_unnamed_key_is_the_default_one_whatever_the_order_of_the_environment(wire, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY", "key_unnamed")
    monkeypatch.setenv("RETELL_API_KEY__DEFAULT", "key_named")
    monkeypatch.setenv("RETELL_API_KEY__", "key_of_nobody")
    client = Client(http_client=wire.client())

    client.list_voices()

    assert keys(wire) == ["Bearer key_unnamed"]
    assert client.accounts == ("default",)


def test_an_account_given_in_code_keeps_the_base_url_of_its_environment(wire, monkeypatch):
    monkeypatch.setenv("RETELL_BASE_URL__PROD", "https://staging.example")

    Client(accounts={"prod": "key_prod"}, account="prod", http_client=wire.client()).list_voices()

    assert wire.requests[0].url.host == "staging.example"


def test_an_awaiting_client_may_be_used_in_one_event_loop_after_another():
    client = AsyncClient(sandbox=True)

    assert asyncio.run(client.list_voices()) == asyncio.run(client.list_voices())
