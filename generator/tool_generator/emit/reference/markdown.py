r"""Text of the spec as Markdown that shows exactly this text.

Descriptions in a spec are plain text with two exceptions: a `code span` stays a code span, and lines that begin with a
list marker stay list items. Characters that Markdown would read as markup are escaped, and no others: agents read the
source, and `call_id` is easier to read than `call\_id`. A line break inside a paragraph is a space, as in Markdown.

This module knows Markdown (CommonMark with the tables of GFM). It must not know about tools, types or pages.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

_LINE = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
_ITEM = re.compile(r"([-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_SPECIAL = re.compile(r"\\|`|\*|_+|<|&|]|~")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_BLOCK_START = re.compile(r"(?:#{1,6}(?=\s|$)|>|[-+=](?=[\s\-+=]|$)|\[|(\d{1,9})(?=[.)](?:\s|$)))")
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_CACHED_TEXTS = 8192


def _escaped(text: str, found: re.Match[str]) -> str:
    """Return one special character, escaped if Markdown would read it as markup at this place."""
    token = found.group()
    before = text[found.start() - 1] if found.start() else ""
    after = text[found.end()] if found.end() < len(text) else ""
    match token[0]:
        case "\\":
            means_itself = bool(after) and after not in _PUNCTUATION
        case "*":
            means_itself = before.isspace() and after.isspace()
        case "_":
            means_itself = (before.isalnum() and after.isalnum()) or (before.isspace() and after.isspace())
        case "<":
            means_itself = bool(after) and not after.isalpha() and after not in "/!?"
        case "&":
            means_itself = _ENTITY.match(text, found.start()) is None
        case "]":
            means_itself = after not in ("(", "[", ":")
        case "~":
            means_itself = (not before or before.isspace()) and after != "~"
        case _:
            means_itself = False
    return token if means_itself else "".join("\\" + char for char in token)


def _plain(text: str) -> str:
    return _SPECIAL.sub(lambda found: _escaped(text, found), text)


def _line(text: str) -> str:
    parts: list[str] = []
    end = 0
    for span in _CODE_SPAN.finditer(text):
        parts += (_plain(text[end : span.start()]), code(span.group(2)))
        end = span.end()
    parts.append(_plain(text[end:]))
    return "".join(parts)


def _guarded(markdown: str) -> str:
    """Escape a character at the start of a block that would begin a heading, quote, list, rule or link definition."""
    found = _BLOCK_START.match(markdown)
    if not found:
        return markdown
    if number := found.group(1):
        return f"{number}\\{markdown[len(number) :]}"
    return "\\" + markdown


def _parts(text: str) -> list[tuple[str, str]]:
    """Split text into paragraphs and list items: pairs of a marker (empty for a paragraph) and one line."""
    parts: list[tuple[str, str]] = []
    joins = False
    for raw in _LINE.split(_UNPRINTABLE.sub("\ufffd", text)):
        line = raw.replace("\t", " ").strip(" ")
        if not line:
            joins = False
        elif item := _ITEM.match(line):
            parts.append((item.group(1), line[item.end() :]))
            joins = True
        elif joins:
            marker, begun = parts[-1]
            parts[-1] = marker, f"{begun} {line}"
        else:
            parts.append(("", line))
            joins = True
    return parts


@lru_cache(maxsize=_CACHED_TEXTS)
def inline(text: str) -> str:
    """Return text as inline Markdown on one line; `<br>` separates paragraphs and list items."""
    return "<br>".join(_line(f"{marker} {part}" if marker else part) for marker, part in _parts(text))


def paragraph(text: str) -> str:
    """Return text as one paragraph that stands on a line of its own."""
    return _guarded(inline(text))


def blocks(text: str) -> str:
    """Return text as paragraphs and lists, without a final newline; an empty text stays empty."""
    rendered: list[str] = []
    listing = False
    for marker, part in _parts(text):
        content = _guarded(_line(part))
        if rendered and not (listing and marker):
            rendered.append("")
        bullet = "-" if marker in ("*", "+") else marker
        rendered.append(f"{bullet} {content}" if marker else content)
        listing = bool(marker)
    return "\n".join(rendered)


def heading(text: str) -> str:
    """Return text for an ATX heading, without the leading `#`."""
    return re.sub(r"(^|\s)(#+)$", r"\1\\\2", inline(text).replace("<br>", " "))


def code(text: str) -> str:
    """Return text as a code span. A line break becomes a space, a control character the replacement character."""
    if not text.isprintable():
        text = _UNPRINTABLE.sub("\ufffd", _LINE.sub(" ", text)).replace("\t", " ")
    longest = max(map(len, re.findall("`+", text))) if "`" in text else 0
    fence = "`" * (longest + 1) if longest else "`"
    edged = text[:1] == "`" or text[-1:] == "`" or (text[:1] == text[-1:] == " " and text.strip(" "))
    return f"{fence} {text} {fence}" if edged else f"{fence}{text}{fence}"


def fence(content: str) -> str:
    """Return a code fence that no line of the content can close: four backticks around a line of three."""
    longest = max((len(run) for run in re.findall("`{3,}", content)), default=2)
    return "`" * (longest + 1)


def slug(title: str) -> str:
    """Return the anchor that renderers make of a heading: `Tool calls (beta)` -> `tool-calls-beta`."""
    kept = re.sub(r"[^\w\- ]", "", title.lower())
    return kept.replace(" ", "-")


class Anchors:
    """Gives out the anchors of the headings of one page. Repeated headings get numbers, as renderers number them."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def add(self, title: str) -> str:
        """Return the anchor of the next heading with this text. Calls must follow the order of the page."""
        base = slug(title)
        anchor = base
        while anchor in self._seen:
            self._seen[base] += 1
            anchor = f"{base}-{self._seen[base]}"
        self._seen[anchor] = 0
        return anchor


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as prose does: `a`, `a and b`, `a, b and c`."""
    *init, final = list(words) or [""]
    return f"{', '.join(init)} {last} {final}" if init else final


def without_control(text: str) -> str:
    """Return text in which no control character is left, except tabs and line breaks."""
    return _UNPRINTABLE.sub("\ufffd", text)


def fenced(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line of a Markdown text, and whether the line belongs to fenced code, fences included."""
    closing = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line) if "`" in line or "~" in line else None
        if closing:
            yield line, True
            if mark and mark.group(1).startswith(closing) and not line[mark.end() :].strip():
                closing = ""
        else:
            closing = mark.group(1) if mark else ""
            yield line, bool(closing)


def shifted(text: str, level: int) -> str:
    """Return a Markdown text whose topmost headings stand at `level`; fenced code stays as it is.

    This function is for texts that are Markdown already. Example: `# A` and `## B` at level 3 become `### A` and
    `#### B`.
    """
    lines = list(fenced(text))
    found = [
        (at, len(title.group(1)), title.group(2))
        for at, (line, is_code) in enumerate(lines)
        if not is_code and "#" in line and (title := _HEADING.match(line))
    ]
    top = min((depth for _, depth, _ in found), default=level)
    for at, depth, title_text in found:
        lines[at] = f"{'#' * min(6, depth - top + level)} {title_text}", False
    return "\n".join(line.rstrip() for line, _ in lines).strip("\n")
