from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "resources:\n  thing:\n    type: Thign\n",
            'sandbox.yaml:3: thing: there is no type "Thign"; did you mean "Thing"?',
        ),
        (
            "resources:\n  thing:\n    typ: Thing\n",
            'sandbox.yaml:3: resources.thing has no key "typ"; did you mean "type"?',
        ),
        (
            "resources:\n  thing:\n    references:\n      - {resource: thin, id: x}\n",
            'sandbox.yaml:4: thing: there is no resource "thin"; did you mean "thing"?',
        ),
        (
            "resources:\n  thing:\n    changes: {over: {}}\n    lifecycle: [{after: 1, set: ovr}]\n",
            'sandbox.yaml:4: thing: there is no change "ovr"; did you mean "over"?',
        ),
        (
            "resources:\n  thing:\n    changes: {over: {}}\n    questions: [{url: x, answered: {set: [ovr]}}]\n",
            'sandbox.yaml:4: thing: there is no change "ovr"; did you mean "over"?',
        ),
        (
            "resources:\n  thing:\n    questions: [{url: $record.name, payload: $answr}]\n",
            'sandbox.yaml:3: thing: nothing is named "$answr" here; did you mean "$answer"?',
        ),
        (
            "resources:\n  thing:\n    interventions:\n      ring: {does: create, makes: thin}\n",
            'sandbox.yaml:4: thing: there is no resource "thin"; did you mean "thing"?',
        ),
        (
            "resources:\n  thing:\n    references: [{as: x}]\n",
            "sandbox.yaml:3: resources.thing.references[0]",
        ),
        (
            (
                "resources:\n  thing: {type: Thing}\n  tag:\n    id: label\n    lifecycle: [{after: 1,"
                " then: [{does: change, resource: thing, id: x, set: {thing_id: $record.thing_idd}}]}]\n"
            ),
            'sandbox.yaml:5: tag: "$record" has nothing at "thing_idd"; did you mean "thing_id"?',
        ),
        (
            "resources:\n  thingy: {}\n",
            'tools/things.yaml:14: get_thing: there is no resource "thing"; did you mean "thingy"?',
        ),
        (
            "demo:\n  title: Demo\n  steps:\n    - {title: One, tool: get_thin}\n",
            'sandbox.yaml:4: demo: there is no tool "get_thin"; did you mean "get_thing"?',
        ),
        (
            "demo:\n  title: Demo\n  steps:\n    - {title: One, wait: done}\n",
            'sandbox.yaml:4: demo: there is no waiter "done"',
        ),
        (
            (
                "demo:\n  title: Demo\n  steps:\n    - title: One\n      tool: get_thing\n"
                "      arguments: {thing_id: $made.id}\n"
            ),
            'sandbox.yaml:6: nothing is named "$made" here',
        ),
    ],
)
def test_what_the_sandbox_cannot_find_is_a_problem(spec, text, message):
    if "thingy" in text:
        spec.tools["get_thing"]["resource"] = {"name": "thing", "action": "get"}
    spec.texts["sandbox.yaml"] = text
    problems = spec.problems()
    assert problems
    if "thingy" in text:
        assert [problem.split(": ", 1)[1] for problem in problems] == [message.split(": ", 1)[1]]
    else:
        assert [problem for problem in problems if problem.startswith(message)] == problems


def test_an_action_is_one_of_the_resource_or_one_that_all_have(spec):
    spec.texts["sandbox.yaml"] = "resources:\n  thing:\n    actions: {fetch: {does: get}}\n"
    spec.tools["get_thing"]["resource"] = {"name": "thing", "action": "fetch"}
    spec.tool("ping", resource={"name": "thing", "action": "fecth"})
    assert spec.messages() == ['ping: there is no action of thing "fecth"; did you mean "fetch"?']
