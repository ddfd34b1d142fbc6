"""The JSON that `call` accepts: inline, from a file (`@path`), or from standard input (`-`).

This module knows JSON and files. The client checks the meaning of the arguments.
"""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from tool_runtime.errors import InvalidArguments

EXAMPLE = """Pass one JSON object, for example '{"limit": 5}', or @file, or - to read standard input."""


def read_arguments(text: str) -> dict[str, Any]:
    """Return the object that `text` gives or points to.

    Raises:
        InvalidArguments: the source cannot be read, is not JSON, or is not an object.
    """
    source, content = _content(text)
    if not content.strip():
        _refuse(f"{source} is empty")
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        _refuse(f"{source} is not JSON: {error.msg} ({place})")
    except RecursionError:
        _refuse(f"{source} is nested too deeply")
    except ValueError as error:
        # Python refuses numbers of thousands of digits with a ValueError of its own.
        _refuse(f"{source} is not usable JSON: {error}")
    if not isinstance(value, dict):
        _refuse(f"{source} is JSON, but not an object")
    return value


def _content(text: str) -> tuple[str, str]:
    if text != "-" and not text.startswith("@"):
        return "the argument", text
    source = "standard input" if text == "-" else text[1:]
    if text == "-" and sys.stdin is None:
        _refuse("standard input is closed")
    try:
        raw = sys.stdin.buffer.read() if text == "-" else Path(source).read_bytes()
        return source, raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(f"{source} is not UTF-8 text")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(f"{source} cannot be read: {reason}")


def _refuse(message: str) -> NoReturn:
    raise InvalidArguments(message, hint=EXAMPLE)


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON")
