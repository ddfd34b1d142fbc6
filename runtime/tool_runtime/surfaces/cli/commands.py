"""The table of commands, and the group that loads a command when it is called.

A command is one line here: its name, the function that click runs, and one line of help. The module of a command is
imported when that command runs and not before, so `--help` costs the same however many commands there are. Add a
command by adding its line; `command_of` adds the options that mean the same everywhere.

Three kinds of words stand in the place of a command:

- a name of the table;
- any name of a tool: `TOOL …` is short for `call TOOL …`, where no command has that name;
- a seed spelling, `integrations:NAME` or `mcp:NAME`, hidden from help: scripts that were written for another program
  run after its name was replaced. `integrations:SLUG TOOL …` is `call TOOL …`.

Options in front of a command mean what they mean behind the command's name: they are moved there, and the command
refuses what it does not know. So no option is ever dropped without a word.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import click

from tool_runtime.surfaces.cli.common_options import add_common_options, with_value

if TYPE_CHECKING:
    from tool_runtime.surfaces.cli.session import Session

HERE = "tool_runtime.surfaces.cli"
# How many words stood in front of the command.
LEADING = "tool_runtime.leading"

# Section of the help -> name -> (module of this package and function, one line of help).
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Call tools": {
        "call": ("call_command:call_command", "Call a tool. TOOL ... does the same."),
        "wait": ("wait_command:wait_command", "Wait for a state, such as the end of a call."),
    },
    "Read about tools": {
        "demo": ("demo_command:demo_command", "See the whole product in one run, on the sandbox."),
        "list": ("reference_commands:list_command", "List the tools."),
        "search": ("reference_commands:search_command", "Find tools, guides and types by words."),
        "docs": ("reference_commands:docs_command", "Read the reference."),
        "schema": ("reference_commands:schema_command", "Show a tool's arguments as JSON Schema."),
        "examples": ("reference_commands:examples_command", "Show examples for shell, Python, Lua and JSON."),
    },
    "Set up": {
        "accounts": ("accounts_commands:accounts_command", "Manage accounts: keys, addresses, permissions."),
        "configure": ("configure_command:configure_command", "Give an account its key and its permissions."),
        "status": ("status_commands:status_command", "Show which account is used and what is allowed."),
        "doctor": ("status_commands:doctor_command", "Look for what does not work, and how to mend it."),
        "audit": ("audit_commands:audit_command", "Show every write, and find out about unknown ones."),
    },
    "Try without a call": {
        "sandbox": ("sandbox_commands:sandbox_command", "Run a local stand-in for programs in any language; steer it."),
        "webhooks": ("webhooks_commands:webhooks_command", "Receive, check, forward, replay and make up webhooks."),
    },
    "Files, scripts and agents": {
        "sync": ("sync_commands:sync_command", "Keep agents, prompts and flows as files."),
        "completion": ("completion_command:completion_command", "Print the completion script of a shell."),
        "lua": ("lua_command:lua_command", "Run a Lua script over the tools, or resume one."),
        "mcp": ("mcp_commands:mcp_command", "Serve the tools to agents, and use other servers' tools."),
    },
}
COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

# Seed spelling -> the words that it stands for. `integrations:X` is X, and `mcp:X` is `mcp X`, unless it stands here.
SEED_SPELLINGS: dict[str, tuple[str, ...]] = {
    "integrations:fields": ("accounts", "fields"),
    "mcp:lua": ("mcp", "lua"),
    "mcp:gateway:export": ("mcp", "config"),
    "mcp:gateway:install": ("mcp", "install"),
    "mcp:secret:set": ("mcp", "secret", "set"),
    "mcp:secret:list": ("mcp", "secret", "list"),
    "mcp:secret:unset": ("mcp", "secret", "unset"),
}
# Commands that are about all tools: the seed's scripts name the API behind them, and here there is only one.
WITHOUT_PROVIDER = frozenset({"list", "status", "doctor", "accounts", "configure", "examples", "search"})


class Commands(click.Group):
    """The group of all commands of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loaded now; None where there is none of this name."""
        del ctx
        return command_of(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, without loading one of them."""
        del ctx
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            if commands:
                with formatter.section(title):
                    formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move the options in front of the command behind its name."""
        ctx.meta[LEADING] = _first_word(args) or 0
        return super().parse_args(ctx, command_first(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words mean; for none, name the command or tool that was probably meant."""
        session: Session = ctx.obj
        words = _plain_spelling(session, args)
        if words[0] not in COMMANDS and not words[0].startswith("-"):
            if not _is_tool(session, words[0]):
                raise _no_command(session, ctx, args[0])
            # What stood in front of the tool stays in front: behind the tool, a word may be the tool's own argument.
            tool, *rest = words
            leading = ctx.meta[LEADING]
            words = ["call", *rest[:leading], tool, *rest[leading:]]
        session.function = words[0]
        return super().resolve_command(ctx, words)


def command_of(name: str) -> click.Command:
    """Load the command of the table that has this name, with the options that every command takes."""
    module, _, function = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(f"{HERE}.{module}"), function)
    add_common_options(command)
    return command


def command_first(args: list[str]) -> list[str]:
    """Move leading options behind the command: `["--account", "eu", "list"]` -> `["list", "--account", "eu"]`.

    Options of the group itself stay where they are, and so does everything where no command follows.
    """
    at = _first_word(args)
    return [args[at], *args[:at], *args[at + 1 :]] if at else args


def _first_word(args: list[str]) -> int | None:
    """Return where the first word stands that is neither an option nor the value of one; None without such a word.

    Example: `["--account", "eu", "list"]` -> 2.
    """
    at = 0
    while at < len(args) and args[at].startswith("-") and args[at] not in {"-h", "--help", "--version", "--", "-"}:
        at += 2 if with_value(args[at]) else 1
    return at if at < len(args) and not args[at].startswith("-") else None


def _plain_spelling(session: "Session", args: list[str]) -> list[str]:
    """Return the words that a seed spelling stands for: `["integrations:list"]` -> `["list"]`."""
    word, *rest = args
    kind, colon, name = word.partition(":")
    if not colon or kind not in {"integrations", "mcp"} or not name:
        return args
    api = session.api
    slugs = {api["slug"], api["name"]}
    if kind == "integrations" and name in slugs:
        # Options in front of the tool stay there: behind the tool, a word may be the tool's own argument.
        return ["docs", api["slug"], *rest] if _first_word(rest) is None else ["call", *rest]
    words = SEED_SPELLINGS.get(word) or ((name,) if kind == "integrations" else ("mcp", name))
    if words[0] in WITHOUT_PROVIDER and rest and rest[0] in slugs:
        rest = rest[1:]
    return [*words, *rest]


def _is_tool(session: "Session", name: str) -> bool:
    from tool_runtime.errors import UnknownTool

    try:
        session.registry.resolve(name)
    except UnknownTool:
        return False
    return True


def _no_command(session: "Session", context: click.Context, name: str) -> click.UsageError:
    from tool_runtime.values.suggestions import nearest_names

    registry = session.registry
    known = [*COMMANDS, *(spelling for tool in registry.tools.values() for spelling in (tool.name, *tool.aliases))]
    near = nearest_names(name.removeprefix("integrations:"), known)
    error = click.UsageError(f"there is no command and no tool named {name[:200]!r}", context)
    error.hint = f"Nearest: {', '.join(near)}." if near else None  # type: ignore[attr-defined]  # read by reports
    return error
