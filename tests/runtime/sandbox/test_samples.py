import jsonschema
import pytest

from tool_runtime.core.registry import Registry
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.values.templates import ABSENT, holds


@pytest.fixture
def schemas(document):
    return Schemas(Registry(document))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "minLength": 12},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": "string", "enum": ["b", "a"]},
        {"const": 5},
        {"type": "integer", "minimum": 3},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "number", "maximum": -1},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["null", "integer"]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        {"type": "object", "required": ["any"]},
        {
            "anyOf": [
                {"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]},
                {"type": "null"},
            ]
        },
        {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "integer"}}}]},
        {},
    ],
)
def test_a_sample_fits_its_schema(schemas, schema):
    jsonschema.validate(schemas.sample(schema, "field"), schema)


def test_a_sample_of_a_recursive_type_comes_to_an_end(api, document):
    tree = api.post("/trees").json()
    jsonschema.validate(tree, {"$ref": "#/types/Tree", "types": document["types"]})
    assert tree["colours"] == ["red", "red"]


def test_a_sample_is_named_after_its_field(schemas):
    assert schemas.sample({"type": "string"}, "book_id") == "book_1"
    assert schemas.sample({"type": "string"}, "cover_url") == "https://example.com/cover_url"


def test_a_reply_that_requires_nothing_still_shows_something(api):
    assert api.post("/covers", files={"picture": ("c", b"x")}).json() == {"cover_id": "cover_1"}


def test_completing_fills_what_is_required_all_the_way_down(schemas):
    schema = {"type": "array", "items": {"$ref": "#/types/Book"}}
    value = [{"title": "T"}]
    assert schemas.complete(value, schema) == [{"title": "T", "book_id": "book_1", "created": 0, "binding": "hard"}]


def test_the_alternative_is_chosen_by_its_fixed_values(schemas):
    union = {
        "anyOf": [
            {"type": "object", "properties": {"kind": {"enum": ["a"]}, "a": {}}, "required": ["a"]},
            {
                "type": "object",
                "properties": {"kind": {"const": "b"}, "b": {"type": "integer"}},
                "required": ["b"],
            },
        ]
    }
    assert schemas.complete({"kind": "b"}, union) == {"kind": "b", "b": 0}
    assert schemas.project({"kind": "b", "a": 1, "b": 2}, union) == {"kind": "b", "b": 2}


def scope():
    return Scope(
        {"a": {"b": [{"c": 1}, {"c": 2}]}, "n": 3, "yes": True}, {"$shout": lambda operand, fill: fill(operand).upper()}
    )


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("plain", "plain"),
        ("$n", 3),
        ("$a.b.1.c", 2),
        ("$a.b.*.c", [1, 2]),
        ("$a.b.7.c", ABSENT),
        ("$$n", "$n"),
        ("n is ${n}, ${yes}", "n is 3, true"),
        ("no ${nothing}", ABSENT),
        ({"x": "$nothing", "y": ["$nothing", "$n"]}, {"y": [3]}),
        ({"$first": ["$nothing", None, "$n"]}, 3),
        ({"$first": ["$nothing"]}, ABSENT),
        ({"$sum": ["$n", 1]}, 4),
        ({"$minus": ["$n", 1, 1]}, 1),
        ({"$times": ["$n", 0.1]}, 0.3),
        ({"$sum": ["text"]}, ABSENT),
        ({"$sum": "$a.b.*.c"}, 3),
        ({"$shout": "n is ${n}"}, "N IS 3"),
        (5, 5),
    ],
)
def test_a_template_has_its_value(template, value):
    assert fill(template, scope()) == value


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({}, True),
        ({"a.b": 1}, True),
        ({"a.b": [1, 2]}, True),
        ({"a.b": 2}, False),
        ({"a.c": {"present": False}}, True),
        ({"a.b": {"present": False}}, False),
        ({"a.b": 1, "a.c": 1}, False),
    ],
)
def test_a_condition_holds_when_every_path_has_its_value(when, met):
    assert holds(when, {"a": {"b": 1}}) is met
