"""Entries of shared types: name, meaning, fields; and which types the tools need.

This module knows types. It must not know what else stands on a page.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import blocks, code, inline, listed
from tool_generator.emit.reference.notation import (
    SHORT,
    details,
    limits,
    notation,
    reachable,
    referred,
    samples,
    type_name,
)
from tool_generator.emit.reference.snippets import json_literal
from tool_runtime.core.registry import Registry


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """The entry of a type. `kind` describes a type that is no plain object; it is empty for plain objects."""

    prose: str
    kind: str
    lines: tuple[str, ...]


def short_enumerations(types: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types that are short enumerations; their values may replace their name."""
    return {
        name: schema
        for name, schema in types.items()
        if isinstance(schema, Mapping) and (0 < len(schema.get("enum", ())) <= SHORT or "const" in schema)
    }


def needed_types(registry: Registry, further: Iterable[str]) -> list[str]:
    """Return the types of all arguments and results, `further` types, and all that these need, in the spec's order."""
    types = registry.types
    edges = {name: tuple(dict.fromkeys(referred(schema))) for name, schema in types.items()}
    start = list(further)
    for tool in registry.tools.values():
        start += [name for parameter in tool.parameters.values() for name in referred(parameter.accepted)]
        start += referred(tool.returns.schema)
    needed = set(reachable(start, edges))
    return [name for name in types if name in needed]


def type_entry(schema: Any, types: Mapping[str, Any], links: Links) -> TypeEntry:
    """Return the entry of a type."""
    facts: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    prose = links.prose(blocks(facts.get("description", "")))
    kind = notation(schema, links)
    plain = kind == "object" and "properties" in facts
    sentences = [*limits(schema), *samples(schema)]
    words = ["Deprecated."] if facts.get("deprecated") else []
    enumerated = len(facts.get("enum", ())) > SHORT
    lines = tuple(details(schema, links))
    options = [type_name(one) for union in ("anyOf", "oneOf") for one in facts.get(union, ())]
    if len(options) > 1 and not lines and all(name is not None and name not in links.spelled for name in options):
        words.append("One of these:")
        lines = tuple(_option(name, types, links) for name in options if name is not None)
    elif "allOf" in facts:
        words.append(_sum(facts, lines, links))
    elif not plain and not enumerated:
        words.append(f"{kind[0].upper()}{kind[1:]}.")
    return TypeEntry(prose, " ".join(words + sentences), lines)


def _option(name: str, types: Mapping[str, Any], links: Links) -> str:
    """Return the line of one alternative: its type, the value that tells it from the others, what it is."""
    schema = types[name]
    text = schema.get("description", "") if isinstance(schema, Mapping) else ""
    tag = next(_tags(name, types, frozenset()), None)
    told = f" (where {code(tag[0])} is {code(json_literal(tag[1]))})" if tag else ""
    about = links.prose(inline(text.split("\n\n", 1)[0]))
    return f"- {links.to_type(name)}{told}" + (f": {about}" if about else "")


def _tags(name: str, types: Mapping[str, Any], above: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a type that have one value only: `("type", "end")`. Parts that the type joins count."""
    schema = types[name]
    if not isinstance(schema, Mapping) or name in above:
        return
    for part in (schema, *schema.get("allOf", ())):
        inside = type_name(part)
        if inside is not None:
            yield from _tags(inside, types, above | {name})
            continue
        fields: Mapping[str, Any] = part.get("properties", {}) if isinstance(part, Mapping) else {}
        for field, given in fields.items():
            if isinstance(given, Mapping):
                values = given.get("enum", [given["const"]] if "const" in given else [])
                if len(values) == 1:
                    yield field, values[0]


def type_page(name: str, entry: TypeEntry) -> str:
    """Return the page of a type; `name` is Markdown."""
    parts = (f"# {name}", entry.prose, entry.kind, "\n".join(entry.lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def _sum(schema: Mapping[str, Any], lines: Collection[str], links: Links) -> str:
    parts = listed(notation(part, links) for part in schema["allOf"] if type_name(part) is not None)
    if not parts:
        return ""
    return f"All fields of {parts}{', and these:' if lines else '.'}"
