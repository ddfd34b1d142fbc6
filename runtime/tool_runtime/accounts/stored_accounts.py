"""The accounts of a run: the user's file, what a project adds, and the environment on top.

Written for the agent surfaces; `python_accounts` says how Python differs.

Owns the order of the places, and which account is meant where nobody names one. Must not know: surfaces, ledgers, HTTP.

**Order**, the first place that says something decides:

1. an option of the command or an argument of the call (`--account`, `--read-only`);
2. the environment, with the meaning of `environment`: `PREFIX_API_KEY[__NAME]`, `PREFIX_BASE_URL[__NAME]`,
   `PREFIX_ACCOUNT` for the account, `PREFIX_READ_ONLY`. `PREFIX_BASE_URL` goes before a file's base URL, so that a test
   set-up never reaches the real API;
3. the user's file;
4. the surface's own policy: reads allow, writes ask; on the sandbox everything is allowed.

Project files stand outside this order: they only make stricter what the other places give (`strictness`), and
may say where reads go that name no account. `PREFIX_READ_ONLY` and `read_only` deny every write, whoever says so.

**Which account** a call means that names none: that of `PREFIX_ACCOUNT`, which counts as named; else that of the
nearest project file or of the user's file (`account = …`), else `default`, else the only one that has a key. A write
that names none is refused where several accounts have a key: a project's file, or a line in a file that somebody wrote
long ago, does not decide whose phone bill it is.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from tool_runtime.accounts.account_checks import checked_name, fold
from tool_runtime.accounts.accounts_file import (
    SettingsFile,
    StoredAccount,
    project_files,
    settings_of_user,
    user_file_path,
)
from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.environment import DEFAULT, Accounts, AnyAccounts, Environment, Given, read_only
from tool_runtime.accounts.key_sources import place_of, stored_key
from tool_runtime.accounts.strictness import (
    ON_AGENT_SURFACES,
    ON_THE_SANDBOX,
    caps_of,
    policy_of,
    tightened,
    tightened_caps,
)
from tool_runtime.core.account import Account, Policy
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Api
from tool_runtime.errors import ConfigurationError, MissingExtra
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.urls import normalise_base_url

_NOTHING = StoredAccount("")


def read_accounts(registry: Registry, environment: Mapping[str, str], *, read_only: bool = False) -> "StoredAccounts":
    """Read the user's file, the project's files and the environment. Raises `ConfigurationError` that names the place.

    `read_only` denies every write.
    """
    # Variables hold keys, and a traceback shows what a function was given.
    environment = Environment(environment, None)
    user, projects = settings_files(registry.api, environment)
    return StoredAccounts(registry, environment, user, projects, read_only=read_only)


def settings_files(api: Api, environment: Mapping[str, str]) -> tuple[SettingsFile, tuple[SettingsFile, ...]]:
    """Return the user's file and the project's files, the nearest first. Raises `ConfigurationError`."""
    environment = Environment(environment, None)
    command = api.command or api.name
    try:
        user_file_path(command, api.environment, environment)
    except ConfigurationError:
        if f"{api.environment}_CONFIG" in environment:
            raise
        # Without a home folder nobody can have a file, and the environment's keys are all there is.
        return SettingsFile(Path("accounts.toml"), exists=False), project_files(command)
    return settings_of_user(command, api.environment, environment), project_files(command)


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one account, and who said so. `*_place` are for people; None where nobody said anything."""

    name: str
    stored: StoredAccount
    given: Given
    key: Secret | None
    key_place: str | None
    key_problem: ConfigurationError | MissingExtra | None
    base_url: str
    base_url_place: str | None


class StoredAccounts(AnyAccounts):
    """The accounts of one run of an agent surface. `given` is what the environment gives; `None` reads it here."""

    # What the surface allows where no file sets a policy.
    on_surface: ClassVar[Mapping[str, str]] = ON_AGENT_SURFACES

    def __init__(
        self,
        registry: Registry,
        environment: Mapping[str, str],
        user: SettingsFile,
        projects: Sequence[SettingsFile] = (),
        *,
        read_only: bool = False,
        given: Accounts | None = None,
    ) -> None:
        environment = Environment(environment, None)
        self._registry = registry
        self._environment = environment
        self._given = given or Accounts(registry, environment)
        self.user = user
        self.projects = tuple(projects)
        self._stored = {fold(name): account for name, account in user.accounts.items()}
        self.read_only = read_only or _denies_writes(registry, environment) or any(one.read_only for one in projects)
        variable = f"{registry.api.environment}_ACCOUNT"
        self._named = environment.get(variable)
        if self._named is not None and not self._named.strip():
            message = f"{variable} is empty, and names no account"
            raise ConfigurationError(message, hint=f"Name an account, or unset {variable}.")
        self._problems: dict[str, ConfigurationError | MissingExtra] = {}

    @property
    def known(self) -> tuple[str, ...]:
        """Every account that a file or a variable mentions, by name: those of the file first."""
        names = {fold(name): name for name in (*self.user.accounts, *self._given.known)}
        names.update({fold(name): name for name in self.user.accounts})
        return tuple(names.values())

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts that can be used: whoever says where their key is, and that nobody disabled."""
        with_key = {fold(name) for name in self._given.names}
        with_key |= {folded for folded, stored in self._stored.items() if stored.has_key}
        return tuple(name for name in self.known if fold(name) in with_key and self._of(name).enabled)

    @property
    def default(self) -> str:
        """The account of calls that name none."""
        return self._named or self._chosen()[0]

    def _chosen(self) -> tuple[str, str | None]:
        """Return the account that the files choose, and the file that says so."""
        for file in (*self.projects, self.user):
            if file.account is not None:
                return file.account, str(file.path)
        names = self.names
        if len(names) == 1 and DEFAULT not in {fold(name) for name in self.known}:
            return names[0], None
        return DEFAULT, None

    def get(self, name: str | None) -> Account:
        """Return an account; None means that the caller named none. Raises `ConfigurationError`."""
        named = name if name is not None else self._named
        wanted, place = (named, None) if named is not None else self._chosen()
        found = self.find(wanted, place)
        if not found.stored.enabled:
            message = f"the account {found.name} is disabled in {self.user.path}"
            command = self._registry.api.command
            raise ConfigurationError(
                message, hint=f"Run: {command} configure --enable --account {shlex.quote(found.name)}"
            )
        if found.key_problem is not None:
            self._problems[found.name] = found.key_problem
        usable = self.names
        return Account(
            name=found.name,
            key=found.key,
            base_url=found.base_url,
            policy=self.policy(found.name),
            caps=self.caps(found.name),
            credentials=self._given.credentials(found.name),
            servers=self._given.servers(found.base_url),
            unnamed=usable if named is None and len(usable) > 1 else (),
        )

    def find(self, name: str, place: str | None = None) -> Found:
        """Return what is known of an account, enabled or not; a key that cannot be read is a `key_problem`.

        `place` is who named the account, for the message. Raises `ConfigurationError` for an unknown account.
        """
        wanted = checked_name(name)
        known = {fold(one): one for one in self.known}
        if fold(wanted) not in known and fold(wanted) != DEFAULT:
            raise self._unknown(wanted, place)
        spelled = known.get(fold(wanted), DEFAULT)
        stored, given = self._of(spelled), self._given.given(spelled)
        key, key_place, problem = given.key, given.key_place, None
        if key is None and stored.has_key:
            key_place = place_of(stored, self.user.path)
            api = self._registry.api
            try:
                service = api.command or api.name
                key = stored_key(stored, service, api.distribution or api.name, self._environment)
            except (ConfigurationError, MissingExtra) as error:
                problem = error
        base_url, base_url_place = given.base_url, given.base_url_place
        if base_url_place is None and stored.base_url is not None:
            base_url = normalise_base_url(stored.base_url, self._registry.server.strip)
            base_url_place = str(self.user.path)
        return Found(spelled, stored, given, key, key_place, problem, base_url, base_url_place)

    def sandboxed(self, name: str | None, key: Secret) -> Account:
        """Return an account for the sandbox: any name, the given key, and a policy and caps that somebody set."""
        wanted = checked_name(name if name is not None else self.default)
        plain = self._given.sandboxed(wanted, key)
        return replace(plain, policy=self.policy(wanted, sandbox=True), caps=self.caps(wanted))

    def policy(self, name: str, *, sandbox: bool = False) -> Policy:
        """Return the policy of an account on an agent surface, or on the sandbox."""
        base = ON_THE_SANDBOX if sandbox else self.on_surface
        policy = policy_of(base, self.user.policy, self._of(name).policy)
        for _, rules in self.project_rules(name, "policy"):
            policy = tightened(policy, rules)
        return policy.read_only() if self.read_only else policy

    def caps(self, name: str) -> Caps | None:
        """Return the caps of an account; None where nobody set any."""
        caps = caps_of(self.user.caps, self._of(name).caps)
        for _, rules in self.project_rules(name, "caps"):
            caps = tightened_caps(caps, rules)
        return caps

    def project_rules(self, name: str, kind: str) -> list[tuple[SettingsFile, Mapping[str, Any]]]:
        """Return what the project files say about an account, with the file: `kind` is `policy` or `caps`."""
        found = []
        for file in self.projects:
            of_account = {fold(one): account for one, account in file.accounts.items()}.get(fold(name), _NOTHING)
            found += [(file, rules) for rules in (getattr(file, kind), getattr(of_account, kind)) if rules]
        return found

    def missing_key(self, account: Account, scheme: str = "") -> ConfigurationError:
        """Describe how to give an account its key, or the key of a scheme that is not the usual one."""
        if scheme not in {"", self._registry.auth.scheme}:
            return self._given.missing_key(account, scheme)
        problem = self._problems.get(account.name)
        if problem is not None:
            return ConfigurationError(problem.message, hint=problem.hint)
        api = self._registry.api
        variable = f"{api.environment}_API_KEY" + ("" if account.name == DEFAULT else f"__{account.name.upper()}")
        ways = [f"run {api.command} configure --account {shlex.quote(account.name)}"]
        ways += [f"set {variable}"] if variable.isidentifier() else []
        usable = f" Accounts that have a key: {', '.join(self.names)}." if self.names else ""
        return ConfigurationError(
            f"no API key for the account {account.name}",
            hint=f"To give one, {', or '.join(ways)}; the sandbox needs none: {api.environment}_SANDBOX=1.{usable}",
        )

    def _of(self, name: str) -> StoredAccount:
        return self._stored.get(fold(name), _NOTHING)

    def _unknown(self, wanted: str, place: str | None) -> ConfigurationError:
        near = nearest(wanted, self.known)
        hint = f"Known: {', '.join(self.known) or 'none'}." + (f" Did you mean {near}?" if near else "")
        hint += f" To add it: {self._registry.api.command} configure --account {shlex.quote(wanted[:80])}"
        said = f"{place}: " if place else ""
        return ConfigurationError(f"{said}there is no account named {wanted[:80]!r}", hint=hint)


def _denies_writes(registry: Registry, environment: Mapping[str, str]) -> bool:
    return read_only(registry, environment)
