from __future__ import annotations

import gc
import importlib.util
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tool_generator.cli import main

from .conftest import LIBRARY


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working folder whose spec/ holds the library's spec."""
    shutil.copytree(LIBRARY, tmp_path / "spec" / "library_api")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, arguments)


def test_validate_counts_what_a_sound_spec_holds(project):
    result = run("validate")
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "Town Library: 17 tools, 14 types, no problems\n",
        "",
    )


def test_validate_reports_every_problem_on_a_line_of_its_own_and_exits_with_1(project):
    path = project / "spec" / "library_api" / "tools" / "books.yaml"
    path.write_text(
        path.read_text().replace("class: read", "class: reed").replace("pagination: numbered", "pagination: numbred")
    )
    result = run("validate")
    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert result.stdout == ""
    assert lines[0].startswith("spec/library_api/tools/books.yaml:24: tools.get_book.class must be one of read, write")
    assert lines[-1] == f"{len(lines) - 1} problems"


def test_a_file_that_cannot_be_read_is_the_only_problem_that_is_reported(project):
    path = project / "spec" / "library_api" / "types" / "library.yaml"
    path.write_text(path.read_text() + "  Shelf: {type: object\n")
    books = project / "spec" / "library_api" / "tools" / "books.yaml"
    books.write_text(books.read_text().replace("class: read", "class: reed"))
    result = run("validate")
    assert result.exit_code == 1
    last = len(path.read_text().splitlines())
    problem = f'types/library.yaml:{last}: is not valid YAML: opens a "{{", and no "}}" closes it'
    assert result.stderr.splitlines() == [f"spec/library_api/{problem}", "1 problem"]


@pytest.mark.parametrize(
    ("file", "right", "wrong", "problem"),
    [
        ("tools/loans.yaml", "\ntools:", "\ntols:", 'has no key "tols"; did you mean "tools"?'),
        ("types/library.yaml", "\ntypes:", "\nthings:", "has none of the keys api, tools, types, resources, demo"),
        ("api.yaml", "\nwaiters:", "\nwaitrs:", 'has no key "waitrs"; did you mean "waiters"?'),
        ("api.yaml", "\nshapes:", "\nshapes: none\nwaiters_:", "shapes must be a mapping"),
    ],
)
def test_a_file_that_is_wrong_at_the_top_hides_what_only_follows_from_it(project, file, right, wrong, problem):
    path = project / "spec" / "library_api" / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    *problems, _ = run("validate").stderr.splitlines()
    assert all(line.startswith(f"spec/library_api/{file}:") for line in problems)
    assert any(problem in line for line in problems)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("#1 book", 'not null: "#" begins a comment, so put the value in quotes'),
        ("2.3", "not 2.3: put the value in quotes"),
        ("true", "not true: put the value in quotes"),
        ("", "not null"),
    ],
)
def test_a_value_that_yaml_takes_for_something_else_gets_a_hint_at_quotes(project, value, hint):
    path = project / "spec" / "library_api" / "tools" / "books.yaml"
    path.write_text(path.read_text().replace("summary: Read one book.", f"summary: {value}"))
    problem, _ = run("validate").stderr.splitlines()
    assert problem.endswith(f"summary must be a text, {hint}")


def test_generate_writes_below_generated_and_check_then_agrees(project):
    assert run("generate").exit_code == 0
    assert (project / "generated" / "library_api" / "registry.json").is_file()
    result = run("generate", "--check")
    assert (result.exit_code, result.stderr) == (0, "")


def test_check_prints_a_unified_diff_and_exits_with_1(project):
    run("generate")
    path = project / "spec" / "library_api" / "tools" / "books.yaml"
    path.write_text(path.read_text().replace("Read one book.", "Read a single book."))
    result = run("generate", "--check")
    assert result.exit_code == 1
    assert "--- a/tools/books.py\n+++ b/tools/books.py\n" in result.stdout
    assert '+        """Read a single book.' in result.stdout
    assert result.stderr == "generated/library_api is not current: run toolgen generate\n"
    assert "Read one book." in (project / "generated" / "library_api" / "tools" / "books.py").read_text()


def test_spec_and_out_may_be_anywhere(tmp_path):
    result = run("generate", "--spec", str(LIBRARY), "--out", str(tmp_path / "deep" / "library_api"))
    assert result.exit_code == 0
    assert (tmp_path / "deep" / "library_api" / "client.py").is_file()


@pytest.mark.parametrize("more", [(), ("--check",)])
def test_a_folder_that_nobody_could_import_is_refused_with_the_right_one(tmp_path, more):
    result = run("generate", "--spec", str(LIBRARY), "--out", str(tmp_path / "out"), *more)
    assert result.exit_code == 2
    assert "the package is called library_api" in result.stderr
    assert str(tmp_path / "library_api") in result.stderr.replace("\n", "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["validate", "--spec", "nowhere"], ["generate", "--chek"], ["make"]])
def test_wrong_usage_exits_with_2(project, arguments):
    assert run(*arguments).exit_code == 2


def test_two_specs_need_a_choice(project):
    shutil.copytree(LIBRARY, project / "spec" / "other")
    result = run("validate")
    assert result.exit_code == 2
    assert "spec/ holds 2 specs: library_api, other; name one with --spec" in result.stderr


def test_a_file_that_is_not_ours_stops_generate(project):
    target = project / "generated" / "library_api" / "client.py"
    target.parent.mkdir(parents=True)
    target.write_text("mine = True\n")
    result = run("generate")
    assert result.exit_code == 1
    assert "was not written by toolgen" in result.stderr


def test_a_missing_extra_gives_one_line_that_says_what_to_install(project, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ruff" else find_spec(name))
    result = run("validate")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert "pip install" in result.stderr
    assert "[generator]" in result.stderr


def test_python_m_is_the_same_command(project):
    done = subprocess.run(
        [sys.executable, "-m", "tool_generator", "validate"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Town Library: 17 tools, 14 types, no problems\n"


def test_a_command_that_ends_leaves_the_search_for_garbage_on(tmp_path):
    CliRunner().invoke(main, ["validate", "--spec", str(tmp_path)])
    assert gc.isenabled()
