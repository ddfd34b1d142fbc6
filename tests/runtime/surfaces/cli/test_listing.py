"""`list`, `docs` and `schema`: plain in a pipe, JSON where asked, readable on a terminal."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def terminal(package_folder):
    """Run the command line on a terminal without colours, and return what the terminal shows."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

    def run(*arguments):
        start = (
            f"from pathlib import Path; from tool_runtime.surfaces.cli import run; run(Path({str(package_folder)!r}), "
        )
        reading, writing = pty.openpty()
        subprocess.run(
            [sys.executable, "-c", f"{start}{arguments!r})"],
            stdout=writing,
            check=True,
            timeout=60,
            env=os.environ | {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"},
        )
        os.close(writing)
        shown = os.read(reading, 100_000)
        os.close(reading)
        return shown.decode().replace("\r\n", "\n")

    return run


def test_tools_are_listed_one_a_line_in_the_order_of_the_spec(cli):
    ended = cli("list")
    assert ended.out.splitlines() == [
        "get_book\tread\tRead one book's record.",
        "burn_book\twrite, destroy, deprecated\tDestroy a book.",
        "lend_book\twrite\tLend a book.",
    ]


def test_tools_are_listed_as_json(cli):
    first, *_ = cli("list", "--json").data
    assert first == {
        "name": "get_book",
        "full_name": "library_get_book",
        "aliases": ["fetch_book"],
        "group": "books",
        "class": "read",
        "effects": [],
        "summary": "Read one book's record.",
        "required": ["book_id"],
        "deprecated": False,
    }


def test_an_option_means_the_same_before_and_after_the_command(cli):
    assert cli("--json", "list").data == cli("list", "--json").data


def test_on_a_terminal_tools_stand_in_their_groups(terminal, snapshot):
    assert terminal("list") == snapshot


def test_docs_lists_its_pages(cli):
    assert cli("docs").out.splitlines() == [
        "overview\toverview\tTown Library: what there is and how to call it",
        "retries\tguide\tRetries and outcomes",
        "get_book\ttool\tRead one book's record.",
        "burn_book\ttool\tDestroy a book.",
        "lend_book\ttool\tLend a book.",
        "reference\twhole\tTown Library: everything on one page",
    ]


@pytest.mark.parametrize("name", ["lend_book", "library_lend_book", "town-library.lend_book", "lend_book.md"])
def test_a_page_is_found_by_any_name_of_its_tool(cli, name):
    assert cli("docs", name).out == "# lend_book\n\n**Lend a book.**\n"


@pytest.mark.parametrize("name", ["town-library", "library", "overview", "town-library.md"])
def test_the_overview_is_found_by_the_apis_names(cli, name):
    assert cli("docs", name).out == "# Town Library\n\nRead this first.\n"


def test_the_whole_reference_has_a_name_of_its_own(cli):
    assert cli("docs", "reference").out == "# Town Library\n\nAll of it.\n"


@pytest.mark.parametrize("name", ["retries", "Retries and outcomes", "outcomes", "guides/retries"])
def test_a_guide_is_found_by_its_name_and_its_title(cli, name):
    assert cli("docs", name).out == "# Retries and outcomes\n\nOnce.\n"


def test_on_a_terminal_a_page_is_rendered(terminal):
    shown = terminal("docs", "lend_book")
    assert "Lend a book." in shown
    assert "**" not in shown


def test_a_page_as_json_has_its_markdown(cli):
    page = cli("docs", "fetch_book", "--json").data
    assert page == {
        "page": "get_book",
        "kind": "tool",
        "summary": "Read one book's record.",
        "markdown": "# get_book\n\n**Read one book's record.**\n",
    }


def test_an_unknown_page_names_the_nearest(cli):
    ended = cli("docs", "lend_bok")
    assert (ended.code, ended.out) == (2, "")
    assert "lend_book" in ended.err


def test_a_part_of_a_name_leads_to_the_pages_that_have_it(cli):
    assert "Nearest: get_book, burn_book, lend_book." in cli("docs", "oo").err


def test_a_page_that_is_not_installed_is_a_matter_of_configuration(cli, package_folder):
    (package_folder / "reference" / "tools" / "get_book.md").unlink()
    assert cli("docs", "get_book").code == 3


def test_a_schema_is_found_by_any_name_of_its_tool(cli):
    assert cli("schema", "fetch_book").data["title"] == "library_get_book"


def test_a_registry_without_a_demo_says_so(cli):
    ended = cli("demo")
    assert (ended.code, ended.out) == (3, "")
    assert "Town Library declares no demo" in ended.err


def test_options_that_no_tool_fits_say_so_on_stderr(cli):
    ended = cli("list", "--class", "read", "--effect", "dial")
    assert (ended.code, ended.out) == (0, "")
    assert "no tool fits" in ended.err
