"""The spec as one value: every file of a spec folder, read, checked against the grammar, and merged.

This module owns which files there are, how they are merged, and which entries are sound enough for further checks. It
must not know any output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from tool_generator.load import grammar, sources
from tool_generator.load.atomic import recover
from tool_generator.problems import Report, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from tool_generator.load.sources import Source
    from tool_generator.problems import Problem

KINDS = ("api", "tools", "types", "resources", "demo")
"""The keys that tell which kind of file a file is."""
SECTIONS = ("api", "server", "auth", "errors", "pagination", "waiters", "sync", "prompts", "webhooks", "shapes")
_NAMED_SECTIONS = ("pagination", "waiters", "sync", "prompts", "shapes")


@dataclass(frozen=True, slots=True)
class Entry:
    """One named thing of the spec: a tool, a type, a waiter, … `whole` is false if the grammar saw a problem in it."""

    name: str
    data: Any
    source: Source
    path: tuple[str | int, ...]
    whole: bool = True
    group: str = ""

    def where(self, *path: str | int, key: bool = False) -> tuple[str, int]:
        """Give the file and line of the entry, or of the value at `path` within it."""
        return self.source.where((*self.path, *path), key=key)


@dataclass(slots=True)
class Spec:
    """Everything that a spec folder says. Mappings keep the order of the file names, and of entries in a file.

    `whole` is false where a file could not be read: nothing can be said of what refers to that file.
    """

    whole: bool = True
    sections: dict[str, Entry] = field(default_factory=dict)
    pagination: dict[str, Entry] = field(default_factory=dict)
    waiters: dict[str, Entry] = field(default_factory=dict)
    sync: dict[str, Entry] = field(default_factory=dict)
    prompts: dict[str, Entry] = field(default_factory=dict)
    shapes: dict[str, Entry] = field(default_factory=dict)
    groups: dict[str, Entry] = field(default_factory=dict)
    tools: dict[str, Entry] = field(default_factory=dict)
    types: dict[str, Entry] = field(default_factory=dict)
    resources: dict[str, Entry] = field(default_factory=dict)
    demo: dict[str, Entry] = field(default_factory=dict)
    guide: dict[str, str] = field(default_factory=dict)
    files: dict[str, Source] = field(default_factory=dict)
    importing: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> dict[str, Any]:
        """What api.yaml says about the API's identity."""
        data: dict[str, Any] = self.sections["api"].data
        return data

    def schemas(self) -> dict[str, Any]:
        """Give the schema of every sound type by its name; the value of a type with problems may be anything."""
        return {name: entry.data if entry.whole else {} for name, entry in self.types.items()}


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read the files of a spec folder: the name within the folder to the content.

    What a killed writer left half done is undone first.
    """
    recover(folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sources.source_files(folder)}


def load_spec(
    files: Mapping[str, bytes], report: Report, label: str, known: Mapping[str, Source] | None = None
) -> Spec:
    """Read a spec from its files. `label` names the folder in messages.

    Every problem goes to `report`; the result holds everything that could be read. `known` are sources that were read
    before: a file with the same content is not read again. Where files cannot be read as YAML, or are wrong at the top
    (`tols:` for `tools:`), `report` gets these problems alone: all others might only follow from them.
    """
    unreadable: list[Problem] = []
    spec = Spec()
    for name, content in files.items():
        place = f"{label}/{name}"
        if name.endswith(".md"):
            try:
                spec.guide[PurePosixPath(name).stem] = content.decode("utf-8")
            except UnicodeDecodeError:
                report.problem((place, 1), "is not UTF-8")
            continue
        source = (known or {}).get(name)
        reading = Report()
        if source is None or source.content != content or not source.whole:
            source = sources.read_source(name, place, content, reading)
        spec.files[name] = source
        report.problems += reading.problems
        unreadable += _merge(source, spec, report) if source.whole else reading.problems
    if unreadable:
        report.problems[:] = unreadable
        spec.whole = False
        return spec
    if "api" not in spec.sections:
        report.problem((f"{label}/api.yaml", 1), "is missing or lacks the key api: the API's name, title and version")
    return spec


def _merge(source: Source, spec: Spec, report: Report) -> list[Problem]:
    """Add what a file holds to `spec`. Gives the problems at the top of the file, which others may follow from."""
    broken: set[tuple[str | int, ...]] = set()
    at_the_top: list[Problem] = []

    def emit(path: tuple[str | int, ...], message: str, /, *, at_key: bool = False) -> None:
        broken.update(path[:depth] for depth in range(len(path) + 1))
        report.problem(source.where(path, key=at_key), f"{message}{source.why_empty(path)}")
        if len(path) <= 1:
            at_the_top.append(report.problems[-1])

    if isinstance(source.data, dict) and not source.data.keys() & set(KINDS):
        _miss_kind(source.data, emit)
        return at_the_top
    grammar.check(source.data, emit)
    if isinstance(source.data, dict):
        _add(source, spec, report, broken)
    return at_the_top


def _miss_kind(data: dict[str, Any], emit: grammar.Emit) -> None:
    """Report a file of no kind: `tols: …` -> `the file has no key "tols"; did you mean "tools"?`."""
    hints = {key: hint for key in data if (hint := nearest(key, KINDS))}
    for key, hint in hints.items():
        emit((key,), f"the file has no key {quoted(key)}{hint}", at_key=True)
    if not hints:
        emit((), f"the file has none of the keys {', '.join(KINDS)}", at_key=True)


def _add(source: Source, spec: Spec, report: Report, broken: Container[tuple[str | int, ...]]) -> None:
    """Add the named things of a file to `spec`; those at the paths in `broken` are not whole."""

    def add(known: dict[str, Entry], path: tuple[str | int, ...], what: str, group: str = "") -> None:
        name = str(path[-1])
        value = source.data
        for step in path:
            value = value[step]
        entry = Entry(name, value, source, path, whole=path not in broken, group=group)
        if name in known:
            file, line = known[name].where(key=True)
            report.problem(entry.where(key=True), f"the {what} {quoted(name)} is also defined in {file}:{line}")
        else:
            known[name] = entry

    def add_all(known: dict[str, Entry], key: str, what: str, group: str = "") -> None:
        value = source.data.get(key)
        for name in value if isinstance(value, dict) else ():
            add(known, (key, name), what, group)

    if "api" in source.data:
        for section in SECTIONS:
            if section in source.data:
                add(spec.sections, (section,), "section")
        given = source.data.get("import")
        spec.importing.update(given if isinstance(given, dict) and ("import",) not in broken else {})
        for section in _NAMED_SECTIONS:
            add_all(getattr(spec, section), section, section.removesuffix("s"))
    elif "tools" in source.data:
        add_all(spec.tools, "tools", "tool", _group(source, spec, report))
    elif "types" in source.data:
        add_all(spec.types, "types", "type")
    else:
        add_all(spec.resources, "resources", "resource")
        if "demo" in source.data:
            add(spec.demo, ("demo",), "section")


def _group(source: Source, spec: Spec, report: Report) -> str:
    """Add the group of a file of tools. Gives the name of the group; empty if the file names none."""
    name = source.data.get("group")
    if not isinstance(name, str):
        return ""
    if name in spec.groups:
        file, _ = spec.groups[name].where()
        report.problem(source.where(("group",)), f"the group {quoted(name)} is also defined in {file}")
    entry = Entry(name, source.data, source, (), whole=isinstance(source.data.get("title"), str))
    spec.groups.setdefault(name, entry)
    return name
