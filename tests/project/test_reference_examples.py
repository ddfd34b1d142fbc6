"""Examples of the reference do what they show: each one is run against the sandbox, as a reader would run it."""

import json
import re
import shlex
from pathlib import Path

import pytest

import retell_ai
from retell_ai import Client, Sandbox
from tool_runtime.surfaces.cli.app import execute

PACKAGE = Path(retell_ai.__file__).parent
PAGES = sorted((PACKAGE / "reference" / "tools").glob("*.md"))
GUIDES = sorted((PACKAGE / "reference" / "guides").glob("*.md"))


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def client():
    with Client(sandbox=Sandbox(examples=True)) as client:
        yield client


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_tool_run_in_python_on_the_command_line_and_as_data(page, monkeypatch, capsys):
    for name in ("RETELL_API_KEY", "RETELL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RETELL_SANDBOX", "1")
    counts = set()
    for language in ("python", "sh", "json"):
        shown = blocks(page, language)
        counts.add(len(shown))
        for block in shown:
            if language == "sh":
                assert execute(PACKAGE, shlex.split(block)[1:]) == 0, (block, capsys.readouterr().err)
                continue
            with Client(sandbox=Sandbox(examples=True)) as client:
                if language == "python":
                    exec(block, {"client": client})
                else:
                    call = json.loads(block)
                    client.call(call["tool"], call["arguments"])
    assert counts == {len(blocks(page, "lua"))} != {0} or page.stem.endswith(".arguments")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_the_python_of_a_guide_runs(page, client):
    for block in blocks(page, "python"):
        exec(block, {"client": client, "__name__": "guide"})
