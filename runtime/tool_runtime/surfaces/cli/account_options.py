"""What the commands about accounts share: where a key may come from, and how a change is made and shown.

Owns reading a key from a prompt or from standard input. A key is never an argument: arguments stand in the shell's
history, and every process of the machine sees them. Must not know: what an account is made of (`accounts_file`).
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session
from tool_runtime.values.secrets import Secret


def asks() -> bool:
    """Say whether a person can answer a question: standard input and standard error are a terminal."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in (sys.stdin, sys.stderr))


def key_from_prompt(account: str) -> Secret:
    """Ask a person for a key, without showing what is typed."""
    from tool_runtime.accounts.account_checks import checked_key

    text = click.prompt(f"API key of the account {account} (not shown)", hide_input=True, err=True)
    return checked_key(Secret(str(text).strip()), "the key that was typed")


def key_from_stdin() -> Secret:
    """Read a key from standard input; the line break at its end is no part of the key."""
    from tool_runtime.accounts.account_checks import checked_key

    return checked_key(Secret(text_of_stdin("the key").strip("\r\n")), "the key on standard input")


def text_of_stdin(what: str) -> str:
    """Return all of standard input as text. Raises `InvalidArguments`."""
    from tool_runtime.errors import InvalidArguments

    stream = sys.stdin
    if stream is None or stream.closed:
        message = f"standard input is closed, so {what} cannot be read"
        raise InvalidArguments(message)
    raw = stream.buffer.read(1024 * 1024 + 1)
    text = raw.decode("utf-8-sig", "replace")
    if len(raw) > 1024 * 1024 or "\ufffd" in text:
        message = f"standard input is no text, or too long, so {what} cannot be read"
        raise InvalidArguments(message)
    return text


def user_file(session: Session) -> Path:
    """Return the place of the user's accounts. Raises `ConfigurationError`."""
    from tool_runtime.accounts.accounts_file import user_file_path

    return user_file_path(session.program, session.environment, os.environ)


def project_file(session: Session) -> Path:
    """Return the place of the project's file: the nearest one upward, or a new one in the working directory."""
    from tool_runtime.accounts.accounts_file import project_file_name

    here, name = Path.cwd(), project_file_name(session.program)
    return next((folder / name for folder in (here, *here.parents) if (folder / name).is_file()), here / name)


def given_account(session: Session, name: str | None = None) -> str:
    """Return the account that a command is about: the given one, that of `--account`, or `default`. Checked."""
    from tool_runtime.accounts.account_checks import checked_name
    from tool_runtime.accounts.environment import DEFAULT

    return checked_name(name if name is not None else session.account if session.account is not None else DEFAULT)


def pairs(texts: tuple[str, ...], option: str, *, separator: str = "=") -> dict[str, str]:
    """Read `k=v` words: `("write=ask",)` -> `{"write": "ask"}`. Raises `InvalidArguments` for a word without one.

    The message shows the name in front of the separator and no value: a value may be a key.
    """
    from tool_runtime.errors import InvalidArguments

    found: dict[str, str] = {}
    for text in texts:
        name, given, value = text.partition(separator)
        if not given or not name.strip():
            message = f"{option} takes NAME{separator}VALUE"
            raise InvalidArguments(message)
        if name.strip() in found:
            message = f"{option} names {name.strip()[:80]!r} twice"
            raise InvalidArguments(message)
        found[name.strip()] = value.strip()
    return found


def store(
    session: Session,
    account: str | None,
    values: dict[str, Any],
    *,
    key: Secret | None = None,
    keyring: bool = False,
    project: bool = False,
) -> dict[str, Any]:
    """Make a change in a file, and return what was done, without the key.

    `values` are settings by path; None removes one. `key` goes into the file, or with `keyring` into the keyring, whose
    change comes first. A setting that says where the key is takes the place of another one that says so. Raises
    `ConfigurationError` and `MissingExtra`; the file is then as before.
    """
    from tool_runtime.accounts.accounts_editor import Change, edit_project_file, edit_user_file
    from tool_runtime.accounts.accounts_file import KEY_FIELDS, read_user_file
    from tool_runtime.accounts.key_sources import keep_in_keyring

    path = project_file(session) if project else user_file(session)
    changes = dict(values)
    if key is not None and keyring:
        # A file that cannot be read is refused before the keyring changes.
        read_user_file(path)
        keep_in_keyring(str(account), key, session.program, distribution_of(session))
        changes["api_key_in_keyring"] = True
    elif key is not None:
        changes["api_key"] = key
    if any(name in changes for name in KEY_FIELDS):
        # One place for a key: with one set the others go, and with one removed there is none.
        changes = {**dict.fromkeys(KEY_FIELDS), **changes}
    edit = edit_project_file if project else edit_user_file
    edit(path, Change(account, changes))
    return {
        "account": account,
        "scope": "project" if project else "global",
        "file": str(path),
        "set": sorted(name for name, value in changes.items() if value is not None),
        "unset": sorted(name for name, value in values.items() if value is None),
    }


def distribution_of(session: Session) -> str:
    """Return what a user installs to get this program."""
    return str(session.api.get("distribution") or session.api["name"])


def settings_of(given: Mapping[str, Any], *, project: bool = False) -> dict[str, Any]:
    """Return settings by path, as TOML keeps them: `{"write": "ask"}` -> `{"policy.write": "ask"}`.

    Raises `InvalidArguments` for a setting that does not exist, and for a key: it shows the key to nobody.
    """
    from tool_runtime.accounts.accounts_editor import setting_path, setting_value
    from tool_runtime.errors import InvalidArguments

    values: dict[str, Any] = {}
    for name, value in given.items():
        path = setting_path(name, project=project)
        if path in {"api_key", "api_key_in_keyring"}:
            message = "a key is no argument: arguments stand in the shell's history, and every process sees them"
            hint = (
                "Type the key when you are asked, or use --key-stdin or --key-variable. If that was a key, change it."
            )
            raise InvalidArguments(message, hint=hint)
        if path in {"policy", "caps"}:
            message = f"{path} is a table; set {path}.NAME"
            raise InvalidArguments(message)
        if path.startswith("policy.") and value is not None:
            policy_settings({path.removeprefix("policy."): value})
        values[path] = setting_value(path, value)
    return values


def show_change(session: Session, done: dict[str, Any]) -> None:
    """Say on stdout what was changed, and what to run next."""
    whose = f"the account {done['account']}" if done["account"] is not None else "this project"
    parts = [f"set {', '.join(done['set'])}"] if done["set"] else []
    parts += [f"removed {', '.join(done['unset'])}"] if done["unset"] else []
    output.write(f"{whose}: {'; '.join(parts) or 'nothing changed'} ({done['file']})")
    if done["scope"] == "global" and any(name.startswith("api_key") for name in done["set"]):
        output.note(f"Try it: {session.program} accounts test {shlex.quote(done['account'])}")


def wanted_key(account: str, *, stdin: bool) -> Secret:
    """Return a key from standard input, or from a person where nobody pipes one in. Raises `UsageError` for neither."""
    from tool_runtime.errors import UsageError

    if stdin or not asks():
        if not stdin and sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty():
            message = "the key cannot be asked for: there is no terminal to ask on"
            raise UsageError(message, hint="Use --key-stdin or --key-variable.")
        return key_from_stdin()
    return key_from_prompt(account)


def checked(key: str) -> Secret:
    """Return a key that was given as text. Raises `ConfigurationError` that shows no key."""
    from tool_runtime.accounts.account_checks import checked_key

    return checked_key(Secret(key), "the given key")


def existing_account(session: Session, name: str) -> str:
    """Return an account as the user's file spells its name. Raises `ConfigurationError` for one that is not there."""
    from tool_runtime.accounts.account_checks import fold
    from tool_runtime.accounts.accounts_file import read_user_file
    from tool_runtime.errors import ConfigurationError
    from tool_runtime.values.suggestions import nearest

    wanted, path = given_account(session, name), user_file(session)
    known = read_user_file(path).accounts
    for spelled in known:
        if fold(spelled) == fold(wanted):
            return spelled
    near = nearest(wanted, known)
    hint = f"Known there: {', '.join(known) or 'none'}." + (f" Did you mean {near}?" if near else "")
    message = f"{path}: there is no account named {wanted[:80]!r}"
    raise ConfigurationError(message, hint=hint)


def unset(session: Session, account: str | None, names: tuple[str, ...], *, project: bool = False) -> dict[str, Any]:
    """Remove settings, and the key in the keyring where the key is removed. Returns what was done, as `store` does."""
    from tool_runtime.accounts.accounts_editor import setting_path
    from tool_runtime.accounts.accounts_file import KEY_FIELDS

    paths = [setting_path(name, project=project) for name in names]
    if account is not None and not project:
        account = existing_account(session, account)
        if any(path in KEY_FIELDS for path in paths):
            forget_key(session, account)
    return store(session, account, dict.fromkeys(paths), project=project)


def forget_key(session: Session, account: str) -> None:
    """Remove an account's key from the keyring, where the accounts file says that the key is there."""
    from tool_runtime.accounts.accounts_file import read_user_file
    from tool_runtime.accounts.key_sources import forget_in_keyring

    stored = read_user_file(user_file(session)).accounts.get(account)
    if stored is not None and stored.api_key_in_keyring:
        forget_in_keyring(account, session.program, distribution_of(session))


def policy_settings(decisions: Mapping[str, Any]) -> dict[str, Any]:
    """Return decisions by path: `{"dial": "ask"}` -> `{"policy.dial": "ask"}`. Raises `InvalidArguments`."""
    from tool_runtime.accounts.accounts_file import POLICY_FIELDS
    from tool_runtime.core.account import DECISIONS
    from tool_runtime.errors import InvalidArguments
    from tool_runtime.values.suggestions import nearest

    for name, word in decisions.items():
        for value, known in ((name, POLICY_FIELDS), (word, DECISIONS)):
            if value not in known:
                near = nearest(str(value), known)
                message = f"permissions: {str(value)[:40]!r} is none of {', '.join(known)}"
                raise InvalidArguments(message, hint=f"Did you mean {near}?" if near else None)
    return {f"policy.{name}": word for name, word in decisions.items()}


def permissions_of(given: Any) -> dict[str, Any]:
    """Return the permissions of a JSON document, a text or an object, as `policy_settings` does."""
    from tool_runtime.errors import InvalidArguments

    if isinstance(given, str):
        given = pairs(tuple(part for part in given.split(",") if part.strip()), "permissions", separator=":")
    if given is not None and not isinstance(given, Mapping):
        message = 'permissions is an object such as {"write": "ask"}, or a text such as write:ask'
        raise InvalidArguments(message)
    return policy_settings(given or {})
