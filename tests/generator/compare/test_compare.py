"""Comparing schemas: what says the same has no difference, however it says it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tool_generator.compare.differ import Differ
from tool_generator.model.schemas import Node, Schemas

NAMES = ("A", "B", "C")
PREFIX = "#/types/"


def compared(one, other, types=None, other_types=None):
    comparer = Differ(Schemas(PREFIX, types or {}), Schemas(PREFIX, types if other_types is None else other_types))
    return [(item.path, item.kind) for item in comparer.compare(Node(one, ("one",)), Node(other, ("other",)), "value")]


scalars = st.sampled_from(
    [
        {},
        True,
        False,
        {"type": "string"},
        {"type": "integer", "minimum": 1},
        {"type": ["number", "null"]},
        {"enum": ["a", 1, None]},
        {"const": "a"},
        {"type": "array"},
        {"type": "object"},
        *({"$ref": PREFIX + name} for name in NAMES),
    ]
)
schemas = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)},
            optional={"required": st.lists(st.sampled_from("xyz"), unique=True), "additionalProperties": inner},
        ),
    ),
    max_leaves=8,
)


# The same schemas on each run: a few that refer to each other in circles are compared in exponential time and memory.
@given(schema=schemas, types=st.fixed_dictionaries(dict.fromkeys(NAMES, schemas)))
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
def test_a_schema_does_not_differ_from_itself(schema, types):
    assert compared(schema, schema, types) == []


@given(one=schemas, other=schemas, types=st.fixed_dictionaries(dict.fromkeys(NAMES, schemas)))
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
def test_any_two_schemas_can_be_compared_and_always_with_the_same_outcome(one, other, types):
    assert compared(one, other, types) == compared(one, other, types)


TEXT = {"type": "string"}
PERSON = {"type": "object", "properties": {"name": TEXT, "age": {"type": "integer"}}, "required": ["name"]}
SAME = {
    "a reference and what it refers to": ({"$ref": "#/types/Person"}, PERSON),
    "a list of types and an alternative": ({"type": ["string", "null"]}, {"anyOf": [TEXT, {"type": "null"}]}),
    "parts and the whole": (
        {
            "allOf": [
                {"type": "object", "properties": {"name": TEXT}},
                {**PERSON, "properties": {"age": {"type": "integer"}}},
            ]
        },
        PERSON,
    ),
    "a constant and an enum of one": ({"const": "a"}, {"type": "string", "enum": ["a"]}),
    "an enum in another order": ({"enum": ["a", "b"]}, {"type": "string", "enum": ["b", "a"]}),
    "words that nobody is bound by": ({**TEXT, "description": "x", "default": "y"}, TEXT),
    "alternatives in another order": ({"anyOf": [TEXT, PERSON]}, {"oneOf": [PERSON, TEXT]}),
}


@pytest.mark.parametrize("case", SAME)
def test_these_say_the_same(case):
    one, other = SAME[case]
    assert compared(one, other, {"Person": PERSON}) == []


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ({"type": "number"}, {"type": "integer"}, "narrowed"),
        ({"type": "integer"}, {"type": "number"}, "widened"),
        ({"type": "integer", "maximum": 9}, {"type": "integer", "maximum": 5}, "bound_tightened"),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0}, "bound_loosened"),
        ({"type": "object"}, PERSON, "stated"),
        (PERSON, {}, "unstated"),
        ({"type": "string", "enum": ["a"]}, TEXT, "enum_widened"),
    ],
)
def test_one_difference_has_one_name(one, other, kind):
    assert [found for _, found in compared(one, other)] == [kind]


def test_alternatives_are_known_by_their_tag_and_not_by_their_place():
    ring = {
        "type": "object",
        "properties": {"type": {"const": "ring"}, "volume": {"type": "number"}},
        "required": ["type"],
    }
    hum = {
        "type": "object",
        "properties": {"type": {"const": "hum"}, "volume": {"type": "number"}},
        "required": ["type"],
    }
    louder = {**hum, "properties": {**hum["properties"], "volume": TEXT}}
    assert compared({"anyOf": [ring, hum]}, {"anyOf": [louder, ring]}) == [("value{type=hum}.volume", "type")]


def test_one_wide_object_answers_to_several_narrow_ones():
    wide = {"type": "object", "properties": {"name": TEXT, "age": TEXT, "size": TEXT}, "required": ["name"]}
    narrow = [
        {"type": "object", "properties": {"name": TEXT, "age": TEXT}, "required": ["name", "age"]},
        {"type": "object", "properties": {"name": TEXT, "size": TEXT}, "required": ["name", "size"]},
    ]
    assert compared(wide, {"anyOf": narrow}) == []


def test_a_long_chain_of_types_is_walked_to_its_end():
    def chain(last):
        named = {
            f"T{index}": {"type": "object", "properties": {"next": {"$ref": f"#/types/T{index + 1}"}}}
            for index in range(3000)
        }
        return named | {"T3000": last}

    found = compared({"$ref": "#/types/T0"}, {"$ref": "#/types/T0"}, chain(TEXT), chain({"type": "integer"}))
    assert [kind for _, kind in found] == ["type"]


def test_a_union_of_unions_does_not_grow_beyond_reading():
    types = {f"T{index}": {"anyOf": [{"$ref": f"#/types/T{index + 1}"}] * 3} for index in range(60)} | {"T60": PERSON}
    assert compared({"$ref": "#/types/T0"}, {"$ref": "#/types/T0"}, types) == []
