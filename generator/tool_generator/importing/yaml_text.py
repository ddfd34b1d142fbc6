"""Values as YAML text in the style of specs: short values on one line in braces, long values in blocks.

The spec's own reader and YAML 1.1 readers read the text back as the same value. A `Noted` value carries a comment to
the end of its line. This module must not know what values mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH = 108
# The characters of texts that need no quotes: in any place, and outside of brackets and braces.
_SAFE = r"A-Za-z0-9_/$.@+()=;~^*?&<>|!%\-"
_PLAIN = re.compile(rf"[A-Za-z0-9_/$.][{_SAFE}]*(?: [{_SAFE}\"']+)*")
_BLOCK = re.compile(rf"[A-Za-z0-9_/$.](?:[{_SAFE}{{}}\[\],]|:(?=[^ ]))*(?: (?:[{_SAFE}{{}}\[\],\"']|:(?=[^ ]))+)*")
_SPECIAL = re.compile(
    r"true|false|null|yes|no|on|off|y|n|\.nan|[-+]?\.inf|[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[xob][0-9a-fA-F_]+|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.|~|<<|=",
    re.IGNORECASE,
)
_BLOCK_KEYS = ("properties", "parameters", "tools", "types")


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with a comment. The comment stands at the end of the first line of the value."""

    value: Any
    comment: str


def plain(value: Any) -> Any:
    """Give a value without its comments."""
    if isinstance(value, Noted):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def scalar(value: Any, *, block: bool = False) -> str:
    """Write a scalar for any place on a line; with `block`, for a place outside of brackets and braces.

    Example: `"yes"` -> `'yes'`, because YAML 1.1 reads a bare yes as true.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    text: str = value
    if (_BLOCK if block else _PLAIN).fullmatch(text) and not _SPECIAL.fullmatch(text) and len(text) < WIDTH * 4:
        return text
    if text.isprintable() and text == text.strip():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return named or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")  # noqa: PLR2004


def flow(value: Any) -> str:
    """Write a value on one line: `{"a": [1, "x y"]}` -> `{a: [1, x y]}`."""
    if isinstance(value, Noted):
        return flow(value.value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def entry(key: str, value: Any, indent: int) -> str:
    """Write `key: value` with the key at column `indent`, without a newline at the end.

    Example: `entry("a", {"b": 1}, 2)` -> `  a: {b: 1}`.
    """
    comment = ""
    if isinstance(value, Noted):
        comment, value = f"  # {value.comment}", value.value
    head = " " * indent + scalar(key) + ":"
    if isinstance(value, str):
        return (
            f"{head} {_text(value, indent, len(head) + 1)}{comment}"
            if comment
            else f"{head} {_text(value, indent, len(head) + 1)}"
        )
    one_line = f"{head} {flow(value)}"
    if not isinstance(value, (dict, list)) or not value:
        return one_line + comment
    if _is_short(value) and len(one_line) <= WIDTH and key not in _BLOCK_KEYS and not _has_comment(value):
        return one_line + comment
    if isinstance(value, dict):
        return head + comment + "\n" + "\n".join(entry(name, item, indent + 2) for name, item in value.items())
    if all(not isinstance(item, (dict, list)) for item in value):
        return head + comment + " " + _wrapped(value, indent + 2, len(head) + 1) if not comment else one_line + comment
    return head + comment + "\n" + "\n".join(_item(item, indent + 2) for item in value)


def block(key: str, value: Any, indent: int) -> str:
    """Write `key:` with the entries of the value on the lines below, even if they are short."""
    if not isinstance(value, dict) or not value:
        return entry(key, value, indent)
    lines = [" " * indent + scalar(key) + ":", *(entry(name, item, indent + 2) for name, item in value.items())]
    return "\n".join(lines)


def _item(value: Any, indent: int) -> str:
    lead = " " * indent + "- "
    one_line = lead + flow(value)
    if (
        not isinstance(value, dict)
        or not value
        or (_is_short(value) and len(one_line) <= WIDTH and not _has_comment(value))
    ):
        return one_line
    lines = "\n".join(entry(name, item, indent + 2) for name, item in value.items())
    return lead + lines[indent + 2 :]


def _wrapped(items: list[Any], indent: int, column: int) -> str:
    lines = ["["]
    width = column + 1
    for index, item in enumerate(items):
        text = scalar(item) + ("," if index < len(items) - 1 else "]")
        if width + len(text) + 1 > WIDTH and lines[-1] != "[":
            lines.append(" " * indent)
            width = indent
            lines[-1] += text
            width += len(text)
            continue
        space = "" if lines[-1].endswith("[") else " "
        lines[-1] += space + text
        width += len(space) + len(text)
    return "\n".join(lines)


def _is_short(value: Any, depth: int = 0) -> bool:
    if isinstance(value, dict):
        return depth < 4 and "description" not in value and all(_is_short(item, depth + 1) for item in value.values())  # noqa: PLR2004
    if isinstance(value, list):
        return depth < 4 and all(_is_short(item, depth + 1) for item in value)  # noqa: PLR2004
    return not isinstance(value, str) or len(value) < WIDTH


def _has_comment(value: Any) -> bool:
    if isinstance(value, Noted):
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_comment(item) for item in items)


def _text(value: str, indent: int, column: int) -> str:
    one_line = scalar(value, block=True)
    if "\n" in value and _fits_literal(value):
        lines = [" " * (indent + 2) + line if line else "" for line in value.split("\n")]
        return "|-\n" + "\n".join(lines)
    if column + len(one_line) <= WIDTH or value != " ".join(value.split()) or not value.isprintable():
        return one_line
    lines = [""]
    for word in value.split(" "):
        if lines[-1] and indent + 2 + len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return ">-\n" + "\n".join(" " * (indent + 2) + line for line in lines)


def _fits_literal(value: str) -> bool:
    # Whether a last newline survives would depend on the text that follows in the file.
    lines = value.split("\n")
    return (
        bool(lines[0])
        and not lines[0].startswith((" ", "#"))
        and bool(lines[-1])
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )
