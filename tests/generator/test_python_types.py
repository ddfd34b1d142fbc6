from __future__ import annotations

import ast
from typing import Any

import pytest

from tool_generator import identifiers
from tool_generator.emit.python.python_types import Module, type_module
from tool_generator.emit.python.record_types import Types
from tool_generator.emit.python.type_modules import listed


def module_of(schemas: dict[str, Any]) -> Module:
    return type_module(Types(schemas, {name: identifiers.class_name(name) for name in schemas}))


def defined(schemas: dict[str, Any]) -> dict[str, str]:
    """Give every definition as one line: an alias, or a class with its bases and fields."""
    lines = {}
    for item in module_of(schemas).definitions:
        fields = [
            f"{entry.key}{'' if entry.required else '?'}: {entry.expression}" for entry in (*item.odd, *item.fields)
        ]
        lines[item.name] = item.expression or f"({', '.join(item.bases)}) {'; '.join(fields)}"
    return lines


THING = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


@pytest.mark.parametrize(
    ("schema", "expression"),
    [
        ({"type": "string"}, "str"),
        ({"type": "integer"}, "int"),
        ({"type": ["integer", "number"]}, "float"),
        ({"type": ["null", "string"]}, "str | None"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "array", "items": {"$ref": "#/types/Thing"}}, "list[Thing]"),
        ({"items": {"type": "string"}}, "list[str]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}, "list[str | int]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "dict[str, bool]"),
        ({"type": "object", "additionalProperties": True}, "dict[str, Any]"),
        ({"enum": ["a", "b"]}, "Literal['a', 'b'] | str"),
        ({"enum": ["a", None]}, "Literal['a'] | str | None"),
        ({"enum": [1, 2]}, "Literal[1, 2]"),
        ({"enum": [1.5, 2]}, "float"),
        ({"const": 'x"y'}, "Literal['x\"y']"),
        ({"const": {"a": 1}}, "Any"),
        ({"anyOf": [{"$ref": "#/types/Thing"}, {"type": "null"}]}, "Thing | None"),
        ({"oneOf": [{"type": "string"}, {"type": "string", "format": "uri"}]}, "str"),
        ({"anyOf": [{"type": "string"}, {}]}, "Any"),
        ({"type": "string", "anyOf": [{"minLength": 1}, {"pattern": "x"}]}, "str"),
        ({"allOf": [{"$ref": "#/types/Text"}]}, "Text"),
        ({}, "Any"),
        (True, "Any"),
        (False, "Any"),
    ],
)
def test_a_schema_becomes_a_type_expression(schema, expression):
    assert defined({"Thing": THING, "Text": {"type": "string"}, "Odd": schema})["Odd"] == expression


def test_objects_within_objects_become_classes_of_their_own():
    nested = {"type": "object", "properties": {"in_it": {"type": "array", "items": THING}}}
    assert defined({"Outer": nested}) == {"OuterInItItem": "() id: str", "Outer": "() in_it?: list[OuterInItItem]"}


def test_a_class_for_an_unnamed_object_makes_way_for_a_type_of_that_name():
    schemas = {"Outer": {"properties": {"part": THING}}, "OuterPart": {"type": "string"}}
    assert defined(schemas) == {"OuterPart2": "() id: str", "Outer": "() part?: OuterPart2", "OuterPart": "str"}


def test_all_of_becomes_inheritance_where_python_can_say_it():
    more = {"allOf": [{"$ref": "#/types/Thing"}, {"properties": {"name": {"type": "string"}}}]}
    assert defined({"More": more, "Thing": THING}) == {"Thing": "() id: str", "More": "(Thing) name?: str"}


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ({"properties": {"id": {"type": "integer"}}}, "() id: int"),
        ({"properties": {"x": {}}, "required": ["tag", "x"]}, "() id: str; tag: Any; x: Any"),
    ],
)
def test_all_of_becomes_one_class_where_inheritance_would_lie(part, fields):
    base = (
        THING if "tag" not in part.get("required", ()) else {**THING, "properties": {**THING["properties"], "tag": {}}}
    )
    assert defined({"Thing": base, "More": {"allOf": [{"$ref": "#/types/Thing"}, part]}})["More"] == fields


def test_two_bases_that_share_a_field_become_one_class():
    both = {"allOf": [{"$ref": "#/types/Thing"}, {"$ref": "#/types/Other"}]}
    assert defined({"Thing": THING, "Other": THING, "Both": both})["Both"] == "() id: str"


def test_types_may_hold_themselves():
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/types/Tree"}}}}
    value = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/types/Value"}}]}
    assert defined({"Tree": tree, "Value": value}) == {"Tree": "() children?: list[Tree]", "Value": "str | list[Value]"}


def test_an_object_that_may_be_null_stays_nullable_where_it_is_named():
    assert defined({"Maybe": {**THING, "type": ["object", "null"]}}) == {
        "Maybe2": "() id: str",
        "Maybe": "Maybe2 | None",
    }


def test_keys_that_a_class_cannot_spell_come_from_a_base_in_functional_form():
    keys = ["class", "a-b", "__x", "str", "Thing", "plain"]
    properties = {key: {"anyOf": [{"type": "string"}, {"$ref": "#/types/Thing"}]} for key in keys}
    (_, item) = module_of({"Thing": THING, "Odd": {"properties": properties}}).definitions
    assert [entry.key for entry in item.odd] == keys[:-1]
    assert [entry.key for entry in item.fields] == ["plain"]
    assert item.odd_name == "_OddKeys"


def test_a_key_with_a_name_that_no_annotation_uses_stays_in_the_class():
    (item,) = module_of({"Odd": {"properties": {"type": {"const": "a"}, "list": {"type": "string"}}}}).definitions
    assert [entry.key for entry in item.fields] == ["type", "list"]


def test_the_tag_of_a_union_is_closed_and_other_enums_stay_open():
    kinds = (["a", "b"], ["c"])
    parts = [{"properties": {"kind": {"enum": kind}, "size": {"enum": ["s", "m"]}}} for kind in kinds]
    found = defined(
        {"One": parts[0], "Two": parts[1], "Both": {"anyOf": [{"$ref": "#/types/One"}, {"$ref": "#/types/Two"}]}}
    )
    assert found["One"] == "() kind?: Literal['a', 'b']; size?: Literal['s', 'm'] | str"
    assert found["Two"] == "() kind?: Literal['c']; size?: Literal['s', 'm'] | str"


def test_values_that_two_alternatives_share_are_no_tag():
    parts = [{"properties": {"kind": {"enum": ["a", "b"]}}}, {"properties": {"kind": {"enum": ["b", "c"]}}}]
    found = defined({"Both": {"oneOf": parts}})
    assert found["Both2"] == "() kind?: Literal['a', 'b'] | str"


def test_a_long_list_of_names_is_cut_between_names_only():
    names = ["A" * length for length in (90, 130, 3)]
    assert ast.literal_eval(listed(names)) == names


def test_an_enum_of_many_values_has_a_name_of_its_own():
    found = defined({"Thing": {"properties": {"size": {"enum": list("abcde")}, "other": {"enum": list("abcde")}}}})
    assert found == {
        "ThingSize": "Literal['a', 'b', 'c', 'd', 'e'] | str",
        "Thing": "() size?: ThingSize; other?: ThingSize",
    }


def test_a_type_that_is_only_given_has_a_closed_list_of_values_and_one_that_is_answered_an_open_one():
    schemas = {
        "Order": {"type": "string", "enum": ["up", "down"]},
        "Status": {"type": "string", "enum": ["on", "off"]},
    }
    module = type_module(Types(schemas, {name: name for name in schemas}), given={"Order"})
    assert {item.name: item.expression for item in module.definitions} == {
        "Order": "Literal['up', 'down']",
        "Status": "Literal['on', 'off'] | str",
    }
