"""`call`: where arguments come from, where the result goes, and how each failure ends."""

import json
from pathlib import Path

import pytest

KEY = {"LIBRARY_API_KEY": "key_for_tests"}


def test_a_result_is_json_on_stdout_and_nothing_else(cli, remote):
    remote.body = '{"book_id": "b1", "title": "Ökonomie"}'.encode()
    ended = cli("call", "get_book", '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, ended.err) == (0, "")
    assert ended.data == {"book_id": "b1", "title": "Ökonomie"}
    assert "Ökonomie" in ended.out


@pytest.mark.parametrize("name", ["get_book", "fetch_book", "library_get_book", "town-library.library_get_book"])
def test_a_tool_is_called_by_any_of_its_names(cli, remote, name):
    ended = cli("call", name, '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, remote.asked) == (0, ["GET /books/b1"])


def test_an_empty_answer_is_null(cli, remote):
    remote.status, remote.body = 204, b""
    ended = cli("call", "burn_book", '{"book_id": "b1"}', "--force", LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, ended.out) == (0, "null\n")


def test_a_deprecated_tool_says_so_on_stderr(cli, remote):
    remote.status, remote.body = 204, b""
    ended = cli("call", "burn_book", '{"book_id": "b1"}', "--force", LIBRARY_BASE_URL=remote.url, **KEY)
    assert ended.err == "library: burn_book is deprecated; use lend_book\n"


def test_arguments_come_from_a_file(cli, remote, tmp_path: Path):
    source = tmp_path / "arguments.json"
    source.write_text('{"book_id": "b2"}', encoding="utf-8-sig")
    cli("call", "get_book", f"@{source}", LIBRARY_BASE_URL=remote.url, **KEY)
    assert remote.asked == ["GET /books/b2"]


def test_arguments_come_from_standard_input(cli, remote):
    cli("call", "get_book", "-", stdin=b'{"book_id": "b3"}', LIBRARY_BASE_URL=remote.url, **KEY)
    assert remote.asked == ["GET /books/b3"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "complaint"),
    [
        ("{'book_id': 'b1'}", b"", "the argument is not JSON"),
        ("", b"", "the argument is empty"),
        ("[1]", b"", "the argument is JSON, but not an object"),
        ('{"days": NaN}', b"", "NaN is not JSON"),
        ("-", b"", "standard input is empty"),
        ("-", b"\xff\xfe", "standard input is not UTF-8 text"),
        ("@/nowhere/at/all.json", b"", "/nowhere/at/all.json cannot be read: "),
        ("@a\x00b", b"", "cannot be read"),
        ("[" * 100_000, b"", "the argument is nested too deeply"),
        ('{"days": ' + "9" * 5000 + "}", b"", "the argument is not usable JSON"),
    ],
)
def test_unusable_arguments_are_refused_before_anything_is_sent(cli, remote, arguments, stdin, complaint):
    ended = cli("call", "get_book", arguments, stdin=stdin, LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, ended.out, remote.asked) == (2, "", [])
    assert complaint in ended.err


def test_every_invalid_argument_is_told_at_once(cli):
    ended = cli("call", "lend_book", '{"book": "b1", "days": "ten"}', **KEY)
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean book_id?" in ended.err
    assert "days" in ended.err


def test_invalid_arguments_are_one_envelope_with_json(cli):
    ended = cli("call", "lend_book", '{"book": "b1"}', "--json", **KEY)
    assert ended.code == 2
    assert ended.envelope["code"] == "invalid_arguments"
    assert {fault["path"] for fault in ended.envelope["faults"]} == {"book", "book_id"}
    assert ended.envelope["outcome"] == "not_sent"


def test_an_unknown_tool_names_the_nearest(cli):
    ended = cli("call", "get_bok")
    assert (ended.code, ended.out) == (2, "")
    assert "get_book" in ended.err


def test_without_a_key_it_says_how_to_set_one_and_what_needs_none(cli):
    ended = cli("call", "get_book", '{"book_id": "b1"}')
    assert ended.code == 3
    assert "LIBRARY_API_KEY" in ended.err
    assert "library call --sandbox get_book" in ended.err


def test_an_unknown_account_is_a_matter_of_configuration(cli):
    ended = cli("call", "get_book", '{"book_id": "b1"}', "--account", "branch", **KEY)
    assert ended.code == 3
    assert "there is no account named 'branch'" in ended.err


def test_an_account_uses_its_own_key(cli, remote):
    ended = cli(
        "--account", "branch", "call", "get_book", '{"book_id": "b1"}',
        LIBRARY_BASE_URL=remote.url, LIBRARY_API_KEY__BRANCH="key_of_the_branch",
    )  # fmt: skip
    assert ended.code == 0


def test_a_refusal_of_the_api_ends_with_5_and_shows_its_message(cli, remote):
    remote.status, remote.body = 404, b'{"detail": "no such book"}'
    ended = cli("call", "get_book", '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, ended.out) == (5, "")
    assert "no such book" in ended.err


def test_a_lost_answer_to_a_write_ends_with_4_and_says_how_to_find_out(cli, remote):
    remote.hang_up = True
    ended = cli("call", "lend_book", '{"book_id": "b1"}', "--force", LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, len(remote.asked)) == (4, 1)
    assert "A lent book says so." in ended.err
    assert """library call get_book '{"book_id": "b1"}'""" in ended.err


def test_an_interrupted_write_says_that_it_may_have_happened(cli, remote):
    remote.interrupt = True
    ended = cli("call", "lend_book", '{"book_id": "b1"}', "--force", "--json", LIBRARY_BASE_URL=remote.url, **KEY)
    assert ended.code == 4
    assert (ended.envelope["code"], ended.envelope["outcome"]) == ("interrupted", "unknown")
    assert "Do not just repeat it." in ended.envelope["hint"]


def test_an_interrupted_read_is_just_interrupted(cli, remote):
    remote.interrupt = True
    ended = cli("call", "get_book", '{"book_id": "b1"}', LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, ended.err) == (130, "library: interrupted\n")


@pytest.fixture
def broken_registry(package_folder: Path):
    source = package_folder / "registry.json"
    document = json.loads(source.read_text())
    document["tools"]["get_book"]["effects"] = 5
    source.write_text(json.dumps(document))


@pytest.mark.usefixtures("broken_registry")
def test_a_mistake_in_the_program_is_a_sentence_and_no_traceback(cli):
    ended = cli("list")
    assert (ended.code, ended.out) == (1, "")
    sentence, hint = ended.err.splitlines()
    assert sentence.startswith("library: TypeError: ")
    assert hint == "LIBRARY_DEBUG=1 shows where this came from."


@pytest.mark.usefixtures("broken_registry")
def test_a_mistake_shows_its_traceback_to_those_who_ask(cli):
    assert "Traceback" in cli("list", LIBRARY_DEBUG="1").err


@pytest.mark.usefixtures("broken_registry")
def test_a_mistake_is_an_envelope_with_json(cli):
    assert cli("list", "--json").envelope["code"] == "internal_error"


@pytest.mark.parametrize("command", ["docs", "schema"])
def test_an_unreadable_file_is_a_matter_of_configuration(cli, package_folder, command):
    (package_folder / "schemas" / "get_book.json").write_text("no schema")
    (package_folder / "reference" / "tools" / "get_book.md").write_bytes(b"\xff")
    ended = cli(command, "get_book")
    assert (ended.code, ended.out) == (3, "")
    assert "cannot be read" in ended.err


def test_a_broken_installation_is_a_matter_of_configuration(cli, tmp_path):
    ended = cli("list", folder=tmp_path / "nothing")
    assert (ended.code, ended.out) == (3, "")
    assert "Traceback" not in ended.err


def test_no_retries_means_one_attempt(cli, remote):
    remote.status = 503
    ended = cli("get_book", "book_id=b1", "--retries", "0", LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, remote.asked) == (6, ["GET /books/b1"])


@pytest.mark.parametrize("words", [("get_book", "book_id=b1"), ("lend_book", "book_id=b1", "--dry-run")])
@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "inf", "soon"])
def test_a_timeout_that_is_no_time_is_wrong_usage(cli, remote, words, seconds):
    ended = cli(*words, f"--timeout={seconds}", LIBRARY_BASE_URL=remote.url, **KEY)
    assert (ended.code, remote.asked) == (2, [])
    assert "--timeout" in ended.err


def test_a_write_that_names_none_of_several_accounts_is_not_advised_to_be_forced(cli, remote):
    keys = {"LIBRARY_API_KEY": "key_1", "LIBRARY_API_KEY__EU": "key_2"}
    ended = cli("lend_book", "book_id=b1", LIBRARY_BASE_URL=remote.url, **keys)
    assert (ended.code, remote.asked) == (7, [])
    assert "Name the account" in ended.err
    assert "--force" not in ended.err
    planned = cli("lend_book", "book_id=b1", "--dry-run", LIBRARY_BASE_URL=remote.url, **keys)
    assert planned.data["gate"] == "deny"
    assert "no account is named" in planned.err


def test_an_unknown_outcome_names_the_command_that_finds_out_and_records_it(cli, remote):
    remote.hang_up = True
    words = ("lend_book", "book_id=b1", "--force", "--retries", "0")
    ended = cli(*words, LIBRARY_BASE_URL=remote.url, **KEY)
    entry = cli("audit", "--json").data[0]["id"]
    assert ended.code == 4
    assert f"library audit resolve {entry}" in ended.err
