from __future__ import annotations

import pytest

STRING = {"type": "string"}


@pytest.fixture
def made(spec):
    """A spec with a tool that makes things, one that deletes them, one that lists them, and one composed of them."""
    spec.types["types"]["Page"] = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": {"$ref": "Thing"}}, "next": STRING},
    }
    spec.tool(
        "make",
        parameters={"name": {"in": "body", "required": True, "schema": STRING}},
        returns={"schema": {"$ref": "Thing"}},
    )
    spec.tool("drop", effects=["destroy"], parameters={"thing_id": {"in": "body", "required": True, "schema": STRING}})
    spec.tool(
        "all_things",
        **{"class": "read"},
        parameters={"after": {"in": "query", "schema": STRING}},
        returns={"schema": {"$ref": "Page"}},
    )
    spec.api["pagination"] = {"keyed": {"items": "rows", "next": "next", "cursor": "after"}}
    spec.tool(
        "composed", parameters={"name": {"in": "steps", "schema": STRING}, "id": {"in": "body", "schema": STRING}}
    )
    spec.step = {
        "id": "made",
        "tool": "make",
        "when": "name",
        "with": {"name": "$name"},
        "set": {"id": "$made.thing_id"},
        "undo": {"tool": "drop", "with": {"thing_id": "$made.thing_id"}},
    }
    spec.tools["composed"]["steps"] = {"before": [spec.step]}
    return spec


def test_a_composed_tool_that_fits_together_has_no_problems(made):
    assert made.problems() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tool": "mke"}, 'there is no tool "mke"; did you mean "make"?'),
        ({"when": "nam"}, 'there is no argument "nam"; did you mean "name"?'),
        ({"id": "name"}, '"name" is an argument already'),
        ({"with": {"nme": "x", "name": "x"}}, 'make takes no "nme"; did you mean "name"?'),
        ({"with": {}}, 'make needs "name", which is not given'),
        (
            {"with": {"name": "$nam"}},
            'nothing is named "$nam" here: it is no argument and no earlier step; did you mean "name"?',
        ),
        ({"with": {"name": "$made.thing_id"}}, 'nothing is named "$made" here'),
        ({"with": {"name": "$$nam"}}, None),
        ({"with": {"name": "$5.00 off"}}, None),
        ({"with": {"name": "for ${name}"}}, None),
        ({"with": {"name": "for ${nam}"}}, 'nothing is named "$nam" here'),
        ({"set": {"idd": 1}}, 'there is no argument "idd" to set; did you mean "id"?'),
        ({"set": {"id": "$made.thing"}}, '"$made" has nothing at "thing"; did you mean "thing_id"?'),
        ({"undo": {"tool": "dorp"}}, 'there is no tool "dorp"; did you mean "drop"?'),
        ({"undo": {"tool": "drop", "with": {"thing_id": "$mad.x"}}}, 'nothing is named "$mad" here'),
        ({"undo": {"tool": "drop"}}, 'drop needs "thing_id", which is not given'),
        (
            {"tool": "drop", "with": {"thing_id": "x"}, "set": {}, "undo": {"tool": "make", "with": {"name": "x"}}},
            "so composed has it too: add it to effects",
        ),
        (
            {"tool": "composed", "with": {}, "set": {}, "undo": {"tool": "make", "with": {"name": "x"}}},
            "its steps lead back to it",
        ),
    ],
)
def test_a_step_that_names_what_is_not_there_is_a_problem(made, changes, message):
    made.step.update(changes)
    messages = made.messages()
    assert [text for text in messages if message in text] if message else messages == []


def test_a_read_cannot_have_a_write_among_its_steps(made):
    made.tools["all_things"]["steps"] = {"after": [{"id": "extra", "tool": "make", "with": {"name": "x"}}]}
    assert made.messages() == ["all_things: a read cannot have the step make, a write"]


def test_only_steps_before_the_request_fill_in_or_are_undone(made):
    made.tools["composed"]["steps"] = {"after": [made.step]}
    assert [text for text in made.messages() if "is for steps before" in text] == [
        "composed: set is for steps before the request",
        "composed: undo is for steps before the request",
    ]


@pytest.mark.parametrize(
    ("reconcile", "message"),
    [
        ({"tool": "al_things", "note": "x"}, 'there is no tool "al_things"; did you mean "all_things"?'),
        (
            {"tool": "all_things", "with": {"aftr": "x"}, "note": "x"},
            'all_things takes no "aftr"; did you mean "after"?',
        ),
        ({"tool": "all_things", "with": {"after": "$sent_at"}, "note": "x"}, 'nothing is named "$sent_at" here'),
        (
            {"tool": "make", "with": {"name": "$name"}, "note": "x"},
            "make is a write; reconcile must not change anything",
        ),
        ({"tool": "all_things"}, 'lacks the key "note"'),
    ],
)
def test_a_reconcile_that_cannot_be_followed_is_a_problem(made, reconcile, message):
    made.tools["make"]["reconcile"] = reconcile
    assert [text for text in made.messages() if message in text], made.messages()


def test_reconcile_may_use_the_arguments_and_the_time_of_the_first_attempt(made):
    made.tools["make"]["reconcile"] = {"tool": "all_things", "with": {"after": "$sent_at_ms"}, "note": "Look."}
    assert made.problems() == []


@pytest.mark.parametrize(
    ("style", "tool", "message"),
    [
        ({}, {"pagination": "keye"}, 'there is no pagination style "keye"; did you mean "keyed"?'),
        ({"cursor": "aftr"}, {}, 'needs the argument "aftr", which is not there; did you mean "after"?'),
        ({"items": "row"}, {}, 'the reply has no "row", where pagination keyed finds items; did you mean "rows"?'),
        ({"items": "rows.0.thing"}, {}, 'the reply has no "rows.0.thing"'),
        ({}, {"returns": {}}, "is paged, but its reply has no schema"),
        (
            {},
            {"parameters": {"after": {"in": "query", "schema": STRING}, "max_items": {"in": "query", "schema": {}}}},
            'every call takes "max_items"',
        ),
    ],
)
def test_a_pagination_that_does_not_fit_its_tool_is_a_problem(made, style, tool, message):
    made.api["pagination"]["keyed"] |= style
    made.tools["all_things"] |= {"pagination": "keyed"} | tool
    assert [text for text in made.messages() if message in text], made.messages()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tool": "get_thin"}, 'there is no tool "get_thin"; did you mean "get_thing"?'),
        ({"tool": "make"}, "make is a write; waiting repeats it"),
        (
            {"until": [{"field": "thing_idd", "present": True}]},
            'the reply of get_thing has no "thing_idd"; did you mean "thing_id"?',
        ),
        ({"until": [{"field": "thing_id"}]}, "must have exactly one of in, present"),
        ({"until": []}, "must have 1 items or more"),
        ({"interval": 0}, "must be more than 0"),
    ],
)
def test_a_waiter_that_cannot_work_is_a_problem(made, changes, message):
    waiter = {
        "tool": "get_thing",
        "summary": "Wait.",
        "interval": 1,
        "timeout": 9,
        "until": [{"field": "thing_id", "present": True}],
    }
    made.api["waiters"] = {"done": waiter | changes}
    assert [text for text in made.messages() if message in text], made.messages()


def test_a_tool_is_replaced_by_one_that_exists(made):
    made.tools["make"] |= {"deprecated": True, "replaced_by": "maker"}
    assert made.messages() == ['make: there is no tool "maker"; did you mean "make"?']
