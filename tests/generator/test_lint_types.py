from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "Thign"}, 'there is no type "Thign"; did you mean "Thing"?'),
        ({"$ref": "#/types/Thing"}, 'there is no type "#/types/Thing": write "Thing"'),
        ({"type": "array", "items": {"anyOf": [{"$ref": "X"}]}}, 'there is no type "X"'),
        ({"type": "strng"}, "must be one of string, number, integer, boolean, object, array, null"),
        ({"typ": "string"}, 'has no key "typ"; did you mean "type"?'),
        ({"type": "string", "pattern": "("}, 'the pattern "(" is not a regular expression'),
        ({"type": "string", "pattern": "\\p{L}"}, "is not a regular expression: bad escape"),
        ({"type": "string", "pattern": "(?a:x)"}, "is read by Python alone"),
        ({"patternProperties": {"[": {}}}, 'the pattern "[" is not a regular expression'),
        ({"propertyNames": {"pattern": "a{2,1}"}}, 'the pattern "a{2,1}" is not a regular expression'),
        ({"type": "array", "items": {"pattern": "*"}}, 'the pattern "*" is not a regular expression'),
        ({"type": "number", "multipleOf": 0}, "must be more than 0"),
        ({"type": "string", "enum": []}, "must have 1 items or more"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "minimum is above maximum"),
        (
            {"properties": {"name": {}}, "required": ["nam"]},
            'required names "nam", which is no property; did you mean "name"?',
        ),
        ({"allOf": [{"$ref": "Thing"}, {"required": ["x"]}]}, 'required names "x", which is no property'),
        ({"allOf": [{"$ref": "Odd"}]}, "the type Odd is defined as itself"),
        ({"anyOf": [{"type": "null"}, {"$ref": "Odd"}]}, "the type Odd is defined as itself"),
    ],
)
def test_a_wrong_type_is_a_problem_at_its_line(spec, schema, message):
    spec.types["types"]["Odd"] = schema
    spec.tools["get_thing"]["returns"]["schema"] = {"$ref": "Odd"}
    problems = [problem for problem in spec.problems() if message in problem]
    assert len(problems) == 1
    file, line, _ = problems[0].split(":", 2)
    assert file == "types/things.yaml"
    assert int(line) >= 8


def test_types_may_hold_themselves_as_properties_and_items(spec):
    spec.types["types"]["Thing"]["properties"] |= {
        "parent": {"anyOf": [{"$ref": "Thing"}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "Thing"}},
    }
    assert spec.problems() == []


def test_a_required_name_may_belong_to_another_part_of_all_of(spec):
    spec.types["types"]["Whole"] = {
        "allOf": [{"$ref": "Thing"}, {"properties": {"x": {}}, "required": ["thing_id", "x"]}]
    }
    assert spec.problems() == []


def test_a_type_that_nothing_uses_is_a_warning(spec):
    spec.types["types"]["Lonely"] = {"$ref": "Lonelier"}
    spec.types["types"]["Lonelier"] = {"type": "object"}
    assert spec.warnings() == ["no tool uses the type Lonely", "no tool uses the type Lonelier"]
    assert set(spec.document()["types"]) == {"Thing"}


def test_the_same_type_in_two_files_names_both(spec):
    spec.texts["types/more.yaml"] = "types:\n  Thing: {type: object}\n"
    (problem,) = spec.problems()
    assert problem.startswith('types/things.yaml:2: the type "Thing" is also defined in ')
    assert problem.endswith("types/more.yaml:2")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("flter", 'there is no shape "flter"; did you mean "filter"?'),
        ({"shape": "gone"}, 'there is no shape "gone"'),
        ({"form": {"id": "$value"}}, 'nothing is named "$value" here: the value itself is $'),
        ({"form": "$key"}, 'nothing is named "$key" here'),
        ({"cases": [{"when": {"$ref": "Nothing"}, "form": "$"}]}, 'there is no type "Nothing"; did you mean "Thing"?'),
        ({"cases": [{"when": {}}]}, "must have exactly one of form, each"),
        ({"keys": {"a": {"shape": "gone"}}}, 'there is no shape "gone"'),
        ({"keys": {"abc": {}}, "defaults": {"abd": 1}}, 'the default "abd" is for no key; did you mean "abc"?'),
        ({"form": "$", "keys": {"a": {}}}, "must have exactly one of shape, form, cases, entries, keys"),
        ({"form": "$", "defaults": {"a": 1}}, 'needs "keys" beside it'),
    ],
)
def test_a_wrong_shape_is_a_problem(spec, shape, message):
    spec.api["shapes"] = {"filter": {"form": ["$"]}}
    spec.tool("find", parameters={"where": {"in": "body", "schema": {"type": "object"}, "shape": shape}})
    messages = [text for text in spec.messages() if message in text]
    assert len(messages) == 1


def test_a_shape_that_is_defined_as_itself_is_a_problem(spec):
    spec.api["shapes"] = {"a": "b", "b": {"shape": "a"}}
    assert spec.messages() == ["the shape a is defined as itself", "the shape b is defined as itself"]


def test_a_shape_within_itself_is_a_problem(spec):
    spec.api["shapes"] = {"a": {"keys": {"x": {"shape": "b"}}}, "b": {"entries": "a"}, "c": {"form": "$"}}
    spec.tool("find", parameters={"where": {"in": "body", "schema": {"type": "object"}, "shape": "a"}})
    assert spec.messages() == ["the shape a is defined as itself", "the shape b is defined as itself"]


def test_shapes_that_would_fill_pages_when_written_out_are_a_problem(spec):
    level = {f"s{n}": {"keys": {"x": {"shape": f"s{n + 1}"}, "y": {"shape": f"s{n + 1}"}}} for n in range(40)}
    spec.api["shapes"] = {**level, "s40": {"form": "$"}}
    spec.tool("find", parameters={"where": {"in": "body", "schema": {"type": "object"}, "shape": "s0"}})
    assert spec.messages() == ["the shape s34 holds more than 100 shapes, those within them counted: make it smaller"]


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_types_one_within_the_other_without_end_are_a_problem(keyword, spec):
    chain = {f"T{n}": {keyword: [{"$ref": f"T{n + 1}"}]} for n in range(2000)}
    spec.types["types"] |= {**chain, "T2000": {"type": "object"}}
    told = "the type T1900 is made of 100 types and more, one within the other: join some of them"
    assert spec.messages() == [told]


def test_entries_know_the_key_of_each_value(spec):
    spec.tool(
        "find",
        parameters={
            "where": {"in": "body", "schema": {"type": "array"}, "shape": {"entries": {"form": ["$key", "$"]}}}
        },
    )
    assert spec.problems() == []
