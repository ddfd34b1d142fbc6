"""Writing values as YAML, and changing files without touching the rest."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tool_generator.importing.edits import Edits
from tool_generator.importing.yaml_text import entry, flow
from tool_generator.load.sources import read_source
from tool_generator.problems import Report

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(
        [
            "yes",
            "on",
            "null",
            "1.0",
            "0x1",
            "2020-01-01",
            "a: b",
            "a #b",
            "- a",
            "{a}",
            "[a",
            "a\nb\n",
            " a",
            "'",
            "!x",
            "~",
            "",
        ]
    ),
)
_KEYS = st.text(min_size=1, max_size=9)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)


def _read(text: str) -> Any:
    report = Report()
    data = read_source("x.yaml", "x.yaml", text.encode(), report).data
    assert not report.problems, (text, report.problems)
    return data


@settings(max_examples=400)
@given(_KEYS, _VALUES)
def test_what_is_written_reads_back_as_the_same_value(key, value):
    assert _read(entry(key, value, 0)) == {key: value}
    assert _read(f"x: {flow(value)}") == {"x": value}
    assert _read("x:\n" + entry(key, value, 2)) == {"x": {key: value}}


@settings(max_examples=200)
@given(st.text(max_size=20))
def test_yaml_1_1_readers_see_the_same_texts(value):
    assert yaml.safe_load(entry("k", value, 0)) == {"k": value}


FILE = """# head
a: {x: 1, y: [1, 2, 3]}   # after a
b:
  # before c
  c: 'one'   # after c
  d: |
    long
    text

  e:
    - p: 1
      q: 2
    - r
f: last"""


def _edits():
    return Edits(read_source("x.yaml", "x.yaml", FILE.encode(), Report()), FILE)


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (lambda edits: edits.set(("a",), "x", 2), "x: 1", "x: 2"),
        (lambda edits: edits.set(("a",), "z", True), "3]}", "3], z: true}"),
        (lambda edits: edits.append(("a", "y"), 4), "2, 3]", "2, 3, 4]"),
        (lambda edits: edits.remove(("a", "y"), 0), "[1, 2", "[2"),
        (lambda edits: edits.remove(("a", "y"), 2), ", 3]", "]"),
        (lambda edits: edits.remove(("a",), "x"), "x: 1, ", ""),
        (lambda edits: edits.set(("b",), "c", "two"), "'one'", "two"),
        (lambda edits: edits.set(("b",), "new", {"m": 1}), "    - r\n", "    - r\n  new: {m: 1}\n"),
        (lambda edits: edits.remove(("b",), "d"), "  d: |\n    long\n    text\n", ""),
        (lambda edits: edits.append(("b", "e"), "s"), "    - r\n", "    - r\n    - s\n"),
        (lambda edits: edits.remove(("b", "e"), 1), "    - r\n", ""),
        (lambda edits: edits.remove(("b", "e", 0), "p"), "p: 1\n      q", "q"),
        (lambda edits: edits.set((), "g", 1), "f: last", "f: last\ng: 1"),
    ],
)
def test_an_edit_changes_its_place_and_nothing_else(change, old, new):
    edits = _edits()
    assert change(edits)
    assert edits.result() == FILE.replace(old, new, 1)


def test_an_edit_that_touches_another_is_put_off():
    edits = _edits()
    assert edits.set(("b",), "e", [])
    assert not edits.append(("b", "e"), "s")
    assert not edits.set(("b", "e", 0), "p", 5)
    assert edits.result() == FILE.partition("  e:")[0] + "  e: []\nf: last"


def test_the_last_entry_leaves_an_empty_collection():
    text = "a:\n  b: 1\nc: [x]\n"
    edits = Edits(read_source("x.yaml", "x.yaml", text.encode(), Report()), text)
    assert edits.remove(("a",), "b")
    assert edits.remove(("c",), 0)
    assert _read(edits.result()) == {"a": {}, "c": []}
