"""Empty tables of Lua, which are `{}` whether a list or an object was meant.

Owns the choice by schema: an empty object becomes an empty list where the schema wants a list and takes no object.
"""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.tools import Tool
from tool_runtime.values.references import TYPES

DEEPEST = 60


def arguments_with_lists(tool: Tool, arguments: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, each as `with_lists` gives it by its parameter.

    What is spread into the body holds further parameters, so these are judged by their own schemas too.
    """
    fields = {wire: one.accepted for one in tool.parameters.values() for wire in (one.wire, one.name)}
    spread = {"type": "object", "properties": fields}
    schemas = {name: spread if one.place == "spread" else one.accepted for name, one in tool.names.items()}
    return {name: with_lists(value, schemas.get(name), types) for name, value in arguments.items()}


def with_lists(value: Any, schema: Any, types: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value in which empty objects are lists where the schema wants lists.

    Example: `{"tags": {}}` with `tags` an array -> `{"tags": []}`. What the schema says nothing about stays.
    """
    if depth > DEEPEST or not isinstance(value, dict | list):
        return value
    branches = list(_branches(schema, types, 0))
    if value == {}:
        kinds = {kind for branch in branches for kind in _kinds(branch)}
        return [] if "array" in kinds and "object" not in kinds else value
    if isinstance(value, list):
        items = [branch["items"] for branch in branches if isinstance(branch.get("items"), Mapping)]
        return [with_lists(item, {"anyOf": items}, types, depth + 1) for item in value]
    changed = {}
    for name, inner in value.items():
        schemas = [
            found
            for branch in branches
            for found in (branch.get("properties", {}).get(name, branch.get("additionalProperties")),)
            if isinstance(found, Mapping)
        ]
        changed[name] = with_lists(inner, {"anyOf": schemas}, types, depth + 1)
    return changed


def _kinds(branch: Mapping[str, Any]) -> set[str]:
    kind = branch.get("type")
    if kind is None:
        return {name for name, key in (("array", "items"), ("object", "properties")) if key in branch}
    return set(kind) if isinstance(kind, list) else {kind}


def _branches(schema: Any, types: Mapping[str, Any], depth: int) -> Any:
    """Give every schema without references and unions that a value may be judged by."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(TYPES):
        yield from _branches(types.get(reference.removeprefix(TYPES)), types, depth + 1)
    for union in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(union, ()):
            yield from _branches(part, types, depth + 1)
    if {"type", "items", "properties"} & schema.keys():
        yield schema
