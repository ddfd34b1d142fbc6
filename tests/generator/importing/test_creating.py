"""Specs for folders that have none, and tools for operations that have none."""

from __future__ import annotations

import copy

import pytest
import yaml
from upstream_documents import REGIONS, SHOP, THING, ZOO, body, document, operation, ref, reply

from tool_generator.generate import compile_spec, generated_files

PAGE = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": ref("Thing")}, "more": {"type": "boolean"}},
}


def _query(*names, **schema):
    return [{"name": name, "in": "query", "schema": schema or {"type": "string"}} for name in names]


@pytest.mark.parametrize("data", [SHOP, ZOO, REGIONS], ids=["shop", "zoo", "regions"])
def test_an_empty_folder_gets_a_whole_spec_that_generates_and_that_a_second_import_leaves_alone(folder, data):
    assert not folder.take(data).problems
    assert generated_files(compile_spec(folder.path))
    before = folder.texts()
    assert folder.take(data).files == {}
    assert folder.texts() == before


def test_names_come_from_operation_ids_and_the_spec_may_override_them(folder):
    paths = {
        "/a": {"get": operation("getMCPTools")},
        "/b": {"post": operation("createRetailLLM")},
        "/c": {"get": operation("C")},
    }
    folder.take(document(paths))
    assert list(folder.tools) == ["get_mcp_tools", "create_retail_llm", "c"]
    folder.edit("api.yaml", "\nserver:", "\nimport: {names: {dD: dee}}\n\nserver:")
    folder.take(document({**paths, "/d": {"get": operation("dD")}}))
    assert "dee" in folder.tools


@pytest.mark.parametrize("url", ["http://a_b!.example", "https://small.example/a/../b", "https://small.example:99999"])
def test_a_server_that_no_key_may_go_to_is_left_for_people_to_set(url, folder):
    data = document({"/x": {"get": operation("x")}}, servers=[{"url": url}])
    assert not folder.take(data).problems
    assert folder.api["server"]["base_url"] == "https://api.example.invalid"


def test_a_collision_of_names_costs_one_name_and_the_note_says_how_to_choose_another(folder):
    paths = {"/a": {"get": operation("getThing")}, "/b": {"get": operation("get_thing")}}
    assert not folder.take(document(paths)).problems
    assert list(folder.tools) == ["get_thing", "get_thing_get"]
    assert any("import.names: GET /b" in told for told in folder.told("note"))


def test_a_name_that_every_client_has_is_given_an_ending(folder):
    folder.take(document({"/a": {"post": operation("call")}}))
    assert list(folder.tools) == ["call_operation"]


@pytest.mark.parametrize(
    ("method", "identifier", "class_", "effects"),
    [
        ("get", "getThing", "read", None),
        ("post", "listThings", "read", None),
        ("post", "searchThings", "read", None),
        ("post", "createCompletion", "read", None),
        ("post", "createThing", "write", None),
        ("post", "createPhoneCall", "write", ["dial"]),
        ("post", "purchaseThing", "write", ["spend"]),
        ("put", "replaceThing", "write", None),
        ("delete", "deleteThing", "write", ["destroy"]),
    ],
)
def test_class_and_effects_are_guessed_by_meaning(folder, method, identifier, class_, effects):
    folder.take(document({"/a": {method: operation(identifier)}}))
    (tool,) = folder.tools.values()
    assert (tool["class"], tool.get("effects")) == (class_, effects)


def test_guesses_are_marked_for_review(folder):
    folder.take(document({"/a": {"post": operation("listThings")}, "/b": {"get": operation("getThing")}}))
    text = "".join(folder.texts().values())
    assert "class: read  # review: a read, by its name\n" in text
    assert "summary: Get thing.  # review: " in text


def test_tools_are_grouped_by_tag_else_by_what_they_are_about(folder):
    paths = {
        "/a": {"get": operation("x", tags=["Phone Number"])},
        "/create-agent": {"post": operation("createAgent")},
        "/list-agent-versions": {"get": operation("listAgentVersions")},
        "/v2/boxes/{id}": {"get": operation("y")},
    }
    folder.take(document(paths))
    assert folder.api["api"]["groups"] == ["phone_numbers", "agents", "boxes"]


def test_a_name_in_query_and_body_becomes_two_arguments(folder):
    schema = {"type": "object", "properties": {"version": {"type": "integer"}}, "required": ["version"]}
    folder.take(document({"/a": {"post": operation("x", parameters=_query("version"), requestBody=body(schema))}}))
    parameters = folder.tools["x"]["parameters"]
    assert parameters["version"] == {"in": "query", "schema": {"type": "string"}}
    assert parameters["body_version"] == {
        "in": "body",
        "wire": "version",
        "required": True,
        "schema": {"type": "integer"},
    }


def test_a_body_that_is_used_again_is_a_type_and_a_body_that_is_not_is_written_out(folder):
    paths = {
        "/a": {"post": operation("a", reply(ref("Thing")), requestBody=body(ref("Thing")))},
        "/b": {"post": operation("b", requestBody=body(ref("Once")))},
    }
    folder.take(document(paths, {"Thing": THING, "Once": {"type": "object", "properties": {"z": {"type": "number"}}}}))
    assert folder.tools["a"]["body"] == {"$ref": "Thing"}
    assert folder.tools["b"]["parameters"] == {"z": {"in": "body", "schema": {"type": "number"}}}
    assert list(folder.types) == ["Thing"]


def test_read_only_fields_are_no_arguments_and_write_only_ones_are_in_no_reply(folder):
    folder.take(ZOO)
    assert "id" not in folder.types["CatInput"]["properties"]
    assert "secret" not in folder.types["Cat"]["properties"]


CURSORED = {**PAGE, "properties": {**PAGE["properties"], "next_cursor": {"type": "string"}}}
AFTER = {"type": "object", "properties": {"after": {"type": "string"}}}
NESTED = {"type": "object", "properties": {"data": {"type": "array"}, "paging": AFTER}}


@pytest.mark.parametrize(
    ("arguments", "schema", "style"),
    [
        (
            ["cursor", "limit"],
            CURSORED,
            {"items": "items", "more": "more", "next": "next_cursor", "cursor": "cursor", "limit": "limit"},
        ),
        (["starting_after"], NESTED, {"items": "data", "next": "paging.after", "cursor": "starting_after"}),
        (
            ["page", "per_page"],
            {"type": "array", "items": ref("Thing")},
            {"items": "", "page": "page", "start": 1, "limit": "per_page"},
        ),
        (["offset", "limit"], PAGE, {"items": "items", "more": "more", "offset": "offset", "limit": "limit"}),
        (["limit"], PAGE, None),
        (["cursor"], ref("Thing"), None),
    ],
)
def test_pagination_is_recognised_by_its_fields(folder, arguments, schema, style):
    paths = {"/a": {"get": operation("listThings", reply(schema), parameters=_query(*arguments))}}
    folder.take(document(paths, {"Thing": THING}))
    name = folder.tools["list_things"].get("pagination")
    assert (folder.api["pagination"][name] if name else None) == style


def test_query_styles_become_those_of_the_spec(folder):
    folder.take(SHOP)
    parameters = folder.tools["list_order_items"]["parameters"]
    assert parameters["status"]["style"] == "brackets"
    assert parameters["sort"]["style"] == "comma"
    assert (parameters["filter"]["style"], parameters["ids"]["style"]) == ("deep", "pipes")
    assert parameters["ids"]["schema"] == {"type": "array", "items": {"type": "string"}}


def test_multipart_fields_are_files_or_parts(folder):
    folder.take(ZOO)
    tool = folder.tools["add_photos"]
    assert tool["encoding"] == "multipart"
    assert {name: data["in"] for name, data in tool["parameters"].items()} == {
        "animalId": "path", "photos": "file", "cover": "file", "caption": "body", "tags": "body",
    }  # fmt: skip


def test_what_a_spec_cannot_say_is_told_with_the_operation(folder):
    folder.take(ZOO)
    assert any("replaceAnimal: uses if" in told for told in folder.told("note"))


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "bearer"}, {"in": "header", "name": "Authorization", "prefix": "Bearer "}),
        ({"type": "http", "scheme": "basic"}, {"in": "header", "name": "Authorization", "basic": True}),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"in": "header", "name": "X-Key"}),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"in": "query", "name": "key"}),
    ],
)
def test_authentication_is_taken_over(folder, scheme, auth):
    data = document({"/a": {"get": operation("a")}})
    data["components"]["securitySchemes"] = {"key": scheme}
    folder.take(data)
    assert folder.api["auth"] == auth


def test_the_server_is_taken_over_with_its_variables_filled_in(folder):
    folder.take(REGIONS)
    assert folder.api["server"]["base_url"] == "https://eu.regions.example/v1"


def test_sentences_of_upstream_are_copied_only_when_asked_for(folder, tmp_path):
    data = document(
        {"/a": {"get": operation("a", reply(ref("Thing")), summary="Upstream says so.")}},
        {"Thing": copy.deepcopy(THING)},
    )
    data["components"]["schemas"]["Thing"]["properties"]["name"]["description"] = (
        'Upstream\'s words: long, and "quoted".'
    )
    folder.take(data)
    assert "pstream" not in yaml.safe_dump([folder.tools["a"]["summary"], folder.types])
    folder.path = tmp_path / "other"
    folder.take(data, descriptions=True)
    assert folder.tools["a"]["summary"] == "Upstream says so."
    assert folder.types["Thing"]["properties"]["name"]["description"] == 'Upstream\'s words: long, and "quoted".'
