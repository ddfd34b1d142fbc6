"""The Makefile and .ci/run: what the README promises is there, and a gate that fails fails the run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GATES = {"lint", "types", "generate-check", "wheel", "test"}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def dry_run(*arguments):
    """Return what make would do, without doing it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    ended = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout


@needs_make
@pytest.mark.parametrize("target", ["demo", "test", "lint", "types", "generate", "bench", "check", "wheel", "clean"])
def test_the_target_is_there(target):
    assert dry_run(target)


@needs_make
@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_set_themselves_up(target):
    steps = dry_run(target)
    assert "-m venv .venv" in steps
    assert "install -qq --editable '.[dev]'" in steps


@needs_make
def test_check_runs_every_gate_and_the_tests_last():
    steps = dry_run("check")
    for needle in (
        "ruff check",
        "ruff format --check",
        "mypy --strict",
        "generate --spec",
        "pip wheel",
        "pytest",
    ):
        assert needle in re.sub(r"\.venv/bin/(python -m )?", "", steps).replace("--disable-pip-version-check ", "")
    assert steps.rstrip().splitlines()[-1].endswith("-m pytest")


def test_check_is_made_of_the_gates():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.search(r"^check: (.+)$", makefile, re.MULTILINE)[1].split()) == GATES


def test_the_help_of_the_makefile_names_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()) - {"help"}
    shown = "\n".join(re.findall(r'^\t@echo "(make .+)"$', makefile, re.MULTILINE))
    assert {target for target in phony if not re.search(rf"\b{target}\b", shown)} == set()


def test_ci_run_can_be_executed_and_needs_no_input():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False, timeout=60).returncode == 0
    assert "make --no-print-directory check </dev/null" in script.read_text(encoding="utf-8")


@needs_make
def test_ci_run_fails_when_a_gate_fails(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text("check:\n\t@env | grep -c RETELL_; exit 3\n")
    ended = subprocess.run(
        [tmp_path / ".ci" / "run"],
        cwd="/",
        env=os.environ | {"RETELL_API_KEY": "key_x"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode != 0
    assert ended.stdout.splitlines()[0] == "0"
