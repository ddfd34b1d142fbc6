"""Templates have one reading: what is filled, what is referred to, and what stays text."""

import pytest

from tool_runtime.values.templates import ABSENT, assign, expand, holds, lookup, references, referred

NAMES = {
    "": {"id": "shaped"},
    "call": {"id": "c1", "tags": [{"name": "a"}, {"name": "b"}, {}], "paid": True, "gone": None},
    "price": 1.5,
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("$call.id", "c1"),
        ("$call.tags.1.name", "b"),
        ("$call.tags.*.name", ["a", "b"]),
        ("$", {"id": "shaped"}),
        ("$.id", "shaped"),
        ("$.name", ABSENT),
        ("$$call.id", "$call.id"),
        ("$5.00", "$5.00"),
        ("$call id", "$call id"),
        ("for ${call.id}: ${price}", "for c1: 1.5"),
        ("paid: ${call.paid}", "paid: true"),
        ("for ${nobody}", ABSENT),
        ("$call.gone", None),
        ("$call.tags.7", ABSENT),
        ("$call.tags.x", ABSENT),
        ({"a": "$nobody", "b": "$call.id"}, {"b": "c1"}),
        (["$nobody", "$call.id"], ["c1"]),
        ({"$first": ["$nobody", "$call.gone", "$call.id"]}, "c1"),
        ({"$first": ["$nobody"]}, ABSENT),
        ({"$sum": ["$price", 1, 0.5]}, 3),
        ({"$minus": [10, "$price", 1]}, 7.5),
        ({"$times": ["$price", 3]}, 4.5),
        ({"$sum": [0.1, 0.2]}, 0.3),
        ({"$sum": ["$call.id", 1]}, ABSENT),
        ({"$sum": [1], "b": 2}, {"$sum": [1], "b": 2}),
        (5, 5),
    ],
)
def test_a_template_has_a_value(template, value):
    assert expand(template, NAMES) == value


def test_operators_of_whoever_fills_a_template_work_beside_the_common_ones():
    def count(operand, fill):
        return len(fill(operand["in"], {"more": [1, 2]}))

    template = {"left": {"$minus": [10, {"$count": {"in": "$more"}}]}}

    assert expand(template, {}, {"$count": count}) == {"left": 8}
    assert expand(template, {}) == {}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("$call.id", "call.id"),
        ("$", ""),
        ("$call.*.id", "call.*.id"),
        ("$$call", None),
        ("${call}", None),
        ("$5", None),
        ("x $call", None),
        (5, None),
        ({"a": "$call"}, None),
    ],
)
def test_one_function_says_what_a_reference_is(template, path):
    assert referred(template) == path


def test_references_are_found_at_every_depth_and_inside_text():
    template = {"a": ["$call.id", {"b": "for ${price} and ${call.id}"}], "c": "$$call", "d": {"$first": ["$nobody"]}}

    assert list(references(template)) == ["call.id", "price", "call.id", "nobody"]


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({"id": "c1"}, True),
        ({"id": ["c0", "c1"]}, True),
        ({"id": "c2"}, False),
        ({"gone": {"present": True}}, True),
        ({"nobody": {"present": False}}, True),
        ({"nobody": {"present": True}}, False),
        ({"id": "c1", "tags.0.name": "b"}, False),
        ({}, True),
    ],
)
def test_a_condition_holds_where_all_paths_agree(when, met):
    assert holds(when, NAMES["call"]) is met


def test_a_path_that_is_assigned_can_be_looked_up():
    record = {}

    assign(record, "a.b.c", 1)

    assert record == {"a": {"b": {"c": 1}}}
    assert lookup(record, "a.b.c") == 1
