"""Requests to another server: a call of a tool, with its questions, its progress and its patience; lists, page by page.

The call is made by our own loop and not by the SDK's convenience: that one checks a result against a schema of the
server's making, asks for the list of tools behind our back, and loses the result where that list fails. Must not know:
how a connection is made, what a person sees.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import mcp_types as types
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from tool_runtime.errors import OutcomeUnknown, TimedOut
from tool_runtime.surfaces.mcp.talks import Patience, Talk

# Each list, and the capability that a server names where it has the list.
SECTIONS = {"tools": "tools", "resources": "resources", "templates": "resources", "prompts": "prompts"}
MOST_PAGES = 200
MOST_ITEMS = 5_000
# A server that asks more often than this is asking the wrong person.
MOST_ROUNDS = 50
# The SDK's own limit stands behind ours, which counts anew with each sign of life.
_NEVER = 86_400.0
_RAW: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


async def call_tool(
    client: Client, name: str, arguments: Mapping[str, Any], talk: Talk, *, what: str, seconds: float, is_read: bool
) -> types.CallToolResult:
    """Call a tool, answer what its server asks, and return the result.

    `seconds` is how long the server may be silent. Raises `MCPError`, and `TimedOut` or `OutcomeUnknown` for a server
    that says nothing any more.
    """
    patience = talk.patience = Patience(seconds)
    answers: dict[str, Any] | None = None
    state: str | None = None
    try:
        with patience.scope:
            for _ in range(MOST_ROUNDS):
                raw = await _send(client, name, dict(arguments), talk, answers, state)
                patience.renew()
                if raw.get("resultType") != "input_required":
                    return types.CallToolResult.model_validate(raw, by_name=False)
                asked = types.InputRequiredResult.model_validate(raw, by_name=False)
                answers, state = await _answers(client, asked), asked.request_state
    finally:
        talk.patience = None
    if not patience.scope.cancelled_caught:
        message = f"{what}: the server asked {MOST_ROUNDS} times, and would not end"
    else:
        message = f"{what}: the server said nothing for {seconds:g} seconds"
    if is_read:
        raise TimedOut(message, tool=what)
    hint = "The answer was lost. Look at what the server did before you repeat the call."
    raise OutcomeUnknown(f"{message}; the call may have happened", tool=what, hint=hint)


async def _send(
    client: Client,
    name: str,
    arguments: dict[str, Any],
    talk: Talk,
    answers: dict[str, Any] | None,
    state: str | None,
) -> dict[str, Any]:
    params = types.CallToolRequestParams(name=name, arguments=arguments, input_responses=answers, request_state=state)
    request = types.CallToolRequest(params=params)
    session: Any = client.session
    for again in (True, False):
        try:
            found: dict[str, Any] = await session.send_request(
                request, _RAW, request_read_timeout_seconds=_NEVER, progress_callback=talk.report
            )
            return found  # noqa: TRY300 - beside the request that gave it
        except MCPError as error:
            if error.code != types.HEADER_MISMATCH or not again:
                raise
            # The server refused before it did anything: the schema that we listed is not the one of now.
            await every_page(lambda cursor: client.list_tools(cursor=cursor), "tools")
    raise AssertionError(name)


async def _answers(client: Client, asked: types.InputRequiredResult) -> dict[str, Any] | None:
    """Answer every question of a round at once; a round without questions means: a moment, please."""
    if not asked.input_requests:
        await anyio.sleep(0.25)
        return None
    answers: dict[str, Any] = {}
    refused: list[types.ErrorData] = []

    async def answer(key: str, request: Any) -> None:
        context = ClientRequestContext(session=client.session, request_id=key)
        result = await client.session.dispatch_input_request(context, request)
        if isinstance(result, types.ErrorData):
            refused.append(result)
        else:
            answers[key] = result

    async with anyio.create_task_group() as group:
        for key, request in asked.input_requests.items():
            group.start_soon(answer, key, request)
    if refused:
        raise MCPError.from_error_data(refused[0])
    return answers


async def every_page(fetch: Callable[[str | None], Awaitable[Any]], items: str) -> list[Any]:
    """Return the items of all pages of a list; a server that never ends, or repeats a cursor, is cut short."""
    found: list[Any] = []
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = await fetch(cursor)
        found += getattr(page, items)
        cursor = page.next_cursor
        if not cursor or cursor in seen or len(found) >= MOST_ITEMS:
            break
        seen.add(cursor)
    return found[:MOST_ITEMS]


async def every_item(client: Client, kind: str) -> list[Any]:
    """Return a list of a server: `tools`, `resources`, `templates` or `prompts`; none where there is no such list.

    An item without a name is left out.
    """
    capabilities = client.server_capabilities
    if getattr(capabilities, SECTIONS[kind], None) is None:
        return []
    fetch, items = {
        "tools": (client.list_tools, "tools"),
        "resources": (client.list_resources, "resources"),
        "templates": (client.list_resource_templates, "resource_templates"),
        "prompts": (client.list_prompts, "prompts"),
    }[kind]
    try:
        found = await every_page(lambda cursor: fetch(cursor=cursor), items)
    except MCPError as error:
        if error.code == types.METHOD_NOT_FOUND:
            # A server has resources without templates, and the other way round.
            return []
        raise
    return [one for one in found if one.name]
