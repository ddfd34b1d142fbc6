"""`mcp secret set, list, unset`: values that entries name as ${secret:NAME}. No command shows a value."""

import click

from tool_runtime.surfaces.cli import account_options, output
from tool_runtime.surfaces.cli.common_options import add_common_options
from tool_runtime.surfaces.cli.mcp_session import places_of
from tool_runtime.surfaces.cli.session import Session


@click.group("secret", invoke_without_command=True)
@click.pass_context
def secret_command(context: click.Context) -> None:
    """Manage secrets that entries name as ${secret:NAME}. Without a word behind it: list them."""
    if context.invoked_subcommand is None:
        context.invoke(list_secrets)


@secret_command.command("list")
@click.pass_obj
def list_secrets(session: Session) -> None:
    """List the secrets: names, and where each value is. No value is shown."""
    session.function = "mcp secret list"
    known = places_of(session).secrets.places()

    def show() -> None:
        for name, place in known.items():
            output.write(f"{name}: in {place}")
        if not known:
            output.note("No secrets.")

    session.give(known, show)


@secret_command.command("set")
@click.argument("name")
@click.option("--stdin", is_flag=True, help="Read the value from standard input.")
@click.option("--env", "variable", metavar="VARIABLE", help="The value is in this variable.")
@click.option("--keyring", is_flag=True, help="Keep the value in the system's keyring, not in a file.")
@click.pass_obj
def set_secret(session: Session, *, name: str, stdin: bool, variable: str | None, keyring: bool) -> None:
    """Keep the secret NAME: typed when you are asked, or from standard input. It is never an argument."""
    session.function = "mcp secret set"
    if variable is not None and (stdin or keyring):
        raise click.UsageError("--env says where the value is, so --stdin and --keyring have nothing to keep")
    secrets = places_of(session).secrets
    value = None if variable is not None else account_options.wanted_key(name, stdin=stdin)
    secrets.set(name, value, variable=variable, keyring=keyring)
    place = secrets.places()[name]
    session.give({"name": name, "place": place}, lambda: output.write(f"{name}: kept in {place}"))


@secret_command.command("unset")
@click.argument("name")
@click.pass_obj
def unset_secret(session: Session, *, name: str) -> None:
    """Forget the secret NAME."""
    session.function = "mcp secret unset"
    places_of(session).secrets.unset(name)
    session.give({"name": name, "removed": True}, lambda: output.write(f"{name}: forgotten"))


for _command in secret_command.commands.values():
    add_common_options(_command)
