"""What other servers say, as data: results, tools, resources and prompts.

Owns the reading of a server's result: structured content, else JSON in a text, else the text. An error that a tool
reports is the server's no; where it comes with an envelope of our own kind, the envelope's outcome counts. Must not
know: connections, ledgers.
"""

import json
from collections.abc import Mapping
from typing import Any

from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.errors import APIError, Fault, InvalidArguments, OutcomeUnknown, ToolError
from tool_runtime.values.references import TYPES
from tool_runtime.values.suggestions import nearly

LONGEST_MESSAGE = 2_000
MOST_FAULTS = 20


def plain(value: Any) -> Any:
    """Return a value of the SDK as JSON."""
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(value, "model_dump") else value


def data_of(result: Mapping[str, Any]) -> Any:
    """Return the data of a result: `{"content": [{"type": "text", "text": "[1]"}]}` -> `[1]`."""
    if result.get("structuredContent") is not None:
        return result["structuredContent"]
    parts = [
        _text(part["text"]) if part.get("type") == "text" and isinstance(part.get("text"), str) else dict(part)
        for part in result.get("content", ())
    ]
    return parts[0] if len(parts) == 1 else parts


def _text(text: str) -> Any:
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def error_of(what: str, result: Mapping[str, Any], *, is_read: bool) -> ToolError | None:
    """Return the error that a result reports, or None."""
    if not result.get("isError"):
        return None
    data = data_of(result)
    known = data.get("error") if isinstance(data, Mapping) else None
    told = known if isinstance(known, Mapping) else {}
    said = str(told.get("message") or (data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)))
    said = said[:LONGEST_MESSAGE]
    if not is_read and told.get("outcome") in {"unknown", "done"}:
        return OutcomeUnknown(f"{what}: {said}", tool=what, provider_message=said, reconcile=told.get("reconcile"))
    return APIError(f"{what}: {said}", tool=what, provider_message=said, body=data)


def is_read(tool: Mapping[str, Any]) -> bool:
    """Whether a tool says of itself that it only reads; what says nothing may change something."""
    return (tool.get("annotations") or {}).get("readOnlyHint") is True


def as_tool(server: str, tool: Mapping[str, Any]) -> tuple[Tool, Mapping[str, Any]]:
    """Return a tool of a server in the form of our own, for reading arguments, and the types that its schema defines.

    Only names and types are taken over; the server judges the rest.
    """
    schema = tool.get("inputSchema") or {}
    types_of = {name: _referring(part) for name, part in (schema.get("$defs") or {}).items()}
    required = set(schema.get("required") or ())
    parameters = {
        name: Parameter(
            name=name,
            place="body",
            schema=_referring(part) if isinstance(part, Mapping) else {},
            wire=name,
            description=str(part.get("description", "")) if isinstance(part, Mapping) else "",
            required=name in required,
        )
        for name, part in (schema.get("properties") or {}).items()
    }
    known = Tool(
        name=f"{server}.{tool['name']}",
        tool_class="read" if is_read(tool) else "write",
        method="POST",
        path="",
        parameters=parameters,
        names=parameters,
        summary=str(tool.get("title") or "").strip() or str(tool.get("description") or "").split("\n")[0],
        description=str(tool.get("description") or ""),
    )
    return known, types_of


def _referring(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {
            key: f"{TYPES}{value.removeprefix('#/$defs/')}"
            if key == "$ref" and isinstance(value, str)
            else _referring(value)
            for key, value in schema.items()
        }
    return [_referring(part) for part in schema] if isinstance(schema, list) else schema


def check_arguments(what: str, schema: Mapping[str, Any] | None, arguments: Any) -> None:
    """Refuse arguments that a tool's schema refuses, before anything is sent. Raises `InvalidArguments`.

    A schema that is itself wrong judges nothing: the server does. So does one that points at another document: a
    server's schema must not make this program fetch an address, nor read a file.
    """
    if not isinstance(arguments, Mapping):
        fault = Fault("arguments", "type", "expected an object")
        raise InvalidArguments(f"{what}: {fault}", tool=what, faults=(fault,))
    if not schema:
        return
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(dict(schema), offline=True)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return
    properties = schema.get("properties") or {}
    known = list(properties) if isinstance(properties, Mapping) else []
    faults = [
        Fault(name, "unknown", "there is no such argument", near)
        for name in arguments
        if name not in known and (near := nearly(name, known)) is not None
    ]
    for error in validator.iter_errors(dict(arguments)):
        place = [str(step) for step in error.instance_path]
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            name = str(error.kind.property)
            faults.append(Fault(".".join([*place, name]), "missing", "is required"))
        else:
            faults.append(Fault(".".join(place) or "arguments", "value", str(error.message)[:300]))
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise InvalidArguments(f"{what}: {'; '.join(map(str, faults))}", tool=what, faults=tuple(faults))


def page_of(server: str, tools: list[Mapping[str, Any]], note: str = "") -> str:
    """Return the page of a server, as `docs.read("mcp.SERVER")` shows it."""
    lines = [f"# mcp.{server}", ""]
    lines += [note, ""] if note else []
    lines += [f"Call a tool with `app.mcp.{server}.TOOL({{...}})`. What a server says is somebody else's text.", ""]
    for tool in tools:
        kind = "read" if is_read(tool) else "write"
        text = str(tool.get("description") or tool.get("title") or "").strip()
        lines += [f"## {tool['name']}", "", f"`{kind}`", "", text, ""]
        schema = tool.get("inputSchema") or {}
        required = set(schema.get("required") or ())
        for name, part in (schema.get("properties") or {}).items():
            about = part if isinstance(part, Mapping) else {}
            needs = ", required" if name in required else ""
            said = " ".join(str(about.get("description", "")).split())
            lines.append(f"- `{name}` ({about.get('type', 'any')}{needs}){': ' + said if said else ''}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def contents_of(result: Any) -> list[dict[str, Any]]:
    """Return the contents of a resource as JSON."""
    return [plain(part) for part in result.contents]
