"""A large OpenAPI document for benchmarks: three megabytes of 300 operations, whose schemas refer to each other."""

import json
from pathlib import Path
from typing import Any

OPERATIONS = 300
_FIELDS = 22
_WORDS = "What the field means to those who read it, in a sentence of the usual length that says a little more. "


def large_document(operations: int = OPERATIONS) -> dict[str, Any]:
    """Give a document with so many operations: a create, a get, a list and an update for each kind of record."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for number in range(operations // 4):
        name = f"Record{number}"
        schemas |= {name: _record(number, operations // 4), f"{name}Settings": _settings(number, operations // 4)}
        settings, whole = _ref(f"{name}Settings"), _ref(name)
        page = {"type": "object", "properties": {"items": {"type": "array", "items": whole}, "more": _flag()}}
        at = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
        query = [{"name": key, "in": "query", "schema": {"type": "string"}} for key in ("cursor", "limit", "order")]
        base = f"/records-{number}"
        paths[base] = {
            "post": _operation(f"createRecord{number}", whole, settings, []),
            "get": _operation(f"listRecords{number}", page, None, query),
        }
        paths[f"{base}/{{id}}"] = {
            "get": _operation(f"getRecord{number}", whole, None, at),
            "patch": _operation(f"updateRecord{number}", whole, settings, at),
        }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Large", "version": "1"},
        "servers": [{"url": "https://large.example"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}, "schemas": schemas},
    }


def write_large_document(path: Path) -> int:
    """Write the document as JSON; give its size in bytes."""
    content = json.dumps(large_document(), indent=2).encode()
    path.write_bytes(content)
    return len(content)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _flag() -> dict[str, str]:
    return {"type": "boolean"}


def _settings(number: int, kinds: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for index in range(_FIELDS):
        field: dict[str, Any] = {"type": ("string", "integer", "boolean", "number")[index % 4]}
        if index % 4 == 0 and index % 3 == 0:
            field["enum"] = [f"value_{index}_{choice}" for choice in range(6)]
        fields[f"field_{index}"] = {**field, "description": _WORDS * 2, "nullable": index % 5 == 0}
    fields["next"] = _ref(f"Record{(number + 1) % kinds}Settings")
    union = [_ref(f"Record{(number + step) % kinds}") for step in (1, 2, 3)]
    fields["targets"] = {"type": "array", "items": {"oneOf": union}, "description": _WORDS}
    fields["detail"] = {
        "type": "object",
        "properties": {f"inner_{index}": {"type": "string", "description": _WORDS} for index in range(12)},
    }
    return {"type": "object", "properties": fields, "required": ["field_0", "field_1"]}


def _record(number: int, kinds: int) -> dict[str, Any]:
    own = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": _WORDS},
            "kind": {"type": "string", "enum": [f"record_{number}"]},
            "parent": _ref(f"Record{(number + 7) % kinds}"),
        },
        "required": ["id", "kind"],
    }
    return {"allOf": [_ref(f"Record{number}Settings"), own]}


def _operation(name: str, reply: Any, body: Any, parameters: list[Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": _WORDS.strip(),
        "description": _WORDS * 22,
        "parameters": parameters,
        "responses": {
            str(status): {
                "description": _WORDS,
                "content": {"application/json": {"schema": reply if status < 300 else {"type": "object"}}},
            }
            for status in (200, 400, 401, 404, 422, 429, 500)
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation
