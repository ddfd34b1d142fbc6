"""The command `wait`: waits for a state, and says how to go on waiting where the time runs out."""

from functools import partial
from typing import Any

import click

from tool_runtime.surfaces.cli.call_command import ToolCommand, words_of
from tool_runtime.surfaces.cli.common_options import Seconds, calling_options
from tool_runtime.surfaces.cli.session import Session

SECONDS = Seconds(0, min_open=True)


class WaitCommand(ToolCommand):
    """The first word names a waiter; the further words are arguments of the read that the waiter repeats."""

    target = "waiter"

    def tool_of(self, session: Session, target: str) -> Any:
        """Return the read that a waiter repeats."""
        return session.registry.resolve(session.registry.waiter(target).tool)


@click.command("wait", cls=WaitCommand)
@click.argument("waiter", metavar="WAITER [ARGUMENTS]...")
@click.option("--arg", metavar="KEY=VALUE", multiple=True, help="One argument; key:=json for a JSON value.")
@click.option(
    "--timeout",
    type=SECONDS,
    metavar="SECONDS",
    help="How long to wait. The waiter has its own default.",
)
@click.option("--interval", type=SECONDS, metavar="SECONDS", help="The pause between two reads.")
@click.option("--fields", metavar="A.B,C", help="Show these fields only.")
@click.option("--query", metavar="JMESPATH", help="Show what a JMESPath expression finds.")
@click.option("-o", "--output", "form", metavar="FORM", help="json (as is), ndjson, table, csv or raw.")
@partial(calling_options, without="--timeout")
@click.pass_context
def wait_command(
    context: click.Context, /, waiter: str, timeout: float | None, interval: float | None, **options: Any
) -> None:
    """Wait until WAITER's state is there, and write the reply that holds the state to stdout.

    Progress goes to stderr. Where the time runs out, the run ends with 8, and the error holds the command that goes on
    waiting. Without a name that exists, the error lists the waiters.
    """
    from tool_runtime.surfaces.cli import calling, waits
    from tool_runtime.surfaces.cli.arguments import read_arguments
    from tool_runtime.surfaces.cli.questions import confirmation
    from tool_runtime.surfaces.cli.traced_client import TracedClient
    from tool_runtime.surfaces.common.results import meta_of

    del options["arg"]
    session: Session = context.obj
    registry = session.registry
    declared = registry.waiter(waiter)
    tool = registry.resolve(declared.tool)
    session.running, session.function, session.meta = tool, declared.name, meta_of(tool)
    view = calling.View(session, calling.Wishes(**options), None)
    arguments = read_arguments(registry, tool, words_of(context))
    with session.client(TracedClient, confirmation(session)) as client:
        client.trace(verbose=session.verbose, curl=session.curl)
        session.meta |= {"account": client.account_name, "sandbox": client.sandbox is not None}
        session.asked_nobody = client.verdict(tool) == "refuse"
        reply = waits.run_wait(client, declared, arguments, timeout=timeout, interval=interval)
        session.data, session.done = reply, True
        view.show(reply)
    session.running = None
