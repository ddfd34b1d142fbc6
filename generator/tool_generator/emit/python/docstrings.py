"""The docstrings of generated methods, as plain text; `literals.docstring` makes source of the text.

The method of the blocking client has the full description of a tool, within a limit of lines: a long list of arguments
ends with the names of the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.emit.media_replies import may_stream, reads_in_pieces, told_in_python
from tool_generator.emit.python.literals import sentence, wrapped
from tool_runtime.values.references import type_name_of

if TYPE_CHECKING:
    from tool_runtime.core.tools import Parameter, Tool, Waiter

_SHOWN_ARGUMENTS = 6
_INDENT = "    "


def tool_doc(tool: Tool, returns: str) -> str:
    """Give everything that a caller in Python needs to know about a tool."""
    lines: list[str] = [tool.summary]
    if tool.description:
        lines += ["", *tool.description.split("\n")]
    if notice := lifecycle(tool):
        lines += ["", notice]
    if tool.parameters:
        lines += ["", "Args:"]
        for parameter in list(tool.parameters.values())[:_SHOWN_ARGUMENTS]:
            lines += wrapped(_argument(parameter), _INDENT, _INDENT * 2)
        rest = list(tool.parameters)[_SHOWN_ARGUMENTS:]
        if rest:
            lines += wrapped(f"and {', '.join(rest)}", _INDENT, _INDENT * 2)
    lines += ["", *wrapped(f"Returns {_returns(tool, returns)} Raises {_raises(tool)}", "", ""), _source(tool)]
    return "\n".join(lines)


def short_doc(tool: Tool) -> str:
    """Give what the asynchronous form of a tool does; the blocking form has the rest."""
    notice = lifecycle(tool)
    return f"{tool.summary}\n\n{notice}" if notice else tool.summary


def iterator_doc(tool: Tool) -> str:
    """Give what an iteration over a paged tool yields; the class of the iterators says how."""
    return tool.summary


def waiter_doc(waiter: Waiter) -> str:
    """Give what a waiter waits for, how often it asks, and for how long."""
    return (
        f"{waiter.summary.strip()}\n\n"
        f"Calls `{waiter.tool}` every {waiter.interval} s, for {waiter.timeout} s at most by default.\n"
        "Raises `WaitTimedOut`, or `WaitFailed` when the state can no longer come."
    )


def lifecycle(tool: Tool) -> str:
    """Say that a tool is deprecated, until when it works, and what replaces it; empty for every other tool."""
    if not (tool.deprecated or tool.sunset):
        return ""
    until = f"; stops working on {tool.sunset}" if tool.sunset else ""
    instead = f"; use `{tool.replaced_by}`" if tool.replaced_by else ""
    return f"Deprecated{until}{instead}."


def _argument(parameter: Parameter) -> str:
    kind = _file(parameter) or words(parameter.accepted)
    needed = ", required" if parameter.required else ""
    told = sentence(parameter.description)
    return f"{parameter.name} ({kind}{needed}){': ' + told if told else ''}"


def _file(parameter: Parameter) -> str:
    """Say what is taken where a file is; empty for everything else."""
    if parameter.place == "file":
        return "list of files" if parameter.schema.get("type") == "array" else "file"
    return "text, bytes or file" if parameter.place == "raw_body" else ""


def words(schema: Any) -> str:
    """Name the kind of value that a schema wants: `{"type": ["string", "null"]}` -> `string or null`."""
    if not isinstance(schema, dict):
        return "any JSON"
    if (name := type_name_of(schema)) is not None:
        return name
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if options:
        return " or ".join(dict.fromkeys(words(option) for option in options))
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if (
        "array" in kinds
        and isinstance(schema.get("items"), dict)
        and ("$ref" in schema["items"] or "type" in schema["items"])
    ):
        kinds = [f"list of {words(schema['items'])}" if kind == "array" else kind for kind in kinds]
    return " or ".join(kinds) or "any JSON"


def _returns(tool: Tool, returns: str) -> str:
    told = sentence(tool.returns.description)
    if media := told_in_python(tool.returns):
        pieces = (
            " `to=path` writes them to a file; `stream=True` gives them in pieces." if reads_in_pieces(tool) else ""
        )
        return f"{media}.{pieces}{' ' + told if told else ''}"
    if tool.returns.schema is None:
        return "None; the reply has no body."
    events = " Where the API streams: an iterator of events." if may_stream(tool.returns) else ""
    return f"{returns}{': ' + told if told else '.'}{events}"


def _raises(tool: Tool) -> str:
    """Name the errors; what each means stands once, with the client."""
    last = "ConnectionFailed, TimedOut" if tool.is_read else "OutcomeUnknown"
    return f"InvalidArguments, APIError, {last}."


def _source(tool: Tool) -> str:
    effects = f": {', '.join(tool.effects)}" if tool.effects else ""
    upstream = f"{tool.upstream}, " if tool.upstream is not None else ""
    return f"Upstream: {upstream}{tool.method} {tool.path} ({tool.tool_class}{effects})."
