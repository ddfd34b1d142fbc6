from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from tool_generator.emit.argument_schemas import tool_schemas
from tool_generator.generate import compile_spec
from tool_runtime.core.registry import Registry

from .conftest import LIBRARY

STRING = {"type": "string"}


@pytest.fixture(scope="module")
def registry():
    return compile_spec(LIBRARY).registry.document


@pytest.fixture(scope="module")
def schemas(registry):
    return tool_schemas(Registry(registry), "notice")


def test_a_body_type_becomes_parameters_in_the_order_path_required_rest_spread(registry):
    assert list(registry["tools"]["create_book"]["parameters"]) == [
        "title",
        "class",
        "published",
        "authors",
        "category",
        "notes",
    ]
    assert list(registry["tools"]["update_book"]["parameters"]) == [
        "book_id", "main_author", "authors", "title", "class", "published", "category", "notes", "fields",
    ]  # fmt: skip


def test_a_body_parameter_takes_from_the_type_what_it_does_not_say_itself(registry):
    create, update = (registry["tools"][name]["parameters"]["title"] for name in ("create_book", "update_book"))
    assert create == {
        "in": "body",
        "required": True,
        "schema": STRING,
        "description": "The title.",
        "example": "The Sea",
    }
    assert update == {"in": "body", "schema": STRING, "description": "The title."}


def test_references_are_pointers_into_the_registry(registry):
    assert registry["tools"]["get_book"]["returns"]["schema"] == {"$ref": "#/types/Book"}
    assert registry["types"]["Category"]["properties"]["parent"]["anyOf"][0] == {"$ref": "#/types/Category"}


def test_defaults_are_left_out_and_what_is_always_there_is_there(registry):
    for tool in registry["tools"].values():
        assert {
            "name",
            "full_name",
            "aliases",
            "class",
            "effects",
            "method",
            "path",
            "parameters",
            "body",
        } <= tool.keys()
        for name, parameter in tool["parameters"].items():
            assert {"in", "schema"} <= parameter.keys()
            assert parameter.get("required") in (None, True)
            assert parameter.get("wire") != name


@pytest.mark.parametrize(
    ("tool", "body"),
    [
        ("create_book", "json"),
        ("upload_cover", "multipart"),
        ("return_book", "json"),
        ("give_back", None),
        ("api_post", "json"),
        ("list_books", None),
    ],
)
def test_an_operation_has_a_body_when_anything_can_be_in_it(registry, tool, body):
    assert registry["tools"][tool]["body"] == body


def test_idempotency_has_one_form(registry):
    assert registry["tools"]["create_book"]["idempotency"] == {"in": "header", "name": "Idempotency-Key"}


@pytest.mark.parametrize(
    ("tool", "argument", "spellings"),
    [
        ("search_books", "where", ["criteria"]),
        ("lend_book", "from", ["from_"]),
        ("update_book", "main_author", None),
        ("list_loans", "since", ["filter[since]"]),
    ],
)
def test_arguments_answer_to_their_wire_name_where_it_has_one_meaning(registry, tool, argument, spellings):
    assert registry["tools"][tool]["parameters"][argument].get("spellings") == spellings


def test_a_shaped_argument_shows_its_friendly_schema(registry):
    friendly = registry["tools"]["search_books"]["parameters"]["where"]["friendly"]
    assert friendly["properties"]["year"] == {
        "anyOf": [
            {"type": "integer"},
            {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
            {"$ref": "#/types/YearRange"},
        ],
        "description": "A year, or [first, last].",
    }
    assert friendly["properties"]["class"]["anyOf"] == [{"$ref": "#/types/BookClass"}, {"type": "null"}]
    assert friendly["properties"]["published"] == {"$ref": "#/types/YearRange"}


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        ({"year": 1999}, True),
        ({"year": [1990, 1999], "tags": {"mood": ["calm", "grave"]}}, True),
        ({"published": {"from": 1990}, "tags": [{"name": "mood"}]}, True),
        ({"class": None}, True),
        ({"year": "1999"}, False),
        ({"yaer": 1999}, False),
        ({"tags": {"mood": 1}}, False),
    ],
)
def test_the_schema_of_a_tool_takes_friendly_and_wire_forms_and_nothing_else(schemas, where, fits):
    assert Draft202012Validator(schemas["search_books"]).is_valid({"where": where}) == fits


def test_every_example_fits_the_schema_of_its_tool(registry, schemas):
    for name, tool in registry["tools"].items():
        for example in tool.get("examples", ()):
            Draft202012Validator(schemas[name]).validate(example["arguments"])


def test_schemas_are_self_contained_and_hold_only_what_they_need(schemas):
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
        assert not {"anyOf", "oneOf", "allOf", "$id"} & schema.keys()
    assert set(schemas["create_book"]["$defs"]) == {"BookClass", "Author", "Category"}
    assert "$defs" not in schemas["get_loan"]
    assert '"secret"' not in json.dumps(schemas)


def test_rules_over_several_arguments_are_told_in_words(schemas):
    assert schemas["lend_book"]["description"].endswith("Give exactly one of member_id, new_member.")
    assert schemas["give_back"]["description"].endswith("Deprecated; stops working on 2027-06-30; use `return_book`.")


def test_tools_are_ordered_by_group_and_then_as_the_spec_has_them(registry):
    assert list(registry["groups"]) == ["books", "loans", "members", "generic"]
    assert list(registry["tools"]) == [name for group in registry["groups"].values() for name in group["tools"]]
    assert registry["groups"]["loans"]["tools"][:2] == ["lend_book", "get_loan"]


def test_a_shape_over_a_type_that_is_an_option_of_itself_is_a_problem_like_any_other(spec):
    spec.types["types"]["Loop"] = {
        "anyOf": [{"$ref": "Loop"}, {"type": "object", "properties": {"v": {"enum": ["a"]}}}]
    }
    shape = {"cases": [{"when": {"type": "string"}, "form": {"v": "$"}}]}
    spec.tool("loop_thing", parameters={"x": {"in": "query", "schema": {"$ref": "Loop"}, "shape": shape}})

    assert "the type Loop is defined as itself, through $ref, allOf or a union" in spec.messages()


def test_a_friendly_value_may_be_what_the_wire_form_allows_in_its_place(spec):
    colours = {
        "type": "object",
        "properties": {"op": {"enum": ["in"]}, "v": {"type": "array", "items": {"enum": ["red"]}}},
    }
    sizes = {"type": "object", "properties": {"op": {"enum": ["eq"]}, "v": {"type": "number"}}}
    spec.types["types"] |= {"Colours": colours, "Sizes": sizes}
    cases = [
        {"when": {"type": "string"}, "form": {"op": "in", "v": ["$"]}},
        {"when": {"type": "array", "items": {"type": "string"}}, "form": {"op": "in", "v": "$"}},
        {"when": {"type": "number"}, "form": {"op": "eq", "v": "$"}},
    ]
    schema = {"anyOf": [{"$ref": "Sizes"}, {"$ref": "Colours"}]}
    spec.tool("paint_thing", parameters={"x": {"in": "query", "schema": schema, "shape": {"cases": cases}}})

    friendly = spec.document()["tools"]["paint_thing"]["parameters"]["x"]["friendly"]["anyOf"]
    assert friendly[:3] == [
        {"type": "string", "enum": ["red"]},
        {"type": "array", "items": {"type": "string", "enum": ["red"]}},
        {"type": "number"},
    ]
