from __future__ import annotations

import keyword

import pytest
from hypothesis import given, strategies

from tool_generator.identifiers import Scope, class_name, identifier, is_identifier


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("agent_id", "agent_id"),
        ("from", "from_"),
        ("None", "None_"),
        ("match", "match"),
        ("files[]", "files"),
        ("a-b", "a_b"),
        ("2nd", "_2nd"),
        ("", "_"),
        ("__init__", "__init__"),
    ],
)
def test_names_become_identifiers_by_fixed_rules(name, python):
    assert identifier(name) == python


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("create_phone_call", "CreatePhoneCall"),
        ("LLMTool", "LLMTool"),
        ("Any", "Any_"),
        ("None", "None_"),
        ("str", "Str"),
        ("2d", "_2d"),
        ("", "_"),
        ("Client", "Client_"),
    ],
)
def test_names_become_classes_by_fixed_rules(name, python):
    assert class_name(name) == python


@given(strategies.text())
def test_whatever_the_name_python_takes_what_is_made_of_it(name):
    assert is_identifier(identifier(name))
    spelled = class_name(name)
    assert spelled.isidentifier()
    assert not keyword.iskeyword(spelled)


def test_a_scope_names_the_holder_of_an_identifier():
    scope = Scope()
    assert scope.claim("a", "first") is None
    assert scope.claim("a", "first") is None
    assert scope.claim("a", "second") == "first"
    assert scope.derive("a", "third") == "a2"
    assert scope.derive("a", "fourth") == "a3"
