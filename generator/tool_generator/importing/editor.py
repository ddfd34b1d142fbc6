"""The files of a spec during an import: edits by place, the places that `import: keep` protects, and the report.

This module owns the lines of the report. It must not know why a value changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tool_generator.importing.edits import Edits
from tool_generator.importing.yaml_text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.sources import Source

# The name of a file, and a path within the value of that file.
FileAt: TypeAlias = tuple[str, tuple[str | int, ...]]
GONE = "review: gone upstream"
Kind = Literal["added", "changed", "removed", "kept", "gone", "replacement", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report. `where` is a tool, a type or an operation; `operations` are upstream's ids."""

    kind: Kind
    where: str
    message: str
    operations: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Give the line as readers see it."""
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass(slots=True)
class Report:
    """What an import did, in order."""

    lines: list[Line] = field(default_factory=list)
    _known: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, kind: Kind, where: str, message: str, *operations: str) -> None:
        """Add a line, unless the report has the line already."""
        line = Line(kind, where, message, tuple(dict.fromkeys(operations)))
        if (kind, where, message) not in self._known:
            self._known.add((kind, where, message))
            self.lines.append(line)

    def of(self, kind: Kind) -> list[Line]:
        """Give the lines of one kind."""
        return [line for line in self.lines if line.kind == kind]


class Editor:
    """Edits files by place. `keep` maps dotted places to the reason why they differ from upstream.

    `written` are the values that edits wrote.
    """

    def __init__(
        self, texts: Mapping[str, str], sources: Mapping[str, Source], keep: Mapping[str, str], report: Report
    ) -> None:
        self.texts = dict(texts)
        self.report = report
        self._sources = sources
        self._keep = keep
        self._edits: dict[str, Edits] = {}
        self._new: dict[str, str] = {}
        self.fresh: set[tuple[str | int, ...]] = set()
        self.written: list[Any] = []

    def results(self) -> dict[str, str]:
        """Give the files that changed, by name."""
        found = {name: edits.result() for name, edits in self._edits.items()}
        found.update(self._new)
        return {name: text for name, text in found.items() if text != self.texts.get(name)}

    def set(self, at: FileAt, key: str, value: Any, message: str, *operations: str, instead: str = "") -> bool:
        """Set a key of the mapping at `at` to a value."""
        if self._is_kept(at, key, message):
            return False
        done = self._took(self._file(at).set(at[1], key, value, instead=instead), {key: value})
        return self._tell(done, "changed", at, message, operations)

    def append(self, at: FileAt, value: Any, message: str, *operations: str) -> bool:
        """Add an item to the list at `at`."""
        if self._is_kept(at, "", message):
            return False
        done = self._took(self._file(at).append(at[1], value), value)
        return self._tell(done, "changed", at, message, operations)

    def remove(self, at: FileAt, step: str | int, message: str, *operations: str) -> bool:
        """Remove an entry or an item."""
        if self._is_kept(at, str(step) if isinstance(step, str) else "", message):
            return False
        return self._tell(self._file(at).remove(at[1], step), "removed", at, message, operations)

    def replace(self, at: FileAt, value: Any, message: str, *operations: str) -> bool:
        """Replace the value at `at`."""
        if self._is_kept(at, "", message):
            return False
        done = self._took(self._file(at).replace(at[1], value), value)
        return self._tell(done, "changed", at, message, operations)

    def tell(self, kind: Kind, at: FileAt, message: str, *operations: str) -> None:
        """Add a line about a place, unless this import created the place."""
        self._tell(True, kind, at, message, operations)  # noqa: FBT003 - told apart from failed edits

    def add_text(self, at: FileAt, text: str) -> bool:
        """Add lines to the end of a block mapping."""
        return self._file(at).add_text(at[1], text)

    def create(self, name: str, text: str) -> None:
        """Write a new file."""
        self._new[name] = text

    def is_marked_gone(self, at: FileAt) -> bool:
        """Say whether an earlier import marked the entry at a place as gone from the document."""
        source = self._sources.get(at[0])
        if source is None or source.node is None:
            return False
        _, line = source.where((*at[1], "deprecated"), key=True)
        lines = self.texts[at[0]].splitlines()
        return "deprecated" in lines[line - 1] and GONE in lines[line - 1]

    def kept(self, at: FileAt, key: str = "") -> bool:
        """Say whether `import: keep` protects a place."""
        dotted = ".".join(str(step) for step in (*at[1][1:], *((key,) if key else ())))
        return any(dotted == place or dotted.startswith(place + ".") for place in self._keep)

    def _took(self, done: bool, value: Any) -> bool:  # noqa: FBT001 - internal
        """Remember a value that was written, for the types that it refers to."""
        if done:
            self.written.append(plain(value))
        return done

    def _is_kept(self, at: FileAt, key: str, message: str) -> bool:
        if not self.kept(at, key):
            return False
        self.report.add("kept", label(at), message)
        return True

    def _tell(self, done: bool, kind: Kind, at: FileAt, message: str, operations: tuple[str, ...]) -> bool:  # noqa: FBT001
        if done and message and at[1][:2] not in self.fresh:
            self.report.add(kind, label(at), message, *operations)
        return done

    def _file(self, at: FileAt) -> Edits:
        name = at[0]
        if name not in self._edits:
            self._edits[name] = Edits(self._sources[name], self.texts[name])
        return self._edits[name]


def label(at: FileAt) -> str:
    """Name a place for readers: `("types.yaml", ("types", "Agent", "properties", "voice_id"))` -> `Agent.voice_id`."""
    path = [step for step in at[1] if not isinstance(step, int)]
    if path[:1] == ["tools"]:
        rest = [str(step) for step in path[2:] if step not in ("parameters", "schema", "returns")]
        return " ".join([str(path[1]), ".".join(rest)] if len(path) > 1 and rest else map(str, path[1:2]))
    rest = [
        str(step)
        for index, step in enumerate(path[2:])
        if step not in ("properties", "allOf", "anyOf", "items", "required")
        or (index and path[index + 1] == "properties")
    ]
    return ".".join([str(path[1]), *rest]) if len(path) > 1 else at[0]


__all__ = ["Editor", "Line", "Report", "label", "plain"]
