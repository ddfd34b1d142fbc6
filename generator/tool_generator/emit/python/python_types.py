"""JSON Schemas as Python types: type expressions, TypedDict classes and aliases.

This module owns the mapping from schemas (as in the registry, with `#/types/…`) to Python. A `Module` collects the
definitions of one generated module in order. This module must not know about tools or about templates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.emit.python.literals import literal
from tool_generator.model.schema_walk import referred
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from tool_generator.emit.python.record_types import Types

_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_KINDS = {str: "str", int: "int", float: "float", bool: "bool", type(None): "None"}
# With more values, the message of a type checker would be too long to read.
_MAX_LITERAL_VALUES = 200
# An enum of so many values has a name of its own: in place, a formatter would give each value a line.
_NAMED_FROM = 5
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a TypedDict: `key` on the wire, the type expression, and the meaning."""

    key: str
    expression: str
    required: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition of generated code: a TypedDict with `fields`, or an alias for `expression`.

    `odd` are the fields that a class body cannot spell. They come from a base class in functional syntax, `odd_name`.
    `place` is the module that holds the definition. `copied` are the classes whose fields stand here too, because the
    class could not inherit from them as a whole.
    """

    name: str
    description: str
    bases: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    odd: tuple[Field, ...] = ()
    odd_name: str = ""
    expression: str = ""
    place: str = ""
    copied: tuple[str, ...] = ()


@dataclass(slots=True)
class Module:
    """The definitions of one generated module. Bases come before the classes that need them."""

    types: Types
    scope: identifiers.Scope
    open_enums: bool
    place: str = ""
    definitions: list[Definition] = field(default_factory=list)
    _enums: dict[tuple[str, str], str] = field(default_factory=dict)
    _defining: str = ""

    def define(self, name: str, schema: Any) -> None:
        """Add the definition of a named type."""
        description = _description(schema)
        is_nullable = isinstance(schema, dict) and "null" in schema.get("type", ())
        if self.types.is_class(schema) and not is_nullable:
            self._define_class(name, schema, description)
        else:
            self._defining = name
            expression = self.expression(schema, name)
            self._defining = ""
            self.definitions.append(Definition(name, description, expression=expression, place=self.place))

    def _define_class(self, name: str, schema: dict[str, Any], description: str) -> None:
        parts = schema.get("allOf", [])
        bases = self._bases(schema)
        if bases is None:
            properties, required = self.types.record(schema)
        else:
            properties, required = {}, set(schema.get("required", ()))
            for part in parts:
                if "$ref" not in part:
                    self.types.gather(part, properties, required)
            properties.update(schema.get("properties", {}))
        fields = [
            Field(
                key,
                self.expression(value, f"{name}{identifiers.class_name(key).rstrip('_')}"),
                key in required,
                _description(value),
            )
            for key, value in properties.items()
        ]
        copied = () if bases is not None else tuple(self._reference(part["$ref"]) for part in parts if "$ref" in part)
        self.add_class(name, description, tuple(bases or ()), fields, copied)

    def add_class(
        self,
        name: str,
        description: str,
        bases: tuple[str, ...],
        fields: Iterable[Field],
        copied: tuple[str, ...] = (),
    ) -> None:
        """Add a TypedDict class."""
        fields = list(fields)
        used = words(" ".join(item.expression for item in fields)) | {"Required"}
        odd = tuple(item for item in fields if not _is_plain(item.key, used))
        plain = tuple(item for item in fields if _is_plain(item.key, used))
        odd_name = self.scope.derive(f"_{name.lstrip('_')}Keys", name) if odd else ""
        self.definitions.append(
            Definition(name, description, bases, plain, odd, odd_name, place=self.place, copied=copied)
        )

    def _bases(self, schema: dict[str, Any]) -> list[str] | None:
        """Give the Python bases of a class made by `allOf`; None if inheritance cannot express it."""
        parts = schema.get("allOf", [])
        bases: list[str] = []
        seen: dict[str, Any] = {}
        needed: set[str] = set()
        for part in parts:
            if "$ref" not in part:
                continue
            target = self.types.schemas[part["$ref"].removeprefix(TYPES)]
            if not self.types.is_class(target):
                return None
            properties, required = self.types.record(target)
            if seen.keys() & properties.keys():
                return None
            seen |= properties
            needed |= required
            bases.append(self._reference(part["$ref"]))
        own: dict[str, Any] = dict(schema.get("properties", {}))
        wanted: set[str] = set(schema.get("required", ()))
        for part in parts:
            if "$ref" not in part:
                more, more_required = self.types.record(part)
                own |= more
                wanted |= more_required
        if seen.keys() & own.keys() or (wanted & seen.keys()) - needed:
            return None
        return bases

    def _reference(self, pointer: str) -> str:
        return self.types.names[pointer.removeprefix(TYPES)]

    def expression(self, schema: Any, hint: str) -> str:
        """Give the type expression of a schema. Objects within it become classes whose names begin with `hint`.

        Example: `{"type": ["string", "null"]}` -> `str | None`.
        """
        parts = list(dict.fromkeys(self._union(schema, hint)))
        if "Any" in parts or not parts:
            return "Any"
        if "float" in parts and "int" in parts:
            parts.remove("int")
        if "None" in parts:
            parts.remove("None")
            parts.append("None")
        return " | ".join(parts)

    def _union(self, schema: Any, hint: str) -> list[str]:
        if not isinstance(schema, dict):
            return ["Any"]
        if "$ref" in schema:
            return [self._reference(schema["$ref"])]
        if "const" in schema:
            return self._literals([schema["const"]])
        if "enum" in schema:
            return self._enum(schema, hint)
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if options and not schema.get("properties"):
            return [part for option in options for part in self._union(_narrowed(option, schema), hint)]
        if self.types.is_class(schema):
            nullable = ["None"] if isinstance(schema.get("type"), list) and "null" in schema["type"] else []
            return [self._inline(schema, hint), *nullable]
        if len(schema.get("allOf", ())) == 1:
            return self._union(schema["allOf"][0], hint)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not kinds:
            kinds = (
                ["array"]
                if "items" in schema
                else ["object"]
                if "additionalProperties" in schema or "allOf" in schema
                else []
            )
        return [self._kind(kind, schema, hint) for kind in kinds] or ["Any"]

    def _enum(self, schema: dict[str, Any], hint: str) -> list[str]:
        values = schema["enum"]
        found = self._literals(values)
        # One value alone is what tells the alternatives of a union apart: `str` would keep checkers from narrowing.
        is_open = self.open_enums and len(values) > 1 and not self.types.is_tag(schema)
        if is_open and any(isinstance(item, str) for item in values):
            found = [*(part for part in found if part != "None"), "str", *(part for part in found if part == "None")]
        if len(values) < _NAMED_FROM or hint == self._defining:
            return found
        expression = " | ".join(found)
        known = self.place, expression
        if known not in self._enums:
            name = self._enums[known] = self.scope.derive(hint, hint)
            self.definitions.append(Definition(name, "", expression=expression, place=self.place))
        return [self._enums[known]]

    def _inline(self, schema: dict[str, Any], hint: str) -> str:
        name = self.scope.derive(hint, hint)
        self._define_class(name, schema, _description(schema))
        return name

    def _literals(self, values: list[Any]) -> list[str]:
        allowed = [value for value in values if value is None or isinstance(value, (str, int, bool))]
        if len(allowed) < len(values) or len(allowed) > _MAX_LITERAL_VALUES:
            return list(dict.fromkeys(_KINDS.get(type(value), "Any") for value in values))
        plain = [literal(value) for value in allowed if value is not None]
        return ([f"Literal[{', '.join(dict.fromkeys(plain))}]"] if plain else []) + (
            ["None"] if None in allowed else []
        )

    def _kind(self, kind: str, schema: dict[str, Any], hint: str) -> str:
        if kind == "array":
            if "prefixItems" in schema:
                parts = [part for item in schema["prefixItems"] for part in self._union(item, f"{hint}Item")]
                return f"list[{'Any' if 'Any' in parts else ' | '.join(dict.fromkeys(parts))}]"
            return f"list[{self.expression(schema.get('items', {}), f'{hint}Item')}]"
        if kind == "object":
            return f"dict[str, {self.expression(schema.get('additionalProperties', {}), f'{hint}Value')}]"
        return _SCALARS[kind]


def words(text: str) -> set[str]:
    """Give the names in a type expression: `list[Call] | None` -> `{"list", "Call", "None"}`."""
    return set(re.findall(r"[A-Za-z_]\w*", _STRING.sub("", text)))


def _is_plain(key: str, used: set[str]) -> bool:
    """Say whether a class body can spell a key. Python mangles `__x` there.

    A key with a name that the annotations `used` would hide the thing of this name from them.
    """
    return identifiers.is_identifier(key) and not key.startswith("__") and key not in used


def _narrowed(option: Any, schema: dict[str, Any]) -> Any:
    """Give an option of a union the type of the union, if the option names no type."""
    if (
        isinstance(option, dict)
        and "type" in schema
        and not {"type", "$ref", "enum", "const", "anyOf", "oneOf"} & option.keys()
    ):
        return {**option, "type": schema["type"]}
    return option


def _description(schema: Any) -> str:
    return schema.get("description", "").strip() if isinstance(schema, dict) else ""


def ordered(definitions: list[Definition]) -> list[Definition]:
    """Put bases before the classes that inherit from them; keep the order otherwise."""
    by_name = {item.name: item for item in definitions}
    placed: dict[str, Definition] = {}

    def place(item: Definition) -> None:
        if item.name in placed:
            return
        for base in item.bases:
            if base in by_name:
                place(by_name[base])
        placed[item.name] = item

    for item in definitions:
        place(item)
    return list(placed.values())


def type_module(types: Types, places: Mapping[str, str] | None = None, given: AbstractSet[str] = frozenset()) -> Module:
    """Define all types of the registry in one namespace; `places` names the module of each type.

    `given` are types that callers pass and never get: their lists of values are closed, since a call with another value
    is refused. What the API answers may have a value that is newer than the spec.
    """
    scope = identifiers.Scope()
    for name, spelled in types.names.items():
        scope.claim(spelled, name)
    module = Module(types, scope, open_enums=True)
    for name, schema in types.schemas.items():
        module.place = identifiers.identifier((places or {}).get(name, "shared"))
        module.open_enums = name not in given
        module.define(types.names[name], schema)
    module.open_enums = True
    return module


def uses(schema: Any) -> set[str]:
    """Give the registry names of the types that a schema refers to."""
    return {pointer.removeprefix(TYPES) for pointer in referred(schema)}
