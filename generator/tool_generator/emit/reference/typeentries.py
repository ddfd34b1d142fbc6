"""Entries of shared types: name, meaning, fields; and which types a page needs.

Each type is written at most twice: once with links that stay on the page, and once with links to the reference page
(for a result on a tool's own page, which leaves out the types inside).

This module knows types. It must not know what else stands on a page.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tool_generator.emit.reference.markdown import blocks, heading, listed, slug
from tool_generator.emit.reference.notation import (
    COMBINATIONS,
    SHORT,
    Links,
    details,
    limits,
    notation,
    reachable,
    referred,
    samples,
    type_name,
)
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool


@dataclass(frozen=True, slots=True)
class TypeEntry:
    """The entry of a type. `kind` describes a type that is no plain object; it is empty for plain objects."""

    heading: str
    prose: str
    kind: str
    lines: tuple[str, ...]


@dataclass(slots=True)
class Catalogue:
    """The types of a registry, with a cache of the entries that were written."""

    types: Mapping[str, Any]
    edges: Mapping[str, tuple[str, ...]]
    headings: Mapping[str, str]
    _entries: dict[tuple[str, bool], TypeEntry] = field(default_factory=dict)

    @classmethod
    def of(cls, types: Mapping[str, Any]) -> "Catalogue":
        """Read the types' references to each other."""
        edges = {name: tuple(dict.fromkeys(referred(schema))) for name, schema in types.items()}
        return cls(types, edges, type_headings(types))

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return these types and all types that they need, in the order of the registry."""
        needed = set(reachable(names, self.edges))
        return [name for name in self.types if name in needed]

    def entry(self, name: str, links: Links) -> TypeEntry:
        """Return the entry of a type. Its links stay on the page, or lead off the page if `links.local` is empty."""
        key = name, links.local is None
        if key not in self._entries:
            self._entries[key] = _entry(self.headings[name], self.types[name], links)
        return self._entries[key]


def type_headings(names: Iterable[str]) -> dict[str, str]:
    """Return the heading of each type's entry. Every heading has its own anchor, whatever else stands on the page."""
    headings: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        title, number = f"Type {name}", 1
        while slug(title) in taken:
            number += 1
            title = f"Type {name} ({number})"
        taken.add(slug(title))
        headings[name] = title
    return headings


def short_enumerations(types: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types that are short enumerations; their values may replace their name."""
    return {
        name: schema
        for name, schema in types.items()
        if isinstance(schema, Mapping) and (0 < len(schema.get("enum", ())) <= SHORT or "const" in schema)
    }


def argument_types(tool: Tool) -> list[str]:
    """Return the types that a tool's parameters name."""
    return [name for parameter in tool.parameters.values() for name in referred(parameter.accepted)]


def result_types(tool: Tool, registry: Registry) -> list[str]:
    """Return the types that a tool's result names, the types within them, and for a page the types of its rows."""
    named, types = dict.fromkeys(referred(tool.returns.schema)), registry.types
    style = registry.page_style(tool)
    items = style.items.split(".")[0] if style else ""
    for name in list(named):
        named.update(dict.fromkeys(referred(types[name].get("properties", {}).get(items))))
    parts = list(named)
    for name in parts:
        schema = types[name]
        made_of = [part for key in COMBINATIONS for part in schema.get(key, ())]
        fresh = dict.fromkeys(part for part in map(type_name, made_of) if part is not None and part not in named)
        named.update(fresh)
        parts += fresh
    return parts


def off_page(links: Links) -> Links:
    """Return links that lead to the reference page for every type."""
    return replace(links, local=frozenset())


def on_page(links: Links) -> Links:
    """Return links that stay on the page for every type."""
    return replace(links, local=None)


def _entry(title: str, schema: Any, links: Links) -> TypeEntry:
    facts: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    prose = blocks(facts.get("description", ""))
    kind = notation(schema, links)
    plain = kind == "object" and "properties" in facts
    told = [*limits(schema), *samples(schema)]
    words = ["Deprecated."] if facts.get("deprecated") else []
    enumerated = len(facts.get("enum", ())) > SHORT
    lines = tuple(details(schema, links))
    if "allOf" in facts:
        words.append(_sum(facts, lines, links))
    elif not plain and not enumerated:
        words.append(f"{kind[0].upper()}{kind[1:]}.")
    return TypeEntry(heading(title), prose, " ".join(words + told), lines)


def _sum(schema: Mapping[str, Any], lines: Collection[str], links: Links) -> str:
    parts = listed(notation(part, links) for part in schema["allOf"] if type_name(part) is not None)
    if not parts:
        return ""
    return f"All fields of {parts}{', and these:' if lines else '.'}"
