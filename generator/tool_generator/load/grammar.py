"""Checks values against the grammar of spec files, `spec.schema.json`.

The grammar is JSON Schema so that editors can use it. jsonschema-rs judges a file's value; what it refuses is put into
words here, with the nearest right key or value. A keyword without words of its own is named in the message, so every
refusal has a message. This module must not know what a tool is.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tool_generator.problems import nearest, quoted
from tool_runtime.values.explanations import located, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import Draft202012Validator, ValidationError

    Path_ = tuple[str | int, ...]

    class Emit(Protocol):
        """Takes one problem: its path, its message, and whether it stands at the key rather than at the value."""

        def __call__(self, path: Path_, message: str, /, *, at_key: bool = False) -> None:
            """Take the problem."""


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
}
_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
}
_LIMITS = {
    "minLength": "must have {} characters or more",
    "maxLength": "must not be longer than {} characters",
    "minItems": "must have {} items or more",
    "maxItems": "must have no more than {} items",
    "minProperties": "must have {} keys or more",
    "maxProperties": "must have no more than {} keys",
    "minimum": "must be {} or more, not {}",
    "maximum": "must be {} or less, not {}",
    "exclusiveMinimum": "must be more than {}, not {}",
    "exclusiveMaximum": "must be less than {}, not {}",
}


def is_type(value: object, name: str) -> bool:
    """Tell whether a JSON value is of a JSON Schema type."""
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    return isinstance(value, _TYPES[name])


@cache
def grammar() -> dict[str, Any]:
    """Give the grammar of spec files: from the installed package, or from the source tree it is developed in."""
    here = Path(__file__).resolve()
    for path in (here.parents[1] / "spec.schema.json", here.parents[3] / "spec" / "spec.schema.json"):
        if path.is_file():
            loaded: dict[str, Any] = json.loads(path.read_bytes())
            return loaded
    message = "spec.schema.json is missing from the installation"
    raise FileNotFoundError(message)


@cache
def _validator() -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(grammar(), offline=True)


def check(value: object, emit: Emit) -> None:
    """Check one file's value. `emit(path, message, at_key=…)` is called for every problem."""
    try:
        errors = [] if _validator().is_valid(value) else list(_validator().iter_errors(value))
    except ValueError:
        # The library reads 255 levels; the deepest schema that means something has a tenth of them.
        emit((), "the file is nested too deeply")
        return
    placed = [(located(value, error.instance_path, error.instance), error) for error in errors]
    mistyped = {path for path, error in placed if error.kind.name == "type"}
    for path, error in placed:
        # Of a value of a wrong type, nothing else is worth a message.
        if error.kind.name == "type" or path not in mistyped:
            for where, message, at_key in _told(error, path, value_at(value, path)):
                emit(where, message, at_key=at_key)


def _told(error: ValidationError, path: Path_, value: Any) -> Iterator[tuple[Path_, str, bool]]:
    """Yield each thing that is wrong: its path, the message, and whether it stands at the key."""
    rule, operand = error.kind.name, error.kind.value
    name = subject(path)
    if rule == "required" and error.schema_path[-1] == "dependentRequired":
        for key, needed in value_at(grammar(), error.schema_path).items():
            if key in value and operand in needed:
                yield (*path, key), f"{subject((*path, key))} needs {quoted(operand)} beside it", True
    elif rule == "required":
        yield path, f"{name} lacks the key {quoted(operand)}", True
    elif rule == "additionalProperties":
        known = value_at(grammar(), error.schema_path[:-1]).get("properties", {})
        for key in operand:
            yield (*path, key), f"{name} has no key {quoted(key)}{nearest(key, known)}", True
    elif rule == "propertyNames":
        key = operand.instance
        yield (*path, key), _value_message(operand, subject((*path, key)), key), True
    elif rule in ("oneOf", "anyOf"):
        words = "exactly one of" if rule == "oneOf" else "one of"
        keys = [key for item in value_at(grammar(), error.schema_path) for key in item.get("required", ())]
        yield path, f"{name} must have {words} {', '.join(keys)}", True
    elif rule == "uniqueItems":
        for index, item in enumerate(value):
            if any(same(item, earlier) for earlier in value[:index]):
                yield (*path, index), f"{name} has {shown(item)} twice", False
    else:
        yield path, _value_message(error, name, value), False


def _value_message(error: ValidationError, name: str, value: Any) -> str:
    rule, operand = error.kind.name, error.kind.value
    if rule == "type":
        hint = ": put the value in quotes" if "string" in operand and isinstance(value, (int, float)) else ""
        return f"{name} must be {' or '.join(_WORDS.get(item, item) for item in operand)}, not {shown(value)}{hint}"
    if rule == "enum":
        hint = nearest(value, [item for item in operand if isinstance(item, str)]) if isinstance(value, str) else ""
        return f"{name} must be one of {', '.join(map(str, operand))}, not {shown(value)}{hint}"
    if rule == "pattern":
        meant = value_at(grammar(), error.schema_path[:-1]).get("description", "").rstrip(".")
        return f"{name} is {shown(value)}, which does not match {operand}{': ' if meant else ''}{meant}"
    if rule == "minLength" and operand == 1:
        return f"{name} must not be empty"
    if rule in _LIMITS:
        return f"{name} {_LIMITS[rule].format(operand, shown(value))}"
    return f"{name} is {shown(value)}, which breaks {rule}"


def same(left: object, right: object) -> bool:
    """Tell whether two JSON values are equal; true and 1 are not."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def subject(path: Path_) -> str:
    """Name the place in a file that a message is about: `tools.get_call.path`, `the file` at the root."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step if step.isprintable() else quoted(step)}"
    return text.removeprefix(".") or "the file"


def shown(value: object) -> str:
    """Show a value in a message: as JSON, cut to a readable length."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - a readable length
