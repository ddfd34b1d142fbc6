"""What every client is, whether it blocks or awaits: construction, accounts, names.

Owns how a client is made and what a flow knows of its surroundings; `client` adds the driving of flows. What a call
means is decided in the core. httpx is imported when the first request is sent, not before.
"""

import copy
import os
import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from tool_runtime.accounts.environment import Accounts, AnyAccounts, Environment, concealed, wants_sandbox
from tool_runtime.core.account import Policy
from tool_runtime.core.binding import Binder
from tool_runtime.core.clock import Clock, SystemClock
from tool_runtime.core.copying import copied_arguments
from tool_runtime.core.flow import Context, Flow, Repeats
from tool_runtime.core.gate import Invocation
from tool_runtime.core.invoke import invoke
from tool_runtime.core.ledger import AnyLedger
from tool_runtime.core.options import RequestOptions
from tool_runtime.core.pages import Pages
from tool_runtime.core.preview import preview
from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.core.tools import Tool
from tool_runtime.core.waiting import wait
from tool_runtime.errors import ConfigurationError
from tool_runtime.http.connection import NETWORK, REPLY_LIMIT, AsyncConnection, Connection
from tool_runtime.surfaces.common.client_settings import check_registry, check_settings, given_arguments
from tool_runtime.surfaces.common.deprecation import warn_of_deprecation
from tool_runtime.values.secrets import Secret

if TYPE_CHECKING:
    from tool_runtime.accounts.python_accounts import PythonAccounts
    from tool_runtime.sandbox import Sandbox
    from tool_runtime.sandbox.server.remote import RunningSandbox

Confirm = Callable[[Invocation], Any]


class BaseClient:
    """What both clients share: construction, accounts, names."""

    registry_source: ClassVar[Path | None] = None
    _awaits: ClassVar[bool] = False

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        registry: Registry | None = None,
        base_url: str | None = None,
        account: str | None = None,
        accounts: Mapping[str, Any] | AnyAccounts | None = None,
        sandbox: "Sandbox | RunningSandbox | bool | None" = None,
        http_client: Any = None,
        timeout: float | None = None,
        total: float | None = None,
        retries: int | None = None,
        policy: Policy | Mapping[str, Any] | None = None,
        confirm: Confirm | None = None,
        force: bool = False,
        ledger: AnyLedger | None = None,
        surface: str = "python",
        repeats: Repeats = "undelivered",
        repeat_window: float = 600.0,
        delivers: bool = True,
        plain: bool = False,
        reply_limit: int = REPLY_LIMIT,
        clock: Clock | None = None,
    ) -> None:
        """Make a client. Nothing is sent; a missing key is an error of the first call.

        `api_key`, `base_url`: of the account `default`; otherwise those of the environment, or of the user's accounts
        file. Code that gives `api_key`, `accounts` or a sandbox reads no file. `account`: the account to use.
        `accounts`: name to key, or to `{"api_key", "base_url", "policy"}`; or `AnyAccounts`, for surfaces. `sandbox`:
        True for a local stand-in of the API, a `Sandbox` to share one, False to ignore the environment's wish for one.
        `http_client`: an httpx client of your own, which stays yours to close. `timeout`: seconds that an attempt may
        go without progress; `total`: seconds that an attempt may take in all. `retries`: attempts after the first.
        `policy`: what reads, writes and effects may do. `confirm` answers where the policy says `ask`: it gets an
        `Invocation`, and only `True` is yes; on `AsyncClient` it may be a coroutine function. `force` lifts `ask`.
        `ledger`: where writes are recorded before they are sent. `reply_limit`: the largest reply, in bytes.

        For surfaces: `surface` is their name in the ledger, `repeats` and `repeat_window` (seconds) say which equal
        writes are answered from the ledger, `delivers` that a returned result has reached its caller, `plain` that
        results are JSON: bytes as their base64, events as a list.
        """
        # Whoever brings accounts of another kind (the agent surfaces) has put their keys away already.
        brought = accounts if isinstance(accounts, AnyAccounts) else None
        given: Any = None if brought is not None else accounts
        api_key, given = concealed(api_key, given)
        accounts = None
        self.registry = self._own_registry() if registry is None else check_registry(registry)
        environment = Environment(os.environ, self.registry.api.environment)
        if brought is None and api_key is None and given is None and sandbox in (None, False):
            brought = stored = self._stored_accounts(base_url, policy)
            ledger = ledger if ledger is not None or not stored.has_caps else stored.ledger()
        self._accounts: AnyAccounts = brought or Accounts(
            self.registry, environment, api_key=api_key, base_url=base_url, given=given, policy=policy
        )
        self._sandbox_key = api_key or Secret("sandbox-key")
        self.sandbox: Sandbox | RunningSandbox | None = self._sandbox(sandbox, environment)
        self._clock: Clock = clock or (self.sandbox.clock if self.sandbox is not None else SystemClock())
        self._settings: dict[str, Any] = {
            "clock": self._clock,
            "surface": surface,
            "on_sandbox": self.sandbox is not None,
            "timeout": timeout,
            "total": total,
            "retries": retries,
            "can_ask": confirm is not None,
            "force": force,
            "ledger": ledger,
            "repeats": repeats,
            "repeat_window": repeat_window,
            "delivers": delivers,
            "plain": plain,
        }
        check_settings(self._settings, http_client, confirm, awaits=self._awaits)
        self._settings |= {
            "registry": self.registry,
            "binder": Binder(self.registry),
            "random": random.random,
            "new_key": lambda: secrets.token_hex(16),
            "missing_key": self._accounts.missing_key,
        }
        api = self.registry.api
        distribution = api.distribution or api.name
        kind: Any = AsyncConnection if self._awaits else Connection
        self._connection = kind(
            auth=self.registry.auth,
            schemes=self.registry.schemes.values(),
            agent=f"{distribution}/{api.version}",
            distribution=distribution,
            http_client=http_client,
            transport=NETWORK if self.sandbox is None else self.sandbox.transport,
            reply_limit=reply_limit,
        )
        self._confirm = confirm
        self.ledger = ledger
        self._context = self._context_for(account)

    def _stored_accounts(self, base_url: Any, policy: Any) -> "PythonAccounts":
        # Most programs that pass a key never need what reads files.
        from tool_runtime.accounts.python_accounts import PythonAccounts

        # A traceback shows what a function was given, and the environment holds keys.
        environment = Environment(os.environ, None)
        return PythonAccounts(self.registry, environment, base_url=base_url, policy=policy)

    @classmethod
    def _own_registry(cls) -> Registry:
        if cls.registry_source is None:
            message = "this client has no registry of its own; pass registry=…"
            raise ConfigurationError(message)
        return load_registry(cls.registry_source)

    def _sandbox(self, wanted: Any, environment: Mapping[str, str]) -> "Sandbox | RunningSandbox | None":
        if wanted is None:
            wanted = wants_sandbox(self.registry, environment)
        if wanted is False:
            return None
        from tool_runtime.sandbox.server.remote import RunningSandbox

        if isinstance(wanted, RunningSandbox):
            return wanted
        from tool_runtime.sandbox import Sandbox

        if wanted is True:
            return Sandbox(self.registry)
        if not isinstance(wanted, Sandbox):
            message = f"sandbox is True, False or a Sandbox, not {type(wanted).__name__}"
            raise ConfigurationError(message)
        if wanted.registry is not self.registry and wanted.registry.document != self.registry.document:
            there, here = (f"{one.api.name} {one.api.version}" for one in (wanted.registry, self.registry))
            message = f"the sandbox stands in for {there}, and this client has another registry, of {here}"
            raise ConfigurationError(message, hint="Make the sandbox of the client's registry.")
        return wanted

    def _context_for(self, name: str | None) -> Context:
        if self.sandbox is None:
            account = self._accounts.get(name)
        else:
            # Every account exists in the sandbox, and no real key ever enters it.
            account = self._accounts.sandboxed(name, self._sandbox_key)
        return Context(account=account, **self._settings)

    def account(self, name: str) -> Self:
        """Return this client for another account; connections are shared. Raises `ConfigurationError`."""
        other = copy.copy(self)
        other._context = self._context_for(name)  # noqa: SLF001 - the same class
        return other

    @property
    def account_name(self) -> str:
        """The account that this client uses."""
        return self._context.account.name

    @property
    def base_url(self) -> str:
        """Where calls of this client's account go; on a sandbox, nothing goes there."""
        return self._context.account.base_url

    @property
    def clock(self) -> Clock:
        """The clock that waits and deadlines go by: the sandbox's own, or the system's."""
        return self._clock

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the accounts that have a key."""
        return self._accounts.names

    def preview(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> dict[str, Any]:
        """Return exactly what a call would send, with secrets masked; nothing is sent and no key is needed."""
        return preview(self._context, self._tool(tool), given_arguments(arguments), request_options)

    def copy_of(self, tool: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with which a tool makes another record like one that the API answered with.

        Example: `client.create_agent(**client.copy_of("create_agent", client.get_agent(agent_id="agent_1")))`.
        """
        resolved = self.registry.resolve(tool)
        resource = self.registry.resources.get(resolved.resource.name) if resolved.resource else None
        identifier = resource.id_field if resource is not None else None
        return copied_arguments(resolved, record, self._context.binder.accepts, identifier)

    def _tool(self, name: str) -> Tool:
        tool = self.registry.resolve(name)
        if tool.deprecated or tool.sunset:
            warn_of_deprecation(tool, type(self))
        return tool

    def _invocation(self, tool: str, arguments: Any, request_options: Any, record: str | None = None) -> Flow:
        return invoke(self._context, self._tool(tool), given_arguments(arguments), request_options, record_id=record)

    def _pages(self, tool: str, arguments: Any, max_items: Any, request_options: Any) -> Pages:
        return Pages(self._context, self._tool(tool), given_arguments(arguments), request_options, max_items)

    def _waiting(
        self, waiter: str, arguments: Any, timeout: Any, interval: Any, request_options: Any, watch: Any
    ) -> Flow:
        declared = self.registry.waiter(waiter)
        self._tool(declared.tool)
        options = {"timeout": timeout, "interval": interval, "request_options": request_options, "watch": watch}
        return wait(self._context, declared, given_arguments(arguments), **options)

    def __repr__(self) -> str:
        """Show the account and where calls go, and no key. A client that failed to be made has none yet."""
        context = getattr(self, "_context", None)
        if context is None:
            return f"<{type(self).__name__} that was not made>"
        target = "the sandbox" if self.sandbox is not None else context.account.base_url
        return f"<{type(self).__name__} account={context.account.name!r} of {target}>"
