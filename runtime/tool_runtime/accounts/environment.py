"""Accounts: whose key goes where, and what may be done with it.

Owns keys, base URLs and policies, given in code or by the environment: `PREFIX_API_KEY` and `PREFIX_BASE_URL` are the
account `default`; `PREFIX_API_KEY__NAME` and `PREFIX_BASE_URL__NAME` are the account `name`. A base URL without a
name holds for every account without one of its own, so that a test set-up never reaches the real API by another
account. Keys live in `Secret`, which shows itself nowhere. Knows no HTTP.
"""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.account import Account, Policy
from tool_runtime.core.errors import ConfigurationError
from tool_runtime.core.registry import Registry
from tool_runtime.core.secrets import Secret
from tool_runtime.core.suggestions import nearest
from tool_runtime.core.urls import base_url_problem, normalise_base_url

DEFAULT = "default"


class Accounts:
    """The accounts of one client. Reads the environment once, when it is made."""

    def __init__(
        self,
        registry: Registry,
        environment: Mapping[str, str],
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        given: Mapping[str, Any] | None = None,
        policy: Policy | None = None,
    ) -> None:
        self._registry = registry
        self._prefix = f"{registry.api.environment}_"
        self._entries: dict[str, dict[str, Any]] = {DEFAULT: {}}
        self._base_url = base_url or environment.get(f"{self._prefix}BASE_URL") or registry.server.base_url
        self._policy = policy or Policy()
        # Sorted, so that what an account gets never depends on the order of the environment.
        for field in ("api_key", "base_url") if base_url is None else ("api_key",):
            stem = f"{self._prefix}{field.upper()}__"
            for name in sorted(environment):
                if name.startswith(stem) and name != stem and environment[name]:
                    self._entries.setdefault(_folded(name.removeprefix(stem)), {})[field] = environment[name]
        if unnamed := environment.get(f"{self._prefix}API_KEY"):
            self._entries[DEFAULT]["api_key"] = unnamed
        for name, entry in (given or {}).items():
            self._entries.setdefault(_folded(name), {}).update(_settings(name, entry))
        if api_key is not None:
            self._entries[DEFAULT]["api_key"] = api_key

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts that have a key, by name."""
        return tuple(name for name, entry in self._entries.items() if entry.get("api_key"))

    def get(self, name: str | None) -> Account:
        """Return an account; None means `default`. Raises `ConfigurationError` where it cannot be used."""
        folded = _folded(name or DEFAULT)
        entry = self._entries.get(folded)
        if entry is None:
            near = nearest(folded, self._entries)
            message = f"there is no account named {folded[:80]!r}"
            hint = f"Known: {', '.join(self.names) or 'none'}." + (f" Did you mean {near}?" if near else "")
            if folded.isidentifier():
                hint += f" Set {self._prefix}API_KEY__{folded.upper()} to add it."
            raise ConfigurationError(message, hint=hint)
        base_url = entry.get("base_url") or self._base_url
        problem = base_url_problem(base_url)
        if problem:
            message = f"account {folded}: the base URL {problem}"
            raise ConfigurationError(message)
        return Account(
            name=folded,
            key=_secret(entry.get("api_key"), folded),
            base_url=normalise_base_url(base_url, self._registry.server.strip),
            policy=_policy(entry.get("policy") or self._policy, folded),
        )

    def on_sandbox(self, name, key, base_url):
        return Account(name or DEFAULT, key, base_url, self._policy)

    def missing_key(self, account: Account) -> ConfigurationError:
        """Describe how to give an account its key."""
        variable = f"{self._prefix}API_KEY" + ("" if account.name == DEFAULT else f"__{account.name.upper()}")
        return ConfigurationError(
            f"no API key for the account {account.name}",
            hint=f"Set {variable}, or pass api_key=…; the sandbox needs none: {self._prefix}SANDBOX=1.",
        )


def wants_sandbox(registry: Registry, environment: Mapping[str, str]) -> bool:
    """Read the environment's wish for the sandbox. What is neither yes nor no is an error: a typo must not dial."""
    variable = f"{registry.api.environment}_SANDBOX"
    word = environment.get(variable, "").strip().lower()
    if word not in _YES | _NO:
        message = f"{variable}={word[:20]!r} is neither yes nor no"
        raise ConfigurationError(message, hint=f"Set {variable}=1 for the sandbox, or unset it.")
    return word in _YES


_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def _folded(name: Any) -> str:
    if not isinstance(name, str):
        message = f"an account's name is a string, not {type(name).__name__}"
        raise ConfigurationError(message)
    return name.lower().replace("-", "_")


def _settings(name: str, entry: Any) -> dict[str, Any]:
    described = {"api_key": entry} if isinstance(entry, str | Secret) else entry
    if not isinstance(described, Mapping):
        message = f"account {name}: expected a key or its settings, got {type(entry).__name__}"
        raise ConfigurationError(message, hint="If the key comes from a variable, is that set?")
    unknown = described.keys() - {"api_key", "base_url", "policy"}
    if unknown:
        message = f"account {name}: unknown setting {', '.join(sorted(map(str, unknown)))}"
        raise ConfigurationError(message, hint="An account takes api_key, base_url and policy.")
    return dict(described)


def _policy(value: Any, account: str) -> Policy:
    if isinstance(value, Mapping) and value.keys() <= {"read", "write"}:
        value = Policy(**value)
    if not isinstance(value, Policy):
        message = f"account {account}: a policy says what read and write may do: allow, ask or deny"
        raise ConfigurationError(message)
    return value


def _secret(value: Any, account: str) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    if value == "":
        message = f"account {account}: the API key is empty"
        raise ConfigurationError(message, hint="If it comes from a variable, is that set?")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        message = f"account {account}: the API key holds characters that no key has"
        raise ConfigurationError(message, hint="Look for a line break or a space at its end.")
    return Secret(value)


def read_only(registry, environment):
    return False
