"""Changes to the accounts file and to a project's file: one edit at a time, checked before it stands.

Owns what a change may name, and how it gets into the text without losing the user's comments and order. Must not know:
who asks for a change, where files are. The file is read, changed and replaced under one lock, so that no edit of
another process is lost. A text that could not be read again is never written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tool_runtime.accounts.account_checks import fold
from tool_runtime.accounts.accounts_file import CAPS_FIELDS, KEY_FIELDS, POLICY_FIELDS, SettingsFile, parse_settings
from tool_runtime.accounts.private_files import locked, read_settings, replace_text
from tool_runtime.errors import ConfigurationError, InvalidArguments
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest

_PUBLIC_FILE: Final = 0o644
# What callers of other programs write.
_SPELLINGS: Final = {"url": "base_url", "key": "api_key", "key_variable": "api_key_variable"}
_LISTS: Final = ("allowed_prefixes", "blocked_numbers")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `values` by path (`base_url`, `policy.write`, `caps.dials_per_day`), where None removes a setting.

    `account` names the account whose settings change; None means the settings of the whole file. `remove` removes
    the account.
    """

    account: str | None
    values: Mapping[str, Any]
    remove: bool = False


def setting_path(name: str, *, project: bool = False) -> str:
    """Return the path of a setting that a caller names.

    Examples: `url` -> `base_url`; `policy.write` -> `policy.write`; `dials_per_day` -> `caps.dials_per_day`; `write` ->
    `policy.write`. Raises `InvalidArguments` with the nearest name.
    """
    own = () if project else (*KEY_FIELDS, "base_url", "enabled")
    short = {one: f"policy.{one}" for one in POLICY_FIELDS} | {one: f"caps.{one}" for one in CAPS_FIELDS}
    known = [*own, "policy", "caps", *short.values()]
    path = _SPELLINGS.get(name, name)
    path = short.get(path, path)
    if path in known:
        return path
    near = nearest(name, [*known, *short, *_SPELLINGS])
    where = "a project's file has no setting" if project else "an account has no setting"
    hint = f"Did you mean {near}?" if near else f"Settings are {', '.join(known)}."
    if project and path in {*KEY_FIELDS, "base_url", "enabled"}:
        hint = "A project's file holds no key, no address and no account of its own; leave out --project."
    message = f"{where} {name[:80]!r}"
    raise InvalidArguments(message, hint=hint)


def setting_value(path: str, text: Any) -> Any:
    """Return a value as TOML keeps it: numbers for limits, lists of texts for numbers and prefixes.

    Examples: `("caps.dials_per_day", "5")` -> `5`; `("caps.allowed_prefixes", "+1415,+1212")` -> `["+1415", "+1212"]`.
    """
    if not isinstance(text, str):
        return text
    _, _, name = path.rpartition(".")
    if name in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if path.startswith("caps."):
        return int(text) if text.isascii() and text.lstrip("-").isdigit() else text
    if path in {"enabled", "api_key_in_keyring"}:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def edit_user_file(path: Path, change: Change) -> SettingsFile:
    """Make a change in the user's file, and return what the file says then. Raises `ConfigurationError`."""
    return _edit(path, change, project=False)


def edit_project_file(path: Path, change: Change) -> SettingsFile:
    """Make a change in a project's file, which everybody may read. Raises `ConfigurationError`."""
    return _edit(path, change, project=True)


def _edit(path: Path, change: Change, *, project: bool) -> SettingsFile:
    import tomlkit

    with locked(path, beside=not project) as target:
        text = read_settings(target, private=not project) or Secret("")
        # What is wrong already is named by line, before the writing library says the same without a name.
        _check_there(parse_settings(path, text, project=project), change)
        # From here to `del`, a local variable holds keys: nothing in between raises what anybody has to see.
        document = tomlkit.parse(text.reveal())
        _apply(document, change)
        new = Secret(document.as_string())
        del document
        settings = parse_settings(path, new, project=project)
        replace_text(target, new, mode=_PUBLIC_FILE if project else None)
    return settings


def _check_there(settings: SettingsFile, change: Change) -> None:
    """Raise `ConfigurationError` for an account that cannot be removed, because the file has none of that name."""
    known = [fold(name) for name in settings.accounts]
    if change.remove and change.account is not None and fold(change.account) not in known:
        near = nearest(change.account, list(settings.accounts))
        message = f"{settings.path}: there is no account named {change.account[:80]!r}"
        raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)


def _apply(document: Any, change: Change) -> None:
    import tomlkit

    if change.account is None:
        table = document
    else:
        if "accounts" not in document:
            document["accounts"] = tomlkit.table(is_super_table=True)
        accounts = document["accounts"]
        spelled = {fold(name): name for name in accounts}.get(fold(change.account), change.account)
        if change.remove:
            del accounts[spelled]
            if not accounts:
                del document["accounts"]
            return
        if spelled not in accounts:
            accounts[spelled] = tomlkit.table()
        table = accounts[spelled]
    for path, value in change.values.items():
        _set(table, path, value)


def _set(table: Any, path: str, value: Any) -> None:
    import tomlkit

    *parents, name = path.split(".")
    for parent in parents:
        if parent not in table:
            if value is None:
                return
            table[parent] = tomlkit.table()
        table = table[parent]
    if value is None:
        if name in table:
            del table[name]
    else:
        table[name] = value.reveal() if isinstance(value, Secret) else value
