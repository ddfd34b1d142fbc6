"""One call of a tool, written for each surface: Lua, Python, command line, JSON.

The literals are exact: a surface reads back the value that went in. Printable text stays as it is, in UTF-8.
Characters that a reader cannot see (control and format characters, exotic spaces, lone surrogates) are escaped. JSON
has no infinity and no NaN, so these raise ValueError.

This module knows the grammars of the four languages. It must not know about registries, pages or Markdown.
"""

import keyword
import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

WIDTH = 100

_LUA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LUA_KEYWORDS = frozenset(
    {
        *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if"),
        *("in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    }
)
_LUA_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LUA_LOWEST_INTEGER = -(2**63)
_ASCII = 0x80
_BMP = 0x10000


@dataclass(frozen=True, slots=True)
class _Language:
    """How one language writes JSON values; `member` writes the key of an object up to the start of its value."""

    string: Callable[[str], str]
    member: Callable[[str], str]
    integer: Callable[[int], str] = str
    null: str = "null"
    true: str = "true"
    false: str = "false"
    list_open: str = "["
    list_close: str = "]"
    empty_list: str = "[]"
    trailing_comma: bool = False
    step: int = 2


@dataclass(frozen=True, slots=True)
class Snippets:
    """The same call on every surface."""

    lua: str
    python: str
    command: str
    json: str


def _json_string(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if quoted.isprintable() else "".join(map(_json_character, quoted))


def _json_character(char: str) -> str:
    if char.isprintable():
        return char
    point = ord(char)
    if point < _BMP:
        return f"\\u{point:04x}"
    return f"\\u{0xD800 + (point - _BMP >> 10):04x}\\u{0xDC00 + (point - _BMP & 0x3FF):04x}"


def _python_string(text: str) -> str:
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text else literal


def _lua_string(text: str) -> str:
    return f'"{"".join(map(_lua_character, text))}"'


def _lua_character(char: str) -> str:
    if (escape := _LUA_ESCAPES.get(char)) is not None:
        return escape
    if char.isprintable():
        return char
    return f"\\{ord(char):03d}" if ord(char) < _ASCII else f"\\u{{{ord(char):X}}}"


def _is_lua_name(name: str) -> bool:
    return _LUA_NAME.match(name) is not None and name not in _LUA_KEYWORDS


def _lua_member(name: str) -> str:
    return f"{name} = " if _is_lua_name(name) else f"[{_lua_string(name)}] = "


def _lua_integer(number: int) -> str:
    # Lua reads the digits before the sign, and these digits alone are one too large for an integer.
    return f"({number + 1} - 1)" if number == _LUA_LOWEST_INTEGER else str(number)


_JSON = _Language(string=_json_string, member=lambda name: f"{_json_string(name)}: ")
_PYTHON = _Language(
    null="None",
    true="True",
    false="False",
    trailing_comma=True,
    step=4,
    string=_python_string,
    member=lambda name: f"{_python_string(name)}: ",
)
# An empty Lua table is an object, and a nil in a table is an absent value: `json` has names for an empty list and
# null.
_LUA = _Language(
    null="json.null",
    list_open="{",
    list_close="}",
    empty_list="json.array()",
    string=_lua_string,
    member=_lua_member,
    integer=_lua_integer,
)


def _flat(value: Any, language: _Language) -> str:
    match value:
        case None:
            return language.null
        case bool():
            return language.true if value else language.false
        case str():
            return language.string(value)
        case int():
            return language.integer(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"JSON has no {value!r}")
            return repr(value)
        case Mapping():
            return "{" + ", ".join(language.member(name) + _flat(item, language) for name, item in value.items()) + "}"
        case Sequence():
            items = ", ".join(_flat(item, language) for item in value)
            return f"{language.list_open}{items}{language.list_close}" if value else language.empty_list
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value")


def _layout(value: Any, language: _Language, indent: int, used: int) -> str:
    """Write a value on one line if it fits into WIDTH after `used` columns, else one member a line."""
    flat = _flat(value, language)
    if used + len(flat) <= WIDTH or not isinstance(value, list | tuple | Mapping) or not value:
        return flat
    inner = indent + language.step
    members = list(value.items()) if isinstance(value, Mapping) else [("", item) for item in value]
    opening, closing = ("{", "}") if isinstance(value, Mapping) else (language.list_open, language.list_close)
    lines = []
    for name, item in members:
        label = language.member(name) if isinstance(value, Mapping) else ""
        lines.append(" " * inner + label + _layout(item, language, inner, inner + len(label) + 1))
    comma = "," if language.trailing_comma else ""
    return f"{opening}\n" + ",\n".join(lines) + f"{comma}\n{' ' * indent}{closing}"


def lua_path(namespace: str, tool: str) -> str:
    """Return the expression that names a tool in Lua."""
    return f"{namespace}.{tool}" if _is_lua_name(tool) else f"{namespace}[{_lua_string(tool)}]"


def lua_call(path: str, arguments: Mapping[str, Any], result: str | None = None) -> str:
    """Return a Lua call with one table of arguments; `result` names the local that receives the result.

    Example: `lua_call("app.x.end_call", {"id": "a"}, "r")` -> `local r = app.x.end_call({id = "a"})`.
    """
    head = f"local {result} = {path}(" if result else f"{path}("
    return f"{head}{_layout(arguments, _LUA, 0, len(head) + 1)})"


def lua_local(name: str) -> str:
    """Return `name` if a Lua local may have this name, else `result`."""
    return name if _is_lua_name(name) and name not in {"app", "json", "docs", "mcp", "regex"} else "result"


def python_call(tool: str, arguments: Mapping[str, Any], result: str | None = None) -> str:
    """Return a method call with keyword arguments, or `client.call(...)` if a name is no Python name."""
    head = f"{result} = " if result else ""
    if not _is_python_name(tool) or not _are_keywords(arguments):
        head += f"client.call({_python_string(tool)}, "
        return f"{head}{_layout(arguments, _PYTHON, 0, len(head) + 1)})"
    return python_method(f"{head}client.{tool}", arguments)


def python_method(method: str, arguments: Mapping[str, Any]) -> str:
    """Return a call of a method with keyword arguments, or with `**{...}` if a name is no Python name."""
    head = f"{method}("
    if not _are_keywords(arguments):
        return f"{head}**{_layout(arguments, _PYTHON, 0, len(head) + 3)})"
    flat = head + ", ".join(f"{name}={_flat(value, _PYTHON)}" for name, value in arguments.items()) + ")"
    if len(flat) <= WIDTH or not arguments:
        return flat
    lines = [f"    {name}={_layout(value, _PYTHON, 4, len(name) + 6)},\n" for name, value in arguments.items()]
    return f"{head}\n{''.join(lines)})"


def _are_keywords(arguments: Mapping[str, Any]) -> bool:
    # `self` is the first parameter of the method: Python would refuse a second value for it.
    return all(map(_is_python_name, arguments)) and "self" not in arguments


def _is_python_name(name: str) -> bool:
    # Python folds some letters beyond ASCII into ASCII letters, so the argument would arrive under another name.
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


def command_line(command: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """Return a command for a POSIX shell: on one line where the line is short, else with the arguments laid out."""
    head = f"{command} call {shlex.quote(tool)} "
    return head + shlex.quote(_layout(arguments, _JSON, 0, len(head) + 2))


def json_request(tool: str, arguments: Mapping[str, Any]) -> str:
    """Return the call as a JSON object with `tool` and `arguments`."""
    return _layout({"tool": tool, "arguments": arguments}, _JSON, 0, 0)


def json_literal(value: Any) -> str:
    """Return a value as JSON on one line."""
    return _flat(value, _JSON)


def lua_literal(value: Any) -> str:
    """Return a value as Lua on one line."""
    return _flat(value, _LUA)


def snippets(
    tool: str, arguments: Mapping[str, Any], *, namespace: str, command: str, result: str | None = None
) -> Snippets:
    """Return one call on every surface.

    `namespace` is the Lua table that holds the tools; `command` is the user's command; `result` is the variable for
    the result (Lua and Python only; None if the tool returns nothing).
    """
    return Snippets(
        lua=lua_call(lua_path(namespace, tool), arguments, result and lua_local(result)),
        python=python_call(tool, arguments, result if result and _is_python_name(result) else None),
        command=command_line(command, tool, arguments),
        json=json_request(tool, arguments),
    )
