"""Resources, prompts and completion of other servers: reads that go on to the server whose they are.

What is read is cut to the limit of a result where it is text, and refused where it is not. Must not know: tools,
ledgers, how lists are kept (upstream_lists).
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.errors import ToolError
from tool_runtime.surfaces.mcp.cutting import cut, size_of
from tool_runtime.surfaces.mcp.hub import Hub
from tool_runtime.surfaces.mcp.talks import Talk
from tool_runtime.surfaces.mcp.upstream_jobs import UpstreamJobs
from tool_runtime.surfaces.mcp.upstream_lists import UpstreamLists

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.calls import Calls


class UpstreamReading:
    """Reads of other servers. `limit` is how long a result may be, in bytes."""

    def __init__(self, hub: Hub, lists: UpstreamLists, jobs: UpstreamJobs, limit: int) -> None:
        self._hub, self._lists, self._jobs, self._limit = hub, lists, jobs, limit

    async def read_resource(
        self, context: Any, params: Any, server: str, calls: "Calls"
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        """Read a resource of another server. Raises `MCPError`."""
        uri = str(params.uri)
        found = await self._read(
            context, params, calls, server, f"{server}: {uri}"[:200], lambda client: client.read_resource(uri)
        )
        if isinstance(found, types.InputRequiredResult):
            return found
        return types.ReadResourceResult(contents=self._cut_contents(found.contents))

    async def get_prompt(
        self, context: Any, params: Any, calls: "Calls"
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """Return a prompt of another server. Raises `MCPError`."""
        known, _ = await self._lists.prompts()
        if params.name not in known:
            raise MCPError(code=types.INVALID_PARAMS, message=f"there is no prompt named {params.name[:100]!r}")
        server, prompt = known[params.name]
        given = dict(params.arguments or {})
        found = await self._read(
            context, params, calls, server, f"{server}: {prompt.name}", lambda one: one.get_prompt(prompt.name, given)
        )
        if isinstance(found, types.InputRequiredResult):
            return found
        if size_of(found.model_dump(mode="json", exclude_none=True)) > self._limit:
            message = f"{params.name} is longer than {self._limit} bytes"
            raise MCPError(code=types.INTERNAL_ERROR, message=message)
        return types.GetPromptResult(description=found.description, messages=found.messages)

    async def complete(self, params: types.CompleteRequestParams) -> types.CompleteResult | None:
        """Let another server complete an argument of its prompt or template; None where neither is another's."""
        ref: Any = params.ref
        if isinstance(ref, types.PromptReference):
            known, _ = await self._lists.prompts()
            if ref.name not in known:
                return None
            server, prompt = known[ref.name]
            ref = types.PromptReference(name=prompt.name)
        else:
            templates, _ = await self._lists.templates()
            if ref.uri not in templates:
                return None
            server = templates[ref.uri][0]
        more = dict(params.context.arguments or {}) if params.context is not None else None

        async def work(client: Any) -> Any:
            if client.server_capabilities is None or client.server_capabilities.completions is None:
                return None
            argument = {"name": params.argument.name, "value": params.argument.value}
            return await client.complete(ref, argument, more)

        try:
            found = await self._hub.call(server, work, what=f"{server}: completion", is_read=True)
        except ToolError:
            found = None
        values = list(found.completion.values) if found is not None else []
        total = found.completion.total if found is not None else 0
        shown = values[:100]
        has_more = len(values) > len(shown) or bool(found is not None and found.completion.has_more)
        return types.CompleteResult(completion=types.Completion(values=shown, total=total, has_more=has_more))

    async def _read(
        self, context: Any, params: Any, calls: "Calls", server: str, what: str, ask: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Ask a server for something that is no call of a tool. Raises `MCPError`."""

        async def work(talk: Talk) -> Any:
            connected = await self._hub.server(server, asks=bool(talk.kinds))
            return await connected.call_with(talk, ask, what=what)

        try:
            job = self._jobs.resumed(params, calls) or self._jobs.start(context, calls, server, what, work)
            ended = await self._jobs.follow(context, params, calls, job, what)
            if isinstance(ended, types.InputRequiredResult):
                return ended
            if not ended:
                job.scope.cancel()
                message = f"{what}: there was no answer within {self._jobs.patience:g} seconds"
                raise MCPError(code=types.INTERNAL_ERROR, message=message)
            if isinstance(job.value, BaseException):
                raise as_tool_error(job.value)
        except ToolError as error:
            raise MCPError(code=types.INVALID_PARAMS, message=error.message, data=error.to_dict()) from None
        return job.value

    def _cut_contents(self, contents: list[Any]) -> list[Any]:
        """Cut contents to the limit: texts at the end of a line, with a note; what is no text is whole or an error."""
        limit = self._limit
        shown: list[Any] = []
        for part in contents:
            if size_of(part.model_dump(mode="json", exclude_none=True)) <= limit:
                shown.append(part)
                continue
            if not isinstance(part, types.TextResourceContents):
                message = f"{part.uri} is longer than {limit} bytes, and is no text that could be cut"
                raise MCPError(code=types.INTERNAL_ERROR, message=message)
            text, cuts = cut(part.text, limit, "text")
            note = f"The text was longer than {limit} bytes: {cuts[0].kept} of {cuts[0].total} characters are shown."
            shown.append(types.TextResourceContents(uri=part.uri, text=text, mime_type=part.mime_type))
            shown.append(types.TextResourceContents(uri=f"{part.uri}#notes", text=note, mime_type="text/plain"))
        return shown
