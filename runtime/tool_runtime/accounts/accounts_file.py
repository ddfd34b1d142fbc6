"""The two files of settings: the user's accounts, and what a project adds to them.

Owns their places, their grammar, and the refusal of what does not belong there. Must not know: how settings of several
places become one account (`stored_accounts`), how a file is written (`accounts_editor`), HTTP.

The user's file is `accounts.toml` in the user's configuration folder, or the file that `PREFIX_CONFIG` names:

    account = "staging"              # where reads go that name no account; without this line, `default`

    [policy]                         # for every account that does not say otherwise
    destroy = "deny"

    [accounts.staging]
    api_key_variable = "STAGING_KEY" # or api_key = "…", or api_key_in_keyring = true
    base_url = "https://api.example.com"
    enabled = true

    [accounts.staging.policy]
    write = "allow"                  # read, write, dial, spend, publish, destroy: allow, ask, deny
    dial = "ask"

    [accounts.staging.caps]
    dials_per_minute = 2             # and the other fields of `Caps`

A project's file is `.COMMAND.toml` (`.tools.toml` for the command `tools`) in the working directory or a folder above.
Every one that is found on the way up counts. A project's file knows `account`, `read_only`, `policy`, `caps`, and under
`accounts.NAME` again `policy` and `caps`. **A project can only make things stricter**: whoever clones a hostile
repository runs commands inside it, so no project file may give a key, name an address, or allow anything. A key, the
name of a variable with a key, or a base URL in a project's file is an error; so is every word that neither file knows.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from tool_runtime.accounts.account_checks import checked_base_url, checked_key, checked_name, fold
from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.environment import Environment
from tool_runtime.accounts.private_files import read_settings
from tool_runtime.core.account import DECISIONS, Policy
from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest

POLICY_FIELDS: Final = tuple(one.name for one in fields(Policy))
CAPS_FIELDS: Final = tuple(one.name for one in fields(Caps))
KEY_FIELDS: Final = ("api_key", "api_key_variable", "api_key_in_keyring")
ACCOUNT_FIELDS: Final = (*KEY_FIELDS, "base_url", "enabled", "policy", "caps")
_TOP: Final = {
    False: ("account", "policy", "caps", "accounts"),
    True: ("account", "read_only", "policy", "caps", "accounts"),
}
_IN_ACCOUNT: Final = {False: ACCOUNT_FIELDS, True: ("policy", "caps")}
# A quoted text of the file, but no single sign that the parser wanted.
_QUOTED = re.compile(r"'[^']{3,}'|\"[^\"]{3,}\"")


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """One account as a file gives it. `policy` and `caps` hold what was written, and nothing else."""

    name: str
    api_key: Secret | None = None
    api_key_variable: str | None = None
    api_key_in_keyring: bool = False
    base_url: str | None = None
    enabled: bool = True
    policy: Mapping[str, str] = field(default_factory=dict)
    caps: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_key(self) -> bool:
        """Whether the file says where the account's key is."""
        return self.api_key is not None or self.api_key_variable is not None or self.api_key_in_keyring


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What one file says. `accounts` are by name, as the file spells them. `exists` is False for a file that is not."""

    path: Path
    exists: bool = True
    account: str | None = None
    read_only: bool = False
    policy: Mapping[str, str] = field(default_factory=dict)
    caps: Mapping[str, Any] = field(default_factory=dict)
    accounts: Mapping[str, StoredAccount] = field(default_factory=dict)


def user_file_path(command: str, prefix: str, environment: Mapping[str, str]) -> Path:
    """Return where the user's accounts stand: the file that `PREFIX_CONFIG` names, or one in the configuration folder.

    Example: `tools` -> `~/.config/tools/accounts.toml` on Linux. Raises `ConfigurationError` for an empty variable, and
    where no home folder is known.
    """
    # Variables hold keys, and a traceback shows what a function was given.
    environment = Environment(environment, prefix)
    variable = f"{prefix}_CONFIG"
    given = environment.get(variable)
    if given is not None:
        if not given.strip() or "\0" in given:
            message = f"{variable} is {given!r}, which names no file"
            raise ConfigurationError(message, hint="Unset it, or name the file with the accounts.")
        try:
            return Path(given).expanduser().absolute()
        except (OSError, RuntimeError) as error:
            message = f"{variable}: the path cannot be read: {error}"
            raise ConfigurationError(message, hint="Write an absolute path.") from None
    from platformdirs import user_config_path

    folder = user_config_path(command, appauthor=False)
    if not folder.is_absolute():
        message = f"the configuration folder {folder} is not absolute, so that it would depend on the working directory"
        raise ConfigurationError(message, hint=f"Set HOME, XDG_CONFIG_HOME or {variable} to an absolute path.")
    return folder / "accounts.toml"


def settings_of_user(command: str, prefix: str, environment: Mapping[str, str]) -> SettingsFile:
    """Find and read the user's file.

    A file in its usual place may be missing. A file that `PREFIX_CONFIG` names may not: whoever named the file relies
    on the policy in there, and a slip in its name must not lift that policy. Raises `ConfigurationError`.
    """
    environment = Environment(environment, prefix)
    settings = read_user_file(user_file_path(command, prefix, environment))
    variable = f"{prefix}_CONFIG"
    if not settings.exists and variable in environment:
        message = f"{variable} names {settings.path}, and there is no such file"
        hint = f"{command} accounts set NAME makes the file. Or correct the name, or unset {variable}."
        raise ConfigurationError(message, hint=hint)
    return settings


def read_user_file(path: Path) -> SettingsFile:
    """Read the user's file. Raises `ConfigurationError` where others can read the file, or nobody knows its words."""
    text = read_settings(path, private=True)
    return SettingsFile(path, exists=False) if text is None else parse_settings(path, text)


def project_files(command: str, folder: Path | None = None) -> tuple[SettingsFile, ...]:
    """Return the project files in a folder (the working directory) and above, the nearest first.

    Raises `ConfigurationError` for one that cannot be read, or holds what no project may say.
    """
    return tuple(_project_files(command, folder))


def _project_files(command: str, folder: Path | None) -> Iterator[SettingsFile]:
    try:
        start = Path.cwd() if folder is None else folder.absolute()
    except OSError:
        # The working directory was removed: no project is there.
        return
    for place in (start, *start.parents):
        if not os.access(place, os.X_OK):
            # A folder of somebody else above; what nobody here can see is no part of this project.
            continue
        path = place / project_file_name(command)
        text = read_settings(path, private=False)
        if text is not None:
            yield parse_settings(path, text, project=True)


def project_file_name(command: str) -> str:
    """Return the name of a project's file: `.tools.toml` for the command `tools`."""
    return f".{command}.toml"


def parse_settings(path: Path, text: Secret, *, project: bool = False) -> SettingsFile:
    """Return what the text of a file says.

    Raises `ConfigurationError` that names file, table and setting, and shows no value that may be a key.
    """
    document, wrong = _parsed(text)
    if wrong is not None:
        message = f"{path} is not TOML: {wrong}"
        raise ConfigurationError(message, hint="Mend the file in an editor.")
    return _settings(path, document, project=project)


def _parsed(text: Secret) -> tuple[dict[str, Any], str | None]:
    """Return the document with its keys put away, or what is wrong: the parser's own error holds the whole text."""
    import tomllib

    try:
        return _hidden(tomllib.loads(text.reveal())), None
    except tomllib.TOMLDecodeError as error:
        return {}, _position(error)
    except RecursionError:
        return {}, "it is nested too deeply"


def _position(error: Exception) -> str:
    """Return what is wrong and where, without the texts that stand there: `Invalid value (at line 3, column 5)`."""
    return _QUOTED.sub("…", str(error))


def _hidden(value: Any, name: str = "") -> Any:
    """Put whatever may be a key into a `Secret`: from here on, no traceback shows a key."""
    if isinstance(value, dict):
        return {key: _hidden(inner, key) for key, inner in value.items()}
    near = fold(name).replace("_", "")
    looks_secret = any(word in near for word in ("key", "token", "secret"))
    # What stands in the place of a variable's name and is none may be the key itself.
    named = name == "api_key_variable" and is_variable(value)
    if looks_secret and not named and not isinstance(value, bool):
        return Secret(value)
    return value


def _settings(path: Path, document: Mapping[str, Any], *, project: bool) -> SettingsFile:
    _check_words(path, "", document, _TOP[project], project=project)
    accounts: dict[str, StoredAccount] = {}
    by_fold: dict[str, str] = {}
    for name, entry in _table(path, document, "accounts").items():
        place = f"[accounts.{name}]"
        _in_file(path, place, lambda name=name: checked_name(name))
        other = by_fold.setdefault(fold(name), name)
        if other != name:
            message = f"{path}: the accounts {other!r} and {name!r} differ only in case or in - and _"
            raise ConfigurationError(message, hint="Rename one of them.")
        accounts[name] = _account(path, place, name, entry, project=project)
    account = document.get("account")
    if account is not None:
        _in_file(path, "account", lambda: checked_name(account))
    read_only = document.get("read_only", False)
    if not isinstance(read_only, bool):
        raise _wrong(path, "read_only", "is true or false", read_only)
    return SettingsFile(
        path,
        account=account,
        read_only=read_only,
        policy=_policy(path, "[policy]", _table(path, document, "policy")),
        caps=_caps(path, "[caps]", _table(path, document, "caps")),
        accounts=accounts,
    )


def _account(path: Path, place: str, name: str, entry: Any, *, project: bool) -> StoredAccount:
    if not isinstance(entry, Mapping):
        raise _wrong(path, place, "is a table of settings", entry)
    _check_words(path, place, entry, _IN_ACCOUNT[project], project=project)
    key, variable, base_url = entry.get("api_key"), entry.get("api_key_variable"), entry.get("base_url")
    given = [one for one in KEY_FIELDS if entry.get(one, False) is not False]
    if len(given) > 1:
        message = f"{path}: {place} says in two ways where the key is: {' and '.join(given)}"
        raise ConfigurationError(message, hint="Keep one of them.")
    if key is not None:
        _in_file(path, place, lambda: checked_key(key if isinstance(key, Secret) else Secret(key), "api_key"))
    if variable is not None and not is_variable(variable):
        raise _wrong(path, f"{place} api_key_variable", "is the name of an environment variable, not a key", None)
    for switch in ("api_key_in_keyring", "enabled"):
        if not isinstance(entry.get(switch, False), bool):
            raise _wrong(path, f"{place} {switch}", "is true or false", entry[switch])
    if base_url is not None:
        _in_file(path, place, lambda: checked_base_url(base_url, "base_url"))
    return StoredAccount(
        name,
        api_key=key,
        api_key_variable=variable,
        api_key_in_keyring=bool(entry.get("api_key_in_keyring")),
        base_url=base_url,
        enabled=entry.get("enabled", True),
        policy=_policy(path, f"[accounts.{name}.policy]", _table(path, entry, "policy", place)),
        caps=_caps(path, f"[accounts.{name}.caps]", _table(path, entry, "caps", place)),
    )


def is_variable(value: Any) -> bool:
    """Whether a text is the name of an environment variable: capitals, digits and `_`. A key is not taken for one."""
    return isinstance(value, str) and value.isascii() and value.isidentifier() and value == value.upper()


def _table(path: Path, document: Mapping[str, Any], name: str, within: str = "") -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise _wrong(path, f"{within} {name}".strip(), "is a table", table)
    return table


def _policy(path: Path, place: str, table: Mapping[str, Any]) -> dict[str, str]:
    _check_words(path, place, table, POLICY_FIELDS)
    for name, word in table.items():
        if word not in DECISIONS:
            near = nearest(word, DECISIONS) if isinstance(word, str) else None
            raise _wrong(path, f"{place} {name}", f"is one of {', '.join(DECISIONS)}", word, near)
    return dict(table)


def _caps(path: Path, place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    _check_words(path, place, table, CAPS_FIELDS)
    _in_file(path, place, lambda: Caps(**table))
    return dict(table)


def _check_words(
    path: Path, place: str, table: Mapping[str, Any], known: tuple[str, ...], *, project: bool = False
) -> None:
    for name in table:
        if name in known:
            continue
        where = f"{path}: {place} {name}".replace(":  ", ": ")
        if project and (name in ACCOUNT_FIELDS or "key" in name or "url" in name):
            message = f"{where}: a project's file gives no key, no address and no account of its own"
            hint = "A cloned project could send your keys elsewhere. Put this line into your own accounts file."
            raise ConfigurationError(message, hint=hint)
        near = nearest(str(name), known)
        hint = f"Did you mean {near}?" if near else f"Known here: {', '.join(known)}."
        message = f"{where}: there is no such setting"
        raise ConfigurationError(message, hint=hint)


def _wrong(path: Path, place: str, expected: str, given: Any, near: str | None = None) -> ConfigurationError:
    shown = "" if given is None or isinstance(given, Secret) else f", not {given!r:.40}"
    return ConfigurationError(f"{path}: {place} {expected}{shown}", hint=f"Did you mean {near}?" if near else None)


def _in_file(path: Path, place: str, check: Any) -> None:
    """Run a check, and put file and table in front of what it complains about."""
    try:
        check()
    except ConfigurationError as error:
        message = f"{path}: {place} {error.message}"
        raise ConfigurationError(message, hint=error.hint) from None
