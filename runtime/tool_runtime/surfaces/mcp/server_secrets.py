"""Secrets of servers: values that entries name as `${secret:NAME}` and that stand in no project's file.

They are kept as the accounts keep keys: in a file that only the user can read, in a variable, or in the system's
keyring. A listing says where a secret is and never what it is.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tool_runtime.accounts.accounts_file import StoredAccount
from tool_runtime.accounts.key_sources import forget_in_keyring, keep_in_keyring, stored_key
from tool_runtime.accounts.private_files import locked, read_settings, replace_text
from tool_runtime.errors import ConfigurationError, Fault, InvalidArguments
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class ServerSecrets:
    """The secrets of one user. `service` is the keyring's word for this program, `distribution` what people install."""

    def __init__(self, folder: Path, service: str, distribution: str, environment: Mapping[str, str]) -> None:
        self.path = folder / "mcp_secrets.toml"
        self._service, self._distribution, self._environment = f"{service}-mcp", distribution, environment

    def _read(self) -> dict[str, dict[str, Any]]:
        import tomllib

        text = read_settings(self.path, private=True)
        if text is None:
            return {}
        try:
            document = tomllib.loads(text.reveal())
        except tomllib.TOMLDecodeError:
            # The parser's own words may hold a secret.
            raise ConfigurationError(f"{self.path} is not TOML", hint="Mend the file in an editor.") from None
        return {name: entry for name, entry in document.items() if isinstance(entry, dict)}

    def places(self) -> dict[str, str]:
        """Return where each secret is, by name."""
        found = {}
        for name, entry in sorted(self._read().items()):
            if "variable" in entry:
                found[name] = f"the variable {entry['variable']}"
            else:
                found[name] = "the keyring" if entry.get("keyring") else f"the file {self.path}"
        return found

    def get(self, name: str) -> Secret | None:
        """Return a secret; None where there is none of this name. Raises `ConfigurationError`."""
        entry = self._read().get(name)
        if entry is None:
            return None
        if "value" in entry:
            return Secret(str(entry["value"]))
        account = StoredAccount(
            name, api_key_variable=entry.get("variable"), api_key_in_keyring=bool(entry.get("keyring"))
        )
        return stored_key(account, self._service, self._distribution, self._environment)

    def set(
        self, name: str, value: Secret | None = None, *, variable: str | None = None, keyring: bool = False
    ) -> None:
        """Keep a secret: a value in the file or the keyring, or the name of the variable that holds the value."""
        if not _NAME.fullmatch(name):
            fault = Fault("name", "value", "has letters, digits, '.', '_' and '-'")
            raise InvalidArguments(str(fault), faults=(fault,))
        if variable is not None:
            entry: dict[str, Any] = {"variable": variable}
        elif value is None or not value.reveal():
            raise ConfigurationError(f"the secret {name} is empty", hint="Nothing was changed.")
        elif keyring:
            keep_in_keyring(name, value, self._service, self._distribution)
            entry = {"keyring": True}
        else:
            entry = {"value": value.reveal()}
        self._write(name, entry)

    def unset(self, name: str) -> None:
        """Forget a secret. Raises `ConfigurationError` where there is none of this name."""
        known = self._read()
        if name not in known:
            near = nearest(name, known)
            raise ConfigurationError(
                f"there is no secret {name[:80]!r}", hint=f"Did you mean {near}?" if near else None
            )
        if known[name].get("keyring"):
            forget_in_keyring(name, self._service, self._distribution)
        self._write(name, None)

    def _write(self, name: str, entry: dict[str, Any] | None) -> None:
        import tomlkit

        with locked(self.path) as target:
            known = self._read()
            if entry is None:
                known.pop(name, None)
            else:
                known[name] = entry
            replace_text(target, Secret(tomlkit.dumps(known)))
