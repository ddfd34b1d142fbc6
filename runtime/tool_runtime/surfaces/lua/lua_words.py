"""Words of Lua 5.4: from text to tokens with their places, and the values of numbers and texts.

Owns the spelling of names, numbers, strings and comments. Must not know: what a sentence of Lua is.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

_KEYWORDS: Final = frozenset(
    [
        "and",
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "false",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "nil",
        "not",
        "or",
        "repeat",
        "return",
        "then",
        "true",
        "until",
        "while",
    ]
)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|--\[(?P<level>=*)\[.*?\](?P=level)\]|--(?!\[=*\[)[^\n]*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<number>0[xX](?:[0-9a-fA-F]*\.?[0-9a-fA-F]*)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>"(?:\\(?:\r\n|z\s*|.)|[^"\\\n])*"|'(?:\\(?:\r\n|z\s*|.)|[^'\\\n])*')
    |\[(?P<bars>=*)\[(?P<long>.*?)\](?P=bars)\]
    |(?P<op>\.\.\.|\.\.|==|~=|<=|>=|<<|>>|//|::|[-+*/%^\#&~|<>=(){}\[\];:,.])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_LONG: Final = re.compile(r"(?:--)?\[=*\[")
_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\n": "\n",
    "\r\n": "\n",
}


class LuaSyntaxError(Exception):
    """Text that this parser cannot read."""


class Unfinished(LuaSyntaxError):
    """Text that ends before its last block, call or string does."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text. `kind` is `name`, `word` (a keyword or sign), `number`, `string` or `end`."""

    kind: str
    value: Any
    start: int
    stop: int
    line: int
    column: int


def tokens_of(text: str) -> list[Token]:
    """Return the words of a text, with an `end` behind them. Raises `LuaSyntaxError` and `Unfinished`."""
    found: list[Token] = []
    at, line, line_start = 0, 1, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        opens = match is None or match["op"] in {"[", "-"}
        if opens and _LONG.match(text, at):
            raise Unfinished("a long string or comment does not end")
        if match is None:
            raise LuaSyntaxError(f"line {line}: {text[at : at + 10]!r} is no word of Lua")
        if match["space"] is None:
            kind, value = _meaning(match)
            found.append(Token(kind, value, at, match.end(), line, at - line_start + 1))
        breaks = match[0].count("\n")
        if breaks:
            line += breaks
            line_start = at + match[0].rindex("\n") + 1
        at = match.end()
    return [*found, Token("end", "", len(text), len(text), line, len(text) - line_start + 1)]


def _meaning(match: re.Match[str]) -> tuple[str, Any]:
    if match["name"] is not None:
        return ("word" if match["name"] in _KEYWORDS else "name"), match["name"]
    if match["number"] is not None:
        return "number", _number(match["number"])
    if match["string"] is not None:
        return "string", _string(match["string"][1:-1])
    if match["long"] is not None:
        return "string", match["long"].removeprefix("\r").removeprefix("\n")
    return "word", match["op"]


def _number(text: str) -> int | float:
    if text[:2] in {"0x", "0X"}:
        if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
            value = int(text, 16) & 0xFFFF_FFFF_FFFF_FFFF
            return value - (1 << 64) if value >> 63 else value
        try:
            return float.fromhex(text if "p" in text.lower() else f"{text}p0")
        except ValueError as error:
            raise LuaSyntaxError(f"{text} is no number") from error
    if text.isdigit() and int(text) < 1 << 63:
        return int(text)
    return float(text)


def _string(text: str) -> str:
    def escaped(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x":
            return chr(int(code[1:], 16))
        if code[0] == "u":
            return chr(min(int(code[2:-1], 16), 0x10FFFF))
        if code[0].isdigit():
            return chr(int(code))
        return "" if code[0] == "z" else _ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]+\}|\d{1,3}|z\s*|\r\n|.)", escaped, text, flags=re.DOTALL)
