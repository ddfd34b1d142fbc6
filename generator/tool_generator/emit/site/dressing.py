r"""Plain Markdown (CommonMark) in the dialect and the dress of the site's builder, which is Python-Markdown.

| plain | dressed |
|---|---|
| several code blocks in a row, in different languages | tabs |
| `- \`name\` (type, **required**): text` | a row: name, type, a mark, and the text below |
| `> **Warning:** text` | an admonition |
| lists nested by two spaces | lists nested by four |
| a backslash in front of `<`, `&`, `~` and others | an entity, since Python-Markdown would show the backslash |

This module knows both dialects. It must not know what pages say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tool_generator.emit.reference.markdown import fenced

LABELS: Mapping[str, str] = {
    "sh": "Shell",
    "python": "Python",
    "lua": "Lua",
    "json": "JSON",
    "toml": "TOML",
    "curl": "curl",
}
"""The names of tabs by language, in the order of the tabs."""

_ITEM = re.compile(r"(?P<indent> *)(?P<marker>[-*+]|\d{1,9}[.)]) +(?P<text>\S.*)")
_SPAN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
_ESCAPED = re.compile(r"\\([<>&~\"'|=:;,@$%^/?])")
# Our own marks of headings, and every other brace, which the builder might read as a mark.
_BRACE = re.compile(r"\{(?! data-search-exclude \}$| [#.][\w.-]+ \}$)")
_NOTICE = re.compile(r"> \*\*(?P<title>[^*]+?)[.:]?\*\* ?(?P<text>.*)")
_FIELD = re.compile(r"(?P<name>`[^`]+`) \(")
_SHOWN_FIELD = re.compile(r'(?P<indent> *)- `(?P<name>[^`<>&]+)` <span class="rt-type">')
_REQUIRED = ", **required**"


@dataclass(frozen=True, slots=True)
class _Fence:
    """A block of fenced code, with its fences."""

    language: str
    lines: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name of the tab: a shell command that begins with curl has a tab of its own."""
        is_curl = self.language == "sh" and len(self.lines) > 1 and self.lines[1].startswith(("curl ", "# curl"))
        return LABELS["curl"] if is_curl else LABELS.get(self.language, self.language)


def dressed(text: str, *, names_only: bool = False) -> str:
    """Return a plain Markdown text as a source of the site. Ends with one newline.

    With `names_only`, the search finds fields by name and not by their texts: those are long, and their words would
    hide the page that a reader looks for.

    Example: a block of Python followed by a block of Lua becomes two tabs, `=== "Python"` and `=== "Lua"`.
    """
    lines: list[str] = []
    prose: list[str] = []
    run: list[_Fence] = []

    def flush() -> None:
        nonlocal run
        shown = _dressed_prose(prose)
        lines.extend(_names_only(shown) if names_only else shown)
        prose.clear()
        lines.extend(_tabs(run))
        run = []

    for part in _parts(text):
        if isinstance(part, _Fence):
            if not run or any(line.strip() for line in prose):
                flush()
            prose.clear()
            if any(one.label == part.label for one in run):
                flush()
            run.append(part)
        else:
            if run and part.strip():
                flush()
            prose.append(part)
    flush()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _parts(text: str) -> Iterator[str | _Fence]:
    block: list[str] = []
    for line, is_code in fenced(text):
        if not is_code:
            yield line
            continue
        block.append(line)
        if len(block) > 1 and _closes(block[0], line):
            yield _fence(block)
            block = []
    if block:
        yield _fence(block)


def _closes(opening: str, line: str) -> bool:
    ticks = opening.strip().removesuffix(_language(opening)).strip()
    return line.strip().startswith(ticks) and not line.strip().strip(ticks[0])


def _fence(block: list[str]) -> _Fence:
    return _Fence(_language(block[0]), tuple(block))


def _language(opening: str) -> str:
    return opening.strip().lstrip("`~").strip()


def _tabs(run: list[_Fence]) -> list[str]:
    if len(run) < 2 or not all(one.language for one in run):  # noqa: PLR2004 - one block needs no tabs
        return [line for one in run for line in ("", *one.lines, "")]
    order = list(LABELS.values())
    shown = sorted(run, key=lambda one: order.index(one.label) if one.label in order else len(order))
    lines = [""]
    for one in shown:
        lines += [f'=== "{one.label}"', "", *(f"    {line}" if line else "" for line in one.lines), ""]
    return lines


def _dressed_prose(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of prose: lists nested as Python-Markdown wants them, notices as admonitions, escapes as entities."""
    levels: list[int] = []
    before = ""
    for line in lines:
        item = _ITEM.fullmatch(line)
        notice = _NOTICE.fullmatch(line)
        if item:
            indent = len(item["indent"])
            if not levels and before.strip():
                yield ""
            while levels and levels[-1] > indent:
                levels.pop()
            if not levels or levels[-1] < indent:
                levels.append(indent)
            depth = len(levels) - 1
            yield f"{'    ' * depth}{item['marker']} {plain_to_entities(_row(item['text']))}"
        elif notice:
            yield f'!!! {_kind(notice["title"])} "{notice["title"]}"'
            yield ""
            yield f"    {plain_to_entities(notice['text'][:1].upper() + notice['text'][1:])}"
        else:
            if levels and line.strip():
                if not line.startswith(" ") and not before.strip():
                    levels = []
                else:
                    line = "    " * len(levels) + line.strip()  # noqa: PLW2901 - a continued item
            yield plain_to_entities(line)
        before = line


def _names_only(lines: Iterable[str]) -> Iterator[str]:
    """Yield dressed lines in which lists of fields are kept out of the search, except for the names of the fields."""
    names: list[str] = []
    is_open = False
    for line in (*lines, ""):
        found = _SHOWN_FIELD.match(line)
        if found and not is_open and not found["indent"]:
            yield from ("", "<div data-search-exclude markdown>", "")
            is_open = True
        elif is_open and (not line or not line.startswith(("- ", " "))):
            yield from ("", "</div>", "", f"<p hidden>{', '.join(dict.fromkeys(names))}</p>", "")
            names, is_open = [], False
        if found:
            names.append(found["name"])
        yield line


def _kind(title: str) -> str:
    return {"Warning": "warning", "Deprecated": "failure"}.get(title, "note")


def _row(text: str) -> str:
    """Return the text of a list item; one of a field becomes a row with its type and its mark.

    Example: "`limit` (integer): Rows." -> "`limit` <span class="rt-type">integer</span><br>Rows."
    """
    found = _FIELD.match(text)
    if not found:
        return text
    end = _closing(text, found.end())
    rest = text[end + 1 :] if end else ""
    if not end or (rest and not rest.startswith(": ")):
        return text
    kind, required, unless = text[found.end() : end].partition(_REQUIRED)
    mark = f' <span class="rt-required">required{unless}</span>' if required else ""
    words = f"<br>{rest[2:]}" if rest else ""
    return f'{found["name"]} <span class="rt-type">{kind}</span>{mark}{words}'


def _closing(text: str, start: int) -> int:
    """Return the position of the parenthesis that closes the one before `start`; 0 where there is none."""
    spans = [span.span() for span in _SPAN.finditer(text)]
    depth = 1
    for at in range(start, len(text)):
        if any(low <= at < high for low, high in spans):
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if not depth:
            return at
    return 0


def plain_to_entities(line: str) -> str:
    r"""Return a line without backslashes that Python-Markdown would show, and without braces that mean attributes.

    Code stays. Example: `a \< b` -> `a &#60; b`.
    """
    if "\\" not in line and "{" not in line:
        return line
    parts: list[str] = []
    end = 0
    for span in _SPAN.finditer(line):
        parts += (_entities(line[end : span.start()]), span.group())
        end = span.end()
    parts.append(_entities(line[end:]))
    return "".join(parts)


def _entities(text: str) -> str:
    return _BRACE.sub("&#123;", _ESCAPED.sub(lambda found: f"&#{ord(found.group(1))};", text))
