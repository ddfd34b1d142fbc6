"""A tool as each provider of models wants to be told of one, and a skeleton of a tool's arguments.

Owns the forms of the providers. What goes into a definition is the shallow schema, which has no reference and no
combinator at its root; a provider that takes less gets less. The rules, as the providers' own pages gave them in
November 2026:

- openai: `{"type": "function", "name", "description", "parameters", "strict"}`, a function of the Responses API. Names
  have letters, digits, `_` and `-`, 64 at most. `strict` is false: optional arguments may be left out.
- anthropic: `{"name", "description", "input_schema"}`. Names as above.
- gemini: a function declaration `{"name", "description", "parameters"}` with the subset of OpenAPI's schemas: one type,
  `nullable`, enums of strings, no `additionalProperties`.
- mcp: a tool `{"name", "title", "description", "inputSchema", "annotations"}`. The annotations say class and effects.
"""

import re
from collections.abc import Mapping
from typing import Any

from tool_runtime.core.tools import Parameter, Tool

PROVIDERS = ("openai", "anthropic", "gemini", "mcp")
_LONGEST_NAME = 64
_GEMINI_KEYS = frozenset({
    "description", "enum", "format", "items", "maxItems", "maximum", "minItems", "minimum", "nullable", "properties",
    "required", "type", "anyOf", "maxLength", "minLength", "pattern", "title",
})  # fmt: skip
_GEMINI_FORMATS = {"string": {"enum", "date-time"}, "number": {"float", "double"}, "integer": {"int32", "int64"}}


def tool_definition(tool: Tool, shallow: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """Return the definition of a tool for one of `PROVIDERS`. `shallow` is the tool's shallow schema."""
    name, description = provider_name(tool.name), _description(tool, shallow)
    schema = {key: value for key, value in shallow.items() if key != "description"}
    if provider == "openai":
        parameters = {**schema, "properties": schema.get("properties", {})}
        return {
            "type": "function", "name": name, "description": description, "parameters": parameters, "strict": False,
        }  # fmt: skip
    if provider == "anthropic":
        return {"name": name, "description": description, "input_schema": schema}
    if provider == "gemini":
        known: dict[str, Any] = {"name": name, "description": description}
        # An object without properties is refused.
        return known | ({"parameters": gemini_schema(schema)} if schema.get("properties") else {})
    return {
        "name": name, "title": tool.summary, "description": description, "inputSchema": schema,
        "annotations": annotations(tool),
    }  # fmt: skip


def annotations(tool: Tool) -> dict[str, bool]:
    """Return what MCP calls the annotations of a tool, from class and effects."""
    return {
        "readOnlyHint": tool.is_read,
        "destructiveHint": not tool.is_read and ("destroy" in tool.effects or tool.method in {"PUT", "PATCH"}),
        "idempotentHint": tool.is_read or tool.method in {"PUT", "DELETE"} or tool.idempotency is not None,
        "openWorldHint": True,
    }


def provider_name(name: str) -> str:
    """Return a name that every provider accepts: `a.b` -> `a_b`."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_LONGEST_NAME]


def _description(tool: Tool, shallow: Mapping[str, Any]) -> str:
    text = str(shallow.get("description") or tool.summary)
    kind = ", ".join((tool.tool_class, *tool.effects))
    return f"{text} ({kind})"


def gemini_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with only what a function declaration of Gemini takes.

    `{"type": ["string", "null"], "additionalProperties": false}` -> `{"type": "string", "nullable": True}`.
    """
    kept = {key: value for key, value in schema.items() if key in _GEMINI_KEYS}
    if kept.get("type") == "object" and not kept.get("properties"):
        # An object without properties is refused. Binding decodes a string that holds the JSON of an object.
        text = f"{kept.get('description', '')} A JSON object, as text.".strip()
        return {"type": "string", "description": text}
    kinds = kept.get("type")
    if isinstance(kinds, list):
        kept.pop("type")
        named = [kind for kind in kinds if kind != "null"]
        if "null" in kinds:
            kept["nullable"] = True
        if len(named) == 1:
            kept["type"] = named[0]
        elif named:
            kept["anyOf"] = [{"type": kind} for kind in named]
    if "enum" in kept:
        texts = [value for value in kept["enum"] if isinstance(value, str)]
        if None in kept["enum"]:
            kept["nullable"] = True
        kept.pop("enum")
        if texts and kept.get("type", "string") == "string":
            kept |= {"type": "string", "format": "enum", "enum": texts}
    if kept.get("format") not in _GEMINI_FORMATS.get(str(kept.get("type")), ()):
        kept.pop("format", None)
    if "properties" in kept:
        kept["properties"] = {name: gemini_schema(part) for name, part in kept["properties"].items()}
    if isinstance(kept.get("items"), Mapping):
        kept["items"] = gemini_schema(kept["items"])
    elif kept.get("type") == "array":
        kept["items"] = {"type": "string"}
    if "anyOf" in kept:
        parts = [gemini_schema(part) for part in kept["anyOf"]]
        if any(part.get("type") == "null" for part in parts):
            kept["nullable"] = True
        kept["anyOf"] = [part for part in parts if part.get("type") != "null"]
    return kept


def skeleton(tool: Tool, types: Mapping[str, Any], *, everything: bool = False) -> dict[str, Any]:
    """Return arguments to fill in: what is required, and with `everything` what is optional too.

    A value is the example of its parameter, or a blank of its type. Of arguments that exclude each other, the first.
    The idempotency key is left out: with a key in a file, every call of that file would count as the first one.
    """
    key = tool.idempotency.name if tool.idempotency is not None else None
    wanted = {name for name, one in tool.parameters.items() if one.required or (everything and one.wire != key)}
    for constraint in tool.constraints:
        if constraint.rule in {"exactly_one", "at_least_one"} and wanted.isdisjoint(constraint.names):
            wanted.add(constraint.names[0])
        elif constraint.rule in {"exactly_one", "at_most_one"}:
            wanted -= {name for name in constraint.names if name in wanted} - {constraint.names[0]}
    ordered = [parameter for name, parameter in tool.parameters.items() if name in wanted]
    ordered.sort(key=lambda parameter: not parameter.required)
    return {parameter.name: _example(parameter, types) for parameter in ordered if parameter.place != "spread"}


def _example(parameter: Parameter, types: Mapping[str, Any]) -> Any:
    if parameter.place == "file":
        return ["@path/of/the/file"] if parameter.schema.get("type") == "array" else "@path/of/the/file"
    return parameter.example if "example" in parameter.given else blank(parameter.accepted, types)


def blank(schema: Any, types: Mapping[str, Any], depth: int = 0) -> Any:
    """Return the emptiest value that a schema suggests: `{"type": "array"}` -> `[]`, an enum -> its first value.

    A number is the smallest one that is allowed, or 0.
    """
    from tool_runtime.values.references import type_name_of

    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if (name := type_name_of(schema)) is not None:
        return blank(types.get(name), types, depth + 1)
    for key in ("default", "example", "const"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("oneOf", "anyOf", "allOf"):
        if schema.get(key):
            parts = [blank(part, types, depth + 1) for part in schema[key]]
            if key != "allOf":
                return parts[0]
            return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    if kind == "object":
        required = schema.get("required", ())
        return {name: blank(schema.get("properties", {}).get(name), types, depth + 1) for name in required}
    least = max(0, schema.get("minimum", 0))
    return {"array": [], "string": "", "integer": least, "number": least, "boolean": False}.get(str(kind))


_DEEPEST = 12
