"""Texts that hold JSON: decoded where an object or a list is expected, and clean when they are."""

import pytest

from tool_runtime.values.snapshots import decode


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ('{"a": 1}', {"a": 1}),
        (' \n{"a": [1]}', {"a": [1]}),
        ("{}", {}),
        ("[1]", None),
        ('"a"', None),
        ("{", None),
        ("{'a': 1}", None),
        ("[" * 100_000, None),
        ("", None),
        ("5", None),
    ],
)
def test_a_text_is_decoded_where_it_holds_what_is_expected(text, held):
    assert decode(text, {"object"}, "data", []) == held


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1e400}', "data.a"),
        ('{"a": [NaN]}', "data.a[0]"),
        ('{"a": "\\ud800"}', "data.a"),
        ('{"a": 1' + "0" * 100 + "}", "data.a"),
        ('{"a":' * 70 + "1" + "}" * 70, "data" + ".a" * 65),
    ],
)
def test_a_text_that_holds_what_cannot_be_sent_is_a_fault(text, path):
    faults = []

    assert decode(text, {"object"}, "data", faults) is None
    assert [fault.path for fault in faults] == [path]
