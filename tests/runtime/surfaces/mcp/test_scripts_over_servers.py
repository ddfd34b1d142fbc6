"""Scripts that call tools of other servers: asked about, paused and resumed as other calls are, and sent once."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import other_server
import pytest
from mcp_service import PACKAGE

from tool_runtime.surfaces.cli.app import execute
from tool_runtime.surfaces.mcp.hub import Places
from tool_runtime.surfaces.mcp.server_trust import trust

SERVER = Path(other_server.__file__)
BOOK = 'print("before") return app.mcp.house.book({guest = "Ada"}).given.guest'


def run(capsys, *words):
    """Run a command with --json, and return its code and document."""
    code = execute(PACKAGE.folder, [*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def house():
    """Write a server into the project, and trust that server."""
    entry = {"command": sys.executable, "args": [str(SERVER), str(Path.cwd() / "log")]}
    Path(".mcp.json").write_text(json.dumps({"mcpServers": {"house": entry}}))
    places = Places(PACKAGE.api, os.environ)
    for one in places.entries().values():
        trust(places.trust_file, one)


def called(name):
    """Return the calls that the server saw."""
    path = Path("log")
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line.startswith(name)]


def test_a_write_of_a_server_pauses_the_script_and_is_sent_once_after_the_yes(capsys):
    code, first = run(capsys, "mcp", "lua", "-e", BOOK)
    assert (code, first["status"], first["output"]) == (7, "paused", "before\n")
    (waits,) = first["pending"]
    assert (waits["path"], waits["arguments"]) == ("app.mcp.house.book", {"guest": "Ada"})
    assert called("book") == []
    code, second = run(capsys, "lua", "resume", first["run"], "--approve", str(waits["seq"]))
    assert (code, second["data"]) == (0, "Ada")
    assert len(called("book")) == 1
    assert second["calls"][-1]["effect_status"] == "succeeded"


def test_a_no_to_a_write_of_a_server_is_an_error_of_the_script(capsys):
    _, first = run(capsys, "mcp", "lua", "-e", BOOK)
    code, second = run(capsys, "lua", "resume", first["run"], "--deny", "1")
    assert (code, second["error"]["type"]) == (7, "policy")
    assert called("book") == []


def test_what_was_booked_before_the_pause_is_not_booked_again(capsys):
    code = 'app.mcp.house.book({guest = "Ada"}) app.mcp.house.book({guest = "Bob"}) return 5'
    _, first = run(capsys, "mcp", "lua", "-e", code)
    _, second = run(capsys, "lua", "resume", first["run"], "--approve", "1")
    assert second["status"] == "paused"
    code, third = run(capsys, "lua", "resume", first["run"], "--approve", str(second["pending"][0]["seq"]))
    assert (code, third["data"]) == (0, 5)
    assert [line.split("'")[3] for line in called("book")] == ["Ada", "Bob"]


@pytest.mark.parametrize(
    ("decided", "times"), [(["--done", '1={"given": {"seconds": 2}}'], 1), (["--not-done", "1"], 2)]
)
def test_a_write_of_a_server_that_was_cut_off_waits_for_somebody_who_knows(decided, times, capsys):
    code = "return app.mcp.house.slow({seconds = 2}).given.seconds"
    words = [sys.executable, "-m", "retell_ai", "mcp", "lua", "-e", code, "--force"]
    with subprocess.Popen(words, env=dict(os.environ), stderr=subprocess.DEVNULL) as host:
        while not called("slow"):
            assert host.poll() is None
        host.send_signal(signal.SIGKILL)
    _, listed = run(capsys, "lua", "resume")
    (one,) = listed["data"]
    status, found = run(capsys, "lua", "resume", one["run"])
    assert (status, found["status"], found["pending"][0]["why"]) == (4, "paused", "outcome unknown")
    assert len(called("slow")) == 1
    status, ended = run(capsys, "lua", "resume", one["run"], *decided, "--force")
    assert (status, ended["data"]) == (0, 2)
    assert len(called("slow")) == times
