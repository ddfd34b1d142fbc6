"""`mcp tools, schema, call, resources, resource, prompts, prompt`: what other servers offer, from a shell.

`mcp call SERVER.TOOL` has the argument forms, the envelope and the exit codes of `call`.
"""

from types import SimpleNamespace
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.call_command import ToolCommand, words_of
from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.mcp_session import calls_of, lists_of, load, policy_of
from tool_runtime.surfaces.cli.session import Session

KEPT = "tool_runtime.mcp_calls"


@click.command("tools")
@click.argument("server")
@click.pass_obj
def tools_command(session: Session, *, server: str) -> None:
    """List the tools of SERVER, with their class."""
    with calls_of(session) as calls:
        tools = calls.tools(server)
    reads = load(session, "server_answers:is_read")

    def show() -> None:
        wide = max([len(tool["name"]) for tool in tools], default=0)
        for tool in tools:
            about = str(tool.get("description") or tool.get("title") or "").strip().split("\n")[0]
            output.write(f"{tool['name']:<{wide}}  {'read ' if reads(tool) else 'write'}  {about}".rstrip())

    session.give(tools, show)


@click.command("schema")
@click.argument("name", metavar="SERVER.TOOL")
@click.pass_obj
def schema_command(session: Session, *, name: str) -> None:
    """Show the arguments of SERVER.TOOL as JSON Schema."""
    with calls_of(session) as calls:
        _, tool = calls.find(name)
    session.give(tool.get("inputSchema") or {})


class ServerToolCommand(ToolCommand):
    """A command whose first word is SERVER.TOOL, and whose further words are that tool's arguments."""

    target = "server.tool"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Part the words; help is that of the command, since it must not start a server."""
        if args and (args[0] in {"-h", "--help"} or "--help" in args[1:2]):
            click.echo(self.get_help(ctx))
            ctx.exit()
        return super().parse_args(ctx, args)

    def _scanner(self, ctx: click.Context) -> Any:
        from tool_runtime.surfaces.cli import arguments
        from tool_runtime.surfaces.cli.words import Scanner

        session: Session = ctx.find_root().obj

        def names_of(target: str) -> Any:
            calls = ctx.meta.get(KEPT)
            if calls is None:
                calls = ctx.meta[KEPT] = ctx.find_root().with_resource(lists_of(session))
            server, tool = calls.find(target)
            known, types = load(session, "server_answers:as_tool")(server, tool)
            ctx.meta[f"{KEPT}.tool"] = (server, tool, known, SimpleNamespace(types=types, shapes={}))
            return arguments.names_of(ctx.meta[f"{KEPT}.tool"][3], known)

        return Scanner(self.params, names_of)


@click.command("call", cls=ServerToolCommand, options_metavar="[OPTIONS]")
@click.argument("tool", metavar="SERVER.TOOL [ARGUMENTS]...")
@click.option("--arg", metavar="KEY=VALUE", multiple=True, help="One argument; key:=json for a JSON value.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and what the policy says. Sends nothing.")
@click.option("--again", is_flag=True, help="Mean it: the same call as a moment ago, a second time.")
@click.option("--idempotency-key", metavar="KEY", help="Calls with the same key count as one.")
@click.option("--fields", metavar="A.B,C", help="Show these fields only.")
@click.option("--query", metavar="JMESPATH", help="Show what a JMESPath expression finds.")
@click.option("-o", "--output", "form", metavar="FORM", help="json (as is), ndjson, table, csv or raw.")
@calling_options
@click.pass_context
def call_command(
    context: click.Context, /, *, tool: str, dry_run: bool, again: bool, idempotency_key: str | None, **options: Any
) -> None:
    """Call SERVER.TOOL of another server, and write the result to stdout as JSON.

    ARGUMENTS are those of `call`: one JSON object (inline, @file, or piped in), or single ones. A tool that does not
    say that it only reads is a write: you are asked first, it is recorded, and it is not made twice.
    """
    del tool
    from tool_runtime.surfaces.cli import calling
    from tool_runtime.surfaces.cli.arguments import read_arguments
    from tool_runtime.surfaces.common.results import meta_of

    options.pop("arg")
    session: Session = context.obj
    calls = context.with_resource(policy_of(session, context.meta[KEPT]))
    server, raw, known, registry = context.meta[f"{KEPT}.tool"]
    session.running, session.function = known, f"mcp:{known.name}"
    verdict = calls.verdict(raw)
    session.meta = {
        **meta_of(known, dry_run=dry_run),
        "server": server,
        "forced": session.force and verdict == "allow" and not known.is_read,
    }
    view = calling.View(session, calling.Wishes(**options), None)
    given = read_arguments(registry, known, words_of(context))
    if dry_run:
        load(session, "server_answers:check_arguments")(known.name, raw.get("inputSchema"), given)
        output.note(f"{session.program}: a dry run, nothing was sent; the gate would say {verdict}.")
        session.give({"tool": known.name, "gate": verdict, "arguments": given})
        return
    done = calls.call(server, raw["name"], given, again=again, key=idempotency_key)
    session.data, session.done = done.data, True
    session.meta["repeat"] = done.repeat_of or False
    if done.repeat_of is not None:
        first = f"this repeats a call whose answer had not arrived ({done.repeat_of})"
        output.note(f"{session.program}: {first}; --again makes a second one.")
    view.show(done.data)
    calls.delivered(done)
    session.running = None


@click.command("resources")
@click.argument("server")
@click.pass_obj
def resources_command(session: Session, *, server: str) -> None:
    """List the resources of SERVER, and its templates."""
    with calls_of(session) as calls:
        found = calls.resources(server)

    def show() -> None:
        for one in found["resources"]:
            output.write(f"{one['uri']}  {one.get('description') or one.get('name', '')}".rstrip())
        for one in found["templates"]:
            output.write(f"{one['uriTemplate']}  {one.get('description') or one.get('name', '')}".rstrip())

    session.give(found, show)


@click.command("resource")
@click.argument("server")
@click.argument("uri")
@click.pass_obj
def resource_command(session: Session, *, server: str, uri: str) -> None:
    """Read the resource URI of SERVER; text is written as it is."""
    with calls_of(session) as calls:
        contents = calls.read_resource(server, uri)

    def show() -> None:
        for part in contents:
            output.write(part["text"] if "text" in part else output.to_json(part))

    session.give(contents, show)


@click.command("prompts")
@click.argument("server")
@click.pass_obj
def prompts_command(session: Session, *, server: str) -> None:
    """List the prompts of SERVER, with their arguments."""
    with calls_of(session) as calls:
        found = calls.prompts(server)

    def show() -> None:
        for one in found:
            names = " ".join(argument["name"] for argument in one.get("arguments", ()))
            output.write(f"{one['name']} {names}  {one.get('description') or ''}".rstrip())

    session.give(found, show)


@click.command("prompt")
@click.argument("server")
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def prompt_command(session: Session, *, server: str, name: str, values: tuple[str, ...]) -> None:
    """Get the prompt NAME of SERVER with its arguments in place."""
    given = {}
    for one in values:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{one[:40]!r} is not NAME=VALUE")
        given[key] = value
    with calls_of(session) as calls:
        found = calls.get_prompt(server, name, given)

    def show() -> None:
        for message in found.get("messages", ()):
            content = message.get("content", {})
            output.write(f"{message.get('role')}: {content.get('text', output.to_json(content))}")

    session.give(found, show)


for _command in (tools_command, schema_command, resources_command, resource_command, prompts_command, prompt_command):
    calling_options(_command)
