"""Every Lua example and shell command of the page that this project rebuilds, and of its own reference, runs.

The page's scripts are in `seed_page/`: one file for each block of Lua and one for the shell commands, with the
program's name replaced.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from retell_ai import Client, Sandbox
from tool_runtime.surfaces.lua.lua_session import run_lua

ROOT = Path(__file__).resolve().parents[4]
PAGE = Path(__file__).parent / "seed_page"
REFERENCE = ROOT / "generated" / "retell_ai" / "reference"
PROGRAM = [sys.executable, "-m", "retell_ai"]


def lua_blocks() -> dict[str, str]:
    blocks: dict[str, str] = {}
    for path in sorted(REFERENCE.rglob("*.md")):
        if path.name == "retell-ai.md":
            # The whole on one page repeats the others.
            continue
        for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
            if token.type == "fence" and token.info == "lua" and token.content not in blocks.values():
                blocks[f"{path.stem}-{(token.map or [0])[0]}"] = token.content
    return blocks


BLOCKS = lua_blocks()


# The page shows texts where the API takes objects, and leaves out required numbers: such a call is refused with each
# field, as everywhere.
PLACEHOLDERS = [
    "metadata: expected object",
    "options: expected object",
    "from_number: is required",
    "to_number: is required",
]
# A route that the API has moved since the page was written.
MOVED = "/list-conversation-flows"


def ongoing_call(sandbox: Sandbox) -> None:
    """Let the call that the page gets and updates when it is over be one that can be stopped."""
    ongoing = next(one for one in sandbox.records("call") if one["call_status"] == "ongoing")
    sandbox.put("call", {**ongoing, "call_id": "call_123"})


@pytest.mark.parametrize("path", sorted(PAGE.glob("block_*.lua")), ids=lambda path: path.stem)
def test_a_script_of_the_page_runs_on_the_sandbox(path: Path):
    source = path.read_text(encoding="utf-8")
    sandbox = Sandbox(examples=True)
    with Client(sandbox=sandbox) as client:
        # The page updates a call, which the API allows when the call is over, and then stops the same call.
        before, stop, after = source.partition("app.integrations.retell_ai.stop_call")
        result = run_lua(client, before)
        if MOVED in source:
            assert result.error is not None
            assert f"Cannot GET {MOVED}" in result.error.message
            result = run_lua(client, source.replace(MOVED, f"/v2{MOVED}"))
        assert result.error is None, result.error.message
        ongoing_call(sandbox)
        result = run_lua(client, stop + after)
    assert result.error is None, result.error.message


@pytest.mark.parametrize("name", ["metadata", "workflow"])
def test_a_script_with_placeholders_is_refused_with_every_field(name: str):
    with Client(sandbox=Sandbox(examples=True)) as client:
        result = run_lua(client, (PAGE / f"{name}.lua").read_text(encoding="utf-8"))
    assert result.error is not None
    assert [words for words in PLACEHOLDERS if words not in result.error.message] == []
    assert result.retryable


@pytest.mark.parametrize("line", (PAGE / "commands.txt").read_text(encoding="utf-8").splitlines())
def test_a_command_of_the_page_runs_on_the_sandbox(line: str, tmp_path: Path):
    script = (PAGE / "workflow.lua").read_text(encoding="utf-8")
    (tmp_path / "workflow.lua").write_text(script, encoding="utf-8")
    program, *words = shlex.split(line)
    assert program == "retell-tools"
    settings = {**os.environ, "RETELL_SANDBOX": "1", "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    ended = subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, cwd=tmp_path, env=settings, timeout=120, check=False
    )
    document = json.loads(ended.stdout)
    if "docs.read" in line:
        assert (ended.returncode, document["success"]) == (0, True), ended.stderr
        assert "\n# " in document["output"]
    else:
        assert ended.returncode == 2, ended.stderr
        assert [words for words in PLACEHOLDERS if words not in document["error"]["message"]] == []


@pytest.mark.parametrize("name", BLOCKS)
def test_an_example_of_the_reference_runs_on_the_sandbox(name: str):
    with Client(sandbox=Sandbox(examples=True)) as client:
        result = run_lua(client, BLOCKS[name])
    assert result.error is None, result.error.message
