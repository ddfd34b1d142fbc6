"""Arguments for a tool whose spec gives no example: what the tool requires, with values that the schemas accept.

A value satisfies its schema as a whole: listed values, limits, lengths, patterns, formats, required fields, numbers of
items. Where a schema cannot be satisfied by what this module knows (a look-around in a pattern, a `not`), the value
comes near. An example of the spec has priority over any value made here.

This module knows registry entries. It must not know how calls are written.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tool_generator.emit.reference.notation import type_name
from tool_generator.emit.reference.pattern_texts import UnreadablePatternError, texts_of
from tool_runtime.core.tools import Parameter, Tool

_DEPTH = 8
_DEEPEST = 24
_FORMATS: Mapping[str, str] = {
    "date-time": "2030-01-31T09:00:00Z",
    "date": "2030-01-31",
    "time": "09:00:00Z",
    "duration": "P1D",
    "email": "{}@example.com",
    "idn-email": "{}@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/{}",
    "url": "https://example.com/{}",
    "iri": "https://example.com/{}",
    "uri-reference": "/{}",
    "uuid": "123e4567-e89b-42d3-a456-4266141740{:02d}",
    "json-pointer": "/{}",
    "regex": "{}",
    "byte": "SGVsbG8=",
}
# A number that rings nobody.
_NUMBERS = ("+14155550100", "4155550100")
_SCALARS = ("string", "integer", "number", "boolean", "object", "array", "null")


def example_arguments(tool: Tool, types: Mapping[str, Any]) -> dict[str, Any]:
    """Return values for the required parameters, and for what the rules over several parameters require."""
    wanted = [parameter.name for parameter in tool.parameters.values() if parameter.required]
    for constraint in tool.constraints:
        given = [name for name in constraint.names if name in wanted]
        if constraint.rule in {"exactly_one", "at_least_one"} and not given:
            wanted.append(constraint.names[0])
    for constraint in tool.constraints:
        if constraint.rule == "together" and any(name in wanted for name in constraint.names):
            wanted += constraint.names
    return {name: _argument(parameter, types) for name, parameter in tool.parameters.items() if name in wanted}


def _argument(parameter: Parameter, types: Mapping[str, Any]) -> Any:
    if "example" in parameter.given:
        return parameter.example
    if parameter.place == "file":
        file = {"filename": f"{parameter.name}.txt", "text": "Hello."}
        return [file] if parameter.schema.get("type") == "array" else file
    return sample(parameter.name, parameter.accepted, types)


def sample(name: str, schema: Any, types: Mapping[str, Any]) -> Any:
    """Return a value that a schema accepts. `name` is the name of the field: texts are made of the name.

    Example: `sample("agent_id", {"type": "string", "pattern": "^ag_[0-9]{3}$"}, {})` -> `"ag_111"`.
    """
    return _Maker(types).value(name, schema, 0, 0)


class _Maker:
    """Makes values. `index` tells apart the items of one list."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types

    def value(self, name: str, given: Any, depth: int, index: int) -> Any:
        if given is True or not isinstance(given, Mapping) or depth > _DEEPEST:
            return f"example_{name}"
        schema = self._flat(given, depth)
        stated = _stated(schema, index)
        if stated:
            return stated[0]
        match self._kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(name, schema, depth)
            case "integer" | "number" as kind:
                return _number(schema, index, whole=kind == "integer")
            case "boolean":
                return index % 2 == 0
            case "null":
                return None
            case _:
                return _text(name, schema, index)

    def _flat(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """Return a schema without references and combinators: parts joined, the first alternative chosen.

        Deep inside a value the alternative with the fewest demands is chosen, as only a type within itself is so deep.
        """
        flat: dict[str, Any] = {}
        name = type_name(schema)
        if name is not None:
            flat = self._flat(self._types.get(name, {}), depth + 1) if depth <= _DEEPEST else {}
        for part in schema.get("allOf", ()):
            flat = _both(flat, self._flat(part, depth + 1)) if isinstance(part, Mapping) else flat
        for union in ("anyOf", "oneOf"):
            options = [one for one in schema.get(union, ()) if isinstance(one, Mapping)]
            options = [one for one in options if one.get("type") != "null"] or options
            if options:
                chosen = min(options, key=self._weight) if depth > _DEPTH else options[0]
                flat = _both(flat, self._flat(chosen, depth + 1))
        own = {key: value for key, value in schema.items() if key not in {"$ref", "allOf", "anyOf", "oneOf"}}
        return _both(flat, own)

    def _weight(self, schema: Mapping[str, Any]) -> int:
        name = type_name(schema)
        resolved = self._types.get(name, {}) if name is not None else schema
        if not isinstance(resolved, Mapping):
            return 0
        return len(resolved.get("required", ())) + int(resolved.get("minItems", 0)) + ("allOf" in resolved)

    @staticmethod
    def _kind(schema: Mapping[str, Any]) -> str:
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        usable = [kind for kind in kinds if kind in _SCALARS and kind != "null"] or kinds
        if usable:
            return str(usable[0])
        if "properties" in schema or "required" in schema:
            return "object"
        if "items" in schema or "prefixItems" in schema:
            return "array"
        numeric = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
        return "number" if numeric & schema.keys() else "string"

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        members = schema.get("properties", {})
        names = list(dict.fromkeys(schema.get("required", ())))
        short = schema.get("minProperties", 0) - len(names)
        names += [name for name in members if name not in names][: max(0, short)]
        rest = schema.get("additionalProperties", True)
        names += [f"key_{number}" for number in range(1, schema.get("minProperties", 0) - len(names) + 1)]
        return {name: self.value(name, members.get(name, rest), depth + 1, 0) for name in names}

    def _array(self, name: str, schema: Mapping[str, Any], depth: int) -> list[Any]:
        places = schema.get("prefixItems", ())
        least = schema.get("minItems", len(places) or (0 if depth > _DEPTH else 1))
        count = min(max(least, 0 if depth > _DEPTH else 1), schema.get("maxItems", math.inf))
        items = schema.get("items", True)
        return [self.value(name, places[at] if at < len(places) else items, depth + 1, at) for at in range(int(count))]


def _stated(schema: Mapping[str, Any], index: int) -> list[Any]:
    """Return the value that a schema states by itself, in a list; empty if the schema states none."""
    if "const" in schema:
        return [schema["const"]]
    for key in ("example", "default"):
        if not index and key in schema and (schema[key] is not None or key == "example"):
            return [schema[key]]
    for key in ("examples", "enum"):
        values = [value for value in schema.get(key, ()) if value is not None] or list(schema.get(key, ()))
        if values:
            return [values[index % len(values)]]
    return []


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Join two schemas that both hold: fields and required names add up, of two limits the narrower one holds."""
    joined = {**one, **other}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = [*one["required"], *other["required"]]
    for keys, pick in (
        (("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
        (("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    ):
        joined |= {key: pick(one[key], other[key]) for key in keys if key in one and key in other}
    if "enum" in one and "enum" in other:
        joined["enum"] = [value for value in one["enum"] if value in other["enum"]] or one["enum"]
    return joined


def _number(schema: Mapping[str, Any], index: int, *, whole: bool) -> float:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    step = schema.get("multipleOf", 1)
    floor, ceiling = max(low, above), min(high, below)

    def fits(value: float) -> bool:
        return bool(low <= value <= high and above < value < below)

    start = max(1, floor) if floor != -math.inf else min(1, ceiling)
    first = math.ceil(start / step) * step if "multipleOf" in schema or whole else start
    candidates = [first + step * (index + more) for more in range(2)] + [
        first - step,
        0,
        (floor + ceiling) / 2,
        ceiling,
    ]
    found = next((value for value in candidates if math.isfinite(value) and fits(value)), first)
    return int(found) if whole and found == int(found) else found


def _text(name: str, schema: Mapping[str, Any], index: int) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    pattern, first = schema.get("pattern"), ""
    for text in _candidates(name, schema, index):
        first = first or text
        if least <= len(text) <= most and _matches(pattern, text):
            return text
    if isinstance(pattern, str):
        return first
    fitted = first.ljust(least, "x")
    return fitted if len(fitted) <= most else fitted[: max(0, int(most))]


def _candidates(name: str, schema: Mapping[str, Any], index: int) -> Iterator[str]:
    """Yield texts for a field, the nicest first."""
    number = f"_{index + 1}" if index else ""
    form = _FORMATS.get(schema.get("format", ""))
    if form is not None:
        yield form.format(index + 1 if "{:02d}" in form else f"{name}{number}")
    yield f"example_{name}{number}"
    yield f"{name}{number}"
    pattern = schema.get("pattern")
    if not isinstance(pattern, str):
        return
    yield from (text[: len(text) - 1] + str(index % 10) if index else text for text in _NUMBERS)
    try:
        texts = list(texts_of(pattern))
    except UnreadablePatternError:
        return
    # Items of a list differ where the pattern leaves room for that.
    fresh = list(dict.fromkeys(text for text in texts if _matches(pattern, text)))
    yield from fresh[index:]
    least = schema.get("minLength", 0)
    yield from (padded for text in fresh for padded in (text.ljust(least, "x"), text.rjust(least, "x")))
    yield from fresh[:index]


def _matches(pattern: Any, text: str) -> bool:
    if not isinstance(pattern, str):
        return True
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # An expression of another dialect: nothing here can tell.
        return True
