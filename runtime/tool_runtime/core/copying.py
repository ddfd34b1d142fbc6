"""Copying: from a record that the API answered with to the arguments that make another one like it."""

from collections.abc import Callable, Mapping
from typing import Any

from tool_runtime.core.tools import Tool

Accepts = Callable[[Mapping[str, Any], Any], bool]


def copied_arguments(
    tool: Tool, record: Mapping[str, Any], accepts: Accepts, identifier: str | None = None
) -> dict[str, Any]:
    """Return the arguments of a tool that a record holds: what only answers have is left out.

    Fields are taken by their wire name, as far as they are arguments of the tool and their value fits. `identifier` is
    the field that names the record itself, which a copy does not share.

    Example: for `create_agent`, `{"agent_id": "agent_1", "voice_id": "v", "version": 3}` gives `{"voice_id": "v"}`.
    """
    copied: dict[str, Any] = {}
    for parameter in tool.parameters.values():
        if parameter.place not in {"body", "query"} or parameter.shape is not None or parameter.wire == identifier:
            continue
        value = record.get(parameter.wire)
        if parameter.wire in record and accepts(parameter.schema, value):
            copied.setdefault(parameter.name, value)
    return copied
