"""Brings a spec up to date with a document: rounds of edits made from differences, until nothing differs.

Each round reads the spec as the previous round left it, compares every tool with its operation by the one differ, and
edits what differs, one edit at a time on the text. An edit that would touch another edit waits for the next round. When
no edit is left, and still something differs, a type is used where one type cannot serve: those places get a type of
their own. So a comparison after an import finds nothing, and a second import leaves the result as it is, byte by byte.

This module writes no file: the caller gets the changed files, the report, and the problems that the result would have.
`write` writes all of them or none. This module must not know the command line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_generator.check import lint
from tool_generator.compare import rules
from tool_generator.compare.exchange_differ import Compared, compared
from tool_generator.compare.rules import judged
from tool_generator.compile.parameters import expand
from tool_generator.compile.registry_document import registry_of, used_types
from tool_generator.importing.additions import Additions
from tool_generator.importing.converter import is_bare
from tool_generator.importing.editor import Editor, Report
from tool_generator.importing.object_edits import edit_objects
from tool_generator.importing.splits import split_uses
from tool_generator.importing.tool_edits import ToolEdits
from tool_generator.importing.value_edits import edit_values
from tool_generator.importing.workspace import Workspace, body_schemas, converter_of, paired_types
from tool_generator.load.atomic import write_files
from tool_generator.load.spec import load_spec, read_folder
from tool_generator.model.documents import too_deep
from tool_generator.model.exchanges import body_nodes, registry_schemas
from tool_generator.model.schema_walk import descend, object_parts, reachable
from tool_generator.model.schemas import Node
from tool_generator.problems import Problem, SpecProblems
from tool_generator.problems import Report as ProblemReport
from tool_runtime.core.registry import FORMAT, Registry
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tool_generator.load.sources import Source
    from tool_generator.load.spec import Spec
    from tool_generator.model.documents import Upstream
    from tool_generator.model.schemas import Branch

MAX_ROUNDS = 24
SPLITS_THAT_REUSE = 2
_NO_API: dict[str, Any] = {
    "registry": FORMAT,
    "api": {"name": "", "slug": ""},
    "server": {"base_url": ""},
    "auth": {"schemes": {}, "use": []},
    "tools": {},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an import: the new texts of changed files by name, or the problems that forbid a write.

    `left` are problems that people have to solve afterwards, such as an example that the document no longer accepts.
    `lacking` are the operations that no tool was made of, each with the reason.
    """

    files: dict[str, str]
    report: Report
    problems: tuple[Problem, ...] = ()
    left: tuple[Problem, ...] = ()
    totals: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, str] = field(default_factory=dict)


def import_upstream(upstream: Upstream, folder: Path, *, descriptions: bool = False) -> Outcome:
    """Plan the import of a document into a spec folder. The folder may be missing or empty.

    Raises SpecProblems if the folder holds a spec that cannot be read, and UpstreamUnreadable for a document whose
    schemas refer to each other in a chain that is too long to follow.
    """
    try:
        return _Import(upstream, folder, descriptions=descriptions).run()
    except RecursionError:
        raise too_deep() from None


def write(outcome: Outcome, folder: Path) -> None:
    """Write the files of an outcome without problems: all of them, or none if a write fails."""
    write_files(folder, {name: text.encode("utf-8") for name, text in outcome.files.items()})


def state_of(folder: Path) -> Registry:
    """Compile the spec in a folder although checks may still find problems in it, such as examples to mend."""
    return _State(read_folder(folder), folder, {}).registry


class _State:
    """A spec between two rounds: its files, read and compiled. It may have problems that only checks find."""

    def __init__(self, files: Mapping[str, bytes], folder: Path, known: Mapping[str, Source]) -> None:
        self.report = ProblemReport()
        self.spec: Spec = load_spec(files, self.report, str(folder), known)
        self.report.raise_problems()
        types = self.spec.schemas()
        parameters = {name: expand(tool, self.spec, types, ProblemReport()) for name, tool in self.spec.tools.items()}
        self.registry = Registry(registry_of(self.spec, parameters, {}))
        self._schemas = registry_schemas(self.registry, "request")
        self.nodes = {name: body_nodes(self._schemas, tool.data) for name, tool in self.spec.tools.items()}
        self._checked: tuple[frozenset[str], set[str]] | None = None

    def body_type(self, name: str) -> tuple[Branch, ...]:
        """Give the alternatives of the body type of a tool; none for a tool without one."""
        data = self.spec.tools[name].data
        if "body" not in data:
            return ()
        target = data["body"]["$ref"]
        return self._schemas.view(Node({"$ref": TYPES + target}, ("types", target))).objects

    def checked(self) -> tuple[frozenset[str], set[str]]:
        """Lint the spec once. Gives the messages of all problems, and the types in use."""
        if self._checked is None:
            parameters = lint(self.spec, self.report)
            messages = frozenset(problem.message for problem in self.report.problems)
            self._checked = messages, used_types(self.spec, parameters)
        return self._checked


class _Import:
    def __init__(self, upstream: Upstream, folder: Path, *, descriptions: bool) -> None:
        self._upstream = upstream
        self._folder = folder
        self._descriptions = descriptions
        self._report = Report()
        self._before: dict[str, bytes] = read_folder(folder) if folder.is_dir() else {}
        self._files = dict(self._before)
        self._counts, self._bodies = body_schemas(upstream)
        self._fresh: set[tuple[str | int, ...]] = set()
        self._lacking: dict[str, str] = {}
        self._splits = 0

    def run(self) -> Outcome:
        _tell_problems(self._upstream, self._report)
        has_spec = any(name.endswith((".yaml", ".yml")) for name in self._files)
        state = _State(self._files, self._folder, {}) if has_spec else None
        known, used_before = state.checked() if state is not None else (frozenset[str](), set[str]())
        settled = False
        for _ in range(MAX_ROUNDS):
            changed = self._round(state)
            if self._report.of("problem"):
                lines = self._report.of("problem")
                return Outcome({}, self._report, tuple(Problem(str(self._folder), 1, str(line)) for line in lines))
            if not changed:
                settled = True
                break
            self._files |= {name: text.encode("utf-8") for name, text in changed.items()}
            try:
                state = _State(self._files, self._folder, {} if state is None else state.spec.files)
            except SpecProblems as error:
                return Outcome({}, self._report, error.problems)
        if state is None:
            return Outcome({}, self._report)
        if not settled:
            self._report.add("note", "", "did not settle: import once more, and report it if that changes anything")
        return self._outcome(state, known, used_before)

    def _outcome(self, state: _State, known: frozenset[str], used_before: set[str]) -> Outcome:
        created = {str(name) for kind, name in self._fresh if kind == "types"}
        state = self._without_orphans(state, used_before | created)
        state.checked()
        left = tuple(sorted({problem for problem in state.report.problems if problem.message not in known}))
        upstream = self._upstream
        totals = Counter(
            tools=len(state.spec.tools),
            types=len(state.spec.types),
            operations=len(upstream.operations) + len(upstream.unread),
        )
        now = {
            name: content.decode("utf-8") for name, content in self._files.items() if self._before.get(name) != content
        }
        return Outcome(now, self._report, left=left, totals=totals, lacking=upstream.unread | self._lacking)

    def _round(self, state: _State | None) -> dict[str, str]:
        """Plan one round; gives the files that change."""
        registry = Registry(_NO_API) if state is None else state.registry
        spec = None if state is None else state.spec
        nodes = {} if state is None else state.nodes
        moves = {} if spec is None else spec.importing.get("moves", {})
        result = compared(registry, self._upstream, nodes, moves)
        for problem in result.matches.problems:
            self._report.add("problem", "", problem)
        keep = {} if spec is None else spec.importing.get("keep", {})
        texts = {name: content.decode("utf-8") for name, content in self._files.items() if not name.endswith(".md")}
        editor = Editor(texts, {} if spec is None else spec.files, keep, self._report)
        editor.fresh = self._fresh
        additions = Additions(self._upstream, spec, result, editor, self._report, descriptions=self._descriptions)
        converter = converter_of(
            spec,
            self._upstream,
            paired_types(result),
            self._bodies,
            additions.reserved_types(),
            descriptions=self._descriptions,
        )
        if spec is not None and state is not None:
            work = Workspace(spec, self._upstream, result, editor, converter)
            self._edit(work, state, additions)
        additions.add(converter, self._counts)
        changed = editor.results()
        if not changed and spec is not None and state is not None:
            changed = self._split(state, result, editor, additions)
        self._fresh |= additions.created
        self._lacking = additions.lacking
        return changed

    def _edit(self, work: Workspace, state: _State, additions: Additions) -> None:
        tools = [ToolEdits(name, work, state.body_type(name)) for name in work.result.operations]
        edit_values(work)
        anchors = [anchor for anchor in (tool.anchor() for tool in tools) if anchor is not None]
        declared = edit_objects(work, anchors)
        for tool in tools:
            tool.edit(declared.get(tool.name, set()), additions.access)

    def _split(self, state: _State, result: Compared, editor: Editor, additions: Additions) -> dict[str, str]:
        """Give places a type of their own that still differ, although no edit of what they share is left."""
        facts = result.facts
        names = [
            name
            for name in result.operations
            if judged(result.requests[name], rules.REQUEST, facts) or judged(result.replies[name], rules.REPLY, facts)
        ]
        if not names:
            return {}
        met = paired_types(result)
        self._splits += 1
        # Types that lead to each other can differ in turns, whichever of them is taken. Then none of them is.
        is_knot = self._splits > SPLITS_THAT_REUSE
        paired = {key: name for key, name in met.items() if not is_knot and not _differs(result, state, key, name)}
        converter = converter_of(
            state.spec,
            self._upstream,
            paired,
            self._bodies,
            additions.reserved_types(),
            descriptions=self._descriptions,
        )
        converter.spoken = {key: state.spec.types[name].data for key, name in met.items() if name in state.spec.types}
        work = Workspace(state.spec, self._upstream, result, editor, converter)
        split_uses(work, names, is_knot=is_knot)
        additions.write_types(converter)
        return editor.results()

    def _consistent(self, state: _State) -> _State:
        """Let no type that lost its last use require what it no longer has: no comparison leads there any more."""
        types, used = state.spec.schemas(), state.checked()[1]
        texts = {name: content.decode("utf-8") for name, content in self._files.items()}
        editor = Editor(texts, state.spec.files, {}, self._report)
        for name, entry in state.spec.types.items():
            if name in used or not isinstance(entry.data, dict):
                continue
            for path, schema in descend(entry.data):
                needed = schema.get("required", ()) if isinstance(schema, dict) else ()
                known, _ = object_parts(schema, types) if needed else ({}, [])
                for index, one in enumerate(needed):
                    if known and one not in known:
                        editor.remove((entry.source.name, (*entry.path, *path, "required")), index, "")
        changed = editor.results()
        self._files |= {name: text.encode("utf-8") for name, text in changed.items()}
        return _State(self._files, self._folder, state.spec.files) if changed else state

    def _without_orphans(self, state: _State, used_before: set[str]) -> _State:
        """Remove the types that lost their last use in this import, except types that people wrote something about."""
        state = self._consistent(state)
        while gone := used_before & state.spec.types.keys() - state.checked()[1]:
            texts = {name: content.decode("utf-8") for name, content in self._files.items()}
            editor = Editor(texts, state.spec.files, {}, self._report)
            spoken = {name for name in gone if not is_bare(state.spec.types[name].data)}
            needed = reachable({*state.spec.types} - gone | spoken, state.spec.schemas())
            for name in sorted(spoken):
                self._report.add("note", name, "no tool uses this type any more")
            for name in sorted(gone - needed):
                entry = state.spec.types[name]
                editor.remove((entry.source.name, entry.path[:-1]), name, "")
            changed = editor.results()
            if not changed:
                break
            self._files |= {name: text.encode("utf-8") for name, text in changed.items()}
            state = _State(self._files, self._folder, state.spec.files)
        return state


def _differs(result: Compared, state: _State, key: tuple[str, str], name: str) -> bool:
    """Say whether a type differs from the schema that it stands for, in the role of `key` or in both."""
    upstream, role = key
    for one in (role,) if role else ("request", "reply"):
        differ = result.differs[one]
        mine = Node(state.registry.types.get(name, {}), ("types", name))
        theirs = Node(differ.other.named[upstream], ("schemas", upstream))
        if differ.differs(mine, theirs):
            return True
    return False


def _tell_problems(upstream: Upstream, report: Report) -> None:
    for problem in upstream.problems:
        operations = ", ".join(problem.operations[:3]) + (" and others" if len(problem.operations) > 3 else "")  # noqa: PLR2004
        report.add("note", operations, f"{problem.message} ({problem.place})", *problem.operations)
    if not upstream.operations:
        report.add("problem", "", "the document has no operation that a tool could be made of")


__all__ = ["Outcome", "import_upstream", "state_of", "write"]
