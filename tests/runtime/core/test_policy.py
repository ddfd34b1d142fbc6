"""Policies: what a tool is allowed to do follows from its class and its effects, and a misspelt word allows nothing."""

import itertools

import pytest

from tool_runtime.core.account import DECISIONS, EFFECTS, Policy, read_policy
from tool_runtime.errors import ConfigurationError


@pytest.mark.parametrize(
    ("policy", "tool_class", "effects", "decision"),
    [
        (Policy(), "read", (), "allow"),
        (Policy(), "write", ("dial",), "allow"),
        (Policy(read="deny"), "read", (), "deny"),
        (Policy(read="deny"), "write", (), "allow"),
        (Policy(write="ask"), "write", ("dial", "spend"), "ask"),
        (Policy(write="ask", dial="deny"), "write", ("dial", "spend"), "deny"),
        (Policy(write="ask", dial="deny"), "write", ("spend",), "ask"),
        (Policy(write="deny", dial="allow"), "write", ("dial",), "allow"),
        (Policy(write="deny", dial="allow"), "write", ("dial", "spend"), "deny"),
        (Policy(write="ask", dial="allow"), "write", (), "ask"),
        (Policy(write="ask", dial="allow"), "write", ("an_effect_of_a_later_spec",), "ask"),
        (Policy(read="ask", publish="deny"), "read", ("publish",), "deny"),
        (Policy(read="ask"), "read", ("publish",), "ask"),
    ],
)
def test_the_strictest_decision_that_applies_decides(policy, tool_class, effects, decision):
    assert policy.decision(tool_class, effects) == decision


@pytest.mark.parametrize("decisions", list(itertools.product(DECISIONS, repeat=2)))
def test_a_read_only_policy_denies_every_write_and_keeps_the_decision_on_reads(decisions):
    read, other = decisions
    policy = Policy(read=read, write=other, **dict.fromkeys(EFFECTS, other)).read_only()

    assert policy.decision("read") == read
    assert {policy.decision("write", effects) for effects in [(), EFFECTS, *((effect,) for effect in EFFECTS)]} == {
        "deny"
    }


@pytest.mark.parametrize("word", ["denied", "Deny", "", None, True, ["deny"], {"deny": 1}])
@pytest.mark.parametrize("name", ["read", "write"])
def test_a_word_that_is_no_decision_is_refused(name, word):
    with pytest.raises(ConfigurationError, match=f"policy {name}"):
        Policy(**{name: word})


def test_a_misspelt_decision_is_answered_with_the_nearest_one():
    with pytest.raises(ConfigurationError) as caught:
        Policy(dial="denny")
    assert caught.value.hint == "Did you mean deny?"


def test_a_mapping_is_read_as_a_policy():
    assert read_policy({"write": "ask", "dial": "deny"}, "account a") == Policy(write="ask", dial="deny")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ({"dail": "deny"}, "Did you mean dial?"),
        ({"writes": "deny"}, "Did you mean write?"),
        ({5: "deny"}, "read, write, dial"),
        ({"dial": "dney"}, "Did you mean deny?"),
        ({}, "read, write, dial"),
        ("deny", "read, write, dial"),
        (["deny"], "read, write, dial"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_place_and_the_nearest_right_thing(value, hint):
    with pytest.raises(ConfigurationError, match=r"^account a: ") as caught:
        read_policy(value, "account a")
    assert hint in caught.value.hint
