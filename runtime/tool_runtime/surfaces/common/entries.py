"""Entries: the one place that loads a surface by name for another one.

A surface imports no other surface, so that each can be read, tested and left out on its own. The command line starts
the others, and scripts are run by a server too: both load a function through this table. A library that a surface
needs and that is not installed becomes one line that says what to install.
"""

from importlib import import_module
from typing import Any

from tool_runtime.errors import MissingExtra

_SURFACES = "tool_runtime.surfaces"
# Library -> the extra that brings the library.
_EXTRAS = {"mcp": "mcp", "mcp_types": "mcp", "lupa": "lua", "uvicorn": "mcp", "starlette": "mcp"}


def load_entry(entry: str, distribution: str) -> Any:
    """Return a function or class of a surface: `load_entry("mcp.serving:serve", …)`.

    `distribution` is what people install, for the message. Raises `MissingExtra` where a library is not installed.
    """
    module, _, name = entry.partition(":")
    try:
        return getattr(import_module(f"{_SURFACES}.{module}"), name)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRAS:
            raise
        raise MissingExtra.of("this command", _EXTRAS[library], distribution) from None
