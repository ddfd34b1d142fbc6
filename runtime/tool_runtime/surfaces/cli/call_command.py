"""The command `call`: one tool, from the words of a shell to the result on stdout.

The words behind the name of the tool are parted by `words` before click sees the options, since a tool's parameters are
options too. `calling` makes the call.
"""

from typing import TYPE_CHECKING, Any

import click

from tool_runtime.surfaces.cli.common_options import calling_options
from tool_runtime.surfaces.cli.session import Session

if TYPE_CHECKING:
    from tool_runtime.surfaces.cli.words import Names, Scanner, Words

WORDS = "tool_runtime.words"


class ToolCommand(click.Command):
    """A command whose first word names what is run, and whose further words are that tool's arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Part the words, and let click read the options."""
        if not args:
            # As click does where a group lacks its command.
            raise click.UsageError(f"Missing argument '{self.target.upper()}'.", ctx)
        words = self._scanner(ctx).scan(args)
        ctx.meta[WORDS] = words
        is_help = any(word in {"-h", "--help"} for word in words.options)
        if is_help and words.target is not None:
            from tool_runtime.surfaces.cli import tool_help

            tool_help.show(ctx, self, words.target)
            ctx.exit()
        return super().parse_args(ctx, [*words.options, "--", *([words.target] if words.target is not None else [])])

    target = "tool"

    def _scanner(self, ctx: click.Context) -> "Scanner":
        from tool_runtime.surfaces.cli.words import Scanner

        session: Session = ctx.find_root().obj

        def names_of(target: str) -> "Names":
            from tool_runtime.surfaces.cli import arguments

            return arguments.names_of(session.registry, self.tool_of(session, target))

        return Scanner(self.params, names_of)

    def tool_of(self, session: Session, target: str) -> Any:
        """Return the tool whose arguments stand behind the first word."""
        return session.registry.resolve(target)


def words_of(context: click.Context) -> "Words":
    """Return the parted words of this run."""
    words: Words = context.meta[WORDS]
    return words


@click.command("call", cls=ToolCommand, options_metavar="[OPTIONS]")
@click.argument("tool", metavar="TOOL [ARGUMENTS]...")
@click.option("--arg", metavar="KEY=VALUE", multiple=True, help="One argument; key:=json for a JSON value.")
@click.option("--prompt", is_flag=True, help="Ask on the terminal for what is missing.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and what the policy says. Sends nothing.")
@click.option("--again", is_flag=True, help="Mean it: the same call as a moment ago, a second time.")
@click.option("--idempotency-key", metavar="KEY", help="Calls with the same key count as one.")
@click.option("--all", "every", is_flag=True, help="Fetch every page of a list.")
@click.option("--max", "most", type=click.IntRange(0), metavar="N", help="Fetch pages until there are N rows.")
@click.option("--wait", metavar="[WAITER]", help="Then wait for a state; progress goes to stderr.")
@click.option("--fields", metavar="A.B,C", help="Show these fields only.")
@click.option("--query", metavar="JMESPATH", help="Show what a JMESPath expression finds.")
@click.option("-o", "--output", "form", metavar="FORM", help="json (as is), ndjson, table, csv or raw.")
@calling_options
@click.pass_context
def call_command(context: click.Context, /, tool: str, **options: Any) -> None:
    r"""Call TOOL, by any of its names, and write the result to stdout as JSON.

    ARGUMENTS are one JSON object (inline, @file, or piped in), or single ones: --agent-id X, --agent_id=X, a bare flag
    for true, key=X, key:=JSON, and nested --data.agent_name X. Single ones win over JSON. A file is @path.

    Nothing is sent unless the arguments fit the tool. TOOL --help lists them. An argument that has the name of an
    option below is meant behind TOOL, and the option in front of TOOL.
    """
    del tool
    from tool_runtime.surfaces.cli import calling

    options.pop("arg")
    calling.call(context.obj, words_of(context), calling.Wishes(**options))
