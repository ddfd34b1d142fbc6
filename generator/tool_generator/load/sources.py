"""Reads the YAML files of a spec, and keeps the line of every value.

Scalars follow the YAML 1.2 core schema, limited to JSON: only `true` and `false` are booleans; dates, `on`, `yes`,
`0755` and `1e999` are strings; every key is a string. Things that YAML has and JSON lacks (anchors, tags, several
documents, duplicate keys) are problems. This module must not know what the files mean.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tool_generator.problems import Report

Json: TypeAlias = Any
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR = "tag:yaml.org,2002:str"
_CORE_TAGS = {"map", "seq", "str", "int", "float", "bool", "null"}


class _Loader(_BaseLoader):  # type: ignore[misc]  # the C loader exists only where PyYAML was built with libyaml
    """Composes nodes; the resolvers below replace all of PyYAML's."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's protocol


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML file: `name` is its path within the spec folder, `data` its value, `label` its path for messages."""

    name: str
    label: str
    data: Json
    node: yaml.Node | None
    content: bytes = b""

    def where(self, path: Iterable[str | int] = (), *, key: bool = False) -> tuple[str, int]:
        """Give the file and line of the value at `path`, or of its key. If it does not exist: of the nearest parent."""
        node = self.node
        line = 1 if node is None else node.start_mark.line + 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == step), None)
                if found is None:
                    break
                node = found[1]
                line = found[0].start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        if not key and isinstance(node, yaml.ScalarNode):
            line = node.start_mark.line + 1
        return self.label, line


def source_files(folder: Path) -> list[Path]:
    """List the files of a spec by name: YAML at the top, in tools/ and in types/, and prose in guide/."""
    found = [*folder.glob("*.y*ml"), *folder.glob("guide/**/*.md")]
    for part in ("tools", "types"):
        found += folder.glob(f"{part}/**/*.y*ml")
    return sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(folder).as_posix())


def digest(files: Mapping[str, bytes]) -> str:
    """Give the sha256 over the names and bytes of the spec's files."""
    total = hashlib.sha256()
    for name, content in files.items():
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def read_source(name: str, label: str, content: bytes, report: Report) -> Source:
    """Read one YAML file. Every problem goes to `report`; the value is then None, or lacks the wrong part."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        report.problem((label, content[: error.start].count(b"\n") + 1), "is not UTF-8")
        return Source(name, label, None, None, content)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        report.problem((label, mark.line + 1 if mark else 1), f"is not valid YAML: {problem}")
        return Source(name, label, None, None, content)
    except (yaml.YAMLError, RecursionError) as error:
        report.problem((label, 1), f"is not valid YAML: {str(error).splitlines()[0]}")
        return Source(name, label, None, None, content)
    finally:
        loader.dispose()
    if node is None:
        report.problem((label, 1), "is empty")
        return Source(name, label, None, None, content)
    try:
        data = _Builder(label, report).build(node)
    except RecursionError:
        report.problem((label, 1), "is nested too deeply")
        data = None
    return Source(name, label, data, node, content)


class _Builder:
    """Turns nodes into plain values."""

    def __init__(self, label: str, report: Report) -> None:
        self._label = label
        self._report = report
        self._seen: set[int] = set()

    def _problem(self, node: yaml.Node, message: str) -> None:
        self._report.problem((self._label, node.start_mark.line + 1), message)

    def build(self, node: yaml.Node) -> Json:
        if id(node) in self._seen:
            self._problem(node, "is used again through an alias: write it out, or make it a named type or shape")
            return None
        self._seen.add(id(node))
        kind = node.tag.rpartition(":")[2] if node.tag.startswith("tag:yaml.org,2002:") else ""
        if kind not in _CORE_TAGS:
            self._problem(node, f"has the tag {quoted(node.tag)}: only plain YAML values are read")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item) for item in node.value]
        return self._scalar(kind, node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Json]:
        value: dict[str, Json] = {}
        for key_node, item in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or (not key_node.value and not key_node.style):
                self._problem(key_node, "has a key that is not a name")
                continue
            key = self._text(key_node)
            if key in value:
                self._problem(key_node, f"has the key {quoted(key)} twice")
                continue
            value[key] = self.build(item)
        return value

    def _scalar(self, kind: str, node: yaml.ScalarNode) -> Json:
        if kind == "null":
            return None
        if kind == "bool":
            return node.value == "true"
        if kind in ("int", "float"):
            try:
                return int(node.value) if kind == "int" else float(node.value)
            except ValueError:
                self._problem(node, f"is not a number: {quoted(node.value)}")
                return None
        return self._text(node)

    def _text(self, node: yaml.ScalarNode) -> str:
        text: str = node.value
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._problem(node, "holds half of a surrogate pair, which no UTF-8 file can hold")
            return text.encode("utf-8", "replace").decode()
        return text
