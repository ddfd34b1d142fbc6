"""Swagger 2 documents, rewritten as OpenAPI 3.0: the same operations, in the words that the other modules read.

Owns the words that version 3 moved: hosts, base paths, definitions, bodies and forms among the parameters, media types
of whole documents, and the format of lists. What is the same in both versions is left as it is. This module must not
know what the parts mean to a tool.
"""

from __future__ import annotations

from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_SCHEMA_WORDS = (
    "type", "format", "items", "enum", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "multipleOf", "pattern",
)  # fmt: skip
_COLLECTIONS = {
    "csv": {"style": "form", "explode": False},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "multi": {"style": "form", "explode": True},
}
_MOVED = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}
_FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}


def is_swagger(root: Any) -> bool:
    """Say whether a document is one of Swagger 2."""
    return isinstance(root, dict) and str(root.get("swagger", "")).startswith("2")


def as_openapi(root: dict[str, Any]) -> dict[str, Any]:
    """Give a Swagger 2 document in the words of OpenAPI 3.0.

    Example: `{"host": "x.example", "basePath": "/v1", "schemes": ["https"]}` has the server `https://x.example/v1`.
    """
    root = _referred(root)
    document: dict[str, Any] = {key: root[key] for key in ("info", "tags", "externalDocs", "security") if key in root}
    document["openapi"] = "3.0.3"
    if isinstance(root.get("host"), str):
        schemes = root.get("schemes")
        given = [one for one in (schemes if isinstance(schemes, list) else []) if one in ("https", "http")]
        base = root.get("basePath") if isinstance(root.get("basePath"), str) else ""
        first = ["https"] if not given or "https" in given else given
        document["servers"] = [{"url": f"{scheme}://{root['host']}{base}".rstrip("/")} for scheme in first]
    elif isinstance(root.get("basePath"), str):
        document["servers"] = [{"url": root["basePath"]}]
    shared = _dict(root.get("parameters"))
    document["components"] = {
        "schemas": _dict(root.get("definitions")),
        "parameters": {name: _parameter(item) for name, item in shared.items() if not _is_body(item)},
        "responses": {name: _response(item, root) for name, item in _dict(root.get("responses")).items()},
        "securitySchemes": {name: _scheme(item) for name, item in _dict(root.get("securityDefinitions")).items()},
    }
    paths = root.get("paths")
    document["paths"] = (
        {path: _item(item, root, shared) for path, item in paths.items()} if isinstance(paths, dict) else paths
    )
    return document


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _referred(value: Any) -> Any:
    """Give a value with all references to the places of version 3."""
    if isinstance(value, list):
        return [_referred(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _referred(item) for key, item in value.items()}
    reference = found.get("$ref")
    if isinstance(reference, str):
        for old, new in _MOVED.items():
            if reference.startswith(old):
                found["$ref"] = new + reference.removeprefix(old)
    return found


def _is_body(item: Any) -> bool:
    return isinstance(item, dict) and item.get("in") in ("body", "formData")


def _behind(item: Any, shared: dict[str, Any]) -> Any:
    """Give the parameter behind a reference to one that stands for a body."""
    reference = item.get("$ref") if isinstance(item, dict) else None
    name = reference.removeprefix("#/components/parameters/") if isinstance(reference, str) else ""
    return shared[name] if name in shared and _is_body(shared[name]) else item


def _item(item: Any, root: dict[str, Any], shared: dict[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    common = [_behind(one, shared) for one in _list(item.get("parameters"))]
    found = {key: value for key, value in item.items() if key not in (*_METHODS, "parameters")}
    found["parameters"] = [_parameter(one) for one in common if not _is_body(one)]
    for method in _METHODS:
        if isinstance(item.get(method), dict):
            found[method] = _operation(item[method], common, root, shared)
    return found


def _operation(raw: dict[str, Any], common: list[Any], root: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    own = [_behind(one, shared) for one in _list(raw.get("parameters"))]
    found = {key: value for key, value in raw.items() if key not in ("parameters", "consumes", "produces", "schemes")}
    found["parameters"] = [_parameter(one) for one in own if not _is_body(one)]
    in_body = [one for one in [*common, *own] if _is_body(one)]
    if in_body:
        found["requestBody"] = _body(in_body, _list(raw.get("consumes", root.get("consumes"))))
    produces = raw.get("produces", root.get("produces"))
    found["responses"] = {
        code: _response(response, {"produces": produces}) for code, response in _dict(raw.get("responses")).items()
    }
    return found


def _body(given: list[dict[str, Any]], consumes: list[Any]) -> dict[str, Any]:
    types = [one for one in consumes if isinstance(one, str)]
    whole = next((one for one in given if one.get("in") == "body"), None)
    if whole is not None:
        content = {name: {"schema": whole.get("schema", {})} for name in types or ["application/json"]}
        return {"required": whole.get("required") is True, "content": content}
    has_file = any(one.get("type") == "file" for one in given)
    forms = [name for name in types if name.startswith("multipart/") or name.endswith("form-urlencoded")]
    usual = "multipart/form-data" if has_file else "application/x-www-form-urlencoded"
    named = [one for one in given if isinstance(one.get("name"), str)]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {one["name"]: _described(one) for one in named},
        "required": [one["name"] for one in named if one.get("required") is True],
    }
    if not schema["required"]:
        del schema["required"]
    encoding = {
        one["name"]: style for one in named if one.get("type") == "array" and (style := _style(one)) is not None
    }
    media = {"schema": schema, **({"encoding": encoding} if encoding else {})}
    return {"required": "required" in schema, "content": dict.fromkeys(forms or [usual], media)}


def _described(item: dict[str, Any]) -> dict[str, Any]:
    words = (*_SCHEMA_WORDS, "description")
    found = {key: item[key] for key in words if key in item}
    return {**found, "type": "string", "format": "binary"} if item.get("type") == "file" else found


def _style(item: dict[str, Any]) -> dict[str, Any] | None:
    return _COLLECTIONS.get(str(item.get("collectionFormat", "csv")))


def _parameter(item: Any) -> Any:
    if not isinstance(item, dict) or "$ref" in item:
        return item
    found = {key: value for key, value in item.items() if key not in (*_SCHEMA_WORDS, "collectionFormat")}
    found["schema"] = {key: item[key] for key in _SCHEMA_WORDS if key in item}
    style = _style(item) if item.get("type") == "array" else None
    if style is not None and item.get("in") == "query":
        found |= style
    return found


def _response(item: Any, holder: dict[str, Any]) -> Any:
    if not isinstance(item, dict) or "schema" not in item:
        return item
    found = {key: value for key, value in item.items() if key not in ("schema", "examples")}
    types = [one for one in _list(holder.get("produces")) if isinstance(one, str)] or ["application/json"]
    schema = item["schema"]
    if isinstance(schema, dict) and schema.get("type") == "file":
        schema = {"type": "string", "format": "binary"}
        types = [one for one in types if not one.endswith("json")] or ["application/octet-stream"]
    return {**found, "content": {name: {"schema": schema} for name in types}}


def _scheme(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    if item.get("type") == "basic":
        return {"type": "http", "scheme": "basic"}
    if item.get("type") == "oauth2":
        return {"type": "oauth2", "flows": {_FLOWS.get(str(item.get("flow")), str(item.get("flow"))): {}}}
    return item
