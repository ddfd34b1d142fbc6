"""Where a stored account's key is: in the file, in a variable, or in the system's keyring.

Owns reading a key from these places and the keyring's side of writing. Must not know: how the places are chosen, HTTP.
A keyring holds a key under the name of the command, and under the account's name within that.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tool_runtime.accounts.account_checks import checked_key
from tool_runtime.accounts.accounts_file import StoredAccount
from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.values.secrets import Secret


def place_of(account: StoredAccount, path: Path) -> str | None:
    """Return in words where a stored account's key is; None where the file does not say.

    Example: `"the variable STAGING_KEY"`.
    """
    if account.api_key is not None:
        return f"the file {path}"
    if account.api_key_variable is not None:
        return f"the variable {account.api_key_variable}"
    return "the keyring" if account.api_key_in_keyring else None


def stored_key(account: StoredAccount, service: str, distribution: str, variables: Mapping[str, str]) -> Secret | None:
    """Return a stored account's key; None where the file does not say where the key is.

    `service` is the keyring's word for this program. Raises `ConfigurationError` for a variable that is not set, a
    keyring that does not answer or has no such key, and `MissingExtra` where no keyring library is installed.
    """
    if account.api_key is not None:
        return account.api_key
    variable = account.api_key_variable
    if variable is not None:
        place = f"the key of the account {account.name}: the variable {variable}"
        if variable not in variables:
            message = f"{place} is not set"
            raise ConfigurationError(message, hint=f"Set {variable}, or say where else the key is.")
        return checked_key(Secret(variables[variable]), place)
    if not account.api_key_in_keyring:
        return None
    found = _asked("get_password", service, account.name, distribution=distribution)
    if found is None:
        message = f"the keyring has no key for the account {account.name}"
        raise ConfigurationError(message, hint=f"Run: {service} accounts set {shlex.quote(account.name)} --keyring")
    return checked_key(Secret(found), f"the keyring's key of the account {account.name}")


def keep_in_keyring(name: str, key: Secret, service: str, distribution: str) -> None:
    """Write an account's key into the keyring. Raises as `stored_key` does."""
    _asked("set_password", service, name, key, distribution=distribution)


def forget_in_keyring(name: str, service: str, distribution: str) -> bool:
    """Remove an account's key from the keyring, and return whether a key was there. Raises as `stored_key` does."""
    if _asked("get_password", service, name, distribution=distribution) is None:
        return False
    _asked("delete_password", service, name, distribution=distribution)
    return True


def _asked(action: str, service: str, name: str, key: Secret | None = None, *, distribution: str) -> Any:
    try:
        import keyring
    except ImportError:
        hint = "Or keep the key in a variable: --key-variable NAME."
        raise MissingExtra.of("the keyring", "keyring", distribution, hint) from None
    given = () if key is None else (key.reveal(),)
    try:
        return getattr(keyring, action)(service, name, *given)
    except Exception as error:  # noqa: BLE001 - backends raise what the system's own libraries raise
        # Without the cause: its traceback has the key among the local variables.
        message = f"the keyring did not answer for the account {name}: {type(error).__name__}"
        said = str(error) if key is None else key.hide(str(error))
        hint = "Unlock the keyring, or keep the key in a variable: --key-variable NAME."
        raise ConfigurationError(f"{message}: {said}" if said else message, hint=hint) from None
