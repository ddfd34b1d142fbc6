"""Constraints are judged in one place, whatever asks."""

import pytest

from tool_runtime.core.constraints import unmet
from tool_runtime.core.tools import Constraint

NAMES = ("a", "b", "c")


@pytest.mark.parametrize(
    ("rule", "given", "fault"),
    [
        ("exactly_one", (), ("a or b or c", "missing")),
        ("exactly_one", ("a",), None),
        ("exactly_one", ("a", "c"), ("a and c", "conflict")),
        ("at_least_one", (), ("a or b or c", "missing")),
        ("at_least_one", ("a", "b"), None),
        ("at_most_one", (), None),
        ("at_most_one", ("a", "b", "c"), ("a and b and c", "conflict")),
        ("together", (), None),
        ("together", ("a", "b", "c"), None),
        ("together", ("b",), ("a and c", "missing")),
    ],
)
def test_a_rule_names_the_arguments_that_break_the_rule(rule, given, fault):
    faults = [(one.path, one.code) for one in unmet([Constraint(rule, NAMES)], {*given, "other"})]

    assert faults == ([fault] if fault else [])


def test_every_broken_rule_is_named():
    rules = [Constraint("exactly_one", ("a", "b")), Constraint("together", ("c", "d"))]

    assert [one.path for one in unmet(rules, {"c"})] == ["a or b", "d"]
