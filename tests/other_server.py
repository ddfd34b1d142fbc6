"""A server of the tests' own, over stdio: started as a program, `python other_server.py FILE`.

Every call is a line in FILE. Tools: `look` (a read), `book` (a write), `slow` (ends after the seconds given), `die`
(ends the process in the middle of a call), `fail`, `refuse` (an error of the protocol), `flood` (a long result),
`caller` (asks a person). Words on the command line make worse servers: `nonsense` answers with no protocol at all,
`silent` never answers.
"""

import asyncio
import os
import sys
from pathlib import Path


def main() -> None:
    words = sys.argv[2:]
    if "nonsense" in words:
        sys.stdout.write("Welcome! This is no protocol.\n")
        sys.stdout.flush()
        sys.stderr.write("my last words\n")
        sys.stdin.read()
        return
    if "silent" in words:
        sys.stdin.read()
        return
    serve(Path(sys.argv[1]))


def serve(log: Path) -> None:
    import anyio
    import mcp_types as types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
    from mcp.shared.exceptions import MCPError

    def tool(name, properties, *, reads=False, required=()):
        schema = {"type": "object", "properties": properties, "required": list(required)}
        hints = types.ToolAnnotations(read_only_hint=True) if reads else None
        return types.Tool(name=name, description=f"{name} of the tests", input_schema=schema, annotations=hints)

    tools = [
        tool("look", {"id": {"type": "string"}, "many": {"type": "integer"}}, reads=True, required=["id"]),
        tool("book", {"guest": {"type": "string"}, "nights": {"type": "integer"}, "names": {"type": "array"}}),
        tool("slow", {"seconds": {"type": "number"}}),
        tool("die", {}),
        tool("fail", {}),
        tool("refuse", {}),
        tool("flood", {"items": {"type": "integer"}}, reads=True),
    ]

    async def list_tools(context, params):
        # Two pages: who reads one of them sees half of the tools.
        if params is None or params.cursor is None:
            return types.ListToolsResult(tools=tools[:4], next_cursor="more")
        return types.ListToolsResult(tools=tools[4:])

    async def call_tool(context, params):
        given = params.arguments or {}
        with log.open("a") as file:
            file.write(f"{params.name} {given}\n")
        if params.name == "die":
            os._exit(3)
        if params.name == "refuse":
            raise MCPError(code=types.INVALID_PARAMS, message="not with these arguments")
        if params.name == "slow":
            await asyncio.sleep(given["seconds"])
        if params.name == "fail":
            return types.CallToolResult(content=[types.TextContent(type="text", text="no room left")], is_error=True)
        data = {"tool": params.name, "given": given, "process": os.getpid()}
        if params.name == "flood":
            data = {"items": [{"n": n, "text": "x" * 100} for n in range(given["items"])]}
        return types.CallToolResult(content=[types.TextContent(type="text", text="done")], structured_content=data)

    async def list_resources(context, params):
        return types.ListResourcesResult(resources=[types.Resource(uri="house://rules", name="rules")])

    async def read_resource(context, params):
        contents = [types.TextResourceContents(uri=str(params.uri), text="No smoking.")]
        return types.ReadResourceResult(contents=contents)

    async def list_prompts(context, params):
        asks = [types.PromptArgument(name="guest", required=True)]
        return types.ListPromptsResult(prompts=[types.Prompt(name="greet", arguments=asks)])

    async def get_prompt(context, params):
        text = types.TextContent(type="text", text=f"Greet {params.arguments['guest']}.")
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=text)])

    server = Server(
        "house",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )

    async def run():
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)


if __name__ == "__main__":
    main()
