"""Fields: what a schema says of the fields of an object, across references, `allOf` and unions.

Owns the reading of schemas as declarations: which names an object may have, and which of these are tags, that is
fields with fixed values. Must not know values, faults or the library that validates.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tool_runtime.values.references import TYPES

_UNIONS = ("anyOf", "oneOf")


class Fields:
    """Reads schemas that refer to the types of one registry; what was read once is kept."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types
        # Keyed by identity; the schema is kept beside the result, so that no other object gets its identity.
        self._tags: dict[int, tuple[Any, Mapping[str, tuple[Any, ...]]]] = {}

    def parts(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield a schema, what the schema refers to, and the members of each `allOf`: all that must hold together."""
        waiting, seen = [schema], set()
        while waiting:
            part = waiting.pop(0)
            if not isinstance(part, Mapping) or id(part) in seen:
                continue
            seen.add(id(part))
            yield part
            reference = part.get("$ref")
            if isinstance(reference, str):
                waiting.append(self._types.get(reference.removeprefix(TYPES)))
            waiting.extend(part.get("allOf", ()))

    def names(self, schema: Any) -> Mapping[str, Any]:
        """Return the schemas of all fields that an object may have, by name, the fields of unions included.

        {"allOf": [{"properties": {"a": A}}, {"anyOf": [{"properties": {"b": B}}]}]} -> {"a": A, "b": B}
        """
        found: dict[str, Any] = {}
        waiting, seen = [schema], set()
        while waiting:
            for part in self.parts(waiting.pop()):
                if id(part) not in seen:
                    seen.add(id(part))
                    for name, field in part.get("properties", {}).items():
                        found.setdefault(name, field)
                    waiting.extend(branch for keyword in _UNIONS for branch in part.get(keyword, ()))
        return found

    def required(self, schema: Any) -> frozenset[str]:
        """Return the names that an object must have, whichever branch of a union it is."""
        return frozenset(name for part in self.parts(schema) for name in part.get("required", ()))

    def tags(self, schema: Any) -> Mapping[str, tuple[Any, ...]]:
        """Return the fields with fixed values, and these values.

        {"properties": {"type": {"const": "prompt"}, "text": {"type": "string"}}} -> {"type": ("prompt",)}
        """
        known = self._tags.get(id(schema))
        if known is None:
            # A union that holds itself adds nothing to its own tags.
            self._tags[id(schema)] = (schema, {})
            known = self._tags[id(schema)] = (schema, self._read_tags(schema))
        return known[1]

    def _read_tags(self, schema: Any) -> Mapping[str, tuple[Any, ...]]:
        found: dict[str, tuple[Any, ...]] = {}
        for part in self.parts(schema):
            here = {name: self.fixed_values(field) for name, field in part.get("properties", {}).items()}
            for keyword in _UNIONS:
                branches = [self.tags(branch) for branch in part.get(keyword, ())]
                for name in branches[0] if branches else ():
                    if all(name in branch for branch in branches):
                        here[name] = distinct(value for branch in branches for value in branch[name])
            for name, values in here.items():
                if values and name not in found:
                    found[name] = values
                elif values:
                    narrowed = tuple(value for value in values if is_among(value, found[name]))
                    found[name] = narrowed or found[name]
        return found

    def fixed_values(self, schema: Any) -> tuple[Any, ...]:
        """Return the values that a schema lists, or nothing where other values fit: `{"const": 1}` -> `(1,)`."""
        for part in self.parts(schema):
            if "const" in part:
                return (part["const"],)
            if "enum" in part:
                return tuple(part["enum"])
        return ()

    def only_in_answers(self, name: str, arguments: Mapping[str, Any], result: Any) -> bool:
        """Tell whether a key that is no argument is a field that the API sets: `version` of `get_agent`'s answer.

        `arguments` holds what the tool takes, by name; `result` is the schema of what the tool, or the tool that reads
        the record, answers. The words for such a key are `SET_BY_API`.
        """
        return name not in arguments and name in self.names(result)


SET_BY_API = "is set by the API and is not an argument"


def is_same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal, as JSON Schema has it: 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def is_among(value: Any, values: tuple[Any, ...]) -> bool:
    """Tell whether a JSON value is one of several."""
    return any(is_same(value, other) for other in values)


def distinct(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return each value once, in the order of the first ones."""
    return tuple({json.dumps(value, sort_keys=True): value for value in values}.values())
