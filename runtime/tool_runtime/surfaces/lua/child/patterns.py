"""Regular expressions of scripts: Python's `re`, with a time limit, over bytes that are UTF-8.

Owns the flags, the limits and the JSON of matches. Runs in the locked child, in its main thread: a virtual timer ends
a pattern that does not come to an end. Answers cross to Lua as JSON text.
"""

import json
import re
import signal
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECONDS = 1.0
MOST_MATCHES = 250_000
LONGEST_PATTERN = 10_000
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": re.UNICODE}


class OutOfTime(Exception):
    """A pattern that did not end in time."""


def _ring(_signal: int, _frame: "Any") -> None:
    raise OutOfTime


def run(name: bytes, *given: bytes) -> tuple[bool, bytes]:
    """Run one function of `regex`, and return whether it went well, and JSON or the message.

    Example: `run(b"regex.match", b"ab", b"(a)", b"")` -> `(True, b'{"full": "a", "groups": ["a"], "named": {}}')`.
    """
    try:
        texts = [one.decode("utf-8") for one in given]
    except UnicodeDecodeError:
        return False, b"expects UTF-8 text"
    try:
        signal.signal(signal.SIGVTALRM, _ring)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            found = _FUNCTIONS[name](*texts)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        return True, b"" if found is None else json.dumps(found, ensure_ascii=False).encode()
    except OutOfTime:
        return False, b"regex time limit exceeded (1 s)"
    except (re.error, OverflowError) as error:
        return False, f"the pattern is wrong: {error}".encode("utf-8", "replace")
    except ValueError as error:
        return False, str(error).encode("utf-8", "replace")
    except RecursionError:
        return False, b"the pattern is nested too deeply"
    except MemoryError:
        return False, b"not enough memory"


def _compiled(pattern: str, flags: str = "") -> re.Pattern[str]:
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"the pattern is longer than {LONGEST_PATTERN} characters")
    combined = re.NOFLAG
    for letter in flags:
        if letter not in FLAGS:
            raise ValueError(f"there is no flag {letter!r}; there are {', '.join(FLAGS)}")
        combined |= FLAGS[letter]
    # Other engines write `(?<name>…)` for a named group.
    named = re.sub(r"(\\.)|\(\?<(?=[A-Za-z_])", lambda found: found[1] or "(?P<", pattern, flags=re.DOTALL)
    return re.compile(named, combined)


def _shown(found: re.Match[str]) -> "dict[str, Any]":
    return {"full": found[0], "groups": list(found.groups()), "named": found.groupdict()}


def _match(subject: str, pattern: str, flags: str) -> "Any":
    found = _compiled(pattern, flags).search(subject)
    return None if found is None else _shown(found)


def _match_all(subject: str, pattern: str, flags: str) -> "Any":
    compiled = _compiled(pattern, flags)
    groups: list[list[str]] = [[] for _ in range(compiled.groups + 1)]
    for count, found in enumerate(compiled.finditer(subject), 1):
        if count > MOST_MATCHES:
            raise ValueError(f"more than {MOST_MATCHES} matches")
        for at in range(compiled.groups + 1):
            groups[at].append(found[at] or "")
    return {"groups": groups, "named": {name: groups[at] for name, at in compiled.groupindex.items()}}


def _gsub(subject: str, pattern: str, replacement: str, limit: str) -> "Any":
    compiled = _compiled(pattern)
    template = _template(replacement, compiled)
    text, count = compiled.subn(template, subject, count=int(limit))
    return {"text": text, "count": count}


def _template(replacement: str, compiled: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """Return the replacement's function: `$1`, `${name}` and `%1` stand for captures, `$0` for the whole match."""
    parts: list[str | int] = []
    at = 0
    for mark in re.finditer(r"\$\$|%%|[$%](\d{1,2})|\$\{(\w+)\}", replacement):
        parts.append(replacement[at : mark.start()])
        at = mark.end()
        if mark[0] in {"$$", "%%"}:
            parts.append(mark[0][0])
            continue
        name = mark[1] or mark[2]
        number = int(name) if name.isdigit() else compiled.groupindex.get(name, -1)
        if not 0 <= number <= compiled.groups:
            raise ValueError(f"the replacement names a capture {name!r} that the pattern does not have")
        parts.append(number)
    parts.append(replacement[at:])
    return lambda found: "".join(part if isinstance(part, str) else found[part] or "" for part in parts)


def _find(subject: str, pattern: str, limit: str) -> "Any":
    rows: list[dict[str, Any]] = []
    most = int(limit) or MOST_MATCHES
    for found in _compiled(pattern).finditer(subject):
        if len(rows) >= most:
            break
        # Lua counts bytes.
        start = len(subject[: found.start()].encode())
        rows.append({**_shown(found), "start": start, "stop": start + len(found[0].encode())})
    return rows


_FUNCTIONS: "dict[bytes, Callable[..., Any]]" = {
    b"regex.match": _match,
    b"regex.match_all": _match_all,
    b"regex.gsub": _gsub,
    b"regex.find": _find,
}
