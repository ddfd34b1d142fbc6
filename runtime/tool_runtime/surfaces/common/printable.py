"""Text from outside, made safe to show on a terminal.

An API's answer, an error message, a transcript or a file name may hold characters that act on a terminal: they write
its clipboard and title, clear the screen, or turn the order of letters around so that a line reads as another one.
This module knows which characters these are, and writes each as its escape. Knows no terminal and no stream.
"""

import re

# C0 without tab and line break, DEL, C1; and what changes the order of letters or shows nothing: marks, embeddings,
# overrides, isolates, line and paragraph separators, joiners of no width, and tags.
_INVISIBLE = "\u200b\u200e\u200f\u061c\u2028-\u202e\u2060\u2066-\u206f\ufeff\U000e0000-\U000e007f"
_ACTING = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_INVISIBLE}]")
_ACTING_IN_JSON = re.compile(f"[\x7f-\x9f{_INVISIBLE}]")


def printable(text: str) -> str:
    r"""Return text in which each acting character stands as its escape.

    Example: ESC `]52;c;…` BEL -> `\x1b]52;c;…\x07`. Tabs and line breaks stay. `\r\n` becomes a line break.
    """
    return _ACTING.sub(_escape, text.replace("\r\n", "\n"))


def printable_json(text: str) -> str:
    r"""Return the same JSON with each acting character as an escape of JSON: U+202E -> `\u202e`. Means the same."""
    return _ACTING_IN_JSON.sub(_escape_json, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _escape_json(match: re.Match[str]) -> str:
    raw = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{raw[at : at + 4]}" for at in range(0, len(raw), 4))
