"""Annotations for the Lua language server, with which editors complete and check the tools in Lua: `<api>.lua`.

Every tool is a function in one table, under each of its names. Arguments and types are classes. Accounts are
namespaces with the same tools. The annotations describe what scripts see: a sent value may be `json.null`, a field of
a result that is null is absent, and an enumeration in a result may have further values.

Nobody runs the file, but it must be valid Lua. Texts stand in line comments, and no text can end its line: see
`_line`. This module knows the registry and LuaLS. It must not know about Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.emit.argument_schemas import RULES
from tool_generator.emit.python.docstrings import lifecycle
from tool_generator.emit.python.python_files import environment
from tool_generator.emit.python.python_types import uses
from tool_generator.emit.python.record_types import Types
from tool_generator.emit.reference.snippets import lua_literal
from tool_generator.identifiers import class_name
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Group, Tool

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYWORDS = frozenset(
    {
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
        "not", "or", "repeat", "return", "then", "true", "until", "while",
    }
)  # fmt: skip
_NULL = "json.null"
_SCALARS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": _NULL}
_MOST_VALUES = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table; every part is source."""

    name: str
    optional: bool
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Class:
    """A table with known fields; or, with `alias`, a name for a type."""

    name: str
    doc: tuple[str, ...]
    parents: str = ""
    fields: tuple[Field, ...] = ()
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A tool: `target` is its main place, `others` are its other places."""

    target: str
    doc: tuple[str, ...]
    deprecated: bool
    arguments: str
    optional: bool
    returns: str
    told: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """What stands together for one group of tools. So changes to the tools of two groups do not touch each other."""

    title: str
    classes: tuple[Class, ...]
    functions: tuple[Function, ...]


@dataclass(slots=True)
class _Writer:
    """Turns schemas into types, and collects the classes that the types need.

    `is_sent` says whether scripts send such values; `is_open` says whether an enumeration may have other values.
    """

    types: Types
    names: dict[str, str]
    is_sent: bool
    is_open: bool
    classes: list[Class] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def define(self, name: str, schema: Any) -> None:
        """Define a shared type."""
        if self.types.is_class(schema):
            self._define_class(self.names[name], schema)
        else:
            told = _block(schema.get("description", "")) if isinstance(schema, dict) else ()
            self.classes.append(Class(self.names[name], told, alias=self.type_of(schema, self.names[name])))

    def _define_class(self, name: str, schema: dict[str, Any]) -> None:
        references = [part["$ref"] for part in schema.get("allOf", ()) if "$ref" in part]
        properties: dict[str, Any] = {}
        required: set[str] = set()
        parents = []
        if all(self.types.is_class(self.types.target({"$ref": reference})) for reference in references):
            parents = [self.names[reference.removeprefix(TYPES)] for reference in references]
            for part in schema.get("allOf", ()):
                if "$ref" not in part:
                    self.types.gather(part, properties, required)
            properties |= schema.get("properties", {})
            required |= set(schema.get("required", ()))
        else:
            properties, required = self.types.record(schema)
        fields = tuple(self.field(key, item, key in required, name) for key, item in properties.items())
        self.classes.append(Class(name, _block(schema.get("description", "")), ", ".join(parents), fields))

    def field(self, key: str, schema: Any, required: bool, owner: str, told: str | None = None) -> Field:  # noqa: FBT001
        """Write one field; `told` replaces the description of the schema."""
        described = schema.get("description", "") if isinstance(schema, dict) else ""
        found = self._union(schema, f"{owner}.{class_name(key)}")
        dropped = not self.is_sent and _NULL in found
        kind = _union_of(part for part in found if not (dropped and part == _NULL))
        return Field(_key(key), dropped or not required, kind, _line(described if told is None else told))

    def type_of(self, schema: Any, hint: str) -> str:
        """Give the type of a schema. A table within it becomes a class whose name begins with `hint`."""
        return _union_of(self._union(schema, hint))

    def _union(self, schema: Any, hint: str) -> list[str]:
        if not isinstance(schema, dict):
            return ["any"]
        if "$ref" in schema:
            return [self.names[schema["$ref"].removeprefix(TYPES)]]
        if "const" in schema or "enum" in schema:
            return self._values([schema["const"]] if "const" in schema else schema["enum"])
        options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if options and not schema.get("properties"):
            return [part for option in options for part in self._union(option, hint)]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if self.types.is_class(schema):
            return [self._inline(schema, hint), *([_NULL] if "null" in kinds else [])]
        if len(schema.get("allOf", ())) == 1:
            return self._union(schema["allOf"][0], hint)
        if not kinds and "items" in schema:
            kinds = ["array"]
        return [self._kind(kind, schema, hint) for kind in kinds]

    def _values(self, values: list[Any]) -> list[str]:
        strings = [value for value in values if isinstance(value, str)]
        found = [_string(value) for value in strings] if len(strings) <= _MOST_VALUES else []
        kinds = {
            "boolean" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "any"
            for value in values
            if not isinstance(value, str) and value is not None
        } | ({_NULL} if None in values else set())
        # A value that cannot be written as a LuaLS literal is a string all the same.
        is_open = bool(strings) and (self.is_open or len(set(filter(None, found))) < len(set(strings)))
        return [*filter(None, found), *(["string"] if is_open else []), *sorted(kinds)]

    def _inline(self, schema: dict[str, Any], hint: str) -> str:
        name, count = hint, 1
        while name in self.taken:
            count += 1
            name = f"{hint}{count}"
        self.taken.add(name)
        self._define_class(name, schema)
        return name

    def _kind(self, kind: str, schema: dict[str, Any], hint: str) -> str:
        if kind == "array":
            items = schema.get("prefixItems") or [schema.get("items", {})]
            item = "|".join(dict.fromkeys(self.type_of(part, f"{hint}Item") for part in items))
            return f"({item})[]" if "|" in item else f"{item}[]"
        if kind == "object":
            return f"table<string, {self.type_of(schema.get('additionalProperties', {}), f'{hint}Value')}>"
        return _SCALARS[kind]


def lua_annotations(registry: Registry, notice: str) -> str:
    """Give the content of the annotation file; `notice` is the line that names its source."""
    api = registry.api
    types = Types(registry.types, {})
    names = {name: f"{api.name}.{class_name(name)}" for name in registry.types}
    taken = {*names.values(), *(_arguments(api.name, name) for name in registry.tools)}
    results = _Writer(types, names, is_sent=False, is_open=True, taken=taken)
    sent = _Writer(types, names, is_sent=True, is_open=True, taken=taken)
    arguments = _Writer(types, names, is_sent=True, is_open=False, taken=taken)
    given = _sent_types(registry)
    for name, schema in registry.types.items():
        (sent if name in given else results).define(name, schema)
    types_of_values = [*sent.classes, *results.classes]
    return (
        environment()
        .get_template("luals.lua.jinja")
        .render(
            notice=_line(notice),
            title=_line(api.title),
            name=api.name,
            classes=types_of_values,
            sections=[_section(registry, group, arguments, results) for group in registry.groups.values()],
        )
    )


def _section(registry: Registry, group: Group, given: _Writer, results: _Writer) -> Section:
    """Write the tools of one group, with the classes that only these tools use."""
    before = len(results.classes), len(given.classes)
    functions = tuple(_function(registry.tools[name], registry.api.name, given, results) for name in group.tools)
    classes = (*results.classes[before[0] :], *given.classes[before[1] :])
    return Section(_line(group.title), classes, functions)


def _arguments(prefix: str, tool: str) -> str:
    return f"{prefix}.{class_name(tool)}Arguments"


def _sent_types(registry: Registry) -> set[str]:
    """Give the names of the types that arguments are made of."""
    found: set[str] = set()
    pending = {
        name
        for tool in registry.tools.values()
        for parameter in tool.parameters.values()
        for name in uses(parameter.accepted)
    }
    while pending:
        name = pending.pop()
        found.add(name)
        pending |= uses(registry.types[name]) - found
    return found


def _function(tool: Tool, prefix: str, given: _Writer, results: _Writer) -> Function:
    name = tool.name
    arguments = _arguments(prefix, name)
    owner = f"{prefix}.{class_name(name)}"
    fields = tuple(
        given.field(key, parameter.accepted, parameter.required, owner, parameter.description)
        for key, parameter in tool.parameters.items()
    )
    given.classes.append(Class(arguments, (f"Arguments of `{name}`.",), fields=fields))
    reply = tool.returns.schema
    spellings = dict.fromkeys((*tool.aliases, tool.full_name))
    return Function(
        target=_member(name),
        doc=_block("\n\n".join(_told(tool))),
        deprecated=tool.deprecated,
        arguments=arguments,
        optional=not any(parameter.required for parameter in tool.parameters.values()),
        returns="" if reply is None else results.type_of(reply, f"{owner}Reply"),
        told=_line(tool.returns.description),
        others=tuple(_member(spelling) for spelling in spellings if spelling != name),
    )


def _told(tool: Tool) -> list[str]:
    effects = f": {', '.join(tool.effects)}" if tool.effects else ""
    rules = [
        RULES[constraint.rule].format(", ".join(f"`{name}`" for name in constraint.names))
        for constraint in tool.constraints
    ]
    parts = [tool.summary, tool.description, *rules, lifecycle(tool), f"({tool.tool_class}{effects})"]
    return [part for part in parts if part]


def _union_of(parts: Iterable[str]) -> str:
    found = list(dict.fromkeys(parts))
    if "any" in found or not found:
        return "any"
    if "number" in found and "integer" in found:
        found.remove("integer")
    return "|".join(found)


def _is_name(name: str) -> bool:
    return _NAME.match(name) is not None and name not in _KEYWORDS


def _member(name: str) -> str:
    return f"tools.{name}" if _is_name(name) else f"tools[{lua_literal(name)}]"


def _key(name: str) -> str:
    return name if _is_name(name) else f"[{lua_literal(name)}]"


def _string(value: str) -> str:
    """Write a string as a LuaLS literal; empty if the string has characters that need an escape."""
    return f'"{value}"' if value.isprintable() and not set('"\\`') & set(value) else ""


def _line(text: str) -> str:
    """Give a text on one line of printable characters: characters that would end a comment become spaces."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())


def _block(text: str) -> tuple[str, ...]:
    """Give the lines of a text. A line that LuaLS would read as an annotation is escaped as in Markdown."""
    lines = [_line(line) for line in text.strip().splitlines()]
    return tuple(f"\\{line}" if line.startswith(("@", "|")) else line for line in lines)
