"""Parts without a server: cutting, marks, schemas of providers, edits of files, bundles."""

import json
import os
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import anyio
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, StdioServerParameters
from mcp_service import DIAL, PACKAGE
from provider_rules import problems

from tool_runtime.errors import ConfigurationError, UsageError
from tool_runtime.surfaces.mcp import faces
from tool_runtime.surfaces.mcp.bundle import bundle, check_manifest, check_server_json, server_json
from tool_runtime.surfaces.mcp.client_files import (
    CLIENTS,
    Wanted,
    config_text,
    file_of,
    planned,
    planned_removal,
    write,
)
from tool_runtime.surfaces.mcp.cutting import cut, size_of
from tool_runtime.surfaces.mcp.json_edit import with_member, without_member
from tool_runtime.surfaces.mcp.server_entries import plain_json
from tool_runtime.surfaces.mcp.untrusted_text import UntrustedText

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=8),
    max_leaves=40,
)


@given(VALUES, st.integers(16, 400))
def test_what_is_cut_fits_and_holds_nothing_new(value, limit):
    kept, cuts = cut(value, limit)
    assert size_of(kept) <= max(limit, 5)
    assert (cuts == []) == (kept == value)
    assert _part_of(kept, value)


def _part_of(kept, value):
    if isinstance(value, list):
        return len(kept) <= len(value) and all(map(_part_of, kept, value))
    if isinstance(value, dict):
        return all(_part_of(inner, value[name]) for name, inner in kept.items())
    return value.startswith(kept) if isinstance(value, str) else kept == value


def test_lists_lose_items_and_texts_lose_lines():
    kept, [note] = cut({"rows": [{"n": n} for n in range(100)]}, 200)
    assert kept["rows"] == [{"n": n} for n in range(note.kept)]
    assert (note.path, note.total) == ("data.rows", 100)
    kept, _ = cut({"transcript": "Agent: hello\n" * 100}, 200)
    assert kept["transcript"].endswith("hello")


def test_marks_are_found_through_references_unions_and_lists():
    types = {"Turn": {"properties": {"said": {"type": "string", "untrusted": True}, "at": {"type": "number"}}}}
    reference = {"$ref": "#/types/Turn"}
    schema = {"properties": {"turns": {"items": {"oneOf": [reference, {"type": "string"}]}}, "more": reference}}
    value = {"turns": [{"said": "x", "at": 1}, "y"], "more": {"said": "z"}, "said": "unmarked"}
    assert UntrustedText(types).paths(value, schema) == ["data.turns[].said", "data.more.said"]
    assert UntrustedText(types).paths({"turns": [{"said": ""}]}, schema) == []


def every_face(writes=True):
    registry = PACKAGE.registry
    tools = list(registry.tools.values())
    for accounts in ((), ("default", "production")):
        yield from faces.tool_faces(PACKAGE, tools, accounts).values()
        yield from faces.search_tools(registry, accounts, writes=writes)
        yield from faces.code_tools("The API", writes=writes)


def test_every_exposed_schema_keeps_the_rules_of_every_provider():
    assert [problem for tool in every_face() for problem in problems(tool.name, tool.input_schema)] == []
    assert all(tool.description for tool in every_face())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"anyOf": [{"required": ["a"]}]}, "at the root"),
        ({"type": "array"}, "no object"),
        ({"required": ["b"]}, "no argument has that name"),
        ({"properties": {"a b": {"type": "string"}}}, "anthropic refuses"),
        ({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {}}}, "openai refuses"),
        ({"properties": {"a": {}}}, "not one of the types"),
        ({"properties": {"a": {"type": ["string", "null"]}}}, "not one of the types"),
        ({"properties": {"a": {"type": "array"}}}, "without items"),
        ({"properties": {"a": {"type": "integer", "enum": [1]}}}, "gemini refuses"),
        ({"properties": {"a": {"type": "string", "x-mark": 1}}}, "gemini does not know"),
        ({"properties": {"a": {"type": "wrong"}}}, "is not valid"),
        ({"properties": {f"a{at}": {"type": "string"} for at in range(5_001)}}, "5001 arguments"),
    ],
)
def test_the_checker_of_schemas_finds_what_a_provider_refuses(wrong, said):
    assert any(said in problem for problem in problems("tool", {"type": "object", "properties": {}} | wrong))


def test_where_there_are_several_accounts_a_call_can_name_one():
    call = PACKAGE.registry.resolve("get_call")
    tool = faces.tool_faces(PACKAGE, [call], ("a", "b"))["integration__retell_ai__get_call"]
    assert tool.input_schema["properties"]["account"]["enum"] == ["a", "b"]
    assert faces.choice_names(PACKAGE.registry.resolve("get_call"))["_account"] == "account"


DOCUMENTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=5)


@given(DOCUMENTS, st.text(min_size=1, max_size=5), VALUES, st.sampled_from([None, 2]))
def test_a_member_that_is_put_in_changes_nothing_else(document, key, value, indent):
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert json.loads(with_member(text, [key], value)) == document | {key: value}
    nested = with_member(text, ["~servers", key], value)
    assert json.loads(nested) == document | {"~servers": {key: value}}
    assert json.loads(without_member(nested, ["~servers", key])) == document | {"~servers": {}}


WANTED = Wanted("tools", "tools", ("mcp", "serve"), "TOOLS_API_KEY", "TOOLS_MCP_TOKEN")


@pytest.mark.parametrize("client", [one for one in CLIENTS if one != "codex"])
def test_an_entry_goes_into_a_client_s_file_and_all_else_stays(client, tmp_path):
    key = "servers" if client == "vscode" else "mcpServers"
    path = tmp_path / "deep" / "file.json"
    path.parent.mkdir()
    before = f'{{\n  // mine\n  "{key}": {{"other": {{"command": "x"}}, /* keep */ }},\n  "theme": "dark",\n}}\n'
    path.write_text(before)
    change = planned(client, path, WANTED)
    assert path.read_text() == before
    assert "+" in change.diff
    write(change)
    after = path.read_text()
    assert "// mine" in after
    assert "/* keep */" in after
    known = json.loads(plain_json(after))
    assert known[key]["other"] == {"command": "x"}
    assert known["theme"] == "dark"
    assert known[key]["tools"]["args"] == ["mcp", "serve"]
    assert planned(client, path, WANTED).diff == ""
    write(planned_removal(client, path, "tools"))
    assert path.read_text() == before.replace('"x"}, /*', '"x"} /*')
    assert planned_removal(client, path, "tools").diff == ""


def test_codex_gets_toml_and_its_comments_stay(tmp_path):
    path = tmp_path / "config.toml"
    before = '# mine\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "y" # why\n\n[tui]\ntheme = 1\n'
    path.write_text(before)
    write(planned("codex", path, WANTED))
    text = path.read_text()
    assert "# mine" in text
    assert "# why" in text
    assert tomlkit.parse(text)["mcp_servers"]["tools"]["command"] == "tools"
    write(planned_removal("codex", path, "tools"))
    assert path.read_text() == before


@pytest.mark.parametrize("unit", ["  ", "    ", "\t"])
def test_an_entry_is_indented_as_the_file_is(unit):
    text = f'{{\n{unit}"a": {{\n{unit * 2}"b": 1\n{unit}}}\n}}\n'
    assert with_member(text, ["a", "c"], {"d": 2}) == (
        f'{{\n{unit}"a": {{\n{unit * 2}"b": 1,\n{unit * 2}"c": {{\n{unit * 3}"d": 2\n{unit * 2}}}\n{unit}}}\n}}\n'
    )


def test_a_file_that_changed_meanwhile_or_is_broken_is_not_written(tmp_path):
    path = tmp_path / "file.json"
    change = planned("cursor", path, WANTED)
    path.write_text('{"new": 1}')
    with pytest.raises(ConfigurationError, match="changed"):
        write(change)
    path.write_text('{"mcpServers": [')
    with pytest.raises(ConfigurationError, match="not JSON"):
        planned("cursor", path, WANTED)
    path.write_text('{"mcpServers": []}')
    with pytest.raises(ConfigurationError):
        planned("cursor", path, WANTED)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_entry_holds_a_key(client, monkeypatch, tmp_path):
    monkeypatch.setenv("TOOLS_API_KEY", "key_secret")
    wanted = Wanted("tools", "tools", ("mcp",), "TOOLS_API_KEY", "TOOLS_MCP_TOKEN", pass_key=True)
    assert "key_secret" not in config_text(client, wanted)
    assert file_of(client, tmp_path, {"HOME": str(tmp_path)}, everywhere=True).is_relative_to(tmp_path)
    at_address = Wanted("tools", "tools", (), "K", "TOOLS_MCP_TOKEN", url="http://127.0.0.1:1/mcp")
    if client == "claude-desktop":
        with pytest.raises(UsageError):
            config_text(client, at_address)
    else:
        assert "TOOLS_MCP_TOKEN" in config_text(client, at_address) or "tools_mcp_token" in config_text(
            client, at_address
        )


def test_a_bundle_is_a_zip_with_a_right_manifest_and_always_the_same():
    data = bundle(PACKAGE)
    assert data == bundle(PACKAGE)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {"manifest.json", "server.py", "pyproject.toml"} == set(archive.namelist())
        compile(archive.read("server.py"), "server.py", "exec")
    assert manifest["user_config"]["api_key"]["sensitive"] is True
    for wrong in ({"version": "x"}, {"server": {}}, {"color": "red"}, {"user_config": {"a": {"type": "text"}}}):
        with pytest.raises(ConfigurationError):
            check_manifest(manifest | wrong)


def test_an_unpacked_bundle_serves_with_the_account_that_was_chosen(tmp_path):
    with zipfile.ZipFile(BytesIO(bundle(PACKAGE, ["--sandbox"]))) as archive:
        archive.extractall(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    settings = manifest["server"]["mcp_config"]["env"]
    assert "api_key" not in manifest["user_config"]
    assert list(settings) == ["RETELL_BUNDLE_WRITE"]
    command = StdioServerParameters(
        command=sys.executable, args=[str(tmp_path / "server.py")], env={"RETELL_BUNDLE_WRITE": "allow", **os.environ}
    )

    async def work():
        async with Client(command, cache=None) as client:
            made = await client.call_tool("call_tool", {"tool": "create_phone_call", "arguments": DIAL})
            assert made.structured_content["meta"]["sandbox"] is True

    anyio.run(work)


def test_the_registry_s_document_is_checked():
    document = server_json(PACKAGE, "io.github.somebody/tools")
    assert len(document["description"]) <= 100
    for wrong in (
        {"name": "tools"},
        {"name": f"io.github.somebody/{'x' * 200}"},
        {"title": "x" * 101},
        {"version": "latest"},
        {"description": "x" * 101},
        {"packages": []},
        {"packages": [document["packages"][0] | {"transport": {"type": "pipe"}}]},
    ):
        with pytest.raises(ConfigurationError):
            check_server_json(document | wrong)
    assert Path(PACKAGE.folder).is_dir()
