"""The spec as one value: every file of a spec folder, read, checked against the grammar, and merged.

This module owns which files there are, how they are merged, and which entries are sound enough for further checks. It
must not know any output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.load import grammar, sources
from tool_generator.problems import Report, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from tool_generator.load.sources import Source
    from tool_generator.problems import Problem

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

    @property
    def api(self) -> dict[str, Any]:
        """What api.yaml says about the API's identity."""
        data: dict[str, Any] = self.sections["api"].data
        return data

    def schemas(self) -> dict[str, Any]:
        """Give the schema of every sound type by its name; the value of a type with problems may be anything."""
        return {name: entry.data if entry.whole else {} for name, entry in self.types.items()}


def load_spec(folder: Path, report: Report) -> Spec:
    """Read the spec in `folder`. Every problem goes to `report`; the result holds everything that could be read.

    Where files cannot be read as YAML, `report` gets these problems alone: all others might only follow from them.
    """
    unreadable: list[Problem] = []
    files = sources.source_files(folder)
    spec = Spec()
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".md":
            try:
                spec.guide[path.stem] = path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                report.problem((str(path), 1), "is not UTF-8")
            continue
        reading = Report()
        source = sources.read_source(name, str(folder / name), path.read_bytes(), reading)
        report.problems += reading.problems
        if source.whole:
            _merge(source, spec, report)
        else:
            unreadable += reading.problems
    if unreadable:
        report.problems[:] = unreadable
        spec.whole = False
        return spec
    if "api" not in spec.sections:
        report.problem(
            (str(folder / "api.yaml"), 1),
            "is missing or lacks the key api: the API's name, title and version",
        )
    return spec


def _merge(source: Source, spec: Spec, report: Report) -> None:
    broken: set[tuple[str | int, ...]] = set()

    def emit(path: tuple[str | int, ...], message: str, /, *, at_key: bool = False) -> None:
        broken.update(path[:depth] for depth in range(len(path) + 1))
        report.problem(source.where(path, key=at_key), message)

    grammar.check(source.data, emit)
    if not isinstance(source.data, dict):
        return

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
