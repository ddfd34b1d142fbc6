"""A placeholder is a value that the schema accepts."""

import json

import pytest
from jsonschema import Draft202012Validator

from tool_generator.emit.reference.sample_arguments import example_arguments, sample
from tool_runtime.core.tools import read_tool

TYPES = {
    "Key": {"type": "string", "pattern": "^key_[a-z0-9]{8}$"},
    "Node": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/types/Node"}}},
        "required": ["name", "children"],
    },
    "Shape": {"anyOf": [{"$ref": "#/types/Circle"}, {"type": "null"}]},
    "Circle": {
        "type": "object",
        "properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "exclusiveMinimum": 0}},
        "required": ["kind", "radius"],
    },
    "Named": {"type": "object", "properties": {"name": {"type": "string", "minLength": 20}}, "required": ["name"]},
}

PATTERNS = [
    "^agent_[0-9a-f]{6}$",
    r"^\+[1-9]\d{1,14}$",
    r"^\+1\d{10}$",
    "^[A-Z]{2}-[0-9]{3}$",
    "^(draft|live)$",
    "^(?:v)?[0-9]+(?:\\.[0-9]+){2}$",
    "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$",
    "^https://",
    "\\.csv$",
    "^[a-z][a-z0-9_]*$",
    "^$|^x{3}$",
    "^[\\w.-]+$",
    "^a|b$",
    "^[^a-z0-9 ]{2,4}$",
    "^\\d{4}-\\d{2}-\\d{2}$",
    "^\\x41\\u0042[\\]\\-]$",
    "^a*b+c?$",
    "^((ab){2}){2}$",
    "^[]a]$",
]

SCHEMAS = [
    *({"type": "string", "pattern": pattern} for pattern in PATTERNS),
    {"type": "string", "minLength": 40},
    {"type": "string", "maxLength": 3},
    {"type": "string", "minLength": 3, "maxLength": 3},
    {"type": "string", "pattern": "^[a-z]+$", "minLength": 30, "maxLength": 40},
    {"type": "string", "pattern": "^x", "minLength": 12},
    {"type": "string", "pattern": "z$", "minLength": 12},
    {"type": "string", "maxLength": 0},
    *(
        {"type": "string", "format": form}
        for form in ("date-time", "date", "email", "ipv4", "ipv6", "uuid", "uri", "regex", "hostname", "time")
    ),
    {"type": ["null", "string"], "minLength": 60},
    {"enum": [None, "b"]},
    {"type": "integer", "minimum": 10, "multipleOf": 7},
    {"type": "integer", "exclusiveMinimum": 10},
    {"type": "integer", "maximum": -3},
    {"type": "integer", "minimum": 2.5},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "minimum": 0.5, "maximum": 0.9},
    {"type": "number", "exclusiveMaximum": 0},
    {"type": "number", "multipleOf": 0.25, "minimum": 0.3},
    {"type": "array", "items": {"type": "string"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer", "minimum": 4}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "string", "format": "email"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "string", "pattern": r"^\+1\d{10}$"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "string", "pattern": "^(a|b|c)$"}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2},
    {"type": "object", "minProperties": 2, "properties": {"a": {"type": "integer"}}},
    {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 1},
    {"$ref": "#/types/Key"},
    {"$ref": "#/types/Node"},
    {"$ref": "#/types/Shape"},
    {
        "allOf": [
            {"$ref": "#/types/Named"},
            {"properties": {"age": {"type": "integer", "minimum": 3}}, "required": ["age"]},
        ]
    },
    {"allOf": [{"type": "string", "minLength": 5}, {"maxLength": 6}]},
    {"type": "string", "anyOf": [{"pattern": "^x{4}$"}, {"pattern": "^y"}]},
    {"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]},
    {"required": ["a"], "properties": {"a": {"minimum": 6}}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_a_value_made_from_a_schema_is_accepted_by_the_schema(schema):
    whole = json.loads(json.dumps({**schema, "$defs": TYPES}).replace("#/types/", "#/$defs/"))
    value = sample("field", schema, TYPES)
    assert [
        error.message
        for error in Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(value)
    ] == []


def test_a_text_is_made_of_the_name_where_the_schema_leaves_that_free():
    assert sample("title", {"type": "string"}, {}) == "example_title"
    assert sample("to", {"type": "string", "pattern": r"^\+\d+$"}, {}) == "+14155550100"


@pytest.mark.parametrize(
    "pattern", ["^(?=a)b$", "(", "[", "a{9999999}", "^\\p{L}+$", "((((a{900}){900}){900}){900})", "\\1"]
)
def test_a_pattern_beyond_the_known_syntax_still_gives_a_text(pattern):
    assert isinstance(sample("field", {"type": "string", "pattern": pattern}, {}), str)


def test_rules_over_several_arguments_are_kept():
    text = {"in": "body", "schema": {"type": "string", "minLength": 12}}
    entry = {
        "class": "write", "method": "POST", "path": "/x",
        "parameters": dict.fromkeys(("a", "b", "c", "d"), text),
        "constraints": [{"at_least_one": ["b", "c"]}, {"together": ["b", "d"]}],
    }  # fmt: skip
    assert example_arguments(read_tool("x", entry), {}) == {"b": "example_bxxx", "d": "example_dxxx"}
