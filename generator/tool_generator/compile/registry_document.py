"""Compiles a sound spec into the registry: the public JSON format that the runtime reads and every output is made of.

This module owns the format of `registry.json`: keys, the order of keys, the defaults that are left out. It checks
nothing (the lint did), and must not know about Python or about files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.compile.parameters import IN_BODY, Parameter
from tool_generator.model import schema_walk
from tool_runtime.core.registry import FORMAT
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.load.spec import Entry, Spec

_PARAMETER_KEYS = (
    "wire_required", "description", "secret", "shape", "example", "default", "style", "explode", "reserved",
    "media_type", "encoding", "raw", "deprecated",
)  # fmt: skip
_FLAGS = ("secret", "raw", "deprecated", "explode", "reserved")
_TOOL_KEYS = (
    "reconcile", "retry", "timeout", "pagination", "steps", "returns", "resource", "deprecated", "sunset",
    "replaced_by", "examples",
)  # fmt: skip


def registry_of(
    spec: Spec, parameters: Mapping[str, dict[str, Parameter]], generated: dict[str, str]
) -> dict[str, Any]:
    """Give the registry of a spec without problems. `parameters` are the expanded parameters of every tool."""
    used = used_types(spec, parameters)
    registry: dict[str, Any] = {"$generated": generated, "registry": FORMAT, "api": spec.api}
    for section in ("server", "auth", "errors", "pagination", "waiters", "sync", "prompts"):
        if section in spec.sections:
            registry[section] = spec.sections[section].data
    if "webhooks" in spec.sections:
        registry["webhooks"] = _webhooks(spec.sections["webhooks"].data)
    if spec.shapes:
        registry["shapes"] = {name: _shape(entry.data) for name, entry in spec.shapes.items()}
    order = tool_order(spec)
    registry["groups"] = {
        name: {
            **{key: spec.groups[name].data[key] for key in ("title", "summary") if key in spec.groups[name].data},
            "tools": [tool for tool in order if spec.tools[tool].group == name],
        }
        for name in spec.api["groups"]
    }
    registry["tools"] = {name: _tool(spec.tools[name], spec, parameters[name]) for name in order}
    registry["types"] = {
        name: schema_walk.with_refs(entry.data, TYPES) for name, entry in spec.types.items() if name in used
    }
    if spec.resources:
        registry["resources"] = {name: entry.data for name, entry in spec.resources.items()}
    if spec.demo:
        registry["demo"] = spec.demo["demo"].data
    return registry


def tool_order(spec: Spec) -> list[str]:
    """List the tools in the order of the reference: by group, then in the order of the spec."""
    rank = {name: index for index, name in enumerate(spec.api["groups"])}
    return sorted(spec.tools, key=lambda name: rank.get(spec.tools[name].group, len(rank)))


def used_types(spec: Spec, parameters: Mapping[str, dict[str, Parameter]]) -> set[str]:
    """Give the names of the types that tools, shapes and resources use, directly or through other types."""
    start: set[str] = set()
    for tool in spec.tools.values():
        if not tool.whole:
            continue
        if "body" in tool.data:
            start.add(tool.data["body"]["$ref"])
        start.update(
            name for schema in _schemas(tool, parameters.get(tool.name, {})) for name in schema_walk.referred(schema)
        )
    for entry in spec.shapes.values():
        if entry.whole:
            start.update(name for _, schema in shape_schemas(entry.data) for name in schema_walk.referred(schema))
    start.update(name for schema in webhook_schemas(spec) for name in schema_walk.referred(schema))
    start.update(name for entry in spec.resources.values() for name in _type_names(entry.data, spec.types))
    return schema_walk.reachable(start, spec.schemas())


def _type_names(value: Any, types: Mapping[str, Any]) -> Iterator[str]:
    """Yield the type names that a resource mentions under `type`, `schema` or `$ref`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("type", "schema", "$ref") and isinstance(item, str) and item in types:
                yield item
            else:
                yield from _type_names(item, types)
    elif isinstance(value, list):
        for item in value:
            yield from _type_names(item, types)


def _schemas(tool: Entry, parameters: Mapping[str, Parameter]) -> Iterator[Any]:
    for parameter in parameters.values():
        yield parameter.data.get("schema", {})
        yield parameter.friendly
        for _, schema in shape_schemas(parameter.data.get("shape")):
            yield schema
    if "schema" in tool.data.get("returns", {}):
        yield tool.data["returns"]["schema"]


def shape_schemas(shape: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the schemas in a shape (the `when` of its cases), each with its path."""
    if not isinstance(shape, dict):
        return
    for index, case in enumerate(shape.get("cases", ())):
        yield (*path, "cases", index, "when"), case["when"]
    if "entries" in shape:
        yield from shape_schemas(shape["entries"], (*path, "entries"))
    for name, key in shape.get("keys", {}).items():
        yield from shape_schemas(key.get("shape"), (*path, "keys", name, "shape"))


def webhook_schemas(spec: Spec) -> Iterator[Any]:
    """Yield every schema of the webhooks: payloads, answers, and the requests of functions."""
    section = spec.sections.get("webhooks")
    if section is None or not section.whole:
        return
    for event in section.data["events"].values():
        yield from (event[key] for key in ("payload", "answer") if key in event)
    if "functions" in section.data:
        yield section.data["functions"]["payload"]


def _webhooks(section: dict[str, Any]) -> dict[str, Any]:
    events = {
        name: {
            **event,
            **{key: schema_walk.with_refs(event[key], TYPES) for key in ("payload", "answer") if key in event},
        }
        for name, event in section["events"].items()
    }
    compiled = {**section, "events": events}
    if "functions" in section:
        functions = section["functions"]
        compiled["functions"] = {**functions, "payload": schema_walk.with_refs(functions["payload"], TYPES)}
    return compiled


def _shape(shape: Any) -> Any:
    """Give a shape in the form of the registry: references become `#/types/…`, names of nested shapes stay."""
    if not isinstance(shape, dict):
        return shape
    copy = dict(shape)
    if "cases" in copy:
        copy["cases"] = [{**case, "when": schema_walk.with_refs(case["when"], TYPES)} for case in copy["cases"]]
    if "entries" in copy:
        copy["entries"] = _shape(copy["entries"])
    if "keys" in copy:
        copy["keys"] = {
            name: {**key, "shape": _shape(key["shape"])} if "shape" in key else key
            for name, key in copy["keys"].items()
        }
    return copy


def _tool(tool: Entry, spec: Spec, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    data = tool.data
    entry: dict[str, Any] = {
        "name": tool.name,
        "full_name": full_name(tool, spec),
        "aliases": data.get("aliases", []),
        "keywords": data.get("keywords", []),
        "group": tool.group,
        "class": data["class"],
        "effects": data.get("effects", []),
        **({"numbers": data["numbers"]} if "numbers" in data else {}),
        "method": data["method"],
        "path": data["path"],
    }
    for key in ("upstream", "summary", "description"):
        if key in data:
            entry[key] = data[key].strip()
    entry["parameters"] = {name: _parameter(parameter) for name, parameter in parameters.items()}
    if data.get("constraints"):
        entry["constraints"] = data["constraints"]
    has_body = data.get("has_body") or "body" in data or any(item.place in IN_BODY for item in parameters.values())
    entry["body"] = data.get("encoding", "json") if has_body else None
    for key in ("other_encoding", "media_type", "optional_body", "server", "security"):
        if key in data and data[key] is not False:
            entry[key] = data[key]
    if "idempotency" in data:
        entry["idempotency"] = idempotency(data)
    for key in _TOOL_KEYS:
        if key in data and data[key] is not False:
            entry[key] = data[key]
    if "schema" in data.get("returns", {}):
        entry["returns"] = {
            **data["returns"],
            "schema": schema_walk.with_refs(data["returns"]["schema"], TYPES),
        }
    return entry


def full_name(tool: Entry, spec: Spec) -> str:
    """Give the long name of a tool."""
    name: str = tool.data.get("full_name", f"{spec.api['name']}_{tool.name}")
    return name


def idempotency(data: Mapping[str, Any]) -> dict[str, Any]:
    """Give a tool's idempotency field in its long form: `key` -> `{"in": "body", "name": "key"}`."""
    given: Any = data["idempotency"]
    return {"in": "body", "name": given} if isinstance(given, str) else given


def _parameter(parameter: Parameter) -> dict[str, Any]:
    data = parameter.data
    entry: dict[str, Any] = {"in": parameter.place}
    if parameter.wire != parameter.name:
        entry["wire"] = parameter.wire
    if parameter.required:
        entry["required"] = True
    if data.get("needed_in_body"):
        entry["needed_in_body"] = True
    entry["schema"] = schema_walk.with_refs(data["schema"], TYPES)
    for key in _PARAMETER_KEYS:
        if key in data and not (data[key] is False and key in _FLAGS):
            entry[key] = _shape(data[key]) if key == "shape" else data[key]
    if isinstance(entry.get("description"), str):
        entry["description"] = entry["description"].strip()
    if parameter.spellings:
        entry["spellings"] = list(parameter.spellings)
    if "friendly" in data:
        entry["friendly"] = schema_walk.with_refs(data["friendly"], TYPES)
    return entry
