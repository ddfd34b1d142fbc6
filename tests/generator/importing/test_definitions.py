"""Types whose definitions follow upstream: never defined as themselves, and told apart by their fixed values."""

from __future__ import annotations

import pytest
from upstream_documents import body, document, operation, ref, reply

PART = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
PAGE = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": ref("Part")}, "more": {"type": "boolean"}},
    "required": ["items", "more"],
}
LIST = {"type": "array", "items": ref("Part")}
FILTER = {"type": "object", "properties": {"op": {"const": "eq"}, "value": {"type": "string"}}, "required": ["op"]}


def marked(**fixed):
    """Give a schema with fixed values, and a text beside them."""
    values = {name: {"type": "string", "enum": [value]} for name, value in fixed.items()}
    return {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, **values},
        "required": ["prompt", *(name for name in values if name != "prompt")],
    }


def listing(replied, schemas):
    """Give a document with one operation."""
    return document({"/parts": {"get": operation("listParts", reply(replied))}}, {"Part": PART, **schemas})


def settled(folder, upstream):
    """Import twice; the second time must change nothing, and nothing may be left to mend."""
    outcome = folder.take(upstream)
    assert not outcome.problems
    assert not outcome.left
    assert folder.take(upstream).files == {}
    return outcome


def test_a_type_that_was_something_else_in_between_gets_its_definition_back(folder):
    settled(folder, listing(ref("Page"), {"Page": PAGE}))
    settled(folder, listing(LIST, {}))
    assert folder.types["Page"] == {"type": "array", "items": {"$ref": "Part"}}
    settled(folder, listing(ref("Page"), {"Page": PAGE}))
    assert folder.types["Page"]["properties"]["items"] == {"type": "array", "items": {"$ref": "Part"}}
    assert folder.tools["list_parts"]["returns"]["schema"] == {"$ref": "Page"}


@pytest.mark.parametrize("key", ["anyOf", "oneOf"])
def test_a_branch_of_a_definition_is_written_out_where_it_would_be_the_type_itself(folder, key):
    settled(folder, listing(ref("Page"), {"Page": PAGE}))
    file = next(name for name, text in folder.texts().items() if "\n  Page:" in text)
    before = folder.texts()[file]
    start = before.index("  Page:\n")
    end = before.find("\n\n", start)
    old = before[start : end if end > 0 else len(before)].rstrip("\n")
    folder.edit(file, old, f"  Page:\n    {key}: [{{type: array, items: {{$ref: Part}}}}]")
    settled(folder, listing(ref("Page"), {"Page": PAGE}))
    assert "'$ref': 'Page'" not in str(folder.types["Page"])
    assert "'more'" in str(folder.types["Page"])


def test_two_types_that_change_places_are_not_defined_by_each_other(folder):
    paths = {"/a": {"get": operation("getA", reply(ref("A")))}, "/b": {"get": operation("getB", reply(ref("B")))}}
    one, two = {"type": "array", "items": ref("Part")}, FILTER
    settled(folder, document(paths, {"Part": PART, "A": one, "B": two}))
    settled(folder, document(paths, {"Part": PART, "A": two, "B": one}))
    assert folder.types["A"]["type"] == "object"
    assert folder.types["B"]["type"] == "array"


def test_what_is_required_goes_with_the_property(folder):
    fields = {name: {"type": "string"} for name in ("id", "one", "two", "three")}
    full = {"type": "object", "properties": fields, "required": ["id", "one", "two", "three"]}
    settled(folder, listing(ref("Full"), {"Full": full}))
    settled(folder, listing(ref("Full"), {"Full": PART}))
    assert folder.types["Full"] == PART


def test_what_is_required_beside_all_of_goes_with_the_property_of_a_part(folder):
    part = {"type": "object", "properties": {"id": {"type": "string"}, "one": {"type": "string"}}}
    other = {"type": "object", "properties": {"size": {"type": "integer"}}}
    settled(folder, listing(ref("Full"), {"Full": {"allOf": [part, other], "required": ["id", "one", "size"]}}))
    part = {"type": "object", "properties": {"id": {"type": "string"}}}
    settled(folder, listing(ref("Full"), {"Full": {"allOf": [part, other], "required": ["id", "size"]}}))
    assert "one" not in str(folder.types["Full"])


CONDITIONS = {
    "Said": marked(type="prompt"),
    "ElseSum": marked(type="equation", prompt="Else"),
    "ElseSaid": marked(type="prompt", prompt="Else"),
}


def asked(*names):
    """Give a document with an operation that takes a union."""
    union = ref(names[0]) if len(names) == 1 else {"anyOf": [ref(name) for name in names]}
    schema = {"type": "object", "properties": {"when": union}, "required": ["when"]}
    paths = {"/ask": {"post": operation("ask", reply(ref("Part")), requestBody=body(schema))}}
    return document(paths, {"Part": PART, **CONDITIONS})


@pytest.mark.parametrize("order", [("Said", "ElseSum", "ElseSaid"), ("ElseSaid", "Said", "ElseSum")])
def test_a_branch_with_fixed_values_is_not_taken_for_a_general_one(folder, order):
    settled(folder, asked(*order))
    before = folder.texts()
    assert folder.take(asked("Said", "ElseSum", "ElseSaid")).files == {}
    assert folder.texts() == before


def test_an_object_with_fixed_values_becomes_a_union_beside_a_general_one(folder):
    settled(folder, asked("ElseSaid"))
    settled(folder, asked("Said", "ElseSum", "ElseSaid"))
    when = folder.tools["ask"]["parameters"]["when"]["schema"]
    assert sorted(item["$ref"] for item in when["anyOf"]) == ["ElseSaid", "ElseSum", "Said"]


def test_a_kind_that_one_of_two_places_admits_stays_out_of_the_union_that_they_share(folder):
    def places(wider):
        """Give a document in which two places share a union, and the second may have a kind more."""
        kinds = {name: marked(type=name) for name in ("one", "two", "three")}
        kinds["Kind"] = {"anyOf": [ref("one"), ref("two")]}
        second = {"anyOf": [ref("one"), ref("two"), ref("three")]} if wider else ref("Kind")
        return listing({"type": "object", "properties": {"a": ref("Kind"), "b": second}}, kinds)

    settled(folder, places(wider=False))
    shared = folder.types["Kind"]
    settled(folder, places(wider=True))
    assert folder.types["Kind"] == shared
    place = folder.tools["list_parts"]["returns"]["schema"]["properties"]
    assert place == {"a": {"$ref": "Kind"}, "b": {"anyOf": [{"$ref": "Kind"}, {"$ref": "Three"}]}}
