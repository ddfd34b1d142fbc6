"""Says in plain words where a text stops being YAML, and what to do about it.

Owns: the mistakes that people make in YAML, each with the line that must be mended. It looks at the characters around
the place where PyYAML stopped, because the words of PyYAML change with each release. It must not know what a file
means.

Example: `summary: Read a call: its times` -> line 1, `the value of "summary" has a colon and a space in it: put the
value in quotes`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TABBED = re.compile(r" *(?:- *)*\t")
_MERGE = re.compile(r"<{7}(?: |$)|={7}$|>{7}(?: |$)")
_KEY = re.compile(r"\s*(?:- +)*(\"[^\"]*\"|'[^']*'|[^\s#'\"][^#]*?):(?=\s|$)")
_CLOSING = {"[": "]", "{": "}"}
_LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """A line and a column, both from 0, and the character there; an empty one at the end of the text."""

    line: int
    column: int
    character: str


class _Stop:
    """Where PyYAML stopped (`at`), and where the part began that it was reading (`begun`)."""

    def __init__(self, text: str, error: yaml.MarkedYAMLError) -> None:
        self.lines = _BREAK.split(text)
        mark = error.problem_mark or error.context_mark
        self.at = self._place(mark) if mark is not None else _Place(0, 0, text[:1])
        self.begun = self._place(error.context_mark) if error.context_mark is not None else None
        self.scanning = isinstance(error, yaml.scanner.ScannerError)
        self.last = next((index for index in range(len(self.lines) - 1, 0, -1) if self.lines[index].strip()), 0)

    def _place(self, mark: Any) -> _Place:
        line = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return _Place(mark.line, mark.column, line[mark.column : mark.column + 1])

    @property
    def before(self) -> str:
        """The part of the line that stands before the place."""
        return self.lines[self.at.line][: self.at.column] if self.at.line < len(self.lines) else ""

    @property
    def ended(self) -> bool:
        """Whether the text ended before the part that was being read."""
        return self.at.line > self.last or (self.at.line == self.last and not self.at.character)

    def indent(self, line: int) -> int:
        """Count the spaces at the start of a line."""
        return len(self.lines[line]) - len(self.lines[line].lstrip(" "))

    def above(self, line: int) -> int:
        """Give the nearest line above that is neither blank nor a comment; the line itself if there is none."""
        found = (i for i in range(line - 1, -1, -1) if self.lines[i].strip() and self.lines[i].lstrip()[0] != "#")
        return next(found, line)


def unreadable(text: str, error: yaml.YAMLError) -> tuple[int, str]:
    r"""Give the line (from 1) that must be mended, and what is wrong with the line.

    Example: `a:\n\tb: 1` -> `(2, "is indented with a tab: YAML takes only spaces")`.
    """
    control = _CONTROL.search(text)
    if control is not None and not isinstance(error, yaml.MarkedYAMLError):
        line = len(_BREAK.findall(text, 0, control.start())) + 1
        return line, f"holds the character U+{ord(control[0]):04X}, which YAML does not allow"
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, str(error).splitlines()[0]
    stop = _Stop(text, error)
    for line, message in _known_mistakes(stop, text, error):
        return line + 1, message
    return min(stop.at.line, stop.last) + 1, error.problem or error.context or "cannot be read"


def _known_mistakes(stop: _Stop, text: str, error: yaml.MarkedYAMLError) -> Iterator[tuple[int, str]]:
    """Yield what fits, the most telling first."""
    first = stop.begun.line if stop.begun is not None and stop.begun.line <= stop.at.line else stop.at.line
    for index, line in enumerate(stop.lines):
        if _MERGE.match(line):
            yield index, "is the mark of a merge that was not finished: choose one of the two sides"
    for index in (stop.at.line, *range(first, stop.at.line)):
        if index < len(stop.lines) and _TABBED.match(stop.lines[index]):
            yield index, "is indented with a tab: YAML takes only spaces"
    if stop.at.character == "\t":
        yield stop.at.line, "has a tab where a space must stand"
    if stop.lines[0].startswith("%"):
        yield 0, "is a directive: a spec file has none; put a text that begins with % in quotes"
    if isinstance(error, yaml.composer.ComposerError):
        yield stop.at.line, "begins a second document: a file holds one"
    if stop.begun is not None:
        yield from _unfinished(stop, stop.begun)
    yield from _at_value(stop)
    if stop.scanning and stop.begun is not None:
        yield from _without_colon(stop, stop.begun)
    if not stop.scanning:
        yield from _quoted_too_early(stop, text)
        yield from _misplaced(stop)


def _unfinished(stop: _Stop, begun: _Place) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a part that has a first character of its own: quotes, brackets, `|`, `*`."""
    sign = begun.character
    if sign in ("'", '"') and stop.scanning:
        if stop.ended:
            yield begun.line, f"opens a text with {sign}, and nothing closes the text"
        elif sign == '"' and "\\" in stop.lines[stop.at.line]:
            yield stop.at.line, "has a backslash in double quotes, where it begins an escape: use single quotes"
    elif sign in _CLOSING and not stop.scanning:
        closing = _CLOSING[sign]
        if stop.ended or (stop.at.line > begun.line and stop.indent(stop.at.line) <= stop.indent(begun.line)):
            yield begun.line, f'opens a "{sign}", and no "{closing}" closes it'
        yield stop.at.line, f'lacks a "," or a "{closing}" before column {stop.at.column + 1}'
    elif sign in ("|", ">") and stop.scanning:
        yield begun.line, f'has text after "{sign}": the text begins on the next line, indented'
    elif sign in ("*", "&", "!") and stop.scanning:
        yield begun.line, f'has a value that begins with "{sign}": put the value in quotes'


def _at_value(stop: _Stop) -> Iterator[tuple[int, str]]:
    """Yield what is wrong where a value begins, or goes on with a colon."""
    sign, line = stop.at.character, stop.at.line
    if sign in ("@", "`", "%") and stop.scanning:
        yield line, f'has a value that begins with "{sign}": put the value in quotes'
    if not stop.scanning or stop.begun is not None:
        return
    key = _KEY.match(stop.before)
    if sign == ":" and key is not None:
        yield line, f"has a colon and a space in the value of {_name(key)}: put the value in quotes"
    elif sign == ":" and stop.before.lstrip().startswith("- "):
        yield line, "has two colons, each with a space after it: put the value in quotes"
    elif sign == ":":
        above = stop.above(line)
        key = _KEY.match(stop.lines[above])
        owner = f"the value of {_name(key)}" if key is not None else "a text"
        message = f"is indented below {owner} (line {above + 1}), so it goes on with that text: indent a key like the "
        yield line, message + "keys beside it, and put a text that has a colon and a space in quotes"
    elif sign in ("-", "?"):
        yield line, f'has a "{sign}" after the key: a list begins on the next line; put a text in quotes'


def _without_colon(stop: _Stop, begun: _Place) -> Iterator[tuple[int, str]]:
    """Yield that a line was read as a key and is none."""
    text = stop.lines[begun.line].strip()
    if len(text) > _LONGEST_KEY:
        yield begun.line, f"has a key of more than {_LONGEST_KEY} characters"
    elif ":" in text and not text.startswith(("'", '"')):
        yield begun.line, f"has no space after the colon of {quoted(_cut(text))}"
    else:
        message = f"has {quoted(_cut(text))} where a key must stand: a key ends with a colon, and the further lines of "
        yield begun.line, message + "a text are indented below the text's key"


def _quoted_too_early(stop: _Stop, text: str) -> Iterator[tuple[int, str]]:
    """Yield that a quoted text or a bracket has ended, and the value goes on."""
    before = stop.before.rstrip()
    if not before or not before.endswith(("'", '"', "]", "}")):
        return
    sign = before[-1]
    if sign in ("]", "}"):
        if stop.at.character in ("]", "}"):
            yield stop.at.line, f'has a "{stop.at.character}" that nothing opened'
        yield stop.at.line, f'goes on after "{sign}": put the whole value in quotes'
        return
    opened = _opened(text, stop)
    twice = "write it twice" if sign == "'" else "write a backslash before it"
    further = "" if opened == stop.at.line else f"; the text ends on line {stop.at.line + 1}"
    yield opened, f"has a text that ends at a {sign} before the value ends: {twice}, or use the other quotes{further}"


def _opened(text: str, stop: _Stop) -> int:
    """Give the line on which the quoted text begins that ends just before the place."""
    found = stop.at.line
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if token.start_mark.line > stop.at.line:
                break
            if isinstance(token, yaml.ScalarToken) and token.style and token.end_mark.line == stop.at.line:
                found = token.start_mark.line
                break
    except yaml.YAMLError:
        return stop.at.line
    return found


def _misplaced(stop: _Stop) -> Iterator[tuple[int, str]]:
    """Yield that a line stands where no line of this kind can stand: its indentation fits nothing above."""
    line = stop.at.line
    if stop.at.character in ("]", "}"):
        yield line, f'has a "{stop.at.character}" that nothing opened'
    elif stop.at.character == ",":
        yield line, f"has a comma too many at column {stop.at.column + 1}"
    if stop.ended or line >= len(stop.lines) or stop.before.strip():
        return
    above = stop.above(line)
    if stop.lines[above].startswith("..."):
        yield line, f"stands after the end of the file: line {above + 1} is an end mark"
    depths = sorted({stop.indent(i) for i in range(line) if _continues(stop, i)})
    listed = " or ".join(map(str, depths)) or "0"
    if stop.indent(line) not in depths:
        yield line, f"is indented by {_spaces(stop.indent(line))}, which fits no line above: {listed} would"
    elif stop.at.character == "-":
        yield line, "is an item of a list among keys: indent the item below the key that the list belongs to"
    else:
        yield line, "is a key among the items of a list: indent the key like the keys of an item, or end the list"


def _continues(stop: _Stop, index: int) -> bool:
    """Tell whether a line above is still open at the place: no line between the two is indented less."""
    text = stop.lines[index]
    if not text.strip() or text.lstrip().startswith("#"):
        return False
    between = [i for i in range(index + 1, stop.at.line) if stop.lines[i].strip()]
    return all(stop.indent(i) >= stop.indent(index) for i in between)


def _spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"


def _name(key: re.Match[str]) -> str:
    return quoted(key[1].strip("\"'"))


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."  # noqa: PLR2004 - a readable length
