"""Parity: the registry says what the document says, and nothing besides."""

from tool_generator.compare.drift import shared_names
from tool_generator.compare.parity import parity
from tool_generator.generate import compile_spec


def compared(gadgets, document):
    folder = gadgets.write()
    registry = compile_spec(folder).registry
    return parity(registry, document.read(), shared_names(folder, registry))


def told(report):
    return [(item.tool, item.path, item.kind) for item in report.differences]


def test_a_spec_that_says_the_same_has_no_difference_and_the_count_says_what_was_compared(gadgets, document):
    report = compared(gadgets, document)
    assert told(report) == []
    assert report.counts == {
        "operations": 3,
        "tools": 3,
        "fields": 69,
        "types": 74,
        "enums": 15,
        "requirements": 69,
    }


def test_what_only_upstream_has_is_a_difference(gadgets, document):
    document.sent("createGadget")["properties"]["extra"] = {"type": "string"}
    document.data["paths"]["/gadgets"]["get"] = {"operationId": "listGadgets", "responses": {}}
    assert told(compared(gadgets, document)) == [
        ("create_gadget", "request.body.extra", "added"),
        ("listGadgets", "tool", "missing"),
    ]


def test_what_only_the_registry_has_is_a_difference(gadgets, document):
    gadgets.types["types"]["GadgetSettings"]["properties"]["extra"] = {"type": "string"}
    document.remove("getGadget")
    assert told(compared(gadgets, document)) == [
        ("get_gadget", "tool", "gone"),
        ("create_gadget", "request.body.extra", "removed"),
        ("create_gadget", "response.extra", "removed"),
        ("update_gadget", "request.body.extra", "removed"),
        ("update_gadget", "response.extra", "removed"),
    ]


def test_differences_that_break_nobody_count_too(gadgets, document):
    document.gadget["properties"]["mode"]["enum"] = ["slow"]
    assert ("get_gadget", "response.mode", "enum_narrowed") in told(compared(gadgets, document))


def test_what_the_spec_decides_is_listed_apart(gadgets, document):
    gadgets.tools["create_gadget"]["parameters"]["size"] = {"in": "body", "required": True}
    gadgets.types["types"]["GadgetSettings"]["properties"]["size"]["minimum"] = 1
    document.remove("getGadget")
    gadgets.tools["get_gadget"] |= {"deprecated": True, "replaced_by": "update_gadget"}
    report = compared(gadgets, document)
    assert told(report) == []
    assert [(item.tool, item.path, item.kind) for item in report.own] == [
        ("get_gadget", "tool", "kept"),
        ("create_gadget", "request.body.size", "optional"),
        ("create_gadget", "request.body.size#minimum", "bound_dropped"),
        ("create_gadget", "response.size#minimum", "bound_dropped"),
        ("update_gadget", "request.body.size#minimum", "bound_dropped"),
        ("update_gadget", "response.size#minimum", "bound_dropped"),
        ("api_get", "tool", "helper"),
    ]
