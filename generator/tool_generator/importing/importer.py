"""Brings a spec folder up to date with an upstream document: rounds of plans and edits until nothing changes.

Each round reads the folder as the previous round left it, pairs it with upstream, and edits the differences. An edit
that would touch another edit waits for the next round. Therefore a second import leaves the result as it is, byte by
byte. This module writes no file before the end: the caller gets the changed files, the report, and the problems that
the result would have. This module must not know the command line.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tool_generator.check import lint
from tool_generator.compile.registry_document import used_types
from tool_generator.importing.editor import Report
from tool_generator.importing.index import Index
from tool_generator.importing.rounds import Round
from tool_generator.load import sources
from tool_generator.load.spec import load_spec
from tool_generator.model.documents import too_deep
from tool_generator.problems import Problem, SpecProblems
from tool_generator.problems import Report as ProblemReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.sources import Source
    from tool_generator.model.documents import Upstream

MAX_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an import: the new texts of changed files by name, or the problems that forbid a write.

    `left` are problems that people have to solve afterwards, such as an example that upstream no longer accepts.
    """

    files: dict[str, str]
    report: Report
    problems: tuple[Problem, ...] = ()
    left: tuple[Problem, ...] = ()
    totals: Counter[str] = field(default_factory=Counter)


def import_upstream(upstream: Upstream, folder: Path, *, descriptions: bool = False) -> Outcome:
    """Plan the import of a document into a spec folder. The folder may be missing or empty.

    Raises SpecProblems if the folder holds a spec that cannot be read, and UpstreamUnreadable for a document whose
    schemas refer to each other in a chain that is too long to follow.
    """
    try:
        return _imported(upstream, folder, descriptions=descriptions)
    except RecursionError:
        raise too_deep() from None


def _imported(upstream: Upstream, folder: Path, *, descriptions: bool) -> Outcome:
    texts = read_texts(folder)
    before = dict(texts)
    report = Report()
    _problems(upstream, report)
    index = Index(upstream)
    if index.idle:
        shown = ", ".join(index.idle[:5]) + (", …" if len(index.idle) > 5 else "")  # noqa: PLR2004 - a few examples
        report.add("note", "", f"{len(index.idle)} schemas are used by no operation and left out: {shown}")
    fresh: set[tuple[str | int, ...]] = set()
    state = _State(texts, folder) if texts else None
    if state is not None:
        state.report.raise_problems()
    known, used_before = state.checked() if state is not None else (frozenset(), set())
    settled = False
    for _ in range(MAX_ROUNDS):
        spec, files = (state.spec, state.files) if state is not None else (None, {})
        turn = Round(spec, files, texts, index, report, fresh, descriptions=descriptions)
        changed = turn.run()
        if report.of("problem"):
            return Outcome({}, report, tuple(Problem(str(folder), 1, str(line)) for line in report.of("problem")))
        if not changed:
            settled = True
            break
        texts.update(changed)
        fresh |= turn.created
        state = _State(texts, folder)
        if state.report.problems:
            return Outcome({}, report, tuple(sorted(set(state.report.problems))))
    if not settled:
        report.add("note", "", "did not settle: import once more, and report it if that changes anything")
    if state is None:
        return Outcome({}, report)
    created = {str(name) for kind, name in fresh if kind == "types"}
    state, texts = _without_orphans(state, texts, folder, used_before | created, report)
    state.checked()
    left = tuple(sorted({problem for problem in state.report.problems if problem.message not in known}))
    totals = Counter(tools=len(state.spec.tools), types=len(state.spec.types))
    files_now = {name: text for name, text in texts.items() if before.get(name) != text}
    return Outcome(files_now, report, left=left, totals=totals)


def write(outcome: Outcome, folder: Path) -> None:
    """Write the files of an outcome without problems."""
    for name, text in sorted(outcome.files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def read_texts(folder: Path) -> dict[str, str]:
    """Read the YAML files of a spec folder by name. Raises SpecProblems for a file that is not UTF-8."""
    texts = {}
    for path in sources.source_files(folder) if folder.is_dir() else ():
        if path.suffix == ".md":
            continue
        name = path.relative_to(folder).as_posix()
        try:
            texts[name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            raise SpecProblems([Problem(str(path), 1, "is not UTF-8")]) from None
    return texts


class _State:
    """A spec as texts and as a loaded spec; `report` has the places of the real folder."""

    def __init__(self, texts: Mapping[str, str], folder: Path) -> None:
        self._folder = folder
        self.report = ProblemReport()
        self._checked: tuple[frozenset[str], set[str]] | None = None
        with tempfile.TemporaryDirectory() as temporary:
            self._temporary = temporary
            self.spec = load_spec(_staged(texts, Path(temporary)), self.report)
        _moved(self.report, temporary, folder)
        self.files: dict[str, Source] = {}
        for entries in (self.spec.tools, self.spec.types, self.spec.groups, self.spec.sections, self.spec.resources):
            self.files.update({entry.source.name: entry.source for entry in entries.values()})
        for name in texts.keys() - self.files.keys():
            self.files[name] = sources.read_source(name, str(folder / name), texts[name].encode(), ProblemReport())

    def checked(self) -> tuple[frozenset[str], set[str]]:
        """Lint the spec once. Gives the messages of all problems, and the types in use."""
        if self._checked is None:
            parameters = lint(self.spec, self.report)
            _moved(self.report, self._temporary, self._folder)
            messages = frozenset(problem.message for problem in self.report.problems)
            self._checked = messages, used_types(self.spec, parameters)
        return self._checked


def _without_orphans(
    state: _State, texts: dict[str, str], folder: Path, used_before: set[str], report: Report
) -> tuple[_State, dict[str, str]]:
    """Remove the types that lost their last use in this import, except types that people wrote something about."""
    from tool_generator.importing.rounds import remove_types

    while gone := used_before & state.spec.types.keys() - state.checked()[1]:
        changed = remove_types(gone, state.spec, state.files, texts, report)
        if not changed:
            break
        texts = {**texts, **changed}
        state = _State(texts, folder)
    return state, texts


def _staged(texts: Mapping[str, str], folder: Path) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folder


def _moved(report: ProblemReport, temporary: str, folder: Path) -> None:
    report.problems = [
        replace(
            problem,
            file=problem.file.replace(temporary, str(folder)),
            message=problem.message.replace(temporary, str(folder)),
        )
        for problem in report.problems
    ]


def _problems(upstream: Upstream, report: Report) -> None:
    for problem in upstream.problems:
        operations = ", ".join(problem.operations[:3]) + (" and others" if len(problem.operations) > 3 else "")  # noqa: PLR2004
        report.add("note", operations, f"{problem.message} ({problem.place})", *problem.operations)
    if not upstream.operations:
        report.add("problem", "", "the document has no operation that a tool could be made of")


__all__ = ["Outcome", "import_upstream", "read_texts", "write"]
