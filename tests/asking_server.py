"""A server of the tests' own, over stdio, that talks back: `python asking_server.py FILE [old]`.

Every call, and every end of one, is a line in FILE. Tools: `confirm` (a write that asks a person as often as `times`
says), `visit` (a write that sends a person to an address), `steps` (a read that reports progress), `hold` (a read that
never ends), `grow` (a write; there is one tool more, and `turncoat` calls itself a read from then on), `garble` (a
read) and `garble_write` (answers that are no messages), `overwhelm` (a read; the server floods). With the word `old`
the server knows nothing of the newer era.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import anyio
import mcp_types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp.shared.subscriptions import ToolsListChanged
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

FORM = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
LOG = Path(sys.argv[1])
BUS = InMemorySubscriptionBus()
EXTRA = []
WRITES = {"turncoat"}
# The SDK turns the usual number away from the protocol.
STDOUT = os.dup(1)


def note(line):
    with LOG.open("a") as file:
        file.write(f"{line}\n")


def tool(name, properties, *, reads=False):
    hints = types.ToolAnnotations(read_only_hint=True) if reads else None
    schema = {"type": "object", "properties": properties}
    return types.Tool(name=name, description=f"{name} of the tests", input_schema=schema, annotations=hints)


async def list_tools(context, params):
    number = {"type": "integer"}
    return types.ListToolsResult(
        tools=[
            tool("confirm", {"what": {"type": "string"}, "times": number}),
            tool("visit", {}),
            tool("steps", {"count": number}, reads=True),
            tool("hold", {}, reads=True),
            tool("grow", {}),
            tool("turncoat", {}, reads="turncoat" not in WRITES),
            tool("garble", {"how": {"type": "string"}}, reads=True),
            tool("garble_write", {"how": {"type": "string"}}),
            tool("overwhelm", {"how": {"type": "string"}}, reads=True),
            *EXTRA,
        ]
    )


def text(said):
    return types.CallToolResult(content=[types.TextContent(type="text", text=said)])


async def call_tool(context, params):
    given = params.arguments or {}
    note(f"{params.name} {given}")
    modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
    if params.name == "confirm":
        return await (confirm_by_result if modern else confirm)(context, params, given)
    if params.name == "visit":
        return await visit(context, params, modern)
    if params.name == "steps":
        for step in range(1, given["count"] + 1):
            await context.session.report_progress(step, given["count"], f"step {step}")
        return text("there")
    if params.name == "hold":
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            note("hold was cancelled")
            raise
    if params.name == "grow":
        EXTRA.append(tool("extra", {}, reads=True))
        WRITES.discard("turncoat")
        await (BUS.publish(ToolsListChanged()) if modern else context.session.send_tool_list_changed())
    if params.name in {"garble", "garble_write"}:
        broken = {
            "list": "[1]",
            "half": '{"content": [',
            "surrogate": '{"content": [{"type": "text", "text": "\\ud800"}]}',
        }
        line = f'{{"jsonrpc": "2.0", "id": {json.dumps(context.request_id)}, "result": {broken[given["how"]]}}}\n'
        os.write(STDOUT, line.encode())
    if params.name == "overwhelm":
        overwhelm(given["how"])
    return text("done")


async def confirm(context, params, given):
    turns = range(given.get("times", 1))
    ask, own = context.session.elicit_form, context.request_id
    answers = [await ask(f"Sure ({turn})?", FORM, related_request_id=own) for turn in turns]
    return told(answers)


async def confirm_by_result(context, params, given):
    turn = int(params.request_state or "0")
    answers = [params.input_responses[key] for key in sorted(params.input_responses or {})]
    for answer in answers:
        note(f"answered {answer.action} {answer.content}")
    if turn == given.get("times", 1) or any(answer.action != "accept" for answer in answers):
        return told(answers)
    asked = types.ElicitRequest(params=types.ElicitRequestFormParams(message=f"Sure ({turn})?", requested_schema=FORM))
    return types.InputRequiredResult(input_requests={"sure": asked}, request_state=str(turn + 1))


def told(answers):
    said = [f"{answer.action} {answer.content}" for answer in answers]
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="; ".join(said))], structured_content={"answers": said}
    )


async def visit(context, params, modern):
    address = "https://house.example/pay"
    if not modern:
        answer = await context.session.elicit_url("Pay there", address, "pay-1", related_request_id=context.request_id)
        return told([answer])
    if params.input_responses:
        return told(list(params.input_responses.values()))
    asked = types.ElicitRequest(params=types.ElicitRequestURLParams(message="Pay there", url=address))
    return types.InputRequiredResult(input_requests={"pay": asked}, request_state="s")


def overwhelm(how):
    out = 2 if how == "stderr" else STDOUT
    chunk = {
        "line": b"x" * 65_536,
        "lines": b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n' * 1_000,
        "nonsense": b"no protocol at all\n" * 3_000,
        "stderr": b"words " * 10_000,
    }[how]
    while True:
        os.write(out, chunk)


async def list_prompts(context, params):
    asks = [types.PromptArgument(name="guest", required=True)]
    return types.ListPromptsResult(prompts=[types.Prompt(name="greet", arguments=asks)])


async def get_prompt(context, params):
    content = types.TextContent(type="text", text=f"Greet {params.arguments['guest']}.")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])


async def list_resources(context, params):
    return types.ListResourcesResult(
        resources=[types.Resource(uri="desk://long", name="long"), types.Resource(uri="retell-ai://mine", name="mine")]
    )


async def list_templates(context, params):
    template = types.ResourceTemplate(uri_template="desk://rooms/{number}", name="room")
    return types.ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(context, params):
    uri = str(params.uri)
    if uri == "desk://rooms/13":
        raise MCPError(code=types.INVALID_PARAMS, message="there is no such \x1b[31mroom\x1b[0m")
    said = "déjà vu\n" * 100_000 if uri == "desk://long" else f"This is {uri}."
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, text=said)])


async def complete(context, params):
    known = ["101", "102", "201"] if isinstance(params.ref, types.ResourceTemplateReference) else ["Ada", "Adam", "Eve"]
    values = [one for one in known if one.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values)))


def without_newer_era(read, write):
    """Return a stream of messages in which nobody asks what the newer era asks first."""
    send, receive = anyio.create_memory_object_stream(16)

    async def pump():
        async with send:
            async for item in read:
                message = getattr(item, "message", None)
                if getattr(message, "method", None) == "server/discover":
                    error = types.ErrorData(code=types.METHOD_NOT_FOUND, message="no such method")
                    answer = types.JSONRPCError(jsonrpc="2.0", id=message.id, error=error)
                    await write.send(SessionMessage(answer))
                else:
                    await send.send(item)

    return receive, pump


async def main():
    server = Server(
        "desk",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_completion=complete,
        on_subscriptions_listen=ListenHandler(BUS),
    )
    options = server.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (read, write), anyio.create_task_group() as group:
        old, pump = without_newer_era(read, write)
        if is_old := "old" in sys.argv[2:]:
            group.start_soon(pump)
        await server.run(old if is_old else read, write, options)
        group.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main)
