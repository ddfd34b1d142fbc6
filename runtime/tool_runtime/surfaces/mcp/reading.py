"""Reading: pages of the reference and records of the API as resources, completion, and prompts.

Resources: the overview and the guides are listed; tools, types and records are templates, completed by name or by id.
A record is read with the read that the spec names for its kind, through the same gate as every call. Prompts come from
the spec, too. Whatever other servers offer stands behind our own.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.tools import SyncKind
from tool_runtime.errors import ToolError
from tool_runtime.surfaces.common.package import Package
from tool_runtime.surfaces.common.results import envelope_of, meta_of
from tool_runtime.surfaces.mcp.calls import Calls
from tool_runtime.surfaces.mcp.dispatch import without_head
from tool_runtime.surfaces.mcp.exposure import Exposure
from tool_runtime.surfaces.mcp.served_client import ServedClient

if TYPE_CHECKING:
    from tool_runtime.surfaces.mcp.pass_through import PassThrough

MARKDOWN = "text/markdown"
# The protocol allows no more values in one answer.
MOST_VALUES = 100
# Seconds in which ids are completed without a new request.
IDS_LIVE = 60.0


class Reading:
    """Resources, completion and prompts of one server."""

    def __init__(
        self,
        package: Package,
        exposure: Exposure,
        client: ServedClient,
        calls: Calls,
        pass_through: "PassThrough | None",
    ) -> None:
        self._package, self._exposure, self._client = package, exposure, client
        self._calls, self._replies, self._pass_through = calls, calls.replies, pass_through
        self._scheme = scheme_of(package)
        self._ids: dict[str, tuple[float, list[str]]] = {}

    async def list_resources(self, _: Any, __: Any) -> types.ListResourcesResult:
        """Answer `resources/list`."""
        pages = [page for page in self._package.pages if page.kind in {"overview", "guide"}]
        listed = [
            types.Resource(
                uri=self._uri(page.kind, page.name), name=page.name, description=page.summary, mime_type=MARKDOWN
            )
            for page in pages
        ]
        listed.sort(key=lambda one: str(one.uri))
        others, is_whole = await self._pass_through.resources() if self._pass_through is not None else ([], True)
        return types.ListResourcesResult(resources=[*listed, *others], **kept(is_whole))

    def _uri(self, kind: str, name: str) -> str:
        folder = {"overview": "", "guide": "guides/", "tool": "tools/", "type": "types/"}[kind]
        return f"{self._scheme}://{folder}{quote(name, safe='')}"

    async def list_templates(self, _: Any, __: Any) -> types.ListResourceTemplatesResult:
        """Answer `resources/templates/list`."""
        kinds = {
            "tools": ("tool", "The page of a tool."),
            "types": ("type", "The page of a type."),
            "guides": ("guide", "A guide."),
        }
        listed = [
            types.ResourceTemplate(
                uri_template=f"{self._scheme}://{folder}/{{{name}}}",
                name=f"{name} page",
                description=text,
                mime_type=MARKDOWN,
            )
            for folder, (name, text) in kinds.items()
        ]
        listed += [
            types.ResourceTemplate(
                uri_template=f"{self._scheme}://{kind.name}/{{{kind.id}}}",
                name=kind.name,
                description=f"{kind.summary} One record, as {kind.get} gives it.",
                mime_type="application/json",
            )
            for kind in self._kinds()
        ]
        listed.sort(key=lambda one: one.uri_template)
        others, is_whole = await self._pass_through.templates() if self._pass_through is not None else ([], True)
        return types.ListResourceTemplatesResult(resource_templates=[*listed, *others], **kept(is_whole))

    def _kinds(self) -> list[SyncKind]:
        """Return the kinds of records whose read is offered and that no folder of pages hides."""
        registry = self._package.registry
        return [
            kind
            for kind in registry.sync.values()
            if kind.name not in {"tools", "types", "guides"}
            and self._exposure.refusal(registry.resolve(kind.get)) is None
        ]

    async def read_resource(
        self, context: Any, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        """Answer `resources/read`. Raises `MCPError` for a resource that is not there."""
        uri = str(params.uri)
        if self._pass_through is not None and (owner := await self._pass_through.lists.owner_of(uri)) is not None:
            return await self._pass_through.reading.read_resource(context, params, owner, self._calls)
        scheme, _mark, path = uri.partition("://")
        folder, _slash, last = path.strip("/").rpartition("/")
        name = unquote(last)
        if scheme != self._scheme:
            raise _no_resource(uri)
        kind = next((one for one in self._kinds() if one.name == folder), None)
        if kind is not None:
            return await self._record(uri, kind, name)
        try:
            page = self._package.page(f"{folder}/{name}" if folder in {"tools", "types", "guides"} else name)
            if folder not in {"", "tools", "types", "guides"}:
                raise _no_resource(uri)
            text = without_head(page.read())
        except ToolError as error:
            raise _no_resource(uri, str(error.hint or "")) from None
        contents: list[Any] = [types.TextResourceContents(uri=uri, text=text, mime_type=MARKDOWN)]
        return types.ReadResourceResult(contents=contents)

    async def _record(self, uri: str, kind: SyncKind, identifier: str) -> types.ReadResourceResult:
        tool = self._package.registry.resolve(kind.get)
        try:
            done = await self._client.invoke(tool.name, {kind.id: identifier})
        except ToolError as error:
            raise MCPError(
                code=types.INVALID_PARAMS, message=f"{kind.name}: {error.message}", data=as_tool_error(error).to_dict()
            ) from None
        meta = meta_of(tool, account=self._client.account_name, sandbox=self._client.sandbox is not None)
        reply = self._replies.of_tool(envelope_of(tool.name, data=done.result, meta=meta), tool)
        known: Mapping[str, Any] = reply.structured_content or {}
        text = json.dumps(known.get("data"), ensure_ascii=False)
        more = {name: known["meta"][name] for name in ("cut", "rest", "untrusted") if name in known.get("meta", {})}
        contents: list[Any] = [types.TextResourceContents(uri=uri, text=text, mime_type="application/json")]
        if more:
            note = json.dumps(more, ensure_ascii=False)
            contents.append(types.TextResourceContents(uri=f"{uri}#notes", text=note, mime_type="application/json"))
        return types.ReadResourceResult(contents=contents)

    async def complete(self, _: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Answer `completion/complete`: names of pages, ids of records; nothing where nothing is known."""
        if (
            self._pass_through is not None
            and (answered := await self._pass_through.reading.complete(params)) is not None
        ):
            return answered
        typed, name = params.argument.value, params.argument.name
        values = await self._values(name)
        hits = [value for value in values if value.lower().startswith(typed.lower())]
        hits += [value for value in values if value not in hits and typed.lower() in value.lower()]
        shown = hits[:MOST_VALUES]
        completion = types.Completion(values=shown, total=len(hits), has_more=len(hits) > len(shown))
        return types.CompleteResult(completion=completion)

    async def _values(self, argument: str) -> Sequence[str]:
        if argument == "tool":
            return [tool.name for tool in self._exposure.tools]
        if argument in {"type", "guide"}:
            return sorted(page.name for page in self._package.pages if page.kind == argument)
        kind = next((one for one in self._kinds() if one.id == argument), None)
        return await self._ids_of(kind) if kind is not None else []

    async def _ids_of(self, kind: SyncKind) -> list[str]:
        """Return the ids of the first page of a kind's records; none where the list cannot be read."""
        now = time.monotonic()
        known = self._ids.get(kind.name)
        if known is not None and now - known[0] < IDS_LIVE:
            return known[1]
        try:
            if self._exposure.refusal(self._package.registry.resolve(kind.list)) is not None:
                return []
            rows: list[Any] = []
            tool = self._package.registry.resolve(kind.list)
            if tool.pagination:
                async for page in self._client.pages(kind.list, dict(kind.list_with), max_items=500):
                    rows += page
            else:
                result = (await self._client.invoke(kind.list, dict(kind.list_with))).result
                rows = result if isinstance(result, list) else []
        except ToolError:
            return []
        ids = list(dict.fromkeys(str(row[kind.id]) for row in rows if isinstance(row, Mapping) and kind.id in row))
        self._ids[kind.name] = (now, ids)
        return ids

    async def list_prompts(self, _: Any, __: Any) -> types.ListPromptsResult:
        """Answer `prompts/list`."""
        listed = [
            types.Prompt(
                name=name,
                title=prompt.title,
                description=prompt.summary,
                arguments=[
                    types.PromptArgument(
                        name=argument.name, description=argument.description, required=argument.required
                    )
                    for argument in prompt.arguments
                ],
            )
            for name, prompt in sorted(self._package.registry.prompts.items())
        ]
        others, is_whole = await self._pass_through.prompts() if self._pass_through is not None else ([], True)
        return types.ListPromptsResult(prompts=[*listed, *others], **kept(is_whole))

    async def get_prompt(
        self, context: Any, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """Answer `prompts/get`. Raises `MCPError` for an unknown prompt, and for a missing argument."""
        name, given = params.name, dict(params.arguments or {})
        if self._pass_through is not None and self._pass_through.owns(name):
            return await self._pass_through.reading.get_prompt(context, params, self._calls)
        prompts = self._package.registry.prompts
        if name not in prompts:
            raise MCPError(code=types.INVALID_PARAMS, message=f"there is no prompt named {name[:100]!r}")
        prompt = prompts[name]
        missing = [one.name for one in prompt.arguments if one.required and not given.get(one.name)]
        unknown = [one for one in given if one not in {argument.name for argument in prompt.arguments}]
        if missing or unknown:
            said = [f"{one} is missing" for one in missing] + [f"there is no argument {one[:60]!r}" for one in unknown]
            raise MCPError(code=types.INVALID_PARAMS, message=f"{name}: {', '.join(said)}")
        message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=prompt.text_for(given)))
        return types.GetPromptResult(description=prompt.summary, messages=[message])


def scheme_of(package: Package) -> str:
    """Return the scheme of our own addresses: the slug of the API."""
    return re.sub(r"[^a-z0-9+.-]", "-", str(package.api["slug"]).lower())


def kept(is_whole: bool) -> dict[str, Any]:  # noqa: FBT001 - a flag of the list, and nothing else
    """Return how long a list may be kept that lacks a part: not at all. A whole one lives as the server says."""
    return {} if is_whole else {"ttl_ms": 0}


def _no_resource(uri: str, hint: str = "") -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=f"there is no resource {uri[:200]!r}. {hint}".strip())
