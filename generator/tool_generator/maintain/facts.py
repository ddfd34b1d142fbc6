"""The facts of an OpenAPI document: what the document says about the wire, without prose.

Facts are names, places, types, requirements, values and bounds. Descriptions, titles, examples and extensions are left
out, so that a repository can keep the facts of a document whose text belongs to somebody else. This module knows the
form of OpenAPI 3.0 and 3.1, and no single API.
"""

from __future__ import annotations

from typing import Any

_PROSE = {"description", "summary", "example", "examples", "externalDocs", "$comment", "xml"}
_SCHEMA_PROSE = {*_PROSE, "title"}
_NAMED_SCHEMAS = {"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"}
_SCHEMAS = {
    "items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains",
    "unevaluatedProperties", "unevaluatedItems",
}  # fmt: skip
_SCHEMA_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
# What stands under these keys is named by the API; the names are facts, whatever they look like.
_NAMED = {"paths", "responses", "content", "headers", "encoding", "callbacks", "webhooks", "variables", "mapping"}
_COMPONENTS = {"parameters", "responses", "requestBodies", "headers", "pathItems", "callbacks"}
_TOP = ("openapi", "servers", "security", "paths", "webhooks", "components")


def facts_of(document: Any) -> dict[str, Any]:
    """Give the facts of an OpenAPI document, in the order of the document.

    Raises ValueError if the document is no OpenAPI 3 document. Example: `{"type": "string", "description": "An id."}`
    at the place of a schema gives `{"type": "string"}`.
    """
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise ValueError("this is no OpenAPI 3 document: the key openapi with a version 3 is missing")
    if type(document.get("paths")) is not dict:
        raise ValueError("the document has no paths")
    info = document.get("info") if isinstance(document.get("info"), dict) else {}
    facts: dict[str, Any] = {}
    for key in (*(key for key in document if key in _TOP),):
        if key == "components":
            facts[key] = _components(document[key])
        elif key in ("openapi", "security"):
            facts[key] = document[key]
        else:
            facts[key] = _part(document[key], named=key in _NAMED)
        if key == "openapi":
            facts["info"] = {"title": "facts", "version": str((info or {}).get("version", ""))}
    return facts


def _components(components: Any) -> Any:
    if not isinstance(components, dict):
        return {}
    facts: dict[str, Any] = {}
    for kind, entries in components.items():
        if not isinstance(entries, dict):
            continue
        if kind == "schemas":
            facts[kind] = {name: _schema(item) for name, item in entries.items()}
        elif kind == "securitySchemes" or kind in _COMPONENTS:
            facts[kind] = {name: _part(item) for name, item in entries.items()}
    return facts


def _part(value: Any, *, named: bool = False) -> Any:
    """Give the facts of a part of the document that is no schema. `named`: the keys are names, and all of them stay."""
    if isinstance(value, list):
        return [_part(item) for item in value]
    if not isinstance(value, dict):
        return value
    facts: dict[str, Any] = {}
    for key, item in value.items():
        if named:
            facts[key] = _part(item)
        elif key == "schema":
            facts[key] = _schema(item)
        elif key not in _PROSE and not str(key).startswith("x-"):
            facts[key] = _part(item, named=key in _NAMED)
    return facts


def _schema(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    facts: dict[str, Any] = {}
    for key, item in schema.items():
        if key in _NAMED_SCHEMAS and isinstance(item, dict):
            facts[key] = {name: _schema(part) for name, part in item.items()}
        elif key in _SCHEMAS:
            facts[key] = _schema(item)
        elif key in _SCHEMA_LISTS and isinstance(item, list):
            facts[key] = [_schema(part) for part in item]
        elif key not in _SCHEMA_PROSE and not str(key).startswith("x-"):
            facts[key] = item
    return facts
