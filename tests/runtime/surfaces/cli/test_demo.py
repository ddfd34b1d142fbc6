"""The demo: the first thing that anybody runs, so it is the same every time, and it says what it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import retell_ai
from tool_runtime.core.registry import load_registry
from tool_runtime.surfaces.cli.app import execute
from tool_runtime.surfaces.cli.demo import read_demo

PACKAGE = Path(retell_ai.__file__).parent


@pytest.fixture
def demo(capsys, monkeypatch):
    for name in ("RETELL_API_KEY", "RETELL_BASE_URL", "RETELL_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*options):
        assert execute(PACKAGE, ["demo", *options]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return run


def test_the_demo_shows_this(demo, snapshot):
    assert demo() == snapshot


def test_the_demo_is_the_same_every_time(demo):
    assert demo() == demo()
    assert json.loads(demo("--json"))["data"] == json.loads(demo("--json"))["data"]


def test_the_demo_says_that_no_call_was_placed_and_how_to_place_one(demo):
    shown = demo()
    assert "no call is placed, nothing is charged" in " ".join(shown.split())
    assert "export RETELL_API_KEY=" in shown


def test_the_demo_never_leaves_the_sandbox_whatever_the_environment_says(demo, monkeypatch):
    expected = demo()
    monkeypatch.setenv("RETELL_API_KEY", "key_of_somebody")
    monkeypatch.setenv("RETELL_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("RETELL_SANDBOX", "0")
    assert demo() == expected


def test_the_json_document_has_every_steps_tool_arguments_and_result(demo):
    document = json.loads(demo("--json"))["data"]
    assert document["sandbox"] is True
    *steps, faces = document["steps"]
    assert [step["tool"] for step in steps] == [
        "create_agent",
        "create_phone_call",
        "get_call",
        "get_call",
        "list_calls",
    ]
    agent, call, ended, _, rows = (step["result"] for step in steps)
    assert steps[1]["arguments"]["agent_id"] == agent["agent_id"]
    assert steps[2]["arguments"] == {"call_id": call["call_id"]}
    assert ended["call_status"] == "ended"
    assert "Agent:" in ended["transcript"]
    assert [row["call_id"] for row in rows] == [call["call_id"]]
    assert faces.keys() == {"title", "kind", "tool", "python", "schema", "reference"}
    assert faces["schema"]["title"] == "create_phone_call"


def test_the_script_runs_as_it_stands(demo, tmp_path):
    script = tmp_path / "demo.py"
    script.write_text(demo("--script"), encoding="utf-8")
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stderr == ""
    assert "Agent:" in ended.stdout


def test_the_code_that_is_shown_is_python(demo):
    document = json.loads(demo("--json"))["data"]
    for step in document["steps"]:
        compile(step["python"], step["title"], "exec")


def test_every_tool_and_waiter_of_the_demo_exists():
    registry = load_registry(PACKAGE / "registry.json")
    for step in read_demo(registry).steps:
        assert registry.waiter(step.target) if step.kind == "wait" else registry.resolve(step.target)
