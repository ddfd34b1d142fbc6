"""Puts the skeleton of a new tool into a spec folder: into the file of the group, sandbox.yaml and api.yaml.

Owns where the text goes. Everything is tried on a copy first: what does not validate is never written. The files keep
every byte that they had.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tool_generator.load.sources import read_source
from tool_generator.load.spec import load_spec
from tool_generator.maintain.files import write_together
from tool_generator.maintain.skeleton import Wish, skeleton
from tool_generator.problems import Problem, Report, SpecProblems, nearest, quoted

if TYPE_CHECKING:
    from tool_generator.load.sources import Source
    from tool_generator.load.spec import Spec

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BRACES = re.compile(r"\{\+?[A-Za-z_][A-Za-z0-9_]*\}")
_LONGEST = 80
_NEW_GROUP = """\
# yaml-language-server: $schema=../../spec.schema.json
group: {group}
title: {title}
# review: one line on what the tools of the group are about.
# summary: …
tools:
"""


class Unusable(ValueError):
    """The wish cannot be met. The message says why, and names the nearest right thing."""


@dataclass(frozen=True, slots=True)
class Added:
    """What was written: the file and line of the tool, and the resource that sandbox.yaml got (or None)."""

    file: Path
    line: int
    resource: str | None


def add_tool(folder: Path, wish: Wish, title: str | None = None) -> Added:
    """Add the skeleton of a tool to the spec in `folder`. `title` allows a group that does not exist yet.

    Raises Unusable for a wish that makes no sense, SpecProblems if the spec is not sound before, OSError. Nothing is
    written then.
    """
    spec = _sound(folder)
    _check(wish, spec, title)
    made = skeleton(wish, spec)
    texts: dict[Path, str] = {}
    if wish.group in spec.groups:
        source = spec.groups[wish.group].source
        path = folder / source.name
    else:
        assert title is not None  # noqa: S101 - _check refuses a new group without a title
        path = folder / "tools" / f"{wish.group}.yaml"
        texts[path] = _NEW_GROUP.format(group=wish.group, title=json.dumps(title, ensure_ascii=False))
        api = folder / spec.sections["api"].source.name
        texts[api] = _with_group(_text(api), spec.sections["api"].source, wish.group)
    texts[path] = _with_entry(texts.get(path) or _text(path), path.name, "tools", made.tool)
    if made.resource is not None:
        sandbox = _sandbox(folder, spec)
        before = _text(sandbox) if sandbox.exists() else "resources:\n"
        texts[sandbox] = _with_entry(before, sandbox.name, "resources", made.resource)
    _try(folder, texts)
    write_together(texts)
    line = next(
        number
        for number, text in enumerate(texts[path].splitlines(), 1)
        if re.fullmatch(rf"\s+{re.escape(wish.name)}:\s*", text)
    )
    return Added(path, line, made.resource_name if made.resource is not None else None)


def _sound(folder: Path) -> Spec:
    from tool_generator.check import lint

    report = Report()
    spec = load_spec(folder, report)
    lint(spec, report)
    report.raise_problems()
    return spec


def _check(wish: Wish, spec: Spec, title: str | None) -> None:
    if not _NAME.fullmatch(wish.name) or len(wish.name) > _LONGEST:
        near = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wish.name).lower()).strip("_")
        hint = f"; did you mean {quoted(near)}?" if _NAME.fullmatch(near) and near != wish.name else ""
        message = f"the name {quoted(wish.name)} is not lower-case letters, digits and underscores, at most {_LONGEST}"
        raise Unusable(message + hint)
    taken = {alias: tool for tool in spec.tools.values() for alias in (tool.name, *tool.data.get("aliases", ()))}
    if wish.name in taken:
        file, line = taken[wish.name].where(key=True)
        raise Unusable(f"there is a tool {quoted(wish.name)} already: {file}:{line}")
    if wish.group not in spec.groups:
        if not _NAME.fullmatch(wish.group):
            raise Unusable(f"the group {quoted(wish.group)} is not lower-case letters, digits and underscores")
        if title is None:
            hint = nearest(wish.group, spec.groups)
            raise Unusable(f"there is no group {quoted(wish.group)}{hint} (--title TITLE makes a new group)")
    elif title is not None:
        raise Unusable(f"the group {quoted(wish.group)} exists; --title is for a new group")
    _check_path(wish, spec)
    if wish.pages is not None:
        if wish.pages not in spec.pagination:
            known = ", ".join(spec.pagination) or "none"
            hint = nearest(wish.pages, spec.pagination)
            message = f"there is no pagination style {quoted(wish.pages)} in api.yaml{hint} (there is: {known})"
            raise Unusable(message)
        if wish.writes:
            raise Unusable("a write is not paged: leave out --pages, or say --class read")
    if wish.class_ == "write" and wish.method in ("GET", "HEAD"):
        raise Unusable(f"a write by {wish.method}: caches and proxies may repeat it; write such a tool by hand")


def _check_path(wish: Wish, spec: Spec) -> None:
    path = wish.path
    if not path.startswith("/"):
        hint = f"; did you mean {quoted('/' + path)}?" if re.fullmatch(r"[\w{][^:\s]*", path) else ""
        raise Unusable(f"the path {quoted(path)} does not begin with a slash{hint}")
    if re.search(r"[\s?#]", path):
        raise Unusable(f"the path {quoted(path)} has a space, a ? or a #: arguments in the query are parameters")
    if set("{}") & set(_BRACES.sub("", path)):
        raise Unusable(f"the braces of the path {quoted(path)} do not hold names, as in /things/{{thing_id}}")
    names = [name for name, _ in wish.placeholders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Unusable(f"the path {quoted(path)} has {{{twice}}} twice")
    for tool in spec.tools.values():
        if tool.data["method"] == wish.method and _route(tool.data["path"]) == _route(path):
            file, line = tool.where(key=True)
            raise Unusable(f"{wish.method} {path} is the tool {tool.name} already: {file}:{line}")


def _route(path: str) -> str:
    return re.sub(r"\{\+?[^{}]*\}", "{}", path)


def _sandbox(folder: Path, spec: Spec) -> Path:
    """Give the file that holds the sandbox's resources."""
    found = next((entry.source.name for entry in spec.resources.values()), "sandbox.yaml")
    return folder / found


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _with_entry(text: str, label: str, key: str, entry: str) -> str:
    """Add an entry at the end of the mapping under a key.

    Example: in `tools: {a: …}`, written line by line, the new entry stands below `a`, after a blank line.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    source = read_source(label, label, text.encode(), Report())
    node = _value(source, key)
    step = 2
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        after = next((number for number, line in enumerate(text.splitlines(), 1) if line.startswith(f"{key}:")), 0)
        blank = False
    elif isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        step = node.value[0][0].start_mark.column
        after = _last_line(node)
        blank = True
    else:
        raise Unusable(f"{label}: {key} is written in braces: write one entry a line, indented, and try again")
    lines = text.splitlines(keepends=True)
    if after and not lines[after - 1].endswith(("\n", "\r")):
        lines[after - 1] += newline
    while after > 1 and not lines[after - 1].strip():
        after -= 1
    if not after:
        lines += [f"{newline}{key}:{newline}"]
        after = len(lines)
        blank = False
    pad = " " * step
    new = [(f"{pad}{line}" if line else "") + newline for line in entry.split("\n")]
    return "".join([*lines[:after], *([newline] if blank else []), *new, *lines[after:]])


def _value(source: Source, key: str) -> yaml.Node | None:
    pairs = source.node.value if isinstance(source.node, yaml.MappingNode) else []
    return next((item for name, item in pairs if name.value == key), None)


def _last_line(node: yaml.Node) -> int:
    """Give the line (from 1) on which the last value within a node ends; trailing blank lines may be included."""
    while isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    # A text in block style ends where the next line begins.
    return int(node.end_mark.line) + (1 if node.end_mark.column else 0)


def _with_group(text: str, source: Source, group: str) -> str:
    """Add a group at the end of api.groups."""
    api = _value(source, "api")
    pairs = api.value if isinstance(api, yaml.MappingNode) else []
    groups = next(item for name, item in pairs if name.value == "groups")
    last = groups.value[-1]
    # libyaml counts characters, so the marks are places in the text.
    end = _offset(text, last.end_mark.line, last.end_mark.column)
    if groups.flow_style:
        return f"{text[:end]}, {group}{text[end:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text[:end]}{newline}{' ' * (last.start_mark.column - 2)}- {group}{text[end:]}"


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(part) for part in text.splitlines(keepends=True)[:line]) + column


def _try(folder: Path, texts: dict[Path, str]) -> None:
    """Check the spec as it would be. Raises SpecProblems, with the places of the real folder."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / folder.resolve().name
        shutil.copytree(folder, copy)
        for path, text in texts.items():
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="")
        try:
            _sound(copy)
        except SpecProblems as error:
            moved = [
                Problem(problem.file.replace(str(copy), str(folder)), problem.line, problem.message)
                for problem in error.problems
            ]
            raise SpecProblems(moved) from None
