from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tool_generator.cli import main
from tool_generator.generate import compile_spec, generated_files

LIBRARY = Path(__file__).parents[2] / "library_api" / "spec"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(LIBRARY, tmp_path / "spec")
    return tmp_path / "spec"


def add(folder, name, method, path, *options):
    arguments = ["add", name, "--method", method, "--path", path, "--spec", str(folder), *options]
    return CliRunner().invoke(main, arguments)


def texts(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "method", "path", "options"),
    [
        ("books.archive_book", "POST", "/books/{book_id}/archive", ()),
        ("books.list_editions", "GET", "/books/{book_id}/editions", ("--pages", "numbered")),
        ("books.search_editions", "POST", "/editions/search", ()),
        ("books.rename_book", "PATCH", "/books/{book_id}/name", ()),
        ("books.replace_cover", "PUT", "/books/{book_id}/covers/{cover_id}", ()),
        ("loans.delete_note", "DELETE", "/notes/{note_id}", ()),
        ("loans.status", "GET", "/loans-status", ()),
        ("members.delete_files", "DELETE", "/files/{+path}", ()),
        ("members.exists", "HEAD", "/members/{member_id}/exists", ()),
        ("members.find_members", "POST", "/find", ("--class", "read", "--pages", "offset")),
        ("shelves.create_shelf", "POST", "/shelves", ("--title", "Shelves: all of them")),
    ],
)
def test_a_skeleton_validates_and_generates_and_says_where_it_stands(folder, name, method, path, options):
    result = add(folder, name, method, path, *options)
    assert result.exit_code == 0, result.output
    compiled = compile_spec(folder)
    tool = compiled.registry.tools[name.partition(".")[2]]
    assert (tool.method, tool.path, tool.group) == (method, path, name.partition(".")[0])
    assert tool.resource is not None
    assert tool.examples
    assert generated_files(compiled)
    file, line, _ = result.stdout.split(":", 2)
    assert Path(file).read_text().splitlines()[int(line) - 1].strip() == f"{tool.name}:"
    assert "# review:" in Path(file).read_text()


def test_class_effects_and_resource_are_guessed_and_can_be_said(folder):
    add(folder, "books.remove_book", "POST", "/books/{book_id}/remove")
    add(folder, "books.check_books", "POST", "/books/check")
    add(folder, "books.count_books", "POST", "/books/count", "--class", "write")
    tools = compile_spec(folder).registry.tools
    removed = tools["remove_book"]
    assert (removed.tool_class, removed.effects) == ("write", ("destroy",))
    assert (removed.resource.name, removed.resource.action) == ("book", "delete")
    assert removed.examples[0].arguments == {"book_id": "book_1"}
    assert (tools["check_books"].tool_class, tools["count_books"].tool_class) == ("read", "write")


def test_every_byte_that_was_there_stays_in_its_place(folder):
    before = texts(folder)
    add(folder, "books.archive_note", "POST", "/notes/{note_id}/archive")
    after = texts(folder)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"tools/books.yaml", "sandbox.yaml"}
    for name in changed:
        lines = iter(after[name].splitlines())
        assert all(line in lines for line in before[name].splitlines())


def test_line_ends_of_windows_comments_at_the_end_and_further_keys_stay(folder):
    path = folder / "tools" / "books.yaml"
    text = path.read_text().replace("title: Books\n", "", 1) + "\n# The end of the tools.\ntitle: Books\n"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert add(folder, "books.archive_book", "POST", "/books/{book_id}/archive").exit_code == 0
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.endswith(b"\r\n\r\n# The end of the tools.\r\ntitle: Books\r\n")


@pytest.mark.parametrize(
    ("name", "method", "path", "options", "message"),
    [
        ("archive", "POST", "/x", (), "is not GROUP.NAME, such as things.get_thing"),
        (".x", "POST", "/x", (), "is not GROUP.NAME"),
        ("bookz.x", "POST", "/x", (), 'there is no group "bookz"; did you mean "books"? (--title'),
        ("new-group.x", "POST", "/x", ("--title", "New"), "not lower-case letters, digits and underscores"),
        ("books.x", "POST", "/x", ("--title", "Books"), 'the group "books" exists; --title is for a new group'),
        ("books.archiveBook", "POST", "/x", (), 'the name "archiveBook" is not lower-case'),
        ("books.archiveBook", "POST", "/x", (), 'did you mean "archive_book"?'),
        ("books.get_book", "POST", "/x", (), 'there is a tool "get_book" already: '),
        ("books.x", "POST", "books/{book_id}", (), 'does not begin with a slash; did you mean "/books/{book_id}"?'),
        ("books.x", "POST", "https://a.example/x", (), "does not begin with a slash"),
        ("books.x", "POST", "/x?y=1", (), "arguments in the query are parameters"),
        ("books.x", "POST", "/books/{book_id", (), "the braces of the path"),
        ("books.x", "POST", "/books/{}", (), "the braces of the path"),
        ("books.x", "POST", "/books/{book-id}", (), "the braces of the path"),
        ("books.x", "POST", "/books/{a}/{a}", (), "has {a} twice"),
        ("books.x", "GET", "/books/{other}", (), "GET /books/{other} is the tool get_book already: "),
        ("books.x", "FETCH", "/x", (), "'FETCH' is not one of"),
        ("books.x", "GET", "/x", ("--pages", "numbred"), 'no pagination style "numbred" in api.yaml; did you mean'),
        ("books.x", "POST", "/x", ("--class", "write", "--pages", "numbered"), "a write is not paged"),
        ("books.x", "GET", "/x", ("--class", "write"), "a write by GET"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_with_what_is_right(folder, name, method, path, options, message):
    before = texts(folder)
    result = add(folder, name, method, path, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert texts(folder) == before


def test_nothing_is_added_to_a_spec_that_has_problems(folder):
    path = folder / "tools" / "loans.yaml"
    path.write_text(path.read_text().replace("class: read", "class: reed"))
    before = texts(folder)
    result = add(folder, "books.archive_book", "POST", "/books/{book_id}/archive")
    assert result.exit_code == 1
    assert result.stderr.endswith("nothing was written\n")
    assert texts(folder) == before


def test_what_would_not_validate_is_told_at_its_place_and_not_written(folder):
    before = texts(folder)
    result = add(folder, "books.close", "POST", "/close")
    assert result.exit_code == 1
    assert f"{folder}/tools/books.yaml:" in result.stderr
    assert '"close" is a member of every client' in result.stderr
    assert texts(folder) == before


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_disk_that_fails_on_the_way_leaves_every_file_as_it_was(folder, monkeypatch, failing):
    before, count, replace = texts(folder), itertools.count(), os.replace

    def failing_replace(source, target):
        if next(count) == failing:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    result = add(folder, "shelves.create_shelf", "POST", "/shelves", "--title", "Shelves")
    assert result.exit_code == 1
    assert "No space left on device; nothing was written" in result.stderr
    assert texts(folder) == before
