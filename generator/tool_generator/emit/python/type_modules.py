"""Definitions as modules: which file holds a definition, what a file imports, and the package that joins the files.

One package of modules stands for one namespace: `types/calls.py`, `types/agents.py`, … behind `types/__init__.py`. So
a change of one type changes the module of its group and no other. Classes may name each other across modules and in
circles: annotations name classes of other modules by the package, `_t.Agent`, and nobody reads annotations before the
whole package is there. Only base classes are imported by name.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tool_generator.emit.python.literals import docstring, literal
from tool_generator.emit.python.python_types import Definition, Field, ordered, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_TYPING = ("Any", "Literal", "Required", "TypeAlias", "TypedDict")
_PLAIN = frozenset({"Any", "Literal", "None", "bool", "float", "int", "str"})
_LINE, _SHORT = 118, 80
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?P<name>[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class TypeFile:
    """One module: its definitions, the bases that it imports by module, and whether it names the package `_t`."""

    name: str
    definitions: tuple[Definition, ...]
    bases: Mapping[str, tuple[str, ...]]
    names_package: bool


def type_files(definitions: Sequence[Definition], elsewhere: Iterable[str] = ()) -> list[TypeFile]:
    """Part definitions by their place, in the order of the places' names.

    `elsewhere` are names that stand in the package `_t` and are not among the definitions. A base class whose module
    needs this one first, directly or not, cannot be imported: its fields are copied then.
    """
    flat = _without_circles(definitions, {item.name: item for item in definitions})
    placed = {item.name: item for item in flat}
    files = []
    for place in sorted({item.place for item in flat}):
        # Lists of values first, together: alone between classes each would stand in five lines.
        own = sorted(ordered([item for item in flat if item.place == place]), key=lambda item: not _is_values(item))
        near = {item.name for item in own}
        far = (placed.keys() | set(elsewhere)) - near
        bases: dict[str, set[str]] = {}
        for base in (base for item in own for base in item.bases):
            if base in placed and base not in near:
                bases.setdefault(placed[base].place, set()).add(base)
        spelled = tuple(_by_package(item, far) for item in own)
        imports = {module: tuple(imported(bases[module])) for module in sorted(bases)}
        files.append(TypeFile(place, spelled, imports, "_t" in words(text_of(spelled))))
    return files


def _is_values(item: Definition) -> bool:
    return bool(item.expression) and words(item.expression) <= _PLAIN


def _by_package(item: Definition, far: AbstractSet[str]) -> Definition:
    """Name the classes of other modules by their package."""

    def renamed(fields: Iterable[Field]) -> tuple[Field, ...]:
        return tuple(replace(entry, expression=qualified(entry.expression, far)) for entry in fields)

    expression = qualified(item.expression, far)
    return replace(item, fields=renamed(item.fields), odd=renamed(item.odd), expression=expression)


def qualified(expression: str, names: AbstractSet[str]) -> str:
    """Name some classes of an expression by their package: `list[Call] | None` -> `list[_t.Call] | None`.

    The package has a short name with an underscore, which no field and no method can have.
    """
    return _TOKEN.sub(lambda match: f"_t.{match[0]}" if match["name"] in names else match[0], expression)


def imported(found: Iterable[str]) -> list[str]:
    """Give names in the order of import sorters: constants, then classes; upper and lower case count the same."""

    def rank(name: str) -> tuple[bool, list[tuple[int, str]], str]:
        parts = re.findall(r"\d+|\D+", name.lower())
        natural = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
        return not (name.isupper() and len(name) > 1), natural, name

    return sorted(found, key=rank)


def _without_circles(definitions: Sequence[Definition], placed: Mapping[str, Definition]) -> list[Definition]:
    needed: dict[str, set[str]] = {}
    flat = []
    for item in ordered(list(definitions)):
        bases, fields = [], list(item.fields)
        for base in item.bases:
            there = placed[base].place if base in placed else item.place
            if there == item.place or not _reaches(there, item.place, needed):
                bases.append(base)
                if there != item.place:
                    needed.setdefault(item.place, set()).add(there)
            else:
                fields = [*inherited(placed[base], placed), *fields]
        flat.append(replace(item, bases=tuple(bases), fields=tuple(fields)))
    return flat


def _reaches(start: str, goal: str, needed: Mapping[str, set[str]]) -> bool:
    pending, seen = [start], set()
    while pending:
        module = pending.pop()
        if module == goal:
            return True
        if module not in seen:
            seen.add(module)
            pending.extend(needed.get(module, ()))
    return False


def inherited(item: Definition, placed: Mapping[str, Definition]) -> Iterator[Field]:
    """Yield the fields of a class with those of its bases."""
    for base in item.bases:
        if base in placed:
            yield from inherited(placed[base], placed)
    yield from item.fields


def typing_of(definitions: Sequence[Definition]) -> list[str]:
    """List what a module imports from `typing` for its definitions."""
    found = words(text_of(definitions)) & {"Any", "Literal"}
    if any(item.expression for item in definitions):
        found.add("TypeAlias")
    if any((not item.expression and not item.bases) or item.odd for item in definitions):
        found.add("TypedDict")
    if any(entry.required for item in definitions for entry in (*item.fields, *item.odd)):
        found.add("Required")
    return [name for name in _TYPING if name in found]


def text_of(definitions: Iterable[Definition]) -> str:
    """Give all type expressions of some definitions as one text."""
    return " ".join(
        part
        for item in definitions
        for part in (item.expression, *(entry.expression for entry in (*item.fields, *item.odd)))
    )


def source_of(item: Definition) -> dict[str, Any]:
    """Turn a definition into source for the template."""

    def type_of(entry: Field) -> str:
        return f"Required[{entry.expression}]" if entry.required else entry.expression

    bases = [*((item.odd_name,) if item.odd else ()), *item.bases] or ["TypedDict"]
    return {
        "name": item.name,
        "expression": _alias(item.expression),
        "doc": docstring(item.description) if item.description else "",
        "bases": ", ".join(bases),
        "odd_name": item.odd_name,
        "odd_literal": literal(item.odd_name),
        "odd": [(literal(entry.key), literal(type_of(entry))) for entry in item.odd],
        "fields": [
            {
                "name": entry.key,
                "type": type_of(entry),
                "doc": docstring(entry.description) if entry.description else "",
            }
            for entry in item.fields
        ],
    }


def _alias(expression: str) -> str:
    """Write the value of an alias. In quotes it may name classes that come later, even itself."""
    if words(expression) <= _PLAIN:
        # One line: a formatter would give each value a line.
        return f"{expression}  # fmt: skip" if expression else ""
    return literal(expression)


def exported(names: Iterable[str]) -> str:
    """Give the source of `__all__`: the names without an underscore."""
    public = sorted(name for name in names if not name.startswith("_"))
    return f"{listed(public)}  # fmt: skip" if public else "[]"


def listed(names: Iterable[str]) -> str:
    """Give a list of names as source, filled line by line: one name a line would be a tenth of all generated lines."""
    text = ", ".join(f'"{name}"' for name in names)
    if len(text) <= _SHORT:
        return f"[{text}]"
    body = "\n".join(
        textwrap.wrap(
            text, _LINE, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    )
    return f"[\n{body},\n]"
