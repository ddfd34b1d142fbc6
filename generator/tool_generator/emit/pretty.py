"""JSON for readers and diffs: a value that fits on one line stands there; others have a line for each member.

Members keep their order, and equal values give equal texts. This module is several times faster than the indented form
of the standard library; nearly all of the output is JSON.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any

WIDTH = 100


def pretty(value: Any) -> str:
    """Write a JSON value, with a newline at the end. Raises ValueError for a number that JSON cannot hold."""
    return _written(value, "\n") + "\n"


def _written(value: Any, newline: str) -> str:
    """Write a value. `newline` begins each further line, and ends with the indentation of that line."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    if not value or not isinstance(value, (dict, list)):
        return json.dumps(value, allow_nan=False)
    deeper = newline + " "
    if isinstance(value, dict):
        parts = [f"{encode_basestring(key)}: {_written(item, deeper)}" for key, item in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [_written(item, deeper) for item in value]
        opening, closing = "[", "]"
    if sum(map(len, parts)) + 2 * len(parts) + len(newline) <= WIDTH:
        line = f"{opening}{', '.join(parts)}{closing}"
        if "\n" not in line:
            return line
    return f"{opening}{deeper}{f',{deeper}'.join(parts)}{newline}{closing}"
