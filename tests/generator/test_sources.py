from __future__ import annotations

import pytest

from tool_generator.load.sources import read_source
from tool_generator.problems import Report


def read(text):
    report = Report()
    source = read_source("a.yaml", "a.yaml", text if isinstance(text, bytes) else text.encode(), report)
    return source, [str(problem) for problem in report.problems]


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "off",
        "yes",
        "no",
        "True",
        "y",
        "2026-10-01",
        "12:30:00",
        "0755",
        "0x1F",
        "1_000",
        "1e999",
        ".inf",
        "+1",
        "<<",
        "=",
    ],
)
def test_what_only_older_yaml_takes_for_another_type_stays_text(word):
    source, problems = read(f"{word}: {word}\n")
    assert (source.data, problems) == ({word: word}, [])


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("", None),
    ],
)
def test_json_values_are_read_as_such(word, value):
    assert read(f"key: {word}\n")[0].data == {"key": value}


def test_keys_are_text_whatever_they_look_like():
    assert read("{1: a, true: b, null: c}")[0].data == {"1": "a", "true": "b", "null": "c"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 'a.yaml:3: has the key "a" twice'),
        ("a: &x 1\nb: *x\n", "a.yaml:1: is used again through an alias"),
        ("a: &x {b: *x}\n", "a.yaml:1: is used again through an alias"),
        ("a: !!python/name:os.system x\n", 'a.yaml:1: has the tag "tag:yaml.org,2002:python/name:os.system"'),
        ("a: !secret x\n", 'a.yaml:1: has the tag "!secret"'),
        ("? [a, b]\n: 1\n", "a.yaml:1: has a key that is not a name"),
        ("# nothing\n", "a.yaml:1: is empty"),
        (b"a: 1\nb: \xff\n", "a.yaml:2: is not UTF-8"),
    ],
)
def test_what_json_cannot_say_is_a_problem_with_its_line(text, problem):
    problems = read(text)[1]
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("t:\n  a:\n    summary: Read a thing: the whole.\n", '3: has a colon and a space in the value of "summary"'),
        ("a:\n  - Note: see: there\n", '2: has a colon and a space in the value of "Note"'),
        ("a: “x: y”\n", '1: has a colon and a space in the value of "a"'),
        ("a: text\n  b: 1\n", '2: is indented below the value of "a" (line 1)'),
        ("a:\n\tb: 1\n", "2: is indented with a tab"),
        ("a:\n  b: 1\n\tc: 2\n", "3: is indented with a tab"),
        ("a:\n  -\tx: 1\n", "2: is indented with a tab"),
        ("a: 'it's mine'\nb: 2\n", "1: has a text that ends at a ' before the value ends"),
        ('a: "one\nb: "two"\n', '1: has a text that ends at a " before the value ends'),
        ('a: "x" y\n', '1: has a text that ends at a " before the value ends'),
        ('a: "open\nb: 2\n', '1: opens a text with ", and nothing closes the text'),
        ('a: "C:\\path"\n', "1: has a backslash in double quotes"),
        ("a: [1,\nb: 2\n", '1: opens a "[", and no "]" closes it'),
        ("a: {x: 1, y: 2\nb: 2\n", '1: opens a "{", and no "}" closes it'),
        ('{"a": 1\n "b": 2}\n', '2: lacks a "," or a "}"'),
        ("a: [1, 2]]\n", '1: has a "]" that nothing opened'),
        ("a: [1, 2}\n", '1: lacks a "," or a "]"'),
        ("a: {x: 1,, y: 2}\n", "1: has a comma too many"),
        ("a: {thing_id}/x\n", '1: goes on after "}": put the whole value in quotes'),
        ("a:\n  b: 1\n c: 2\n", "3: is indented by 1 space, which fits no line above: 0 or 2 would"),
        ("a:\n  - b: 1\n    c: 2\n   d: 3\n", "4: is indented by 3 spaces, which fits no line above"),
        ("a:\n  b: 1\n  - c\n", "3: is an item of a list among keys"),
        ("a:\n  - b\n  c: 1\n", "3: is a key among the items of a list"),
        ("a:\n  b: 1\n  c\n  d: 2\n", '3: has "c" where a key must stand'),
        ("a:\n  b: 1\n  c:x\n  d: 2\n", '3: has no space after the colon of "c:x"'),
        ("a: @name\n", '1: has a value that begins with "@"'),
        ("a: `code`\n", '1: has a value that begins with "`"'),
        ("a: *bold* text\n", '1: has a value that begins with "*"'),
        ("a: - b\n", '1: has a "-" after the key'),
        ("a: | text\n  more\n", '1: has text after "|"'),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n", "2: is the mark of a merge"),
        ("a: 1\n---\nb: 2\n", "2: begins a second document"),
        ("a: 1\n...\nb: 2\n", "3: stands after the end of the file"),
        ("a: 1\nb: x\x07y\n", "2: holds the character U+0007"),
        (f"a: 1\n{'k' * 1100}: 2\n", "2: has a key of more than 1024 characters"),
    ],
)
def test_a_text_that_is_no_yaml_is_one_problem_where_it_must_be_mended(text, problem):
    source, problems = read(text)
    line, message = problem.split(": ", 1)
    assert (len(problems), source.data, source.whole) == (1, None, False)
    assert problems[0].startswith(f"a.yaml:{line}: is not valid YAML: {message}")


def test_what_is_nested_without_end_is_one_fault():
    # Who refuses first is a matter of PyYAML's release: its parser, or our walk over what it read.
    source, faults = read("[" * 3000 + "]" * 3000)
    assert source.data is None
    assert [fault.split(": ")[0] for fault in faults] == ["a.yaml:1"]


def test_every_value_knows_its_line():
    source, _ = read("a:\n  b:\n    - x\n    - c: 1\n\n  d: >-\n    text\n")
    lines = {
        path: source.where(path)[1] for path in [("a",), ("a", "b", 1), ("a", "b", 1, "c"), ("a", "d"), ("a", "gone")]
    }
    assert lines == {("a",): 1, ("a", "b", 1): 4, ("a", "b", 1, "c"): 4, ("a", "d"): 6, ("a", "gone"): 1}
