"""`accounts list, set, unset, remove, test, fields`: the user's accounts, one command a deed."""

import os

import click

from tool_runtime.surfaces.cli import account_options, output
from tool_runtime.surfaces.cli.common_options import add_common_options
from tool_runtime.surfaces.cli.session import Session


@click.group("accounts", invoke_without_command=True)
@click.pass_context
def accounts_command(context: click.Context) -> None:
    """Manage accounts: whose key is used, where calls go, and what is allowed.

    Without a word behind it: the same as `accounts list`.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_accounts)


@accounts_command.command("list")
@click.pass_obj
def list_accounts(session: Session) -> None:
    """List the accounts: where each key is, where calls go, and what is allowed. No key is shown."""
    from tool_runtime.surfaces.cli import status_view
    from tool_runtime.surfaces.common.account_report import report_on

    session.function = "accounts list"
    report = report_on(session.registry, read_only=session.read_only)
    if report.stored is None:
        # What is listed would be less than what there is.
        raise report.broken()
    session.give(report.accounts, lambda: status_view.show_accounts(report))


@accounts_command.command("set")
@click.argument("name")
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE]...")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--key-variable", metavar="VARIABLE", help="The key is in this environment variable.")
@click.option("--keyring", is_flag=True, help="Keep the key in the system's keyring, not in the file.")
@click.option("--base-url", metavar="URL", help="Another root of the API.")
@click.pass_obj
def set_account(
    session: Session,
    name: str,
    settings: tuple[str, ...],
    *,
    key_stdin: bool,
    key_variable: str | None,
    keyring: bool,
    base_url: str | None,
) -> None:
    """Add the account NAME, or change it.

    The key is typed when you are asked, comes from standard input, or is named by its variable; it is never an
    argument. SETTING=VALUE are those of `accounts fields`, such as write=ask or dials_per_day=20.
    """
    from tool_runtime.errors import UsageError

    session.function = "accounts set"
    account = account_options.given_account(session, name)
    values = account_options.settings_of(account_options.pairs(settings, "accounts set"))
    values |= {"base_url": base_url} if base_url is not None else {}
    if key_variable is not None:
        if key_stdin or keyring:
            message = "--key-variable says where the key is, so --key-stdin and --keyring have no key to keep"
            raise UsageError(message)
        values["api_key_variable"] = key_variable
    # Nothing but a name: the key is what is meant.
    key = account_options.wanted_key(account, stdin=key_stdin) if key_stdin or keyring or not values else None
    done = account_options.store(session, account, values, key=key, keyring=keyring)
    session.give(done, lambda: account_options.show_change(session, done))


@accounts_command.command("unset")
@click.argument("name")
@click.argument("settings", nargs=-1, required=True, metavar="SETTING...")
@click.pass_obj
def unset_account(session: Session, name: str, settings: tuple[str, ...]) -> None:
    """Remove settings of the account NAME: those of `accounts fields`, such as api_key, base_url, write or caps."""
    session.function = "accounts unset"
    account = account_options.existing_account(session, name)
    done = account_options.unset(session, account, settings)
    session.give(done, lambda: account_options.show_change(session, done))


@accounts_command.command("remove")
@click.argument("name")
@click.pass_obj
def remove_account(session: Session, name: str) -> None:
    """Remove the account NAME: its settings in the accounts file, and its key in the keyring.

    A key in a variable stays where it is.
    """
    from tool_runtime.accounts.accounts_editor import Change, edit_user_file

    session.function = "accounts remove"
    account, path = account_options.existing_account(session, name), account_options.user_file(session)
    account_options.forget_key(session, account)
    edit_user_file(path, Change(account, {}, remove=True))
    done = {"account": account, "file": str(path), "removed": True}
    session.give(done, lambda: output.write(f"the account {account} was removed from {path}"))


@accounts_command.command("test")
@click.argument("name", required=False)
@click.pass_obj
def test_account(session: Session, name: str | None) -> None:
    """Try the key of the account NAME with a read, and show whose key it is. Nothing is written."""
    from tool_runtime.surfaces.cli import status_view
    from tool_runtime.surfaces.common.account_report import probe
    from tool_runtime.surfaces.common.agent_client import AgentOptions

    session.function = "accounts test"
    account = name if name is not None else session.account
    options = AgentOptions(account, session.sandbox, timeout=session.timeout, retries=session.retries)
    found = probe(session.registry, options)
    meta = {"account": found["account"], "class": "read", "sandbox": found["sandbox"]}
    session.give(found, lambda: status_view.show_probe(found), **meta)


@accounts_command.command("fields")
@click.argument("name", required=False)
@click.pass_obj
def account_fields(session: Session, name: str | None) -> None:
    """Show what an account consists of: each setting, its variable, and whether it is set for NAME."""
    from tool_runtime.accounts.stored_accounts import read_accounts
    from tool_runtime.surfaces.cli import status_view
    from tool_runtime.surfaces.common.account_report import fields_of_account

    session.function = "accounts fields"
    account = account_options.given_account(session, name)
    fields = fields_of_account(session.registry, read_accounts(session.registry, os.environ), account)
    session.give({"account": account, "fields": fields}, lambda: status_view.show_fields(fields))


for _command in accounts_command.commands.values():
    add_common_options(_command)
