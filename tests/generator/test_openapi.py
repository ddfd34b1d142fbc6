"""The OpenAPI document: valid, true to what clients send, and read back with the same facts."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry as Resources
from referencing import Resource
from referencing.jsonschema import DRAFT202012

from tool_generator.compare.drift import drift, shared_names
from tool_generator.emit.openapi_document import openapi_document
from tool_generator.generate import compile_spec
from tool_generator.openapi import parse_upstream, read_upstream
from tool_runtime.core.requests import build_request
from tool_runtime.surfaces.common.client import Client

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "tests" / "library_api" / "spec"
MAIN = ROOT / "spec" / "retell_ai"
SPECS = {"main": MAIN, "library": LIBRARY}
ANNOTATIONS = {"description", "example", "examples", "default", "deprecated", "secret", "title", "untrusted"}
OWN_PLACES = ("steps", "spread", "query_map")


@cache
def compiled(name):
    return compile_spec(SPECS[name])


@cache
def document(name):
    return openapi_document(compiled(name).registry, compiled(name).notice)


@cache
def upstream(name):
    return parse_upstream(json.dumps(document(name)).encode())


def bare(schema):
    """Leave out what only explains, and the prefix of references."""
    if isinstance(schema, list):
        return [bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: bare(item) for name, item in value.items()} if key == "properties" else bare(value)
        for key, value in schema.items()
        if key not in ANNOTATIONS and (key, value) != ("format", "password")
    }
    if "$ref" in kept:
        kept["$ref"] = kept["$ref"].rpartition("/")[2]
    return kept


def tools(name):
    """Give the tools whose request the document has, which are not raw and stand for themselves."""
    registry = compiled(name).registry.document
    listed = [operation["x-tool"]["name"] for path in document(name)["paths"].values() for operation in path.values()]
    return {tool: registry["tools"][tool] for tool in listed}


CASES = [pytest.param(name, tool, id=f"{name}-{tool}") for name in SPECS for tool in tools(name)]


def operation(name, tool):
    return upstream(name).operations[tool.get("upstream", tool["name"])]


@pytest.mark.parametrize("name", SPECS)
def test_the_document_is_valid_openapi(name):
    assert [error.message for error in OpenAPIV31SpecValidator(document(name)).iter_errors()] == []


def test_the_document_that_is_kept_is_the_one_of_the_spec():
    kept = ROOT / "generated" / "retell_ai" / "openapi.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == document("main")
    assert read_upstream(kept).operations == upstream("main").operations


@pytest.mark.parametrize("name", SPECS)
def test_every_tool_without_a_raw_path_is_an_operation_or_named_by_one(name):
    listed = []
    for path in document(name)["paths"].values():
        for item in path.values():
            listed += [item["x-tool"]["name"], *item["x-tool"].get("also", ())]
    registry = compiled(name).registry.document
    raw = {key for key, tool in registry["tools"].items() if "{+" in tool["path"]}
    assert sorted(listed) == sorted(set(registry["tools"]) - raw)


@pytest.mark.parametrize("name", SPECS)
def test_reading_the_document_back_meets_no_problem(name):
    assert [str(problem) for problem in upstream(name).problems if problem.severity == "malformed"] == []


@pytest.mark.parametrize("name", SPECS)
def test_types_are_read_back_as_they_are(name):
    known = compiled(name).registry.types
    read = upstream(name).schemas
    assert {key: bare(schema) for key, schema in read.items()} == {key: bare(known[key]) for key in read}


@pytest.mark.parametrize(("name", "key"), CASES)
def test_request_and_lifecycle_of_a_tool_are_read_back_as_they_are(name, key):
    tool = tools(name)[key]
    read = operation(name, tool)
    assert (read.method, read.path, read.tags) == (tool["method"], tool["path"], (tool["group"],))
    assert read.deprecated == bool(tool.get("deprecated"))
    assert (read.body.first.kind if read.body else None) == tool.get("body")


@pytest.mark.parametrize(("name", "key"), CASES)
def test_parameters_outside_the_body_are_read_back_as_they_are(name, key):
    tool = tools(name)[key]
    wanted = {
        (item["in"], item.get("wire", argument)): (bool(item.get("required")), bare(item["schema"]))
        for argument, item in tool["parameters"].items()
        if item["in"] in ("path", "query", "header")
    }
    own_key = tool.get("idempotency", {})
    if own_key.get("in") == "header":
        wanted["header", own_key["name"]] = (False, {"type": "string"})
    read = operation(name, tool).parameters
    assert {(item.place, item.name): (item.required, bare(item.schema)) for item in read} == wanted


@pytest.mark.parametrize(("name", "key"), CASES)
def test_body_fields_are_read_back_as_they_are(name, key):
    tool = tools(name)[key]
    found = operation(name, tool).body
    read = found.first if found else None
    fields = {
        argument: item
        for argument, item in tool["parameters"].items()
        if item["in"] not in (*OWN_PLACES, "path", "query", "header", "whole_body")
    }
    if read is None:
        assert fields == {}
        return
    properties = {wire: bare(schema) for wire, schema in read.schema.get("properties", {}).items()}
    assert set(properties) == {item.get("wire", argument) for argument, item in fields.items()}
    for argument, item in fields.items():
        if "shape" not in item or "friendly" in item:
            assert properties[item.get("wire", argument)] == bare(item["schema"])
    asked = {
        item.get("wire", argument)
        for argument, item in fields.items()
        if item.get("wire_required", item.get("required"))
    }
    assert asked <= set(read.schema.get("required", ()))


@pytest.mark.parametrize(("name", "key"), CASES)
def test_the_reply_is_read_back_as_it_is(name, key):
    tool = tools(name)[key]
    read = operation(name, tool).reply
    returns = tool.get("returns", {})
    assert read.status == returns.get("status")
    if "after" not in tool.get("steps", {}):
        assert bare(read.schema) == (bare(returns["schema"]) if "schema" in returns else None)


def validator(name, schema):
    resource = Resource(contents=document(name), specification=DRAFT202012)
    resources = Resources().with_resource("urn:document", resource)
    absolute = json.loads(json.dumps(schema).replace('"#/components', '"urn:document#/components'))
    return Draft202012Validator(absolute, registry=resources)


EXAMPLES = [
    pytest.param(name, key, index, id=f"{name}-{key}-{index}")
    for name in SPECS
    for key, tool in tools(name).items()
    for index, _ in enumerate(tool.get("examples", ()))
    if not tool.get("steps") and tool.get("body") != "multipart"
]


@pytest.mark.parametrize(("name", "key", "index"), EXAMPLES)
def test_what_a_client_sends_for_an_example_is_what_the_document_asks_for(name, key, index):
    tool = tools(name)[key]
    root = document(name)["servers"][0]["url"]
    client = Client("key_x", registry=compiled(name).registry, base_url=root)
    sent = client.preview(key, tool["examples"][index]["arguments"])
    described = document(name)["paths"][tool["path"]][tool["method"].lower()]
    form = re.sub(r"\\\{[^{}]+\\\}", "[^/?]+", re.escape(root + tool["path"]))
    assert re.fullmatch(rf"{form}(\?.*)?", sent["url"])
    if "requestBody" in described:
        schema = described["requestBody"]["content"]["application/json"]["schema"]
        # The preview masks what is secret, so the body is taken from the request itself.
        bound = client._context.binder.bind(client.registry.resolve(key), tool["examples"][index]["arguments"])
        body = json.loads(build_request(bound).content)
        assert [error.message for error in validator(name, schema).iter_errors(body)] == []
        unknown = set(body) - set(schema.get("properties", {}))
        assert unknown == set()
    else:
        assert sent.get("body") is None


def test_a_choice_that_only_one_field_can_meet_makes_it_required():
    body = document("library")["paths"]["/loans"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["required"] == ["book_id", "member_id"]
    assert "new_member" not in json.dumps(body)


def test_a_friendly_argument_yields_to_the_field_that_it_fills():
    fields = document("library")["paths"]["/books/{book_id}"]["patch"]["requestBody"]["content"]["application/json"]
    assert "main_author" not in fields["schema"]["properties"]
    assert fields["schema"]["properties"]["authors"]["type"] == "array"


def test_a_friendly_argument_alone_shows_the_form_that_is_sent(spec):
    spec.tool(
        "name_thing",
        parameters={
            "owner": {
                "in": "body",
                "wire": "owners",
                "schema": {"type": ["string", "null"]},
                "shape": {"form": [{"name": "$", "share": 1, "since": "$.since"}]},
            }
        },
    )
    found = openapi_document(spec.registry(), "")["paths"]["/name_thing"]["post"]["requestBody"]
    row = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "share": {"type": "number"}, "since": {}},
        "required": ["name", "share"],
    }
    assert found["content"]["application/json"]["schema"]["properties"] == {
        "owners": {"anyOf": [{"type": "array", "items": row}, {"type": "null"}]}
    }


def test_what_steps_add_to_a_result_is_no_part_of_the_reply():
    reply = document("library")["paths"]["/members/{member_id}"]["get"]["responses"]["200"]
    properties = reply["content"]["application/json"]["schema"]["properties"]
    assert "name" in properties
    assert not {"loans", "unavailable"} & set(properties)


def test_parts_of_a_form_that_are_no_files_are_json():
    content = document("library")["paths"]["/books/{book_id}/cover"]["post"]["requestBody"]["content"]
    assert list(content) == ["multipart/form-data"]
    assert content["multipart/form-data"].get("encoding", {}) == {}
    assert content["multipart/form-data"]["schema"]["properties"]["image"]["format"] == "binary"


def test_list_styles_of_the_query_are_openapis(spec):
    schema = {"type": "array", "items": {"type": "string"}}
    spec.tools["get_thing"]["parameters"] |= {
        name: {"in": "query", "schema": schema, "style": name} for name in ("repeat", "brackets", "comma")
    }
    listed = openapi_document(spec.registry(), "")["paths"]["/things/{thing_id}"]["get"]["parameters"][1:]
    assert [(item["name"], item.get("explode", True)) for item in listed] == [
        ("repeat", True),
        ("brackets[]", True),
        ("comma", False),
    ]


@pytest.mark.parametrize(
    ("auth", "scheme"),
    [
        ({"in": "header", "name": "Authorization", "prefix": "Bearer "}, {"type": "http", "scheme": "bearer"}),
        ({"in": "header", "name": "X-API-Key"}, {"type": "apiKey", "in": "header", "name": "X-API-Key"}),
        ({"in": "query", "name": "key"}, {"type": "apiKey", "in": "query", "name": "key"}),
    ],
)
def test_the_key_goes_where_the_security_scheme_says(spec, auth, scheme):
    spec.api["auth"] = auth
    found = openapi_document(spec.registry(), "")
    assert found["components"]["securitySchemes"] == {"api_key": scheme}
    assert found["security"] == [{"api_key": []}]


def test_secrets_are_marked_as_passwords(spec):
    spec.tool("set_pin", parameters={"pin": {"in": "body", "secret": True, "schema": {"type": "string"}}})
    found = openapi_document(spec.registry(), "")["paths"]["/set_pin"]["post"]["requestBody"]
    assert found["content"]["application/json"]["schema"]["properties"]["pin"]["format"] == "password"


def test_error_replies_show_where_the_message_stands():
    schema = document("library")["components"]["responses"]["Error"]["content"]["application/json"]["schema"]
    assert schema["properties"]["error"]["properties"]["detail"]["type"] == "string"
    assert schema["properties"]["title"]["type"] == "string"


def test_webhooks_of_the_spec_are_webhooks_of_the_document():
    events = compiled("main").registry.document["webhooks"]["events"]
    assert list(document("main")["webhooks"]) == list(events)
    assert "webhooks" not in document("library")


def test_two_tools_with_one_request_are_one_operation(spec):
    spec.tool("make_all", upstream="makeThing", path="/make", steps={"after": [{"id": "extra", "tool": "make_one"}]})
    spec.tool("make_one", upstream="makeThing", path="/make")
    found = openapi_document(spec.registry(), "")["paths"]["/make"]["post"]
    assert (found["operationId"], found["x-tool"]["name"], found["x-tool"]["also"]) == (
        "makeThing",
        "make_one",
        ["make_all"],
    )


@pytest.mark.parametrize("name", SPECS)
def test_no_tool_drifts_from_the_document_that_is_made_of_it(name):
    read = upstream(name)
    result = drift(compiled(name).registry, read, shared_names(SPECS[name], compiled(name).registry))
    changes = [
        (tool, change["path"])
        for tool, item in result.as_json()["tools"].items()
        for change in item["changes"]
        # The runtime fills this header: it is sent, and yet no argument.
        if change["path"] != "request.header.Idempotency-Key"
    ]
    assert changes == []
    assert not result.breaks
