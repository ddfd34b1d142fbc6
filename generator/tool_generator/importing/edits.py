"""Changes to one YAML file that leave every other byte as it is.

An edit replaces, adds or removes one entry or item, at the positions that the YAML nodes have in the text. All edits
of a round refer to the text at the start of the round. An edit that would touch the place of an earlier edit is
refused; the caller plans again on the new text. Comments stay where they are. This module must not know what the file
means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tool_generator.importing.yaml_text import Noted, entry, flow, scalar

if TYPE_CHECKING:
    from tool_generator.load.sources import Source

    Path = tuple[str | int, ...]


class Edits:
    """The edits of one file. `text` is the text that `source` was read from."""

    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._text = text
        self._lines = _line_starts(text)
        self._spans: list[tuple[int, int, str]] = []
        self._removed: dict[int, list[int]] = {}
        self._added: set[tuple[int, str]] = set()

    def result(self) -> str:
        """Give the new text of the file."""
        text = self._text

        def place(item: tuple[int, tuple[int, int, str]]) -> tuple[int, int, int, int]:
            number, (start, end, added) = item
            # Two mappings may end at the same place: the text for the inner mapping comes first.
            return start, end, -_indent(added), number

        for _, (start, end, replacement) in sorted(enumerate(self._spans), key=place, reverse=True):
            text = text[:start] + replacement + text[end:]
        return text

    def set(self, path: Path, key: str, value: Any, *, instead: str = "") -> bool:
        """Set a key of a mapping. The new value replaces the old value (or the key `instead`), or goes to the end."""
        node = self._node(path)
        if not isinstance(node, yaml.MappingNode):
            return False
        for key_node, item in node.value:
            if key_node.value == (instead or key):
                if (
                    isinstance(value, str)
                    and not instead
                    and isinstance(item, yaml.ScalarNode)
                    and item.style not in ("|", ">")
                ):
                    return self._replace(*self._span(item), scalar(value, block=not node.flow_style))
                start = self._at(key_node.start_mark)
                indent = key_node.start_mark.column
                text = f"{scalar(key)}: {flow(value)}" if node.flow_style else entry(key, value, indent).lstrip(" ")
                return self._replace(start, self._end(item), text)
        return self._add(node, key, value)

    def append(self, path: Path, value: Any) -> bool:
        """Add an item to a list."""
        node = self._node(path)
        if not isinstance(node, yaml.SequenceNode):
            return False
        if node.flow_style:
            close = self._at(node.end_mark) - 1
            return self._insert(
                close if not node.value else self._end(node.value[-1]), (", " if node.value else "") + flow(value)
            )
        indent = node.start_mark.column
        text = entry("x", [value], indent - 2).partition("\n")[2] or f"{' ' * indent}- {flow(value)}"
        return self._insert(self._line_end(self._end(node)), "\n" + text)

    def remove(self, path: Path, step: str | int) -> bool:
        """Remove an entry of a mapping or an item of a list. Removal of the last one leaves `{}` or `[]`."""
        node = self._node(path)
        if isinstance(node, yaml.MappingNode):
            index = next((index for index, pair in enumerate(node.value) if pair[0].value == step), None)
            spans = [(self._at(pair[0].start_mark), self._end(pair[1])) for pair in node.value]
            empty = "{}"
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            index = step if step < len(node.value) else None
            spans = [self._span(item) for item in node.value]
            empty = "[]"
        else:
            return False
        if index is None:
            return False
        gone = self._removed.setdefault(id(node), [])
        if len(gone) + 1 >= len(spans):
            if gone or len(spans) > 1:
                return False
            return self._replace(*self._span(node), empty)
        if node.flow_style:
            start, end = (
                (spans[index][0], spans[index + 1][0])
                if index + 1 < len(spans)
                else (spans[index - 1][1], spans[index][1])
            )
            done = self._replace(start, end, "")
        else:
            start = spans[index][0]
            line = self._text.rfind("\n", 0, start) + 1
            if self._text[line:start].strip(" "):
                # The entry stands on the line of a list's dash, so the next entry moves up to this line.
                if isinstance(node, yaml.MappingNode) and index + 1 < len(spans):
                    done = not gone and self._replace(start, spans[index + 1][0], "")
                else:
                    done = isinstance(node, yaml.SequenceNode) and self._replace(
                        line, min(self._line_end(spans[index][1]) + 1, len(self._text)), ""
                    )
            else:
                end = min(self._line_end(spans[index][1]) + 1, len(self._text))
                done = self._replace(self._without_gap(line, end), end, "")
        if done:
            gone.append(index)
        return done

    def _without_gap(self, start: int, end: int) -> int:
        """Include the blank line before an entry if another blank line, or the end of the file, follows the entry."""
        before = self._text[:start].endswith("\n\n")
        return start - 1 if before and self._text[end : end + 1] in ("\n", "") else start

    def replace(self, path: Path, value: Any) -> bool:
        """Replace the value at `path`."""
        if not path:
            return False
        parent = self._node(path[:-1])
        if isinstance(parent, yaml.MappingNode):
            return self.set(path[:-1], str(path[-1]), value)
        node = self._node(path)
        return node is not None and self._replace(*self._span(node), flow(value))

    def add_text(self, path: Path, text: str) -> bool:
        """Add lines to the end of a block mapping."""
        node = self._node(path)
        if not isinstance(node, yaml.MappingNode):
            return False
        if node.flow_style:
            return not node.value and self._replace(*self._span(node), "\n" + text.lstrip("\n"))
        position = self._line_end(self._end(node))
        if any(start < position == end for start, end, _ in self._spans):
            # Another edit replaces the last lines of the mapping; whole lines can follow the text of that edit.
            self._spans.append((position, position, "\n" + text))
            return True
        return self._insert(position, "\n" + text)

    def _add(self, node: yaml.MappingNode, key: str, value: Any) -> bool:
        if (id(node), key) in self._added:
            return False
        done = self._added_entry(node, key, value)
        if done:
            self._added.add((id(node), key))
        return done

    def _added_entry(self, node: yaml.MappingNode, key: str, value: Any) -> bool:
        if node.flow_style:
            if not node.value:
                return not self._added_to(node) and self._replace(
                    *self._span(node), "{" + f"{scalar(key)}: {flow(value)}" + "}"
                )
            text = f", {scalar(key)}: {flow(value)}"
            return self._insert(self._end(node.value[-1][1]), text)
        indent = node.value[0][0].start_mark.column
        return self._insert(self._line_end(self._end(node)), "\n" + entry(key, value, indent))

    def _added_to(self, node: yaml.Node) -> bool:
        return any(known == id(node) for known, _ in self._added)

    def _insert(self, position: int, text: str) -> bool:
        if any(start < position < end for start, end, _ in self._spans):
            return False
        if any(start == position and start != end for start, end, _ in self._spans):
            return False
        if any(end == position and start != end for start, end, _ in self._spans):
            return False
        self._spans.append((position, position, text))
        return True

    def _replace(self, start: int, end: int, text: str) -> bool:
        if any(start < other_end and other < end for other, other_end, _ in self._spans if other != other_end):
            return False
        if any(start <= other <= end for other, other_end, _ in self._spans if other == other_end):
            return False
        self._spans.append((start, end, text))
        return True

    def _node(self, path: Path) -> yaml.Node | None:
        node = self._source.node
        for step in path:
            if isinstance(node, yaml.MappingNode):
                node = next((pair[1] for pair in node.value if pair[0].value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def _span(self, node: yaml.Node) -> tuple[int, int]:
        return self._at(node.start_mark), self._end(node)

    def _at(self, mark: Any) -> int:
        return self._lines[mark.line] + int(mark.column) if mark.line < len(self._lines) else len(self._text)

    def _end(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        end = self._at(node.end_mark)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            start = self._at(node.start_mark)
            return start + len(self._text[start:end].rstrip())
        return end

    def _line_end(self, position: int) -> int:
        end = self._text.find("\n", position)
        return len(self._text) if end < 0 else end


def _indent(added: str) -> int:
    lines = added.removeprefix("\n")
    return len(lines) - len(lines.lstrip(" ")) if added.startswith("\n") else 0


def _line_starts(text: str) -> list[int]:
    starts = [0]
    starts += [index + 1 for index, character in enumerate(text) if character == "\n"]
    return starts


__all__ = ["Edits", "Noted"]
