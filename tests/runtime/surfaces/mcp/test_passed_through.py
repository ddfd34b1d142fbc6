"""Another server behind ours: what it asks, reports, lists and sends reaches our client, and no more than that."""

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError
from mcp_service import PACKAGE, ROOT, connected
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from tool_runtime.surfaces.mcp.broken_items import Sieve
from tool_runtime.surfaces.mcp.hub import Places
from tool_runtime.surfaces.mcp.process_tree import serves
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.server_trust import trust
from tool_runtime.surfaces.mcp.starting import pass_through_of

SERVER = ROOT / "tests" / "asking_server.py"


class Person:
    """Answers everything that is asked in one way, and remembers the questions."""

    def __init__(self, action="accept"):
        self.asked, self._action = [], action

    async def __call__(self, context, params):
        self.asked.append(params)
        is_form = isinstance(params, types.ElicitRequestFormParams)
        content = {"sure": True, "approve": True} if self._action == "accept" and is_form else None
        return types.ElicitResult(action=self._action, content=content)


def log():
    path = Path("log")
    return path.read_text().splitlines() if path.exists() else []


async def logged(line):
    """Wait for a line of the other server's log: another process says nothing else."""
    with anyio.fail_after(30):
        while line not in log():  # noqa: ASYNC110
            await anyio.sleep(0.01)


def trusted(name, words, entry=None):
    entry = entry or {"command": sys.executable, "args": [str(SERVER), str(Path.cwd() / "log"), *words]}
    Path(".mcp.json").write_text(json.dumps({"mcpServers": {name: entry}}))
    places = Places(PACKAGE.api, {})
    trust(places.trust_file, places.entry(name))
    return places


@asynccontextmanager
async def passing(era, *words, person=None, name="desk", write="allow", entry=None, **choices):
    """Give a client of a server of ours that passes the asking server through, or the one of `entry`."""
    places = trusted(name, words, entry)
    options = {"upstreams": (name,), "write": write} | choices
    through = pass_through_of(PACKAGE, places, ServeOptions(**options))
    async with connected(era, person=person, pass_through=through, **options) as client:
        yield client


def told(result):
    return result.structured_content.get("answers")


@pytest.mark.parametrize("behind", [(), ("old",)])
def test_a_question_of_another_server_reaches_the_person_in_either_era(era, behind):
    async def work():
        person = Person()
        async with passing(era, *behind, person=person) as client:
            answered = await client.call_tool("mcp__desk__confirm", {"what": "a", "times": 2})
            assert "accept {'sure': True" in told(answered)[-1]
            questions = [one.message for one in person.asked]
            assert questions == [f"The server desk asks (these are its own words): Sure ({turn})?" for turn in range(2)]
            visited = await client.call_tool("mcp__desk__visit", {})
            assert told(visited) == ["accept None"]
            assert person.asked[-1].url == "https://house.example/pay"
            refusing = Person("decline")
            client.session._elicitation_callback = refusing
            assert "decline" in told(await client.call_tool("mcp__desk__confirm", {"what": "b"}))[0]

    anyio.run(work)


@pytest.mark.parametrize("behind", [(), ("old",)])
def test_a_client_that_cannot_ask_lets_the_other_server_know(era, behind):
    async def work():
        async with passing(era, *behind) as client:
            refused = await client.call_tool("mcp__desk__confirm", {"what": "a"})
            assert refused.structured_content["success"] is False
            assert (await client.call_tool("mcp__desk__steps", {"count": 1})).content[0].text == "there"

    anyio.run(work)


def test_an_answer_goes_to_the_question_that_was_asked_and_once():
    async def ask(client, what):
        asked = await client.session.call_tool("mcp__desk__confirm", {"what": what}, allow_input_required=True)
        assert isinstance(asked, types.InputRequiredResult)
        return asked

    async def answer(client, what, state, key="question_1", action="accept"):
        answers = {key: types.ElicitResult(action=action, content={"sure": True})}
        return await client.session.call_tool(
            "mcp__desk__confirm",
            {"what": what},
            input_responses=answers,
            request_state=state,
            allow_input_required=True,
        )

    async def work():
        async with passing("auto", person=Person()) as client:
            first, second = await ask(client, "a"), await ask(client, "b")
            [key] = first.input_requests
            with pytest.raises(MCPError):
                await answer(client, "b", first.request_state, key)
            with pytest.raises(MCPError):
                await answer(client, "a", first.request_state[:-4] + "AAAA", key)
            done = await answer(client, "a", first.request_state, key)
            assert "accept" in told(done)[0]
            replayed = await answer(client, "a", first.request_state, key, action="decline")
            assert "accept" in told(replayed)[0]
            assert "accept" in told(await answer(client, "b", second.request_state, *second.input_requests))[0]

    anyio.run(work)
    assert len([line for line in log() if line.startswith("answered")]) == 2


def test_a_client_that_comes_back_is_asked_the_same_question_and_the_call_is_made_once():
    async def work():
        async with passing("auto", person=Person()) as client:
            for _ in range(3):
                await client.session.call_tool("mcp__desk__confirm", {"what": "a"}, allow_input_required=True)
            assert "accept" in told(await client.call_tool("mcp__desk__confirm", {"what": "a"}))[0]

    anyio.run(work)
    assert len([line for line in log() if line.startswith("confirm")]) == 2


def test_an_approval_of_ours_comes_before_the_questions_of_the_other_server(era):
    async def work():
        person = Person()
        async with passing(era, person=person, write="ask") as client:
            assert "accept" in told(await client.call_tool("mcp__desk__confirm", {"what": "a"}))[0]
            ours, theirs = [one.message for one in person.asked]
            assert "mcp__desk__confirm" in ours
            assert theirs.startswith("The server desk asks")

    anyio.run(work)


@pytest.mark.parametrize("behind", [(), ("old",)])
def test_progress_of_another_server_is_passed_on(era, behind):
    async def work():
        seen = []

        async def progress(done, total, message):
            seen.append((done, total, message))

        async with passing(era, *behind) as client:
            await client.call_tool("mcp__desk__steps", {"count": 3}, progress_callback=progress)
        assert seen
        assert seen == sorted(seen)
        assert seen[-1] == (3, 3, "step 3")

    anyio.run(work)


@pytest.mark.parametrize("behind", [(), ("old",)])
def test_a_cancelled_read_is_cancelled_at_the_other_server(era, behind):
    async def work():
        async with passing(era, *behind) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "mcp__desk__hold", {})
                await logged("hold {}")
                group.cancel_scope.cancel()
            await logged("hold was cancelled")

    anyio.run(work)


@pytest.mark.parametrize("behind", [(), ("old",)])
def test_a_list_that_changes_is_listed_anew_and_our_client_learns_that(era, behind):
    async def work():
        heard = anyio.Event()

        async def hear(message):
            if getattr(message, "method", "") == "notifications/tools/list_changed":
                heard.set()

        async with passing(era, *behind) as client:
            client.session._message_handler = hear
            modern = client.protocol_version in MODERN_PROTOCOL_VERSIONS

            async def names():
                return {tool.name for tool in (await client.list_tools()).tools}

            async def listen():
                async with client.listen(tools_list_changed=True) as events:
                    ready.set()
                    async for _ in events:
                        heard.set()

            assert "mcp__desk__extra" not in await names()
            ready = anyio.Event()
            async with anyio.create_task_group() as group:
                if modern:
                    group.start_soon(listen)
                    await ready.wait()
                await client.call_tool("mcp__desk__grow", {})
                with anyio.fail_after(30):
                    await heard.wait()
                group.cancel_scope.cancel()
            assert "mcp__desk__extra" in await names()
            assert (await client.call_tool("mcp__desk__extra", {})).content[0].text == "done"
            turncoat = await client.call_tool("mcp__desk__turncoat", {})
            assert not turncoat.is_error
            assert (await client.call_tool("mcp__desk__turncoat", {})).structured_content["meta"]["repeat"]

    anyio.run(work)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("line", "a message of more than 16 MB"),
        ("lines", "more than 10000 messages"),
        ("nonsense", "more than 10000 messages"),
        ("stderr", "more than 64 MB"),
    ],
)
def test_a_server_that_floods_is_cut_with_a_word_about_that_and_used_again(how, said):
    async def work():
        async with passing("auto") as client:
            cut = await client.call_tool("mcp__desk__overwhelm", {"how": how})
            assert said in cut.structured_content["error"]["message"]
            assert "cut" in cut.structured_content["error"]["message"]
            assert (await client.call_tool("mcp__desk__steps", {"count": 1})).content[0].text == "there"

    anyio.run(work)
    assert len([line for line in log() if line.startswith("overwhelm")]) == 1


def test_resources_templates_prompts_and_completion_of_another_server_are_reached(era):
    async def work():
        async with passing(era) as client:
            addresses = {str(one.uri) for one in (await client.list_resources()).resources}
            assert "desk://long" in addresses
            assert "retell-ai://mine" not in addresses
            templates = (await client.list_resource_templates()).resource_templates
            assert "desk://rooms/{number}" in {one.uri_template for one in templates}
            assert (await client.read_resource("desk://rooms/7")).contents[0].text == "This is desk://rooms/7."
            with pytest.raises(MCPError, match="no such") as missing:
                await client.read_resource("desk://rooms/13")
            assert "\x1b" not in missing.value.error.message
            long, note = (await client.read_resource("desk://long")).contents
            assert long.text.endswith("\ndéjà vu")
            assert "characters are shown" in note.text
            room = types.ResourceTemplateReference(uri="desk://rooms/{number}")
            found = await client.complete(room, {"name": "number", "value": "1"})
            assert found.completion.values == ["101", "102"]
            guest = types.PromptReference(name="mcp__desk__greet")
            assert (await client.complete(guest, {"name": "guest", "value": "Ada"})).completion.values == [
                "Ada",
                "Adam",
            ]

    anyio.run(work)


@pytest.mark.parametrize("how", ["list", "half", "surrogate"])
def test_an_answer_that_is_no_message_ends_the_call_at_once(how):
    async def work():
        async with passing("auto") as client:
            with anyio.fail_after(30):
                read = await client.call_tool("mcp__desk__garble", {"how": how})
                write = await client.call_tool("mcp__desk__garble_write", {"how": how})
            assert read.structured_content["error"]["code"] == "unreadable_reply"
            assert write.structured_content["error"]["outcome"] == "unknown"

    anyio.run(work)


@pytest.mark.parametrize("result", [{}, {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}])
def test_a_broken_tool_of_a_list_costs_no_other_tool(result):
    good = {"name": "good", "inputSchema": {"type": "object"}}
    broken = [
        None,
        {"name": None},
        {"name": "a", "inputSchema": None},
        {"name": "b", "inputSchema": {"type": "string"}},
    ]
    sieve = Sieve()
    sieve.sent(types.JSONRPCRequest(jsonrpc="2.0", id=7, method="tools/list"))
    answer = types.JSONRPCResponse(jsonrpc="2.0", id=7, result={**result, "tools": [*broken, good, *broken]})
    assert sieve.sift(answer).result["tools"] == [good]
    assert sieve.sift(answer) is answer


@pytest.mark.parametrize("expose", ["search", "code", "tools"])
def test_this_program_behind_a_wrapper_is_never_passed_through(expose, capsys):
    serve = f"{sys.executable} -m retell_ai mcp serve --sandbox --write allow --expose {expose}"
    renamed = {"command": "sh", "args": ["-c", f'{serve} | sed -u \'s/"retell-tools"/"another-name"/g\'']}

    async def work():
        async with passing("auto", name="other", entry=renamed) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert [name for name in names if name.startswith("mcp__")] == []
            with pytest.raises(MCPError):
                await client.call_tool("mcp__other__call_tool", {"tool": "list_calls"})

    anyio.run(work)
    assert "this program's own server behind another one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "is_ours"),
    [
        (["/venv/bin/python", "-m", "shop", "mcp", "serve"], True),
        (["/venv/bin/python", "/venv/bin/shop-tools", "mcp", "serve", "--upstream", "a"], True),
        (["/venv/bin/python", "/opt/other", "mcp", "serve"], False),
        (["shop", "mcp", "call", "serve"], False),
        (["less", "shop"], False),
        ([], False),
    ],
)
def test_a_process_above_is_known_by_its_words(words, is_ours):
    assert serves(words, ["shop", "shop-tools"]) is is_ours
