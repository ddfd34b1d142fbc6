"""What `accounts`, `status` and `doctor` show to a person: tables on a terminal, lines with tabs in a pipe."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.titled_rows import write_rows
from tool_runtime.surfaces.common.account_report import Report

_MARKS: Mapping[str, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("note", "yellow"),
    "problem": ("PROBLEM", "red"),
}

# What stands under the words of `_MARKS`.
_INDENT = " " * 8


def show_accounts(report: Report) -> None:
    """Show each account: where the key is, where calls go, and what is allowed. In a pipe one account a line."""
    for one in report.accounts:
        shown = {
            "key": _key(one),
            "calls go to": one["base_url"] or "?",
            "allowed": _allowed(one["permissions"]),
            "caps": _pairs(one["caps"]),
        }
        if not output.is_terminal():
            output.write("\t".join([_name(one), *shown.values()]))
            continue
        output.write(_name(one))
        for title, value in shown.items():
            if value:
                output.write_hanging(f"  {title:12}{value}", 14)


def show_fields(fields: Sequence[Mapping[str, Any]]) -> None:
    """Show each setting of an account: its variable, whether it is set, and what it means."""
    rows = [
        (
            str(one["field"]),
            "secret" if one["secret"] else "",
            str(one["variable"] or ""),
            ("set" if one["configured"] else "required" if one["required"] else "-"),
            str(one["meaning"]),
        )
        for one in fields
    ]
    write_rows(("setting", "", "variable", "state", "meaning"), rows)


def show_probe(found: Mapping[str, Any]) -> None:
    """Show that a key works, and whose it is."""
    where = " on the sandbox" if found["sandbox"] else ""
    output.write_hanging(f"The key of the account {found['account']} works{where} ({found['tool']}).", 2)
    for name, value in found["identity"].items():
        output.write_hanging(f"  {name}: {value}", 4)


def show_status(data: Mapping[str, Any], report: Report, probes: Sequence[Mapping[str, Any]]) -> None:
    """Show what a call would use now."""
    where = "the sandbox" if data["sandbox"] else "the API"
    only = ", and every write is denied (read only)" if data["read_only"] else ""
    calls = f"calls go to {where}, with the account {data['account']}{only}"
    output.write_hanging(f"{data['program']} {data['version']}: {calls}", 2)
    show_accounts(report)
    for one in probes:
        if one["works"]:
            show_probe(one)
    _show_ledger(data["ledger"])
    _show_checks([check for check in report.checks if check.state != "ok"])
    _show_next(data["next_commands"])


def show_doctor(data: Mapping[str, Any], report: Report) -> None:
    """Show every check, the accounts, and what to do next."""
    _show_checks(report.checks)
    show_accounts(report)
    missing = [name for name, installed in data["capabilities"].items() if not installed]
    if missing:
        output.write(f"Not installed: {', '.join(missing)}")
    _show_next(data["next_commands"])


def _show_checks(checks: Iterable[Any]) -> None:
    for check in checks:
        word, colour = _MARKS[check.state]
        if not output.is_terminal():
            output.write(f"{word}\t{check.name}\t{check.message}")
            if check.hint:
                output.write(f"\t\t{check.hint}")
            continue
        from rich.text import Text

        first, *others = output.hanging(f"{word:8}{check.name}: {check.message}", len(_INDENT))
        output.console().print(Text.assemble((word, colour), first.removeprefix(word)), soft_wrap=True)
        for line in others:
            output.write(line)
        if check.hint:
            output.write_hanging(f"{_INDENT}{check.hint}", len(_INDENT))


def _show_ledger(ledger: Mapping[str, Any]) -> None:
    counts = ", ".join(
        f"{ledger[state]} {state.replace('_', ' ')}" for state in ("unknown", "under_way") if ledger[state]
    )
    output.write_hanging(f"Ledger: {ledger['path'] or 'none'}" + (f" ({counts})" if counts else ""), 2)


def _show_next(commands: Sequence[str]) -> None:
    output.write("Next:")
    for command in commands:
        output.write(f"  {command}")


def _name(one: Mapping[str, Any]) -> str:
    return f"{one['account']} (used where none is named)" if one["default"] else str(one["account"])


def _key(one: Mapping[str, Any]) -> str:
    if not one["enabled"]:
        return "disabled"
    return f"{one['key']}, in {one['key_place']}" if one["key_place"] else str(one["key"])


def _allowed(permissions: Mapping[str, str]) -> str:
    """Return permissions in short: an effect stands there only where its decision is not that of writes."""
    shown = {name: permissions[name] for name in ("read", "write")}
    shown |= {name: word for name, word in permissions.items() if name not in shown and word != permissions["write"]}
    return _pairs(shown)


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
