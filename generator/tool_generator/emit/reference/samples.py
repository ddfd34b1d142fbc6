"""Arguments for a tool whose spec gives no example: only what the tool requires.

This module knows registry entries. It must not know how calls are written.
"""

from collections.abc import Mapping
from typing import Any

from tool_generator.emit.reference.notation import type_name
from tool_runtime.core.tools import Parameter, Tool

_DEPTH = 8
_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None}


def example_arguments(tool: Tool, types: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for the required parameters, and for the first option of each `exactly_one`.

    The example of a parameter has priority over a value made from its schema.
    """
    wanted = [parameter.name for parameter in tool.parameters.values() if parameter.required]
    for constraint in tool.constraints:
        if constraint.rule == "exactly_one" and not any(name in wanted for name in constraint.names):
            wanted.append(constraint.names[0])
    return {name: _argument(parameter, types) for name, parameter in tool.parameters.items() if name in wanted}


def _argument(parameter: Parameter, types: Mapping[str, Any]) -> Any:
    if "example" in parameter.given:
        return parameter.example
    if parameter.place == "file":
        file = {"filename": f"{parameter.name}.txt", "text": "Hello."}
        return [file] if parameter.schema.get("type") == "array" else file
    return _value(parameter.name, parameter.accepted, types, _DEPTH)


def _value(name: str, schema: Any, types: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, Mapping) or not depth:
        return f"example_{name}"
    if (target := type_name(schema)) is not None:
        return _value(name, types[target], types, depth - 1)
    for key in ("const", "example", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for union in ("anyOf", "oneOf"):
        if schema.get(union):
            return _value(name, schema[union][0], types, depth - 1)
    if "allOf" in schema:
        parts = [_value(name, part, types, depth - 1) for part in schema["allOf"]]
        objects = [part for part in parts if isinstance(part, dict)]
        return {key: item for part in objects for key, item in part.items()} if objects else parts[0]
    return _typed(name, schema, types, depth)


def _typed(name: str, schema: Mapping[str, Any], types: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        members = schema.get("properties", {})
        return {key: _value(key, members.get(key, True), types, depth - 1) for key in schema.get("required", ())}
    if kind == "array":
        return [_value(name, schema.get("items", True), types, depth - 1) for _ in range(schema.get("minItems", 1))]
    if kind in ("integer", "number") and "minimum" in schema:
        return schema["minimum"]
    return _BY_TYPE.get(kind, f"example_{name}")
