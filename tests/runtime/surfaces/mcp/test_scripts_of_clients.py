"""The mode `code`: scripts find, validate and call, and dial nobody twice."""

import anyio
from mcp_service import DIAL, Person, connected, data

LUA = (
    'local call = app.integrations.retell_ai.create_phone_call({agent_id = "agent_123",'
    f' from_number = "{DIAL["from_number"]}", to_number = "{DIAL["to_number"]}"}}) return call.call_id'
)
COUNT = (
    "local n = 0 for row in app.integrations.retell_ai.iter.list_calls({}) do"
    ' if row.call_id:find("^call_0") then n = n + 1 end end return n'
)


async def result_of(client, code, **given):
    return data(await client.call_tool("execute_lua", {"code": code, **given}))["result"]


def test_pages_are_listed_found_and_read(era):
    async def work():
        async with connected(era, expose="code") as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert names == ["execute_lua", "list_docs", "read_doc", "search_docs"]
            assert any(row.get("tool") == "get_call" for row in data(await client.call_tool("list_docs", {})))
            found = data(await client.call_tool("search_docs", {"query": "read a call"}))
            assert any(row.get("tool") == "get_call" for row in found)
            assert "get_call" in (await client.call_tool("read_doc", {"page": "get_call"})).content[0].text

    anyio.run(work)


def test_a_script_is_validated_without_a_call(era):
    async def work():
        async with connected(era, expose="code", write="allow") as client:
            checked = await client.call_tool("execute_lua", {"code": LUA, "mode": "validate"})
            assert data(checked)["valid"] is True
            wrong = await client.call_tool("execute_lua", {"code": "return app.x.y({})", "mode": "validate"})
            assert wrong.is_error
            assert await result_of(client, COUNT) == 0

    anyio.run(work)


def test_a_script_that_is_issued_again_dials_once(era):
    async def work():
        async with connected(era, expose="code", write="allow") as client:
            first = await result_of(client, LUA)
            again = await client.call_tool("execute_lua", {"code": LUA})
            assert data(again)["result"] == first
            assert again.structured_content["meta"]["repeat"]
            assert await result_of(client, LUA, again=True) == first
            assert await result_of(client, COUNT) == 1

    anyio.run(work)


def test_a_script_that_is_issued_again_after_a_restart_says_that_its_calls_are_repeats(era):
    async def work():
        for is_again in (False, True):
            async with connected(era, expose="code", write="allow") as client:
                made = (await client.call_tool("execute_lua", {"code": LUA})).structured_content
                assert bool(made["meta"]["repeat"]) is is_again
                assert bool(made["data"]["calls"][0]["repeat_of"]) is is_again

    anyio.run(work)


def test_writes_of_a_script_are_refused_unless_they_are_allowed(era):
    async def work():
        async with connected(era, expose="code") as client:
            refused = await client.call_tool("execute_lua", {"code": LUA})
            assert refused.is_error
            assert await result_of(client, COUNT) == 0
        async with connected(era, expose="code", exclude=("list_calls",)) as client:
            assert (await client.call_tool("execute_lua", {"code": COUNT})).is_error

    anyio.run(work)


def test_a_person_is_asked_before_a_write_of_a_script(era):
    async def work():
        person = Person()
        async with connected(era, expose="code", write="ask", person=person) as client:
            assert await result_of(client, LUA)
            assert DIAL["to_number"] in person.asked[0]
            assert await result_of(client, COUNT) == 1
        async with connected(era, expose="code", write="ask", person=Person("decline")) as client:
            refused = await client.call_tool("execute_lua", {"code": LUA.replace("55199", "55155")})
            assert refused.structured_content["error"]["code"] == "policy_refused"
            assert await result_of(client, COUNT) == 0

    anyio.run(work)
