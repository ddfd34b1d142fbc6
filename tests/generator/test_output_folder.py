from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys

import pytest

from tool_generator.emit import output_folder
from tool_generator.emit.pretty import pretty
from tool_generator.generate import compile_spec, generated_files

from .conftest import LIBRARY

MARK = f"# {output_folder.MARK}the x spec."


@pytest.fixture(scope="module")
def files():
    return generated_files(compile_spec(LIBRARY))


def test_the_same_spec_in_another_place_gives_the_same_bytes(files, tmp_path):
    shutil.copytree(LIBRARY, tmp_path / "elsewhere")
    script = (
        "import sys, hashlib; from pathlib import Path; from tool_generator.generate import *\n"
        "files = generated_files(compile_spec(Path('elsewhere')))\n"
        "print(hashlib.sha256(repr(files).encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    assert done.stdout.strip() == hashlib.sha256(repr(files).encode()).hexdigest()


def test_every_file_says_what_made_it_and_of_which_source(files):
    notice = compile_spec(LIBRARY).notice
    assert [name for name, text in files.items() if notice not in text] == ["py.typed"]
    assert not [name for name, text in files.items() if str(LIBRARY) in text]


def test_emitted_python_is_formatted_already(files, tmp_path):
    output_folder.write(files, tmp_path)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--check",
        "--isolated",
        "--no-cache",
        "--line-length",
        "120",
        str(tmp_path),
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_writing_removes_stale_files_of_ours_and_no_others(tmp_path):
    output_folder.write({"a.py": f"{MARK}\n", "schemas/b.json": f'{{"$comment": "{MARK}"}}'}, tmp_path)
    (tmp_path / "mine.py").write_text("x = 1\n")
    (tmp_path / "notes.md").write_text("text\n")
    assert output_folder.write({"c.py": f"{MARK}\n"}, tmp_path) == (["c.py"], ["a.py", "schemas/b.json"])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c.py", "mine.py", "notes.md"]


def test_writing_never_replaces_a_file_that_is_not_ours(tmp_path):
    (tmp_path / "b.py").write_text("x = 1\n")
    with pytest.raises(FileExistsError, match=r"b\.py was not written by toolgen"):
        output_folder.write({"a.py": MARK, "b.py": MARK}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b.py"]


def test_what_is_current_is_not_written_again(tmp_path):
    files = {"a.py": f"{MARK}\n", "b.py": f"{MARK}\n"}
    output_folder.write(files, tmp_path)
    before = (tmp_path / "a.py").stat().st_ino
    assert output_folder.write(files | {"b.py": f"{MARK}\n1\n"}, tmp_path) == (["b.py"], [])
    assert (tmp_path / "a.py").stat().st_ino == before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    output_folder.write({"a.py": f"{MARK}\n"}, tmp_path)

    def refuse(*_):
        raise OSError("disk is gone")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk is gone"):
        output_folder.write({"a.py": f"{MARK}\n2\n"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]
    assert (tmp_path / "a.py").read_text() == f"{MARK}\n"


def test_the_difference_shows_changed_missing_and_stale_files(tmp_path):
    output_folder.write({"a.py": f"{MARK}\n1\n", "old.py": f"{MARK}\n"}, tmp_path)
    wanted = {"a.py": f"{MARK}\n2\n", "new.py": "x", "py.typed": ""}
    diff = output_folder.difference(wanted, tmp_path)
    for line in (
        "--- a/a.py\n+++ b/a.py\n",
        "-1\n+2\n",
        "--- /dev/null\n+++ b/new.py\n",
        "--- a/old.py\n+++ /dev/null\n",
        "+++ b/py.typed\n",
    ):
        assert line in diff
    output_folder.write(wanted, tmp_path)
    assert output_folder.difference(wanted, tmp_path) == ""


def test_code_that_does_not_parse_is_a_problem_of_the_generator():
    with pytest.raises(output_folder.FormatFailed, match=r"a\.py"):
        output_folder.formatted({"a.py": "def"})


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": [{}, []], "ключ": '\u2028\x00"\\'},
        [1, 1.5, True, None, "x" * 200],
        {"a": {"b": ["c" * 90, "d" * 90]}},
    ],
)
def test_pretty_json_says_what_the_value_says(value):
    import json

    assert json.loads(pretty(value)) == value


def test_pretty_json_puts_on_one_line_what_fits():
    assert pretty({"a": {"b": [1, 2]}}) == '{"a": {"b": [1, 2]}}\n'
    assert pretty({"a": ["x" * 99]}) == '{\n "a": [\n  "' + "x" * 99 + '"\n ]\n}\n'
