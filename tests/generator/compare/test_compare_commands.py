"""The comparing commands of `toolgen`: output, exit codes, and one line where something cannot be used."""

import json

import pytest
from click.testing import CliRunner

from tool_generator.cli import main


@pytest.fixture
def toolgen(gadgets, document, tmp_path):
    """Run a command on the spec and the document as they are by then."""

    def run(command, *arguments):
        path = tmp_path / "upstream.json"
        path.write_bytes(document.content())
        return CliRunner().invoke(main, [command, str(path), "--spec", str(gadgets.write()), *arguments])

    return run


def test_drift_exits_with_0_where_nothing_breaks(toolgen, document):
    document.sent("createGadget")["properties"]["extra"] = {"type": "string"}
    done = toolgen("drift")
    assert done.exit_code == 0
    assert done.stdout == (
        "additive  create_gadget  POST /gadgets\n"
        "  + request.body.extra added: - -> string\n"
        "0 gone, 0 breaking, 1 additive, 0 new, 2 same; not judged: api_get\n"
    )


def test_drift_shows_what_is_gone_and_what_breaks_first(toolgen, document, gadgets):
    document.remove("getGadget")
    document.sent("createGadget")["properties"]["size"] = {"type": "string"}
    document.data["paths"]["/gadgets"]["get"] = {"operationId": "listGadgets", "responses": {}}
    gadgets.tools["get_gadget"] |= {"deprecated": True, "sunset": "2027-01-31", "replaced_by": "update_gadget"}
    done = toolgen("drift")
    assert done.exit_code == 1
    assert done.stdout == (
        "gone      get_gadget     GET /gadgets/{gadget_id}; replaced by update_gadget (sunset 2027-01-31)\n"
        "breaking  create_gadget  POST /gadgets\n"
        "  ! request.body.size type: integer -> string\n"
        "new       list_gadgets   GET /gadgets\n"
        "1 gone, 1 breaking, 0 additive, 1 new, 1 same; not judged: api_get\n"
    )


def test_drift_as_json_gives_verdict_and_changes_by_tool(toolgen, document):
    document.operation("getGadget")["parameters"][1]["required"] = True
    done = toolgen("drift", "--json")
    assert done.exit_code == 1
    tools = json.loads(done.stdout)["tools"]
    assert tools["get_gadget"]["verdict"] == "breaking"
    assert tools["get_gadget"]["changes"] == [
        {"path": "request.query.version", "kind": "required", "was": None, "now": None, "breaking": True}
    ]


def test_drift_says_the_same_twice(toolgen, document):
    document.gadget["properties"].pop("tags")
    assert toolgen("drift", "--json").stdout == toolgen("drift", "--json").stdout


def test_parity_counts_and_exits_with_1_where_something_differs(toolgen, document):
    assert toolgen("parity").exit_code == 0
    document.gadget["properties"]["extra"] = {"type": "string"}
    done = toolgen("parity")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "get_gadget response.extra added: None here, string upstream",
        "create_gadget response.extra added: None here, string upstream",
        "update_gadget response.extra added: None here, string upstream",
        "compared: 3 operations, 3 tools, 69 fields, 74 types, 15 enums, 69 requirements",
        "3 differences, 1 decisions of the spec",
    ]


def test_parity_as_json_holds_counts_and_both_lists(toolgen):
    value = json.loads(toolgen("parity", "--json").stdout)
    assert value["counts"]["operations"] == 3
    assert value["differences"] == []
    assert [item["tool"] for item in value["own"]] == ["api_get"]


@pytest.mark.parametrize("command", ["drift", "parity"])
@pytest.mark.parametrize("content", ["", "- 1", "{", "openapi: 2.0.0", "swagger: '2.0'"])
def test_a_document_that_is_none_ends_in_a_message(command, content, gadgets, tmp_path):
    path = tmp_path / "upstream.yaml"
    path.write_text(content, encoding="utf-8")
    done = CliRunner().invoke(main, [command, str(path), "--spec", str(gadgets.write())])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"{path}: ")
    assert done.stdout == ""


def test_a_document_that_is_not_there_ends_in_a_message(gadgets, tmp_path):
    path = tmp_path / "nowhere.yaml"
    done = CliRunner().invoke(main, ["drift", str(path), "--spec", str(gadgets.write())])
    assert done.exit_code == 2
    assert str(path) in done.stderr


def test_a_spec_with_problems_can_not_be_judged(toolgen, gadgets):
    gadgets.tools["get_gadget"]["path"] = "/gadgets"
    done = toolgen("drift")
    assert done.exit_code == 2
    assert "tools/things.yaml:" in done.stderr


@pytest.fixture
def pair(gadgets, tmp_path):
    """Return the paths of two registries, the second with a tool more and an argument less."""
    registry = gadgets.document()
    (tmp_path / "old.json").write_text(json.dumps(registry), encoding="utf-8")
    registry["tools"]["ring_gadget"] = registry["tools"]["get_gadget"] | {"upstream": "ringGadget", "summary": "Ring."}
    del registry["tools"]["create_gadget"]["parameters"]["size"]
    (tmp_path / "new.json").write_text(json.dumps(registry), encoding="utf-8")
    return str(tmp_path / "old.json"), str(tmp_path / "new.json")


def test_diff_prints_markdown_and_the_version_that_follows(pair):
    done = CliRunner().invoke(main, ["diff", *pair])
    assert done.exit_code == 0
    assert done.stdout == (
        "### Added\n\n- `ring_gadget`: a new read: Ring.\n\n"
        "### Removed\n\n- **Breaking:** `create_gadget`: the argument `size` is gone.\n\n"
        "Version bump: major, 1.0.0 to 2.0.0\n"
    )


def test_diff_as_json_gives_the_bump_and_each_change(pair):
    value = json.loads(CliRunner().invoke(main, ["diff", *pair, "--json"]).stdout)
    assert (value["bump"], value["from"], value["to"]) == ("major", "1.0.0", "2.0.0")
    assert [(item["tool"], item["kind"], item["level"]) for item in value["changes"]] == [
        ("create_gadget", "argument_removed", "breaking"),
        ("ring_gadget", "tool_added", "feature"),
    ]


def test_diff_of_equals_asks_for_no_version(pair):
    done = CliRunner().invoke(main, ["diff", pair[0], pair[0]])
    assert (done.exit_code, done.stdout) == (0, "Version bump: none: nothing changed\n")


def test_diff_of_what_is_no_registry_ends_in_a_message(pair):
    done = CliRunner().invoke(main, ["diff", pair[0], "nowhere"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "nowhere: there is no such file or folder, and no such git revision\n"
