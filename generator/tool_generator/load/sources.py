"""Reads the YAML files of a spec, and keeps the line of every value.

Scalars follow the YAML 1.2 core schema, limited to JSON: only `true` and `false` are booleans; dates, `on`, `yes`,
`0755` and `1e999` are strings; every key is a string. Things that YAML has and JSON lacks (anchors, tags, several
documents, duplicate keys) are problems. This module must not know what the files mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tool_generator.problems import Report

Json: TypeAlias = Any
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_ANCHOR = re.compile(r"&(\S+)")
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
    """One YAML file: `name` is its path within the spec folder, `data` its value, `label` its path for messages.

    `whole` is false where a part of the file could not be read, so that `data` says less than the file.
    """

    name: str
    label: str
    data: Json
    node: yaml.Node | None
    whole: bool = True
    text: str = ""
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

    def why_empty(self, path: Sequence[str | int]) -> str:
        """Say why a value is null that looks given: `summary: #1 in sales` -> `: "#" begins a comment, …`.

        Empty for every other value.
        """
        if not path or not isinstance(path[-1], str):
            return ""
        value = self.data
        for step in path:
            value = value[step]
        line = _LINE.split(self.text)[self.where(path, key=True)[1] - 1]
        if value is not None or not re.search(rf"{re.escape(path[-1])}[\"']?:\s+#", line):
            return ""
        return ': "#" begins a comment, so put the value in quotes'


def source_files(folder: Path) -> list[Path]:
    """List the files of a spec by name: YAML at the top, in tools/ and in types/, and prose in guide/."""
    found = [*folder.glob("*.y*ml"), *folder.glob("guide/**/*.md")]
    for part in ("tools", "types"):
        found += folder.glob(f"{part}/**/*.y*ml")
    return sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(folder).as_posix())


def unread_files(folder: Path) -> list[Path]:
    """List the YAML files in a spec folder that no one reads, such as `tool/calls.yaml` for `tools/calls.yaml`."""
    read = set(source_files(folder))
    return sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml") and path not in read)


def read_source(name: str, label: str, content: bytes, report: Report) -> Source:
    """Read one YAML file. Every problem goes to `report`; the value is then None, or lacks the wrong part."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        report.problem((label, content[: error.start].count(b"\n") + 1), "is not UTF-8")
        return Source(name, label, None, None, whole=False, content=content)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        from tool_generator.load.yaml_mistakes import unreadable

        line, message = unreadable(text, error)
        report.problem((label, line), f"is not valid YAML: {message}")
        return Source(name, label, None, None, whole=False, content=content)
    except RecursionError:
        report.problem((label, 1), "is nested too deeply")
        return Source(name, label, None, None, whole=False, content=content)
    finally:
        loader.dispose()
    if node is None:
        report.problem((label, 1), "is empty")
        return Source(name, label, None, None, whole=False, content=content)
    builder = _Builder(label, text, report)
    try:
        data = builder.build(node)
    except RecursionError:
        report.problem((label, 1), "is nested too deeply")
        return Source(name, label, None, node, whole=False, content=content)
    return Source(name, label, data, node, whole=builder.whole, text=text, content=content)


class _Builder:
    """Turns nodes into plain values. `whole` becomes false where a value has to be left out."""

    def __init__(self, label: str, text: str, report: Report) -> None:
        self.whole = True
        self._label = label
        self._unused_anchors = {
            (index, found.start())
            for index, line in enumerate(_LINE.split(text) if "&" in text else ())
            for found in _ANCHOR.finditer(line)
            if f"*{found[1]}" not in text
        }
        self._report = report
        self._seen: set[int] = set()

    def _problem(self, node: yaml.Node, message: str) -> None:
        self._report.problem((self._label, node.start_mark.line + 1), message)

    def _lost(self, node: yaml.Node, message: str) -> None:
        self.whole = False
        self._problem(node, message)

    def build(self, node: yaml.Node) -> Json:
        if id(node) in self._seen:
            self._lost(node, "is used again through an alias: write it out, or make it a named type or shape")
            return None
        self._seen.add(id(node))
        if self._unused_anchors and (node.start_mark.line, node.start_mark.column) in self._unused_anchors:
            self._lost(node, 'has a value that begins with "&": put the value in quotes')
            return None
        kind = node.tag.rpartition(":")[2] if node.tag.startswith("tag:yaml.org,2002:") else ""
        if kind not in _CORE_TAGS:
            self._lost(node, f"has the tag {quoted(node.tag)}: only plain YAML values are read")
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
                self._lost(key_node, "has a key that is not a name")
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
                self._lost(node, f"is not a number: {quoted(node.value)}")
                return None
        return self._text(node)

    def _text(self, node: yaml.ScalarNode) -> str:
        text: str = node.value
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            self._problem(node, "holds half of a surrogate pair, which no UTF-8 file can hold")
            return text.encode("utf-8", "replace").decode()
        return text
