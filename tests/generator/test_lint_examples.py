"""Examples of a spec are judged as the runtime judges a call."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("rule", "given", "message"),
    [
        ("exactly_one", {}, "make: the example breaks exactly_one: a or b: one of them is required"),
        ("exactly_one", {"a": "x", "b": "x"}, "make: the example breaks exactly_one: a and b: exclude each other"),
        ("at_least_one", {}, "make: the example breaks at_least_one: a or b: one of them is required"),
        ("at_most_one", {"a": "x", "b": "x"}, "make: the example breaks at_most_one: a and b: exclude each other"),
        ("together", {"a": "x"}, "make: the example breaks together: b: is required with a"),
        ("together", {"a": "x", "b": "x"}, None),
    ],
)
def test_an_example_is_judged_by_the_constraints_of_a_call(spec, rule, given, message):
    field = {"in": "body", "schema": {"type": "string"}}
    spec.tool(
        "make",
        parameters={"a": field, "b": field},
        constraints=[{rule: ["a", "b"]}],
        examples=[{"title": "One", "arguments": given}],
    )

    assert spec.messages() == ([message] if message else [])
