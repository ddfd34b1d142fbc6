"""`status` and `doctor`: what is configured, what works, and what to do next. Both work with a broken configuration."""

import platform
from typing import Any

import click

from tool_runtime.surfaces.cli import exits
from tool_runtime.surfaces.cli.session import Session


@click.command("status")
@click.option("--online", is_flag=True, help="Ask the API whose key the account's key is.")
@click.pass_context
def status_command(context: click.Context, *, online: bool) -> None:
    """Show which account is used, where calls go, what is allowed, and what is unknown. No key is shown.

    Sends nothing without --online.
    """
    from tool_runtime.surfaces.cli import status_view
    from tool_runtime.surfaces.common import account_report

    session: Session = context.find_root().obj
    report = account_report.report_on(session.registry, read_only=session.read_only, sandbox=session.sandbox)
    probes = _probes(session, report, (session.account,)) if online else []
    used = session.account if session.account is not None else report.default
    data = {
        "program": session.program,
        "version": session.api["version"],
        "account": used,
        "sandbox": report.sandbox,
        "read_only": report.read_only,
        "healthy": report.healthy,
        "accounts": report.accounts,
        "user_file": report.user_file,
        "project_files": report.project_files,
        "ledger": report.ledger,
        "next_commands": account_report.next_commands(session.registry, report),
    } | ({"online": probes} if online else {})
    session.give(data, lambda: status_view.show_status(data, report, probes), account=used, sandbox=report.sandbox)


@click.command("doctor")
@click.option("--online", is_flag=True, help="Try the key of each account with a read.")
@click.pass_context
def doctor_command(context: click.Context, *, online: bool) -> None:
    """Look for what does not work, and say how to mend it. Exit code 3 where something does not work.

    Sends nothing without --online, changes nothing, and shows no key.
    """
    from tool_runtime.surfaces.cli import status_view
    from tool_runtime.surfaces.common import account_report

    session: Session = context.find_root().obj
    report = account_report.report_on(session.registry, read_only=session.read_only, sandbox=session.sandbox)
    names: tuple[str | None, ...] = (session.account,)
    if session.account is None and report.stored is not None:
        names = report.stored.names or (None,)
    probes = _probes(session, report, names) if online else []
    data: dict[str, Any] = {
        "state": "ok" if report.healthy else "problems",
        "checks": [check.to_dict() for check in report.checks],
        "missing_credentials": [one["account"] for one in report.accounts if one["key"] != "set"],
        "accounts": report.accounts,
        "permissions": {one["account"]: one["permissions"] for one in report.accounts},
        "user_file": report.user_file,
        "project_files": report.project_files,
        "ledger": report.ledger,
        "online": probes if online else None,
        "capabilities": account_report.extras(),
        "example_functions": account_report.example_functions(session.registry),
        "program": {"name": session.program, "version": session.api["version"], "python": platform.python_version()},
        "next_commands": [
            command
            for command in account_report.next_commands(session.registry, report)
            if command != f"{session.program} doctor"
        ],
    }
    session.give(data, lambda: status_view.show_doctor(data, report))
    if not report.healthy:
        context.exit(exits.CONFIGURATION)


def _probes(session: Session, report: Any, names: tuple[str | None, ...]) -> list[dict[str, Any]]:
    """Try the keys of accounts, and add what does not work to the report."""
    from tool_runtime.errors import ToolError
    from tool_runtime.surfaces.common.account_report import probe, probe_tool
    from tool_runtime.surfaces.common.agent_client import AgentOptions

    found: list[dict[str, Any]] = []
    if probe_tool(session.registry) is None:
        report.remark("online", "this API has no read without arguments, so no key was tried")
        return found
    for name in names:
        try:
            one = probe(session.registry, AgentOptions(name, session.sandbox, timeout=session.timeout))
        except ToolError as error:
            account = name if name is not None else report.default
            report.failed(f"key of {account}", error)
            found.append({"account": account, "works": False, "error": error.to_dict()})
        else:
            report.note(f"key of {one['account']}", f"the key of the account {one['account']} works ({one['tool']})")
            found.append(one)
    return found
