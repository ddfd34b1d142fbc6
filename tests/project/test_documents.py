"""README, CONTRIBUTING and CHANGELOG: examples run as they stand, links lead somewhere."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


GUIDES = sorted((ROOT / "spec").glob("*/guide/*.md"))


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def guide_examples():
    return [(guide.stem, block) for guide in GUIDES for block in blocks("python", guide.read_text(encoding="utf-8"))]


def commands(start):
    lines = (line.split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines())
    return [line for line in lines if start in line]


@pytest.fixture
def sandbox_environment(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", "")])
    places = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    return own | places | {"RETELL_SANDBOX": "1", "PATH": path, "PYTHONWARNINGS": "error"}


def execute(command, environment, folder):
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_a_python_example_runs(number, sandbox_environment, tmp_path):
    ended = execute([sys.executable, "-c", blocks("python")[number]], sandbox_environment, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(("guide", "example"), guide_examples())
def test_a_python_example_of_a_guide_runs(guide, example, sandbox_environment, tmp_path):
    ended = execute([sys.executable, "-c", example], sandbox_environment, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_guides_have_examples_of_custom_functions_and_of_policies():
    assert {"accounts", "custom_functions"} <= {guide for guide, _ in guide_examples()}


@pytest.mark.parametrize("command", commands("retell-tools"))
def test_a_shell_example_runs(command, sandbox_environment, tmp_path):
    ended = execute(["sh", "-c", command], sandbox_environment, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository that holds what the maintainer's commands of the README read and write."""
    folder = tmp_path_factory.mktemp("repository")
    for part in ("spec", "generated", "tests/upstream_facts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    own = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "Begin")):
        subprocess.run(["git", *own, *command], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("command", commands("toolgen"))
def test_a_command_for_maintainers_runs(command, sandbox_environment, repository):
    ended = execute(["sh", "-c", command], sandbox_environment, repository)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_readme_and_contributing_say_once_how_to_reach_the_commands():
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        assert ". .venv/bin/activate" in text
        assert ".venv/bin/" not in "".join(blocks("sh", text)).replace(". .venv/bin/activate", "")


@pytest.mark.parametrize("command", commands("make "))
def test_a_make_example_is_a_target(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


def test_the_first_python_example_is_about_ten_lines():
    assert len(blocks("python")[0].splitlines()) <= 11


def test_the_readme_has_examples_of_every_kind():
    assert len(blocks("python")) >= 4
    assert len(commands("retell-tools")) >= 5
    assert {"make demo", "make test", "make generate"} <= set(commands("make "))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_within_the_repository_leads_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_names_every_variable_and_no_measured_number():
    for variable in ("RETELL_API_KEY", "RETELL_API_KEY__PRODUCTION", "RETELL_BASE_URL", "RETELL_SANDBOX=1"):
        assert variable in README
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\d+(?:\.\d+)?\s?(?:ms|MB|x|%|times)\b", prose) == []


def test_the_changelog_has_an_entry_for_what_is_not_released_yet():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]\n\n### (Added|Changed|Fixed)\n\n- ", text, re.MULTILINE)
