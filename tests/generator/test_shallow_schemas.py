"""The small schemas keep the rules of every provider, and refuse no arguments that the full schemas accept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tool_generator.emit.argument_schemas import tool_schemas
from tool_generator.emit.reference.sample_arguments import sample
from tool_generator.emit.shallow_schemas import shallow_schemas
from tool_generator.generate import compile_spec

from .conftest import LIBRARY, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_runtime.core.registry import Registry

    from .conftest import SpecFolder

SPECS = [LIBRARY, *sorted(path.parent for path in (REPOSITORY / "spec").glob("*/api.yaml"))]
COMBINATORS = {"anyOf", "oneOf", "allOf", "not", "enum", "const", "if"}
GEMINI = {
    "type",
    "description",
    "properties",
    "required",
    "items",
    "enum",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
}


def schemas_within(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for child in [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), schema.get("items")]:
        if child is not None:
            yield from schemas_within(child)


def depth(schema: Any) -> int:
    """Count the levels of objects below a schema."""
    below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return max([1 + depth(child) for child in below] + [depth(child) for child in schema.get("anyOf", ())], default=0)


def broken_rules(schema: dict[str, Any]) -> Iterator[str]:
    """Yield each rule of a provider that a schema, as it is handed out, does not keep."""
    Draft202012Validator.check_schema(schema)
    if schema.get("type") != "object" or COMBINATORS & schema.keys():
        yield "OpenAI, Anthropic, MCP: the root is a plain object"
    if len(schema["description"]) > 1_024:
        yield "OpenAI: the description is short"
    if depth(schema) > 6:
        yield "few levels"
    for one in schemas_within(schema):
        if "anyOf" in one:
            if set(one) != {"anyOf"} or len(one["anyOf"]) < 2:
                yield f"Gemini: anyOf stands alone: {one}"
            continue
        if not set(one) <= GEMINI:
            yield f"Gemini: unknown keywords {set(one) - GEMINI}"
        if not isinstance(one.get("type"), str) or one["type"] == "null":
            yield f"Gemini: one type: {one}"
        if "enum" in one and (one["type"] != "string" or not all(isinstance(text, str) for text in one["enum"])):
            yield f"Gemini: listed values are strings: {one}"
        if "enum" in one and not all(one["enum"]):
            yield f"Gemini: no listed value is empty: {one}"
        if (one["type"] == "array") != ("items" in one):
            yield f"Gemini: arrays, and only arrays, have items: {one}"
        if not set(one.get("required", ())) <= one.get("properties", {}).keys():
            yield f"Gemini: required names are properties: {one}"
        for name in one.get("properties", {}):
            if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name):
                yield f"Anthropic: the name {name!r}"


def handed_out(text: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(text).items() if not key.startswith("$")}


def without_null(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(without_null, value.values()))
    return all(map(without_null, value)) if isinstance(value, list) else value is not None


@pytest.fixture(scope="module", params=SPECS, ids=lambda folder: folder.relative_to(REPOSITORY).as_posix())
def registry(request: pytest.FixtureRequest) -> Registry:
    return compile_spec(request.param).registry


@pytest.fixture(scope="module")
def written(registry: Registry) -> dict[str, str]:
    return shallow_schemas(registry, "a mark")


def test_every_tool_has_a_schema_of_less_than_six_kilobytes(registry: Registry, written: dict[str, str]):
    assert list(written) == list(registry.tools)
    assert {name: len(text.encode()) for name, text in written.items() if len(text.encode()) >= 6_000} == {}


def test_every_schema_keeps_the_rules_of_every_provider(written: dict[str, str]):
    assert [(name, rule) for name, text in written.items() for rule in broken_rules(handed_out(text))] == []


def test_every_argument_is_there(registry: Registry, written: dict[str, str]):
    for name, tool in registry.tools.items():
        schema = json.loads(written[name])
        assert list(schema["properties"]) == list(tool.parameters), name
        assert schema.get("required", []) == [key for key, one in tool.parameters.items() if one.required], name


def test_what_the_full_schema_accepts_is_accepted(registry: Registry, written: dict[str, str]):
    full = tool_schemas(registry, "a mark")
    tried = 0
    for name, tool in registry.tools.items():
        exact, shallow = Draft202012Validator(full[name]), Draft202012Validator(json.loads(written[name]))
        made = {key: sample(key, one.accepted, registry.types) for key, one in tool.parameters.items()}
        for arguments in [*(dict(example.arguments) for example in tool.examples), made]:
            if exact.is_valid(arguments) and without_null(arguments):
                tried += 1
                assert [error.message for error in shallow.iter_errors(arguments)] == [], (name, arguments)
    assert tried >= len(registry.tools)


CASES: dict[str, tuple[Any, Any]] = {
    "null beside a type": ({"type": ["string", "null"]}, {"type": "string", "description": "May be null."}),
    "a constant": ({"const": "eq"}, {"type": "string", "enum": ["eq"]}),
    "listed numbers": ({"enum": [1, 2]}, {"type": "number"}),
    "listed texts and null": (
        {"type": ["string", "null"], "enum": ["a", None]},
        {"type": "string", "description": "May be null.", "enum": ["a"]},
    ),
    "two kinds": ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    "a text or one of some": ({"anyOf": [{"enum": ["a"]}, {"type": "string"}]}, {"type": "string"}),
    "a place in a list": (
        {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}]},
        {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "string"}]}},
    ),
    "a map": ({"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object"}),
    "anything": ({}, {"anyOf": [{"type": kind} for kind in ("object", "string", "number", "boolean")]}),
    "joined parts": (
        {"allOf": [{"$ref": "Base"}, {"type": "object", "properties": {"b": {"type": "integer", "maximum": 9}}}]},
        {
            "type": "object",
            "properties": {"a": {"type": "string", "description": "First."}, "b": {"type": "integer", "maximum": 9}},
            "required": ["a"],
        },
    ),
    "objects to choose from": ({"oneOf": [{"$ref": "Base"}, {"$ref": "Tree"}]}, {"type": "object"}),
    "a type within itself": (
        {"$ref": "Tree"},
        {
            "type": "object",
            "properties": {
                "child": {"type": "object", "properties": {"child": {"type": "object"}}},
            },
        },
    ),
    "a name that Anthropic refuses": (
        {"type": "object", "properties": {"a b": {"type": "string"}, "c": {"type": "string"}}, "required": ["a b"]},
        {"type": "object", "properties": {"c": {"type": "string"}}},
    ),
}  # fmt: skip
TYPES = {
    "Base": {"type": "object", "properties": {"a": {"type": "string", "description": "First."}}, "required": ["a"]},
    "Tree": {"type": "object", "properties": {"child": {"$ref": "Tree"}}},
}


@pytest.mark.parametrize("case", CASES)
def test_a_schema_is_put_in_the_words_that_every_provider_knows(spec: SpecFolder, case: str):
    schema, expected = CASES[case]
    spec.types["types"] |= TYPES
    spec.tool("do_it", parameters={"value": {"in": "body", "schema": schema}})
    text = shallow_schemas(spec.registry(), "a mark")["do_it"]
    assert json.loads(text)["properties"] == {"value": expected}
    assert list(broken_rules(handed_out(text))) == []


def test_a_tool_with_very_many_arguments_says_the_most_about_the_first_and_the_required_ones(spec: SpecFolder):
    words = "What this is for, and when to give it."
    field = {"in": "body", "schema": {"type": "string"}, "description": words}
    parameters = {f"field_{number}": dict(field) for number in range(90)}
    parameters["field_80"]["required"] = True
    spec.tool("do_it", parameters=parameters)
    text = shallow_schemas(spec.registry(), "a mark")["do_it"]
    properties = json.loads(text)["properties"]
    assert len(text.encode()) < 6_000
    assert properties.keys() == parameters.keys()
    assert properties["field_0"]["description"] == properties["field_80"]["description"] == words
    assert "description" not in properties["field_89"]
    assert "read the docs of do_it" in json.loads(text)["description"]


def test_a_tool_with_too_many_arguments_keeps_the_required_ones(spec: SpecFolder):
    parameters: dict[str, Any] = {
        f"field_{number}": {"in": "body", "schema": {"type": "string"}} for number in range(400)
    }
    parameters["field_399"]["required"] = True
    spec.tool("do_it", parameters=parameters)
    text = shallow_schemas(spec.registry(), "a mark")["do_it"]
    assert len(text.encode()) < 6_000
    assert json.loads(text)["required"] == ["field_399"]
    assert list(broken_rules(handed_out(text))) == []


def test_rules_over_arguments_are_part_of_the_description(spec: SpecFolder):
    field = {"in": "body", "schema": {"type": "string"}}
    spec.tool(
        "do_it", description="Long. " * 400, constraints=[{"exactly_one": ["a", "b"]}],
        parameters={"a": dict(field), "b": dict(field)},
    )  # fmt: skip
    about = json.loads(shallow_schemas(spec.registry(), "a mark")["do_it"])["description"]
    assert about.startswith("Do do_it. Long.")
    assert about.endswith("Give exactly one of a, b.")
    assert len(about) <= 1_000
