"""`mcp lua`: a script that sees other servers, and no integration."""

from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.mcp_session import calls_of, load
from tool_runtime.surfaces.cli.session import Session


@click.command("lua")
@click.argument("file", required=False)
@click.option("-e", "--eval", "code", metavar="CODE", help="Run this code instead of a file.")
@click.option("--args", "args_text", metavar="JSON", help="The global `args` of the script: JSON or @file.")
@click.option("--validate", is_flag=True, help="Compile, and check what can be seen without running. Calls nothing.")
@calling_options
@click.pass_obj
def lua_command(session: Session, *, file: str | None, code: str | None, args_text: str | None, validate: bool) -> None:
    """Run a Lua script over the servers: FILE, --eval CODE, or standard input.

    Scripts see app.mcp.SERVER.TOOL({...}), mcp.servers(), mcp.tools(server), mcp.schema(name), mcp.resources(server),
    mcp.read_resource(server, uri), mcp.prompts(server), mcp.get_prompt(server, name, args) and docs.read("mcp.SERVER").
    """
    from tool_runtime.surfaces.cli import lua_command as scripts
    from tool_runtime.surfaces.common.scripts import LuaLimits, LuaSession, Prepared, check_script

    session.function = "mcp lua"
    source = scripts._source(file, code)  # noqa: SLF001 - the same command over other namespaces
    arguments = scripts._arguments(args_text)  # noqa: SLF001 - as above
    with calls_of(session, surface="lua", delivers=True) as calls:
        pages = load(session, "script_servers:PagesWithServers")(session.package, calls, own=False)
        namespaces = load(session, "script_servers:namespaces_of")(calls, Prepared)
        with LuaSession(
            calls.client, limits=LuaLimits(), package=pages, namespaces=namespaces, warm=False, tools=False
        ) as lua:
            if validate:
                checked = check_script(lua, source)
                if checked.problem() is not None:
                    raise checked.problem()  # type: ignore[misc]  # the line above has looked
                session.give(checked.to_dict(), lambda: output.write("\n".join(checked.lines())))
                return
            result: Any = lua.run(
                source,
                args=arguments,
                on_output=scripts._printer(session),  # noqa: SLF001 - as above
                on_progress=scripts.note_progress,
            )
            scripts._give(session, calls.client, result)  # noqa: SLF001 - as above
