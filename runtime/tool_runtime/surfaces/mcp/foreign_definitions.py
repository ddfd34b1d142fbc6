"""Definitions of other servers, as our clients see them: names that cannot collide, texts and schemas of a sane size.

What another server says of its tools goes into the context of a model, and one bad schema makes some providers refuse
the whole list. So texts are cut and lose characters that act on a terminal, a schema that is too long or that providers
refuse at its root becomes a plain object (its server judges the arguments anyway), and pictures are left out.

Must not know: connections, ledgers.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import mcp_types as types

from tool_runtime.surfaces.common.printable import printable
from tool_runtime.surfaces.mcp.cutting import size_of
from tool_runtime.surfaces.mcp.faces import LONGEST_NAME, short_name

PREFIX = "mcp__"
AGAIN = "_again"
LONGEST_TEXT = 2_000
LONGEST_TITLE = 200
LONGEST_SCHEMA = 20_000
MOST_TOOLS = 500
_REFUSED_AT_ROOT = frozenset({"anyOf", "oneOf", "allOf", "not", "enum", "const", "if", "then", "else", "$ref"})


def public_name(server: str, name: str) -> str:
    """Return the name under which another server's tool or prompt is offered.

    Example: `("house", "book")` -> `mcp__house__book`. A server's name in which `__` could be read as the border gets a
    digest, so that the tool `b__c` of `a` and the tool `c` of `a__b` never share a name.
    """
    whole = f"{PREFIX}{server}__{name}"
    if "__" not in server and not server.endswith("_"):
        return short_name(whole)
    digest = hashlib.sha256(f"{server}\0{name}".encode()).hexdigest()[:8]
    return f"{short_name(whole)[: LONGEST_NAME - 9]}_{digest}"


def is_read(tool: types.Tool) -> bool:
    """Whether a tool says of itself that it only reads; what says nothing may change something."""
    return tool.annotations is not None and tool.annotations.read_only_hint is True


def has_again(tool: types.Tool) -> bool:
    """Whether our word for a second equal call is free beside a tool's own arguments."""
    properties = (tool.input_schema or {}).get("properties")
    return not is_read(tool) and not (isinstance(properties, Mapping) and AGAIN in properties)


def offered_tool(name: str, server: str, tool: types.Tool) -> types.Tool:
    """Return a tool as our clients see it."""
    text = _text(tool.description or tool.title or tool.name, LONGEST_TEXT)
    schema = _schema(tool.input_schema)
    if has_again(tool):
        known = schema["properties"]
        schema["properties"] = {
            **known,
            AGAIN: {"type": "boolean", "description": "True: a second equal call is meant."},
        }
    return types.Tool(
        name=name,
        title=_text(tool.title, LONGEST_TITLE) if tool.title else None,
        description=f"{text} (of the server {server})",
        input_schema=schema,
        annotations=tool.annotations.model_copy(update={"title": None}) if tool.annotations is not None else None,
    )


def _schema(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or size_of(given) > LONGEST_SCHEMA:
        return {"type": "object", "properties": {}}
    schema = {key: value for key, value in given.items() if key not in _REFUSED_AT_ROOT}
    properties = schema.get("properties")
    return {**schema, "type": "object", "properties": dict(properties) if isinstance(properties, Mapping) else {}}


def offered_prompt(name: str, server: str, prompt: types.Prompt) -> types.Prompt:
    """Return a prompt as our clients see it."""
    text = _text(prompt.description or prompt.title or prompt.name, LONGEST_TEXT)
    return types.Prompt(
        name=name,
        title=_text(prompt.title, LONGEST_TITLE) if prompt.title else None,
        description=f"{text} (of the server {server})",
        arguments=[
            types.PromptArgument(
                name=one.name,
                description=_text(one.description, LONGEST_TEXT) if one.description else None,
                required=one.required,
            )
            for one in prompt.arguments or ()
        ],
    )


def offered_resource(server: str, resource: types.Resource) -> types.Resource:
    """Return a resource as our clients see it."""
    return types.Resource(
        uri=resource.uri,
        name=_text(resource.name, LONGEST_TITLE),
        title=_text(resource.title, LONGEST_TITLE) if resource.title else None,
        description=f"{_text(resource.description or '', LONGEST_TEXT)} (of the server {server})".strip(),
        mime_type=resource.mime_type,
        size=resource.size,
        annotations=resource.annotations,
    )


def offered_template(server: str, template: types.ResourceTemplate) -> types.ResourceTemplate:
    """Return a template as our clients see it."""
    return types.ResourceTemplate(
        uri_template=template.uri_template,
        name=_text(template.name, LONGEST_TITLE),
        title=_text(template.title, LONGEST_TITLE) if template.title else None,
        description=f"{_text(template.description or '', LONGEST_TEXT)} (of the server {server})".strip(),
        mime_type=template.mime_type,
        annotations=template.annotations,
    )


def _text(text: str, longest: int) -> str:
    said = printable(text)
    return said if len(said) <= longest else f"{said[:longest]}..."
