"""The command `mcp`: serve the tools to agents, and use the tools of other servers.

The subcommands stand in modules of their own and are loaded when they run.
"""

from importlib import import_module
from typing import Any

import click

from tool_runtime.surfaces.cli.common_options import add_common_options

HERE = "tool_runtime.surfaces.cli"
# Section of the help -> name -> (module and function, one line of help).
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Serve": {
        "serve": ("mcp_serve_command:serve_command", "Serve the tools to an agent's client."),
        "config": ("mcp_clients_commands:config_command", "Show the entry for a client's own file."),
        "install": ("mcp_clients_commands:install_command", "Write the entry into a client's own file."),
        "bundle": ("mcp_clients_commands:bundle_command", "Write a bundle (.mcpb) for desktop clients."),
        "server-json": ("mcp_clients_commands:server_json_command", "Write server.json for the registry."),
        "profile": ("mcp_serve_command:profile_command", "Keep choices for serve under a name."),
    },
    "Use other servers": {
        "list": ("mcp_server_commands:list_command", "List the servers of this project and of yours."),
        "status": ("mcp_server_commands:status_command", "Connect to each server, and show what it offers."),
        "doctor": ("mcp_server_commands:doctor_command", "Look for what does not work, and how to mend it."),
        "tools": ("mcp_use_commands:tools_command", "List a server's tools."),
        "schema": ("mcp_use_commands:schema_command", "Show the arguments of SERVER.TOOL."),
        "call": ("mcp_use_commands:call_command", "Call SERVER.TOOL."),
        "resources": ("mcp_use_commands:resources_command", "List a server's resources."),
        "resource": ("mcp_use_commands:resource_command", "Read a resource."),
        "prompts": ("mcp_use_commands:prompts_command", "List a server's prompts."),
        "prompt": ("mcp_use_commands:prompt_command", "Get a prompt."),
        "lua": ("mcp_lua_command:lua_command", "Run a script over the servers, and no integration."),
    },
    "Manage servers": {
        "add": ("mcp_server_commands:add_command", "Add a server."),
        "remove": ("mcp_server_commands:remove_command", "Remove a server."),
        "enable": ("mcp_server_commands:enable_command", "Enable a server."),
        "disable": ("mcp_server_commands:disable_command", "Disable a server."),
        "trust": ("mcp_server_commands:trust_command", "Let a project's server run as it stands."),
        "import": ("mcp_server_commands:import_command", "Add the servers of another file."),
        "export": ("mcp_server_commands:export_command", "Write the servers for another program."),
        "secret": ("mcp_secret_commands:secret_command", "Manage secrets that entries name."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class McpCommands(click.Group):
    """The group of all subcommands of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, loaded now; None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"{HERE}.{module}"), function)
        add_common_options(command)
        session: Any = ctx.find_root().obj
        if session is not None:
            session.function = f"mcp {cmd_name}"
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; for none, name the one that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from tool_runtime.values.suggestions import nearest_names

            near = nearest_names(args[0], COMMANDS)
            error = click.UsageError(f"mcp has no command {args[0][:80]!r}", ctx)
            error.hint = f"Nearest: {', '.join(near)}." if near else None  # type: ignore[attr-defined]  # read by reports
            raise error
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands by section, without loading one of them."""
        del ctx
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])


@click.group("mcp", cls=McpCommands)
def mcp_command() -> None:
    """Serve the tools over the Model Context Protocol, and use the servers of others."""
