"""A spec and the upstream document that it was made for; tests bend one of them and look at the verdict."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tool_generator.compare.drift import drift, shared_names
from tool_generator.generate import compile_spec
from tool_generator.openapi import parse_upstream

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = {"type": "string"}
NULLABLE_TEXT = {"type": ["string", "null"]}
JSON = "application/json"

GADGET_SETTINGS = {
    "label": NULLABLE_TEXT,
    "size": {"type": "integer"},
    "mode": {"type": "string", "enum": ["slow", "fast"]},
    "tags": {"type": "array", "items": TEXT},
    "owner": {"type": "object", "properties": {"name": TEXT, "email": TEXT}, "required": ["name"]},
    "action": {
        "anyOf": [
            {
                "type": "object",
                "properties": {"type": {"type": "string", "enum": ["ring"]}, "volume": {"type": "number"}},
                "required": ["type"],
            },
            {
                "type": "object",
                "properties": {"type": {"type": "string", "enum": ["blink"]}, "color": TEXT},
                "required": ["type"],
            },
        ]
    },
}


def _reply(schema: Any, status: str = "200") -> dict[str, Any]:
    return {"responses": {status: {"description": "", "content": {JSON: {"schema": schema}}}}}


def _body(schema: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def _document() -> dict[str, Any]:
    settings = copy.deepcopy(GADGET_SETTINGS)
    without_null = {**copy.deepcopy(GADGET_SETTINGS), "label": TEXT}
    gadget = {
        "type": "object",
        "properties": {"gadget_id": TEXT, **without_null, "parent": {"$ref": "#/components/schemas/Gadget"}},
        "required": ["gadget_id", "mode"],
    }
    in_path = {"name": "gadget_id", "in": "path", "required": True, "schema": TEXT}
    in_query = {"name": "version", "in": "query", "schema": {"type": ["string", "integer"]}}
    create = {"type": "object", "properties": settings, "required": ["label"]}
    update = {"type": "object", "properties": copy.deepcopy(settings)}
    reply = {"$ref": "#/components/schemas/Gadget"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gadgets", "version": "1"},
        "paths": {
            "/gadgets": {"post": {"operationId": "createGadget", **_body(create), **_reply(reply, "201")}},
            "/gadgets/{gadget_id}": {
                "get": {"operationId": "getGadget", "parameters": [in_path, in_query], **_reply(reply)},
                "patch": {"operationId": "updateGadget", "parameters": [in_path], **_body(update), **_reply(reply)},
            },
        },
        "components": {"schemas": {"Gadget": gadget}},
    }


class Document:
    """An upstream document in the making."""

    def __init__(self) -> None:
        self.data = _document()

    def operation(self, name: str) -> dict[str, Any]:
        for item in self.data["paths"].values():
            for operation in item.values():
                if operation["operationId"] == name:
                    found: dict[str, Any] = operation
                    return found
        raise KeyError(name)

    def sent(self, name: str) -> dict[str, Any]:
        """Give the schema of an operation's body."""
        schema: dict[str, Any] = self.operation(name)["requestBody"]["content"][JSON]["schema"]
        return schema

    @property
    def gadget(self) -> dict[str, Any]:
        """The schema of every reply."""
        schema: dict[str, Any] = self.data["components"]["schemas"]["Gadget"]
        return schema

    def move(self, name: str, path: str, method: str = "") -> None:
        for old, item in list(self.data["paths"].items()):
            for verb, operation in list(item.items()):
                if operation["operationId"] == name:
                    del self.data["paths"][old][verb]
                    self.data["paths"].setdefault(path, {})[method or verb] = operation
                    return

    def remove(self, name: str) -> None:
        self.move(name, "/elsewhere")
        del self.data["paths"]["/elsewhere"]

    def content(self) -> bytes:
        return json.dumps(self.data).encode()

    def read(self) -> Any:
        return parse_upstream(self.content())


@pytest.fixture
def document() -> Document:
    return Document()


@pytest.fixture
def gadgets(spec: Any) -> Any:
    """Return the spec folder of the gadgets: a type that serves create, update and reply, and a helper."""
    in_path = {"in": "path", "required": True, "schema": TEXT}
    in_reply = {"status": 200, "schema": {"$ref": "Gadget"}}
    spec.tools.clear()
    spec.tool("get_gadget", method="GET", path="/gadgets/{gadget_id}", upstream="getGadget", returns=in_reply)
    spec.tools["get_gadget"] |= {
        "class": "read",
        "parameters": {
            "gadget_id": dict(in_path),
            "version": {"in": "query", "schema": {"type": ["string", "integer"]}},
        },
    }
    spec.tool("create_gadget", path="/gadgets", upstream="createGadget", body={"$ref": "GadgetSettings"})
    spec.tools["create_gadget"] |= {
        "parameters": {"label": {"in": "body", "required": True}},
        "returns": {"status": 201, "schema": {"$ref": "Gadget"}},
    }
    spec.tool("update_gadget", method="PATCH", path="/gadgets/{gadget_id}", upstream="updateGadget", returns=in_reply)
    spec.tools["update_gadget"] |= {
        "body": {"$ref": "GadgetSettings"},
        "parameters": {"gadget_id": dict(in_path), "options": {"in": "spread", "schema": {"type": "object"}}},
    }
    spec.tool("api_get", method="GET", path="/{+path}")
    spec.tools["api_get"] |= {"class": "read", "parameters": {"path": {**in_path, "raw": True}}}
    settings = copy.deepcopy(GADGET_SETTINGS)
    spec.types["types"] = {
        "GadgetSettings": {"type": "object", "properties": settings},
        "Gadget": {
            "allOf": [
                {"$ref": "GadgetSettings"},
                {
                    "type": "object",
                    "properties": {"gadget_id": dict(TEXT), "parent": {"$ref": "Gadget"}},
                    "required": ["gadget_id", "mode"],
                },
            ]
        },
    }
    return spec


@pytest.fixture
def verdicts(gadgets: Any, document: Document) -> Callable[[], dict[str, Any]]:
    """Judge the gadgets against the document as they are by then; give what `--json` shows of the tools."""

    def run() -> dict[str, Any]:
        folder = gadgets.write()
        registry = compile_spec(folder).registry
        result = drift(registry, document.read(), shared_names(folder, registry))
        tools: dict[str, Any] = result.as_json()["tools"]
        return tools

    return run


@pytest.fixture
def told(verdicts: Callable[[], dict[str, Any]]) -> Callable[[str], tuple[str, list[tuple[str, str, bool]]]]:
    """Give the verdict on one tool, and path, kind and gravity of each change."""

    def run(tool: str) -> tuple[str, list[tuple[str, str, bool]]]:
        found = verdicts()[tool]
        return found["verdict"], [(item["path"], item["kind"], item["breaking"]) for item in found["changes"]]

    return run
