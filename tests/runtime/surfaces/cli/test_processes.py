"""The command line as a process: pipes that close early, encodings that lack letters."""

import os
import subprocess
import sys

import pytest


def command(package_folder, *arguments):
    start = "from pathlib import Path; from tool_runtime.surfaces.cli import run; "
    return [sys.executable, "-c", f"{start}run(Path({str(package_folder)!r}), {arguments!r})"]


def test_a_reader_that_leaves_early_gets_no_complaint(package_folder):
    (package_folder / "reference" / "tools" / "get_book.md").write_text("a line of the page\n" * 50_000)
    with subprocess.Popen(
        command(package_folder, "docs", "get_book"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"a line of the page\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_escaped_and_never_an_error(package_folder, encoding):
    (package_folder / "schemas" / "get_book.json").write_text('{"title": "Œuvre 😀 \\ud800"}', encoding="utf-8")
    ended = subprocess.run(
        command(package_folder, "schema", "get_book"),
        capture_output=True,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert b'"title": "\\u0152uvre \\ud83d\\ude00 \\ud800"' in ended.stdout


def test_the_exit_code_is_the_processs(package_folder):
    assert subprocess.run(command(package_folder, "lst"), capture_output=True, check=False, timeout=60).returncode == 2
