"""The accounts of a client in Python that was given no key: the environment, the user's file, and a project's rules.

Owns the differences between Python and the agent surfaces (`stored_accounts`): the policy where no file sets one, the
account where nobody names one, and what code says about all accounts. Must not know: surfaces, HTTP.

**Policy.** Python allows everything. What a file sets holds in Python too. A policy of code and the policy of the files
hold both: of each decision the stricter one stands, so a file lifts nothing that code forbids, and code nothing that a
file forbids.

**Caps** of a file hold as well. They are counted from the ledger of the agent surfaces; a client that code gave another
ledger counts from that one.

**The account of a client that names none** is the account of `PREFIX_ACCOUNT`; else `default`, where the environment
gives the key of `default` or the user's file holds no account; else the account that the files choose, as on the agent
surfaces: `account = …` of a file, `default`, or the only one that has a key. Of several accounts in the user's file, a
write has to name one, too.
"""

from collections.abc import Mapping
from typing import Any, Final

from tool_runtime.accounts.environment import DEFAULT, Accounts
from tool_runtime.accounts.stored_accounts import StoredAccounts, settings_files
from tool_runtime.accounts.strictness import strictest
from tool_runtime.accounts.user_ledger import user_ledger
from tool_runtime.core.account import Account, Policy, read_policy
from tool_runtime.core.ledger import AnyLedger
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError

_ALLOWED: Final[Mapping[str, str]] = {"read": "allow", "write": "allow"}


class PythonAccounts(StoredAccounts):
    """The accounts of a client that code gave no key and no accounts.

    `base_url` goes before every other address; `policy` holds beside that of the files. Raises `ConfigurationError`
    that names the variable, the file or the argument that cannot be used.
    """

    on_surface = _ALLOWED

    def __init__(
        self,
        registry: Registry,
        environment: Mapping[str, str],
        *,
        base_url: str | None = None,
        policy: Policy | Mapping[str, Any] | None = None,
    ) -> None:
        user, projects = settings_files(registry.api, environment)
        given = Accounts(registry, environment, base_url=base_url)
        super().__init__(registry, environment, user, projects, given=given)
        self._policy = None if policy is None else read_policy(policy, "policy")

    def policy(self, name: str, *, sandbox: bool = False) -> Policy:
        """Return the policy of an account: the stricter one of code's and the files'."""
        policy = super().policy(name, sandbox=sandbox)
        return policy if self._policy is None else strictest(policy, self._policy)

    @property
    def has_caps(self) -> bool:
        """Whether a file sets caps, for any account: they are counted from a ledger."""
        files = (self.user, *self.projects)
        return any(one.caps or any(account.caps for account in one.accounts.values()) for one in files)

    def ledger(self) -> AnyLedger:
        """Return the ledger from which every surface and process counts caps."""
        return user_ledger(self._registry.api)

    def get(self, name: str | None) -> Account:
        """Return an account; None means that the caller named none. Raises `ConfigurationError`."""
        is_default = name is None and self._named is None and not self._files_choose
        return super().get(DEFAULT if is_default else name)

    def _chosen(self) -> tuple[str, str | None]:
        return super()._chosen() if self._files_choose else (DEFAULT, None)

    @property
    def _files_choose(self) -> bool:
        return bool(self.user.accounts) and DEFAULT not in self._given.names

    def missing_key(self, account: Account, scheme: str = "") -> ConfigurationError:
        """Describe how to give an account its key, in code too."""
        missing = super().missing_key(account, scheme)
        if account.name in self._problems or scheme not in {"", self._registry.auth.scheme}:
            return missing
        argument = "api_key=…" if account.name == DEFAULT else f"accounts={{{account.name!r}: …}}"
        return ConfigurationError(missing.message, hint=f"Pass {argument}. {missing.hint}")
