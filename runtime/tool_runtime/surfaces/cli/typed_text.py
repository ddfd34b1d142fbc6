"""Text from a shell, read by the type of the parameter that it is for.

`--limit 5` is the number 5 where the parameter is a number, and the text "5" where it is text. Where a type leaves a
choice, the reading that fewer texts fit goes first: null, true and false, numbers, JSON objects and lists, text.
Whoever means the word null for a parameter that may be null writes `key:="null"`. Where nothing is known of the type,
what is JSON is JSON, and everything else is text.

Knows schemas, and files as values (`@path`). Does not judge: whether a value fits is said by the binding of the call.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tool_runtime.values.fields import Fields

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = {"null": (None, "null"), "true": (True, "boolean"), "false": (False, "boolean")}


class Unreadable(ValueError):
    """A text that cannot be read; the message says why."""


def read_json(text: str) -> Any:
    """Return the value of a JSON text. Raises `Unreadable`, also for a key that stands twice, at any depth.

    Two values for one key have no meaning: a program that takes the last one calls another number than its user reads.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise Unreadable(message) from None
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except Unreadable:
        raise
    except ValueError as error:
        # Python refuses numbers of thousands of digits with a ValueError of its own.
        message = f"is not usable JSON: {error}"
        raise Unreadable(message) from None


def _refuse_constant(name: str) -> Any:
    message = f"holds {name}, and {name} is not JSON"
    raise Unreadable(message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"holds the key {twice[:80]!r} twice"
        raise Unreadable(message)
    return found


def read_file(path: str) -> str:
    """Return the text of a file. Raises `Unreadable`."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"cannot be read: {reason}"
        raise Unreadable(message) from None


class Types:
    """Reads texts by the schemas of one registry."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._fields = Fields(types)

    def kinds(self, schema: Any) -> frozenset[str]:
        """Return the JSON types that a schema takes; none where it says nothing of them.

        Example: `{"anyOf": [{"type": "string"}, {"const": 1}]}` -> `{"string", "integer"}`.
        """
        return self._kinds(schema, ())

    def _kinds(self, schema: Any, within: tuple[int, ...]) -> frozenset[str]:
        found: frozenset[str] | None = None
        for part in self._fields.parts(schema):
            if id(part) in within:
                continue
            for here in self._of(part, (*within, id(part))):
                if here:
                    found = here if found is None else (found & here or found)
        return found or frozenset()

    def _of(self, part: Mapping[str, Any], within: tuple[int, ...]) -> Iterable[frozenset[str]]:
        if "const" in part or "enum" in part:
            yield frozenset(map(_kind, [part["const"]] if "const" in part else part["enum"]))
        elif "type" in part:
            yield frozenset([part["type"]] if isinstance(part["type"], str) else part["type"])
        elif "properties" in part:
            yield frozenset({"object"})
        for union in ("anyOf", "oneOf"):
            branches = [self._kinds(branch, within) for branch in part.get(union, ())]
            if branches and all(branches):
                yield frozenset().union(*branches)

    def at(self, schema: Any, key: str) -> Any:
        """Return the schema of one part of a value: a field of an object, or an item of a list, for a number."""
        names = self._fields.names(schema)
        if key in names:
            return names[key]
        for part in self._branches(schema):
            if key.isdigit() and isinstance(part.get("items"), Mapping):
                return part["items"]
            if isinstance(part.get("additionalProperties"), Mapping):
                return part["additionalProperties"]
        return {}

    def fields(self, schema: Any) -> Mapping[str, Any]:
        """Return the fields that an object of this schema may have, each with its schema."""
        return self._fields.names(schema)

    def spelled(self, schema: Any, key: str) -> str:
        """Return the field that a part of a flag means: `agent-name` is `agent_name` where that is a field."""
        names = self._fields.names(schema)
        plain = key.replace("-", "_")
        return plain if key not in names and plain in names else key

    def _branches(self, schema: Any) -> Iterable[Mapping[str, Any]]:
        waiting, seen = [schema], set()
        while waiting:
            for part in self._fields.parts(waiting.pop(0)):
                if id(part) not in seen:
                    seen.add(id(part))
                    yield part
                    waiting += [branch for union in ("anyOf", "oneOf") for branch in part.get(union, ())]

    def allowed(self, schema: Any) -> tuple[Any, ...]:
        """Return the fixed values that a schema lists, for questions and help."""
        return self._fields.fixed_values(schema)

    def read(self, text: str, schema: Any) -> Any:
        """Return the value of a text for a place of this schema. Raises `Unreadable`.

        Examples: `5` for `{"type": "integer"}` -> 5; `5` for `{"type": "string"}` -> "5"; `null` for
        `{"type": ["string", "null"]}` -> None; `@rows.json` for `{"type": "array"}` -> what the file holds.
        """
        kinds = self.kinds(schema)
        word, kind = _WORDS.get(text, (None, None))
        if kind is not None and (kind in kinds or not kinds):
            return word
        if _NUMBER.fullmatch(text) and (not kinds or kinds & {"number", "integer"}):
            return read_json(text)
        holds_json = not kinds or bool(kinds & {"object", "array"})
        takes_text = not kinds or "string" in kinds
        if holds_json and text.lstrip()[:1] in {"{", "["}:
            return self._structured(text, takes_text=takes_text)
        if holds_json and not takes_text and text.startswith("@"):
            try:
                return read_json(read_file(text[1:]))
            except Unreadable as error:
                message = f"{text[1:]} {error}"
                raise Unreadable(message) from None
        return text

    def _structured(self, text: str, *, takes_text: bool) -> Any:
        try:
            return read_json(text)
        except Unreadable as error:
            if takes_text and "twice" not in str(error):
                return text
            raise


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "string")
