"""Previews: what a call would send, for dry runs. Nothing is sent, no key is needed, and no secret shows."""

import json
from collections.abc import Mapping
from typing import Any

from tool_runtime.core.flow import Context
from tool_runtime.core.requests import build_request, given_idempotency_key, masked
from tool_runtime.core.secrets import MASK
from tool_runtime.core.templates import expand
from tool_runtime.core.tools import Tool

NEW_KEY = "(a new key for each call)"


def preview(
    context: Context, tool: Tool, arguments: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return `method`, `url`, `headers` and `body` (or `parts`) of a call; of a composed tool its steps too.

    What an earlier step would answer stands as its reference, such as `$llm.llm_id`. Raises as the call would.
    """
    bound = context.binder.bind(tool, arguments, options)
    steps = tool.steps
    before, scope = [], dict(bound.arguments)
    for step in steps.before:
        if step.when is None or step.when in bound.arguments:
            inner = context.registry.resolve(step.tool)
            before.append(preview(context, inner, expand(step.arguments, scope)))
            bound = bound.with_wire(step.set)
    new_key = NEW_KEY if tool.idempotency and given_idempotency_key(bound) is None else None
    request = build_request(masked(bound, context.registry.types), new_key)
    auth = context.registry.auth
    headers = dict(request.headers)
    if auth.header:
        headers[auth.name] = f"{auth.prefix}{MASK}"
    query = f"?{request.query}" if request.query else ""
    shown: dict[str, Any] = {"tool": tool.name, "class": tool.tool_class, "effects": list(tool.effects)}
    shown |= {
        "method": request.method,
        "url": f"{context.account.base_url}{request.path}{query}",
        "headers": headers,
    }
    if request.content is not None:
        shown["body"] = json.loads(request.content)
    if request.parts is not None:
        shown["parts"] = [
            {"name": part.name, "filename": part.filename, "bytes": len(part.content)} for part in request.parts
        ]
    if before:
        shown["before"] = before
    if steps.after:
        shown["after"] = [{"tool": step.tool, "arguments": step.arguments} for step in steps.after]
    return shown
