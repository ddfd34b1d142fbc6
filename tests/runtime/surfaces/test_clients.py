"""What a client is to its user: copies of records, warnings that name the caller, errors while it is made."""

import asyncio
import inspect
import json
import traceback
import warnings
from pathlib import Path

import httpx
import pytest

import tool_runtime as runtime
from retell_ai import AsyncClient, Client, Sandbox
from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.errors import ConfigurationError, InvalidArguments
from tool_runtime.surfaces.common.client import AsyncClient as NamedAsyncClient
from tool_runtime.surfaces.common.client import Client as NamedClient
from tool_runtime.surfaces.common.deprecation import ToolDeprecationWarning


@pytest.fixture
def sandboxed():
    with Client(sandbox=True) as client:
        yield client


def agent(client):
    made = client.create_agent(voice_id="11labs-Adrian", prompt="x", agent_name="Front desk")
    return client.get_agent(agent_id=made["agent_id"])


def test_a_copy_of_an_agent_is_made_of_what_was_read(sandboxed):
    saved = agent(sandboxed)

    copied = sandboxed.create_agent(**sandboxed.copy_of("create_agent", saved))

    assert copied["agent_id"] != saved["agent_id"]
    assert (copied["agent_name"], copied["response_engine"]) == (saved["agent_name"], saved["response_engine"])


@pytest.mark.parametrize(
    ("make", "read", "identifier", "arguments"),
    [
        ("create_retell_llm", "get_llm", "llm_id", {"general_prompt": "Be brief."}),
        ("create_phone_number", "get_phone_number", "phone_number", {"area_code": 415, "nickname": "Front desk"}),
    ],
)
def test_a_copy_is_made_of_other_records_too(sandboxed, make, read, identifier, arguments):
    saved = sandboxed.call(read, {identifier: sandboxed.call(make, arguments)[identifier]})

    copied = sandboxed.call(make, sandboxed.copy_of(make, saved))

    assert copied[identifier] != saved[identifier]
    assert all(copied[name] == value for name, value in arguments.items())


def test_a_copy_of_a_flow_is_made_of_what_was_read(sandboxed):
    example = sandboxed.registry.resolve("create_conversation_flow").examples[0].arguments
    made = sandboxed.create_conversation_flow(**example)
    saved = sandboxed.get_conversation_flow(conversation_flow_id=made["conversation_flow_id"])

    copied = sandboxed.call("create_conversation_flow", sandboxed.copy_of("create_conversation_flow", saved))

    assert copied["nodes"] == saved["nodes"]


def test_a_record_as_arguments_says_which_fields_only_answers_have_and_how_to_copy(sandboxed):
    with pytest.raises(InvalidArguments) as caught:
        sandboxed.create_agent(**agent(sandboxed))

    only_answers = {fault.path for fault in caught.value.faults if fault.code == "answer_only"}
    assert {"agent_id", "version", "last_modification_timestamp"} <= only_answers
    assert {fault.nearest for fault in caught.value.faults if fault.code == "answer_only"} == {None}
    assert "copy_of" in caught.value.hint
    assert "requires" not in caught.value.hint


OLD = {
    "full_name": "old_list",
    "group": "g",
    "class": "read",
    "method": "GET",
    "path": "/old",
    "parameters": {"cursor": {"in": "query", "schema": {"type": "string"}}},
    "pagination": "keyed",
    "deprecated": True,
    "replaced_by": "list_new",
}
DOCUMENT = {
    "registry": 1,
    "api": {"name": "old", "slug": "old", "title": "Old", "environment": "OLD"},
    "server": {"base_url": "https://old.example"},
    "auth": {"in": "header", "name": "Authorization"},
    "pagination": {"keyed": {"items": "items", "next": "next", "cursor": "cursor"}},
    "waiters": {
        "there": {
            "tool": "list_old",
            "summary": "x",
            "interval": 1,
            "timeout": 9,
            "until": [{"field": "items", "present": True}],
        }
    },
    "tools": {"list_old": OLD},
}


def answered(_):
    return httpx.Response(200, json={"items": [1]})


def line_of_warning(caught):
    (warning,) = [one for one in caught if issubclass(one.category, ToolDeprecationWarning)]
    return Path(warning.filename).read_text(encoding="utf-8").splitlines()[warning.lineno - 1]


BLOCKING = {
    "call": lambda client: client.call("list_old"),  # here: call
    "pages": lambda client: list(client.pages("list_old")),  # here: pages
    "wait_for": lambda client: client.wait_for("there"),  # here: wait_for
    "preview": lambda client: client.preview("list_old"),  # here: preview
    "invoke": lambda client: client.invoke("list_old"),  # here: invoke
}


@pytest.mark.parametrize("way", BLOCKING)
def test_a_deprecation_names_the_line_of_its_caller(way):
    http_client = httpx.Client(transport=httpx.MockTransport(answered))
    client = NamedClient("key_x", registry=Registry(DOCUMENT), http_client=http_client)

    with http_client, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        BLOCKING[way](client)

    assert f"# here: {way}" in line_of_warning(caught)


async def _call(client):
    await client.call("list_old")  # there: call


async def _pages(client):
    async for _ in client.pages("list_old"):  # there: pages
        pass


async def _wait_for(client):
    await client.wait_for("there")  # there: wait_for


@pytest.mark.parametrize("way", [_call, _pages, _wait_for])
def test_a_deprecation_names_the_line_that_awaits(way):
    async def run():
        transport = httpx.AsyncClient(transport=httpx.MockTransport(answered))
        async with transport:
            await way(NamedAsyncClient("key_x", registry=Registry(DOCUMENT), http_client=transport))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(run())

    assert f"# there: {way.__name__[1:]}" in line_of_warning(caught)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://evil.example"},
        {"base_url": ""},
        {"timeout": 0},
        {"retries": -1},
        {"account": "nobody"},
        {"accounts": {"x": 5}},
        {"sandbox": "yes"},
        {"http_client": httpx.AsyncClient()},
        {"confirm": "yes"},
        {"policy": 5},
    ],
)
def test_a_client_that_cannot_be_made_says_why_and_shows_no_key(options):
    with pytest.raises(ConfigurationError) as caught:
        Client("key_canary_5550100", **options)

    trace = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    # The frame of this test holds the key, since it gives the key; what the runtime's frames hold is what counts.
    inside = [line for line in trace.splitlines() if "key_canary" in line and "Client(" not in line]
    assert inside == []


def test_a_client_that_was_not_made_has_a_repr():
    assert "not made" in repr(Client.__new__(Client))


def test_both_clients_take_the_same_settings():
    assert inspect.signature(Client.__init__) == inspect.signature(AsyncClient.__init__)


def test_every_tool_can_be_called_by_name_on_the_sandbox(sandboxed):
    registry = load_registry(Client.registry_source)

    assert sandboxed.invoke("list_voices").result == sandboxed.call("list_voices")
    assert sandboxed.registry is registry


def test_clients_of_one_registry_share_a_sandbox():
    sandbox = Sandbox()

    with Client(sandbox=sandbox) as first, Client(sandbox=sandbox) as second:
        made = first.create_agent(voice_id="11labs-Adrian", prompt="x")
        assert second.get_agent(agent_id=made["agent_id"])["agent_id"] == made["agent_id"]
        assert first.sandbox is second.sandbox is sandbox


def test_a_sandbox_of_an_equal_registry_serves_a_client():
    document = json.loads(Client.registry_source.read_text(encoding="utf-8"))

    with Client(sandbox=runtime.Sandbox(document)) as client:
        assert client.list_voices()


@pytest.mark.parametrize("change", [{"name": "other"}, {"version": "9.9.9"}, {"title": "Changed"}], ids=str)
def test_a_sandbox_of_another_registry_is_refused(change):
    document = json.loads(Client.registry_source.read_text(encoding="utf-8"))
    other = runtime.Sandbox({**document, "api": {**document["api"], **change}})

    with pytest.raises(ConfigurationError, match="another registry"):
        Client(sandbox=other)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ledger": "calls.sqlite3"}, "Ledger('calls.sqlite3')"),
        ({"ledger": Path("calls.sqlite3")}, "Ledger('calls.sqlite3')"),
        ({"ledger": 5}, "not int"),
        ({"ledger": runtime.Ledger}, "not the class Ledger"),
        ({"clock": 5}, "int lacks monotonic, wall, sleep, asleep"),
        ({"clock": object}, "lacks"),
        ({"registry": 5}, "load_registry"),
        ({"registry": {}}, "load_registry"),
        ({"force": "no"}, "True or False"),
        ({"force": 0}, "True or False"),
        ({"delivers": None}, "True or False"),
        ({"repeats": "none"}, "undelivered, all"),
        ({"repeat_window": -1}, "0 or more"),
        ({"repeat_window": float("nan")}, "0 or more"),
        ({"repeat_window": float("inf")}, "0 or more"),
        ({"surface": ""}, "the name of who calls"),
        ({"surface": 5}, "the name of who calls"),
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_setting_that_no_client_can_work_with_is_an_error_of_the_constructor(kind, settings, told):
    with pytest.raises(ConfigurationError) as caught:
        kind(sandbox=True, **settings)
    assert next(iter(settings)) in str(caught.value)
    assert told in str(caught.value)
    assert caught.value.outcome == "not_sent"
