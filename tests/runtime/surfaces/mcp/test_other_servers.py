"""Other servers: started when needed, made again after a death, and never run without trust."""

import json
import sys
from pathlib import Path

import anyio
import other_server
import pytest
from loopback import LoopbackServer, reply
from mcp_service import PACKAGE, Person, connected

from tool_runtime.errors import (
    ConfigurationError,
    ConnectionFailed,
    InvalidArguments,
    OutcomeUnknown,
    PolicyRefused,
    ToolError,
)
from tool_runtime.surfaces.cli.app import execute
from tool_runtime.surfaces.common.agent_client import AgentOptions, agent_client
from tool_runtime.surfaces.mcp.hub import BlockingHub, Places
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.surfaces.mcp.server_answers import check_arguments
from tool_runtime.surfaces.mcp.server_calls import ServerCalls, ServerClient
from tool_runtime.surfaces.mcp.server_entries import expanded, plain_json, read_entries
from tool_runtime.surfaces.mcp.server_trust import trust
from tool_runtime.surfaces.mcp.starting import pass_through_of
from tool_runtime.values.secrets import Secret

SERVER = Path(other_server.__file__)


def entry_of(*words):
    return {"command": sys.executable, "args": [str(SERVER), str(Path.cwd() / "log"), *words]}


def write_entries(**servers):
    Path(".mcp.json").write_text(json.dumps({"mcpServers": servers}))


def places_of(environment=None):
    import os

    return Places(PACKAGE.api, os.environ if environment is None else environment)


def trusted(**servers):
    write_entries(**servers)
    places = places_of()
    for entry in places.entries().values():
        trust(places.trust_file, entry)
    return places


def log():
    path = Path("log")
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def calls():
    made = []

    def make(places, **options):
        client = agent_client(
            PACKAGE.registry,
            AgentOptions(**{"force": True} | options),
            surface="cli",
            kind=ServerClient,
            delivers=False,
        )
        hub = BlockingHub(places)
        made.extend([hub, client])
        return ServerCalls(hub, client, surface="cli")

    yield make
    for one in made:
        one.close()


def test_tools_are_listed_and_called_and_results_are_data(calls):
    house = calls(trusted(house=entry_of()))
    assert [tool["name"] for tool in house.tools("house")] == [
        "book", "die", "fail", "flood", "look", "refuse", "slow",
    ]  # fmt: skip
    assert house.call("house", "look", {"id": "a"}).data["given"] == {"id": "a"}
    assert house.read_resource("house", "house://rules")[0]["text"] == "No smoking."
    assert "Ada" in json.dumps(house.get_prompt("house", "greet", {"guest": "Ada"}))


def test_wrong_arguments_are_found_before_anything_is_sent(calls):
    house = calls(trusted(house=entry_of()))
    with pytest.raises(InvalidArguments, match="id: is required"):
        house.call("house", "look", {})
    for name, arguments in [
        ("look", {"id": 1}),
        ("look", {"id": "a", "many": "x"}),
        ("book", {"guets": "Ada", "nihgts": 2, "nigths": 1, "nightss": 2}),
        ("look", []),
    ]:
        with pytest.raises(InvalidArguments):
            house.call("house", name, arguments)
    with pytest.raises(ToolError, match="look"):
        house.call("house", "lok", {})
    assert log() == []


def test_a_server_that_dies_in_a_write_leaves_the_outcome_unknown_and_is_started_again(calls):
    house = calls(trusted(house=entry_of()))
    first = house.call("house", "look", {"id": "a"}).data["process"]
    with pytest.raises(OutcomeUnknown):
        house.call("house", "die", {})
    with pytest.raises(OutcomeUnknown, match="nothing was sent this time"):
        house.call("house", "die", {})
    assert house.call("house", "look", {"id": "b"}).data["process"] != first
    assert log().count("die {}") == 1


def test_a_slow_write_is_unknown_and_the_server_goes_on_working(calls):
    house = calls(trusted(house=entry_of() | {"timeout": 1}))
    house.tools("house")
    with pytest.raises(OutcomeUnknown):
        house.call("house", "slow", {"seconds": 20})
    assert house.call("house", "look", {"id": "a"}).data["given"] == {"id": "a"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (lambda: entry_of("nonsense") | {"timeout": 1}, "bad"),
        (lambda: {"command": "no-such-program-anywhere"}, "bad"),
        (lambda: {"command": sys.executable, "args": ["-c", "pass"]}, "bad"),
        (lambda: {"url": "http://127.0.0.1:9/mcp"}, "bad"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named(calls, entry, said):
    with pytest.raises(ConnectionFailed, match=said):
        calls(trusted(bad=entry())).tools("bad")


def test_a_server_says_no(calls):
    house = calls(trusted(house=entry_of()))
    for name in ("fail", "refuse"):
        with pytest.raises(ToolError) as refused:
            house.call("house", name, {})
        assert refused.value.outcome == "refused"


def test_a_write_needs_a_yes_and_is_denied_where_only_reads_are_allowed(calls):
    places = trusted(house=entry_of())
    for options in ({"force": False}, {"read_only": True}):
        house = calls(places, **options)
        with pytest.raises(PolicyRefused):
            house.call("house", "book", {"guest": "Ada"})
        assert house.call("house", "look", {"id": "a"}).data
    assert [line for line in log() if line.startswith("book")] == []


def test_a_project_s_server_runs_only_as_it_was_trusted():
    write_entries(house=entry_of())
    places = places_of()
    with pytest.raises(PolicyRefused, match="not trusted"):
        places.usable("house")
    trust(places.trust_file, places.entry("house"))
    assert places.usable("house").args[0] == str(SERVER)
    write_entries(house=entry_of("silent"))
    with pytest.raises(PolicyRefused, match="changed"):
        places.usable("house")


def test_files_of_editors_are_read_whichever_key_they_use():
    Path(".cursor").mkdir()
    Path(".vscode").mkdir()
    Path(".cursor/mcp.json").write_text('{"servers": {"a": {"url": "https://cursor.example"}}, /* c */ }')
    Path(".vscode/mcp.json").write_text(
        '{"servers": {"a": {"url": "https://vs.example"}, "b": {"command": "b", "args": ["//x", "/*y*/,]"]}},'
        ' "inputs": []}'
    )
    write_entries(c={"type": "http", "url": "https://c.example"})
    found = read_entries(Path("none"), Path.cwd())
    assert {name: entry.target for name, entry in found.items()} == {
        "a": "https://cursor.example",
        "b": "b //x /*y*/,]",
        "c": "https://c.example",
    }


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": []}',
        "[",
        '{"mcpServers": {"a": 1}}',
        '{"mcpServers": {"a": {}}}',
        '{"servers": {"a b": {"url": "x"}}}',
    ],
)
def test_a_broken_file_is_named(text):
    Path(".mcp.json").write_text(text)
    with pytest.raises(ConfigurationError, match=r"\.mcp\.json"):
        read_entries(Path("none"), Path.cwd())


def filled(raw, environment, secrets=None):
    write_entries(a=raw)
    [entry] = read_entries(Path("none"), Path.cwd()).values()
    return expanded(entry, environment, (secrets or {}).get, own_prefix="RETELL")


def test_variables_and_secrets_are_put_in():
    raw = {
        "command": "${TOOL:-npx}",
        "args": ["${env:WHERE}", "${workspaceFolder}/x", "${NONE:-}"],
        "env": {"KEY": "${secret:key}", "ID": "${input:id}"},
    }
    ready = filled(raw, {"WHERE": "here"}, {"key": Secret("s3cret-value"), "id": Secret("7")})
    assert (ready.command, ready.args) == ("npx", ("here", f"{Path.cwd()}/x", ""))
    assert ready.env == {"KEY": "s3cret-value", "ID": "7"}
    assert "s3cret" not in repr(ready)
    assert "s3cret-value" not in ready.hide("it said s3cret-value")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"command": "x", "env": {"A": "${MISSING}"}}, "MISSING"),
        ({"command": "x", "env": {"A": "${secret:gone}"}}, "gone"),
        ({"command": "x", "args": ["${a b}"]}, "nobody can fill"),
        ({"command": "x", "env": {"A": "${RETELL_API_KEY}"}}, "no key of this program"),
        ({"command": "x", "env": {"A": "${env:RETELL_API_KEY__PRODUCTION:-}"}}, "no key of this program"),
        ({"command": "x", "args": ["${RETELL_MCP_TOKEN}"]}, "no key of this program"),
        ({"url": "http://far.example/${secret:key}"}, "unencrypted"),
        ({"url": "http://far.example", "headers": {"A": "b"}}, "unencrypted"),
        ({"url": "ftp://far.example"}, "no http"),
    ],
)
def test_what_cannot_or_must_not_be_filled_in_is_refused(raw, said):
    with pytest.raises(ConfigurationError, match=said):
        filled(raw, {"RETELL_API_KEY": "key_x"}, {"key": Secret("a-secret-word")})


def test_a_key_that_stands_in_an_entry_or_has_a_default_shows_nowhere():
    raw = {"url": "https://x.example", "headers": {"Authorization": "Bearer written-here", "X-Key": "${A_TOKEN:-none}"}}
    ready = filled(raw, {"A_TOKEN": "of-the-environment"})
    assert ready.hide("written-here, of-the-environment") == "***, ***"


def test_a_server_s_schema_makes_nobody_fetch_or_read_another_document(tmp_path):
    leak = tmp_path / "leak.json"
    leak.write_text('{"type": "string"}')
    server = LoopbackServer([reply(200, {"type": "string"})])
    try:
        for place in (f"{server.url}/schema", leak.as_uri()):
            check_arguments("house.look", {"type": "object", "properties": {"a": {"$ref": place}}}, {"a": 1})
        assert server.received == []
    finally:
        server.close()


def test_comments_and_commas_of_editors_are_read_over():
    text = '{"a": "// no /* comment */ ,}", // one\n "b": [1, 2,], /* two\n */ }'
    assert json.loads(plain_json(text)) == {"a": "// no /* comment */ ,}", "b": [1, 2]}


def test_another_server_s_tools_pass_through_under_gate_and_ledger(era):
    places = trusted(house=entry_of())

    async def work():
        for write in ("deny", "allow", "ask"):
            person = Person()
            through = pass_through_of(PACKAGE, places, ServeOptions(upstreams=("house",), write=write))
            async with connected(era, person=person, pass_through=through, upstreams=("house",), write=write) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert "mcp__house__look" in names
                assert ("mcp__house__book" in names) == (write != "deny")
                look = await client.call_tool("mcp__house__look", {"id": "a"})
                assert look.structured_content["given"] == {"id": "a"}
                given = {"guest": write}
                first = await client.session.call_tool("mcp__house__book", given, allow_input_required=True)
                if write == "deny":
                    assert first.structured_content["error"]["code"] == "policy_refused"
                    continue
                await client.call_tool("mcp__house__book", given)
                again = await client.call_tool("mcp__house__book", given)
                assert again.structured_content["meta"]["repeat"]
                assert (person.asked != []) == (write == "ask")
                assert "house://rules" in {str(one.uri) for one in (await client.list_resources()).resources}
                assert (await client.read_resource("house://rules")).contents[0].text == "No smoking."
                greeting = await client.get_prompt("mcp__house__greet", {"guest": "Ada"})
                assert "Ada" in greeting.messages[0].content.text
                died = await client.call_tool("mcp__house__die", {"n": write})
                assert died.structured_content["error"]["outcome"] == "unknown"
                assert (await client.call_tool("mcp__house__look", {"id": "b"})).structured_content["tool"] == "look"

    anyio.run(work)
    assert [line for line in log() if line.startswith("book")] == ["book {'guest': 'allow'}", "book {'guest': 'ask'}"]


def test_this_program_s_own_server_is_never_passed_through(calls):
    itself = {"command": sys.executable, "args": ["-m", "retell_ai", "mcp", "serve", "--sandbox"]}
    with pytest.raises(ConfigurationError, match="would call itself"):
        calls(trusted(own=itself)).tools("own")


@pytest.fixture(autouse=True)
def no_input(monkeypatch):
    with Path("/dev/null").open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def run(*words):
    return execute(PACKAGE.folder, list(words))


def test_the_command_line_manages_and_calls_servers(capsys):
    entry = entry_of()
    assert run("mcp", "add", "house", "--", entry["command"], *entry["args"]) == 0
    assert run("mcp", "call", "house.look", "--id", "a", "--json") == 0
    known = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert known["function"] == "mcp:house.look"
    assert known["data"]["given"] == {"id": "a"}
    assert known["meta"]["server"] == "house"
    for words, code in [
        (["mcp", "call", "house.look"], 2),
        (["mcp", "call", "house.lok"], 2),
        (["mcp", "call", "house.book", "guest=Ada"], 7),
        (["mcp", "call", "house.fail", "--force"], 5),
        (["mcp", "call", "house.die", "--force"], 4),
        (["mcp", "disable", "house"], 0),
        (["mcp", "tools", "house"], 3),
        (["mcp", "list"], 0),
        (["mcp", "enable", "house"], 0),
        (["mcp:tools", "house"], 0),
        (["mcp", "remove", "house"], 0),
        (["mcp", "tools", "house"], 3),
    ]:
        assert run(*words) == code, words
    assert "Disabled, and shown with --all: house" in capsys.readouterr().err


def test_a_script_uses_servers_and_no_integration(capsys):
    trusted(house=entry_of())
    code = (
        'assert(mcp.servers()[1].name == "house"); assert(#mcp.tools("house") == 7);'
        'assert(mcp.schema("house.look").required[1] == "id"); assert(docs.read("mcp.house"):find("look"));'
        'assert(mcp.read_resource("house", "house://rules") == "No smoking.");'
        'assert(mcp.get_prompt("house", "greet", {guest = "Ada"}).messages[1].role == "user");'
        'return app.mcp.house.look({id = "a"}).given.id'
    )
    assert run("mcp", "lua", "-e", code) == 0
    assert capsys.readouterr().out.strip() == '"a"'
    assert run("mcp:lua", "--eval", "return app.integrations") != 0


def test_secrets_are_kept_and_never_shown(capsys, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"very-secret-value\n")))
    assert run("mcp", "secret", "set", "house.key", "--stdin") == 0
    assert run("mcp", "secret", "list") == 0
    assert "very-secret" not in "".join(capsys.readouterr())
    assert places_of().secrets.get("house.key").reveal() == "very-secret-value"
    assert run("mcp", "secret", "unset", "house.key") == 0
    assert places_of().secrets.get("house.key") is None


def test_a_secret_does_not_go_into_a_project_s_file():
    assert run("mcp", "add", "x", "--url", "https://x.example", "--header", "Authorization=Bearer abc") == 2
    assert not Path(".mcp.json").exists()


def test_who_trusts_a_server_sees_what_is_handed_to_its_program(capsys):
    write_entries(house=entry_of() | {"env": {"NODE_OPTIONS": "--require ./x.js", "KEY": "very-secret"}, "cwd": "sub"})
    assert run("mcp", "trust", "house") == 0
    said = capsys.readouterr().out
    assert "; variables: NODE_OPTIONS, KEY; folder: sub" in said
    assert "very-secret" not in said
