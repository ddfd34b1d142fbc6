"""Every command on terminals of 60, 80 and 120 columns: its help, and what it shows to a person."""

import os
import re
import sys
import tempfile
from pathlib import Path

import click
import pytest
from terminal import on_terminal

import retell_ai
from tool_runtime.surfaces.cli.commands import COMMANDS, command_of

WIDTHS = (60, 80, 120)
PACKAGE = Path(retell_ai.__file__).parent


def _commands():
    """Return every command and every command of a command, as words: `["sync", "pull"]`."""
    found = []

    def visit(words, command):
        found.append(words)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                visit([*words, name], command.get_command(context, name))

    for name in COMMANDS:
        visit([name], command_of(name))
    return found


@pytest.mark.parametrize("words", [[], *_commands()], ids=" ".join)
def test_the_help_of_a_command_fits_every_terminal(cli, snapshot, words):
    shown = [cli(*words, "--help", COLUMNS=str(columns)) for columns in WIDTHS]
    assert [ended.code for ended in shown] == [0, 0, 0]
    for columns, ended in zip(WIDTHS, shown, strict=True):
        assert [line for line in ended.out.splitlines() if len(line) > columns] == []
    # click words the line of the help option, and not always in the same way.
    assert [re.sub(r"(?m)^ +-h, --help .*\n", "", ended.out) for ended in shown] == snapshot


# What a person would type in this order, on the sandbox. What the spec says of tools stands in `FROM_THE_SPEC`.
OURS = [
    "accounts set production --key-variable PRODUCTION_KEY dial=ask dials_per_day=50 allowed_prefixes=+1415,+1212",
    "accounts unset production dials_per_day",
    "accounts",
    "accounts fields",
    "accounts test",
    "configure --account spare --permissions read:allow,write:deny",
    "accounts remove spare",
    "status",
    "doctor",
    "delete_agent --agent-id agent_123 --dry-run --account default",
    "create_phone_call --account default from_number=+14155550100 to_number=+14155550199 -o table --fields call_id",
    "wait call_ended --call-id call_123 --fields call_id,call_status",
    "get_agent --agent-id agent_9",
    "get_agent --agentid agent_123 --versoin 1",
    "audit",
    "audit resolve 000000000000",
    "sync kinds",
    "sync pull llms",
    "sync diff",
    "sync push llms --dry-run",
    "lua --eval 'print(1) return {a = 1}'",
    "lua --validate --eval 'app.integrations.retell_ai.get_agnt({})'",
    "lua resume",
    "mcp config --client cursor",
    "mcp list",
    "mcp status",
    "sandbox status",
    "webhooks log",
    "search xyzzy",
    "list --class read --effect dial",
    "lsit",
]
FROM_THE_SPEC = [
    "list_voices --fields voice_id,provider,gender -o table",
    "get_agent --agent-id agent_123 -o table",
    "list",
    "docs",
    "docs get_concurrency",
    "docs CallCost",
    "docs errors",
    "docs search hang up",
    "search buy a number",
    "examples get_concurrency",
]
RUNS = """
import shlex, sys
from pathlib import Path
from tool_runtime.surfaces.cli.app import execute
for line in sys.argv[2:]:
    print("$", line, flush=True)
    execute(Path(sys.argv[1]), shlex.split(line))
    sys.stdout.flush()
"""


# A sentence on stderr and a command to copy are broken by the terminal itself: a line break would be copied as well.
SENTENCES = (
    "retell-tools: ",
    "the account ",
    "script:1: ",
    "1 calls seen",
    "No servers. To",
    "Start one: ",
    "Check that ",
)


@pytest.fixture
def terminal():
    """Type lines on a terminal without colour, all in one process, and return what stands there, by line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETELL_", "FORCE"))}
    # Where lines are broken depends on the length of a path.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="every-") as folder:
        environment = kept | {
            "RETELL_SANDBOX": "1",
            "PRODUCTION_KEY": "key_of_production",
            "XDG_STATE_HOME": f"{folder}/state",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "PAGER": "cat",
        }

        def shown(lines, columns):
            start = ["env", "-C", folder, sys.executable, "-c", RUNS, str(PACKAGE), *lines]
            seen = on_terminal(start, environment, columns=columns)
            assert seen.code == 0, seen.text
            parts = re.split(r"(?m)^\$ (.*)\n", seen.text.replace(folder, "/tmp/every-12345678"))[1:]
            return dict(zip(parts[::2], parts[1::2], strict=True))

        yield shown


def _too_wide(shown, columns):
    lines = [line for text in shown.values() for line in text.splitlines() if not line.startswith(SENTENCES)]
    # A word that is longer than a line, such as a path, stays whole.
    return [line for line in lines if len(line) > columns and " " in line.strip()]


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_a_command_shows_to_a_person_fits_the_terminal(terminal, snapshot, columns):
    shown = terminal(OURS, columns)
    assert list(shown) == OURS
    assert [line for line in _too_wide(shown, columns) if "did you mean" not in line] == []
    text = "".join(f"$ {line}\n{text}" for line, text in shown.items())
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-01-01 00:00:00Z", text)
    text = re.sub(r"(?m)^retell-tools \d\S*:", "retell-tools 1.0.0:", text)
    # Which extras are installed is no matter of this test.
    text = re.sub(r"(?m)^Not installed: .*\n", "", text)
    assert re.sub(r"\b[0-9a-f]{12}\b", "0" * 12, text) == snapshot


@pytest.mark.parametrize("columns", [20, *WIDTHS])
def test_what_the_spec_says_is_shown_with_whole_names_on_every_terminal(terminal, columns):
    shown = terminal(FROM_THE_SPEC, columns)
    assert list(shown) == FROM_THE_SPEC
    assert columns == 20 or _too_wide(shown, columns) == []
    for line, name in (("list", "update_conversation_flow_component"), ("docs search hang up", "stop_call")):
        assert name in shown[line]
