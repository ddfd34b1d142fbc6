"""Errors are data: each one travels, and tells every surface the same."""

import json
import pickle

import pytest

from tool_runtime import errors
from tool_runtime.core import foreign_errors

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.ToolError)]
DETAILS = {
    "tool": "get_call",
    "hint": "Look again.",
    "status": 503,
    "faults": (errors.Fault("filter.status", "value", "is not one of a, b", "a", ("a", "b")),),
    "leftovers": ({"tool": "create_retell_llm"},),
    "body": {"message": "busy"},
}


@pytest.mark.parametrize("cls", CLASSES)
def test_an_error_keeps_its_attributes_when_it_crosses_a_process(cls):
    error = cls("It failed.", **DETAILS)

    copied = pickle.loads(pickle.dumps(error))

    assert type(copied) is cls
    assert copied.to_dict() == error.to_dict()
    assert copied.faults == error.faults


@pytest.mark.parametrize("cls", CLASSES)
def test_an_envelope_is_json_and_names_code_outcome_and_whether_to_retry(cls):
    envelope = cls("It failed.", **DETAILS).to_dict()

    assert json.loads(json.dumps(envelope)) == envelope
    assert envelope["code"] == cls.code
    assert envelope["outcome"] in {"not_sent", "refused", "failed", "unknown", "done"}
    assert envelope["retryable"] in {True, False}


def test_the_drawn_tree_names_every_class():
    drawn = errors.__doc__

    assert [cls.__name__ for cls in CLASSES if cls.__name__ not in drawn] == []


def test_what_may_have_happened_is_never_called_retryable():
    assert not errors.OutcomeUnknown.retryable
    assert not errors.ServerErrorOutcomeUnknown.retryable


def test_of_a_group_the_error_counts_whose_call_may_have_happened():
    lost = errors.OutcomeUnknown("lost", tool="create_phone_number")
    group = ExceptionGroup("many", [errors.InvalidArguments("bad"), ExceptionGroup("inner", [ValueError("x"), lost])])
    assert foreign_errors.as_tool_error(group) is lost


def test_of_a_group_the_error_of_a_call_goes_before_foreign_ones():
    refused = errors.RateLimited("slow down")
    assert foreign_errors.as_tool_error(ExceptionGroup("many", [ValueError("x"), refused])) is refused


def test_a_group_without_an_error_of_a_call_leaves_the_outcome_unknown():
    assert foreign_errors.as_tool_error(ExceptionGroup("many", [ValueError("x")])).outcome == "unknown"
    assert foreign_errors.as_tool_error(ValueError("x")).outcome == "not_sent"
