"""What providers of models take as the schema of a tool's arguments: a checker, and no part of the program.

A client hands a tool of MCP on as it is, so one schema must keep the rules of all providers at once. The rules, as the
providers' pages gave them in November 2026:

- every one: an object at the root, no combinator there; names of tools and arguments of a few characters; no reference.
- openai: each part has a type or `anyOf`; an array has `items`; a few keywords are unknown.
- openai strict: what clients make of a schema before they ask for strict mode (every argument required, optional ones
  nullable, objects closed) must keep the limits: 10 levels, 5,000 arguments, 1,000 values of enums, 120,000 characters.
- anthropic: the schema is right by draft 2020-12.
- gemini: one type for each part, enums of strings, a small set of keywords.
"""

import re

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

AT_NO_ROOT = {"anyOf", "oneOf", "allOf", "not", "enum", "const", "if", "then", "else"}
TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
OPENAI_UNKNOWN = {
    "oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
    "unevaluatedProperties", "propertyNames", "contains", "prefixItems", "$ref", "$defs", "definitions",
}  # fmt: skip
GEMINI_KEYS = {
    "type", "format", "title", "description", "enum", "items", "maxItems", "minItems", "properties", "required",
    "minimum", "maximum", "minLength", "maxLength", "pattern", "anyOf", "additionalProperties", "default",
}  # fmt: skip


def problems(name, schema):
    """Return what any provider refuses of a tool, in words; nothing for a tool that all of them take."""
    found = [] if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) else [f"{name}: a name of other characters, or too long"]
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        found.append(f"{name}: no object with properties at the root")
    found += [f"{name}: {key} at the root" for key in AT_NO_ROOT & set(schema)]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return [*found, f"{name}: {error.message}"]
    parts = list(_parts(schema, name, 0))
    for path, part, _ in parts:
        found += [f"{path}: {problem}" for problem in _of_part(part)]
    return found + [f"{name}: {problem}" for problem in _of_strict(parts)]


def _parts(schema, path, depth):
    yield path, schema, depth
    children = [(f".{name}", part) for name, part in (schema.get("properties") or {}).items()]
    children += [("[]", schema[key]) for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    children += [("|", part) for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())]
    for step, part in children:
        yield from _parts(part, path + step, depth + (step != "|"))


def _of_part(part):
    kind = part.get("type")
    if "anyOf" not in part and kind not in TYPES:
        yield f"type is {kind!r}, and not one of the types"
    for key in OPENAI_UNKNOWN & set(part):
        yield f"{key}, which openai refuses"
    for key in set(part) - GEMINI_KEYS - OPENAI_UNKNOWN:
        yield f"{key}, which gemini does not know"
    if kind == "array" and not isinstance(part.get("items"), dict):
        yield "an array without items"
    if any(not isinstance(value, str) for value in part.get("enum", ())):
        yield "an enum of other values than strings, which gemini refuses"
    properties = part.get("properties") or {}
    for name in properties:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            yield f"the argument {name!r}, whose name anthropic refuses"
    for name in part.get("required", ()):
        if name not in properties:
            yield f"{name!r} is required, and no argument has that name"


def _of_strict(parts):
    names = [name for _, part, _ in parts for name in part.get("properties") or {}]
    values = [str(value) for _, part, _ in parts for value in part.get("enum", ())]
    if max(depth for *_, depth in parts) > 10:
        yield "more than 10 levels"
    if len(names) > 5_000:
        yield f"{len(names)} arguments"
    if len(values) > 1_000:
        yield f"{len(values)} values of enums"
    if sum(map(len, [*names, *values])) > 120_000:
        yield "names and values of more than 120,000 characters"
