"""Checks values against the grammar of spec files, `spec.schema.json`.

The grammar is JSON Schema so that editors can use it. Here it is compiled once into closures: that is several times
faster than a general validator, and a problem can name the nearest right key or value. Only the keywords that the
grammar uses are known; any other is an error at load, so the two can not drift apart. This module must not know what a
tool is.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    Path_ = tuple[str | int, ...]
    Check = Callable[[Any, Path_, "Emit"], None]

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
_SILENT = {"$schema", "$defs", "title", "description", "format"}


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
    for path in (here.with_name("spec.schema.json"), here.parents[2] / "spec" / "spec.schema.json"):
        if path.is_file():
            loaded: dict[str, Any] = json.loads(path.read_bytes())
            return loaded
    message = "spec.schema.json is missing from the installation"
    raise FileNotFoundError(message)


@cache
def _checker() -> Check:
    return _Compiler(grammar()).check


def check(value: object, emit: Emit) -> None:
    """Check one file's value. `emit(path, message, at_key=…)` is called for every problem."""
    _checker()(value, (), emit)


class _Compiler:
    """Compiles one schema document; references point to its `$defs`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._defs: dict[str, Check] = {}
        for name in document["$defs"]:
            self._defs[name] = self._later(name)
        compiled = {name: self.compile(schema) for name, schema in document["$defs"].items()}
        self._defs.update(compiled)
        self.check = self.compile(document)

    def _later(self, name: str) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            self._defs[name](value, path, emit)

        return run

    def compile(self, schema: dict[str, Any]) -> Check:
        checks: list[Check] = []
        for keyword, operand in schema.items():
            if keyword in _SILENT or keyword in ("then", "else"):
                continue
            maker = getattr(self, "_" + keyword.replace("$", ""), None)
            if maker is None:
                message = f"spec.schema.json uses {keyword}, which the generator does not check"
                raise LookupError(message)
            checks.append(maker(operand, schema))
        if len(checks) == 1:
            return checks[0]
        if "type" in schema:
            first, *rest = sorted(checks, key=lambda item: item.__name__ != "check_type")
            return _guarded(schema["type"], first, rest)

        def run(value: Any, path: Path_, emit: Emit) -> None:
            for item in checks:
                item(value, path, emit)

        return run

    def _ref(self, operand: str, _: dict[str, Any]) -> Check:
        return self._later(operand.removeprefix("#/$defs/"))

    def _type(self, operand: str | list[str], _: dict[str, Any]) -> Check:
        names = [operand] if isinstance(operand, str) else operand
        wanted = " or ".join(_WORDS.get(name, name) for name in names)

        def check_type(value: Any, path: Path_, emit: Emit) -> None:
            if not any(is_type(value, name) for name in names):
                emit(path, f"{subject(path)} must be {wanted}, not {shown(value)}")

        return check_type

    def _enum(self, operand: list[Any], _: dict[str, Any]) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if value not in operand:
                hint = nearest(value, operand) if isinstance(value, str) else ""
                choice = ", ".join(map(str, operand))
                emit(path, f"{subject(path)} must be one of {choice}, not {shown(value)}{hint}")

        return run

    def _properties(self, operand: dict[str, Any], schema: dict[str, Any]) -> Check:
        compiled = {name: self.compile(item) for name, item in operand.items()}
        closed = schema.get("additionalProperties") is False

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if not isinstance(value, dict):
                return
            for name, item in value.items():
                known = compiled.get(name)
                if known is not None:
                    known(item, (*path, name), emit)
                elif closed:
                    emit(
                        (*path, name),
                        f"{subject(path)} has no key {quoted(name)}{nearest(name, compiled)}",
                        at_key=True,
                    )

        return run

    def _additionalProperties(self, operand: Any, schema: dict[str, Any]) -> Check:  # noqa: N802
        if operand is False:
            return _nothing
        compiled = _nothing if operand is True else self.compile(operand)
        named = schema.get("properties", {})

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, dict):
                for name, item in value.items():
                    if name not in named:
                        compiled(item, (*path, name), emit)

        return run

    def _propertyNames(self, operand: dict[str, Any], _: dict[str, Any]) -> Check:  # noqa: N802
        compiled = self.compile(operand)

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, dict):
                for name in value:
                    compiled(name, (*path, name), lambda at, text, **_: emit(at, text, at_key=True))

        return run

    def _items(self, operand: dict[str, Any], _: dict[str, Any]) -> Check:
        compiled = self.compile(operand)

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, list):
                for index, item in enumerate(value):
                    compiled(item, (*path, index), emit)

        return run

    def _required(self, operand: list[str], _: dict[str, Any]) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, dict):
                for name in operand:
                    if name not in value:
                        emit(path, f"{subject(path)} lacks the key {quoted(name)}", at_key=True)

        return run

    def _pattern(self, operand: str, _: dict[str, Any]) -> Check:
        pattern = re.compile(operand)

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, str) and not (pattern.fullmatch(value) if "$" in operand else pattern.search(value)):
                emit(path, f"{subject(path)} is {shown(value)}, which does not match {operand}")

        return run

    def _size(self, operand: int, fits: Callable[[int, int], bool], kind: type, words: str) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if isinstance(value, kind) and not fits(len(value), operand):  # type: ignore[arg-type]
                emit(path, f"{subject(path)} {words.format(operand)}")

        return run

    def _minLength(self, operand: int, _: dict[str, Any]) -> Check:  # noqa: N802
        return self._size(operand, int.__ge__, str, "must not be empty")

    def _maxLength(self, operand: int, _: dict[str, Any]) -> Check:  # noqa: N802
        return self._size(operand, int.__le__, str, "must not be longer than {} characters")

    def _minItems(self, operand: int, _: dict[str, Any]) -> Check:  # noqa: N802
        return self._size(operand, int.__ge__, list, "must have {} items or more")

    def _minProperties(self, operand: int, _: dict[str, Any]) -> Check:  # noqa: N802
        return self._size(operand, int.__ge__, dict, "must have {} keys or more")

    def _maxProperties(self, operand: int, _: dict[str, Any]) -> Check:  # noqa: N802
        return self._size(operand, int.__le__, dict, "must have no more than {} keys")

    def _uniqueItems(self, operand: Any, _: dict[str, Any]) -> Check:  # noqa: N802
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if operand and isinstance(value, list):
                for index, item in enumerate(value):
                    if any(same(item, earlier) for earlier in value[:index]):
                        emit((*path, index), f"{subject(path)} has {shown(item)} twice")

        return run

    def _minimum(self, operand: float, _: dict[str, Any]) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if is_type(value, "number") and value < operand:
                emit(path, f"{subject(path)} must be {operand} or more, not {shown(value)}")

        return run

    def _maximum(self, operand: float, _: dict[str, Any]) -> Check:
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if is_type(value, "number") and value > operand:
                emit(path, f"{subject(path)} must be {operand} or less, not {shown(value)}")

        return run

    def _exclusiveMinimum(self, operand: float, _: dict[str, Any]) -> Check:  # noqa: N802
        def run(value: Any, path: Path_, emit: Emit) -> None:
            if is_type(value, "number") and value <= operand:
                emit(path, f"{subject(path)} must be more than {operand}, not {shown(value)}")

        return run

    def _if(self, operand: dict[str, Any], schema: dict[str, Any]) -> Check:
        condition = self.compile(operand)
        then = self.compile(schema.get("then", {}))
        otherwise = self.compile(schema.get("else", {}))

        def run(value: Any, path: Path_, emit: Emit) -> None:
            (then if _holds(condition, value) else otherwise)(value, path, emit)

        return run

    def _alternatives(self, operand: list[dict[str, Any]], fits: Callable[[int], bool], words: str) -> Check:
        compiled = [self.compile(item) for item in operand]
        keys = [key for item in operand for key in item.get("required", ())]

        def run(value: Any, path: Path_, emit: Emit) -> None:
            if not fits(sum(_holds(item, value) for item in compiled)):
                emit(path, f"{subject(path)} must have {words} {', '.join(keys)}", at_key=True)

        return run

    def _oneOf(self, operand: list[dict[str, Any]], _: dict[str, Any]) -> Check:  # noqa: N802
        return self._alternatives(operand, lambda count: count == 1, "exactly one of")

    def _anyOf(self, operand: list[dict[str, Any]], _: dict[str, Any]) -> Check:  # noqa: N802
        return self._alternatives(operand, lambda count: count > 0, "one of")

    def _dependentRequired(self, operand: dict[str, list[str]], _: dict[str, Any]) -> Check:  # noqa: N802
        def run(value: Any, path: Path_, emit: Emit) -> None:
            for name, needed in operand.items():
                for other in needed:
                    if isinstance(value, dict) and name in value and other not in value:
                        emit((*path, name), f"{subject((*path, name))} needs {quoted(other)} beside it", at_key=True)

        return run


def _nothing(_value: Any, _path: Path_, _emit: Emit) -> None:
    return


def _guarded(types: str | list[str], check_type: Check, rest: list[Check]) -> Check:
    names = [types] if isinstance(types, str) else types

    def run(value: Any, path: Path_, emit: Emit) -> None:
        if any(is_type(value, name) for name in names):
            for item in rest:
                item(value, path, emit)
        else:
            check_type(value, path, emit)

    return run


def _holds(check_: Check, value: object) -> bool:
    found: list[str] = []
    check_(value, (), lambda _path, text, **_: found.append(text))
    return not found


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
