"""The difference between two registries, told to somebody who calls tools by name."""

import copy

import pytest

from tool_generator.compare.difference import difference
from tool_generator.release.changelog import markdown
from tool_generator.release.versions import demanded, parse_version
from tool_runtime.core.registry import Registry


@pytest.fixture
def registry(gadgets):
    gadgets.api["pagination"] = {
        "keyed": {"items": "items", "more": "more", "next": "key", "cursor": "key", "limit": "limit"}
    }
    gadgets.api["waiters"] = {
        "gadget_ready": {
            "tool": "get_gadget",
            "summary": "Wait.",
            "interval": 1,
            "timeout": 9,
            "until": [{"field": "mode", "in": ["fast"]}],
        }
    }
    gadgets.tools["get_gadget"]["aliases"] = ["read_gadget"]
    return gadgets.document()


@pytest.fixture
def changed(registry):
    """Return the registry to bend, with `tell()` for what follows: (tool, section, level, kind) of each entry."""
    return copy.deepcopy(registry)


@pytest.fixture
def tell(registry, changed):
    def run():
        return [
            (item.tool, item.section, item.level, item.kind)
            for item in difference(Registry(registry), Registry(changed))
        ]

    return run


def renamed(registry, old, new, *aliases):
    tool = registry["tools"].pop(old)
    tool |= {"name": new, "aliases": [*tool["aliases"], *aliases]}
    registry["tools"][new] = tool


def test_equal_registries_have_no_difference(tell):
    assert tell() == []


def test_a_new_tool_is_an_addition(changed, tell):
    changed["tools"]["list_gadgets"] = copy.deepcopy(changed["tools"]["get_gadget"]) | {
        "name": "list_gadgets", "full_name": "x_list", "aliases": [], "upstream": "listGadgets"
    }  # fmt: skip
    assert tell() == [("list_gadgets", "Added", "feature", "tool_added")]


def test_a_tool_that_is_gone_breaks(changed, tell):
    del changed["tools"]["update_gadget"]
    assert tell() == [("update_gadget", "Removed", "breaking", "tool_removed")]


def test_a_renamed_tool_that_keeps_its_old_name_breaks_nobody(changed, tell):
    renamed(changed, "get_gadget", "fetch_gadget", "get_gadget")
    assert tell() == [("get_gadget", "Changed", "feature", "tool_renamed")]


def test_a_renamed_tool_that_forgot_its_old_name_breaks(changed, tell):
    renamed(changed, "get_gadget", "fetch_gadget")
    assert tell() == [("get_gadget", "Changed", "breaking", "tool_renamed")]


def test_an_alias_that_is_gone_breaks(changed, tell):
    changed["tools"]["get_gadget"]["aliases"] = ["peek_gadget"]
    assert tell() == [
        ("get_gadget", "Removed", "breaking", "name_removed"),
        ("get_gadget", "Added", "feature", "name_added"),
    ]


ARGUMENTS = {
    "a new optional argument": (
        lambda arguments: arguments.update(extra={"in": "body", "schema": {"type": "string"}}),
        ("Added", "feature", "argument_added"),
    ),
    "a new required argument": (
        lambda arguments: arguments.update(extra={"in": "body", "required": True, "schema": {"type": "string"}}),
        ("Added", "breaking", "argument_added"),
    ),
    "an argument that is gone": (lambda arguments: arguments.pop("size"), ("Removed", "breaking", "argument_removed")),
    "an argument under another name, still accepted": (
        lambda arguments: arguments.update(extent=arguments.pop("size") | {"wire": "size", "spellings": ["size"]}),
        ("Changed", "feature", "argument_renamed"),
    ),
    "an argument under another name": (
        lambda arguments: arguments.update(extent=arguments.pop("size") | {"wire": "size"}),
        ("Changed", "breaking", "argument_renamed"),
    ),
    "an argument that is required now": (
        lambda arguments: arguments["size"].update(required=True),
        ("Changed", "breaking", "required"),
    ),
    "an argument that is optional now": (
        lambda arguments: arguments["label"].update(required=False),
        ("Changed", "feature", "optional"),
    ),
    "an argument of another type": (
        lambda arguments: arguments["size"].update(schema={"type": "string"}),
        ("Changed", "breaking", "type"),
    ),
    "an argument that takes more": (
        lambda arguments: arguments["size"].update(schema={"type": "number"}),
        ("Changed", "feature", "widened"),
    ),
    "an argument with fewer values": (
        lambda arguments: arguments["mode"]["schema"].update(enum=["slow"]),
        ("Changed", "breaking", "enum_narrowed"),
    ),
    "an argument that is sent under another name": (
        lambda arguments: arguments["size"].update(wire="extent"),
        ("Changed", "fix", "wire"),
    ),
    "an argument that is sent in another place": (
        lambda arguments: arguments["size"].update({"in": "query"}),
        ("Changed", "fix", "wire"),
    ),
    "a deprecated argument": (
        lambda arguments: arguments["size"].update(deprecated=True),
        ("Deprecated", "feature", "argument_deprecated"),
    ),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_callers_are_told_of(case, changed, tell):
    change, expected = ARGUMENTS[case]
    change(changed["tools"]["create_gadget"]["parameters"])
    assert tell() == [("create_gadget", *expected)]


TOOLS = {
    "another class": ({"class": "write"}, ("Changed", "breaking", "class")),
    "another effect": ({"effects": ["spend"]}, ("Changed", "feature", "effects")),
    "another path": ({"path": "/v2/gadgets/{gadget_id}"}, ("Changed", "fix", "wire")),
    "pages to iterate": ({"pagination": "keyed"}, ("Added", "feature", "pagination")),
    "a deprecation": (
        {"deprecated": True, "sunset": "2027-01-31", "replaced_by": "update_gadget"},
        ("Deprecated", "feature", "deprecated"),
    ),
    "a new rule": (
        {"constraints": [{"at_most_one": ["gadget_id", "version"]}]},
        ("Changed", "breaking", "constraint_added"),
    ),
    "other words": ({"summary": "Read it."}, ("Changed", "fix", "texts")),
}


@pytest.mark.parametrize("case", TOOLS)
def test_a_tool_tells_of(case, changed, tell):
    change, expected = TOOLS[case]
    changed["tools"]["get_gadget"] |= change
    tool = "" if case == "other words" else "get_gadget"
    assert tell() == [(tool, *expected)]


def test_a_result_that_lost_a_field_breaks_every_tool_that_gives_it(changed, tell):
    del changed["types"]["Gadget"]["allOf"][1]["properties"]["gadget_id"]
    assert tell() == [
        (tool, "Changed", "breaking", "removed") for tool in ("get_gadget", "create_gadget", "update_gadget")
    ]


def test_a_new_value_in_a_result_breaks_nobody(changed, tell):
    changed["types"]["GadgetSettings"]["properties"]["mode"]["enum"].append("warp")
    assert {(section, level) for _, section, level, _ in tell()} == {("Changed", "feature")}


def test_a_waiter_that_is_gone_breaks(changed, tell):
    changed["waiters"] = {}
    assert tell() == [("", "Removed", "breaking", "waiter_removed")]


def test_a_type_that_can_no_longer_be_imported_breaks(changed, tell):
    changed["types"]["Extra"] = {"type": "object"}
    assert tell() == [("", "Changed", "fix", "texts")]
    changed["types"].pop("Extra")
    del changed["types"]["GadgetSettings"]
    assert ("", "Removed", "breaking", "types_removed") in tell()


def test_the_version_alone_is_no_difference(changed, tell):
    changed["api"]["version"] = "9.9.9"
    changed["$generated"] = {}
    assert tell() == []


def test_the_same_words_about_several_tools_are_said_once_and_breaks_come_first(registry, changed):
    for tool in ("create_gadget", "update_gadget"):
        changed["tools"][tool]["parameters"]["extra"] = {"in": "body", "schema": {"type": "string"}}
        changed["tools"][tool]["parameters"]["size"]["schema"] = {"type": "number"}
    changed["tools"]["get_gadget"]["class"] = "write"
    assert markdown(difference(Registry(registry), Registry(changed))) == (
        "### Added\n\n"
        "- `create_gadget`, `update_gadget`: a new argument `extra` (string).\n\n"
        "### Changed\n\n"
        "- **Breaking:** `get_gadget`: is a write now (was a read).\n"
        "- `create_gadget`, `update_gadget`: `size` takes number now (was integer).\n"
    )


@pytest.mark.parametrize(
    ("kinds", "version", "level"),
    [
        ({"breaking", "fix"}, "1.2.3", "major"),
        ({"feature", "fix"}, "1.2.3", "minor"),
        ({"fix"}, "1.2.3", "patch"),
        ({"breaking"}, "0.2.3", "minor"),
        ({"feature"}, "0.2.3", "patch"),
        (set(), "1.2.3", "none"),
    ],
)
def test_a_version_follows_from_the_gravest_change(kinds, version, level):
    assert demanded(kinds, parse_version(version)) == level
