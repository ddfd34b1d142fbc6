"""Values against schemas: the one seam to jsonschema-rs.

Owns the compiled validators, one for each schema of a registry, and the one change that is made to a value: a text
that holds the JSON object or list that is expected at its place is decoded, for language models send such texts.
Nothing else is coerced. What is refused is put into words by `explanations`, from the typed errors of the very
validator that refused: a second library would judge some values differently (a `$` before a line break, large
numbers), and then a refusal had no words. python-jsonschema takes 36 ms to load besides, this library takes 2 ms.

A compiled validator holds the types that its schema reaches and no others: the arguments of a dial compile in 1.2 ms
and the largest ones (123 types) in 2 ms; with all 343 types of a registry each would take 3.6 ms. References are never
looked up on a network.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tool_runtime.errors import Fault, SpecError
from tool_runtime.values.explanations import Explainer, shown, value_at
from tool_runtime.values.fields import Fields
from tool_runtime.values.references import TYPES
from tool_runtime.values.snapshots import MAX_FAULTS, decode, snapshot


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A schema and the validator made of it. `schema` is kept so that its identity stays a safe key."""

    schema: Any = field(repr=False)
    document: Any = field(repr=False)
    validator: Any = field(repr=False)


class Validator:
    """Validates values that are plain JSON (`values.snapshot`) against the schemas of one registry.

    `types` is what `#/types/NAME` refers to. Each schema object is compiled once. Every method raises `SpecError` for a
    schema that cannot be compiled.
    """

    def __init__(self, types: Mapping[str, Any]) -> None:
        self.fields = Fields(types)
        self._types = types
        self._direct: dict[str, frozenset[str]] = {}
        self._compiled: dict[int, _Compiled] = {}

    def check(self, schema: Any, value: Any, place: str) -> tuple[Any, list[Fault]]:
        """Return a value and its faults. Texts that hold the object or list that is expected are decoded in the value.

        Faults are empty exactly if the returned value fits the schema; `place` names the value in them.

            {"type": "array"}, '["a"]' -> ["a"], []
        """
        compiled = self._compile(schema)
        if _fits(compiled, value):
            return value, []
        faults: list[Fault] = []
        while not faults:
            try:
                errors = list(islice(compiled.validator.iter_errors(value), MAX_FAULTS))
            except UnicodeEncodeError:
                value = _readable(value)
                continue
            except ValueError:
                snapshot(value, place, faults)
                return value, faults or [Fault(place, "value", "is no JSON that can be checked")]
            findings = Explainer(compiled.document, self.fields, value).findings(errors)
            decoded = value
            for finding in findings:
                text = value_at(value, finding.path) if finding.expected else None
                if isinstance(text, str):
                    held = decode(text, finding.expected, place + shown(finding.path), faults)
                    decoded = decoded if held is None else _replaced(decoded, finding.path, held)
            if faults:
                break
            if decoded is value:
                faults = [finding.fault(place) for finding in findings[:MAX_FAULTS]]
                # A refusal never passes, even if the library should refuse without an error.
                faults = faults or [Fault(place, "value", "does not fit what is expected here")]
            elif _fits(compiled, decoded):
                return decoded, []
            value = decoded
        return value, faults

    def accepts(self, schema: Any, value: Any) -> bool:
        """Tell whether a value fits a schema as it is: nothing is decoded."""
        return _fits(self._compile(schema), value)

    def predicate(self, schema: Any) -> Callable[[Any], bool]:
        """Return the test of `accepts` for one schema, for values that are snapshots.

        The function is the library's own: 0.15 µs for the arguments of a dial, and 0.34 µs through `accepts`.
        """
        is_valid: Callable[[Any], bool] = self._compile(schema).validator.is_valid
        return is_valid

    def _compile(self, schema: Any) -> _Compiled:
        compiled = self._compiled.get(id(schema))
        if compiled is None:
            # Imported late: a process that calls nothing needs none of its 3.5 MB.
            from jsonschema_rs import Draft202012Validator

            document = schema
            if isinstance(schema, Mapping):
                document = {**schema, "types": {name: self._types[name] for name in self._reached(schema)}}
            try:
                validator = Draft202012Validator(document, offline=True)
            except ValueError as error:
                message = f"a schema of the registry cannot be compiled: {str(error).splitlines()[0]}"
                raise SpecError(message) from error
            compiled = self._compiled.setdefault(id(schema), _Compiled(schema, document, validator))
        return compiled

    def _reached(self, schema: Any) -> list[str]:
        """Return the names of the types that a schema refers to, directly or through other types."""
        reached: dict[str, None] = {}
        waiting = list(_references(schema))
        while waiting:
            name = waiting.pop()
            # An example may hold what looks like a reference; the library reports real ones that lead nowhere.
            if name not in reached and name in self._types:
                reached[name] = None
                if name not in self._direct:
                    self._direct[name] = frozenset(_references(self._types[name]))
                waiting.extend(self._direct[name])
        return list(reached)


def _fits(compiled: _Compiled, value: Any) -> bool:
    try:
        return bool(compiled.validator.is_valid(value))
    except UnicodeEncodeError:
        return bool(compiled.validator.is_valid(_readable(value)))
    except ValueError:
        # More than 255 levels, or no JSON at all.
        return False


def _readable(value: Any) -> Any:
    """Return a copy with `?` for each half of a surrogate pair, which the library cannot read.

    No snapshot holds such text. A body that the sandbox reads may: JSON can write it with an escape.
    """
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _references(schema: Any) -> Iterator[str]:
    """Yield the names of types that a schema refers to directly."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            reference = part.get("$ref")
            if isinstance(reference, str):
                yield reference.removeprefix(TYPES)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Return a copy of a value with another part at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy
