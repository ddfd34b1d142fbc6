"""Each provider of models accepts the definition of every tool, and skeletons and examples are whole."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import retell_ai
from retell_ai import Client
from tool_runtime.surfaces.common.examples import LANGUAGES, examples_of
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.common.tool_definitions import blank, gemini_schema, skeleton, tool_definition

PACKAGE = Package(Path(retell_ai.__file__).parent)
TOOLS = list(PACKAGE.registry)
GEMINI_KEYS = {
    "type", "format", "title", "description", "nullable", "enum", "items", "maxItems", "minItems", "properties",
    "required", "minimum", "maximum", "minLength", "maxLength", "pattern", "anyOf",
}  # fmt: skip


def definition(name, provider):
    return tool_definition(PACKAGE.registry.tools[name], PACKAGE.shallow_schema(name), provider)


def parts(schema):
    yield schema
    for child in [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), schema.get("items")]:
        if child is not None:
            yield from parts(child)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "mcp"])
@pytest.mark.parametrize("name", TOOLS)
def test_names_and_descriptions_keep_the_limits_of_providers(name, provider):
    made = definition(name, provider)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", made["name"])
    assert 0 < len(made["description"]) <= 1100
    json.dumps(made)


@pytest.mark.parametrize("name", TOOLS)
def test_openai_and_anthropic_get_a_plain_object_at_the_root(name):
    for schema in (definition(name, "openai")["parameters"], definition(name, "anthropic")["input_schema"]):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert isinstance(schema.get("properties", {}), dict)
        assert not {"anyOf", "oneOf", "allOf", "not", "enum", "$ref"} & schema.keys()


@pytest.mark.parametrize("name", TOOLS)
def test_gemini_gets_one_type_strings_in_enums_and_no_empty_object(name):
    for schema in parts(definition(name, "gemini").get("parameters", {})):
        assert set(schema) <= GEMINI_KEYS
        assert isinstance(schema.get("type", ""), str)
        assert all(isinstance(value, str) for value in schema.get("enum", ()))
        assert schema.get("type") != "object" or schema["properties"]
        assert schema.get("type") != "array" or schema["items"]


@pytest.mark.parametrize("name", TOOLS)
def test_mcp_is_told_what_a_tool_does_to_the_world(name):
    tool, hints = PACKAGE.registry.tools[name], definition(name, "mcp")["annotations"]
    assert hints["readOnlyHint"] is tool.is_read
    assert hints["destructiveHint"] >= ("destroy" in tool.effects)
    assert not (hints["readOnlyHint"] and hints["destructiveHint"])


def test_null_and_several_types_become_what_gemini_knows():
    assert gemini_schema({"type": ["string", "null"]}) == {"type": "string", "nullable": True}
    assert gemini_schema({"type": ["string", "integer"]}) == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert gemini_schema({"enum": [1, 2]}) == {}


def with_files(value):
    """Return a value with a file in place of each blank of a file, as the command line reads it."""
    if isinstance(value, dict):
        return {key: with_files(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_files(part) for part in value]
    return Path(__file__) if value == "@path/of/the/file" else value


@pytest.mark.parametrize("name", TOOLS)
def test_a_skeleton_holds_what_is_required_and_its_examples_fit(name):
    tool = PACKAGE.registry.tools[name]
    made = skeleton(tool, PACKAGE.registry.types)
    required = {parameter.name for parameter in tool.parameters.values() if parameter.required}
    assert required <= made.keys()
    everything = skeleton(tool, PACKAGE.registry.types, everything=True)
    assert made.keys() <= everything.keys() | required
    json.dumps(everything)
    with Client(registry=PACKAGE.registry, sandbox=True) as client:
        for arguments in (made, everything):
            client.preview(name, with_files(arguments))


def test_a_skeleton_holds_no_idempotency_key():
    tool = PACKAGE.registry.tools["create_phone_call"]
    assert "idempotency_key" not in skeleton(tool, PACKAGE.registry.types, everything=True)


def test_a_blank_has_the_type_of_its_schema():
    types = {"Book": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}}
    assert blank({"$ref": "#/types/Book"}, types) == {"title": ""}
    assert blank({"enum": ["b", "a"]}, types) == "b"
    assert blank({"anyOf": [{"type": "integer"}, {"type": "null"}]}, types) == 0


def test_every_example_of_the_spec_stands_in_every_language():
    for name, tool in PACKAGE.registry.tools.items():
        found = list(examples_of(PACKAGE, name))
        assert [example.title for example in found] == [example.title.rstrip(".") for example in tool.examples]
        assert all(example.sources.keys() == LANGUAGES.keys() for example in found)
