"""A call as Python source, as a person would write it.

The arguments may be templates: `$agent.agent_id` becomes `agent["agent_id"]`. So the demo shows exactly what it runs.
Values become source through `repr` alone, so no text of a spec can become code.
"""

import keyword
import re
from collections.abc import Mapping
from typing import Any

from tool_runtime.core.templates import referred

WIDTH = 88
INDENT = "    "


def python_call(
    function: str, arguments: Mapping[str, Any], *, target: str | None = None, loop: str | None = None
) -> str:
    """Return the source of one call.

    With `target`, the source assigns the result to that name. With `loop`, the source iterates over the call, and that
    name is the variable of the loop; the caller writes the body of the loop.
    """
    before = f"for {loop} in " if loop else f"{target} = " if target else ""
    after = ":" if loop else ""
    plain = {name: value for name, value in arguments.items() if _is_name(name)}
    pairs: list[tuple[str, Any]] = [(f"{name}=", value) for name, value in plain.items()]
    rest = {name: value for name, value in arguments.items() if name not in plain}
    if rest:
        pairs.append(("**", rest))
    return _bracketed(f"{before}{function}(", pairs, f"){after}", 0)


def expression(template: Any) -> str:
    """Return a template as a Python expression on one line: `$agent.agent_id` -> `agent["agent_id"]`."""
    if isinstance(template, str):
        path = referred(template)
        return _reference(path) if path else _text(template)
    if isinstance(template, Mapping):
        return "{" + ", ".join(f"{_quoted(key)}: {expression(value)}" for key, value in template.items()) + "}"
    if isinstance(template, list):
        return "[" + ", ".join(expression(value) for value in template) + "]"
    return repr(template)


def _bracketed(opening: str, pairs: list[tuple[str, Any]], closing: str, depth: int) -> str:
    one_line = opening + ", ".join(prefix + expression(value) for prefix, value in pairs) + closing
    if len(one_line) + depth * len(INDENT) <= WIDTH:
        return one_line
    inner = INDENT * (depth + 1)
    lines = [f"{inner}{_laid_out(prefix, value, depth + 1)}," for prefix, value in pairs]
    return "\n".join([opening, *lines, INDENT * depth + closing])


def _laid_out(prefix: str, value: Any, depth: int) -> str:
    if isinstance(value, Mapping) and value:
        return _bracketed(prefix + "{", [(f"{_quoted(key)}: ", part) for key, part in value.items()], "}", depth)
    if isinstance(value, list) and value:
        return _bracketed(prefix + "[", [("", part) for part in value], "]", depth)
    line = prefix + expression(value)
    room = WIDTH - (depth + 1) * len(INDENT) - 4
    if not isinstance(value, str) or referred(value) or len(line) + depth * len(INDENT) < WIDTH:
        return line
    parts = _lines(value[1:] if value.startswith("$$") else value, room)
    inner = INDENT * (depth + 1)
    return "\n".join([f"{prefix}(", *(f"{inner}{_quoted(part)}" for part in parts), f"{INDENT * depth})"])


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for word in re.findall(r"\S+\s*|\s+", text):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word
    return lines


def _is_name(name: str) -> bool:
    # Python normalises identifiers beyond ASCII, so one name could become another.
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def _reference(path: str) -> str:
    name, *parts = path.split(".")
    return name + "".join(f"[{part}]" if part.isdigit() else f"[{_quoted(part)}]" for part in parts)


def _text(text: str) -> str:
    return _quoted(text[1:] if text.startswith("$$") else text)


def _quoted(text: str) -> str:
    plain = repr(text)
    # repr prefers single quotes; formatted Python prefers double quotes if they need no escapes.
    return plain if '"' in text or "\\" in plain or "'" in text else f'"{text}"'
