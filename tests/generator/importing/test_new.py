"""`toolgen new` makes a folder whose own gates pass at once."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tool_generator.cli import main

ROOT = Path(__file__).resolve().parents[3]
BOOKS = """
openapi: 3.1.0
info: {title: Some other title, version: "1"}
servers: [{url: https://api.books.example/v1}]
security: [{key: []}]
paths:
  /books/{isbn}:
    get:
      operationId: getBook
      parameters: [{name: isbn, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {description: "", content: {application/json: {schema: {$ref: "#/components/schemas/Book"}}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas:
    Book:
      type: object
      properties: {isbn: {type: string}, title: {type: string}}
      required: [isbn, title]
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, ["new", *arguments])


def passes(folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": ".", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    found = subprocess.run(["sh", "ci.sh"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 passed" in found.stdout


def test_a_project_of_a_document_passes_its_own_gates(run, tmp_path):
    (tmp_path / "books.yaml").write_text(BOOKS, encoding="utf-8")
    result = run("my-books", "--from", "books.yaml")
    assert (result.exit_code, result.output) == (
        0,
        f"1 of 1 operations are tools\nmy-books: 1 tools; see {Path('my-books', 'README.md')}\n",
    )
    passes(tmp_path / "my-books")
    project = tomllib.loads((tmp_path / "my-books" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == [own["name"]]
    assert {"lua", "mcp", "sandbox", "keyring", "docs"} <= project["optional-dependencies"].keys()
    assert project["optional-dependencies"].keys() - {"dev"} <= own["optional-dependencies"].keys()
    assert 'my-books = "my_books.__main__:main"' in (tmp_path / "my-books" / "pyproject.toml").read_text()


def test_a_project_without_a_document_passes_its_own_gates(run, tmp_path):
    assert run("fresh").exit_code == 0
    passes(tmp_path / "fresh")


@pytest.mark.parametrize("name", ["Two Words", "class", "9lives", "ä"])
def test_a_name_that_no_package_can_have_is_refused(run, name):
    assert run(name).exit_code == 2


def test_a_folder_that_holds_something_is_left_alone(run, tmp_path):
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "mine.txt").write_text("kept", encoding="utf-8")
    assert run("books").exit_code == 2
    assert [path.name for path in (tmp_path / "books").iterdir()] == ["mine.txt"]


def test_a_document_that_cannot_be_read_leaves_no_folder(run, tmp_path):
    (tmp_path / "books.yaml").write_text("nothing", encoding="utf-8")
    assert run("books", "--from", "books.yaml").exit_code == 1
    assert not (tmp_path / "books").exists()
