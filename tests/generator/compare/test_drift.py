"""Drift: verdicts on tools against an upstream document that has moved on."""

import pytest


def test_a_spec_is_the_same_as_the_document_that_it_was_made_for(verdicts):
    assert {name: tool["verdict"] for name, tool in verdicts().items()} == {
        "get_gadget": "same",
        "create_gadget": "same",
        "update_gadget": "same",
    }


BREAKING_REQUESTS = {
    "a field is gone": (lambda sent: sent["properties"].pop("size"), "request.body.size", "removed"),
    "a field becomes required": (lambda sent: sent["required"].append("size"), "request.body.size", "required"),
    "a new field is required": (
        lambda sent: (sent["properties"].update(extra={"type": "string"}), sent["required"].append("extra")),
        "request.body.extra",
        "added_required",
    ),
    "a type changes": (
        lambda sent: sent["properties"].update(size={"type": "string"}),
        "request.body.size",
        "type",
    ),
    "an array becomes an object": (
        lambda sent: sent["properties"].update(tags={"type": "object"}),
        "request.body.tags",
        "type",
    ),
    "an item's type changes": (
        lambda sent: sent["properties"].update(tags={"type": "array", "items": {"type": "integer"}}),
        "request.body.tags[]",
        "type",
    ),
    "an enum loses a value": (
        lambda sent: sent["properties"]["mode"].update(enum=["slow"]),
        "request.body.mode",
        "enum_narrowed",
    ),
    "a nested field becomes required": (
        lambda sent: sent["properties"]["owner"]["required"].append("email"),
        "request.body.owner.email",
        "required",
    ),
    "an object takes no further keys": (
        lambda sent: sent["properties"]["owner"].update(additionalProperties=False),
        "request.body.owner.*",
        "closed",
    ),
    "an alternative is gone": (
        lambda sent: (
            sent["properties"]["action"]["anyOf"].append(sent["properties"]["action"]["anyOf"].pop(0))
            or sent["properties"]["action"]["anyOf"].pop()
        ),
        "request.body.action{type=ring}",
        "alternative_removed",
    ),
    "a nullable field must not be null": (
        lambda sent: sent["properties"].update(label={"type": "string"}),
        "request.body.label",
        "not_nullable",
    ),
}


@pytest.mark.parametrize("case", BREAKING_REQUESTS)
def test_a_request_breaks_when(case, document, gadgets, told):
    change, path, kind = BREAKING_REQUESTS[case]
    # Alone, the create tool shares its type with nobody who could vouch for a field or a null.
    document.remove("updateGadget")
    del gadgets.tools["update_gadget"]
    document.gadget["properties"] = {"gadget_id": {"type": "string"}, "mode": {"type": "string"}}
    gadgets.types["types"]["Gadget"] = {
        "type": "object",
        "properties": {"gadget_id": {"type": "string"}, "mode": {"type": "string"}},
        "required": ["gadget_id", "mode"],
    }
    change(document.sent("createGadget"))
    assert told("create_gadget") == ("breaking", [(path, kind, True)])


WIDER_REQUESTS = {
    "a new optional field": (
        lambda sent: sent["properties"].update(extra={"type": "string"}),
        "request.body.extra",
        "added",
    ),
    "a field that need not be given": (lambda sent: sent.pop("required"), "request.body.label", "optional"),
    "a wider type": (lambda sent: sent["properties"].update(size={"type": "number"}), "request.body.size", "widened"),
    "a new value": (
        lambda sent: sent["properties"]["mode"]["enum"].append("warp"),
        "request.body.mode",
        "enum_widened",
    ),
    "null": (
        lambda sent: sent["properties"].update(size={"type": ["integer", "null"]}),
        "request.body.size",
        "nullable",
    ),
    "a bound that nobody knew": (
        lambda sent: sent["properties"]["size"].update(maximum=9),
        "request.body.size#maximum",
        "bound_stated",
    ),
}


@pytest.mark.parametrize("case", WIDER_REQUESTS)
def test_a_request_may_have(case, document, told):
    change, path, kind = WIDER_REQUESTS[case]
    change(document.sent("createGadget"))
    assert told("create_gadget") == ("additive", [(path, kind, False)])


BREAKING_REPLIES = {
    "a field is gone": (lambda gadget: gadget["properties"].pop("gadget_id"), "response.gadget_id", "removed"),
    "a field may be absent": (lambda gadget: gadget["required"].remove("mode"), "response.mode", "optional"),
    "a type changes": (
        lambda gadget: gadget["properties"].update(tags={"type": "object"}),
        "response.tags",
        "type",
    ),
    "a type gets wider": (
        lambda gadget: gadget["properties"].update(size={"type": "number"}),
        "response.size",
        "widened",
    ),
    "an unknown value may come": (
        lambda gadget: gadget["properties"]["mode"].update(enum=["slow", "fast", "warp"]),
        "response.mode",
        "enum_widened",
    ),
    "a field that is always there may be null": (
        lambda gadget: gadget["properties"]["mode"].update(type=["string", "null"], enum=["slow", "fast", None]),
        "response.mode",
        "nullable",
    ),
    "an unknown alternative may come": (
        lambda gadget: gadget["properties"]["action"]["anyOf"].append(
            {"type": "object", "properties": {"type": {"type": "string", "enum": ["hum"]}}, "required": ["type"]}
        ),
        "response.action{type=hum}",
        "alternative_added",
    ),
}


@pytest.mark.parametrize("case", BREAKING_REPLIES)
def test_a_reader_of_the_reply_is_surprised_when(case, document, told):
    change, path, kind = BREAKING_REPLIES[case]
    change(document.gadget)
    assert told("get_gadget") == ("breaking", [(path, kind, True)])


FITTING_REPLIES = {
    "a new field": (lambda gadget: gadget["properties"].update(extra={"type": "string"}), "response.extra", "added"),
    "a field that is always there now": (
        lambda gadget: gadget["required"].append("size"),
        "response.size",
        "required",
    ),
    "fewer values": (
        lambda gadget: gadget["properties"]["mode"].update(enum=["slow"]),
        "response.mode",
        "enum_narrowed",
    ),
    "null where nothing might have been": (
        lambda gadget: gadget["properties"].update(size={"type": ["integer", "null"]}),
        "response.size",
        "nullable",
    ),
}


@pytest.mark.parametrize("case", FITTING_REPLIES)
def test_a_reader_of_the_reply_copes_with(case, document, told):
    change, path, kind = FITTING_REPLIES[case]
    change(document.gadget)
    assert told("get_gadget") == ("additive", [(path, kind, False)])


def test_a_field_that_only_the_sibling_use_has_is_no_difference(document, told):
    del document.sent("updateGadget")["properties"]["size"]
    assert told("update_gadget") == ("same", [])


def test_a_field_that_no_use_has_any_more_is_told_of_each(document, verdicts):
    for schema in (document.sent("createGadget"), document.sent("updateGadget"), document.gadget):
        del schema["properties"]["size"]
    found = {name: tool["verdict"] for name, tool in verdicts().items()}
    assert found == {"get_gadget": "breaking", "create_gadget": "breaking", "update_gadget": "breaking"}


def test_a_narrower_enum_is_told_although_the_sibling_use_has_the_wider_one(document, told):
    document.sent("updateGadget")["properties"]["mode"]["enum"] = ["fast"]
    assert told("update_gadget") == ("breaking", [("request.body.mode", "enum_narrowed", True)])


def test_a_path_that_moved_breaks_and_says_from_where_to_where(document, verdicts):
    document.move("getGadget", "/v2/gadgets/{gadget_id}")
    found = verdicts()["get_gadget"]
    assert found["verdict"] == "breaking"
    assert [(item["kind"], item["was"], item["now"]) for item in found["changes"]] == [
        ("moved", "GET /gadgets/{gadget_id}", "GET /v2/gadgets/{gadget_id}")
    ]


def test_another_method_breaks(document, told):
    document.move("createGadget", "/gadgets", "put")
    assert told("create_gadget") == ("breaking", [("request", "moved", True)])


def test_another_name_of_a_path_segment_changes_nothing(document, told):
    document.move("getGadget", "/gadgets/{id}")
    document.operation("getGadget")["parameters"][0]["name"] = "id"
    assert told("get_gadget") == ("same", [])


def test_an_operation_is_known_by_its_route_when_its_id_changed(document, told):
    document.operation("getGadget")["operationId"] = "readGadget"
    assert told("get_gadget") == ("additive", [("operation", "operation_id", False)])


def test_a_parameter_that_moved_to_another_place_breaks_once(document, told):
    document.operation("getGadget")["parameters"][1]["in"] = "header"
    assert told("get_gadget") == ("breaking", [("request.query.version", "place", True)])


def test_a_narrower_query_parameter_breaks(document, told):
    document.operation("getGadget")["parameters"][1]["schema"] = {"type": "integer"}
    assert told("get_gadget") == ("breaking", [("request.query.version", "narrowed", True)])


def test_a_deprecated_operation_is_told_and_breaks_nothing(document, told):
    document.operation("getGadget")["deprecated"] = True
    assert told("get_gadget") == ("additive", [("operation", "deprecated", False)])


def test_a_multipart_body_in_place_of_json_breaks(document, told):
    content = document.operation("createGadget")["requestBody"]["content"]
    content["multipart/form-data"] = content.pop("application/json")
    verdict, changes = told("create_gadget")
    assert verdict == "breaking"
    assert ("request.body", "encoding", True) in changes


def test_a_reply_that_is_gone_breaks(document, told):
    document.operation("getGadget")["responses"] = {"204": {"description": ""}}
    verdict, changes = told("get_gadget")
    assert verdict == "breaking"
    assert ("response", "removed", True) in changes


def test_an_operation_without_a_tool_is_new_under_the_name_that_it_would_get(document, verdicts):
    document.data["paths"]["/gadgets"]["get"] = {"operationId": "listGadgets", "responses": {}}
    assert verdicts()["list_gadgets"] == {"verdict": "new", "operation": "GET /gadgets", "changes": []}


def test_a_new_operation_never_hides_a_tool_of_the_same_name(document, verdicts):
    document.data["paths"]["/v2/gadgets"] = {"get": {"operationId": "get_gadget", "responses": {}}}
    found = verdicts()
    assert found["get_gadget"]["verdict"] == "same"
    assert found["get_gadget (GET /v2/gadgets)"]["verdict"] == "new"


def test_a_tool_whose_operation_is_gone_is_gone(document, verdicts):
    document.remove("getGadget")
    found = verdicts()["get_gadget"]
    assert found == {"verdict": "gone", "operation": "GET /gadgets/{gadget_id}", "changes": []}


def test_a_tool_that_is_gone_keeps_its_name_and_tells_its_replacement(document, gadgets, verdicts):
    document.remove("getGadget")
    gadgets.tools["get_gadget"] |= {"deprecated": True, "sunset": "2027-01-31", "replaced_by": "update_gadget"}
    found = verdicts()["get_gadget"]
    assert found["verdict"] == "gone"
    assert (found["replaced_by"], found["sunset"]) == ("update_gadget", "2027-01-31")
    assert "get_gadget" in gadgets.document()["tools"]


def test_helpers_to_any_path_are_not_judged(verdicts):
    assert "api_get" not in verdicts()


def test_what_steps_fill_and_shapes_make_is_the_specs_own(document, gadgets, told):
    document.sent("createGadget")["required"].append("owner")
    gadgets.tool("make_owner", parameters={}, path="/gadgets", upstream="createGadget")
    tool = gadgets.tools["create_gadget"]
    tool["parameters"] |= {
        "owner_name": {"in": "steps", "schema": {"type": "string"}},
        "tag": {"in": "body", "wire": "tags", "schema": {"type": "string"}, "shape": {"form": ["$"]}},
        "tags": {"in": "body"},
    }
    tool["constraints"] = [{"at_most_one": ["tag", "tags"]}]
    step = {"id": "made", "tool": "make_owner", "when": "owner_name", "set": {"owner": {"name": "$owner_name"}}}
    tool["steps"] = {"before": [step]}
    assert told("create_gadget") == ("same", [])


def test_a_schema_that_says_nothing_is_neither_narrower_nor_wider(document, told):
    document.sent("createGadget")["properties"]["owner"] = {}
    document.gadget["properties"]["owner"] = {"type": "object"}
    assert told("create_gadget") == ("same", [])


def test_a_type_within_itself_comes_to_an_end(document, told):
    document.data["components"]["schemas"]["Other"] = {
        "type": "object",
        "properties": {
            "next": {"$ref": "#/components/schemas/Other"},
            "gadget": {"$ref": "#/components/schemas/Gadget"},
        },
    }
    document.gadget["properties"]["parent"] = {"$ref": "#/components/schemas/Other"}
    verdict, changes = told("get_gadget")
    assert verdict == "breaking"
    assert ("response.parent.gadget", "added", False) in changes
