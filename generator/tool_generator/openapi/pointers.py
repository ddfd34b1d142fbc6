"""JSON pointers and `$ref` within one document.

This module follows references to parameters, responses, bodies and path items, and gives names to the places that
schemas refer to. It follows local references only and fetches nothing. It must not know what a reference leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tool_generator.model.documents import REF, DocumentProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.model.documents import SecurityScheme

_MISSING: Any = object()
_COMPONENTS = "#/components/schemas/"


class Document:
    """The values of a document, and the problems that were seen in them."""

    def __init__(self, root: dict[str, Any], problems: list[DocumentProblem]) -> None:
        self.root = root
        self.problems = problems
        components = root.get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        self.components: dict[str, Any] = schemas if isinstance(schemas, dict) else {}
        # Schemas outside components that have a reference to them: the name made from the pointer, and the schema
        # itself.
        self.hoisted: dict[str, tuple[str, Any]] = {}
        self._names: dict[str, str] = {}
        self.schemes: dict[str, SecurityScheme] | None = None

    def malformed(self, place: str, message: str) -> None:
        """Record that the document is malformed at `place`."""
        self.problems.append(DocumentProblem(place, message, (), "malformed"))

    def note(self, place: str, message: str) -> None:
        """Record a part that is sound but that a tool cannot take over as meant."""
        self.problems.append(DocumentProblem(place, message))

    def resolve(self, value: Any, place: str) -> tuple[Any, str]:
        """Follow `$ref` to an object without `$ref`. Gives the object and its place; None after a recorded problem."""
        seen: set[str] = set()
        while isinstance(value, dict) and "$ref" in value:
            reference = value["$ref"]
            if not isinstance(reference, str):
                self.malformed(place, "has a $ref that is not a text")
                return None, place
            if reference in seen:
                self.malformed(place, f"{reference} refers to itself")
                return None, place
            seen.add(reference)
            found = self._at(reference)
            if found is _MISSING:
                self.malformed(place, self._lost(reference))
                return None, place
            value, place = found, reference
        return value, place

    def schema_reference(self, reference: Any, place: str) -> str | None:
        """Give the normalised form of a schema's `$ref`, or None after a problem was recorded."""
        if not isinstance(reference, str):
            self.malformed(place, "has a $ref that is not a text")
            return None
        if reference.startswith(_COMPONENTS):
            name = _unescaped(reference[len(_COMPONENTS) :])
            if name in self.components:
                return REF + name
        if reference in self._names:
            return REF + self._names[reference]
        found = self._at(reference)
        if found is _MISSING or reference == "#":
            self.malformed(place, self._lost(reference))
            return None
        if not isinstance(found, (dict, bool)):
            self.malformed(place, f"{reference} is not a schema")
            return None
        name = self._named(reference)
        self._names[reference] = name
        self.hoisted[name] = (reference, found)
        return REF + name

    def _named(self, reference: str) -> str:
        steps = [_unescaped(step) for step in reference.split("/")[1:]]
        words = [
            step
            for step in steps
            if step not in ("components", "schemas", "schema", "content", "properties", "$defs", "definitions", "paths")
            and "/" not in step
        ]
        base = "".join(part[:1].upper() + part[1:] for word in words[-3:] for part in _parts(word)) or "Schema"
        name, count = base, 1
        while name in self.components or name in self.hoisted:
            count += 1
            name = f"{base}{count}"
        return name

    def _lost(self, reference: str) -> str:
        if reference.startswith("#"):
            return f"{reference} leads nowhere"
        return f"{reference} is in another document, which is not read"

    def _at(self, reference: str) -> Any:
        if reference == "#":
            return self.root
        if not reference.startswith("#/"):
            return _MISSING
        value: Any = self.root
        for step in reference[2:].split("/"):
            key = _unescaped(step)
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(value):
                value = value[int(key[:9])]
            else:
                return _MISSING
        return value


def _parts(word: str) -> Iterator[str]:
    current = ""
    for character in word:
        if character.isascii() and character.isalnum():
            current += character
        elif current:
            yield current
            current = ""
    if current:
        yield current


def _unescaped(step: str) -> str:
    return unquote(step).replace("~1", "/").replace("~0", "~")
