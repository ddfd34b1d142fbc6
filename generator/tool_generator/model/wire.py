"""The requests that the tools of a registry make, and the fields that each request carries.

This module owns how arguments become fields. An argument with a shape becomes the field that the shape fills. Two
arguments with the same wire name become one field. An argument that only steps use becomes no field. This module must
not know about OpenAPI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.compile.accepted_schema import any_of
from tool_runtime.values.templates import referred

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Parameter, Tool

# `steps` never leave the runtime; a spread consists of arguments that are parameters themselves.
_OUTSIDE = ("steps", "spread", "query_map")


@dataclass(frozen=True, slots=True)
class WireField:
    """One parameter or body field as it is sent. `parameter` is the argument that fills the field."""

    name: str
    schema: Any
    required: bool
    parameter: Parameter


def own_operations(registry: Registry) -> dict[str, list[str]]:
    """Give the tools that have an operation, each with the other tools that make the same request."""
    by_request: dict[tuple[str, str], list[str]] = {}
    for name, tool in registry.tools.items():
        if not any(parameter.raw for parameter in tool.parameters.values()):
            by_request.setdefault((tool.method, tool.path), []).append(name)
    found = {}
    for names in by_request.values():
        plainest = min(names, key=lambda name: _composition(registry.tools[name]))
        found[plainest] = [name for name in names if name != plainest]
    return {name: found[name] for name in registry.tools if name in found}


def _composition(tool: Tool) -> tuple[int, bool]:
    return len(tool.steps), tool.deprecated


def wire_fields(registry: Registry, tool: Tool, places: tuple[str, ...]) -> list[WireField]:
    """Give the fields that a tool sends in `places`, in order. Two arguments with one wire name are one field.

    Example: the arguments `voice` (with the shape `{form: {id: $}}`) and `voice_object`, both with `wire: voice`, give
    one field `voice`, whose schema is that of `voice_object`.
    """
    needed = {
        wires[0]
        for constraint in tool.constraints
        if constraint.rule == "exactly_one" and len(wires := wire_names(tool, constraint.names)) == 1
    }
    found: dict[str, WireField] = {}
    for parameter in tool.parameters.values():
        if parameter.place not in places:
            continue
        wire = parameter.wire
        form = _form(registry, parameter.shape)
        required = parameter.needed or wire in needed
        schema = parameter.schema if form is None else _formed(form, parameter.schema)
        if wire in found:
            known = found[wire]
            # The argument that takes the wire form has a more exact schema than the template of a friendly argument.
            keeps = form is not None
            found[wire] = WireField(
                wire,
                known.schema if keeps else schema,
                known.required or required,
                known.parameter if keeps else parameter,
            )
        else:
            found[wire] = WireField(wire, schema, required, parameter)
    return list(found.values())


def _form(registry: Registry, shape: Any) -> Any:
    """Give the template of a `form` shape; None for every other shape, whose schema is the wire schema already."""
    while isinstance(shape, str) or (isinstance(shape, dict) and "shape" in shape):
        shape = registry.shapes[shape if isinstance(shape, str) else shape["shape"]]
    return shape.get("form") if isinstance(shape, dict) else None


def _formed(form: Any, value: Any) -> Any:
    """Give the schema of the values that a template makes from `value`; null stays null.

    Example: the template `{"id": "$"}` and a string -> an object with the required string `id`.
    """
    kinds = value.get("type") if isinstance(value, dict) else None
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        value = {**value, "type": rest[0] if len(rest) == 1 else rest}
        return any_of([_template(form, value), {"type": "null"}])
    return _template(form, value)


def _template(form: Any, value: Any) -> Any:
    if form == "$":
        return value
    if isinstance(form, dict):
        required = [key for key, item in form.items() if referred(item) in (None, "")]
        properties = {key: _template(item, value) for key, item in form.items()}
        return {"type": "object", "properties": properties, "required": required}
    if isinstance(form, list):
        return {"type": "array", "items": any_of([_template(item, value) for item in form])}
    if referred(form) is not None or form is None:
        return {}
    kinds = {bool: "boolean", int: "number", float: "number", str: "string"}
    return {"type": kinds[type(form)]}


def wire_names(tool: Tool, members: Iterable[str]) -> list[str]:
    """Give the wire names of arguments, each once. An argument that only steps use has none."""
    parameters = (tool.parameters[name] for name in members)
    return list(dict.fromkeys(item.wire for item in parameters if item.place not in _OUTSIDE))
