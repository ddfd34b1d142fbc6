"""Reading documents into facts."""

from __future__ import annotations

import dataclasses
import json

import pytest
from upstream_documents import REGIONS, SHOP, ZOO, body, document, operation, read, ref, reply

from tool_generator.openapi import UpstreamUnreadable, parse_upstream


def _schema(schema, version="3.1.0"):
    return read(document({"/x": {"get": operation("x", reply(ref("T")))}}, {"T": schema}, openapi=version)).schemas["T"]


def _problems(data):
    return [str(problem) for problem in read(data).problems]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"nullable": True, "allOf": [ref("T2")]}, {"anyOf": [ref("T2"), {"type": "null"}]}),
        ({"nullable": True, "oneOf": [ref("T2")]}, {"oneOf": [ref("T2"), {"type": "null"}]}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {"type": "integer", "minimum": 1}),
        ({"type": "string", "example": "a"}, {"type": "string", "examples": ["a"]}),
        ({"type": "object", "xml": {"name": "x"}, "x-own": 1}, {"type": "object"}),
    ],
)
def test_the_words_of_version_3_0_become_those_of_json_schema(given, wanted):
    data = document({"/x": {"get": operation("x", reply(ref("T")))}}, {"T": given, "T2": {}}, openapi="3.0.1")
    assert read(data).schemas["T"] == wanted


def test_references_to_any_place_of_the_document_get_a_name():
    data = document(
        {
            "/x": {"get": operation("x", reply(ref("T") | {"$ref": "#/components/schemas/T/properties/inner"}))},
            "/y": {"get": operation("y", {"200": {"$ref": "#/paths/~1x/get/responses/200"}})},
        },
        {"T": {"type": "object", "properties": {"inner": {"type": "integer"}}}},
    )
    upstream = read(data)
    assert upstream.schemas["TInner"] == {"type": "integer"}
    assert upstream.operations["y"].reply.schema == {"$ref": "#/components/schemas/TInner"}
    assert upstream.problems == ()


def test_references_that_lead_nowhere_elsewhere_or_in_circles_are_told_with_their_operations():
    data = document(
        {
            "/x": {
                "get": operation("x", reply({"$ref": "other.yaml#/T"})),
                "post": operation("y", reply(ref("Loop"))),
                "put": operation("z", reply(ref("Missing"))),
                "parameters": [{"$ref": "#/components/parameters/A"}],
            }
        },
        {"Loop": ref("Loop")},
    )
    data["components"]["parameters"] = {"A": {"$ref": "#/components/parameters/A"}}
    told = "\n".join(_problems(data))
    assert "x: other.yaml#/T is in another document" in told
    assert "y: is defined as itself (Loop -> Loop)" in told
    assert "z: #/components/schemas/Missing leads nowhere" in told
    assert "#/components/parameters/A refers to itself" in told


def test_what_would_send_a_request_elsewhere_or_set_its_key_is_told_and_left_out():
    parameters = [
        {"name": name, "in": "header", "schema": {"type": "string"}}
        for name in ("Host", "x-forwarded-host", "X-HTTP-Method-Override", "x-key", "two words", "X-Trace-Id")
    ]
    data = document({"/x": {"get": operation("x", parameters=parameters)}, "/a/../b": {"get": operation("y")}})
    data["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}
    upstream = read(data)
    assert [parameter.name for parameter in upstream.operations["x"].parameters] == ["X-Trace-Id"]
    assert "y" not in upstream.operations
    told = "\n".join(map(str, upstream.problems))
    assert "'x-key' carries the API key" in told
    assert "the path '/a/../b' must not hold dot segments; left out" in told


def test_of_a_constant_and_an_enumeration_beside_it_the_constant_stays():
    assert _schema({"const": "sit", "enum": ["sit", "run"]}) == {"const": "sit"}
    assert _schema({"const": "sit", "enum": [0]}) == {"const": "sit"}


def test_recursion_through_properties_is_no_problem():
    upstream = read(ZOO)
    assert upstream.schemas["Family"]["properties"]["children"]["items"] == ref("Family")
    assert not [problem for problem in upstream.problems if problem.severity == "malformed"]


def test_a_discriminator_says_in_each_branch_which_value_is_its_own():
    schemas = read(ZOO).schemas
    assert schemas["Cat"]["properties"]["kind"] == {"type": "string", "enum": ["cat"]}
    assert schemas["Dog"]["properties"]["kind"] == {"type": "string", "enum": ["dog"]}


def test_parameters_of_the_path_are_those_of_its_operations_unless_they_say_otherwise():
    shared = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
              {"name": "q", "in": "query", "schema": {"type": "string"}}]  # fmt: skip
    own = [{"name": "q", "in": "query", "required": True, "schema": {"type": "integer"}}]
    data = document({"/x/{id}": {"parameters": shared, "get": operation("x", parameters=own)}})
    found = read(data).operations["x"].parameters
    assert [(item.name, item.place, item.required, item.schema["type"]) for item in found] == [
        ("id", "path", True, "string"),
        ("q", "query", True, "integer"),
    ]


def test_styles_have_the_defaults_of_their_place():
    found = {item.name: (item.style, item.explode) for item in read(SHOP).operations["listOrderItems"].parameters}
    assert found["status[]"] == ("form", True)
    assert found["sort"] == ("form", False)
    assert found["filter"] == ("deepObject", False)


def test_json_is_preferred_among_content_types_and_the_others_are_told():
    operation_ = read(ZOO).operations["replaceAnimal"]
    assert operation_.body is not None
    assert [media.content_type for media in operation_.body.media] == ["application/json", "application/xml"]
    assert any("may also be application/xml" in told for told in _problems(ZOO))


def test_a_status_that_is_not_exact_is_none():
    assert read(ZOO).operations["replaceAnimal"].reply.status is None
    assert read(ZOO).operations["addPhotos"].reply.status == 201


def test_server_variables_are_filled_in_by_their_defaults():
    assert read(REGIONS).servers[0].url == "https://eu.regions.example/v1/"


def test_an_operation_without_an_id_is_named_after_method_and_path():
    found = read(REGIONS).operations["get_regions"]
    assert not found.has_id


def test_the_facts_are_json():
    upstream = read(SHOP)
    assert json.loads(json.dumps(dataclasses.asdict(upstream)))["title"] == "Shop API"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "thing"}, "has the type 'thing'"),
        ({"type": "string", "pattern": "("}, "is not a regular expression"),
        ({"minLength": 5, "maxLength": 2}, "minLength is above maxLength"),
        ({"properties": []}, "is not an object"),
        ({"required": True}, "is a flag here"),
        ({"enum": []}, "is not a list of values"),
        ({"if": {}}, "uses if, which a spec cannot say"),
        ({"minimum": "1"}, "is not a number"),
        ([], "is not a schema"),
    ],
)
def test_what_is_malformed_or_cannot_be_said_is_told_with_its_operation(schema, told):
    data = document({"/x": {"get": operation("x", reply(ref("T")))}}, {"T": schema})
    assert [line for line in _problems(data) if line.startswith("x: ") and told in line]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"[1", "is not valid JSON"),
        (b"a: [", "is not valid YAML"),
        (b"\xff", "is not UTF-8"),
        (b"- 1", "is no object"),
        (b'{"swagger": "2.0"}', "has no paths"),
        (b"openapi: 4.0.0", "says openapi: 4.0.0"),
        (b"openapi: 3.1.0", "has no paths"),
        (b"[" * 100000, "nested"),
        (b"a: &a [*a]\nopenapi: 3.1.0", "has no paths"),
        (b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(
            f"{c}: &{c} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n".encode()
            for p, c in zip("abcdefgh", "bcdefghi", strict=True)
        ), "holds more than"),
    ],
)  # fmt: skip
def test_what_is_no_document_at_all_is_refused_with_the_reason(content, told):
    with pytest.raises(UpstreamUnreadable, match=told):
        parse_upstream(content)


def test_yaml_reads_as_json_does():
    text = """
openapi: 3.0.3
info: {title: Small, version: 1.0}
paths:
  /x:
    get:
      operationId: on
      responses:
        200: {description: ok, content: {application/json: {schema: {type: string, enum: [yes, 2020-01-01]}}}}
"""
    upstream = parse_upstream(text.encode())
    assert upstream.operations["on"].reply.schema == {"type": "string", "enum": ["yes", "2020-01-01"]}


def test_an_operation_id_that_is_used_twice_gives_way_to_method_path_and_tag():
    data = document({"/x": {"get": operation("x"), "post": operation("x")}})
    assert list(read(data).operations) == ["get_x", "post_x"]
    tagged = document({"/a": {"get": operation("list", tags=["a"])}, "/b": {"get": operation("list", tags=["b"])}})
    assert list(read(tagged).operations) == ["list_a", "list_b"]


def test_a_get_has_the_body_that_the_document_gives_it():
    data = document({"/x": {"get": operation("x", requestBody=body({"type": "object"}))}})
    assert read(data).operations["x"].body is not None
