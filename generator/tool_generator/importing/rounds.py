"""One round of an import: match, pair, compare, edit, add.

Every edit is planned on the spec as the round read it at its start. This module must not know how many rounds there
are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.importing.admitted import is_bare
from tool_generator.importing.convert import Converter
from tool_generator.importing.create import Maker
from tool_generator.importing.directions import OurSide, at
from tool_generator.importing.editor import Editor, Report
from tool_generator.importing.fresh import api_file
from tool_generator.importing.guesses import groups_of
from tool_generator.importing.matching import Matches, match
from tool_generator.importing.naming import camel_case, snake_case, title
from tool_generator.importing.pairing import Pairing
from tool_generator.importing.rendering import Noted, block, entry, plain
from tool_generator.importing.update_properties import update_properties
from tool_generator.importing.update_tools import ToolPair
from tool_generator.importing.update_values import update_values
from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.importing.directions import TheirSide
    from tool_generator.importing.index import Index
    from tool_generator.load.sources import Source
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.model.documents import Operation

_SCHEMA_LINE = "# yaml-language-server: $schema=../../spec.schema.json"


class Round:
    """Plans one round. `spec` is None for an empty folder; `created` are the entries that this round adds."""

    def __init__(
        self,
        spec: Spec | None,
        files: Mapping[str, Source],
        texts: Mapping[str, str],
        index: Index,
        report: Report,
        fresh: set[tuple[str | int, ...]],
        *,
        descriptions: bool,
    ) -> None:
        self._spec = spec
        self._files = files
        self._texts = texts
        self._index = index
        self._upstream = index.upstream
        self._report = report
        self._descriptions = descriptions
        self.created: set[tuple[str | int, ...]] = set()
        api_source = next(
            (source for source in files.values() if isinstance(source.data, dict) and "api" in source.data), None
        )
        self._api = api_source
        given = api_source.data.get("import", {}) if api_source is not None else {}
        self._names: Mapping[str, str] = given.get("names", {})
        self._moves: Mapping[str, str] = given.get("moves", {})
        self._editor = Editor(texts, files, given.get("keep", {}), report)
        self._editor.fresh = fresh
        self._tools: dict[str, Entry] = dict(spec.tools) if spec else {}
        self._types: dict[str, Entry] = dict(spec.types) if spec else {}

    def run(self) -> dict[str, str]:
        """Give the files that change."""
        matches = match(self._tools, self._upstream, self._moves)
        for problem in matches.problems:
            self._report.add("problem", "", problem)
        ours = OurSide(self._types)
        theirs = self._index.sides
        pairing = Pairing(ours, theirs)
        shapes = {name: item.data for name, item in self._spec.shapes.items()} if self._spec else {}
        pairs = [ToolPair(item, operation, pairing, shapes) for item, operation in matches.pairs]
        for pair in pairs:
            pair.pair()
        pairing.settle()
        converter = Converter(
            ours, theirs, pairing.paired, self._index, self._reserved_types(), descriptions=self._descriptions
        )
        update_values(pairing, self._editor, converter)
        anchors = [anchor for anchor in (pair.anchor() for pair in pairs) if anchor is not None]
        declared = update_properties(pairing, anchors, self._editor, converter)
        for pair in pairs:
            pair.update(declared.get(pair.entry.name, set()), self._editor, converter)
        self._gone(matches)
        self._add_new(matches, theirs, converter)
        return self._editor.results()

    def _reserved_types(self) -> set[str]:
        tools = [*self._tools, *map(snake_case, self._upstream.operations), *self._names.values()]
        return {
            "RequestArguments",
            "FileContent",
            *identifiers.RESERVED_CLASSES,
            *(camel_case(name) + "Arguments" for name in tools),
        }

    def _gone(self, matches: Matches) -> None:
        of_operation: dict[str, str] = {}
        for item, operation in matches.pairs:
            of_operation.setdefault(operation.id, item.name)
        for item, successor in matches.gone:
            told = f"{item.data.get('upstream')} ({item.data['method']} {item.data['path']}) is gone upstream"
            self._report.add("gone", item.name, told)
            if successor is not None:
                tool = of_operation.get(successor.id, self._name(successor))
                self._report.add(
                    "replacement",
                    item.name,
                    f"probably replaced by {tool} ({successor.key}): set replaced_by: {tool}, or state the move "
                    "under import.moves in api.yaml",
                    successor.id,
                )
            if not item.data.keys() & {"deprecated", "replaced_by", "sunset"}:
                self._editor.set(
                    at(item), "deprecated", Noted(value=True, comment="review: gone upstream"), "marked as deprecated"
                )

    def _name(self, operation: Operation) -> str:
        given = self._names.get(operation.id) or self._names.get(operation.key)
        if given is not None:
            return given
        name = snake_case(operation.id)
        return f"{name}_operation" if identifiers.identifier(name) in identifiers.CLIENT_MEMBERS else name

    def _add_new(self, matches: Matches, theirs: Mapping[str, TheirSide], converter: Converter) -> None:
        placed = {operation.id: item.group for item, operation in matches.pairs}
        groups = groups_of(self._upstream.operations.values(), placed)
        maker = Maker(theirs, converter, self._index.counts, descriptions=self._descriptions)
        styles = {name: dict(item.data) for name, item in self._spec.pagination.items()} if self._spec else {}
        new_styles: dict[str, dict[str, Any]] = {}
        tools: dict[str, dict[str, Any]] = {}
        taken = self._taken()
        for operation in matches.new:
            name = self._name(operation)
            group = groups[operation.id]
            if not self._is_free(name, operation, taken):
                continue
            tool, style, told = maker.tool(name, operation)
            for line in told:
                self._report.add("note", name, line, operation.id)
            if tool is None:
                continue
            if style is not None:
                tool = _with_pagination(tool, _style_name(style, styles, new_styles))
            tools.setdefault(group, {})[name] = tool
            self.created.add(("tools", name))
            self._report.add("added", name, f"{operation.key}, {plain(tool['class'])}, in {group}", operation.id)
        self._write_tools(tools)
        self._write_types(converter, groups)
        self._write_api(list(tools), new_styles)

    def _taken(self) -> dict[str, str]:
        taken: dict[str, str] = {}
        for item in self._tools.values():
            for spelling in (item.name, item.data.get("full_name", ""), *item.data.get("aliases", ())):
                if spelling:
                    taken.setdefault(spelling.lower().replace("-", "_"), item.name)
        return taken

    def _is_free(self, name: str, operation: Operation, taken: dict[str, str]) -> bool:
        key = name.lower().replace("-", "_")
        if key in taken:
            told = (
                f"{operation.key} ({operation.id}) would be the tool {quoted(name)}, which is {taken[key]}: name it in "
            )
            self._report.add(
                "problem", "", f"{told}api.yaml, import: {{names: {{{operation.id}: other_name}}}}", operation.id
            )
            return False
        taken[key] = f"that of {operation.key} ({operation.id})"
        return True

    def _write_tools(self, tools: dict[str, dict[str, Any]]) -> None:
        for group, members in tools.items():
            blocks = [block(name, tool, 2) for name, tool in members.items()]
            known = self._spec.groups.get(group) if self._spec else None
            if known is not None:
                self._editor.add_text((known.source.name, ("tools",)), "\n" + "\n\n".join(blocks))
                continue
            file = self._free_file("tools", group)
            head = [_SCHEMA_LINE, entry("group", group, 0), entry("title", title(group), 0)]
            summary = self._upstream.tags.get(group, "") if self._descriptions else ""
            if summary.strip():
                head.append(entry("summary", " ".join(summary.split()), 0))
            self._editor.create(file, "\n".join([*head, "tools:"]) + "\n" + "\n\n".join(blocks) + "\n")

    def _write_types(self, converter: Converter, groups: Mapping[str, str]) -> None:
        by_group: dict[str, list[str]] = {}
        for name, schema in converter.types.items():
            group = groups.get(self._index.first.get(converter.origins[name], ""), "shared")
            by_group.setdefault(group, []).append(block(name, schema, 2))
            self.created.add(("types", name))
        for group, blocks in by_group.items():
            file = f"types/{group}.yaml"
            is_there = file in self._files and isinstance(self._files[file].data, dict)
            if not (
                is_there
                and "types" in self._files[file].data
                and self._editor.add_text((file, ("types",)), "\n" + "\n\n".join(blocks))
            ):
                self._editor.create(
                    self._free_file("types", group), f"{_SCHEMA_LINE}\ntypes:\n" + "\n\n".join(blocks) + "\n"
                )

    def _free_file(self, folder: str, group: str) -> str:
        name, count = f"{folder}/{group}.yaml", 1
        while name in self._texts:
            count += 1
            name = f"{folder}/{group}_{count}.yaml"
        return name

    def _write_api(self, groups: list[str], styles: dict[str, dict[str, Any]]) -> None:
        known = list(self._spec.groups) if self._spec else []
        added = [group for group in groups if group not in known]
        if self._api is None and not added:
            self._report.add("problem", "", "no tool could be made of any operation")
        elif self._api is None:
            text = api_file(self._upstream, added, self._report)
            if styles:
                lines = [entry(name, style, 2) for name, style in styles.items()]
                text += "\npagination:\n" + "\n".join(lines) + "\n"
            self._editor.create("api.yaml", text)
        else:
            self._extend_api(self._api, added, styles)

    def _extend_api(self, api: Source, groups: list[str], styles: dict[str, dict[str, Any]]) -> None:
        for group in groups:
            self._editor.append((api.name, ("api", "groups")), group, "")
        if styles and "pagination" in api.data:
            for name, style in styles.items():
                self._editor.set((api.name, ("pagination",)), name, style, f"has the style {name!r} now")
        elif styles:
            self._editor.set((api.name, ()), "pagination", styles, "")


def _with_pagination(tool: dict[str, Any], style: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in tool.items():
        if key == "returns":
            result["pagination"] = style
        result[key] = value
    return result


def _style_name(style: dict[str, Any], styles: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> str:
    for name, known in styles.items():
        if {key: value for key, value in known.items() if key != "first_page_only"} == style:
            return name
    base = "keyed" if "cursor" in style else "numbered" if "page" in style else "offset"
    name, count = base, 1
    while name in styles:
        count += 1
        name = f"{base}_{count}"
    styles[name] = new[name] = style
    return name


def remove_types(
    gone: set[str], spec: Spec, files: Mapping[str, Source], texts: Mapping[str, str], report: Report
) -> dict[str, str]:
    """Remove types that nothing uses any more. Types that people wrote something about stay and are reported."""
    editor = Editor(texts, files, {}, report)
    for name in sorted(gone):
        item = spec.types.get(name)
        if item is None:
            continue
        if is_bare(item.data):
            editor.remove((item.source.name, item.path[:-1]), name, "")
        else:
            report.add("note", name, "no tool uses this type any more")
    return editor.results()
