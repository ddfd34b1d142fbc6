"""One JSON Schema for the arguments of each tool, for models, editors and validators.

Draft 2020-12, `$defs` within, only what is reachable. The root is one plain object without combinators, since model
providers differ in what else they take: rules over several arguments are told in the description.
"""

from __future__ import annotations

from typing import Any

from tool_generator.compile import POINTER
from tool_generator.docstrings import lifecycle
from tool_generator.python_types import uses
from tool_generator.schema_walk import rewritten

DEFS = "#/$defs/"
RULES = {
    "exactly_one": "Give exactly one of {}.",
    "at_least_one": "Give at least one of {}.",
    "at_most_one": "Give at most one of {}.",
    "together": "Give all of {} or none.",
}


def tool_schemas(registry: dict[str, Any], notice: str) -> dict[str, dict[str, Any]]:
    """Give the schema of every tool's arguments by the tool's name. `notice` becomes its comment."""
    types = {name: _portable(schema) for name, schema in registry["types"].items()}
    edges = {name: uses(schema) for name, schema in registry["types"].items()}
    return {name: _tool_schema(tool, types, edges, notice) for name, tool in registry["tools"].items()}


def _tool_schema(
    tool: dict[str, Any], types: dict[str, Any], edges: dict[str, set[str]], notice: str
) -> dict[str, Any]:
    properties = {}
    for name, parameter in tool["parameters"].items():
        schema = _portable(parameter.get("friendly", parameter["schema"]))
        schema = {} if schema is True else schema
        for key in ("description", "default", "deprecated"):
            if key in parameter:
                schema = {**schema, key: parameter[key]}
        if "example" in parameter:
            schema = {**schema, "examples": [parameter["example"]]}
        properties[name] = schema
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": notice,
        "title": tool["name"],
        "description": description(tool),
        "type": "object",
        "properties": properties,
        "required": [name for name, parameter in tool["parameters"].items() if parameter.get("required")],
        "additionalProperties": False,
    }
    needed = _reachable(tool, edges)
    if needed:
        schema["$defs"] = {name: definition for name, definition in types.items() if name in needed}
    return schema


def description(tool: dict[str, Any]) -> str:
    """Tell what the tool does, and the rules over several arguments."""
    parts = [tool["summary"], tool.get("description", ""), lifecycle(tool)]
    for constraint in tool.get("constraints", ()):
        for kind, members in constraint.items():
            parts.append(RULES[kind].format(", ".join(members)))
    return "\n\n".join(part for part in parts if part)


def _reachable(tool: dict[str, Any], edges: dict[str, set[str]]) -> set[str]:
    """Give the names of the types that a tool's arguments need."""
    found: set[str] = set()
    pending: set[str] = set()
    for parameter in tool["parameters"].values():
        pending |= uses(parameter.get("friendly", parameter["schema"]))
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
        if "example" in item:
            item.setdefault("examples", [item.pop("example")])
        if "$ref" in item:
            item["$ref"] = DEFS + item["$ref"].removeprefix(POINTER)
        return item

    return rewritten(schema, change)
