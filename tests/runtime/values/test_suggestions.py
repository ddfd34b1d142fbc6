"""Names and values that come near: what is suggested, and what counts as a slip of the pen."""

import pytest

from tool_runtime.values.suggestions import nearest, nearest_names, nearest_value, nearly

NAMES = ["agent_id", "agent_name", "from_number", "to_number", "status", "metadata", "version_title", "call_id"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("agnt_id", "agent_id"),
        ("agentId", "agent_id"),
        ("AGENT-ID", "agent_id"),
        ("from number", "from_number"),
        ("nothing like it", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_suggested_whatever_its_capitals_and_separators(name, near):
    assert nearest(name, NAMES) == near


def test_near_names_come_best_first():
    assert nearest_names("agent_i", NAMES, 2) == ("agent_id", "agent_name")


def test_of_equally_near_names_the_one_that_begins_alike_comes_first():
    assert nearest("gpt-4o", ["gpt-5.4", "gpt-4.1"]) == "gpt-4.1"


@pytest.mark.parametrize(
    ("value", "near"), [("en", "en-GB"), ("EN_us", "en-US"), ("de", "de-DE"), ("e", None), ("AND", None)]
)
def test_a_value_may_be_the_first_word_of_the_right_one(value, near):
    assert nearest_value(value, ["en-GB", "en-US", "de-DE", "&&"]) == near


@pytest.mark.parametrize(
    "name", ["from_nubmer", "stauts", "metdata", "agent_idd", "to_numbr", "callId", "Version-Title"]
)
def test_a_slip_of_the_pen_is_nearly_a_known_name(name):
    assert nearly(name, NAMES) is not None


@pytest.mark.parametrize("name", ["agent_tags", "agent", "version", "call_ids_before", "state", "to_country", "status"])
def test_a_name_of_its_own_is_not_nearly_another(name):
    assert nearly(name, NAMES) is None


def test_a_name_without_end_is_compared_at_once():
    assert nearest("x" * 1_000_000, NAMES) is None
    assert nearest_names("agent_id" + "x" * 1_000_000, NAMES) == ()
