"""Upstream documents for tests: parts of small ones, a folder to import them into, and three in other APIs' styles."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import yaml

from tool_generator.importing.importer import import_upstream, write
from tool_generator.openapi.operations import parse_upstream

if TYPE_CHECKING:
    from pathlib import Path

    from tool_generator.importing.importer import Outcome
    from tool_generator.model.documents import Upstream

THING = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["id", "name"],
}


def reply(schema: Any, status: str = "200") -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operation(identifier: str, responses: Any = None, **more: Any) -> dict[str, Any]:
    return {"operationId": identifier, "responses": responses or {"204": {"description": "done"}}, **more}


def body(schema: Any, content_type: str = "application/json", *, required: bool = True, **media: Any) -> dict[str, Any]:
    return {"required": required, "content": {content_type: {"schema": schema, **media}}}


def document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **root: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://small.example"}],
        "security": [{"key": []}],
        "paths": copy.deepcopy(paths),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": copy.deepcopy(schemas or {}),
        },
        **root,
    }


def read(data: Any) -> Upstream:
    return parse_upstream(json.dumps(data).encode())


class Folder:
    """A spec folder that documents are imported into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcome: Outcome | None = None

    def take(self, data: Any, **options: Any) -> Outcome:
        """Import a document, write the result, give the outcome."""
        self.outcome = import_upstream(read(data), self.path, **options)
        if not self.outcome.problems:
            write(self.outcome, self.path)
        return self.outcome

    def texts(self) -> dict[str, str]:
        return {
            path.relative_to(self.path).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(self.path.rglob("*.yaml"))
        }

    def _merged(self, pattern: str, key: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted(self.path.glob(pattern)):
            found.update(yaml.safe_load(path.read_text(encoding="utf-8"))[key])
        return found

    @property
    def tools(self) -> dict[str, Any]:
        return self._merged("tools/*.yaml", "tools")

    @property
    def types(self) -> dict[str, Any]:
        return self._merged("types/*.yaml", "types")

    @property
    def api(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load((self.path / "api.yaml").read_text(encoding="utf-8"))
        return found

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text, text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def told(self, kind: str) -> list[str]:
        assert self.outcome is not None
        return [str(line) for line in self.outcome.report.lines if line.kind == kind]


SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Shop API", "version": "2", "description": "Orders and goods."},
    "servers": [{"url": "https://shop.example/api/"}],
    "security": [{"key": []}],
    "tags": [{"name": "Order Items", "description": "What was ordered."}],
    "paths": {
        "/order-items": {
            "get": {
                "tags": ["Order Items"],
                "operationId": "listOrderItems",
                "parameters": [
                    {"$ref": "#/components/parameters/Offset"},
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                    },
                    {"name": "status[]", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {
                        "name": "sort",
                        "in": "query",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "string", "enum": ["age", "price"]}},
                    },
                    {
                        "name": "filter",
                        "in": "query",
                        "style": "deepObject",
                        "schema": {
                            "type": "object",
                            "properties": {"shop": {"type": "string"}, "min price": {"type": "number"}},
                        },
                    },
                    {
                        "name": "ids",
                        "in": "query",
                        "style": "pipeDelimited",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                ],
                "responses": {
                    "200": {
                        "description": "A page.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "data": {
                                            "type": "array",
                                            "items": {"$ref": "#/components/schemas/OrderItemResponse"},
                                        },
                                        "total": {"type": "integer"},
                                    },
                                }
                            }
                        },
                    }
                },
            },
            "post": {
                "tags": ["Order Items"],
                "operationId": "createOrderItem",
                "parameters": [{"name": "note", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {"$ref": "#/components/requestBodies/Item"},
                "responses": {"201": {"$ref": "#/components/responses/Item"}},
            },
        },
        "/order-items/{item-id}": {
            "parameters": [{"name": "item-id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "delete": {"tags": ["Order Items"], "responses": {"204": {"description": "gone"}}},
        },
        "/orders/search": {
            "post": {
                "operationId": "searchOrders",
                "requestBody": {
                    "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}
                },
                "responses": {"default": {"description": "?", "content": {"text/csv": {}}}},
            }
        },
        "/login": {
            "post": {
                "operationId": "login",
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}},
                "responses": {"200": {"description": "in"}},
            }
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "api_key"}},
        "parameters": {"Offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "default": 0}}},
        "requestBodies": {
            "Item": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderItemRequest"}}},
            }
        },
        "responses": {
            "Item": {
                "description": "made",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderItemResponse"}}},
            }
        },
        "schemas": {
            "OrderItemRequest": {
                "type": "object",
                "properties": {"note": {"type": "string", "nullable": True}, "price": {"type": "number"}},
                "required": ["price"],
            },
            "OrderItemResponse": {
                "allOf": [
                    {"$ref": "#/components/schemas/OrderItemRequest"},
                    {
                        "type": "object",
                        "properties": {
                            "id": {"type": "string"},
                            "state": {"type": "string", "nullable": True, "enum": ["new", "sent"]},
                            "parent": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/OrderItemRequest"}]},
                        },
                        "required": ["id"],
                    },
                ]
            },
        },
    },
}

ZOO: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Zoo", "version": "1"},
    "servers": [{"url": "https://zoo.example"}],
    "paths": {
        "/animals/{animalId}": {
            "put": {
                "operationId": "replaceAnimal",
                "parameters": [
                    {"name": "animalId", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "session", "in": "cookie", "required": True, "schema": {"type": "string"}},
                    {"name": "X-Trace-Id", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/xml": {"schema": {"type": "object"}},
                        "application/json": {"schema": {"$ref": "#/components/schemas/Animal"}},
                    },
                },
                "responses": {
                    "2XX": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Animal"}}},
                    }
                },
            }
        },
        "/animals/{animalId}/photos": {
            "post": {
                "operationId": "addPhotos",
                "parameters": [{"name": "animalId", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "photos": {"type": "array", "items": {"type": "string", "format": "binary"}},
                                    "cover": {"type": "string", "contentMediaType": "image/png"},
                                    "caption": {"type": "string"},
                                    "tags": {"type": "array", "items": {"type": "string"}},
                                },
                                "required": ["photos"],
                            },
                            "encoding": {"tags": {"contentType": "application/json"}},
                        }
                    },
                },
                "responses": {
                    "201": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Family"}}},
                    }
                },
            }
        },
    },
    "components": {
        "schemas": {
            "Animal": {
                "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
                "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog"}},
            },
            "Cat": {
                "type": "object",
                "properties": {
                    "kind": {"type": "string"},
                    "lives": {"type": ["integer", "null"], "exclusiveMinimum": 0},
                    "id": {"type": "string", "readOnly": True},
                    "secret": {"type": "string", "writeOnly": True},
                },
                "required": ["kind", "id"],
            },
            "Dog": {
                "type": "object",
                "properties": {"kind": {"type": "string"}, "tricks": {"const": "sit"}},
                "required": ["kind"],
                "if": {"properties": {"tricks": {"const": "sit"}}},
            },
            "Family": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/components/schemas/Family"}},
                    "by_name": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Family"}},
                },
                "additionalProperties": False,
            },
        }
    },
}

REGIONS: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "Regions", "version": "1"},
    "servers": [
        {
            "url": "https://{region}.regions.example/{base}/",
            "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}, "base": {"default": "v1"}},
        }
    ],
    "security": [{"basic": []}],
    "paths": {
        "/regions": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                    {"name": "per_page", "in": "query", "schema": {"type": "integer"}},
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}},
                    }
                },
            }
        }
    },
    "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
}
