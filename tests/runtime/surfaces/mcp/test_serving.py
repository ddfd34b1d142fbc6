import json

import anyio
import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError
from mcp_service import DIAL, PACKAGE, Person, connected, data, dials

from tool_runtime.errors import UsageError
from tool_runtime.surfaces.mcp.serve_options import Profile, ServeOptions, chosen, keep_profile, read_profile


def run(work):
    anyio.run(work)


def test_a_client_finds_reads_calls_and_waits(era):
    async def work():
        async with connected(era, write="allow") as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert names == ["call_tool", "read_docs", "search_tools", "wait_for"]
            hits = data(await client.call_tool("search_tools", {"query": "place a call"}))
            assert hits[0]["tool"] == "create_phone_call"
            assert hits[0]["effects"] == ["dial"]
            page = await client.call_tool("read_docs", {"page": "create_phone_call"})
            assert page.content[0].text.startswith("# create_phone_call")
            call = await client.call_tool("call_tool", {"tool": "create_call", "arguments": DIAL})
            assert call.structured_content["function"] == "create_phone_call"
            waited = await client.call_tool(
                "wait_for", {"waiter": "call_ended", "arguments": {"call_id": data(call)["call_id"]}}
            )
            assert waited.structured_content["meta"]["state"] == "reached"
            assert json.loads(waited.content[0].text) == waited.structured_content

    run(work)


@pytest.mark.parametrize("expose", ["search", "tools"])
def test_writes_are_hidden_and_refused_unless_they_are_allowed(era, expose):
    async def work():
        async with connected(era, expose=expose) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert "integration__retell_ai__create_phone_call" not in names
            if expose == "search":
                assert "create_phone_call" not in {
                    row.get("tool") for row in data(await client.call_tool("search_tools", {"query": "phone call"}))
                }
                refused = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            else:
                refused = await client.session.call_tool("integration__retell_ai__create_phone_call", DIAL)
            assert refused.is_error
            assert refused.structured_content["error"]["code"] == "policy_refused"
            assert refused.structured_content["error"]["outcome"] == "not_sent"

    run(work)


def test_a_person_is_asked_before_each_write(era):
    async def work():
        person = Person()
        async with connected(era, write="ask", person=person) as client:
            call = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert not call.is_error
            assert "+14155550199" in person.asked[0]
            assert "dial" in person.asked[0]
            assert await dials(client) == 1

    run(work)


@pytest.mark.parametrize("person", [Person("decline"), Person("cancel"), Person("accept", approve=False), None])
def test_without_a_yes_nothing_is_sent(era, person):
    async def work():
        async with connected(era, write="ask", person=person) as client:
            refused = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert refused.structured_content["error"]["code"] == "policy_refused"
            assert await dials(client) == 0

    run(work)


def test_one_answer_makes_one_call_however_often_it_comes():
    async def work():
        async with connected("2026-07-28", write="ask", person=Person()) as client:
            arguments = {"tool": "create_phone_call", "arguments": DIAL, "again": True}
            asked = await client.session.call_tool("call_tool", arguments, allow_input_required=True)
            assert asked.result_type == "input_required"
            yes = {"approval": types.ElicitResult(action="accept", content={"approve": True})}
            answers = [
                await client.session.call_tool(
                    "call_tool", arguments, input_responses=yes, request_state=asked.request_state
                )
                for _ in range(3)
            ]
            assert len({data(answer)["call_id"] for answer in answers}) == 1
            assert await dials(client) == 1

    run(work)


def test_an_answer_is_worth_nothing_for_other_arguments():
    async def work():
        async with connected("2026-07-28", write="ask", person=Person()) as client:
            asked = await client.session.call_tool(
                "call_tool", {"tool": "create_phone_call", "arguments": DIAL}, allow_input_required=True
            )
            yes = {"approval": types.ElicitResult(action="accept", content={"approve": True})}
            other = {"tool": "create_phone_call", "arguments": DIAL | {"to_number": "+14155550155"}}
            with pytest.raises(MCPError) as refused:
                await client.session.call_tool(
                    "call_tool", other, input_responses=yes, request_state=asked.request_state
                )
            assert refused.value.code == types.INVALID_PARAMS
            assert await dials(client) == 0

    run(work)


def test_a_policy_that_denies_is_not_lifted(era, tmp_path, monkeypatch):
    settings = tmp_path / "accounts.toml"
    settings.write_text('[policy]\ndial = "deny"\n')
    settings.chmod(0o600)
    monkeypatch.setenv("RETELL_CONFIG", str(settings))

    async def work():
        async with connected(era, write="allow") as client:
            refused = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert refused.structured_content["error"]["code"] == "policy_refused"
            assert await dials(client) == 0

    run(work)


def test_an_equal_write_is_answered_and_a_second_one_has_to_be_meant(era):
    async def work():
        async with connected(era, write="allow") as client:
            wish = {"tool": "create_phone_call", "arguments": DIAL}
            first = await client.call_tool("call_tool", wish)
            again = await client.call_tool("call_tool", wish)
            assert data(again)["call_id"] == data(first)["call_id"]
            assert again.structured_content["meta"]["repeat"] == first.structured_content["meta"]["record"]
            assert await dials(client) == 1
            meant = await client.call_tool("call_tool", wish | {"again": True})
            assert data(meant)["call_id"] != data(first)["call_id"]
            assert await dials(client) == 2

    run(work)


@pytest.mark.parametrize("key", [{}, {"idempotency_key": "mine"}])
def test_a_call_that_is_issued_again_after_a_restart_is_a_repeat(era, key):
    async def work():
        wish = {"tool": "create_phone_call", "arguments": DIAL, **key}
        async with connected(era, write="allow") as client:
            first = await client.call_tool("call_tool", wish)
        async with connected(era, write="allow") as client:
            again = await client.call_tool("call_tool", wish)
            assert again.structured_content["meta"]["repeat"] == first.structured_content["meta"]["record"]
        async with connected(era, write="allow", expose="tools") as client:
            name = "integration__retell_ai__create_phone_call"
            other = await client.call_tool(name, DIAL | {f"_{word}": value for word, value in key.items()})
            assert other.structured_content["meta"]["repeat"]

    run(work)


def test_a_key_counts_for_writes_without_effects_too(era):
    async def work():
        async with connected(era, write="allow") as client:
            wish = {
                "tool": "create_agent",
                "arguments": {"voice_id": "11labs-Adrian", "prompt": "Be brief."},
                "idempotency_key": "one",
            }
            first = await client.call_tool("call_tool", wish)
            second = await client.call_tool("call_tool", wish)
            assert data(first)["agent_id"] == data(second)["agent_id"]

    run(work)


def test_equal_calls_at_once_are_one(era):
    async def work():
        async with connected(era, write="allow") as client:
            results = []

            async def call():
                results.append(await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL}))

            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(call)
            assert len({data(result)["call_id"] for result in results}) == 1
            assert await dials(client) == 1

    run(work)


def test_errors_are_results_with_the_one_envelope(era):
    async def work():
        async with connected(era, write="allow") as client:
            for wish, code in [
                ({"tool": "create_phone_cal"}, "unknown_tool"),
                ({"tool": "create_phone_call", "arguments": {"to_numbr": "x"}}, "invalid_arguments"),
                ({"tool": "get_call", "arguments": {"call_id": "no_such"}}, "not_found"),
                ({"tool": "get_call", "argumets": {}}, "invalid_arguments"),
                ({"tool": "get_call", "arguments": "[1"}, "invalid_arguments"),
                ({"tool": "get_call", "arguments": {"call_id": "call_123"}, "account": ""}, "invalid_arguments"),
            ]:
                failed = await client.call_tool("call_tool", wish)
                assert failed.is_error
                known = failed.structured_content
                assert set(known) == {"function", "success", "data", "error", "meta", "duration_ms"}
                assert known["error"]["code"] in {code, "unprocessable"}
            with pytest.raises(MCPError) as unknown:
                await client.call_tool("call_tol", {})
            assert unknown.value.code == types.INVALID_PARAMS

    run(work)


def test_what_callers_said_is_marked(era):
    async def work():
        async with connected(era, write="allow") as client:
            call = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            told = {"waiter": "call_ended", "arguments": {"call_id": data(call)["call_id"]}}
            ended = await client.call_tool("wait_for", told)
            assert "data.transcript" in ended.structured_content["meta"]["untrusted"]
            assert "instruction" in ended.content[1].text
            only = {"tool": "get_call", "arguments": told["arguments"], "fields": "call_id"}
            assert "untrusted" not in (await client.call_tool("call_tool", only)).structured_content["meta"]

    run(work)


def test_a_wait_that_takes_too_long_goes_on_from_its_handle(era):
    async def work():
        async with connected(era, write="allow", patience=3.0) as client:
            call = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            given = {"waiter": "call_ended", "arguments": {"call_id": data(call)["call_id"]}}
            rounds, seen = 0, []
            while True:
                told = await client.call_tool(
                    "wait_for", given, progress_callback=lambda done, total, text: _collect(seen, text)
                )
                meta = told.structured_content["meta"]
                rounds += 1
                if meta["state"] == "reached":
                    break
                given = {"handle": meta["handle"]}
            assert rounds > 1
            assert any("waiting for call_ended" in text for text in seen)
            wrong = await client.call_tool("wait_for", {"handle": "wait_nonsense"})
            assert wrong.structured_content["error"]["code"] == "invalid_arguments"

    run(work)


async def _collect(seen, text):
    seen.append(text)


def test_pages_records_and_prompts_are_there(era):
    async def work():
        async with connected(era) as client:
            uris = [str(one.uri) for one in (await client.list_resources()).resources]
            assert uris == sorted(uris)
            assert "retell-ai://overview" in uris
            page = await client.read_resource("retell-ai://tools/get_call")
            assert page.contents[0].text.startswith("# get_call")
            agent = await client.read_resource("retell-ai://agents/agent_123")
            assert json.loads(agent.contents[0].text)["agent_id"] == "agent_123"
            for wrong in ("retell-ai://tools/get_cal", "other://x", "retell-ai://agents/none", "retell-ai://../x"):
                with pytest.raises(MCPError):
                    await client.read_resource(wrong)
            template = types.ResourceTemplateReference(uri="retell-ai://agents/{agent_id}")
            ids = await client.complete(template, {"name": "agent_id", "value": "agent"})
            assert "agent_123" in ids.completion.values
            tools = await client.complete(template, {"name": "tool", "value": "get_"})
            assert "get_call" in tools.completion.values
            prompt = await client.get_prompt("review_call", {"call_id": "call_123"})
            assert "call_123" in prompt.messages[0].content.text
            with pytest.raises(MCPError, match="call_id is missing"):
                await client.get_prompt("review_call", {})

    run(work)


def test_lists_are_sorted_small_and_kept():
    async def work():
        for expose, limit in (("search", 8_000), ("code", 8_000), ("tools", 250_000)):
            async with connected("auto", expose=expose, write="allow") as client:
                listed = await client.list_tools()
                names = [tool.name for tool in listed.tools]
                assert names == sorted(names)
                assert listed.ttl_ms == 3_600_000
                assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) <= limit

    run(work)


def test_hints_of_tools_say_class_and_effects():
    async def work():
        async with connected("auto", expose="tools", write="allow") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            hints = tools["integration__retell_ai__get_call"].annotations
            assert (hints.read_only_hint, hints.destructive_hint) == (True, False)
            hints = tools["integration__retell_ai__delete_agent"].annotations
            assert (hints.read_only_hint, hints.destructive_hint) == (False, True)
            assert len(tools) == len(PACKAGE.registry.tools) + 1

    run(work)


@pytest.mark.parametrize(
    ("choices", "offered", "hidden"),
    [
        ({"include": ("group:calls",)}, "get_call", "get_agent"),
        ({"exclude": ("group:calls",)}, "get_agent", "get_call"),
        ({"write": "allow", "exclude": ("effect:dial,effect:spend",)}, "delete_call", "create_batch_call"),
        ({"write": "allow", "include": ("class:read", "create_call")}, "create_phone_call", "create_agent"),
    ],
)
def test_tools_are_selected_by_name_group_class_and_effect(choices, offered, hidden):
    async def work():
        async with connected("auto", expose="tools", **choices) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert f"integration__retell_ai__{offered}" in names
            assert f"integration__retell_ai__{hidden}" not in names
            refused = await client.session.call_tool(f"integration__retell_ai__{hidden}", {})
            assert refused.structured_content["error"]["code"] == "policy_refused"

    run(work)


@pytest.mark.parametrize("word", ["group:cals", "effect:dail", "create_phone_cal", "class:rite"])
def test_a_selector_that_selects_nothing_is_refused(word):
    async def work():
        with pytest.raises(UsageError):
            async with connected("auto", include=(word,)):
                pass

    run(work)


def test_long_results_are_cut_with_a_way_to_the_rest(era):
    async def work():
        async with connected(era, write="allow", max_result_bytes=2_000) as client:
            for _ in range(6):
                await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL, "again": True})
            cut = await client.call_tool("call_tool", {"tool": "list_calls"})
            meta = cut.structured_content["meta"]
            assert len(cut.content[0].text.encode()) <= 2_600
            assert meta["cut"][0]["path"] == "data.items"
            assert "limit" in meta["rest"]
            assert "fields" in meta["rest"]

    run(work)


def test_profiles_keep_choices(tmp_path):
    path = tmp_path / "profiles.toml"
    keep_profile(path, Profile("desk", {"write": "ask", "include": ("group:calls",)}))
    keep_profile(path, Profile("other", {"expose": "code"}))
    assert chosen({}, read_profile(path, "desk")) == ServeOptions(write="ask", include=("group:calls",))
    assert chosen({"write": "deny"}, read_profile(path, "desk")).write == "deny"
    with pytest.raises(UsageError, match="write is one of"):
        keep_profile(path, Profile("bad", {"write": "alow"}))
