"""Edits of JSON that keep everything else: comments, order, spaces, and what other programs wrote.

A file of servers belongs to its user and to an editor. One member is put in or taken out of the text; no other
character changes.
"""

import json
import re
from typing import Any

from tool_runtime.errors import ConfigurationError

# Some editors begin a file with a mark of its encoding.
_BLANK = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_FIRST_MEMBER = re.compile(r"^([ \t]+)\"", re.MULTILINE)
_BARE = re.compile(r"[^\s,\]}/]+")


def with_member(text: str, path: list[str], value: Any) -> str:
    """Return the text with a value at a path of keys; objects on the way are made.

    Example: `('{"a": 1}', ["b", "c"], 2)` -> `a` as it was, and `"b": {"c": 2}` behind it. Raises `ConfigurationError`
    for a text that is no object, or has something else on the way.
    """
    if not text.strip():
        text = "{}\n"
    start = _BLANK.match(text, 0).end()  # type: ignore[union-attr]  # the pattern matches nothing, too
    at, depth = start, 0
    for step, key in enumerate(path):
        if text[at : at + 1] != "{":
            raise ConfigurationError(f"{'.'.join(path[:step]) or 'the file'} is no object, and nothing was changed")
        members = _members(text, at)
        last = step == len(path) - 1
        if key in members:
            begin, end = members[key]
            if last:
                return text[:begin] + _indented(value, depth + 1, _unit(text)) + text[end:]
            at, depth = begin, depth + 1
            continue
        inner = value
        for name in reversed(path[step + 1 :]):
            inner = {name: inner}
        return _inserted(text, at, members, key, inner, depth + 1)
    return text


def without_member(text: str, path: list[str]) -> str:
    """Return the text without the member at a path; the same text where there is none."""
    at = _BLANK.match(text, 0).end()  # type: ignore[union-attr]  # as above
    for key in path[:-1]:
        members = _members(text, at) if text[at : at + 1] == "{" else {}
        if key not in members:
            return text
        at = members[key][0]
    members = _members(text, at) if text[at : at + 1] == "{" else {}
    key = path[-1]
    if key not in members:
        return text
    names = list(members)
    position = names.index(key)
    end = members[key][1]
    begin = members[names[position - 1]][1] if position else at + 1
    following = _BLANK.match(text, end).end()  # type: ignore[union-attr]  # as above
    if position == 0 and text[following : following + 1] == ",":
        end = following + 1
    return text[:begin] + text[end:]


def _members(text: str, at: int) -> dict[str, tuple[int, int]]:
    """Return the members of the object that begins at a place: name -> begin and end of its value."""
    found: dict[str, tuple[int, int]] = {}
    place = at + 1
    while True:
        place = _BLANK.match(text, place).end()  # type: ignore[union-attr]  # as above
        if text[place : place + 1] == ",":
            place += 1
            continue
        if text[place : place + 1] == "}":
            return found
        name = _STRING.match(text, place)
        if name is None:
            raise ConfigurationError(f"no JSON at character {place}, and nothing was changed")
        place = _BLANK.match(text, name.end()).end()  # type: ignore[union-attr]  # as above
        if text[place : place + 1] != ":":
            raise ConfigurationError(f"no JSON at character {place}, and nothing was changed")
        begin = _BLANK.match(text, place + 1).end()  # type: ignore[union-attr]  # as above
        end = _end(text, begin)
        found[json.loads(name[0])] = (begin, end)
        place = end


def _end(text: str, at: int) -> int:
    """Return where a value ends."""
    first = text[at : at + 1]
    if first == '"':
        match = _STRING.match(text, at)
    elif first in {"{", "["}:
        depth, place = 0, at
        while place < len(text):
            skipped = _BLANK.match(text, place)
            place = skipped.end() if skipped else place
            char = text[place : place + 1]
            if char == '"':
                string = _STRING.match(text, place)
                if string is None:
                    break
                place = string.end()
                continue
            depth += char in {"{", "["}
            depth -= char in {"}", "]"}
            place += 1
            if depth == 0:
                return place
        match = None
    else:
        match = _BARE.match(text, at)
    if match is None:
        raise ConfigurationError(f"no JSON at character {at}, and nothing was changed")
    return match.end()


def _inserted(text: str, at: int, members: dict[str, tuple[int, int]], key: str, value: Any, depth: int) -> str:
    unit = _unit(text)
    member = f"{json.dumps(key)}: {_indented(value, depth, unit)}"
    pad = unit * depth
    if members:
        end = max(stop for _, stop in members.values())
        following = _BLANK.match(text, end).end()  # type: ignore[union-attr]  # as above
        comma = "" if text[following : following + 1] == "," else ","
        if comma:
            return f"{text[:end]},\n{pad}{member}{text[end:]}"
        return f"{text[: following + 1]}\n{pad}{member}{text[following + 1 :]}"
    close = _BLANK.match(text, at + 1).end()  # type: ignore[union-attr]  # as above
    between = text[at + 1 : close].rstrip()
    return f"{text[: at + 1]}{between}\n{pad}{member}\n{unit * (depth - 1)}{text[close:]}"


def _unit(text: str) -> str:
    """Return what the file is indented with: that of the first member on a line of its own, else two spaces."""
    first = _FIRST_MEMBER.search(text)
    return first[1] if first is not None else "  "


def _indented(value: Any, depth: int, unit: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", "\n" + unit * depth)
