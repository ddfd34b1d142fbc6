"""What an import adds to a spec: tools, types, groups, servers, keys, pagination; and what it says of gone tools.

A name that is taken costs that one name: the tool gets the next free one, and a note says how to choose another. This
module must not know how existing entries are edited.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.check.destinations import header_problem, query_name_problem
from tool_generator.importing.access_edits import Access, is_unusable
from tool_generator.importing.create import Maker
from tool_generator.importing.editor import GONE
from tool_generator.importing.fresh import api_file
from tool_generator.importing.guesses import groups_of
from tool_generator.importing.yaml_text import Noted, block, entry, plain
from tool_generator.model.operation_exchanges import exchange_of_operation
from tool_generator.openapi.naming import camel_case, cut, singular, snake_case, title, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.compare.exchange_differ import Compared
    from tool_generator.importing.converter import Converter
    from tool_generator.importing.editor import Editor, Report
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.model.documents import Operation, Upstream

_SCHEMA_LINE = "# yaml-language-server: $schema=../../spec.schema.json"
_LIFECYCLE = {"deprecated", "replaced_by", "sunset"}


class Additions:
    """The additions of one round. `created` are the entries that it adds, `lacking` the operations without a tool."""

    def __init__(
        self,
        upstream: Upstream,
        spec: Spec | None,
        result: Compared,
        editor: Editor,
        report: Report,
        *,
        descriptions: bool,
    ) -> None:
        self._upstream = upstream
        self._spec = spec
        self._result = result
        self._editor = editor
        self._report = report
        self._descriptions = descriptions
        self._names: Mapping[str, str] = spec.importing.get("names", {}) if spec is not None else {}
        self._tools: Mapping[str, Entry] = spec.tools if spec is not None else {}
        sections = spec.sections if spec is not None else {}
        server, auth = (sections[key].data if key in sections else None for key in ("server", "auth"))
        used = {
            name for item in self._tools.values() for together in item.data.get("security", ()) for name in together
        }
        self.access = Access(upstream, server, auth, report, used)
        self.created: set[tuple[str | int, ...]] = set()
        self.lacking: dict[str, str] = {}
        self._taken = self._taken_names()
        self._groups = groups_of(upstream.operations.values(), self._placed())

    def _placed(self) -> dict[str, str]:
        return {operation.id: self._tools[name].group for name, operation in self._result.operations.items()}

    def reserved_types(self) -> set[str]:
        """Give the names of classes that no new type may take."""
        tools = [*self._tools, *map(snake_case, self._upstream.operations), *self._names.values()]
        return {
            "RequestArguments",
            "FileContent",
            *identifiers.RESERVED_CLASSES,
            *(camel_case(name) + "Arguments" for name in tools),
        }

    def add(self, converter: Converter, counts: Mapping[str, int]) -> None:
        """Add what the document has and the spec lacks, and mark what the document lacks."""
        self._gone()
        schemas = {role: differ.other for role, differ in self._result.differs.items()}
        maker = Maker(self._upstream, schemas, converter, self.access, counts, descriptions=self._descriptions)
        known = {name: dict(item.data) for name, item in self._spec.pagination.items()} if self._spec else {}
        styles: dict[str, dict[str, Any]] = {}
        tools: dict[str, dict[str, Any]] = {}
        for operation in self._result.matches.new:
            problem = self._unspeakable(operation)
            if problem:
                self.lacking[operation.id] = problem
                self._report.add("note", operation.id, f"{problem}: no tool is made", operation.id)
                continue
            name = self._free(operation)
            group = self._groups[operation.id]
            tool, style = maker.tool(name, operation)
            if style is not None:
                tool = _with_pagination(tool, _style_name(style, known, styles))
            tools.setdefault(group, {})[name] = tool
            self._editor.written.append(plain(tool))
            self.created.add(("tools", name))
            self._report.add("added", name, f"{operation.key}, {plain(tool['class'])}, in {group}", operation.id)
        self._write_tools(tools)
        self.write_types(converter)
        self._write_api(list(tools), styles)

    def _unspeakable(self, operation: Operation) -> str:
        """Say why no tool can be made of an operation; empty if one can."""
        server = self._upstream.server_of(operation)
        if server and is_unusable(server):
            return f"the server {server} is none that a key may go to"
        exchange = exchange_of_operation(operation, self._upstream, self._result.differs["request"].other)
        parts = [media.content_type for media in operation.body.media[1:]] if operation.body else []
        if exchange.whole is not None and "multipart/form-data" in parts:
            told = f"the body may also be multipart/form-data; {exchange.encoding} is taken, which carries no file"
            self._report.add("note", operation.id, told, operation.id)
        for item in exchange.fields.values():
            problem = ""
            if item.place == "query":
                problem = query_name_problem(item.wire)
            elif item.place == "header":
                problem = header_problem(item.wire)
            if problem and item.required:
                return f"the {item.place} parameter {problem}"
        return ""

    def _gone(self) -> None:
        by_operation: dict[str, str] = {}
        for name, operation in self._result.operations.items():
            by_operation.setdefault(operation.id, name)
        for name in self._result.matches.gone:
            item = self._tools[name]
            if "upstream" not in item.data:
                continue
            told = f"{item.data.get('upstream')} ({item.data['method']} {item.data['path']}) is gone upstream"
            self._report.add("gone", name, told)
            successor = _successor(item.data, self._upstream)
            if successor is not None:
                tool = by_operation.get(successor.id, self._name(successor))
                self._report.add(
                    "replacement",
                    name,
                    f"probably replaced by {tool} ({successor.key}): set replaced_by: {tool}, or state the move "
                    "under import.moves in api.yaml",
                    successor.id,
                )
            if not item.data.keys() & _LIFECYCLE:
                place = (item.source.name, item.path)
                self._editor.set(place, "deprecated", Noted(value=True, comment=GONE), "marked as deprecated")

    def _name(self, operation: Operation) -> str:
        given = self._names.get(operation.id) or self._names.get(operation.key)
        if given is not None:
            return given
        name = snake_case(operation.id)
        return f"{name}_operation" if identifiers.identifier(name) in identifiers.CLIENT_MEMBERS else name

    def _taken_names(self) -> dict[str, str]:
        taken: dict[str, str] = {}
        for item in self._tools.values():
            for spelling in (item.name, item.data.get("full_name", ""), *item.data.get("aliases", ())):
                if spelling:
                    taken.setdefault(spelling.lower().replace("-", "_"), item.name)
        return taken

    def _free(self, operation: Operation) -> str:
        """Give a free name for the tool of an operation."""
        wanted = self._name(operation)
        for name in _candidates(wanted, operation):
            key = name.lower().replace("-", "_")
            if key not in self._taken:
                break
        if name != wanted:
            told = (
                f"{operation.key} would be {wanted}, which is {self._taken[wanted]} already; it is {name}. To choose "
            )
            self._report.add(
                "note",
                name,
                f"{told}another name, say so in api.yaml under import.names: {operation.key}",
                operation.id,
            )
        self._taken[key] = name
        return name

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

    def write_types(self, converter: Converter) -> None:
        """Write the new types of a converter, each beside the tools of the first operation that uses it."""
        types = converter.needed(self._editor.written)
        first = self._first_uses() if types else {}
        by_group: dict[str, list[str]] = {}
        for name, schema in types.items():
            group = self._groups.get(first.get(converter.origins[name], ""), "shared")
            by_group.setdefault(group, []).append(block(name, schema, 2))
            self.created.add(("types", name))
        files = self._spec.files if self._spec is not None else {}
        for group, blocks in by_group.items():
            file, text = f"types/{group}.yaml", "\n" + "\n\n".join(blocks)
            data = files[file].data if file in files else None
            is_there = isinstance(data, dict) and "types" in data
            if not (is_there and self._editor.add_text((file, ("types",)), text)):
                whole = f"{_SCHEMA_LINE}\ntypes:\n" + "\n\n".join(blocks) + "\n"
                self._editor.create(self._free_file("types", group), whole)

    def _first_uses(self) -> dict[str, str]:
        from tool_generator.openapi.operations import used_schemas

        first: dict[str, str] = {}
        for operation in self._upstream.operations.values():
            for name in used_schemas(operation, self._upstream.schemas, first):
                first.setdefault(name, operation.id)
        return first

    def _free_file(self, folder: str, group: str) -> str:
        name, count = f"{folder}/{group}.yaml", 1
        while name in self._editor.texts:
            count += 1
            name = f"{folder}/{group}_{count}.yaml"
        return name

    def _write_api(self, groups: list[str], styles: dict[str, dict[str, Any]]) -> None:
        if self._spec is None and not groups:
            self._report.add("problem", "", "no tool could be made of any operation")
        elif self._spec is None:
            text = api_file(self._upstream, groups, self.access, self._report)
            if styles:
                text += "\npagination:\n" + "\n".join(entry(name, style, 2) for name, style in styles.items()) + "\n"
            self._editor.create("api.yaml", text)
        else:
            self._extend_api(self._spec, groups, styles)

    def _extend_api(self, spec: Spec, groups: list[str], styles: dict[str, dict[str, Any]]) -> None:
        api = spec.sections["api"].source.name
        for group in groups:
            if group not in spec.groups:
                self._editor.append((api, ("api", "groups")), group, "")
        if styles and spec.pagination:
            for name, style in styles.items():
                self._editor.set((api, ("pagination",)), name, style, f"has the style {name!r} now")
        elif styles:
            self._editor.set((api, ()), "pagination", styles, "")
        others, auth = self.access.sections()
        has_servers, has_schemes = self.access.changes()
        if has_servers:
            self._editor.set((api, ("server",)), "others", others, f"knows the servers {', '.join(others)}")
        if has_schemes:
            self._editor.set((api, ()), "auth", auth, "knows other keys now")
        url = self.access.move_to(spec.sections["server"].data)
        if url:
            self._editor.set((api, ("server",)), "base_url", url, f"the server is {url}")


def _candidates(wanted: str, operation: Operation) -> Iterator[str]:
    """Yield names for a tool: the wanted one, with the method, with the tag, with a number."""
    yield wanted
    parts = words(wanted)
    for more in ([operation.method.lower()], [word.lower() for tag in operation.tags[:1] for word in words(tag)]):
        yield cut([word.lower() for word in [*parts, *more]], 80)
    count = 2
    while True:
        yield f"{wanted[:76]}_{count}"
        count += 1


def _successor(data: Mapping[str, Any], upstream: Upstream) -> Operation | None:
    """Look for the next version of a gone operation: the path or the name is the same except for the version.

    Example: `/v1/pets` is gone, and `/v2/pets` is the successor.
    """
    path, name = _unversioned(data["path"]), _plain_name(str(data.get("upstream", "")))
    for operation in upstream.operations.values():
        if _unversioned(operation.path) == path and operation.path != data["path"]:
            return operation
    for operation in upstream.operations.values():
        if name and _plain_name(operation.id) == name:
            return operation
    return None


def _unversioned(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment and not re.fullmatch(r"v\d+\w*", segment)]
    return "/".join("{}" if "{" in segment else segment for segment in segments)


def _plain_name(name: str) -> str:
    return "_".join(singular(word.lower()) for word in words(name) if not re.fullmatch(r"v\d+", word.lower()))


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
