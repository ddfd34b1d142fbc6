"""`audit`: every write is listed with what became of it, and an unknown one is found out about."""

import json

import pytest

BOOK = '{"book_id": "b1"}'


@pytest.fixture
def audited(cli, remote):
    """Run the library's command line for an account that may write."""

    def run(*words, **options):
        return cli(*words, LIBRARY_BASE_URL=remote.url, LIBRARY_API_KEY="key_for_tests", **options)

    run("configure", "--write", "allow")
    return run


def entries(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["data"]


def lost(audited, remote, *words):
    """Make a write whose answer is lost, and return its id."""
    remote.hang_up = True
    assert audited("call", "lend_book", *(words or (BOOK,))).code == 4
    remote.hang_up = False
    return entries(audited("audit", "--outcome", "unknown", "--json"))[0]["id"]


def test_every_write_is_listed_and_no_read(audited, remote):
    audited("call", "lend_book", BOOK)
    audited("call", "get_book", BOOK)
    found = entries(audited("audit", "--json"))
    assert [(one["tool"], one["outcome"], one["surface"]) for one in found] == [("lend_book", "done", "cli")]
    assert found[0]["arguments"] == {"book_id": "b1"}


def test_entries_are_chosen_by_tool_outcome_and_time(audited, remote):
    audited("call", "lend_book", BOOK)
    remote.status = 404
    audited("call", "burn_book", BOOK)
    assert [one["tool"] for one in entries(audited("audit", "--tool", "library_burn_book", "--json"))] == ["burn_book"]
    assert [one["tool"] for one in entries(audited("audit", "--outcome", "done", "--json"))] == ["lend_book"]
    assert len(entries(audited("audit", "--since", "1h", "--json"))) == 2
    assert entries(audited("audit", "--since", "2999-01-01", "--json")) == []
    assert len(entries(audited("audit", "--limit", "1", "--json"))) == 1
    assert [json.loads(line)["tool"] for line in audited("audit", "-o", "ndjson").out.splitlines()] == [
        "burn_book",
        "lend_book",
    ]


@pytest.mark.parametrize(
    "words", [["--since", "yesterday"], ["--follow", "--json"], ["--outcome", "lost"], ["--limit", "0"]]
)
def test_what_audit_cannot_mean_is_a_usage_error(audited, words):
    assert audited("audit", *words).code == 2


def test_looking_makes_no_ledger(cli, tmp_path):
    assert cli("audit").code == 0
    assert not (tmp_path / "XDG_STATE_HOME").exists()


def test_a_record_that_only_shows_its_own_name_proves_nothing(audited, remote):
    entry = lost(audited, remote)
    remote.body = b'{"book_id": "b1", "title": "Dune"}'
    ended = audited("audit", "resolve", entry[:8])
    assert ended.code == 4
    assert "--as" in ended.err
    assert entries(audited("audit", "--outcome", "unknown", "--json"))[0]["id"] == entry


def test_a_record_that_shows_what_was_written_proves_the_write(audited, remote):
    entry = lost(audited, remote, '{"book_id": "b1", "days": 14}')
    remote.body = b'{"book_id": "b1", "days": 14}'
    ended = audited("audit", "resolve", entry, "--json")
    assert (ended.code, json.loads(ended.out)["data"]["outcome"]) == (0, "done")
    assert remote.asked[-1] == "GET /books/b1"
    found = entries(audited("audit", "--json"))[0]
    assert (found["outcome"], "days" in found["note"]) == ("done", True)


def test_a_record_that_differs_leaves_it_open_with_one_document(audited, remote):
    entry = lost(audited, remote, '{"book_id": "b1", "days": 14}')
    remote.body = b'{"book_id": "b1", "days": 7}'
    ended = audited("audit", "resolve", entry, "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["success"], document["error"]["code"]) == (4, False, "outcome_unknown")
    assert document["data"]["finding"]["rows"] == [{"book_id": "b1", "days": 7}]


def test_a_recipe_that_fails_leaves_it_open_and_says_why(audited, remote):
    entry = lost(audited, remote)
    remote.status, remote.body = 404, b'{"detail": "no such book"}'
    ended = audited("audit", "resolve", entry)
    assert ended.code == 4
    assert "no such book" in ended.err


def test_a_person_says_what_became_of_it(audited, remote):
    entry = lost(audited, remote)
    asked = len(remote.asked)
    ended = audited("audit", "resolve", entry, "--as", "not_sent", "--note", "the librarian said so")
    assert (ended.code, len(remote.asked)) == (0, asked)
    found = entries(audited("audit", "--json"))[0]
    assert (found["outcome"], found["note"]) == ("not_sent", "the librarian said so")
    assert audited("call", "lend_book", BOOK).code == 0


def test_a_write_without_a_recipe_is_for_a_person_to_say(audited, remote):
    remote.hang_up = True
    assert audited("call", "burn_book", BOOK).code == 4
    remote.hang_up = False
    entry = entries(audited("audit", "--json"))[0]["id"]
    asked = len(remote.asked)
    ended = audited("audit", "resolve", entry)
    assert (ended.code, len(remote.asked)) == (4, asked)
    assert "no recipe" in ended.err


@pytest.mark.parametrize("entry", ["nobody", "", "0"])
def test_an_id_that_names_none_is_a_fault(audited, entry):
    audited("call", "lend_book", BOOK)
    assert audited("audit", "resolve", entry).code == 2


def test_a_known_outcome_is_not_found_out_again(audited, remote):
    audited("call", "lend_book", BOOK)
    entry = entries(audited("audit", "--json"))[0]["id"]
    ended = audited("audit", "resolve", entry, "--as", "failed")
    assert ended.code == 2
    assert "is done" in ended.err
