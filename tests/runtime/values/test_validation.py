"""What a schema takes is taken, what the schema refuses is said where it is wrong and in the branch that was meant."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tool_runtime.errors import SpecError
from tool_runtime.values.snapshots import snapshot
from tool_runtime.values.validation import Validator


def obj(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


def ref(name):
    return {"$ref": f"#/types/{name}"}


STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}
OPTIONAL = lambda schema: {"anyOf": [schema, NULL]}  # noqa: E731 - read as a type
TYPES = {
    "Model": {"type": "string", "enum": ["gpt-5.4", "gpt-4.1", "gpt-4.1-mini", "claude-5-opus"]},
    "Language": {"type": "string", "enum": ["de-DE", "en-US", "en-GB"]},
    "Prompt": obj(["type", "prompt"], type={"const": "prompt"}, prompt=STRING),
    "Equation": obj(
        ["type", "equations", "operator"],
        type={"type": "string", "enum": ["equation"]},
        operator={"type": "string", "enum": ["||", "&&"]},
        equations={"type": "array", "items": obj(["left"], left=STRING)},
    ),
    "Custom": {
        "allOf": [
            ref("Named"),
            obj(
                ["type", "url"], type={"const": "custom"}, url=STRING, method=ref("Method"), condition=ref("Condition")
            ),
        ]
    },
    "Code": {"allOf": [ref("Named"), obj(["type", "code"], type={"const": "code"}, code=STRING, method=ref("Method"))]},
    "EndCall": {"allOf": [ref("Named"), obj(["type"], type={"const": "end_call"})]},
    "Named": obj(["name"], name={"type": "string", "minLength": 1}),
    "Method": {"enum": ["GET", "POST", None]},
    "Condition": {"anyOf": [ref("Prompt"), ref("Equation")]},
    "Tool": {"anyOf": [ref("Custom"), ref("BuiltIn"), NULL]},
    "BuiltIn": {"oneOf": [ref("Code"), ref("EndCall")]},
    "Node": obj(["tool"], tool=ref("Tool"), next=OPTIONAL(ref("Node"))),
    "NumberFilter": obj(
        ["type", "op", "value"], type={"const": "number"}, op={"enum": ["eq", "gt"]}, value={"type": "number"}
    ),
    "RangeFilter": obj(
        ["type", "op", "value"], type={"const": "range"}, op={"enum": ["bt", "eq"]}, value={"type": "array"}
    ),
    "Filter": {"anyOf": [ref("NumberFilter"), ref("RangeFilter")]},
    "Website": obj(["url"], url=STRING, title=STRING),
    "Document": obj(["file", "mime"], file=STRING, mime=STRING, title=STRING),
    "Source": {"anyOf": [ref("Website"), ref("Document")]},
}
VALIDATOR = Validator(TYPES)


def faults(schema, value):
    _, found = VALIDATOR.check(schema, value, "data")
    return {fault.path: fault for fault in found}


def told(schema, value):
    return {(fault.path.removeprefix("data"), fault.code) for fault in faults(schema, value).values()}


@pytest.mark.parametrize(
    ("schema", "value", "places"),
    [
        # The tag decides, wherever it stands and however far inside the mistake is.
        (ref("Tool"), {"type": "custom", "name": "a", "url": "u", "method": "post"}, {(".method", "value")}),
        (ref("Tool"), {"type": "custom", "name": "a"}, {(".url", "missing")}),
        (ref("Tool"), {"type": "custom"}, {(".url", "missing"), (".name", "missing")}),
        (ref("Tool"), {"type": "code", "name": "a", "code": 5}, {(".code", "type")}),
        (ref("Tool"), {"type": "end_call", "name": ""}, {(".name", "value")}),
        (
            ref("Node"),
            {
                "tool": None,
                "next": {"tool": {"type": "custom", "name": "a", "url": "u", "condition": {"type": "prompt"}}},
            },
            {(".next.tool.condition.prompt", "missing")},
        ),
        ({"type": "array", "items": ref("Tool")}, [None, {"type": "code", "name": "a"}], {("[1].code", "missing")}),
        (
            OPTIONAL(OPTIONAL(ref("Condition"))),
            {"type": "equation", "equations": [{}], "operator": "AND"},
            {(".equations[0].left", "missing"), (".operator", "value")},
        ),
        (
            ref("Condition"),
            {"type": "equation", "left": "timeout", "operator": ">"},
            {(".equations", "missing"), (".operator", "value")},
        ),
        # Of two tags, the one that tells more branches apart decides.
        (ref("Filter"), {"type": "number", "op": "bt", "value": 5}, {(".op", "value")}),
        (ref("Filter"), {"type": "range", "op": "gt", "value": [1]}, {(".op", "value")}),
        (ref("Filter"), {"type": "range", "op": "eq", "value": 3}, {(".value", "type")}),
        # A tag that no branch has is what is wrong.
        (ref("Tool"), {"type": "custm", "url": 7}, {(".type", "value")}),
        (ref("Tool"), {"type": 5, "name": 7}, {(".type", "type")}),
        # A tag that is not given: is named, together with what is wrong in the only branch that comes near.
        (ref("Condition"), {"prompt": 5}, {(".type", "missing"), (".prompt", "type")}),
        (ref("Condition"), {"prompt": "a"}, {(".type", "missing")}),
        (ref("Tool"), {}, {(".type", "missing"), (".name", "missing")}),
        (ref("Condition"), {}, {(".type", "missing")}),
        (ref("Tool"), {"url": "u"}, {(".type", "missing"), (".name", "missing")}),
        # Without tags the nearest branch is meant.
        (ref("Source"), {"file": "f", "title": "t"}, {(".mime", "missing")}),
        (ref("Source"), {"url": 5}, {(".url", "type")}),
        ({"anyOf": [obj(["a"]), obj(["b"])]}, {}, {(".a or b", "missing")}),
        ({"anyOf": [obj(["a", "c"]), obj(["b", "c"])]}, {}, {(".c", "missing")}),
        # Types.
        (ref("Tool"), "custom", {("", "type")}),
        (ref("Tool"), [], {("", "type")}),
        (OPTIONAL(INTEGER), "5", {("", "type")}),
        ({"type": ["string", "null"]}, 5, {("", "type")}),
        ({"anyOf": [STRING, {"type": "array", "items": STRING}]}, ["a", 5], {("[1]", "type")}),
        ({"anyOf": [{"type": "integer", "minimum": 3}, NULL]}, 2, {("", "value")}),
        ({"oneOf": [INTEGER, {"type": "number"}]}, 2, {("", "value")}),
        # Objects.
        (
            {**obj(a=STRING), "additionalProperties": False},
            {"a": "x", "b": 1, "c": 2},
            {(".b", "unknown"), (".c", "unknown")},
        ),
        ({"additionalProperties": INTEGER}, {"a": "x"}, {(".a", "type")}),
        ({"propertyNames": {"pattern": "^[a-z]+$"}}, {"A": 1}, {(".A", "value")}),
        ({"properties": {"a": False}}, {"a": 1}, {(".a", "value")}),
        ({"type": "string", "pattern": "^a$"}, "a\n", {("", "value")}),
        ({"not": STRING}, "a", {("", "value")}),
        ({"uniqueItems": True}, [1, 1.0], {("", "value")}),
        (False, 1, {("", "value")}),
    ],
)
def test_what_is_wrong_is_said_of_the_branch_that_was_meant(schema, value, places):
    assert told(schema, value) == places


@pytest.mark.parametrize(
    ("schema", "value", "place", "near"),
    [
        (ref("Model"), "gpt-4o", "", "gpt-4.1"),
        (OPTIONAL(ref("Model")), "gpt-4o", "", "gpt-4.1"),
        (OPTIONAL(ref("Model")), "GPT 4.1 mini", "", "gpt-4.1-mini"),
        ({"oneOf": [NULL, OPTIONAL(ref("Model"))]}, "claude-opus", "", "claude-5-opus"),
        ({"anyOf": [ref("Language"), {"type": "array", "items": ref("Language")}]}, "en", "", "en-US"),
        ({"anyOf": [ref("Language"), {"type": "array", "items": ref("Language")}]}, ["de"], "[0]", "de-DE"),
        ({"type": "array", "items": OPTIONAL(ref("Language"))}, [None, "en_gb"], "[1]", "en-GB"),
        ({"type": ["string", "null"], "enum": ["up", "down", None]}, "Down", "", "down"),
        ({"enum": ["GET", "POST"]}, "post", "", "POST"),
        (ref("Condition"), {"type": "prmpt", "prompt": "a"}, ".type", "prompt"),
        ({"enum": ["||", "&&"]}, "AND", "", None),
        ({"enum": [1, 2]}, 3, "", None),
        ({"const": "fixed"}, "fixd", "", "fixed"),
    ],
)
def test_a_value_that_is_not_allowed_gets_the_nearest_and_all_allowed_ones(schema, value, place, near):
    fault = faults(schema, value)[f"data{place}"]

    assert (fault.code, fault.nearest) == ("value", near)
    assert set(fault.allowed) >= {near} - {None}
    assert len(fault.allowed) > 1 or fault.allowed == ("fixed",)


def test_keys_that_only_answers_have_are_known():
    answer = {"anyOf": [{"allOf": [ref("Website"), obj(version=INTEGER)]}, NULL]}

    fields = VALIDATOR.fields

    assert fields.only_in_answers("version", {"url": STRING}, answer)
    assert not fields.only_in_answers("url", {"url": STRING}, answer)
    assert not fields.only_in_answers("versoin", {"url": STRING}, answer)


def test_null_is_among_the_allowed_values_where_null_is_allowed():
    assert faults(OPTIONAL(ref("Model")), "x")["data"].allowed == (*TYPES["Model"]["enum"], None)
    assert faults(ref("Model"), "x")["data"].allowed == tuple(TYPES["Model"]["enum"])


def test_a_tag_that_fits_no_branch_is_answered_with_the_tags_of_all_branches():
    assert set(faults(ref("Tool"), {"type": "x"})["data.type"].allowed) == {"custom", "code", "end_call"}


def test_a_tag_that_is_not_given_is_answered_with_all_tags_and_the_likely_one():
    fault = faults(ref("Condition"), {"equations": []})["data.type"]

    assert (fault.nearest, set(fault.allowed)) == ("equation", {"prompt", "equation"})


def test_a_missing_field_names_the_key_that_was_written_instead():
    found = faults(obj(["title", "titles"], title=STRING, titles=STRING), {"ttle": "a"})

    assert "ttle" in found["data.title"].message
    assert "ttle" not in found["data.titles"].message


def test_an_unknown_field_of_a_closed_object_gets_the_nearest_known_one():
    schema = {"additionalProperties": False, "properties": {"agent_id": {}, "version": {}}}

    assert faults(schema, {"agentid": 1})["data.agentid"].nearest == "agent_id"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (STRING, 5),
        ({"enum": ["a", "b"]}, "hunter2"),
        (ref("Condition"), {"type": "hunter2"}),
        ({"pattern": "^a"}, "hunter2"),
        ({"maxLength": 3}, "hunter2"),
        ({"not": {"minLength": 2}}, "hunter2"),
        ({"contains": INTEGER}, ["hunter2"]),
    ],
)
def test_a_message_does_not_show_the_value(schema, value):
    assert "hunter2" not in str(faults(schema, value))


@pytest.mark.parametrize(
    ("schema", "value", "decoded"),
    [
        (obj(a=INTEGER), '{"a": 1}', {"a": 1}),
        ({"type": "array"}, '["a"]', ["a"]),
        (OPTIONAL(obj(a=INTEGER)), '{"a": 1}', {"a": 1}),
        (OPTIONAL({"type": "array", "items": ref("Language")}), '["en-US"]', ["en-US"]),
        ({"anyOf": [ref("Language"), {"type": "array", "items": ref("Language")}]}, '["en-US"]', ["en-US"]),
        (ref("Tool"), '{"type": "end_call", "name": "a"}', {"type": "end_call", "name": "a"}),
        (
            ref("Node"),
            {"tool": {"type": "custom", "name": "a", "url": "u", "condition": '{"type": "prompt", "prompt": "p"}'}},
            {"tool": {"type": "custom", "name": "a", "url": "u", "condition": {"type": "prompt", "prompt": "p"}}},
        ),
        (obj(a=obj(b={"type": "array"})), '{"a": "{\\"b\\": \\"[1]\\"}"}', {"a": {"b": [1]}}),
        ({"type": "array", "items": {"type": "object"}}, ["{}", {}], [{}, {}]),
        (STRING, '{"a": 1}', '{"a": 1}'),
        ({"anyOf": [STRING, {"type": "object"}]}, "{}", "{}"),
        (True, "{}", "{}"),
    ],
)
def test_a_text_that_holds_the_object_or_list_that_is_expected_is_decoded(schema, value, decoded):
    before = json.dumps(value)

    assert VALIDATOR.check(schema, value, "data") == (decoded, [])
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (INTEGER, "5"),
        ({"type": "boolean"}, "true"),
        ({"type": "boolean"}, 1),
        (STRING, 5),
        (NULL, "null"),
        ({"type": "object"}, "[]"),
        ({"type": "array"}, "{}"),
        ({"type": "array"}, "a,b"),
        ({"type": "array"}, '"a"'),
        (ref("Language"), '["en-US"]'),
    ],
)
def test_nothing_else_is_coerced(schema, value):
    assert VALIDATOR.check(schema, value, "data")[1]


@pytest.mark.parametrize("key", ["400", "007", "+5", "-1", "0", "1" * 5000, "a.b", "a/b~c", "", "٣", "$ref", "types"])
def test_a_key_may_be_any_text(key):
    value = {key: {"type": "custom", "name": "a", "url": "u", "method": "post"}}
    schema = {"properties": {key: ref("Tool")}}

    assert [fault.nearest for fault in VALIDATOR.check(schema, value, "data")[1]] == ["POST"]
    assert VALIDATOR.check({"additionalProperties": ref("Node")}, {key: {"tool": 5}}, "")[1][0].path.endswith("tool")
    assert VALIDATOR.check({"additionalProperties": {"type": "array"}}, {key: "[1]"}, "")[0] == {key: [1]}


def test_keys_that_make_the_same_number_are_told_apart():
    schema = {"properties": {"1": STRING, "01": {"type": "array"}, "001": obj(a=INTEGER)}}

    assert told(schema, {"1": "x", "01": 5, "001": {}}) == {(".01", "type")}
    assert told(schema, {"01": [], "1": "x", "001": {"a": "x"}}) == {(".001.a", "type")}
    assert VALIDATOR.check(schema, {"1": "[1]", "01": "[2]"}, "data") == ({"1": "[1]", "01": [2]}, [])


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ('{"a": "x"}', "data.a"),
        ({"a": 1, "b": '{"c": 1e400}'}, "data.b.c"),
        ('{"b": "{\\"c\\": \\"\\\\ud800\\"}"}', "data.b.c"),
    ],
)
def test_what_is_wrong_inside_a_decoded_text_has_its_place(value, path):
    schema = obj(a=INTEGER, b={"type": "object"})

    assert [fault.path for fault in VALIDATOR.check(schema, value, "data")[1]] == [path]


def test_a_type_may_hold_itself():
    value = {"tool": None, "next": {"tool": None, "next": {"tool": 5}}}

    assert told(ref("Node"), value) == {(".next.next.tool", "type")}


def test_a_predicate_is_compiled_once_and_says_what_accepts_says():
    test = VALIDATOR.predicate(TYPES["Node"])

    assert test({"tool": None}) is VALIDATOR.accepts(TYPES["Node"], {"tool": None}) is True
    assert test({"tool": 5}) is VALIDATOR.accepts(TYPES["Node"], {"tool": 5}) is False


def test_a_schema_made_for_one_check_is_never_mistaken_for_another():
    kinds = ["string", "integer"] * 200

    assert [VALIDATOR.accepts({"type": kind}, "a") for kind in kinds] == [kind == "string" for kind in kinds]


@pytest.mark.parametrize(
    "schema", [{"pattern": "(?<"}, ref("Nothing"), {"type": "text"}, {"$ref": "http://127.0.0.1:1/schema"}]
)
def test_a_schema_that_cannot_be_compiled_is_an_error_of_the_spec(schema):
    with pytest.raises(SpecError):
        VALIDATOR.accepts(schema, 1)


def test_what_looks_like_a_reference_in_an_example_is_none():
    assert VALIDATOR.accepts({"type": "object", "examples": [{"$ref": "#/types/Nothing"}]}, {})


def test_a_text_with_half_a_surrogate_pair_is_judged_and_not_raised():
    assert VALIDATOR.accepts(STRING, "\ud800")
    assert told(INTEGER, "\ud800") == {("", "type")}
    assert told(obj(a=INTEGER), {"\udfff": 1, "a": "\ud800"}) == {(".a", "type")}


def test_what_is_no_json_is_refused_and_not_raised():
    deep = value = []
    for _ in range(300):
        value.append([])
        value = value[0]

    for value in (deep, {1: 2}, [object()], float("nan")):
        assert not VALIDATOR.accepts(INTEGER, value)
        assert VALIDATOR.check(INTEGER, value, "data")[1]


def test_an_object_with_endless_unknown_keys_is_described_at_once():
    value = {f"key{number}": 1 for number in range(20_000)}

    assert len(VALIDATOR.check({**obj(a=STRING), "additionalProperties": False}, value, "data")[1]) == 100
    assert told(obj(["keys"], keys=STRING), value) == {(".keys", "missing")}


def test_a_value_with_endless_faults_is_described_by_the_first_ones():
    assert 0 < len(VALIDATOR.check({"type": "array", "items": STRING}, [1] * 100_000, "data")[1]) <= 100


names = st.sampled_from(["a", "b", "type", "1", "01", ""])
scalars = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["", "a", "b", "[1]", "{}"])
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
type_names = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])


def schemas_of(inner):
    keywords = {
        "type": type_names | st.lists(type_names, min_size=1, max_size=2, unique=True),
        "enum": st.lists(json_values, min_size=1, max_size=3),
        "const": json_values,
        "properties": st.dictionaries(names, inner, max_size=3),
        "required": st.lists(names, unique=True, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "items": inner,
        "anyOf": st.lists(inner, min_size=1, max_size=3),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=3),
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "multipleOf": st.integers(1, 2),
        "minLength": st.integers(0, 3),
        "maxItems": st.integers(0, 2),
        "contains": inner,
        "pattern": st.sampled_from(["^a", "b$"]),
        "propertyNames": inner,
        "dependentRequired": st.dictionaries(names, st.lists(names, unique=True, max_size=2), max_size=2),
        "dependentSchemas": st.dictionaries(names, inner, max_size=1),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "e$"]), inner, max_size=1),
        "unevaluatedProperties": st.booleans(),
        "prefixItems": st.lists(inner, min_size=1, max_size=2),
        "uniqueItems": st.booleans(),
        "$ref": st.sampled_from(["#/types/Node", "#/types/Tool", "#/types/Filter"]),
        "description": st.just("prose"),
    }
    return st.fixed_dictionaries({}, optional=keywords)


schemas = st.recursive(st.booleans() | st.fixed_dictionaries({"type": type_names}), schemas_of, max_leaves=8)


@given(schemas, json_values)
def test_faults_are_told_exactly_of_what_is_not_accepted(schema, value):
    validator = Validator(TYPES)
    decoded, found = validator.check(schema, value, "data")

    assert (not found) == validator.accepts(schema, decoded)
    assert all(fault.message and fault.path.startswith("data") for fault in found)
    assert decoded == value or not validator.accepts(schema, value)
    assert snapshot(decoded, "data", []) == decoded


@given(schemas, json_values)
def test_two_libraries_agree_on_what_is_accepted(schema, value):
    whole = schema if isinstance(schema, bool) else {**schema, "types": TYPES}

    assert Validator(TYPES).accepts(schema, value) == Draft202012Validator(whole).is_valid(value)
