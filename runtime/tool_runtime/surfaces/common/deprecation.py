"""Warnings of tools that will stop working. A warning names the line of the user's code that called the tool."""

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tool_runtime.core.tools import Tool

if TYPE_CHECKING:
    from types import FrameType

_RUNTIME = str(Path(__file__).resolve().parents[2])


class ToolDeprecationWarning(FutureWarning):
    """A tool is deprecated or will stop working. A FutureWarning, so that users of scripts see the warning too."""


def warn_of_deprecation(tool: Tool, client: type) -> None:
    """Warn that a tool is deprecated. `client` is the generated class; frames in its folder do not count as callers."""
    sunset = f" and stops working on {tool.sunset}" if tool.sunset else ""
    better = f"; use {tool.replaced_by}" if tool.replaced_by else ""
    warnings.warn(f"{tool.name} is deprecated{sunset}{better}", ToolDeprecationWarning, stacklevel=_caller(client))


def _caller(client: type) -> int:
    """Return the `stacklevel` of the first frame outside the runtime and the generated package."""
    module = sys.modules.get(client.__module__)
    generated = str(Path(getattr(module, "__file__", None) or __file__).resolve().parent)
    # Starts at the function above, which calls `warnings.warn`.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack
    level = 1
    while frame is not None and frame.f_code.co_filename.startswith((_RUNTIME, generated)):
        frame = frame.f_back
        level += 1
    return level
