"""Previews: what a call would send, for dry runs. Nothing is sent, no key is needed, and no secret shows."""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.credentials import alternatives_of, chosen
from tool_runtime.core.flow import Context
from tool_runtime.core.gate import all_effects, decision_of
from tool_runtime.core.requests import build_request, idempotency_key_of, masked, shown
from tool_runtime.core.tools import Auth, Tool
from tool_runtime.values.secrets import MASK
from tool_runtime.values.templates import expand

NEW_KEY = "(a new key for each call)"


def preview(
    context: Context, tool: Tool, arguments: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return `method`, `url`, `headers` and `body` (or `parts`) of a call; of a composed tool its steps too.

    `decision` is what the account's policy says of the call. What an earlier step would answer stands as its reference,
    such as `$llm.llm_id`. Raises as the call would.
    """
    bound = context.binder.bind(tool, arguments, options)
    before, scope = [], dict(bound.arguments)
    for step in tool.steps.before:
        if step.when is None or step.when in bound.arguments:
            before.append(preview(context, context.registry.resolve(step.tool), expand(step.arguments, scope)))
            bound = bound.with_wire(step.set)
    new_key = NEW_KEY if tool.idempotency and idempotency_key_of(bound) is None else None
    request = shown(build_request(masked(bound, context.registry.types), new_key or idempotency_key_of(bound)))
    query = request.pop("query", None)
    headers = dict(request.pop("headers", {}))
    for scheme in _schemes(context, tool):
        if scheme.header:
            headers[scheme.header] = f"{scheme.prefix}{MASK}"
    base_url = context.account.servers.get(tool.server, context.account.base_url)
    result: dict[str, Any] = {
        "tool": tool.name,
        "class": tool.tool_class,
        "effects": list(all_effects(tool, context.registry)),
        "account": context.account.name,
        "decision": decision_of(context.account, tool),
        "method": request.pop("method"),
        "url": f"{base_url}{request.pop('path')}" + (f"?{query}" if query else ""),
        "headers": headers,
    } | request
    if before:
        result["before"] = before
    if tool.steps.after:
        result["after"] = [{"tool": step.tool, "arguments": dict(step.arguments)} for step in tool.steps.after]
    return result


def _schemes(context: Context, tool: Tool) -> tuple[Auth, ...]:
    """Return where keys would go; without any key, where those of the first alternative would."""
    found, lacking = chosen(tool, context.registry, context.account)
    wanted = alternatives_of(tool, context.registry)[0]
    return tuple(context.registry.schemes[name] for name in wanted) if lacking else found
