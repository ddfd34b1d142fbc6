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


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_commands_and_options_that_a_guide_names_exist(page, capsys):
    text = page.read_text(encoding="utf-8")
    named = {*re.findall(r"retell-tools ([a-z]+)", text), *re.findall(r"retell-tools ([a-z]+ [a-z]+)", text)}
    everywhere = "".join(help_of(words.split(), capsys) for words in sorted({"call", *named}))
    for span in re.findall(r"`((?:retell-tools |--)[^`\n]+)`", text):
        given = span.split()
        command = ["call"] if given[0].startswith("--") else []
        while not command or given[len(command) + 1 :]:
            # Words behind the name of a command are arguments of the command: `accounts set production`.
            longer = [*command, given[len(command) + 1]] if given[0] == "retell-tools" else []
            # An option could take the word --help for its value, and the command would run.
            if not longer or longer[-1].startswith("-") or not is_command(longer, capsys):
                break
            command = longer
        assert command or given[1].startswith("--"), span
        shown = help_of(command, capsys) if given[0] == "retell-tools" else everywhere
        assert [word for word in given if word.startswith("--") and word.split("=")[0] not in shown] == [], span


def is_command(words, capsys):
    return re.match(rf"Usage: retell-tools {' '.join(map(re.escape, words))} \[", help_of(words, capsys)) is not None


def help_of(command, capsys):
    capsys.readouterr()
    execute(PACKAGE, [*command, "--help"])
    return capsys.readouterr().out
