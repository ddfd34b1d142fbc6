"""A small spec with a sandbox that is right; each case spoils one place of the sandbox."""

from __future__ import annotations

import pytest

SANDBOX = """\
resources:
  '*':
    error_body: {error: $message, code: $status}
    missing: {status: 404, message: 'No ${resource} ${id}.'}
  owner:
    type: Owner
    id: owner_id
    examples:
      - {owner_id: owner_1, address: {town: Ulm}}
  thing:
    type: Thing
    id: {field: thing_id, prefix: thing_}
    set: {state: new, searched: '${record.name} ${record.owner_id}'}
    stamp: {changed_ms: $now_ms}
    references:
      - {as: owner, resource: owner, id: $record.owner_id, status: 422, message: 'No ${resource} ${id}.'}
    lifecycle:
      - {when: {state: new}, after: 5, set: {state: old, price.net: {$times: [$record.price.gross, 0.8]}}}
    actions:
      create:
        demands: [{value: $body.name, matches: '[a-z]+$'}]
        set: {town: $owner.address.town}
      list: {where: {searched: {op: co, value: $query.words}}, reply: {label: none}}
      paint:
        does: transition
        from: {state: [new, old]}
        refused: {status: 409, message: 'The thing is ${record.state}.'}
        answer: {painted: true, by: {name: $record.name}, coats: [1, 2]}
    examples:
      - thing_id: thing_1
        name: Chair
        state: old
        searched: Chair
        price: {gross: 1.5}
        tags: [a]
        changed_ms: $now_ms
"""
STRING = {"type": "string"}
STATE = {"type": "string", "enum": ["new", "old"]}
MONEY = {"type": "number"}
TYPES = {
    "Owner": {
        "type": "object",
        "properties": {"owner_id": STRING, "address": {"type": "object", "properties": {"town": STRING}}},
        "required": ["owner_id", "address"],
    },
    "Thing": {
        "type": "object",
        "properties": {
            "thing_id": STRING,
            "name": {"type": "string", "minLength": 2},
            "state": STATE,
            "owner_id": STRING,
            "town": STRING,
            "tags": {"type": "array", "items": STRING},
            "price": {"type": "object", "properties": {"gross": MONEY, "net": MONEY}},
            "changed_ms": {"type": "integer"},
        },
        "required": ["thing_id", "name", "owner_id"],
    },
    "ThingRow": {"type": "object", "properties": {"thing_id": STRING, "label": STRING}},
    "Painted": {
        "type": "object",
        "properties": {
            "painted": {"type": "boolean"},
            "at": STRING,
            "by": {"type": "object", "properties": {"name": STRING}},
            "coats": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["painted", "at"],
    },
}


@pytest.fixture
def things(spec):
    spec.types["types"] = TYPES
    spec.tools["get_thing"]["resource"] = {"name": "thing", "action": "get"}
    spec.tool(
        "create_thing",
        parameters={
            "name": {"in": "body", "required": True, "schema": STRING},
            "owner_id": {"in": "body", "schema": STRING},
        },
        resource={"name": "thing", "action": "create"},
        returns={"schema": {"$ref": "Thing"}},
    )
    spec.tool(
        "list_things",
        **{"class": "read", "method": "GET"},
        parameters={"words": {"in": "query", "schema": STRING}},
        resource={"name": "thing", "action": "list"},
        returns={"schema": {"type": "array", "items": {"$ref": "ThingRow"}}},
    )
    spec.tool(
        "paint_thing",
        path="/things/{thing_id}/paint",
        parameters={"thing_id": {"in": "path", "required": True, "schema": STRING}},
        resource={"name": "thing", "action": "paint"},
        returns={"schema": {"$ref": "Painted"}},
    )
    spec.tool(
        "get_owner",
        **{"class": "read", "method": "GET"},
        resource={"name": "owner", "action": "get"},
        returns={"schema": {"$ref": "Owner"}},
    )
    spec.texts["sandbox.yaml"] = SANDBOX
    return spec


def test_a_sandbox_that_is_right_has_no_problem(things):
    assert things.problems() == []


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        # Templates: names, paths, operators.
        ("$record.owner_id,", "$recrd.owner_id,", 'thing: nothing is named "$recrd" here; did you mean "$record"?'),
        ("$record.owner_id,", "$record.owner,", '"$record" has nothing at "owner"; did you mean "owner_id"?'),
        ("$owner.address.town", "$ownr.address.town", 'nothing is named "$ownr" here; did you mean "$owner"?'),
        ("$owner.address.town", "$owner.address.twn", '"$owner" has nothing at "address.twn"; did you mean "town"?'),
        ("$owner.address.town", "$owner.adress.town", 'nothing at "adress.town"; did you mean "address"?'),
        ("$body.name", "$body.nme", '"$body" has nothing at "nme"; did you mean "name"?'),
        ("$query.words", "$query.word", '"$query" has nothing at "word"; did you mean "words"?'),
        ("$query.words", "$path.words", '"$path" has nothing at "words"'),
        ("${record.state}.'", "${record.stat}.'", '"$record" has nothing at "stat"; did you mean "state"?'),
        ("changed_ms: $now_ms}\n    ref", "changed_ms: $now}\n    ref", 'nothing is named "$now" here'),
        ("{$times: [", "{$time: [", 'there is no operator "$time"; did you mean "$times"?'),
        ("error: $message", "error: $text", '*: nothing is named "$text" here (there is $message, $status, $reason)'),
        ("'No ${resource} ${id}.'}\n  owner", "'No ${kind}.'}\n  owner", '*: nothing is named "$kind" here'),
        ("$record.price.gross, 0.8", "$body.price, 0.8", 'nothing is named "$body" here'),
        ("[a]\n        changed_ms: $now_ms", "[a]\n        changed_ms: $record.x", 'nothing is named "$record" here'),
        # Paths of conditions and assignments, and their values.
        ("when: {state: new}", "when: {stat: new}", 'a record of thing has no field "stat"; did you mean "state"?'),
        ("when: {state: new}", "when: {state: nw}", 'the condition does not fit at "state": is not one of'),
        ("from: {state: [new, old]}", "from: {state: [new, odl]}", 'did you mean "old"?'),
        ("set: {state: old,", "set: {state: odl,", 'state does not fit at "state": is not one of "new", "old"'),
        ("price.net:", "price.nett:", 'a record of thing has no field "price.nett"; did you mean "net"?'),
        ("set: {town:", "set: {twon:", 'sets "twon", which is no field of thing, and which nothing here reads'),
        ("id: {field: thing_id,", "id: {field: thingid,", 'has no field "thingid"; did you mean "thing_id"?'),
        # Records.
        ("name: Chair", "nam: Chair", 'thing: a record has "nam", which is no field; did you mean "name"?'),
        ("name: Chair", "name: C", 'thing: name does not fit at "name": must have at least 2 characters'),
        ("state: old\n", "state: odl\n", 'state does not fit at "state": is not one of'),
        ("{gross: 1.5}", "{gros: 1.5}", 'price has "gros", which is not in its type; did you mean "gross"?'),
        ("{gross: 1.5}", "{gross: much}", 'price does not fit at "gross": expected number, got string'),
        ("tags: [a]", "tags: [1]", 'tags does not fit at "0": expected string, got integer'),
        ("tags: [a]", "tags: {a: 1}", 'tags does not fit at "tags": expected array, got object'),
        # Answers and replies.
        ("painted: true", "paintd: true", 'the answer of paint_thing has "paintd", which is not in its type; did you'),
        ("painted: true", "painted: yes", 'the answer of paint_thing does not fit at "painted": expected boolean'),
        ("by: {name:", "by: {nme:", 'has "nme", which is not in its type; did you mean "name"?'),
        ("by: {name: $record.name}", "by: Ada", 'does not fit at "by": expected object, got string'),
        ("coats: [1, 2]", "coats: [1, two]", 'does not fit at "1": expected integer, got string'),
        ("reply: {label: none}", "reply: {lable: none}", 'no tool with the action list returns "lable"; did you mean'),
        ("reply: {label: none}", "reply: {label: 7}", 'label does not fit at "label": expected string, got integer'),
        # Names of resources, wherever they stand.
        ("0.8]", "{$count: {resource: thng}}]", 'there is no resource "thng"; did you mean "thing"?'),
    ],
)
def test_what_is_wrong_in_the_sandbox_is_one_problem_at_its_line(things, right, wrong, message):
    assert SANDBOX.count(right) == 1
    things.texts["sandbox.yaml"] = SANDBOX.replace(right, wrong)
    problems = things.problems()
    assert len(problems) == 1, problems
    assert message in problems[0]
    line = SANDBOX[: SANDBOX.index(right)].count("\n") + 1
    file, at, _ = problems[0].split(":", 2)
    assert (file, int(at)) in {("sandbox.yaml", line), ("sandbox.yaml", line + 1)}


def test_an_answer_of_a_tool_that_returns_nothing_is_a_problem(things):
    del things.tools["paint_thing"]["returns"]
    assert things.messages() == ["thing: paint_thing returns no body, so there is nothing to answer"]


def test_fields_that_only_the_sandbox_writes_and_reads_are_its_own_notes(things):
    things.texts["sandbox.yaml"] = (
        SANDBOX.replace("set: {town: ", "set: {note: $body.name, town: ")
        .replace("painted: true", "painted: true, by.x: 1")
        .replace(", by.x: 1", "")
        .replace("${record.state}.'", "${record.note}.'")
    )
    assert things.problems() == []


def test_a_record_of_a_union_fits_one_alternative_as_a_whole(things):
    walking = {"type": "object", "properties": {"owner_id": STRING, "legs": {"type": "integer"}}}
    rolling = {"type": "object", "properties": {"owner_id": {"type": "integer"}, "wheels": {"type": "integer"}}}
    things.types["types"] = TYPES | {"Owner": {"anyOf": [walking, rolling]}}
    text = SANDBOX.replace("$owner.address.town", "$owner.legs").replace("town: $owner.legs", "tags: [$owner.owner_id]")
    things.texts["sandbox.yaml"] = text.replace("address: {town: Ulm}", "legs: 2")
    assert things.problems() == []


def test_a_place_that_takes_anything_still_knows_misspelt_names(things):
    things.tools["create_thing"]["parameters"]["more"] = {"in": "spread", "schema": {"type": "object"}}
    things.texts["sandbox.yaml"] = SANDBOX.replace("$body.name", "$body.colour")
    assert things.problems() == []
    things.texts["sandbox.yaml"] = SANDBOX.replace("$body.name", "$body.ownerid")
    assert [message.split("; ")[1] for message in things.messages()] == ['did you mean "owner_id"?']
