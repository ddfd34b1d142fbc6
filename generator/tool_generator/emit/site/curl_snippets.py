"""A call as a request with curl, for a POSIX shell: what the runtime would send, without the runtime.

The key comes from the variable that all surfaces use, so no command holds a key. A call made with curl has no gate and
no ledger: an idempotency key stands in the command wherever the API takes one.

This module knows requests and the words of curl. It must not know about pages.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tool_runtime.core.binding import Binder
from tool_runtime.core.registry import Registry
from tool_runtime.core.requests import Request, build_request
from tool_runtime.core.tools import Tool
from tool_runtime.errors import ToolError
from tool_runtime.values.templates import expand

KEY = "a-new-key-for-each-call"
_EARLIER = "# Where $STEP.FIELD stands, put that field of the answer to the request of STEP."


class CurlWriter:
    """Writes calls of one API. Keeps what binding has learnt about each tool."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._binder = Binder(registry)

    def command(self, tool: Tool, arguments: Mapping[str, Any]) -> str:
        """Return the commands of one call, the steps of a composed tool included; empty where no request can be made.

        Example: `get_call` with `{"call_id": "a"}` -> `curl "https://…/v2/get-call/a" -H "Authorization: Bearer $KEY"`.
        """
        try:
            steps = list(self._requests(tool, arguments))
        except (ToolError, TypeError, ValueError):
            return ""
        commands = [self._written(request) for _, request in steps]
        if len(steps) == 1:
            return commands[0]
        titled = [f"# curl, {name}:\n{command}" for (name, _), command in zip(steps, commands, strict=True)]
        return "\n\n".join([*titled, _EARLIER])

    def _requests(self, tool: Tool, arguments: Mapping[str, Any]) -> Iterator[tuple[str, Request]]:
        bound = self._binder.bind(tool, arguments, None)
        scope = dict(bound.arguments)
        for step in tool.steps.before:
            if step.when is None or step.when in bound.arguments:
                inner = self._registry.resolve(step.tool)
                for _, request in self._requests(inner, expand(step.arguments, scope)):
                    yield f"step {step.id}", request
                bound = bound.with_wire(step.set)
        yield tool.name, build_request(bound, KEY if tool.idempotency else None)

    def _written(self, request: Request) -> str:
        registry = self._registry
        url = registry.server.base_url.rstrip("/") + request.path + (f"?{request.query}" if request.query else "")
        method = [] if request.method == "GET" else [f"-X {request.method}"]
        auth = registry.auth
        variable = f"${registry.api.environment}_API_KEY"
        if auth.header:
            options = [f'-H "{auth.name}: {auth.prefix}{variable}"']
            shown = shlex.quote(url)
        else:
            options, glue = [], "&" if request.query else "?"
            shown = f'{shlex.quote(url)}"{glue}{auth.name}={variable}"'
        options += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers]
        if request.content is not None:
            body = json.loads(request.content)
            options += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(_laid_out(body))}"]
        for part in request.parts or ():
            options.append(f"-F {shlex.quote(_part(part.name, part.filename, part.content))}")
        return " \\\n  ".join([" ".join(["curl", *method, shown]), *options])


def _part(name: str, filename: str | None, content: bytes) -> str:
    return f"{name}=@{filename}" if filename else f"{name}={content.decode('utf-8', 'replace')}"


def _laid_out(value: Any) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    # A line that fits beside its option stays one line.
    return flat if len(flat) <= 80 else json.dumps(value, ensure_ascii=False, indent=2)  # noqa: PLR2004 - as said
