"""The API as an OpenAPI 3.1 document, with the texts of the spec: `openapi.json`.

The document has one operation for every request that a tool makes: wire names, places, types, statuses. Features of
this project stay out: friendly forms (an argument with a shape appears as the field that is sent), arguments for
steps, spreads, and tools that take a raw path. A tool made of several requests appears with its own request. If
several tools make the same request, the plainest tool stands for all, and `x-tool` names the others under `also`.

This module knows the registry and OpenAPI. It must not know about Python or about files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.compile.parameters import IN_BODY
from tool_generator.emit.argument_schemas import RULES
from tool_generator.emit.python.docstrings import lifecycle
from tool_generator.emit.python.record_types import Types
from tool_generator.model.schema_walk import rewritten
from tool_generator.model.wire import WireField, own_operations, wire_fields, wire_names
from tool_runtime.core.tools import USUAL_SCHEME, WHOLE_BODY
from tool_runtime.values.media import kind_of
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Auth, Parameter, Tool
    from tool_runtime.core.webhook_declarations import Webhooks

VERSION = "3.1.0"
COMPONENTS = "#/components/schemas/"
_PARAMETER_PLACES = ("path", "query", "header", "cookie")
_STYLES: dict[str, dict[str, Any]] = {
    "comma": {"style": "form", "explode": False},
    "spaces": {"style": "spaceDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "deep": {"style": "deepObject", "explode": True},
}
_MEDIA_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data",
    "raw": "application/octet-stream",
}
_ERROR = {"$ref": "#/components/responses/Error"}
_BINARY = {"type": "string", "format": "binary"}


def openapi_document(registry: Registry, notice: str) -> dict[str, Any]:
    """Give the document; `notice` is the line that names its source."""
    api = registry.api
    types = Types(registry.types, {})
    document: dict[str, Any] = {
        "openapi": VERSION,
        "x-generated": notice,
        "info": {"title": api.title, "version": api.version, "summary": api.summary.strip()},
    }
    if api.description:
        document["info"]["description"] = api.description.strip()
    if api.documentation:
        document["externalDocs"] = {"url": api.documentation}
    document["servers"] = [{"url": registry.server.base_url}]
    document["security"] = _alternatives(registry.security)
    document["tags"] = list(_tags(registry))
    document["paths"] = _paths(registry, types)
    if registry.webhooks is not None:
        document["webhooks"] = dict(_webhooks(registry.webhooks))
    used = _reachable([document["paths"], document.get("webhooks")], registry.types)
    document["components"] = {
        "schemas": {name: portable(schema) for name, schema in registry.types.items() if name in used},
        "responses": {"Error": _error(registry)},
        "securitySchemes": {_scheme_name(name): _security(scheme) for name, scheme in registry.schemes.items()},
    }
    return document


def _reachable(start: list[Any], types: Mapping[str, Any]) -> set[str]:
    """Give the names of the types that parts of the document refer to, directly or through other types."""
    found: set[str] = set()
    pending = start
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
            reference = item.get("$ref")
            name = reference.rpartition("/")[2] if isinstance(reference, str) else ""
            if name in types and name not in found:
                found.add(name)
                pending.append(types[name])
    return found


def _tags(registry: Registry) -> Iterator[dict[str, Any]]:
    used = {registry.tools[name].group for name in own_operations(registry)}
    for name, group in registry.groups.items():
        if name in used:
            told = (group.summary or group.title).strip()
            yield {"name": name, **({"description": told} if told else {})}


def _paths(registry: Registry, types: Types) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    ids: set[str] = set()
    for name, others in own_operations(registry).items():
        tool = registry.tools[name]
        identifier = name if tool.upstream is None else tool.upstream
        if identifier in ids:
            identifier = name
        ids.add(identifier)
        operation = _operation(registry, tool, identifier, others, types)
        paths.setdefault(tool.path, {})[tool.method.lower()] = operation
    return paths


def _operation(registry: Registry, tool: Tool, identifier: str, others: list[str], types: Types) -> dict[str, Any]:
    fields = {place: wire_fields(registry, tool, (place,)) for place in _PARAMETER_PLACES}
    operation: dict[str, Any] = {
        "operationId": identifier,
        "tags": [tool.group],
        "summary": tool.summary,
    }
    if told := "\n\n".join(_told(tool)):
        operation["description"] = told
    if tool.deprecated:
        operation["deprecated"] = True
    parameters = [_parameter(place, field) for place, found in fields.items() for field in found]
    key = tool.idempotency
    if key and key.place in ("header", "query") and key.name not in {item["name"] for item in parameters}:
        parameters.append(
            {
                "name": key.name,
                "in": key.place,
                "description": "The same key in every attempt of one call.",
                "schema": {"type": "string"},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    if tool.body:
        operation["requestBody"] = _body(registry, tool, types)
    if tool.server:
        operation["servers"] = [{"url": registry.server.others[tool.server]}]
    if tool.security is not None:
        operation["security"] = _alternatives(tool.security)
    operation["responses"] = {**_reply(tool, types), "default": _ERROR}
    operation["x-tool"] = {
        "name": tool.name,
        "full_name": tool.full_name,
        **({"aliases": list(tool.aliases)} if tool.aliases else {}),
        "class": tool.tool_class,
        "effects": list(tool.effects),
        **({"also": others} if others else {}),
    }
    if tool.sunset is not None:
        operation["x-sunset"] = tool.sunset
    return operation


def _told(tool: Tool) -> Iterator[str]:
    yield from filter(None, (tool.description, lifecycle(tool)))
    for constraint in tool.constraints:
        if len(wires := wire_names(tool, constraint.names)) > 1:
            yield RULES[constraint.rule].format(", ".join(wires))


def portable(schema: Any) -> Any:
    """Give a schema with only OpenAPI's keywords, and with references into the components."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        kinds = item.get("type", ())
        item.pop("untrusted", None)
        if item.pop("secret", False) and "string" in kinds:
            item.setdefault("format", "password")
        if "example" in item:
            item.setdefault("examples", [item.pop("example")])
        if "$ref" in item:
            item["$ref"] = COMPONENTS + item["$ref"].removeprefix(TYPES)
        return item

    return rewritten(schema, change)


def _described(field: WireField) -> Any:
    """Give the schema of a body field with the texts of its argument."""
    parameter = field.parameter
    extra: dict[str, Any] = {key: True for key in ("deprecated", "secret") if getattr(parameter, key)}
    # The texts of a friendly form do not describe the value that is sent.
    if parameter.shape is None:
        told = ("description", "default", "example")
        extra = {key: getattr(parameter, key) for key in told if key in parameter.given} | extra
    if not extra:
        return portable(field.schema)
    return portable({**(field.schema if isinstance(field.schema, dict) else {}), **extra})


def _parameter(place: str, field: WireField) -> dict[str, Any]:
    argument, style = field.parameter, field.parameter.style
    is_list = place == "query" and isinstance(field.schema, dict) and "array" in field.schema.get("type", ())
    parameter: dict[str, Any] = {
        "name": f"{field.name}[]" if is_list and style == "brackets" else field.name,
        "in": place,
    }
    if field.required:
        parameter["required"] = True
    if argument.description:
        parameter["description"] = argument.description
    if argument.deprecated:
        parameter["deprecated"] = True
    if argument.reserved:
        parameter["allowReserved"] = True
    schema = portable(field.schema)
    if "default" in argument.given and isinstance(schema, dict):
        schema = {**schema, "default": argument.default}
    if style == "json":
        parameter["content"] = {"application/json": {"schema": schema}}
    else:
        parameter |= _style(place, argument)
        parameter["schema"] = schema
    if "example" in argument.given and argument.shape is None:
        parameter["example"] = argument.example
    return parameter


def _style(place: str, argument: Parameter) -> dict[str, Any]:
    """Give the words of OpenAPI for a style: `comma` in a query is `form` without `explode`."""
    if place == "query":
        return _STYLES.get(argument.style, {})
    if place == "cookie":
        return {} if argument.explode or not argument.style else {"explode": False}
    found: dict[str, Any] = {} if argument.style in ("", "simple") else {"style": argument.style}
    return found | ({"explode": True} if argument.explode else {})


def _body(registry: Registry, tool: Tool, types: Types) -> dict[str, Any]:
    media_type = tool.media_type or _MEDIA_TYPES[tool.body or "json"]
    whole = next((item for item in tool.parameters.values() if item.place in WHOLE_BODY), None)
    if whole is not None:
        return {"required": whole.required, "content": {media_type: {"schema": portable(whole.schema)}}}
    fields = wire_fields(registry, tool, IN_BODY)
    required = [field.name for field in fields if field.required or field.parameter.needed_in_body]
    encodings = [tool.body or "json", *([tool.other_encoding] if tool.other_encoding else [])]
    content = {}
    for encoding in encodings:
        carried = [field for field in fields if _only(field, tool) in ("", encoding)]
        name = media_type if encoding == tool.body else _MEDIA_TYPES[encoding]
        content[name] = _media(encoding, carried, required, types)
    return {"required": bool(required) and not tool.optional_body, "content": content}


def _only(field: WireField, tool: Tool) -> str:
    """Give the one encoding that can carry a field; empty if all can."""
    is_file = field.parameter.place == "file" and tool.body != "multipart"
    return "multipart" if is_file else field.parameter.encoding


def _media(encoding: str, fields: list[WireField], required: list[str], types: Types) -> dict[str, Any]:
    needed = [field.name for field in fields if field.name in required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _part(field) for field in fields},
        **({"required": needed} if needed else {}),
    }
    if not fields:
        del schema["properties"]
    media: dict[str, Any] = {"schema": schema}
    encodings = {field.name: found for field in fields if (found := _encoding(encoding, field, types))}
    return media | ({"encoding": encodings} if encodings else {})


def _encoding(encoding: str, field: WireField, types: Types) -> dict[str, Any]:
    """Give the words of OpenAPI for how one field of a form or of multipart is written."""
    argument = field.parameter
    if encoding == "form":
        if argument.style == "json":
            return {"contentType": "application/json"}
        return {"style": "form", "explode": True} if argument.style == "keys" else dict(_STYLES.get(argument.style, {}))
    if encoding != "multipart":
        return {}
    if argument.media_type:
        return {"contentType": argument.media_type}
    if argument.place == "file" or not _is_composite(field.schema, types):
        return {}
    return {"style": "form"} if argument.style == "repeat" else {"contentType": "application/json"}


def _part(field: WireField) -> Any:
    if field.parameter.place != "file" or field.schema:
        return _described(field)
    return _described(WireField(field.name, _BINARY, field.required, field.parameter))


def _is_composite(schema: Any, types: Types) -> bool:
    """Say whether values may be arrays or objects, which multipart writes as JSON in one part."""
    schema = types.target(schema)
    if not isinstance(schema, dict):
        return True
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    kinds = schema.get("type", ())
    return (
        "array" in kinds
        or "object" in kinds
        or any(key in schema for key in ("properties", "items", "allOf"))
        or any(_is_composite(option, types) for option in options)
    )


def _reply(tool: Tool, types: Types) -> dict[str, Any]:
    returns = tool.returns
    status = "2XX" if returns.status is None else str(returns.status)
    if returns.content == "location":
        return {status: {"description": (returns.description or "The location of the result.").strip()}}
    if returns.schema is None:
        return {status: {"description": (returns.description or "Done. The reply has no body.").strip()}}
    schema = portable(_without_steps(tool, returns.schema, types))
    told = (returns.description or "The result.").strip()
    names = returns.media_types or ("application/json",)
    content = {name: {"schema": schema} if kind_of(name) == returns.content or "*" in name else {} for name in names}
    return {status: {"description": told, "content": content}}


def _without_steps(tool: Tool, schema: Any, types: Types) -> Any:
    """Give the schema of the reply to the request itself, without the fields that steps add to the result."""
    added = {step.id for step in tool.steps.after}
    if not added:
        return schema
    properties, required = types.record(schema)
    kept = {name: item for name, item in properties.items() if name not in added | {"unavailable"}}
    needed = [name for name in kept if name in required]
    return {"type": "object", "properties": kept, **({"required": needed} if needed else {})}


def _error(registry: Registry) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for path in registry.error_messages:
        place = schema
        for step in path.split("."):
            place.setdefault("type", "object")
            place = place.setdefault("properties", {}).setdefault(step, {})
        place |= {"type": "string", "description": "What is wrong."}
    return {"description": "The API refuses, or fails.", "content": {"application/json": {"schema": schema}}}


def _alternatives(given: tuple[tuple[str, ...], ...]) -> list[dict[str, list[Any]]]:
    return [{_scheme_name(name): [] for name in together} for together in given]


def _scheme_name(name: str) -> str:
    return "api_key" if name == USUAL_SCHEME else name


def _security(auth: Auth) -> dict[str, Any]:
    place, name, prefix = auth.place, auth.name, auth.prefix
    if auth.basic:
        return {"type": "http", "scheme": "basic"}
    if place == "header" and name.lower() == "authorization" and prefix == "Bearer ":
        return {"type": "http", "scheme": "bearer"}
    scheme: dict[str, Any] = {"type": "apiKey", "in": place, "name": name}
    return scheme | ({"description": f"The key, after `{prefix}`."} if prefix else {})


def _webhooks(described: Webhooks) -> Iterator[tuple[str, Any]]:
    digest = described.digest
    signature = {
        "name": described.header,
        "in": "header",
        "required": True,
        "description": f"`{described.signature}`, where the digest is the {digest.algorithm} "
        f"({digest.encoding}) of `{described.message}` under the API key.",
        "schema": {"type": "string"},
    }
    for name, event in described.events.items():
        yield (
            name,
            {
                "post": {
                    "summary": event.summary.strip(),
                    "security": [],
                    "parameters": [signature],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": portable(event.payload)}},
                    },
                    "responses": {"2XX": {"description": "Taken."}},
                }
            },
        )
