"""Arguments out of the words of a shell: every form, every type, and everything that is said twice."""

import io
import json
import os
from pathlib import Path

import pytest

from tool_runtime.core.registry import Registry
from tool_runtime.errors import InvalidArguments, UsageError
from tool_runtime.surfaces.cli.arguments import names_of, read_arguments
from tool_runtime.surfaces.cli.commands import command_of
from tool_runtime.surfaces.cli.words import Scanner

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
PARAMETERS = {
    "book_id": {"in": "path", "required": True, "schema": TEXT, "spellings": ["identifier"]},
    "days": {"in": "body", "schema": NUMBER},
    "fee": {"in": "body", "schema": {"type": ["number", "null"]}},
    "note": {"in": "body", "schema": {"type": ["string", "null"]}},
    "edition": {"in": "body", "schema": {"type": ["string", "integer"]}},
    "is_rare": {"in": "body", "schema": {"type": "boolean"}},
    "reader": {"in": "body", "schema": {"$ref": "#/types/Reader"}},
    "tags": {"in": "body", "schema": {"type": "array", "items": {"type": "object", "properties": {"n": NUMBER}}}},
    "words": {"in": "body", "schema": {"type": "object", "additionalProperties": TEXT}},
    "anything": {"in": "body", "schema": {}},
    "scan": {"in": "file", "schema": {"type": "string", "format": "binary"}},
    "pages": {"in": "file", "schema": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    "prompt": {"in": "body", "schema": TEXT},
    "sandbox": {"in": "body", "schema": TEXT},
}
DOCUMENT = {
    "registry": 1,
    "api": {"name": "library", "slug": "town-library", "command": "library", "environment": "LIBRARY"},
    "server": {"base_url": "https://library.example"},
    "auth": {"in": "header", "name": "X-API-Key"},
    "tools": {
        "lend": {"name": "lend", "class": "write", "method": "POST", "path": "/b/{book_id}", "parameters": PARAMETERS}
    },
    "types": {
        "Reader": {
            "type": "object",
            "properties": {
                "first_name": TEXT,
                "age": NUMBER,
                "home": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"zip_code": TEXT}}]},
            },
        }
    },
}
REGISTRY = Registry(DOCUMENT)
LEND = REGISTRY.resolve("lend")


def scanned(*words):
    return Scanner(command_of("call").params, lambda _: names_of(REGISTRY, LEND)).scan(words)


@pytest.fixture
def read(monkeypatch):
    def run(*words, stdin=None):
        stream = io.TextIOWrapper(io.BytesIO(stdin or b""))
        monkeypatch.setattr("sys.stdin", stream if stdin is not None else None)
        return read_arguments(REGISTRY, LEND, scanned("lend", *words))

    return run


def faults(read, *words, **options):
    with pytest.raises(InvalidArguments) as caught:
        read(*words, **options)
    return {fault.path: fault.message for fault in caught.value.faults} or caught.value.message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (['{"book_id": "b"}'], {"book_id": "b"}),
        (["--book-id", "b"], {"book_id": "b"}),
        (["--book_id", "b"], {"book_id": "b"}),
        (["--book_id=b"], {"book_id": "b"}),
        (["--BOOK-ID=b"], {"book_id": "b"}),
        (["--identifier", "b"], {"identifier": "b"}),
        (["book_id=b"], {"book_id": "b"}),
        (["--arg", "book_id=b"], {"book_id": "b"}),
        (["--arg=book_id=b"], {"book_id": "b"}),
        (["--arg", 'reader:={"age": 1}'], {"reader": {"age": 1}}),
        (['reader:={"age": 1}'], {"reader": {"age": 1}}),
        (["--book-id", "-"], {"book_id": "-"}),
        (["--book-id", "a=b"], {"book_id": "a=b"}),
        (["book_id=a=b"], {"book_id": "a=b"}),
        (["--book-id=--sandbox"], {"book_id": "--sandbox"}),
        (["--book-id="], {"book_id": ""}),
        (["--days", "-5"], {"days": -5}),
        (["--", "book_id=b"], {"book_id": "b"}),
    ],
)
def test_an_argument_is_given_in_every_form_of_a_shell(read, words, expected):
    assert read(*words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("days=5", 5),
        ("days=five", "five"),
        ("book_id=5", "5"),
        ("book_id=true", "true"),
        ("fee=1.5", 1.5),
        ("fee=null", None),
        ("fee=1e3", 1000.0),
        ("note=null", None),
        ('note:="null"', "null"),
        ("note=5", "5"),
        ("edition=3", 3),
        ("edition=03", "03"),
        ("edition=latest", "latest"),
        ("is_rare=false", False),
        ("is_rare=yes", "yes"),
        ('tags=[{"n": 1}]', [{"n": 1}]),
        ('words={"a": "1"}', {"a": "1"}),
        ("anything=5", 5),
        ("anything=+14155550199", "+14155550199"),
        ("anything=[1]", [1]),
        ("anything=[1", "[1"),
        ("anything:=[1]", [1]),
    ],
)
def test_a_text_is_read_by_the_type_of_its_parameter(read, words, expected):
    (value,) = read(words).values()
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--is-rare"], True),
        (["--is-rare", "false"], False),
        (["--is-rare", "--days", "1"], True),
        (["--is-rare", "days=1"], True),
        (["--is-rare=false"], False),
    ],
)
def test_a_bare_flag_is_true_and_takes_a_word_only_where_that_is_true_or_false(read, words, expected):
    assert read(*words)["is_rare"] is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--reader.first_name", "Ada"], {"reader": {"first_name": "Ada"}}),
        (["--reader.first-name", "5"], {"reader": {"first_name": "5"}}),
        (["reader.age=5", "reader.first_name=Ada"], {"reader": {"age": 5, "first_name": "Ada"}}),
        (["--reader.home.zip-code", "01234"], {"reader": {"home": {"zip_code": "01234"}}}),
        (["--words.count", "5"], {"words": {"count": "5"}}),
        (["--tags[0].n", "5", "--tags.1.n", "6"], {"tags": [{"n": 5}, {"n": 6}]}),
        (["--anything.a.b", "5"], {"anything": {"a": {"b": 5}}}),
    ],
)
def test_a_nested_argument_is_given_by_its_path(read, words, expected):
    assert read(*words) == expected


def test_flags_win_over_json_at_their_place_and_leave_the_rest(read):
    base = '{"book_id": "a", "identifier": "z", "days": 1, "reader": {"age": 1, "first_name": "Ada"}}'
    assert read(base, "--book-id", "b", "--reader.age", "2") == {
        "book_id": "b",
        "days": 1,
        "reader": {"age": 2, "first_name": "Ada"},
    }


def test_a_nested_flag_finds_json_that_used_another_spelling(read):
    assert read('{"identifier": "a", "days": 1}', "--book-id", "b") == {"book_id": "b", "days": 1}


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["--days", "1", "--days", "1"], "days"),
        (["--days", "1", "days=2"], "days"),
        (["--book-id", "a", "--identifier", "b"], "book_id"),
        (["--reader.age", "1", "reader.age=2"], "reader.age"),
        (["--reader", "{}", "--reader.age", "2"], "reader.age"),
    ],
)
def test_what_is_said_twice_is_a_fault(read, words, place):
    assert "is given twice" in faults(read, *words)[place]


@pytest.mark.parametrize(
    "text", ['{"days": 1, "days": 2}', '{"reader": {"a": 1, "a": 1}}', '{"tags": [{"n": 1, "n": 2}]}']
)
def test_a_key_that_stands_twice_in_json_is_a_fault_at_any_depth(read, text):
    assert "twice" in faults(read, text)
    assert "twice" in faults(read, stdin=text.encode())


def test_a_key_that_stands_twice_in_the_json_of_one_argument_is_a_fault(read):
    assert "twice" in faults(read, 'reader={"age": 1, "age": 2}')["reader"]
    assert "twice" in faults(read, 'anything:={"a": {"b": 1, "b": 2}}')["anything"]


def test_piped_input_is_read_with_and_without_a_dash(read):
    text = b'\xef\xbb\xbf{"days": 5}'
    assert read(stdin=text) == read("-", stdin=text) == {"days": 5}
    assert read("--days", "6", stdin=text) == {"days": 6}
    assert read(stdin=b" \n") == {}


def test_json_on_the_line_leaves_standard_input_alone(read):
    assert read('{"days": 1}', stdin=b"not read") == {"days": 1}


def test_a_pipe_that_nobody_ends_is_refused_and_not_waited_for(monkeypatch, capsys):
    reader, writer = os.pipe()
    monkeypatch.setattr("tool_runtime.surfaces.cli.arguments.LONGEST_SILENCE", 0.01)
    with os.fdopen(reader) as stream, os.fdopen(writer, "w"):
        monkeypatch.setattr("sys.stdin", stream)
        with pytest.raises(InvalidArguments, match="gives nothing") as caught:
            read_arguments(REGISTRY, LEND, scanned("lend", "--book-id", "b"))
    assert "</dev/null" in caught.value.hint
    assert "waiting for arguments" in capsys.readouterr().err


def test_lines_that_were_meant_for_a_loop_are_refused_with_the_way_out(read):
    with pytest.raises(InvalidArguments) as caught:
        read("--book-id", "b", stdin=b"call_1\ncall_2\n")
    assert "</dev/null" in caught.value.hint


@pytest.mark.parametrize(("word", "named"), [("extra", "'extra' is not JSON"), ("@", "@ names no file")])
def test_a_word_that_is_no_argument_is_named(read, word, named):
    with pytest.raises(InvalidArguments) as caught:
        read(word)
    assert named in str(caught.value)


def test_an_object_is_read_from_a_file(read, tmp_path: Path):
    source = tmp_path / "reader.json"
    source.write_text('{"age": 5}')
    assert read(f"--reader=@{source}") == read(f"reader:=@{source}") == {"reader": {"age": 5}}
    assert "cannot be read" in faults(read, "--reader=@/nowhere.json")["reader"]


def test_a_file_is_given_by_its_path(read):
    assert read("--scan", "@a/b.png", "--pages", "@c.png") == {"scan": Path("a/b.png"), "pages": [Path("c.png")]}
    assert read('pages:=["@a.png", "@b.png"]') == {"pages": [Path("a.png"), Path("b.png")]}
    assert read('{"scan": "@a.png"}') == {"scan": Path("a.png")}


def test_a_file_without_its_sign_is_a_fault_that_shows_the_sign(read):
    assert "--scan @a.png" in faults(read, "--scan", "a.png")["scan"]


def test_piped_json_opens_no_file(read):
    assert read(stdin=b'{"scan": "@/etc/passwd"}') == {"scan": "@/etc/passwd"}


def test_a_flag_that_needs_a_value_says_so(read):
    assert "needs a value" in faults(read, "--days")["days"]


def test_every_fault_is_said_at_once(read):
    assert set(faults(read, "--days", "--scan", "x", "reader={")) == {"days", "scan", "reader"}


def test_bytes_that_are_no_text_are_a_fault(read):
    assert "UTF-8" in faults(read, "note=\udcff")["note"]
    assert "UTF-8" in faults(read, '{"note": "\udcff"}')


def test_behind_the_tool_its_parameter_is_meant_and_in_front_the_option():
    behind, front = scanned("lend", "--prompt", "Read it."), scanned("--prompt", "lend")
    assert (behind.options, behind.given[0].text) == ([], "Read it.")
    assert (front.options, front.given) == (["--prompt"], [])


def test_an_option_that_decides_where_a_call_goes_never_becomes_an_argument():
    words = scanned("lend", "--sandbox", "--dry_run", "sandbox=x")
    assert words.options == ["--sandbox", "--dry-run"]
    assert [given.name for given in words.given] == ["sandbox"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("--sanbox", "sandbox"), ("--dryrun", "dry-run"), ("--acount=x", "account")],
)
def test_a_misspelt_option_is_no_argument(word, meant):
    with pytest.raises(UsageError) as caught:
        scanned("lend", word)
    assert f"--{meant}" in caught.value.hint


@pytest.mark.parametrize(
    "words", [("lend", "{}", "{}"), ("lend", "-x"), ("lend", "--arg"), ("lend", "--account"), ("--days", "1", "lend")]
)
def test_a_word_that_is_nothing_is_wrong_usage(words):
    with pytest.raises(UsageError):
        scanned(*words)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["-o", "csv"], ["-o", "csv"]),
        (["-ocsv"], ["-ocsv"]),
        (["--max=5"], ["--max=5"]),
        (["--max", "5"], ["--max", "5"]),
        (["--wait"], ["--wait="]),
        (["--wait", "call_ended"], ["--wait=call_ended"]),
        (["--wait", "--json"], ["--wait=", "--json"]),
        (["--wait", "days=1"], ["--wait="]),
        (["-v", "--json"], ["-v", "--json"]),
    ],
)
def test_options_stand_anywhere_behind_the_tool(words, options):
    assert scanned("lend", *words).options == options


def test_any_json_that_a_shell_can_hold_comes_back_as_it_was(read):
    value = {"book_id": "ü\n\"'\\", "reader": {"age": 1, "x": [None, True, 1.5, {"y": "{}"}]}}
    assert read(json.dumps(value)) == value
    assert read(*(f"{name}:={json.dumps(part)}" for name, part in value.items())) == value
