"""Values against schemas: the one seam to jsonschema.

Owns what a fault of a value is called. A value is first looked over for what JSON cannot hold, since a validator takes
such values for granted; then the library judges it; then strings that hold the JSON object that was due are decoded
(models send those), and nothing else is coerced. Messages name places and accepted values and never the value itself,
which may be a secret.
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from tool_runtime.core.acceptance import Acceptor, Acceptors
from tool_runtime.core.errors import Fault
from tool_runtime.core.suggestions import nearest

MAX_DEPTH = 64
MAX_PARTS = 1_000_000
MAX_BITS = 256
QUICK_DEPTH = 2
QUICK_WIDTH = 64
_TYPE_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


class Validator:
    """Validates against the schemas of one registry document; validators are kept per schema object."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = types
        self._acceptors = Acceptors(types)
        self._quick: dict[int, Acceptor] = {}
        # Schemas are parts of the registry and live as long as it does, so their identity is a safe key.
        self._validators: dict[int, Any] = {}

    def check(self, schema: Mapping[str, Any], value: Any, path: str) -> tuple[Any, list[Fault]]:
        """Return the value (decoded where a string held the object that was due) and its faults."""
        faults = list(unsendable(value, path))
        return (value, faults) if faults else self.judge(schema, value, path)

    def judge(self, schema: Mapping[str, Any], value: Any, path: str) -> tuple[Any, list[Fault]]:
        """Do as `check` for a value that is known to be JSON."""
        faults: list[Fault] = []
        if self._acceptor(schema)(value):
            return value, faults
        validator = self._validator(schema)
        try:
            errors = list(validator.iter_errors(value))
            decoded = [(list(error.absolute_path), _decoded_object(error)) for error in errors]
            for place, new in decoded:
                if new is not None:
                    value = _replaced(value, place, new)
            if any(new is not None for _, new in decoded):
                faults = list(unsendable(value, path))
                errors = [] if faults else list(validator.iter_errors(value))
        except RecursionError:
            return value, [Fault(path, "value", "is nested too deeply")]
        faults.extend(fault for error in errors for fault in _describe(error, path))
        # The library reports each missing name of an object as an error of its own, and each tells them all; and a
        # value of the wrong type is not worth a second fault for not being among the allowed ones.
        mistyped = {fault.path for fault in faults if fault.code == "type"}
        kept = {(f.path, f.code): f for f in faults if f.code != "value" or f.path not in mistyped}
        return value, list(kept.values())

    def accepts(self, schema: Mapping[str, Any], value: Any) -> bool:
        """Tell whether a value fits a schema."""
        if self._acceptor(schema)(value):
            return True
        kind = schema.get("type")
        if isinstance(kind, str) and type_name(value) != kind and not isinstance(value, int | float):
            # Shapes ask about one type after another, and a plain mismatch need not be proved by the library.
            return False
        return bool(self._validator(schema).is_valid(value))

    def _acceptor(self, schema: Mapping[str, Any]) -> Acceptor:
        acceptor = self._quick.get(id(schema))
        if acceptor is None:
            acceptor = self._quick[id(schema)] = self._acceptors.compile(schema)
        return acceptor

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        validator = self._validators.get(id(schema))
        if validator is None:
            # Kept out of the module's imports: the library takes longer to load than the whole runtime.
            from jsonschema import Draft202012Validator

            validator = Draft202012Validator({**schema, "types": self._types})
            self._validators[id(schema)] = validator
        return validator


def unsendable(value: Any, path: str) -> Iterator[Fault]:
    """Find what JSON cannot hold: other Python types, NaN, keys that are no strings, broken text, endless nesting."""
    if _is_plainly_json(value, 0):
        return
    try:
        yield from _walk(value, path, 0, itertools.count())
    except OverflowError as error:
        yield Fault(path, "value", str(error))


def _is_plainly_json(value: Any, depth: int) -> bool:
    """Tell quickly what nearly every argument is: small, ASCII, of JSON's own types. The walk looks at the rest."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    if kind is bool or value is None:
        return True
    if kind is int:
        return bool(value.bit_length() <= MAX_BITS)
    # Bounded in depth and width, so that what holds itself is soon left to the walk.
    if depth > QUICK_DEPTH or kind not in (dict, list) or len(value) > QUICK_WIDTH:
        return False
    if kind is list:
        return all(_is_plainly_json(part, depth + 1) for part in value)
    for key, part in value.items():
        if type(key) is not str or not key.isascii() or not _is_plainly_json(part, depth + 1):
            return False
    return True


def _walk(value: Any, path: str, depth: int, visited: Iterator[int]) -> Iterator[Fault]:
    kind = type(value)
    if kind is str:
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                yield Fault(path, "value", "holds half a surrogate pair, which is no text")
    elif value is None or kind is bool:
        return
    elif kind is int:
        if value.bit_length() > MAX_BITS:
            yield Fault(path, "value", f"is a number of more than {MAX_BITS} bits")
    elif depth > MAX_DEPTH:
        # Raised, not yielded: an object that holds itself twice has more paths than anybody can walk.
        message = f"is nested deeper than {MAX_DEPTH} levels"
        raise OverflowError(message)
    elif isinstance(value, Mapping | list):
        if next(visited) > MAX_PARTS:
            message = f"holds more than {MAX_PARTS} objects and lists"
            raise OverflowError(message)
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            if isinstance(value, list):
                yield from _walk(part, f"{path}[{key}]", depth + 1, visited)
            elif isinstance(key, str):
                yield from _walk(key, f"{path} (a key)", depth, visited)
                yield from _walk(part, f"{path}.{key}", depth + 1, visited)
            else:
                yield Fault(path, "type", f"keys must be strings, found {type_name(key)}")
    elif kind is float:
        if not math.isfinite(value):
            yield Fault(path, "value", "must be a finite number")
    elif not isinstance(value, str | int | float):
        yield Fault(path, "type", f"{type_name(value)} is no JSON value")


def type_name(value: Any) -> str:
    """Return JSON's word for the type of a value; Python's where JSON has none."""
    return "null" if value is None else _TYPE_NAMES.get(type(value), type(value).__name__)


def decode_object(text: str) -> Any:
    """Return the JSON object that a string holds, or None."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _decoded_object(error: Any) -> Any:
    if not isinstance(error.instance, str):
        return None
    if error.validator == "type":
        due = [error.validator_value]
    elif error.validator in {"anyOf", "oneOf"}:
        due = [branch.validator_value for branch in error.context if branch.validator == "type" and not branch.path]
    else:
        return None
    return decode_object(error.instance) if any("object" in ([d] if isinstance(d, str) else d) for d in due) else None


def _replaced(value: Any, path: list[Any], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


def _place(base: str, path: Any) -> str:
    return base + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _describe(error: Any, base: str) -> Iterator[Fault]:
    path, rule, due = _place(base, error.absolute_path), error.validator, error.validator_value
    if rule == "required":
        for name in due:
            if name not in error.instance:
                yield Fault(f"{path}.{name}", "missing", "is required")
        return
    if rule == "type":
        names = due if isinstance(due, str) else " or ".join(due)
        yield Fault(path, "type", f"expected {names}, got {type_name(error.instance)}")
    elif rule in {"enum", "const"}:
        allowed = tuple(due) if rule == "enum" else (due,)
        near = (
            nearest(error.instance, [v for v in allowed if isinstance(v, str)])
            if isinstance(error.instance, str)
            else None
        )
        yield Fault(path, "value", f"is not one of {_listed(allowed)}", near, allowed)
    elif rule in {"anyOf", "oneOf"} and error.context:
        meant = _meant_branch(error.context)
        if meant:
            for inner in meant:
                yield from _describe(inner, base)
        else:
            forms = dict.fromkeys(_form(branch) for branch in error.context if not branch.path)
            yield Fault(path, "type", f"expected {' or '.join(forms)}, got {type_name(error.instance)}")
    elif rule == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in error.instance:
            if name not in known:
                yield Fault(f"{path}.{name}", "unknown", "is not a known field", nearest(name, known))
    else:
        yield Fault(path, "value", f"does not satisfy {rule}: {json.dumps(due)[:200]}")


def _meant_branch(context: list[Any]) -> list[Any]:
    """Return the errors of the branch that was probably meant, or nothing where no branch comes near.

    A branch whose tag (a field with fixed values) does not fit was not meant; of the others, the one with the fewest
    faults was. Where no tag fits, the fault of the deepest tag tells the most.
    """
    branches: dict[Any, list[Any]] = {}
    for error in context:
        branches.setdefault(error.relative_schema_path[0], []).append(error)
    inside = [errors for errors in branches.values() if all(e.path or e.validator == "required" for e in errors)]
    fitting = [errors for errors in inside if not any(e.validator in {"enum", "const"} for e in errors)]
    if fitting:
        return min(fitting, key=len)
    tags = [e for errors in inside for e in errors if e.validator in {"enum", "const"}]
    if not tags:
        return []
    allowed: list[Any] = []
    deepest = max(tags, key=lambda e: len(e.path))
    for tag in tags:
        if tag.absolute_path == deepest.absolute_path:
            due = tag.validator_value
            allowed.extend(v for v in (due if tag.validator == "enum" else [due]) if v not in allowed)
    return [_Tag(deepest.absolute_path, deepest.instance, allowed)]


class _Tag:
    """The fault of a tag that fits no branch, with the values of all branches."""

    validator = "enum"

    def __init__(self, path: Any, instance: Any, allowed: list[Any]) -> None:
        self.absolute_path, self.instance, self.validator_value = path, instance, allowed


def _form(branch: Any) -> str:
    if branch.validator == "type":
        due = branch.validator_value
        return due if isinstance(due, str) else " or ".join(due)
    if branch.validator in {"enum", "const"}:
        return _listed(branch.validator_value if branch.validator == "enum" else [branch.validator_value])
    return f"a value with {branch.validator} {json.dumps(branch.validator_value)[:80]}"


def _listed(values: Any, most: int = 12) -> str:
    shown = ", ".join(json.dumps(value) for value in list(values)[:most])
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")
