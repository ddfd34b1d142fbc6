"""The Makefile and .ci/run: what the README promises is there, and a gate that fails fails the run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GATES = {"lint", "types", "spec", "generate-check", "wheel", "test"}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def dry_run(*arguments):
    """Return what make would do, without doing it."""
    ended = subprocess.run(
        ["make", "--dry-run", "--always-make", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ended.stdout


@needs_make
@pytest.mark.parametrize(
    "target", ["demo", "test", "lint", "types", "generate", "bench", "check", "wheel", "constraints", "clean"]
)
def test_the_target_is_there(target):
    assert dry_run(target)


@needs_make
@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_set_themselves_up_at_the_versions_of_the_constraints(target):
    steps = dry_run(target)
    assert "-m venv .venv\n" in steps
    assert "install -qq -c constraints.txt --editable '.[dev]'" in steps


@needs_make
@pytest.mark.parametrize("target", ["check", "bench"])
def test_nothing_but_what_judges_other_versions_installs_without_the_constraints(target):
    installs = [line for line in dry_run(target).splitlines() if re.search(r"\binstall -", line)]
    assert installs
    assert [line for line in installs if "-c constraints.txt" not in line] == []


@needs_make
@pytest.mark.parametrize(
    ("target", "environment", "constraints"),
    [("newest", ".venv-newest", "/dev/null"), ("oldest", ".venv-oldest", ".venv-oldest/floors.txt")],
)
def test_other_versions_are_judged_in_an_environment_of_their_own(target, environment, constraints):
    steps = dry_run(target)
    assert f"-m venv {environment}\n" in steps
    assert f"install -qq -c {constraints} --editable '.[dev]'" in steps
    for program in ("mypy --strict", "toolgen generate", "python -m pytest"):
        assert f"{environment}/bin/{program}" in steps
    assert ".venv/" not in steps
    assert "ruff check" not in steps


@needs_make
@pytest.mark.parametrize("options", ["-k demo", "--snapshot-update", "-n 2 -x"])
def test_pytest_gets_the_options_that_were_given_and_no_others(options):
    assert dry_run("test", f"ARGS={options}").rstrip().endswith(f"-m pytest {options}")


@needs_make
def test_no_test_sees_what_the_make_around_it_was_given():
    wanted = "test_check_runs_every_gate_and_the_tests_last or test_other_versions"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", wanted, str(Path(__file__))],
        cwd=ROOT,
        env=os.environ
        | {"ARGS": "-x", "VENV": "elsewhere", "MAKELEVEL": "1", "MAKEFLAGS": "kw -j8 -- ARGS=-x VENV=elsewhere"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout


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
    assert steps.rstrip().splitlines()[-1].endswith("-m pytest -n auto")


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
