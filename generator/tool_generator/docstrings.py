"""The docstrings of generated methods, as plain text; `literals.docstring` makes source of it.

A tool is told in full once, in the blocking client, within a budget of lines: long lists of arguments name the rest.
"""

from __future__ import annotations

from typing import Any

from tool_generator.compile import POINTER
from tool_generator.literals import sentence, wrapped

_SHOWN_ARGUMENTS = 10
_INDENT = "    "


def tool_doc(tool: dict[str, Any], returns: str) -> str:
    """Tell everything that a caller in Python needs to know about a tool."""
    lines: list[str] = [tool["summary"]]
    if tool.get("description"):
        lines += ["", *tool["description"].split("\n")]
    if notice := lifecycle(tool):
        lines += ["", notice]
    parameters = tool["parameters"]
    if parameters:
        lines += ["", "Args:"]
        for name, parameter in list(parameters.items())[:_SHOWN_ARGUMENTS]:
            lines += wrapped(_argument(name, parameter), _INDENT, _INDENT * 2)
        rest = list(parameters)[_SHOWN_ARGUMENTS:]
        if rest:
            lines += wrapped(f"and {', '.join(rest)}", _INDENT, _INDENT * 2)
    lines += ["", "Returns:", *wrapped(_returns(tool, returns), _INDENT, _INDENT)]
    lines += ["", "Raises:", *wrapped(_raises(tool), _INDENT, _INDENT)]
    lines += ["", _source(tool)]
    return "\n".join(lines)


def short_doc(tool: dict[str, Any]) -> str:
    """Tell what the asynchronous form of a tool does; the blocking one tells the rest."""
    notice = lifecycle(tool)
    return f"{tool['summary']}\n\n{notice}" if notice else str(tool["summary"])


def iterator_doc(tool: dict[str, Any]) -> str:
    """Tell what iterating over a paged tool does."""
    return f"{tool['summary']}\n\nYields at most `max_items` rows, or all of them, over as many pages as it takes."


def waiter_doc(waiter: dict[str, Any]) -> str:
    """Tell what a waiter waits for, how often it asks and how long."""
    return (
        f"{waiter['summary'].strip()}\n\n"
        f"Calls `{waiter['tool']}` every {waiter['interval']} s, for {waiter['timeout']} s at most by default.\n"
        "Raises `WaitTimedOut`, or `WaitFailed` when the state can no longer come."
    )


def lifecycle(tool: dict[str, Any]) -> str:
    """Say that a tool is deprecated, until when it works, and what replaces it; empty for all others."""
    if not (tool.get("deprecated") or tool.get("sunset")):
        return ""
    until = f"; stops working on {tool['sunset']}" if tool.get("sunset") else ""
    instead = f"; use `{tool['replaced_by']}`" if tool.get("replaced_by") else ""
    return f"Deprecated{until}{instead}."


def argument_doc(parameter: dict[str, Any]) -> str:
    """Tell what an argument means, in full."""
    text: str = parameter.get("description", "")
    return text


def _argument(name: str, parameter: dict[str, Any]) -> str:
    kind = words(parameter.get("friendly", parameter["schema"]))
    needed = ", required" if parameter.get("required") else ""
    told = sentence(parameter.get("description", ""))
    return f"{name} ({kind}{needed}){': ' + told if told else ''}"


def words(schema: Any) -> str:
    """Name the kind of value that a schema wants: `string`, `Call`, `list of string`, `string or null`."""
    if not isinstance(schema, dict):
        return "any JSON"
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(POINTER)
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


def _returns(tool: dict[str, Any], returns: str) -> str:
    reply = tool.get("returns", {})
    if "schema" not in reply:
        return "None: the reply has no body."
    told = sentence(reply.get("description", ""))
    return f"{returns}{': ' + told if told else ', as the API sent it.'}"


def _raises(tool: dict[str, Any]) -> str:
    base = "InvalidArguments before anything is sent, APIError when the API refuses"
    if tool["class"] == "read":
        return f"{base}, ConnectionFailed or TimedOut when no answer comes."
    if tool.get("idempotency"):
        return f"{base}, OutcomeUnknown when no attempt is answered and the write may have happened, once."
    return f"{base}, OutcomeUnknown when the answer is lost and the write may have happened."


def _source(tool: dict[str, Any]) -> str:
    effects = f": {', '.join(tool['effects'])}" if tool["effects"] else ""
    upstream = f"{tool['upstream']}, " if "upstream" in tool else ""
    return f"Upstream: {upstream}{tool['method']} {tool['path']} ({tool['class']}{effects})."
