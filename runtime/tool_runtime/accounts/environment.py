"""Accounts: whose key goes where, and what may be done with the key.

Owns keys, base URLs and policies, given in code or by the environment: `PREFIX_API_KEY` and `PREFIX_BASE_URL` are the
account `default`; `PREFIX_API_KEY__NAME` and `PREFIX_BASE_URL__NAME` are the account `name`. A base URL without a
name holds for every account without a base URL of its own, so that a test set-up never reaches the real API by another
account. A base URL in code takes the place of all base URLs of the environment. Knows no HTTP.

**Names.** Variables are in capitals and hold no `-`. So a name from the environment may be written in any case, and
with `-` in place of `_`; a name in code is written exactly as there. Two names that differ in nothing else are refused:
a call for one would go out with the key of the other. A name in code and the variable with that name in capitals (`eu`
and `..API_KEY__EU`) are one account, and what code gives goes before what the variable gives.

**Empty texts are never a default.** What code gives is checked at once. A variable that is set and empty is an error
that names the variable as soon as a call would use the variable. `..BASE_URL__` names nobody and is refused, since the
calls that it was meant for would go to another host. None means the same as nothing given.

**Policies**: an account's own goes before the client's. `PREFIX_READ_ONLY=1` denies every write of both.

**Keys** live in `Secret`. What code passed is wrapped before anything can go wrong, and the environment is read through
`Environment`, so that a traceback that shows local variables shows no key.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.accounts.account_checks import checked_base_url, checked_key, checked_name, fold
from tool_runtime.core.account import Account, Policy, read_policy
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret, key_problem
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.urls import normalise_base_url

DEFAULT = "default"
_SETTINGS = ("api_key", "base_url", "policy", "credentials")


class Environment(Mapping[str, str]):
    """The variables of one prefix, as they are when this is made. Shows their names, never their values."""

    def __init__(self, variables: Mapping[str, str], prefix: str | None) -> None:
        """Take the variables whose names start with `prefix`: `LIBRARY` takes `LIBRARY_API_KEY`; None takes all."""
        begins = "" if prefix is None else f"{prefix}_"
        self._variables = {name: Secret(variables[name]) for name in variables if name.startswith(begins)}

    def __getitem__(self, name: str) -> str:
        return self._variables[name].reveal()

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"Environment({', '.join(sorted(self._variables))})"


def concealed(api_key: Any, accounts: Any) -> tuple[Secret | None, Any]:
    """Return a key and a mapping of accounts with each key in a `Secret`. Raises nothing, whatever is given.

    `concealed("key_1", {"eu": "key_2"})` -> `(Secret(***), {"eu": Secret(***)})`
    """
    key = api_key if api_key is None or isinstance(api_key, Secret) else Secret(api_key)
    if not isinstance(accounts, Mapping):
        # What is no mapping is refused by its type; what it holds may be a key.
        return key, accounts if accounts is None else Secret(accounts)
    return key, {name: _concealed_entry(entry) for name, entry in accounts.items()}


def _concealed_entry(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        # A misspelt setting may hold a key as well.
        shown = ("base_url", "policy")
        inner = entry.get("credentials")
        if isinstance(inner, Mapping):
            entry = {**entry, "credentials": None}
            kept = {scheme: concealed(key, None)[0] for scheme, key in inner.items()}
            return {**_concealed_entry(entry), "credentials": kept}
        return {
            name: value if value is None or name in shown else concealed(value, None)[0]
            for name, value in entry.items()
        }
    return concealed(entry, None)[0]


@dataclass(frozen=True, slots=True)
class _Setting:
    """One value, and the place that gave it, for messages: a variable, or an argument in code."""

    value: Any
    place: str


@dataclass(frozen=True, slots=True)
class Given:
    """What the environment, or code, gives for one account. A place names a variable or an argument, for people.

    `base_url_place` is None where neither names an address; `base_url` is then the API's own.
    """

    spelled: str
    key: Secret | None
    key_place: str | None
    base_url: str
    base_url_place: str | None


class AnyAccounts(ABC):
    """The accounts that a client works with, wherever they come from."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The accounts that have a key, by name."""

    @abstractmethod
    def get(self, name: str | None) -> Account:
        """Return an account; None means that the caller named none. Raises `ConfigurationError`."""

    @abstractmethod
    def sandboxed(self, name: str | None, key: Secret) -> Account:
        """Return an account for the sandbox: any name, the given key, and the policy that holds for the name."""

    @abstractmethod
    def missing_key(self, account: Account, scheme: str = "") -> ConfigurationError:
        """Describe how to give an account its key, or the key of a scheme that is not the usual one."""


class Accounts(AnyAccounts):
    """The accounts of one client. Reads the environment once, when it is made.

    `api_key` is the key of `default`; `base_url` and `policy` hold for every account without its own; `given` maps
    names to a key, or to a mapping of `api_key`, `base_url`, `policy` and `credentials` (scheme to key). Raises
    `ConfigurationError`.
    """

    def __init__(
        self,
        registry: Registry,
        environment: Mapping[str, str],
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        given: Mapping[str, Any] | None = None,
        policy: Policy | Mapping[str, Any] | None = None,
    ) -> None:
        api_key, given = concealed(api_key, given)
        environment = Environment(environment, registry.api.environment)
        self._environment = environment
        self._registry = registry
        self._prefix = f"{registry.api.environment}_"
        # By folded name: how the name is spelled, whether in code, and what is known.
        self._spelled: dict[str, tuple[str, bool]] = {DEFAULT: (DEFAULT, False)}
        self._entries: dict[str, dict[str, _Setting]] = {DEFAULT: {}}
        self._policy = Policy() if policy is None else read_policy(policy, "policy")
        self._read_only = read_only(registry, environment)
        # None where neither code nor the environment names an address for every account.
        self._base_url: _Setting | None = None
        if base_url is not None:
            self._base_url = _Setting(checked_base_url(base_url, "base_url"), "base_url")
        else:
            variable = f"{self._prefix}BASE_URL"
            if variable in environment:
                self._base_url = _Setting(environment[variable], variable)
        self._read(environment, ("api_key",) if base_url is not None else ("api_key", "base_url"))
        if given is not None:
            self._take(given)
        if api_key is not None:
            if "api_key" in self._entries[DEFAULT] and self._entries[DEFAULT]["api_key"].place.startswith("accounts"):
                message = f"two keys for the account {DEFAULT}: api_key and accounts[{DEFAULT!r}]"
                raise ConfigurationError(message, hint="Give one of them.")
            self._entries[DEFAULT]["api_key"] = _Setting(checked_key(api_key, "api_key"), "api_key")

    def _read(self, environment: Mapping[str, str], settings: tuple[str, ...]) -> None:
        variables: dict[str, str] = {}
        for setting in settings:
            stem = f"{self._prefix}{setting.upper()}__"
            # Sorted, so that messages do not depend on the order of the environment.
            for variable in sorted(name for name in environment if name.startswith(stem)):
                name = variable.removeprefix(stem)
                if not name and setting == "base_url":
                    message = f"{variable} names no account"
                    raise ConfigurationError(message, hint=f"Set {variable.removesuffix('__')}, or {variable}NAME.")
                if not name:
                    # A key of nobody can go nowhere.
                    continue
                folded = fold(name)
                other = variables.setdefault(folded, name)
                if other != name:
                    raise _alike(f"{stem}{name}", f"{stem}{other}")
                self._spelled.setdefault(folded, (folded, False))
                self._add(folded, setting, environment[variable], variable)
        self._variables = variables
        unnamed = f"{self._prefix}API_KEY"
        user, password = f"{self._prefix}USER", f"{self._prefix}PASSWORD"
        if unnamed in environment:
            self._add(DEFAULT, "api_key", environment[unnamed], unnamed)
        elif self._registry.auth.basic and user in environment:
            self._add(DEFAULT, "api_key", f"{environment[user]}:{environment.get(password, '')}", user)

    def _add(self, folded: str, setting: str, value: str, variable: str) -> None:
        kept = Secret(value) if setting == "api_key" else value
        self._entries.setdefault(folded, {})[setting] = _Setting(kept, variable)

    def _take(self, given: Any) -> None:
        if not isinstance(given, Mapping):
            message = "accounts is a mapping of names to keys or settings"
            raise ConfigurationError(message, hint='Such as {"production": "key_..."}.')
        for name, entry in given.items():
            spelled = checked_name(name)
            place = f"accounts[{spelled[:80]!r}]"
            folded = fold(spelled)
            known, in_code = self._spelled.get(folded, (spelled, False))
            variable = self._variables.get(folded, spelled)
            if in_code or (folded == DEFAULT and spelled != DEFAULT):
                raise _alike(spelled, known)
            if variable not in {spelled, spelled.upper()}:
                raise _alike(spelled, f"{self._prefix}API_KEY__{variable} or {self._prefix}BASE_URL__{variable}")
            self._spelled[folded] = (spelled, True)
            self._entries.setdefault(folded, {}).update(_settings(place, entry))

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts that have a key, by name."""
        return tuple(
            self._spelled[folded][0]
            for folded, entry in self._entries.items()
            if "api_key" in entry and key_problem(entry["api_key"].value) is None
        )

    def get(self, name: str | None) -> Account:
        """Return an account; None means `default`. Raises `ConfigurationError` where the account cannot be used."""
        wanted = DEFAULT if name is None else checked_name(name)
        folded = fold(wanted)
        spelled, in_code = self._spelled.get(folded, (None, False))
        if spelled is None or (in_code and wanted not in {spelled, DEFAULT}):
            raise self._unknown(wanted)
        given = self.given(spelled)
        return Account(
            name=spelled,
            key=given.key,
            base_url=given.base_url,
            policy=self._policy_of(folded),
            credentials=self.credentials(spelled) | self._given_credentials(self._entries.get(folded, {})),
            servers=self.servers(given.base_url),
        )

    @property
    def known(self) -> tuple[str, ...]:
        """The accounts for which a key or a base URL is given, by name."""
        return tuple(self._spelled[folded][0] for folded, entry in self._entries.items() if entry)

    def given(self, name: str) -> "Given":
        """Return what is given for an account by any spelling of the name, checked. Raises `ConfigurationError`."""
        folded = fold(name)
        entry = self._entries.get(folded, {})
        key, url = entry.get("api_key"), entry.get("base_url", self._base_url)
        base_url = self._registry.server.base_url if url is None else checked_base_url(url.value, url.place)
        return Given(
            spelled=self._spelled.get(folded, (name, False))[0],
            key=None if key is None else checked_key(key.value, key.place, basic=self._registry.auth.basic),
            key_place=None if key is None else key.place,
            base_url=normalise_base_url(base_url, self._registry.server.strip),
            base_url_place=None if url is None else url.place,
        )

    def credentials(self, name: str) -> dict[str, Secret]:
        """Return the keys of the schemes that are not the usual one: `PREFIX_SCHEME`, `PREFIX_SCHEME__NAME`.

        A login may be given in two parts: `PREFIX_SCHEME_USER` and `PREFIX_SCHEME_PASSWORD`.
        """
        found = {}
        suffix = "" if name == DEFAULT else f"__{name.upper()}"
        for scheme in self._registry.schemes.values():
            stem = f"{self._prefix}{variable_stem(scheme.scheme)}"
            value = self._environment.get(stem + suffix) if scheme is not self._registry.auth else None
            if scheme.basic and value is None:
                parts = [self._environment.get(f"{stem}_{part}{suffix}") for part in ("USER", "PASSWORD")]
                value = ":".join(part or "" for part in parts) if parts[0] is not None else None
            if value is not None:
                found[scheme.scheme] = checked_key(Secret(value), stem + suffix, basic=scheme.basic)
        return found

    def _given_credentials(self, entry: Mapping[str, _Setting]) -> dict[str, Secret]:
        """Return the keys of single schemes that code gave. Raises `ConfigurationError` for a scheme there is not."""
        given = entry.get("credentials", _Setting({}, ""))
        found = {}
        for name, key in given.value.items():
            scheme = self._registry.schemes.get(name)
            if scheme is None:
                near = nearest(str(name), self._registry.schemes)
                hint = f"Did you mean {near}?" if near else f"Schemes: {', '.join(self._registry.schemes)}."
                raise ConfigurationError(f"{given.place}: there is no scheme {name!r:.40}", hint=hint)
            found[scheme.scheme] = checked_key(key, f"{given.place}[{name!r}]", basic=scheme.basic)
        return found

    def servers(self, base_url: str) -> dict[str, str]:
        """Return the base URLs of the servers that single tools name.

        Where the usual server is another one than the registry's, such as a test server, a server of its own must be
        named too (`PREFIX_BASE_URL_SERVER`): no call goes to the real API by another door.
        """
        found = {}
        for server, url in self._registry.server.others.items():
            variable = f"{self._prefix}BASE_URL_{variable_stem(server)}"
            given = self._environment.get(variable)
            if given is not None:
                found[server] = normalise_base_url(checked_base_url(given, variable), ())
            elif base_url == self._registry.server.base_url:
                found[server] = url.rstrip("/")
        return found

    def sandboxed(self, name: str | None, key: Secret) -> Account:
        """Return an account for the sandbox: any name, the given key, and the policy that holds for the name."""
        wanted = DEFAULT if name is None else checked_name(name)
        url = self._registry.server.base_url
        schemes = dict.fromkeys(self._registry.schemes, key)
        servers = dict.fromkeys(self._registry.server.others, url)
        return Account(wanted, key, url, self._policy_of(fold(wanted)), credentials=schemes, servers=servers)

    def _policy_of(self, folded: str) -> Policy:
        own = self._entries.get(folded, {}).get("policy")
        policy: Policy = self._policy if own is None else own.value
        return policy.read_only() if self._read_only else policy

    def missing_key(self, account: Account, scheme: str = "") -> ConfigurationError:
        """Describe how to give an account its key, or the key of a scheme that is not the usual one."""
        stem = "API_KEY" if scheme in {"", self._registry.auth.scheme} else variable_stem(scheme)
        variable = f"{self._prefix}{stem}" + ("" if account.name == DEFAULT else f"__{account.name.upper()}")
        set_it = f"Set {variable}, or pass api_key=…" if stem == "API_KEY" else f"Set {variable}"
        if account.name != DEFAULT:
            # No shell exports a variable with a hyphen, or with a space.
            pass_it = f"pass accounts={{{account.name!r}: …}}"
            set_it = f"Set {variable}, or {pass_it}" if variable.isidentifier() else pass_it.capitalize()
        return ConfigurationError(
            f"no API key for the account {account.name}"
            if stem == "API_KEY"
            else f"no key of the scheme {scheme} for the account {account.name}",
            hint=f"{set_it}; the sandbox needs none: {self._prefix}SANDBOX=1.",
        )

    def _unknown(self, wanted: str) -> ConfigurationError:
        spellings = [spelled for spelled, _ in self._spelled.values()]
        near = nearest(wanted, spellings)
        hint = f"Known: {', '.join(self.names) or 'none'}." + (f" Did you mean {near}?" if near else "")
        if wanted.isidentifier() and fold(wanted) not in self._spelled:
            hint += f" Set {self._prefix}API_KEY__{wanted.upper()} to add it."
        return ConfigurationError(f"there is no account named {wanted[:80]!r}", hint=hint)


def wants_sandbox(registry: Registry, environment: Mapping[str, str]) -> bool:
    """Read the environment's wish for the sandbox. What is neither yes nor no is an error: a typo must not dial."""
    environment = Environment(environment, registry.api.environment)
    return _switch(environment, f"{registry.api.environment}_SANDBOX", "for the sandbox")


def read_only(registry: Registry, environment: Mapping[str, str]) -> bool:
    """Read whether the environment denies every write. What is neither yes nor no is an error, as for the sandbox."""
    environment = Environment(environment, registry.api.environment)
    return _switch(environment, f"{registry.api.environment}_READ_ONLY", "to deny every write")


_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


def _switch(environment: Mapping[str, str], variable: str, purpose: str) -> bool:
    word = environment.get(variable, "").strip().lower()
    if word not in _YES | _NO:
        message = f"{variable}={word[:20]!r} is neither yes nor no"
        raise ConfigurationError(message, hint=f"Set {variable}=1 {purpose}, or unset it.")
    return word in _YES


def _alike(name: str, other: str) -> ConfigurationError:
    message = f"the accounts {name[:80]!r} and {other[:160]!r} differ only in case or in - and _"
    return ConfigurationError(message, hint="Rename one of them, or spell them alike if they are one account.")


def variable_stem(name: str) -> str:
    """Spell the name of a scheme or a server as a part of a variable: `X-Admin key` -> `X_ADMIN_KEY`."""
    return re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_").upper()


def _settings(place: str, entry: Any) -> dict[str, _Setting]:
    described = {"api_key": entry} if isinstance(entry, Secret) else entry
    if not isinstance(described, Mapping):
        message = f"{place}: expected a key or its settings, got {type(entry).__name__}"
        raise ConfigurationError(message, hint="If the key comes from a variable, is that variable set?")
    for name in described:
        if name not in _SETTINGS:
            near = nearest(str(name), _SETTINGS)
            hint = f"Did you mean {near}?" if near else f"An account takes {', '.join(_SETTINGS)}."
            message = f"{place}: unknown setting {name!r:.40}"
            raise ConfigurationError(message, hint=hint)
    checks: dict[str, Any] = {"api_key": checked_key, "base_url": checked_base_url, "policy": read_policy}
    known = {name: value for name, value in described.items() if value is not None}
    return {
        name: _Setting(value if name == "credentials" else checks[name](value, place), place)
        for name, value in known.items()
    }
