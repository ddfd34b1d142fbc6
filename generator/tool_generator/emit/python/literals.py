"""Values of the spec as Python source. No text or data enters generated code in any other way.

`literal` writes any JSON value, `docstring` writes any text as a triple-quoted string. Python evaluates both to
exactly the value that went in, whatever the value holds. This module must not know where the source goes.
"""

from __future__ import annotations

import re
from textwrap import TextWrapper
from typing import Any

# Quotes that would end the string, or join the quotes around the string.
_QUOTES = re.compile(r'"{3,}|^"|"\Z')
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def literal(value: Any) -> str:
    """Write a JSON value as a Python literal: `{"a": null}` -> `{"a": None}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    message = f"a {type(value).__name__} is not a JSON value"
    raise TypeError(message)


def docstring(text: str) -> str:
    """Write a text as the source of a triple-quoted string, on as many lines as the text has.

    Control characters, and characters that reorder or hide text, become escapes: readers see the whole source.
    """
    escaped = _QUOTES.sub(lambda match: match.group().replace('"', '\\"'), text.replace("\\", "\\\\"))
    escaped = _UNSAFE.sub(_escape, escaped)
    if "\n" in escaped and not escaped.endswith("\n"):
        escaped += "\n"
    return f'"""{escaped}"""'


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - the range of \x


def comment(text: str) -> str:
    """Write a text as one comment line."""
    return "# " + _UNSAFE.sub(_escape, " ".join(text.split()))


def sentence(text: str, limit: int = 160) -> str:
    """Give the first sentence of a text on one line, cut to a readable length.

    Example: `Ends a call. The agent stops.` -> `Ends a call.`
    """
    line = " ".join(text.split())
    end = re.search(r"(?<=[.!?])\s+(?=[A-Z`\"'(])", line)
    first = line[: end.start()] if end else line
    return first if len(first) <= limit else first[: limit - 1].rsplit(" ", 1)[0] + "…"


def wrapped(text: str, first: str, rest: str, width: int = 110) -> list[str]:
    """Break one paragraph into lines that begin with `first` and then with `rest`."""
    wrapper = TextWrapper(
        width=width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapper.wrap(text) or [first.rstrip()]
