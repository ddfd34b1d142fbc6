"""Faces: the tools that a client of the server sees, one set for each mode.

    search   search_tools, read_docs, call_tool, wait_for: any API fits a small context
    code     list_docs, search_docs, read_doc, execute_lua: a script calls what it needs
    tools    one tool for each tool of the API, with the shallow schema that every provider of models accepts

Owns names, descriptions, schemas and annotations. Must not know: how a call is made.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types

from tool_runtime.core.gate import all_effects
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.common.tool_definitions import annotations, tool_definition

LONGEST_NAME = 64
READS: dict[str, Any] = {
    "read_only_hint": True,
    "destructive_hint": False,
    "idempotent_hint": True,
    "open_world_hint": False,
}

TEXT = {"type": "string"}
ARGUMENTS = {"type": "object", "description": "The arguments of the tool, by name. read_docs shows them."}
FIELDS = {"type": "string", "description": "Only these fields of the result, such as 'call_id,cost.total'. Saves room."}
AGAIN = {
    "type": "boolean",
    "description": "True: an equal call of the last minutes happened, and a second one is meant all the same.",
}
KEY = {
    "type": "string",
    "description": "Calls with the same key count as one. Give one where a write must not happen twice.",
}
LONGER = {
    "handle": {
        "type": "string",
        "description": "The handle of an earlier answer, to go on waiting. Give nothing else.",
    },
    "timeout": {"type": "number", "description": "Seconds for the whole wait. The waiter has its own default."},
}


def _schema(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    known: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return known | ({"required": list(required)} if required else {})


def _account(accounts: Sequence[str]) -> dict[str, Any]:
    if len(accounts) < 2:  # noqa: PLR2004 - with one account there is nothing to choose
        return {}
    said = "Whose key is used. A write has to name an account."
    return {"account": {"type": "string", "enum": list(accounts), "description": said}}


def search_tools(registry: Registry, accounts: Sequence[str], *, writes: bool) -> list[types.Tool]:
    """Return the tools of the mode `search`."""
    title = registry.api.title
    account = _account(accounts) or {"account": {"type": "string", "description": "Whose key is used."}}
    groups = ", ".join(registry.groups)
    call = {"tool": {"type": "string", "description": "The name of the tool."}, "arguments": ARGUMENTS}
    call |= account | {"fields": FIELDS} | ({"idempotency_key": KEY, "again": AGAIN} if writes else {})
    kind = "reads and writes" if writes else "reads only"
    return [
        types.Tool(
            name="search_tools",
            title=f"Search the tools of {title}",
            description=f"Find tools of {title} by words, such as 'end a call'. Groups: {groups}. Each hit names the"
            " tool, what it does, whether it changes something, and what that may cost.",
            input_schema=_schema(
                {
                    "query": {"type": "string", "description": "Words. Empty: every tool."},
                    "group": {"type": "string", "description": "Only this group."},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": "How many, 10 at first."},
                },
            ),
            annotations=types.ToolAnnotations(**READS),
        ),
        _reader("read_docs", title),
        types.Tool(
            name="call_tool",
            title=f"Call a tool of {title}",
            description=f"Call one tool of {title} ({kind}). Read its page first with read_docs. Nothing is sent unless"
            " the arguments fit. An error says what is wrong; when its outcome is 'unknown', the call may have"
            " happened: follow reconcile, and do not just repeat it.",
            input_schema=_schema(call, "tool"),
            annotations=types.ToolAnnotations(
                read_only_hint=not writes, destructive_hint=writes, idempotent_hint=not writes, open_world_hint=True
            ),
        ),
        _waiter(registry, accounts),
    ]


def _reader(name: str, title: str) -> types.Tool:
    return types.Tool(
        name=name,
        title=f"Read the reference of {title}",
        description=f"Read a page of the reference of {title}: a tool, a type or a guide, by name; 'overview' first. A"
        " page that is longer than a result goes on at next_offset.",
        input_schema=_schema(
            {
                "page": {"type": "string", "description": "The name of a tool, a type or a guide; or overview."},
                "offset": {"type": "integer", "minimum": 0, "description": "Where to go on, from next_offset."},
            },
            "page",
        ),
        annotations=types.ToolAnnotations(**READS),
    )


def _waiter(registry: Registry, accounts: Sequence[str]) -> types.Tool:
    listed = " ".join(
        f"{name}: {waiter.summary} (needs what {waiter.tool} needs)" for name, waiter in registry.waiters.items()
    )
    known: dict[str, Any] = {
        "waiter": {"type": "string", **({"enum": list(registry.waiters)} if registry.waiters else {})}
    }
    known |= {"arguments": {"type": "object", "description": "The arguments of the read that is repeated."}}
    return types.Tool(
        name="wait_for",
        title="Wait for a state",
        description=f"Wait for a state, with progress. Answers within a minute: with the record once the state is"
        f" there, else with a handle to go on from. {listed}"[:2_000],
        input_schema=_schema(known | _account(accounts) | LONGER),
        annotations=types.ToolAnnotations(**{**READS, "open_world_hint": True}),
    )


def code_tools(title: str, *, writes: bool) -> list[types.Tool]:
    """Return the tools of the mode `code`."""
    words = {"query": {"type": "string", "description": "Words, such as 'end a call'."}}
    script = {
        "code": {"type": "string", "description": "A Lua 5.4 script. What it prints and returns comes back."},
        "mode": {
            "type": "string",
            "enum": ["execute", "validate"],
            "description": "validate: check names and syntax, and run nothing.",
        },
        "args": {"type": "object", "description": "The table `args` of the script."},
        "again": {"type": "boolean", "description": "True: the same script is meant a second time."},
        "resume": {"type": "string", "description": "The id of a paused run, to go on with it. Give no code then."},
    }
    kind = "Writes are made as the accounts' policies allow." if writes else "Writes are refused."
    return [
        types.Tool(
            name="list_docs",
            title=f"List the pages of {title}",
            description=f"List the guides and the tools of {title}, with one line for each.",
            input_schema=_schema({"group": {"type": "string", "description": "Only the tools of this group."}}),
            annotations=types.ToolAnnotations(**READS),
        ),
        types.Tool(
            name="search_docs",
            title=f"Search the pages of {title}",
            description=f"Find tools, guides and types of {title} by words.",
            input_schema=_schema(
                words | {"limit": {"type": "integer", "minimum": 1, "maximum": 200}},
                "query",
            ),
            annotations=types.ToolAnnotations(**READS),
        ),
        _reader("read_doc", title),
        types.Tool(
            name="execute_lua",
            title="Run a script",
            description=f"Run a Lua script, in a locked process: app.integrations.<api>.<tool>({{...}}),"
            f" docs.read(page), json, regex, print. Many calls and their evaluation take one request. {kind}"
            " The answer lists every call; when retryable is false, do not run the script again as a whole.",
            input_schema=_schema(script),
            annotations=types.ToolAnnotations(
                read_only_hint=not writes, destructive_hint=writes, idempotent_hint=not writes, open_world_hint=True
            ),
        ),
    ]


def tool_name(registry: Registry, tool: Tool) -> str:
    """Return the name of a tool in the mode `tools`: `integration__library__get_book`.

    A name that is too long for providers is cut, and a digest keeps it apart from others.
    """
    return short_name(f"integration__{registry.api.name}__{tool.name}")


def short_name(name: str) -> str:
    """Return a name of at most 64 characters of letters, digits, `_` and `-`."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in name)
    if plain == name and len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[: LONGEST_NAME - 9]}_{digest}"


def tool_faces(package: Package, tools: Sequence[Tool], accounts: Sequence[str]) -> dict[str, types.Tool]:
    """Return the tools of the mode `tools` by name: one for each tool of the API, and `wait_for`."""
    registry = package.registry
    found = {}
    for tool in tools:
        known = tool_definition(tool, package.shallow_schema(tool.name), "mcp")
        name = tool_name(registry, tool)
        hints = annotations(tool)
        found[name] = types.Tool(
            name=name,
            title=known["title"],
            description=known["description"],
            input_schema=_with_choices(known["inputSchema"], tool, registry, accounts),
            annotations=types.ToolAnnotations(
                read_only_hint=hints["readOnlyHint"],
                destructive_hint=hints["destructiveHint"],
                idempotent_hint=hints["idempotentHint"],
                open_world_hint=hints["openWorldHint"],
            ),
        )
    if registry.waiters:
        found["wait_for"] = _waiter(registry, accounts)
    return dict(sorted(found.items()))


CHOICES = ("account", "again", "fields", "idempotency_key")


def choice_names(tool: Tool) -> dict[str, str]:
    """Return what the choices of a call are called beside a tool's arguments: `_account`, and `account` where free."""
    names = {f"_{name}": name for name in CHOICES if f"_{name}" not in tool.names}
    return names | {name: name for name in CHOICES if name not in tool.names}


def _with_choices(schema: Mapping[str, Any], tool: Tool, registry: Registry, accounts: Sequence[str]) -> dict[str, Any]:
    """Return a schema with the choices of a call: the account where there are several, `again` where it matters."""
    offered = dict(_account(accounts))
    if all_effects(tool, registry):
        offered["again"] = {"type": "boolean", "description": "True: a second equal call is meant."}
    spelled = {canonical: name for name, canonical in choice_names(tool).items()}
    added = {spelled[name]: part for name, part in offered.items() if name in spelled}
    return {**schema, "type": "object", "properties": {**schema.get("properties", {}), **added}}
