"""`configure`: the key, the address and the permissions of an account, asked on a terminal or given by a program.

Owns the options that scripts for other programs know (`--set`, `--unset`, `--stdin-json`, `--permissions`, …), and the
questions that a person is asked. Where standard input is no terminal, nothing is asked.
"""

import json
from collections.abc import Mapping
from typing import Any

import click

from tool_runtime.surfaces.cli import account_options, output
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.values.secrets import Secret

_DECISIONS = ("allow", "ask", "deny")
_DOCUMENT = ("account", "set", "credentials", "unset", "enabled", "permissions", "scope")


@click.command("configure")
@click.option("--set", "sets", multiple=True, metavar="SETTING=VALUE", help="Set base_url, write, dials_per_day, ….")
@click.option("--unset", "unsets", multiple=True, metavar="SETTING", help="Remove a setting, such as api_key.")
@click.option("--stdin-json", is_flag=True, help="Read settings, the key too, as one JSON object from standard input.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--key-variable", metavar="VARIABLE", help="The key is in this environment variable.")
@click.option("--keyring", is_flag=True, help="Keep the key in the system's keyring, not in the file.")
@click.option("--enable/--disable", "enabled", default=None, help="Let calls use the account, or keep them back.")
@click.option("--read", type=click.Choice(_DECISIONS), help="What reads may do.")
@click.option("--write", type=click.Choice(_DECISIONS), help="What writes may do.")
@click.option("--permissions", metavar="read:allow,dial:ask", help="What reads, writes and effects may do.")
@click.option("--global", "scope", flag_value="global", help="Change your own accounts file (the default).")
@click.option("--project", "scope", flag_value="project", help="Make this project stricter; its file holds no key.")
@click.pass_obj
def configure_command(
    session: Session,
    *,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    stdin_json: bool,
    key_stdin: bool,
    key_variable: str | None,
    keyring: bool,
    enabled: bool | None,
    read: str | None,
    write: str | None,
    permissions: str | None,
    scope: str | None,
) -> None:
    """Give an account its key and its permissions: `--account NAME`, or the account `default`.

    On a terminal, without options, you are asked. A key is never an argument. --stdin-json reads {"account": …, "set":
    {"api_key": …, "base_url": …}, "unset": […], "enabled": true, "permissions": {"write": "ask"}, "scope": "global"}.
    """
    from tool_runtime.errors import UsageError

    given: dict[str, Any] = dict(account_options.pairs(sets, "--set"))
    key: Secret | None = None
    if stdin_json:
        if key_stdin:
            message = "--stdin-json and --key-stdin both read standard input"
            raise UsageError(message)
        document = _document()
        key = document.pop("api_key", None)
        session.account = session.account if session.account is not None else document["account"]
        scope = scope or document["scope"]
        enabled = document["enabled"] if enabled is None else enabled
        unsets = (*unsets, *document["unset"])
        given = {**document["set"], **given}
    project = scope == "project"
    values = account_options.settings_of(given, project=project)
    values |= _decided(permissions, read, write)
    values |= {"enabled": enabled} if enabled is not None else {}
    values |= {"api_key_variable": key_variable} if key_variable is not None else {}
    asked = not (values or unsets or stdin_json or key_stdin or keyring)
    if project and (key is not None or key_stdin or keyring or key_variable is not None or enabled is not None):
        message = "a project's file holds no key, and enables no account: leave out --project"
        raise UsageError(message)
    if asked and (project or not account_options.asks()):
        message = "nothing to configure was given, and there is no terminal to ask on"
        raise UsageError(message, hint=f"See {session.program} configure --help.")
    account = None if project and session.account is None else account_options.given_account(session)
    if asked:
        key, keyring, values = _questions(session, str(account))
    elif key is None and (key_stdin or keyring):
        key = account_options.wanted_key(str(account), stdin=key_stdin)
    if key is not None and key_variable is not None:
        message = "--key-variable says where the key is, so there is no key to keep"
        raise UsageError(message)
    done = account_options.unset(session, account, unsets, project=project) if unsets else None
    if values or key is not None:
        removed = done["unset"] if done else []
        done = account_options.store(session, account, values, key=key, keyring=keyring, project=project)
        done["unset"] = sorted({*removed, *done["unset"]})
    if done is None:
        message = "nothing to configure was given"
        raise UsageError(message, hint=f"See {session.program} configure --help.")
    result = done
    session.give(result, lambda: account_options.show_change(session, result))


def _decided(permissions: str | None, read: str | None, write: str | None) -> dict[str, Any]:
    """Return decisions by path: `"read:allow,dial:ask"` -> `{"policy.read": "allow", "policy.dial": "ask"}`."""
    words = tuple(part for part in (permissions or "").replace(";", ",").split(",") if part.strip())
    found = account_options.pairs(words, "--permissions", separator=":")
    found |= {name: word for name, word in (("read", read), ("write", write)) if word is not None}
    return account_options.policy_settings(found)


def _document() -> dict[str, Any]:
    """Read the object of `--stdin-json`; its key is a `Secret` from here on. Raises `InvalidArguments`."""
    from tool_runtime.errors import InvalidArguments
    from tool_runtime.values.suggestions import nearest

    text = account_options.text_of_stdin("the settings")
    wrong: str | None
    try:
        parsed = json.loads(text)
        wrong = None if isinstance(parsed, dict) else "standard input is JSON, but not an object"
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        parsed, wrong = None, f"standard input is not JSON{place}"
    # Outside the `except`: the parser's error holds the text, and the text the key.
    if wrong is not None:
        raise InvalidArguments(wrong, hint='Such as {"account": "default", "set": {"api_key": "…"}}.')
    for name in parsed:
        if name not in _DOCUMENT:
            near = nearest(name, _DOCUMENT)
            message = f"--stdin-json has no {name[:40]!r}"
            raise InvalidArguments(message, hint=f"Did you mean {near}?" if near else f"It has {', '.join(_DOCUMENT)}.")
    sets: dict[str, Any] = {}
    for table in ("credentials", "set"):
        part = parsed.get(table) or {}
        if not isinstance(part, Mapping):
            message = f"--stdin-json: {table} is an object of settings"
            raise InvalidArguments(message)
        sets |= part
    key = next((sets.pop(name) for name in ("api_key", "key") if name in sets), None)
    unset, enabled, scope = parsed.get("unset") or [], parsed.get("enabled"), parsed.get("scope")
    account = parsed.get("account")
    wrong_ones = {
        "unset": not isinstance(unset, list) or not all(isinstance(name, str) for name in unset),
        "enabled": enabled is not None and not isinstance(enabled, bool),
        "scope": scope not in {None, "global", "project"},
        "account": account is not None and not isinstance(account, str),
        "set.api_key": key is not None and not isinstance(key, str),
    }
    for name, is_wrong in wrong_ones.items():
        if is_wrong:
            message = f"--stdin-json: {name} is not what it has to be"
            raise InvalidArguments(
                message, hint='unset is a list of names, enabled a boolean, scope "global" or "project".'
            )
    decided = account_options.permissions_of(parsed.get("permissions"))
    found = {"account": account, "set": {**sets, **decided}, "unset": unset, "enabled": enabled, "scope": scope}
    return found | ({"api_key": account_options.checked(key)} if key is not None else {})


def _questions(session: Session, account: str) -> tuple[Secret | None, bool, dict[str, Any]]:
    """Ask a person. Returns the key, whether it goes into the keyring, and the other settings."""
    output.note(f"The account {account} of {session.title}. Enter keeps what stands in brackets.")
    where = click.prompt(
        "Where is the key to be",
        type=click.Choice(["file", "keyring", "variable"]),
        default="file",
        err=True,
    )
    values: dict[str, Any] = {}
    key = None
    if where == "variable":
        suggested = f"{session.environment}_KEY_OF_{account.upper()}"
        values["api_key_variable"] = click.prompt("Name of the variable", default=suggested, err=True)
    else:
        key = account_options.key_from_prompt(account)
    base_url = click.prompt("Another root of the API (Enter: the usual one)", default="", show_default=False, err=True)
    values |= {"base_url": base_url.strip()} if base_url.strip() else {}
    write = click.prompt("What may writes do?", type=click.Choice(_DECISIONS), default="ask", err=True)
    values["policy.write"] = write
    return key, where == "keyring", values
