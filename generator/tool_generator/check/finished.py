"""Checks of whether people have finished a spec: `toolgen validate --strict`. A spec with such problems still compiles.

    open marks       `# review:` comments, which imports and `toolgen add` leave at what people must decide
    prose            empty descriptions and placeholders; summaries that only repeat the name
    examples         tools without an example
    resources        those of the sandbox that no tool and no other resource names
    lost answers     writes with effects that neither say how to find out what happened (`reconcile`), nor why no read
                     can (`untraceable`)

This module must not know what makes a spec wrong: that is the business of the other checks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import yaml

from tool_generator.check.sandbox_scopes import EVERY
from tool_generator.load.sources import source_files
from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

_MARK = re.compile(r"(?:^|(?<=\s))#[ \t]*review\b[ \t:]*([^\r\n]*)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[\s.…?-]*|\W*(?:todo|tbd|fixme|xxx)\b.*", re.IGNORECASE | re.DOTALL)
_PROSE = ("description", "summary", "note", "title")
_WORD = re.compile(r"[a-z0-9]+")
# Words that say nothing which the name has not said. Each row is one meaning.
_SAME = (
    {"get", "read", "fetch", "retrieve", "return", "show"},
    {"list", "all"},
    {"create", "make", "new", "add"},
    {"update", "change", "edit", "modify"},
    {"delete", "remove"},
    {"find", "search", "query"},
)
_EMPTY = {
    "a", "an", "the", "one", "some", "any", "single", "certain", "given", "this", "that", "which", "its", "your",
    "of", "on", "in", "to", "for", "from", "by", "with", "and", "or", "as", "is",
    "existing", "object", "resource",
}  # fmt: skip
_DECISION = "say how to find out whether it happened (reconcile), or why no read can tell (untraceable)"


def check_finished(spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], folder: Path, report: Report) -> None:
    """Check a sound spec for what is left to do. `folder` is the folder of the spec: comments are only in its files."""
    for path in source_files(folder):
        if path.suffix != ".md":
            for line, text in review_marks(path.read_text("utf-8")):
                asked = f": {text}" if text else ""
                report.problem((str(path), line), f"there is an open review mark{asked}")
    for entry in _described(spec):
        for place, text in _prose(entry.data, ()):
            if _PLACEHOLDER.fullmatch(text):
                report.problem(entry.where(*place), f"{entry.name}: {'.'.join(map(str, place))} says nothing")
    for name, tool in spec.tools.items():
        _check_tool(tool, report)
        for parameter in parameters[name].values():
            _check_parameter(tool, parameter, report)
    used = {tool.data["resource"]["name"] for tool in spec.tools.values() if "resource" in tool.data}
    used.update(name for entry in spec.resources.values() for name in _resources_in(entry.data))
    for name, entry in spec.resources.items():
        if name not in used and name != EVERY:
            report.problem(entry.where(key=True), f"no tool and no other resource names the resource {quoted(name)}")
    for entry in (*spec.waiters.values(), *spec.groups.values()):
        if repeats_name(entry.name, entry.data.get("summary") or ""):
            report.problem(entry.where("summary"), f"{entry.name}: the summary only repeats the name")


def review_marks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line (from 1) and the text of every `# review:` comment; within a value such a text is no comment.

    Example: `a: 1  # review: one?` -> `(1, "one?")`, and `a: "# review: x"` -> nothing.
    """
    if _MARK.search(text) is None:
        return
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|[\n\r]", text))]
    values = [token for token in yaml.scan(text, Loader=yaml.SafeLoader) if isinstance(token, yaml.ScalarToken)]

    def offset(mark: yaml.Mark) -> int:
        return starts[min(mark.line, len(starts) - 1)] + mark.column

    places = [(offset(token.start_mark), offset(token.end_mark)) for token in values]
    for match in _MARK.finditer(text):
        if not any(start <= match.start() < end for start, end in places):
            yield bisect_right(starts, match.start()), match[1].strip()


def repeats_name(name: str, text: str) -> bool:
    """Say whether a text holds no word beyond the name: for `get_call`, "Read a call." does, "Read the bill." not."""
    said = {_root(word) for word in _WORD.findall(text.lower())} - _EMPTY
    known = {_root(word) for word in name.lower().split("_")}
    return bool(text.strip()) and said <= known


def _root(word: str) -> str:
    for row in _SAME:
        if word in row:
            return min(row)
    if len(word) > 3 and word.endswith("ies"):  # noqa: PLR2004 - `dies` is no plural of `dy`
        return f"{word[:-3]}y"
    return word.removesuffix("s") if not word.endswith("ss") else word


def _resources_in(value: Any) -> Iterator[str]:
    """Yield the names that a resource has for others, under `resource` or `makes`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("resource", "makes") and isinstance(item, str):
                yield item
            else:
                yield from _resources_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _resources_in(item)


def _described(spec: Spec) -> Iterator[Entry]:
    for entries in (spec.sections, spec.groups, spec.types, spec.tools):
        yield from (entry for entry in entries.values() if entry.whole)


def _prose(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every text that people read, with its place; a property or an argument may have such a name too."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _PROSE and isinstance(item, str) and path[-1:] not in (("properties",), ("arguments",)):
                yield (*path, key), item
            elif key not in ("tools", "example", "examples", "default", "enum", "const", "payload"):
                yield from _prose(item, (*path, key))
            elif key == "examples" and isinstance(item, list):
                for index, example in enumerate(item):
                    if isinstance(example, dict) and isinstance(example.get("title"), str) and "arguments" in example:
                        yield (*path, key, index, "title"), example["title"]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _prose(item, (*path, index))


def _check_tool(tool: Entry, report: Report) -> None:
    data = tool.data
    if repeats_name(tool.name, data["summary"]):
        message = f"{tool.name}: the summary only repeats the name: say what a caller gets, and what it costs or breaks"
        report.problem(tool.where("summary"), message)
    if not data.get("examples"):
        report.problem(tool.where(key=True), f"{tool.name}: has no example")
    if data.get("effects") and "reconcile" not in data and "untraceable" not in data:
        effects = ", ".join(data["effects"])
        message = f"{tool.name}: a write with the effect {effects} and no reconcile: {_DECISION}"
        report.problem(tool.where("effects", key=True), message)


def _check_parameter(tool: Entry, parameter: Parameter, report: Report) -> None:
    text = parameter.data.get("description") or ""
    if not text.strip():
        report.problem(parameter.where, f"{tool.name}: the argument {quoted(parameter.name)} has no description")
