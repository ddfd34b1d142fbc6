from __future__ import annotations

import pytest

BODY = {"in": "body", "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("odd", {"aliases": ["get_thing"]}, 'the alias "get_thing" of odd is the name of get_thing already'),
        (
            "odd",
            {"full_name": "small_api_get_thing"},
            'the full name "small_api_get_thing" of odd is the full name of get_thing',
        ),
        ("odd", {"aliases": ["Get-Thing"]}, 'the alias "Get-Thing" of odd is the name of get_thing already'),
        ("odd", {"aliases": ["odd"]}, 'the alias "odd" of odd is the name of odd already'),
        ("get__thing", {}, "the arguments of get__thing and the arguments of get_thing are both"),
        ("account", {}, '"account" is a member of every client'),
        ("odd", {"aliases": ["close"]}, '"close" is a member of every client'),
        ("list", {}, '"list" is a member of every client'),
        ("Odd", {}, "does not match"),
        ("odd-tool", {}, "does not match"),
        ("odd", {"parameters": {"request_options": BODY}}, 'every call takes "request_options" for itself'),
        ("odd", {"parameters": {"self": BODY}}, 'every call takes "self" for itself'),
        (
            "odd",
            {"parameters": {"from": BODY, "from_": BODY}},
            'the arguments "from" and "from_" are both "from_" in Python',
        ),
        ("odd", {"parameters": {"a-b": BODY, "a_b": BODY}}, 'the arguments "a-b" and "a_b" are both "a_b" in Python'),
        (
            "odd",
            {"parameters": {"a": BODY, "b": BODY | {"wire": "a"}}},
            '"a" and "b" are both "a" in the body: add the constraint',
        ),
    ],
)
def test_two_things_with_one_name_are_a_problem_that_names_both(spec, name, changes, message):
    spec.tool(name, **changes)
    assert [text for text in spec.messages() if message in text], spec.messages()


def test_two_arguments_may_share_a_wire_name_when_only_one_can_be_given(spec):
    both = {"a": BODY, "b": BODY | {"wire": "a"}}
    spec.tool("odd", parameters=both, constraints=[{"at_most_one": ["a", "b"]}])
    assert spec.problems() == []


def test_one_wire_name_may_stand_in_two_places(spec):
    spec.tool("odd", parameters={"version": BODY | {"in": "query"}, "new_version": BODY | {"wire": "version"}})
    assert spec.problems() == []


@pytest.mark.parametrize("name", ["timeout", "interval"])
def test_what_waiting_takes_is_no_argument_of_an_awaited_tool(spec, name):
    spec.api["waiters"] = {
        "done": {
            "tool": "get_thing",
            "summary": "Wait.",
            "interval": 1,
            "timeout": 2,
            "until": [{"field": "thing_id", "present": True}],
        }
    }
    spec.tools["get_thing"]["parameters"][name] = {"in": "query", "schema": {}}
    assert spec.messages() == [
        f'get_thing: every call takes "{name}" for itself: choose another name, with wire: {name}'
    ]


def test_types_that_become_one_class_are_a_problem_that_names_both(spec):
    spec.types["types"] |= {"thing_": {"type": "string"}, "_thing": {"type": "string"}}
    messages = spec.messages()
    assert 'the type thing_ and the type Thing are both "Thing" in Python' in messages
    assert 'the type _thing and the type Thing are both "Thing" in Python' in messages


def test_a_tool_whose_arguments_have_the_name_of_a_type_is_a_problem(spec):
    spec.types["types"]["GetThingArguments"] = {"type": "object"}
    assert (
        'the arguments of get_thing and the type GetThingArguments are both "GetThingArguments" in Python'
        in spec.messages()
    )


def test_keywords_as_names_become_python_with_an_underscore(spec):
    spec.tool("import", parameters={"class": BODY, "from": BODY})
    assert spec.document()["tools"]["import"]["parameters"]["class"]["spellings"] == ["class_"]
