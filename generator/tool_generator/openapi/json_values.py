"""Reads an upstream file as plain JSON values, whatever the file holds.

A file that begins like JSON is read as JSON, every other file as YAML 1.2 core. Documents come from strangers. So this
module limits the depth, the numbers, and the count of values after aliases are expanded. Keys become strings. Each
value that JSON cannot hold is a problem with its place. This module must not know OpenAPI.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import yaml

from tool_generator.model.documents import DocumentProblem, UpstreamUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 120
MAX_VALUES = 3_000_000
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Loader(_BaseLoader):  # type: ignore[misc]  # the C loader exists only where PyYAML was built with libyaml
    """Composes nodes; the resolvers below replace all of PyYAML's."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's protocol


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


def pointer(*steps: str | int) -> str:
    """Give the JSON pointer of a place in a document: `"paths", "/pets", "get"` -> `#/paths/~1pets/get`."""
    return "#" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def read_values(content: bytes) -> tuple[Any, list[DocumentProblem]]:
    """Read a document. Raises UpstreamUnreadable if the bytes are neither JSON nor YAML, or exceed a limit."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(f"line {line} is not UTF-8") from None
    problems: list[DocumentProblem] = []
    build: Callable[[str, list[DocumentProblem]], Any] = _from_json if text.lstrip()[:1] in ("{", "[") else _from_yaml
    try:
        value = build(text, problems)
    except RecursionError:
        raise _unreadable("is nested too deeply") from None
    return value, problems


def _unreadable(message: str) -> UpstreamUnreadable:
    return UpstreamUnreadable((DocumentProblem("#", message, severity="malformed"),))


def _from_json(text: str, problems: list[DocumentProblem]) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    problems.append(
                        DocumentProblem("#", f"has the key {json.dumps(key)} twice; the last counts", (), "malformed")
                    )
                seen.add(key)
        return found

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        try:
            return _from_yaml(text, problems)
        except UpstreamUnreadable:
            raise _unreadable(f"line {error.lineno} is not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise _unreadable(f"holds a number that cannot be read: {error}") from None
    return _Cleaner(problems).clean(value, ())


class _Cleaner:
    """Checks the values that the JSON reader gave: depth, count of values, numbers and texts."""

    def __init__(self, problems: list[DocumentProblem]) -> None:
        self._problems = problems
        self._count = 0

    def clean(self, value: Any, at: tuple[str | int, ...]) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _unreadable(f"holds more than {MAX_VALUES} values")
        if len(at) > MAX_DEPTH:
            raise _unreadable(f"is nested deeper than {MAX_DEPTH} levels at {pointer(*at)[:200]}")
        if isinstance(value, dict):
            return {self.text(key, at): self.clean(item, (*at, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.clean(item, (*at, index)) for index, item in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            self._problems.append(DocumentProblem(pointer(*at), "is not a finite number; left out", (), "malformed"))
            return None
        return self.text(value, at) if isinstance(value, str) else value

    def text(self, value: str, at: tuple[str | int, ...]) -> str:
        if not value.isascii() and _SURROGATE.search(value):
            self._problems.append(
                DocumentProblem(pointer(*at), "holds half of a surrogate pair; replaced", (), "malformed")
            )
            return _SURROGATE.sub("\ufffd", value)
        return value


def _from_yaml(text: str, problems: list[DocumentProblem]) -> Any:
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:
        raise _unreadable(f"is not valid YAML: {str(error).splitlines()[0]}") from None
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        raise _unreadable(f"line {mark.line + 1 if mark else 1} is not valid YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(f"is not valid YAML: {(str(error).splitlines() or ['it cannot be read'])[0]}") from None
    finally:
        loader.dispose()
    if node is None:
        raise _unreadable("is empty")
    return _Builder(problems).build(node, ())


class _Builder(_Cleaner):
    """Turns YAML nodes into values. An alias becomes a copy of the value at its anchor, within the limits."""

    def __init__(self, problems: list[DocumentProblem]) -> None:
        super().__init__(problems)
        self._open: set[int] = set()

    def build(self, node: yaml.Node, at: tuple[str | int, ...]) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _unreadable(f"holds more than {MAX_VALUES} values")
        if len(at) > MAX_DEPTH:
            raise _unreadable(f"is nested deeper than {MAX_DEPTH} levels at {pointer(*at)[:200]}")
        if id(node) in self._open:
            self._problems.append(
                DocumentProblem(pointer(*at), "contains itself through an alias; left out", (), "malformed")
            )
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, at)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.build(item, (*at, index)) for index, item in enumerate(node.value)]
            return self._mapping(node, at) if isinstance(node, yaml.MappingNode) else None
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, at: tuple[str | int, ...]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, item in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.append(
                    DocumentProblem(pointer(*at), "has a key that is not a text; left out", (), "malformed")
                )
                continue
            key = self.text(key_node.value, at)
            if key in value:
                message = f"has the key {json.dumps(key)} twice; the last counts"
                self._problems.append(DocumentProblem(pointer(*at), message, (), "malformed"))
            value[key] = self.build(item, (*at, key))
        return value

    def _scalar(self, node: yaml.ScalarNode, at: tuple[str | int, ...]) -> Any:
        text: str = node.value
        kind = node.tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in ("int", "float"):
            try:
                number = int(text) if kind == "int" else float(text)
            except ValueError:
                number = math.inf
            if isinstance(number, float) and not math.isfinite(number):
                self._problems.append(
                    DocumentProblem(pointer(*at), "is not a number that can be read; kept as text", (), "malformed")
                )
                return text
            return number
        return self.text(text, at)
