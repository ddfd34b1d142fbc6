"""The arguments of a call, out of the words of a shell.

Owns the order of sources: one JSON object (inline, `@file`, or standard input) is the base, and what is typed as a flag
or as `key=value` wins over the base. The same thing said twice is a fault, whichever way it was said, and so is a key
that stands twice in JSON. All faults are collected and raised at once. The binding of the call checks what the
arguments mean.
"""

import os
import select
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.typed_text import Types, Unreadable, read_file, read_json
from tool_runtime.surfaces.cli.words import Given, Names, Words
from tool_runtime.values.shapes import resolve_shape

EXAMPLE = """Give one JSON object ('{"limit": 5}', @file, or - for standard input), or --limit 5, or limit=5."""
NOT_MEANT = "If standard input is not meant for this command: </dev/null. To wait for a slow program: -."
# How long a pipe may be silent before a line on stderr says what is waited for.
PATIENCE = 2.0
# Programs start others with a pipe that nobody ever ends. Without `-`, such a pipe is refused and not waited for.
LONGEST_SILENCE = 30.0


def names_of(registry: Registry, tool: Tool) -> Names:
    """Return the names that the flags of a tool answer to."""
    types = Types(registry.types)

    def is_boolean(name: str) -> bool:
        return "boolean" in types.kinds(tool.names[name].accepted)

    return Names(tool.names, is_boolean)


def read_arguments(registry: Registry, tool: Tool, words: Words) -> dict[str, Any]:
    """Return the arguments that the words give.

    Raises `InvalidArguments`: a source cannot be read, is not JSON, is not an object; something is said twice.
    """
    base = _base(words, tool)
    collected = _Collected(registry, tool, base)
    for given in words.given:
        collected.add(given)
    if collected.faults:
        faults = tuple(collected.faults)
        message = f"{tool.name}: {'; '.join(map(str, faults))}"
        raise InvalidArguments(message, tool=tool.name, faults=faults)
    return collected.arguments


def _base(words: Words, tool: Tool) -> dict[str, Any]:
    source = words.source
    if source is None:
        text = _piped()
        return {} if text is None or not text.strip() else _object("standard input", text, NOT_MEANT)
    if source == "-":
        return _object("standard input", _standard_input())
    if source == "@":
        _refuse("@ names no file")
    if source.startswith("@"):
        try:
            text = read_file(source[1:])
        except Unreadable as error:
            _refuse(f"{source[1:]} {error}")
        return _object(source[1:], text)
    # A word that was never meant as JSON is named; JSON may be long, and hold what is not to be shown.
    label = f"the argument {source[:40]!r}" if source[:1] not in {"", "{", "["} else "the argument"
    found = _object(label, _utf8(source, "the argument"))
    return {name: _with_files(tool.names.get(name), value) for name, value in found.items()}


def _object(source: str, text: str, hint: str = EXAMPLE) -> dict[str, Any]:
    if not text.strip():
        _refuse(f"{source} is empty")
    try:
        value = read_json(text)
    except Unreadable as error:
        _refuse(f"{source} {error}", hint)
    if not isinstance(value, dict):
        _refuse(f"{source} is JSON, but not an object", hint)
    return value


def _piped() -> str | None:
    """Return what is piped in, or None where standard input is a terminal, is closed, or is nobody's pipe."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        # No file of the system: a stream that a program put in place.
        return _standard_input()
    if not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)):
        return None
    return _standard_input(LONGEST_SILENCE)


def _standard_input(longest: float | None = None) -> str:
    """Read all of standard input. A pipe that stays silent for `longest` seconds is refused."""
    if sys.stdin is None or sys.stdin.closed:
        _refuse("standard input is closed")
    if not _is_ready(min(PATIENCE, longest or PATIENCE)):
        output.note("waiting for arguments on standard input; to give none: </dev/null")
        if longest is not None and not _is_ready(longest):
            _refuse("standard input is an open pipe that gives nothing", NOT_MEANT)
    try:
        raw: bytes = sys.stdin.buffer.read()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse("standard input is not UTF-8 text")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(f"standard input cannot be read: {reason}")


def _is_ready(seconds: float) -> bool:
    """Say whether standard input has something to read, or has ended; True where nobody can say."""
    try:
        return bool(select.select([sys.stdin], [], [], seconds)[0])
    except (OSError, ValueError):
        return True


def _utf8(text: str, place: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(f"{place} is not UTF-8 text")
    return text


def _with_files(parameter: Parameter | None, value: Any) -> Any:
    """Return the value of a file parameter with `@path` as a path: `["@a.mp3"]` -> `[Path("a.mp3")]`."""
    if parameter is None or parameter.place != "file":
        return value
    if isinstance(value, list):
        return [_with_files(parameter, part) for part in value]
    return Path(value[1:]) if isinstance(value, str) and value.startswith("@") else value


class _Collected:
    """The arguments so far, and which places were said by a word."""

    def __init__(self, registry: Registry, tool: Tool, base: dict[str, Any]) -> None:
        self._tool, self._shapes = tool, registry.shapes
        self._types = Types(registry.types)
        self._names = names_of(registry, tool)
        self._said: dict[tuple[str, ...], str] = {}
        self.arguments = base
        self.faults: list[Fault] = []

    def add(self, given: Given) -> None:
        """Add one argument; append what is wrong with the argument to `faults`."""
        name, parts = self._place(given.name)
        parameter = self._tool.names.get(name)
        schema: Any = parameter.accepted if parameter is not None else {}
        path, here = [parameter.name if parameter is not None else name], schema
        for part in parts:
            key = self._types.spelled(here, part)
            here = self._shape_of(parameter, key) if len(path) == 1 else self._types.at(here, key)
            path.append(key)
        shown = ".".join(path)
        if self._is_twice(tuple(path), shown, given):
            return
        try:
            value = self._value(given, parameter if not parts else None, here)
        except Unreadable as error:
            self.faults.append(Fault(shown, "value", str(error)))
            return
        self._put(name, path, value, schema, shown)

    def _place(self, name: str) -> tuple[str, list[str]]:
        """Part a flag's name: `tasks[0].to-number` -> `("tasks", ["0", "to-number"])`."""
        if name in self._tool.names:
            return name, []
        head, *parts = name.replace("[", ".").replace("]", "").split(".")
        found = self._names.find(head)
        return (found or head.replace("-", "_")), parts

    def _shape_of(self, parameter: Parameter | None, key: str) -> Any:
        """Return what a shape says of one key of a friendly object: the forms that its cases take."""
        if parameter is None:
            return {}
        if parameter.shape is not None:
            entry = resolve_shape(parameter.shape, self._shapes).get("keys", {}).get(key, {})
            cases = resolve_shape(entry["shape"], self._shapes).get("cases", ()) if "shape" in entry else ()
            if cases:
                return {"anyOf": [case["when"] for case in cases]}
        return self._types.at(parameter.accepted, key)

    def _is_twice(self, path: tuple[str, ...], shown: str, given: Given) -> bool:
        for other, said in self._said.items():
            shorter = min(len(other), len(path))
            if other[:shorter] == path[:shorter]:
                also = "" if other == path else f", and in part: {said}"
                self.faults.append(Fault(shown, "conflict", f"is given twice{also}"))
                return True
        self._said[path] = given.said
        return False

    def _value(self, given: Given, parameter: Parameter | None, schema: Any) -> Any:
        if given.text is None:
            kinds = self._types.kinds(schema)
            if kinds and "boolean" not in kinds:
                message = f"needs a value: {given.said} VALUE"
                raise Unreadable(message)
            return True
        try:
            given.text.encode()
        except UnicodeEncodeError:
            raise Unreadable("is not UTF-8 text") from None
        if parameter is not None and parameter.place == "file":
            return self._file(given, parameter)
        if given.is_json:
            return read_json(read_file(given.text[1:]) if given.text.startswith("@") else given.text)
        return self._types.read(given.text, schema)

    def _file(self, given: Given, parameter: Parameter) -> Any:
        text = given.text or ""
        is_list = "array" in self._types.kinds(parameter.schema)
        if text.startswith("@"):
            path = Path(text[1:])
            return [path] if is_list else path
        if text.lstrip()[:1] in {"{", "["}:
            return _with_files(parameter, read_json(text))
        message = f"is a file: give its path as @path, such as {given.said} @{text or 'path'}"
        raise Unreadable(message)

    def _put(self, name: str, path: list[str], value: Any, schema: Any, shown: str) -> None:
        """Put a value where its path says, over what JSON said there."""
        names = self._tool.names
        parameter = names.get(name)
        same = [key for key in self.arguments if parameter is not None and names.get(key) is parameter]
        if len(path) == 1:
            for key in same:
                del self.arguments[key]
            self.arguments[name] = value
            return
        holder: Any = self.arguments
        at: Any = same[0] if same else name
        for part in path[1:]:
            inner = holder[at] if self._holds(holder, at) else None
            if inner is None:
                kinds = self._types.kinds(schema)
                inner = [] if part.isdigit() and "array" in kinds else {}
                self._set(holder, at, inner, shown)
            if not isinstance(inner, dict | list):
                self.faults.append(Fault(shown, "conflict", "stands inside a value that is no object"))
                return
            schema = self._types.at(schema, part)
            holder, at = inner, int(part) if isinstance(inner, list) and part.isdigit() else part
        self._set(holder, at, value, shown)

    @staticmethod
    def _holds(holder: Any, key: Any) -> bool:
        return key in holder if isinstance(holder, dict) else isinstance(key, int) and key < len(holder)

    def _set(self, holder: Any, key: Any, value: Any, shown: str) -> None:
        if isinstance(holder, dict) or (isinstance(key, int) and key < len(holder)):
            holder[key] = value
        elif key == len(holder):
            holder.append(value)
        else:
            self.faults.append(Fault(shown, "value", f"is no place in a list of {len(holder)}"))


def unfilled(tool: Tool, arguments: Mapping[str, Any]) -> list[Parameter]:
    """Return the required parameters that have no argument."""
    given = {tool.names[name].name for name in arguments if name in tool.names}
    return [one for one in tool.parameters.values() if one.required and one.name not in given]


def _refuse(message: str, hint: str = EXAMPLE) -> NoReturn:
    raise InvalidArguments(message, hint=hint)
