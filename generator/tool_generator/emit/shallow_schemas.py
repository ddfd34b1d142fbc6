"""The arguments of each tool in a form that every provider of models takes: few kilobytes, few levels, no references.

Such a schema tells a model what to write. Binding checks the arguments against the full schema, so this form may say
less: it accepts at least what the full schema accepts, null excepted. What it keeps to, and who demands that:

| rule | who |
|---|---|
| the root is a plain object without `anyOf`, `oneOf`, `allOf`, `not`, `enum` | OpenAI, Anthropic: error 400 otherwise |
| no `$ref`, `$defs`, `const`, `allOf`, `oneOf`, `additionalProperties`; one `type` a schema, never a list | Gemini |
| `anyOf` stands alone in its schema, so a description stands in its first branch | Gemini on Vertex |
| `enum` holds strings only; `required` names only properties that are there; arrays say their `items` | Gemini |
| names of arguments and fields match `[a-zA-Z0-9_.-]{1,64}` | Anthropic |
| the description of the tool has at most 1,024 characters | OpenAI |
| the root is an object schema | MCP (`inputSchema`) |

Sources: the reference of `Schema` in the Gemini and Vertex APIs; the messages of OpenAI ("schema must have type
'object' and not have 'oneOf'/'anyOf'/… at the top level") and Anthropic ("input_schema does not support oneOf, allOf,
or anyOf at the top level"); Vertex ("When using any_of, it must be the only field set"); the MCP specification. An
object whose keys are free has no `properties`: Gemini 2.0 refused such objects, later ones take them.

This module must not know about files or surfaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.emit.argument_schemas import RULES
from tool_generator.emit.pretty import pretty
from tool_generator.emit.python.docstrings import lifecycle
from tool_runtime.values.references import type_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Parameter, Tool

LARGEST = 5_900
"""No file has more bytes than this."""
_DESCRIPTION = 1_000
_SHORT = 500
_FEW = 10
_FIRST = 60
_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}\Z")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SCALARS = ("string", "number", "boolean")


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much a schema says: levels of fields, characters of a description, values of an enumeration.

    `forms` says whether an object that is one alternative beside plain values shows its fields: callers who may write
    a plain value hardly need them.
    """

    levels: int
    characters: int
    values: int
    forms: bool = False


# From little to much.
_DETAILS = (
    _Detail(1, 0, 0),
    _Detail(1, 50, 6),
    _Detail(2, 0, 6),
    _Detail(2, 60, 20),
    _Detail(3, 120, 60),
    _Detail(3, 400, 60, forms=True),
)


def shallow_schemas(registry: Registry, notice: str) -> dict[str, str]:
    """Give the schema of every tool's arguments by the tool's name, as JSON. `notice` becomes its comment."""
    writers = [_Writer(registry.types, detail) for detail in _DETAILS]
    return {name: _small_enough(tool, writers, notice) for name, tool in registry.tools.items()}


def _small_enough(tool: Tool, writers: list[_Writer], notice: str) -> str:
    """Write the schema of a tool. If the whole is too large, every argument gets a little, and the first ones more."""
    arguments = {name: parameter for name, parameter in tool.parameters.items() if _NAME.match(name)}
    text = _written(tool, {name: writers[-1].argument(one) for name, one in arguments.items()}, notice, short=False)
    if len(text.encode()) <= LARGEST:
        return text
    order = sorted(arguments, key=lambda name: not arguments[name].required)
    least = {name: writers[0].argument(one) for name, one in arguments.items()}
    while (room := LARGEST - len(_written(tool, least, notice, short=True).encode())) < 0 and len(order) > 1:
        del least[order.pop()]
    chosen, steps = dict(least), dict.fromkeys(order, 0)
    sizes = {name: _size(schema) for name, schema in least.items()}
    for step, writer in enumerate(writers[1:], 1):
        for name in order:
            if steps[name] != step - 1:
                continue
            richer = writer.argument(arguments[name])
            growth = 0 if richer == chosen[name] else _size(richer) - sizes[name]
            if growth <= room:
                room -= growth
                sizes[name] += growth
                chosen[name], steps[name] = richer, step
    return _written(tool, {name: chosen[name] for name in arguments if name in chosen}, notice, short=True)


def _size(schema: dict[str, Any]) -> int:
    """Estimate the bytes of an argument's schema inside the file, not too few."""
    text = pretty(schema)
    return len(text.encode()) + 3 * text.count("\n")


def _written(tool: Tool, properties: dict[str, Any], notice: str, *, short: bool) -> str:
    required = [name for name, parameter in tool.parameters.items() if parameter.required and name in properties]
    schema: dict[str, Any] = {
        "$comment": notice,
        "type": "object",
        "description": _about(tool, short=short),
        "properties": properties,
    }
    return pretty(schema | ({"required": required} if required else {}))


def _about(tool: Tool, *, short: bool) -> str:
    """Give the description of a tool: the rules over arguments always, the rest as far as it fits."""
    rules = [RULES[one.rule].format(", ".join(one.names)) for one in tool.constraints]
    if short:
        rules.append(f"Details are left out here: read the docs of {tool.name}.")
    room = (_SHORT if short else _DESCRIPTION) - sum(len(part) + 1 for part in rules)
    text = " ".join(part for part in (tool.summary, tool.description, lifecycle(tool)) if part)
    return " ".join(part for part in (_cut(text, room), *rules) if part)[:_DESCRIPTION]


class _Writer:
    """Writes schemas with one amount of detail."""

    def __init__(self, types: Mapping[str, Any], detail: _Detail) -> None:
        self._types = types
        self.detail = detail
        self._known: dict[tuple[str, int], dict[str, Any]] = {}
        self._nullable: dict[str, bool] = {}

    def argument(self, parameter: Parameter) -> dict[str, Any]:
        """Give the schema of one argument."""
        text = parameter.description or self._described(parameter.accepted)
        schema = self.schema(parameter.accepted, self.detail.levels)
        characters = max(self.detail.characters, _FIRST if self.detail.levels > 1 else 0)
        return self._with(schema, text, self._null(parameter.accepted), characters)

    def schema(self, schema: Any, levels: int) -> dict[str, Any]:
        """Give a schema without its description. `levels` counts the levels of fields that may still be shown."""
        name = type_name_of(schema) if isinstance(schema, dict) else None
        if name is not None and (name, levels) in self._known:
            return self._known[name, levels]
        written: list[dict[str, Any]] = []
        for branch in self._branches(schema, frozenset()):
            one = self._plain(branch, levels)
            if one not in written:
                written.append(one)
        union = self._union(written)
        if name is not None:
            self._known[name, levels] = union
        return union

    def _union(self, written: list[dict[str, Any]]) -> dict[str, Any]:
        if not written:
            return {"anyOf": [{"type": kind} for kind in ("object", *_SCALARS)]}
        objects = [one for one in written if one.get("type") == "object"]
        if len(objects) > 1 or (objects and len(written) > 1 and not self.detail.forms):
            # Which fields belong together, only a combinator of many levels could say.
            written = [one for one in written if one not in objects[1:]]
            written[written.index(objects[0])] = {"type": "object"}
        written = _merged_enumerations(written)
        return written[0] if len(written) == 1 else {"anyOf": written}

    def _branches(self, schema: Any, above: frozenset[str]) -> Iterator[dict[str, Any]]:
        """Yield the alternatives of a schema, references followed, without null."""
        if not isinstance(schema, dict):
            return
        name = type_name_of(schema)
        if name is not None:
            if name not in above:
                yield from self._branches(self._types.get(name, {}), above | {name})
            return
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if options and "properties" not in schema:
            for option in options:
                yield from self._branches(option, above)
            return
        kinds = schema.get("type", _implied(schema))
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if kind == "any":
                yield from ({"type": one} for one in ("object", *_SCALARS))
            elif kind != "null":
                yield {**schema, "type": kind}

    def _plain(self, schema: dict[str, Any], levels: int) -> dict[str, Any]:
        kind = schema["type"]
        written: dict[str, Any] = {"type": kind}
        if kind == "array":
            return written | self._array(schema, levels)
        if kind == "object":
            return written | self._fields(schema, levels)
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if kind == "string" and values:
            texts = [value for value in values if isinstance(value, str)]
            if len(texts) <= self.detail.values:
                written["enum"] = texts
        for key in ("minimum", "maximum"):
            if kind in ("integer", "number") and key in schema:
                written[key] = schema[key]
        return written

    def _array(self, schema: dict[str, Any], levels: int) -> dict[str, Any]:
        places = schema.get("prefixItems")
        items = {"anyOf": places} if places else schema.get("items", True)
        written: dict[str, Any] = {"items": self.schema(items, levels)}
        return written | {key: schema[key] for key in ("minItems", "maxItems") if schema.get(key, 0) > 1}

    def _fields(self, schema: dict[str, Any], levels: int) -> dict[str, Any]:
        properties, required = self._parts(schema, frozenset())
        properties = {name: part for name, part in properties.items() if _NAME.match(name)}
        if not properties:
            return {}
        if levels <= 1:
            return {}
        fields = {
            name: self._with(
                self.schema(part, levels - 1), self._described(part), self._null(part), self.detail.characters
            )
            for name, part in properties.items()
        }
        needed = [name for name in dict.fromkeys(required) if name in fields]
        return {"properties": fields} | ({"required": needed} if needed else {})

    def _parts(self, schema: Any, above: frozenset[str]) -> tuple[dict[str, Any], list[str]]:
        """Give the fields of an object and the names of required ones, parts that are joined included."""
        if not isinstance(schema, dict):
            return {}, []
        name = type_name_of(schema)
        if name is not None:
            return ({}, []) if name in above else self._parts(self._types.get(name, {}), above | {name})
        properties: dict[str, Any] = {}
        required: list[str] = []
        for part in schema.get("allOf", ()):
            more, needed = self._parts(part, above)
            properties |= more
            required += needed
        return properties | schema.get("properties", {}), [*required, *schema.get("required", ())]

    def _described(self, schema: Any) -> str:
        """Give the description of a schema, or of the type that it names."""
        text, seen = "", set()
        while isinstance(schema, dict) and not text:
            text = str(schema.get("description", ""))
            name = type_name_of(schema)
            if name is None or name in seen:
                break
            seen.add(name)
            schema = self._types.get(name)
        return text

    def _null(self, schema: Any) -> bool:
        """Say whether a schema accepts null."""
        if not isinstance(schema, dict):
            return False
        name = type_name_of(schema)
        if name is not None:
            if name not in self._nullable:
                # A type that leads back to itself adds nothing the second time.
                self._nullable[name] = False
                self._nullable[name] = self._null(self._types.get(name))
            return self._nullable[name]
        kinds = schema.get("type", ())
        if "null" in ([kinds] if isinstance(kinds, str) else kinds) or None in schema.get("enum", ()):
            return True
        return any(map(self._null, (*schema.get("anyOf", ()), *schema.get("oneOf", ()))))

    @staticmethod
    def _with(schema: dict[str, Any], text: str, null: bool, characters: int) -> dict[str, Any]:  # noqa: FBT001 - private
        words = _cut(text, characters)
        if null and characters:
            words = f"{words} May be null.".strip()
        if not words:
            return schema
        if "anyOf" in schema:
            first, *others = schema["anyOf"]
            return {"anyOf": [{"type": first["type"], "description": words, **first}, *others]}
        return {"type": schema["type"], "description": words, **schema}


def _merged_enumerations(written: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop the listed values of strings where any string is taken too: one string schema says enough."""
    kept = list(written)
    if {"type": "string"} in kept:
        kept = [one for one in kept if one.get("type") != "string" or one == {"type": "string"}]
    return kept


def _implied(schema: dict[str, Any]) -> str:
    if "properties" in schema or "additionalProperties" in schema or "allOf" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {str}:
        return "string"
    if kinds and kinds <= {bool}:
        return "boolean"
    if kinds and kinds <= {int, float}:
        return "number"
    return "any"


def _cut(text: str, characters: int) -> str:
    """Give the first sentences of a text that fit; of a longer first sentence the first words."""
    text = " ".join(text.split())
    if len(text) <= characters:
        return text
    kept = ""
    for sentence in _SENTENCE.split(text):
        longer = f"{kept} {sentence}".strip()
        if len(longer) > characters:
            break
        kept = longer
    if kept or characters < _FEW:
        return kept
    return text[: characters - 1].rpartition(" ")[0].rstrip(",;:") + "…"
