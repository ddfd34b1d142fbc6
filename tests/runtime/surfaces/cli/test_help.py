"""What the command line says about itself, and what it loads to say it."""

import re
import subprocess
import sys

import pytest

HEAVY = ("httpx", "jsonschema", "rich", "anyio", "asyncio", "ssl", "yaml", "jinja2")


def own_words(text):
    """Return a help text's paragraphs, one string each, without what click writes and how click breaks lines.

    "Usage: x [OPTIONS]\n\n  Count\n  sheep.\n\nOptions:\n  --all   All.\n  -h, --help  Show this.\n"
    -> ["Count sheep.", "--all All."]
    """
    after_usage = text.split("\n\n", 1)[1]
    ours = re.sub(r"^(\S[^:\n]*:|.*-h, --help\b.*)\n", "", after_usage, flags=re.MULTILINE)
    return [" ".join(paragraph.split()) for paragraph in ours.split("\n\n") if paragraph.strip()]


@pytest.mark.parametrize("command", ["", "demo", "list", "docs", "schema", "call"])
def test_the_help_says_this(cli, snapshot, command):
    ended = cli(*filter(None, [command]), "--help")
    assert (ended.code, ended.err) == (0, "")
    assert own_words(ended.out) == snapshot
    assert "--help" in ended.out


def test_the_lines_of_a_help_text_fit_a_page(cli):
    assert max(len(line) for line in cli("call", "--help").out.splitlines()) <= 100


def test_without_a_command_it_shows_the_help(cli):
    assert cli() == cli("--help")
    assert cli("-h") == cli("--help")


def test_the_words_help_and_version_are_the_options(cli):
    assert cli("help") == cli("--help")
    assert cli("help", "sync", "pull") == cli("sync", "pull", "--help")
    assert cli("help", "get_book") == cli("get_book", "--help")
    assert cli("--json", "help", "list").data == cli("list", "--help", "--json").data
    assert cli("version") == cli("--version")


def test_name_and_version_are_the_registrys(cli):
    assert cli("--version").out == "library 2.1.0\n"


def test_an_unknown_command_names_the_nearest(cli):
    ended = cli("lst")
    assert (ended.code, ended.out) == (2, "")
    assert "Nearest: list." in ended.err


def test_a_tool_in_place_of_a_command_is_called(cli, remote):
    ended = cli("fetch_book", '{"book_id": "b1"}', LIBRARY_API_KEY="key_for_tests", LIBRARY_BASE_URL=remote.url)
    assert (ended.code, remote.asked) == (0, ["GET /books/b1"])


@pytest.mark.parametrize("arguments", [("call",), ("list", "--jsn"), ("schema", "get_book", "x"), ("--account",)])
def test_wrong_usage_ends_with_2_and_points_to_the_help(cli, arguments):
    ended = cli(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "--help." in ended.err


def test_wrong_usage_is_an_envelope_with_json(cli):
    ended = cli("call", "--json")
    assert ended.code == 2
    assert ended.envelope["code"] == "usage"
    assert ended.envelope["outcome"] == "not_sent"


def loaded(package_folder, *arguments):
    """Return the modules that a run has loaded by its end."""
    code = (
        "import sys; from tool_runtime.surfaces.cli.app import execute; "
        f"assert execute({str(package_folder)!r}, {arguments!r}) == 0; print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(ended.stderr.split())


@pytest.mark.parametrize("arguments", [("list",), ("docs", "get_book"), ("schema", "get_book")])
def test_what_sends_nothing_loads_no_http_and_no_validator(package_folder, arguments):
    assert loaded(package_folder, *arguments).isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [("--help",), ("call", "--help"), ("--version",)])
def test_help_does_not_even_load_the_registry(package_folder, arguments):
    assert loaded(package_folder, *arguments).isdisjoint({*HEAVY, "pathlib", "tool_runtime.core.registry"})
