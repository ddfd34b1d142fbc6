"""Answers that go into a file: the option `to`, and what is said where the call was done but the writing was not."""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.foreign_errors import annotate
from tool_runtime.errors import Interrupted, ToolError


def target_of(options: Any) -> Any:
    """Return the path that an answer is to be written to, or None."""
    return options.get("to") if isinstance(options, Mapping) else None


def say_done(error: BaseException, tool: str) -> None:
    """Say on what ended the writing of an answer that the call itself was done."""
    message = f"{tool} was done, but its answer could not be written"
    if isinstance(error, ToolError):
        error.know(outcome="done", tool=tool)
    else:
        annotate(error, Interrupted(message, tool=tool, outcome="done"))
