"""Accounts: each key goes to its own account's host, and is told by name only."""

import asyncio
import copy
import pickle
import traceback

import httpx
import pytest

from retell_ai import AsyncClient, Client
from tool_runtime.core.account import Policy
from tool_runtime.errors import ConfigurationError, PolicyRefused
from tool_runtime.values.secrets import Secret


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


EMPTY = ["", " ", "\n"]


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize(
    "settings",
    [
        lambda empty: {"base_url": empty},
        lambda empty: {"account": empty},
        lambda empty: {"api_key": empty},
        lambda empty: {"accounts": {empty: "key_x"}},
        lambda empty: {"accounts": {"x": empty}},
        lambda empty: {"accounts": {"x": {"api_key": empty}}},
        lambda empty: {"accounts": {"x": {"api_key": "key_x", "base_url": empty}}},
        lambda empty: {"account": empty, "sandbox": True},
    ],
)
def test_an_empty_text_in_code_is_never_a_default(empty, settings):
    with pytest.raises(ConfigurationError):
        Client(**{"api_key": "key_mine"} | settings(empty))


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("variable", ["RETELL_BASE_URL", "RETELL_API_KEY", "RETELL_BASE_URL__DEFAULT"])
def test_an_empty_variable_of_the_account_that_is_used_is_an_error_that_names_the_variable(
    monkeypatch, variable, empty
):
    monkeypatch.setenv("RETELL_API_KEY", "key_mine")
    monkeypatch.setenv(variable, empty)

    with pytest.raises(ConfigurationError, match=f"{variable}: "):
        Client()
    assert Client(sandbox=True).list_voices()


def test_empty_variables_of_an_account_are_an_error_when_that_account_is_used(wire, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", "")
    monkeypatch.setenv("RETELL_BASE_URL__STAGING", "")
    client = Client("key_mine", accounts={"staging": "key_staging"}, http_client=wire.client())

    client.list_voices()

    assert client.accounts == ("default", "staging")
    for name, variable in (("production", "RETELL_API_KEY__PRODUCTION"), ("staging", "RETELL_BASE_URL__STAGING")):
        with pytest.raises(ConfigurationError, match=f"{variable}: .* is empty"):
            client.account(name)


def test_what_code_gives_goes_before_an_empty_variable(wire, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY", "")
    monkeypatch.setenv("RETELL_BASE_URL", "")

    Client("key_mine", base_url="https://eu.example", http_client=wire.client()).list_voices()

    assert [(request.url.host, *keys(wire)) for request in wire.requests] == [("eu.example", "Bearer key_mine")]


def test_a_base_url_of_nobody_is_refused(monkeypatch):
    monkeypatch.setenv("RETELL_BASE_URL__", "https://staging.example")

    with pytest.raises(ConfigurationError, match="RETELL_BASE_URL__ names no account"):
        Client("key_mine")


@pytest.mark.parametrize(
    ("variables", "given", "names"),
    [
        ({}, ("client-a", "client_a"), ("client-a", "client_a")),
        ({}, ("aB3", "Ab3"), ("aB3", "Ab3")),
        ({}, ("caf\u00e9", "cafe\u0301"), ("caf\u00e9", "cafe\u0301")),
        ({}, ("\uff58", "x"), ("\uff58", "x")),
        ({}, ("stra\u00dfe", "strasse"), ("stra\u00dfe", "strasse")),
        ({}, ("a\u2010b", "a-b"), ("a\u2010b", "a-b")),
        ({}, ("Default",), ("Default", "default")),
        ({"RETELL_API_KEY__A-B": "key_1", "RETELL_API_KEY__A_B": "key_2"}, (), ("A-B", "A_B")),
        ({"RETELL_API_KEY__ab": "key_1", "RETELL_BASE_URL__AB": "https://x.example"}, (), ("ab", "AB")),
        ({"RETELL_API_KEY__CLIENT_A": "key_1"}, ("client-a",), ("client-a", "CLIENT_A")),
        ({"RETELL_BASE_URL__Eu": "https://x.example"}, ("eu",), ("eu", "Eu")),
    ],
)
def test_two_names_that_fold_into_one_are_refused_with_both(monkeypatch, variables, given, names):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError) as caught:
        Client("key_mine", accounts={name: f"key_of_{number}" for number, name in enumerate(given)})
    assert all(name in caught.value.message for name in names)


def test_a_name_in_code_and_its_variable_in_capitals_are_one_account_and_code_wins(wire, monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY__EU", "key_of_the_variable")

    Client(accounts={"eu": "key_of_code"}, account="eu", http_client=wire.client()).list_voices()

    assert keys(wire) == ["Bearer key_of_code"]


def test_a_name_in_code_does_not_answer_to_another_spelling():
    client = Client("key_mine", accounts={"aB3": "key_1"})

    assert client.account("aB3").account_name == "aB3"
    for other in ("Ab3", "ab3"):
        with pytest.raises(ConfigurationError) as caught:
            client.account(other)
        assert "Did you mean aB3?" in caught.value.hint


def test_two_keys_in_code_for_one_account_are_refused():
    with pytest.raises(ConfigurationError, match="two keys"):
        Client("key_mine", accounts={"default": "key_other"})


@pytest.mark.parametrize("name", ["production", "client-a"])
def test_the_hint_of_a_missing_key_names_a_way_that_works(wire, monkeypatch, name):
    client = Client(accounts={name: {"base_url": "https://eu.example"}}, http_client=wire.client()).account(name)

    with pytest.raises(ConfigurationError) as caught:
        client.list_voices()
    assert ("RETELL_API_KEY__PRODUCTION" in caught.value.hint) is (name == "production")
    assert f"accounts={{'{name}': " in caught.value.hint


CONSTRUCTOR_ERRORS = [
    {"base_url": ""},
    {"base_url": "ftp://x.example"},
    {"account": "other"},
    {"account": ""},
    {"timeout": "5"},
    {"sandbox": "yes"},
    {"sandbox": True, "http_client": httpx.Client()},
    {"policy": {"dail": "deny"}},
    {"api_key": "Bearer key_canary"},
    {"api_key": "key_canary\n"},
    {"api_key": b"key_canary"},
    {"accounts": {"x": {"key": "key_canary"}}},
    {"accounts": {"x": {"api_key": "key_canary", "policy": "deny"}}},
    {"accounts": {"x": "key_canary", "X": "key_canary"}},
    {"accounts": {"x": ["key_canary"]}},
    {"accounts": "key_canary"},
    {"accounts": ["key_canary"]},
]


@pytest.mark.parametrize("settings", CONSTRUCTOR_ERRORS)
@pytest.mark.parametrize("made", [Client, AsyncClient])
def test_an_error_of_the_constructor_shows_no_key_to_a_traceback_with_local_variables(monkeypatch, made, settings):
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", "key_canary")
    with pytest.raises(ConfigurationError) as caught:
        made(**{"api_key": "key_canary"} | settings)

    # The first frame is that of this test, whose own variables hold the key.
    caught.value.__traceback__ = caught.value.__traceback__.tb_next
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert all(frame.locals for frame in shown.stack)
    assert "canary" not in "".join(shown.format())


@pytest.mark.parametrize("variable", ["RETELL_SANDBOX", "RETELL_READ_ONLY", "RETELL_BASE_URL"])
def test_an_error_of_a_variable_shows_no_key_to_a_traceback_with_local_variables(monkeypatch, variable):
    monkeypatch.setenv("RETELL_API_KEY", "key_canary")
    monkeypatch.setenv(variable, "maybe")
    with pytest.raises(ConfigurationError, match=variable) as caught:
        Client()

    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in "".join(shown.format())


def attributes(value, seen):
    """Yield every string that a walk over attributes, slots and items comes across."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, str | bytes):
        yield str(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from attributes(key, seen)
            yield from attributes(inner, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from attributes(inner, seen)
    else:
        slots = [slot for cls in type(value).__mro__ for slot in getattr(cls, "__slots__", ())]
        known = [getattr(value, slot) for slot in slots if isinstance(slot, str) and hasattr(value, slot)]
        for inner in (
            [*known, getattr(value, "__dict__", {})] if type(value).__module__.startswith("tool_runtime") else []
        ):
            yield from attributes(inner, seen)


def test_no_walk_over_a_clients_accounts_comes_across_a_key_and_none_is_pickled(monkeypatch):
    monkeypatch.setenv("RETELL_API_KEY__PRODUCTION", "key_canary_1")
    accounts = Client("key_canary_2", accounts={"eu": {"api_key": "key_canary_3"}})._accounts
    texts = list(attributes(accounts, {}))

    assert "eu" in texts
    assert not [text for text in texts if "canary" in text]
    with pytest.raises(TypeError):
        pickle.dumps(accounts.get("eu"))


@pytest.mark.parametrize("word", ["1", "TRUE", " on "])
@pytest.mark.parametrize("sandbox", [True, False])
def test_read_only_in_the_environment_denies_every_write_of_every_account(wire, monkeypatch, word, sandbox):
    monkeypatch.setenv("RETELL_READ_ONLY", word)
    accounts = {"eu": {"api_key": "key_eu", "policy": {"write": "allow", "destroy": "allow"}}}
    transport = {"sandbox": True} if sandbox else {"http_client": wire.client()}
    client = Client("key_mine", accounts=accounts, policy=Policy(destroy="allow"), **transport)

    for account in (client, client.account("eu")):
        account.list_voices()
        with pytest.raises(PolicyRefused):
            account.delete_call(call_id="call_1")


@pytest.mark.parametrize("word", ["enabled", "2", "flase"])
def test_a_read_only_that_nobody_understands_does_not_mean_that_writes_are_allowed(monkeypatch, word):
    monkeypatch.setenv("RETELL_READ_ONLY", word)

    with pytest.raises(ConfigurationError, match="RETELL_READ_ONLY"):
        Client("key_mine")


def test_an_effect_of_a_policy_goes_before_its_write(wire):
    client = Client("key_mine", policy={"write": "allow", "destroy": "deny"}, http_client=wire.client())

    with pytest.raises(PolicyRefused):
        client.delete_call(call_id="call_1")
    assert wire.requests == []
