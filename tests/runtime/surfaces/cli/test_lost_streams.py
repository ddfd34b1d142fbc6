"""Commands whose stdout is full, closed or left: what was done is never hidden, and no command blames itself."""

import os
import subprocess
import sys

import pytest

DIAL = (
    'app.integrations.retell_ai.create_phone_call({agent_id = "agent_123", '
    'from_number = "+14155550100", to_number = "+14155550199"})'
)
# What a shell writes behind a command. `left` is a pipe whose reader is gone.
LOST = {"full": ">/dev/full", "closed": ">&-", "left": ">&7"}


@pytest.fixture
def lose(tmp_path):
    """Run a command on the sandbox with a stdout that is lost in a way of `LOST`; return its code and its stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
    folders = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def started(way, *words):
        reader, writer = os.pipe()
        os.close(reader)
        script = f'exec 7>&{writer}; exec "$@" {LOST[way]}'
        ended = subprocess.run(
            ["bash", "-c", script, "bash", sys.executable, "-m", "retell_ai", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=[writer],
            text=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
            env=kept | folders | {"RETELL_SANDBOX": "1"},
        )
        os.close(writer)
        return ended.returncode, ended.stderr

    return started


@pytest.mark.parametrize("way", LOST)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_script_that_has_dialled_runs_to_its_end_and_ends_with_9(lose, way, form):
    code, said = lose(way, "lua", *form, "--eval", f"{DIAL} for i = 1, 2000 do print(i) end")
    assert (code, "Do not repeat it." in said) == (9, True)


@pytest.mark.parametrize("way", ["full", "closed"])
@pytest.mark.parametrize(
    "words",
    [["--help"], ["create_agent", "--help"], ["status"], ["demo"], ["lua", "--eval", "print(1)"], ["list_voices"]],
    ids=" ".join,
)
def test_a_reading_command_says_that_its_result_could_not_be_written(lose, way, words):
    code, said = lose(way, *words)
    assert (code, "could not be written" in said) == (9, True)
    assert "DEBUG" not in said
    assert "Do not repeat it." not in said


def test_following_the_ledger_ends_where_nobody_can_read_on(lose):
    lose("left", "lua", "--eval", DIAL)
    assert lose("full", "audit", "--follow")[0] == 9
    assert lose("left", "audit", "--follow") == (0, "")
