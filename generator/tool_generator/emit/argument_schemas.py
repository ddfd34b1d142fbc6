"""One JSON Schema for the arguments of each tool, for models, editors and validators.

The schemas are draft 2020-12, and hold under `$defs` only the types that the tool needs. The root is one plain object
without combinators, because providers of models differ in which combinators they accept: the description states the
rules over several arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.emit.python.docstrings import lifecycle
from tool_generator.emit.python.python_types import uses
from tool_generator.model.schema_walk import rewritten
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Tool

DEFS = "#/$defs/"
RULES = {
    "exactly_one": "Give exactly one of {}.",
    "at_least_one": "Give at least one of {}.",
    "at_most_one": "Give at most one of {}.",
    "together": "Give all of {} or none.",
}


def tool_schemas(registry: Registry, notice: str) -> dict[str, dict[str, Any]]:
    """Give the schema of every tool's arguments by the tool's name. `notice` becomes the comment of each one."""
    types = {name: _portable(schema) for name, schema in registry.types.items()}
    edges = {name: uses(schema) for name, schema in registry.types.items()}
    return {name: _tool_schema(tool, types, edges, notice) for name, tool in registry.tools.items()}


def _tool_schema(tool: Tool, types: Mapping[str, Any], edges: Mapping[str, set[str]], notice: str) -> dict[str, Any]:
    properties = {}
    for name, parameter in tool.parameters.items():
        schema = _portable(parameter.accepted)
        schema = {} if schema is True else schema
        for key in ("description", "default", "deprecated"):
            if key in parameter.given:
                schema = {**schema, key: getattr(parameter, key)}
        if "example" in parameter.given:
            schema = {**schema, "examples": [parameter.example]}
        properties[name] = schema
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": notice,
        "title": tool.name,
        "description": description(tool),
        "type": "object",
        "properties": properties,
        "required": [name for name, parameter in tool.parameters.items() if parameter.required],
        "additionalProperties": False,
    }
    needed = _reachable(tool, edges)
    if needed:
        schema["$defs"] = {name: definition for name, definition in types.items() if name in needed}
    return schema


def description(tool: Tool) -> str:
    """Give the text that says what the tool does, and the rules over several arguments."""
    parts = [tool.summary, tool.description, lifecycle(tool)]
    parts += [RULES[constraint.rule].format(", ".join(constraint.names)) for constraint in tool.constraints]
    return "\n\n".join(part for part in parts if part)


def _reachable(tool: Tool, edges: Mapping[str, set[str]]) -> set[str]:
    """Give the names of the types that a tool's arguments need."""
    found: set[str] = set()
    pending: set[str] = set()
    for parameter in tool.parameters.values():
        pending |= uses(parameter.accepted)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending |= edges[name] - found
    return found


def _portable(schema: Any) -> Any:
    """Give a schema with standard keywords only and references into `$defs`."""

    def change(item: dict[str, Any]) -> dict[str, Any]:
        item.pop("secret", None)
        item.pop("untrusted", None)
        if "example" in item:
            item.setdefault("examples", [item.pop("example")])
        if "$ref" in item:
            item["$ref"] = DEFS + item["$ref"].removeprefix(TYPES)
        return item

    return rewritten(schema, change)
