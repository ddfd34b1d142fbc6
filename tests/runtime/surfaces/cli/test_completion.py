"""A shell completes commands, tools, flags, accounts, values and ids, and never shows an error."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
BASH = shutil.which("bash")


@pytest.fixture
def completions(tmp_path):
    """Press the key in a real bash, behind some words."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
    own |= {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    own["PATH"] = os.pathsep.join([str(BIN), own.get("PATH", "")])
    script = subprocess.run(
        [BIN / "retell-tools", "completion", "bash"], env=own, capture_output=True, text=True, check=True
    ).stdout

    def press(*words, **variables):
        quoted = " ".join(f"'{word}'" for word in ("retell-tools", *words))
        line = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _retell_tools_completion retell-tools\n"
        line += 'printf "%s\\n" "${COMPREPLY[@]}"\n'
        ended = subprocess.run(
            [BASH, "--norc", "-c", line], env=own | variables, capture_output=True, text=True, check=True
        )
        assert ended.stderr == ""
        return ended.stdout.split()

    return press


pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash")


def test_commands_and_tools_are_completed(completions):
    assert {"status", "stop_call"} <= set(completions("st"))
    assert completions("call", "create_web") == ["create_web_call"]
    assert completions("accounts", "uns") == ["unset"]


def test_flags_of_a_tool_and_of_the_program_are_completed(completions):
    assert completions("get_call", "--call-") == ["--call-id"]
    assert "--dry-run" in completions("call", "get_call", "--dry")
    assert completions("schema", "get_call", "--skel") == ["--skeleton"]


def test_values_of_an_enum_are_completed(completions):
    assert completions("list_calls", "--sort-order", "") == ["ascending", "descending"]
    assert completions("list_calls", "--sort-order", "=", "asc") == ["ascending"]
    assert completions("schema", "get_call", "--format", "ge") == ["gemini"]


def test_ids_come_from_a_read_on_the_sandbox(completions):
    assert completions("get_agent", "--agent-id", "ag", RETELL_SANDBOX="1") == ["agent_123"]
    assert completions("get_agent", "--sandbox", "agent_id", "=", "") == ["agent_123"]


def test_accounts_are_completed(completions):
    assert "production" in completions("list", "--account", "", RETELL_API_KEY__PRODUCTION="key_x")


def test_without_a_key_there_are_no_ids_and_no_error(completions):
    assert completions("get_agent", "--agent-id", "") == []


def test_a_server_that_never_answers_gives_nothing(completions):
    assert completions("get_agent", "--agent-id", "", RETELL_API_KEY="k", RETELL_BASE_URL="http://127.0.0.1:9") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell):
    command = [BIN / "retell-tools", "completion", shell]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "_RETELL_TOOLS_COMPLETE" in ended.stdout


def test_an_unknown_shell_is_wrong_usage():
    ended = subprocess.run([BIN / "retell-tools", "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
