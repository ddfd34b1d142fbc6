from __future__ import annotations

import pytest

from tool_generator.load.sources import digest, read_source
from tool_generator.load.spec import read_folder
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
        ("a: 1\n---\nb: 2\n", "a.yaml:2: is not valid YAML"),
        ("a: [1,\nb: 2\n", "a.yaml:3: is not valid YAML"),
        ("a:\n\t- 1\n", "a.yaml:2: is not valid YAML"),
        ("# nothing\n", "a.yaml:1: is empty"),
        (b"a: 1\nb: \xff\n", "a.yaml:2: is not UTF-8"),
        ("a: \x01\n", "a.yaml:1: is not valid YAML"),
    ],
)
def test_what_json_cannot_say_is_a_problem_with_its_line(text, problem):
    problems = read(text)[1]
    assert len(problems) == 1
    assert problems[0].startswith(problem)


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


def test_the_digest_follows_names_and_bytes_and_nothing_else(tmp_path):
    def make(name, **files):
        for path, text in files.items():
            target = tmp_path / name / path.replace("__", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            (target.parent / f"{target.name}.yaml").write_text(text)
        return digest(read_folder(tmp_path / name))

    first = make("first", api="x", tools__a="1")
    assert make("second", api="x", tools__a="1") == first
    assert make("third", api="x", tools__b="1") != first
    assert make("fourth", api="x1", tools__a="") != first
