"""The command `lua`, as a process: what stands on stdout and stderr, and with which code the run ends."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

R = "local r = app.integrations.retell_ai "
AGENT = '{voice_id = "11labs-Adrian", prompt = "Kind."}'


@pytest.fixture
def lua(tmp_path: Path):
    def run(*words: str, stdin: str = "", sandbox: bool = True, program: str = "lua", **settings: str):
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path),
            "XDG_CONFIG_HOME": str(tmp_path),
            **({"RETELL_SANDBOX": "1"} if sandbox else {}),
            **settings,
        }
        command = [sys.executable, "-m", "retell_ai", program, *words]
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=120,
            check=False,
        )

    return run


def test_output_and_value_go_to_stdout(lua):
    ended = lua("-e", "print('a') print({1}) return {b = 1}")
    assert (ended.returncode, ended.stdout) == (0, 'a\n{1}\n{\n  "b": 1\n}\n')


def test_a_script_comes_from_a_file_or_from_standard_input(lua, tmp_path):
    (tmp_path / "s.lua").write_text("#!/usr/bin/env retell-tools\nreturn 1", encoding="utf-8")
    assert lua("s.lua").stdout == "1\n"
    assert lua(stdin="return 2").stdout == "2\n"
    assert lua("-", stdin="return 3").stdout == "3\n"


def test_the_spelling_of_the_page_is_the_same_command(lua):
    assert lua("--eval", "return 4", program="integrations:lua").stdout == "4\n"


def test_args_are_json(lua):
    assert lua("-e", "return args.a", "--args", '{"a": 5}').stdout == "5\n"
    refused = lua("-e", "return 1", "--args", "{")
    assert (refused.returncode, "--args is not JSON" in refused.stderr) == (2, True)


def test_json_is_one_envelope_with_the_whole_run(lua):
    document = json.loads(lua("--json", "-e", R + "print('x') r.list_agents{} return 5").stdout)
    assert document["function"] == "lua"
    assert (document["success"], document["data"], document["result"], document["output"]) == (True, 5, 5, "x\n")
    assert document["calls"][0]["path"] == "app.integrations.retell_ai.list_agents"
    assert (document["retryable"], document["status"], document["meta"]["sandbox"]) == (True, "done", True)
    assert document["limits"]["calls"] == {"used": 1, "limit": 1000}


@pytest.mark.parametrize(
    ("source", "code", "kind"),
    [
        ("local x = = 1", 2, "syntax"),
        (R + "r.get_cal()", 2, "name"),
        (R + "r.get_call{}", 2, "arguments"),
        (R + "r.get_call('call_nobody')", 5, "tool"),
        ("error('x')", 1, "runtime"),
        ("while true do end", 1, "limit"),
        (R + f"r.create_agent({AGENT}) error('x')", 9, "runtime"),
    ],
)
def test_a_failed_script_ends_in_the_code_of_what_happened(source, code, kind, lua):
    ended = lua("--json", "--cpu-limit", "0.3", "-e", source)
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["error"]["type"], document["success"]) == (code, kind, False)
    assert document["error"]["message"].startswith("script:1: ")
    assert document["retryable"] is (code != 9)


def test_a_script_pauses_where_nobody_can_be_asked_and_goes_on_with_a_yes(lua):
    # On the sandbox a policy asks only where it was set; a real account asks by default.
    real = {
        "sandbox": False,
        "RETELL_API_KEY": "key_x",
        "RETELL_BASE_URL": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    paused = lua("--json", "-e", R + f"local ok, e = pcall(r.create_agent, {AGENT}) return {{ok, e}}", **real)
    document = json.loads(paused.stdout)
    assert (paused.returncode, document["status"], document["error"]["code"]) == (7, "paused", "script_paused")
    assert document["run"] in lua("resume", **real).stdout
    resumed = lua("resume", document["run"], "--deny", "1", "--json", **real)
    assert json.loads(resumed.stdout)["result"][0] is False
    assert lua("resume", "--json", **real).stdout.count('"run": "') == 0


def test_a_run_that_is_not_there_is_wrong_usage(lua):
    assert lua("resume", "abc").returncode == 2


def test_wrong_words_are_told(lua):
    for words in (["a.lua", "-e", "1"], ["missing.lua"], ["a", "b"], ["-e", "return 1", "--approve", "1"]):
        assert lua(*words).returncode == 2, words


def test_validation_shows_lines_and_calls_nothing(lua):
    ended = lua("--validate", "-e", R + f"\nr.create_agent({AGENT})\nr.get_cal{{}}")
    lines = ended.stdout.splitlines()
    assert ended.returncode == 2
    assert lines[0] == "script:2: app.integrations.retell_ai.create_agent: fits (write)"
    assert lines[1].startswith("script:3: app.integrations.retell_ai: has no 'get_cal'")
    assert lua("--validate", "-e", "return 1").returncode == 0


def test_a_dry_run_shows_what_it_would_send(lua):
    ended = lua("--dry-run", "-e", R + f"r.create_agent({AGENT})")
    assert ended.returncode == 0
    assert 'would send: {"tool": "create_agent"' in ended.stderr


def test_read_only_refuses_writes(lua):
    ended = lua("--read-only", "-e", R + f"r.create_agent({AGENT})")
    assert ended.returncode == 7


def test_progress_goes_to_stderr(lua):
    assert lua("-e", "progress(1, 2, 'calls')").stderr.splitlines()[0] == "1/2 calls"


def test_the_prompt_keeps_variables_and_goes_on_after_errors(lua):
    lines = [
        "local x = 5",
        "x + 1",
        "for i = 1, 2 do",
        "print(i)",
        "end",
        "foo()",
        "local function f(a) return a * 2 end",
        "f(x)",
    ]
    ended = lua("--repl", stdin="\n".join(lines))
    assert ended.stdout.split() == ["6", "1", "2", "10"]
    assert "attempt to call a nil value (global 'foo')" in ended.stderr


def test_the_prompt_completes_names_on_a_terminal(tmp_path):
    first, second = pty.openpty()
    settings = {
        **os.environ,
        "RETELL_SANDBOX": "1",
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "TERM": "xterm",
    }
    command = [sys.executable, "-m", "retell_ai", "lua", "--repl"]
    with subprocess.Popen(
        command, stdin=second, stdout=second, stderr=second, env=settings, start_new_session=True
    ) as process:
        os.close(second)
        shown = _until(first, b"> ")
        os.write(first, b"#docs.li\t() > 5\n")
        shown += _until(first, b"true")
        os.write(first, b".exit\n")
        process.wait(timeout=60)
        os.close(first)
    assert b"docs.list() > 5" in shown
    history = next(tmp_path.rglob("lua_history"))
    assert "docs.list() > 5" in history.read_text(encoding="utf-8")
    assert history.stat().st_mode & 0o077 == 0


def _until(terminal: int, wanted: bytes) -> bytes:
    shown, stop = b"", time.monotonic() + 60
    while wanted not in shown and time.monotonic() < stop:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    assert wanted in shown, shown
    return shown
