"""A shell completes commands, tools, flags, accounts, values and ids, and never shows an error."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from loopback import LoopbackServer, dropped
from terminal import on_terminal

BIN = Path(sys.executable).parent
BASH = shutil.which("bash")


@pytest.fixture
def environment(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
    own |= {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return own | {"PATH": os.pathsep.join([str(BIN), own.get("PATH", "")]), "HOME": str(tmp_path)}


@pytest.fixture
def completions(environment):
    """Press the key in a real bash, behind some words."""
    own = environment
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


def test_commands_of_commands_and_their_flags_are_completed(completions):
    assert completions("mcp", "serv") == ["serve", "server-json"]
    assert completions("sync", "pull", "--di") == ["--dir"]
    assert completions("--account", "eu", "sandb") == ["sandbox"]


def test_words_behind_a_command_are_completed(completions):
    assert completions("accounts", "unset", "production", "dials_per_d") == ["dials_per_day"]
    assert completions("accounts", "set", "production", "dia")[0] == "dial="
    assert completions("sync", "pull", "agents", "", RETELL_SANDBOX="1") == ["agent_123"]
    assert completions("webhooks", "trigger", "call_an") == ["call_analyzed"]
    assert completions("mcp", "config", "--client", "cur") == ["cursor"]


def test_fields_below_an_argument_are_completed(completions):
    assert completions("update_agent", "--data.agent_n") == ["--data.agent_name"]
    assert completions("update_agent", "--data.stt-mode", "cu") == ["custom"]


def test_a_seed_spelling_is_completed_as_the_command_that_it_stands_for(completions):
    assert completions("integrations", ":", "call", "get_chat_a") == ["get_chat_agent"]


def test_values_of_an_enum_are_completed(completions):
    assert completions("list_calls", "--sort-order", "") == ["ascending", "descending"]
    assert completions("list_calls", "--sort-order", "=", "asc") == ["ascending"]
    assert completions("schema", "get_call", "--format", "ge") == ["gemini"]


def test_ids_come_from_a_read_on_the_sandbox(completions):
    assert completions("get_agent", "--agent-id", "ag", RETELL_SANDBOX="1") == ["agent_123"]
    assert completions("get_agent", "--sandbox", "agent_id", "=", "") == ["agent_123"]


def test_ids_of_one_name_are_those_of_the_tools_own_records(completions):
    chats = completions("get_chat_agent", "--agent-id", "", RETELL_SANDBOX="1")
    assert "agent_123" not in chats
    assert chats == completions("sync", "pull", "chat_agents", "", RETELL_SANDBOX="1")


def test_an_argument_that_ends_in_the_name_of_an_id_is_one(completions):
    assert completions("update_phone_number", "--inbound-agent-id", "", RETELL_SANDBOX="1") == ["agent_123"]


def test_unknown_outcomes_are_completed_for_who_resolves_them(completions, environment):
    server = LoopbackServer()
    server.script.append(dropped)
    words = ["agent_id=a", "from_number=+14155550100", "to_number=+14155550199", "--force", "--json"]
    ended = subprocess.run(
        [BIN / "retell-tools", "create_phone_call", *words],
        env=environment | {"RETELL_API_KEY": "k", "RETELL_BASE_URL": server.url, "NO_PROXY": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    server.close()
    assert completions("audit", "resolve", "") == [json.loads(ended.stdout)["error"]["record"][:12]]


def test_accounts_are_completed(completions):
    assert "production" in completions("list", "--account", "", RETELL_API_KEY__PRODUCTION="key_x")


def test_without_a_key_there_are_no_ids_and_no_error(completions):
    assert completions("get_agent", "--agent-id", "") == []


def test_a_server_that_never_answers_gives_nothing(completions):
    assert completions("get_agent", "--agent-id", "", RETELL_API_KEY="k", RETELL_BASE_URL="http://127.0.0.1:9") == []


SHELLS = {
    "bash": (["--norc", "-i"], "source <(retell-tools completion bash)"),
    "zsh": (["-f", "-i"], "autoload -U compinit; compinit -u -D; source <(retell-tools completion zsh)"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_person_types_a_call_with_the_key_in_a_real_shell(environment, shell):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"there is no {shell}")
    options, start = SHELLS[shell]
    seen = on_terminal(
        [path, *options],
        environment | {"PS1": "ask> ", "RETELL_SANDBOX": "1"},
        [
            ("ask> ", f"{start}; echo load''ed\n"),
            ("loaded", "retell-tools get_age\t"),
            ("get_agent", " --agent-i\t"),
            ("--agent-id", " ag\t"),
            ("agent_123", " --fields agent_id -o raw\n"),
            ('{"agent_id"', "exit\n"),
        ],
        columns=200,
    )
    assert seen.code == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell):
    command = [BIN / "retell-tools", "completion", shell]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "_RETELL_TOOLS_COMPLETE" in ended.stdout


def test_an_unknown_shell_is_wrong_usage():
    ended = subprocess.run([BIN / "retell-tools", "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
