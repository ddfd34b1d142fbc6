"""Bringing a spec up to date: what upstream owns changes, what people wrote stays to the byte."""

from __future__ import annotations

import copy

import pytest
from upstream_documents import THING, body, document, operation, ref, reply

SETTINGS = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "mode": {"type": "string", "enum": ["slow", "fast"]}},
    "required": ["name"],
}
PATHS = {
    "/things/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": operation("getThing", reply(ref("Thing"))),
    },
    "/things": {
        "post": operation("createThing", reply(ref("Thing"), "201"), requestBody=body(ref("Settings"))),
        "put": operation("replaceThing", reply(ref("Thing")), requestBody=body(ref("Settings"))),
    },
}
SCHEMAS = {"Thing": THING, "Settings": SETTINGS}

API = """# yaml-language-server: $schema=../spec.schema.json
api: {name: small, slug: small, title: Small, version: 1.0.0, summary: Small things., command: small,
  distribution: small, environment: SMALL, groups: [things]}
server: {base_url: https://small.example}
auth: {in: header, name: Authorization, prefix: "Bearer "}
"""
TOOLS = """# yaml-language-server: $schema=../../spec.schema.json
group: things
title: Things
tools:
  # People's own words, and their own order.
  make:
    full_name: small_make_thing
    aliases: [create]
    class: write
    effects: [spend]
    method: POST
    path: /things
    upstream: createThing
    summary: 'Make a thing.'   # short
    body: {$ref: ThingSettings}
    parameters:
      extra: {in: spread, schema: {type: object}}
    returns: {status: 201, schema: {$ref: Thing}}
    examples:
      - {title: Make one, arguments: {name: a}}

  replace_thing:
    class: write
    method: PUT
    path: /things
    upstream: replaceThing
    summary: Replace a thing.
    body: {$ref: ThingSettings}
    returns: {status: 200, schema: {$ref: Thing}}

  get_thing:
    class: read
    method: GET
    path: /things/{thing}
    upstream: getThing
    summary: Read a thing.
    parameters:
      thing: {in: path, required: true, description: Which., schema: {type: string}}
    returns: {status: 200, schema: {$ref: Thing}}
"""
TYPES = """# yaml-language-server: $schema=../../spec.schema.json
types:
  ThingSettings:
    description: What can be set.
    type: object
    properties:
      mode:
        description: How fast.
        type: string
        enum: [fast, slow]   # in order of preference
      name: {type: string}
    required: [name]

  Thing:
    allOf:
      - type: object
        properties:
          id: {type: string}
          size: {type: integer, minimum: 0}
      - type: object
        properties: {name: {type: string}}
    required: [name, id]
"""


@pytest.fixture
def written(folder):
    """A spec that people wrote, which says what the document says."""
    for name, text in (("api.yaml", API), ("tools/things.yaml", TOOLS), ("types/things.yaml", TYPES)):
        path = folder.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def upstream():
    """The document, to be bent."""
    return document(copy.deepcopy(PATHS), SCHEMAS)


def schemas(upstream):
    return upstream["components"]["schemas"]


def changes(written, upstream):
    """Import, import again (which changes nothing), and give the lines that went and came."""
    before = written.texts()
    outcome = written.take(upstream)
    assert not outcome.problems
    assert not outcome.left
    after = written.texts()
    assert written.take(upstream).files == {}
    written.outcome = outcome
    gone, come = [], []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        gone += [line.strip() for line in old if line not in new]
        come += [line.strip() for line in new if line not in old]
    return gone, come


def test_a_spec_that_says_the_same_in_its_own_words_stays_as_it_is(written, upstream):
    assert written.take(upstream).files == {}


@pytest.mark.parametrize(
    ("schema", "old", "new"),
    [
        ({"type": ["string", "null"]}, "name: {type: string}", "name: {type: [string, 'null']}"),
        ({"type": "string", "maxLength": 9}, "name: {type: string}", "name: {type: string, maxLength: 9}"),
        ({"type": "string", "enum": ["a"]}, "name: {type: string}", "name: {type: string, enum: [a]}"),
        ({"type": ["string", "integer"]}, "name: {type: string}", "name: {type: [string, integer]}"),
        (
            {"anyOf": [{"type": "string"}, ref("Thing")]},
            "name: {type: string}",
            "name: {anyOf: [{type: string}, {$ref: Thing}]}",
        ),
    ],
)  # fmt: skip
def test_the_type_of_a_field_follows_upstream_and_nothing_else_changes(written, upstream, schema, old, new):
    schemas(upstream)["Settings"]["properties"]["name"] = schema
    assert changes(written, upstream) == ([old], [new])


def test_values_of_an_enum_come_and_go_and_the_comment_beside_them_stays(written, upstream):
    schemas(upstream)["Settings"]["properties"]["mode"]["enum"] = ["slow", "medium"]
    _, come = changes(written, upstream)
    assert come == ["enum: [slow, medium]   # in order of preference"]
    assert "ThingSettings.mode: now also 'medium'; no longer 'fast'" in written.told("changed")


def test_a_new_field_of_a_shared_type_is_added_once(written, upstream):
    schemas(upstream)["Settings"]["properties"]["colour"] = {"type": "string"}
    assert changes(written, upstream) == ([], ["colour: {type: string}"])


def test_a_new_field_of_one_of_two_tools_is_declared_by_that_tool(written, upstream):
    schemas(upstream)["Other"] = copy.deepcopy(SETTINGS)
    schemas(upstream)["Other"]["properties"]["only"] = {"type": "boolean"}
    upstream["paths"]["/things"]["put"]["requestBody"] = body(ref("Other"))
    changes(written, upstream)
    assert written.tools["replace_thing"]["parameters"] == {"only": {"in": "body", "schema": {"type": "boolean"}}}
    assert "only" not in written.types["ThingSettings"]["properties"]


def test_a_field_that_is_required_by_one_tool_alone_is_required_there(written, upstream):
    schemas(upstream)["Other"] = {**copy.deepcopy(SETTINGS), "required": ["name", "mode"]}
    upstream["paths"]["/things"]["put"]["requestBody"] = body(ref("Other"))
    changes(written, upstream)
    assert written.tools["replace_thing"]["parameters"] == {"mode": {"in": "body", "required": True}}
    assert written.types["ThingSettings"]["required"] == ["name"]


def test_requirements_of_replies_follow_upstream_through_all_of(written, upstream):
    schemas(upstream)["Thing"]["required"] = ["id", "size"]
    changes(written, upstream)
    assert written.types["Thing"]["required"] == ["id", "size"]


def test_a_field_that_nobody_wrote_about_goes_with_upstream_and_another_is_marked(written, upstream):
    del schemas(upstream)["Settings"]["properties"]["mode"]
    del schemas(upstream)["Thing"]["properties"]["size"]
    gone, come = changes(written, upstream)
    assert gone == ["size: {type: integer, minimum: 0}"]
    assert come == ["deprecated: true  # review: gone upstream"]


def test_what_upstream_does_not_say_stays_as_people_wrote_it(written, upstream):
    schemas(upstream)["Thing"]["properties"]["size"] = {}
    schemas(upstream)["Settings"]["properties"]["mode"] = {}
    assert changes(written, upstream) == ([], [])


def test_an_operation_that_moved_takes_its_tool_along(written, upstream):
    upstream["paths"]["/v2/things"] = {"patch": upstream["paths"]["/things"].pop("post")}
    gone, come = changes(written, upstream)
    assert gone == ["method: POST"]
    assert come == ["method: PATCH", "path: /v2/things"]


def test_an_operation_that_vanished_leaves_its_tool_marked_and_names_a_likely_replacement(written, upstream):
    upstream["paths"]["/v2/things"] = {"post": operation("makeThingV2", requestBody=body(ref("Settings")))}
    del upstream["paths"]["/things"]["post"]
    changes(written, upstream)
    assert written.tools["make"]["deprecated"] is True
    assert written.tools["make"]["aliases"] == ["create"]
    assert written.told("gone") == ["make: createThing (POST /things) is gone upstream"]
    assert "probably replaced by make_thing_v2 (POST /v2/things)" in written.told("replacement")[0]


def test_a_move_that_the_spec_states_is_followed(written, upstream):
    upstream["paths"]["/v2/things"] = {"post": operation("makeThingV2", requestBody=body(ref("Settings")))}
    del upstream["paths"]["/things"]["post"]
    written.edit("api.yaml", "\nserver:", '\nimport: {moves: {"POST /things": "POST /v2/things"}}\nserver:')
    changes(written, upstream)
    assert (written.tools["make"]["path"], written.tools["make"]["upstream"]) == ("/v2/things", "makeThingV2")
    assert list(written.tools) == ["make", "replace_thing", "get_thing"]


def test_what_the_spec_keeps_on_purpose_is_left_and_told(written, upstream):
    schemas(upstream)["Settings"]["properties"]["name"] = {"type": "number"}
    kept = "import: {keep: {ThingSettings.properties.name: Numbers are wrong.}}"
    written.edit("api.yaml", "\nserver:", f"\n{kept}\nserver:")
    assert changes(written, upstream) == ([], [])
    assert written.told("kept") == ["ThingSettings.name: is number, was string"]


def test_parameters_come_change_and_go(written, upstream):
    get = upstream["paths"]["/things/{id}"]["get"]
    get["parameters"] = [{"name": "deep", "in": "query", "required": True, "schema": {"type": "boolean"}}]
    _, come = changes(written, upstream)
    assert come == ["deep: {in: query, required: true, schema: {type: boolean}}"]
    get["parameters"][0]["required"] = False
    _, come = changes(written, upstream)
    assert come == ["deep: {in: query, schema: {type: boolean}}"]
    del get["parameters"]
    assert changes(written, upstream) == (["deep: {in: query, schema: {type: boolean}}"], [])


def test_requirements_that_people_lifted_or_made_for_a_renamed_argument_stay(written, upstream):
    written.edit(
        "tools/things.yaml",
        "      extra: {in",
        "      name: {in: body, required: false}\n"
        "      kind: {in: body, wire: mode, required: true, schema: {type: string, enum: [slow, fast]}}\n"
        "      extra: {in",
    )
    written.edit("tools/things.yaml", "arguments: {name: a}", "arguments: {name: a, kind: fast}")
    assert written.take(upstream).files == {}


def test_a_status_and_a_reply_follow_upstream(written, upstream):
    upstream["paths"]["/things"]["post"]["responses"] = {"204": {"description": "done"}}
    changes(written, upstream)
    assert written.tools["make"]["returns"] == {"status": 204}


def _part(written):
    return written.types["Thing"]["allOf"][0]["properties"]["part"]


def test_a_branch_that_upstream_adds_to_a_union_is_added(written, upstream):
    one, two = (
        {"type": "object", "properties": {"kind": {"const": kind}, "x": {"type": "string"}}, "required": ["kind"]}
        for kind in ("one", "two")
    )
    schemas(upstream).update({"One": one, "Two": two})
    schemas(upstream)["Thing"]["properties"]["part"] = ref("One")
    changes(written, upstream)
    assert _part(written) == {"$ref": "One"}
    schemas(upstream)["Thing"]["properties"]["part"] = {"oneOf": [ref("One"), ref("Two")]}
    changes(written, upstream)
    assert _part(written) == {"anyOf": [{"$ref": "One"}, {"$ref": "Two"}]}
    schemas(upstream)["Thing"]["properties"]["part"] = {"oneOf": [ref("One"), ref("Two"), {"type": "null"}]}
    changes(written, upstream)
    assert {"type": "null"} in _part(written)["anyOf"]


def test_a_type_that_becomes_another_leaves_the_examples_to_people(written, upstream):
    schemas(upstream)["Settings"]["properties"]["name"] = {"type": "array", "items": {"type": "string"}}
    outcome = written.take(upstream)
    assert written.types["ThingSettings"]["properties"]["name"] == {"type": "array", "items": {"type": "string"}}
    assert [problem.message for problem in outcome.left] == ['make: "name" of the example: expected array, got string']


def test_a_new_tool_uses_the_types_that_are_there(written, upstream):
    upstream["paths"]["/things"]["get"] = operation("listThings", reply({"type": "array", "items": ref("Thing")}))
    before = written.types
    changes(written, upstream)
    assert written.tools["list_things"]["returns"]["schema"]["items"] == {"$ref": "Thing"}
    assert written.types == before
    assert written.texts()["tools/things.yaml"].startswith(TOOLS)


def test_a_deprecated_operation_marks_its_tool(written, upstream):
    upstream["paths"]["/things"]["put"]["deprecated"] = True
    assert changes(written, upstream) == ([], ["deprecated: true"])


def test_types_that_are_used_no_more_go_when_nobody_wrote_about_them(written, upstream):
    schemas(upstream)["Inner"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    schemas(upstream)["Thing"]["properties"]["inner"] = ref("Inner")
    changes(written, upstream)
    assert "Inner" in written.types
    del schemas(upstream)["Thing"]["properties"]["inner"]
    changes(written, upstream)
    assert "Inner" not in written.types


def test_a_reply_that_has_become_another_thing_gets_a_type_of_its_own(written, upstream):
    token = {"type": "object", "properties": {"token": {"type": "string"}, "until": {"type": "integer"}}}
    schemas(upstream)["Token"] = token
    upstream["paths"]["/things"]["post"]["responses"] = reply(ref("Token"), "201")
    before = written.types
    changes(written, upstream)
    assert written.tools["make"]["returns"]["schema"] == {"$ref": "Token"}
    assert written.types == {**before, "Token": token}


def test_all_of_with_a_union_in_it_is_written_anew_when_its_kinds_change(written, upstream):
    kinds = {
        name: {
            "type": "object",
            "properties": {"kind": {"const": name}, name: {"type": "string"}},
            "required": ["kind"],
        }
        for name in ("one", "two", "three")
    }
    schemas(upstream).update(kinds, Mark={"type": "object", "properties": {"mark": {"type": "string"}}})
    parts = schemas(upstream)["Thing"]["properties"]
    parts["part"] = {"allOf": [{"anyOf": [ref("one"), ref("two")]}, ref("Mark")]}
    changes(written, upstream)
    assert _part(written) == {"allOf": [{"anyOf": [{"$ref": "One"}, {"$ref": "Two"}]}, {"$ref": "Mark"}]}
    parts["part"] = {"allOf": [{"anyOf": [ref("one"), ref("three")]}, ref("Mark")]}
    changes(written, upstream)
    assert _part(written) == {"allOf": [{"anyOf": [{"$ref": "One"}, {"$ref": "Three"}]}, {"$ref": "Mark"}]}


def test_a_secret_is_the_same_as_a_password(written, upstream):
    written.edit("types/things.yaml", "name: {type: string}", "name: {type: string, secret: true}")
    schemas(upstream)["Settings"]["properties"]["name"] = {"type": "string", "format": "password"}
    assert changes(written, upstream) == ([], [])
