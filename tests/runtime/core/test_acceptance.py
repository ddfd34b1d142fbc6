"""The quick acceptance never says yes where jsonschema says no."""

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tool_runtime.core.acceptance import Acceptors

names = st.sampled_from(["a", "b", "c"])
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["", "a", "b", "longer"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))
kinds = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])


def schemas_of(inner):
    keywords = {
        "type": kinds | st.lists(kinds, min_size=1, max_size=2, unique=True),
        "enum": st.lists(scalars, min_size=1, max_size=3),
        "const": scalars,
        "properties": st.dictionaries(names, inner, max_size=3),
        "required": st.lists(names, unique=True, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "items": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "minLength": st.integers(0, 3),
        "maxItems": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$"]),
        "minProperties": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "$ref": st.sampled_from(["#/types/Node", "#/types/Missing"]),
        "description": st.just("prose"),
    }
    return st.fixed_dictionaries({}, optional=keywords)


schemas = st.recursive(st.booleans() | st.fixed_dictionaries({"type": kinds}), schemas_of, max_leaves=6)
TYPES = {
    "Node": {
        "type": "object",
        "properties": {"a": {"$ref": "#/types/Node"}, "b": {"type": "string"}},
        "required": ["b"],
    },
    "Missing": {"type": "integer"},
}


@given(schemas, values)
def test_what_is_accepted_quickly_is_valid(schema, value):
    if Acceptors(TYPES).compile(schema)(value):
        whole = schema if isinstance(schema, bool) else {**schema, "types": TYPES}
        assert Draft202012Validator(whole).is_valid(value)


def test_the_common_right_value_is_accepted_quickly():
    schema = {
        "type": "object",
        "properties": {"n": {"$ref": "#/types/Node"}},
        "required": ["n"],
        "description": "x",
    }

    assert Acceptors(TYPES).compile(schema)({"n": {"b": "x", "a": {"b": "y"}}})
