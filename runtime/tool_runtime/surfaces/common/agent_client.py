"""Clients of the agent surfaces: the one place where accounts, policy, caps and the ledger come together.

Command line, Lua and MCP get their clients here and nowhere else, so an account means the same on each of them. Owns
which ledger is used: one in the user's state folder, for every surface and process. Must not know: which surface asks.

A ledger that cannot be written refuses writes, since nobody could say afterwards what was sent; reads need no ledger.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tool_runtime.accounts.environment import wants_sandbox
from tool_runtime.accounts.stored_accounts import read_accounts
from tool_runtime.accounts.user_ledger import user_ledger
from tool_runtime.core.clock import Clock, SystemClock
from tool_runtime.core.flow import Repeats
from tool_runtime.core.gate import Invocation
from tool_runtime.core.ledger import AnyLedger
from tool_runtime.core.registry import Registry
from tool_runtime.surfaces.common.client import AsyncClient, Client

if TYPE_CHECKING:
    from pathlib import Path

    from tool_runtime.sandbox import Sandbox
    from tool_runtime.sandbox.server.remote import RunningSandbox

_Kind = TypeVar("_Kind", Client, AsyncClient)


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What whoever starts a surface chose for its calls.

    `account`: the account to use; None where none was named. `sandbox`: True for a sandbox of this client's own, or one
    to share; False leaves the choice to the environment. `force` lifts a policy's `ask` and nothing else. `read_only`
    denies every write. `timeout`, `total` (seconds) and `retries` are those of `Client`.
    """

    account: str | None = None
    sandbox: "Sandbox | RunningSandbox | bool" = False
    force: bool = False
    read_only: bool = False
    timeout: float | None = None
    total: float | None = None
    retries: int | None = None


def agent_client(
    registry: Registry,
    options: AgentOptions,
    *,
    surface: str,
    confirm: Callable[[Invocation], Any] | None = None,
    kind: type[_Kind] = Client,  # type: ignore[assignment]  # the default of a constrained type
    repeats: Repeats = "undelivered",
    delivers: bool = False,
) -> _Kind:
    """Return a client of the given kind for an agent surface; the caller closes the client.

    Reads the accounts (`stored_accounts`), gives reads and writes their policy, opens the ledger at the first write,
    and applies caps. `confirm`, `repeats` and `delivers` are those of `Client`; with `delivers=False` the surface says
    `client.ledger.deliver(id)` once its caller has the result. Raises `ConfigurationError` for settings that cannot be
    read, and for an account that does not exist.
    """
    accounts = read_accounts(registry, os.environ, read_only=options.read_only)
    sandbox = agent_sandbox(registry, options)
    return kind(
        registry=registry,
        account=options.account,
        accounts=accounts,
        sandbox=sandbox,
        clock=None if isinstance(sandbox, bool) else _LedgersClock(sandbox.clock),
        timeout=options.timeout,
        total=options.total,
        retries=options.retries,
        confirm=confirm,
        force=options.force,
        ledger=agent_ledger(registry),
        surface=surface,
        repeats=repeats,
        delivers=delivers,
        plain=True,
    )


class _LedgersClock(SystemClock):
    """The sandbox's clock, on which waiting is free, with the time of day of the ledger.

    Each sandbox begins at the same moment of its own time. In the ledger, calls of all runs would be of that one
    minute, and caps would count all of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        """Return the sandbox's seconds."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let the sandbox's time pass."""
        self._clock.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Let the sandbox's time pass."""
        await self._clock.asleep(seconds)


def agent_sandbox(registry: Registry, options: AgentOptions) -> "Sandbox | RunningSandbox | bool":
    """Return the sandbox that calls go to, or False: as the options say, or else the environment.

    That is the one that the user runs as a server, so that commands build on each other; or else one for this client
    alone. Either knows the ids that the examples of the reference use.
    """
    if options.sandbox is False and not wants_sandbox(registry, os.environ):
        return False
    if options.sandbox is True or options.sandbox is False:
        found = running_sandbox(registry)
        if found is not None:
            return found
        from tool_runtime.sandbox import Sandbox

        return Sandbox(registry, examples=True)
    return options.sandbox


def running_sandbox(registry: Registry) -> "RunningSandbox | None":
    """Return the sandbox that the user runs as a server; None where none of this API runs."""
    from tool_runtime.sandbox.server.running import running_url

    url = running_url(state_folder(registry), registry.api.name)
    if url is None:
        return None
    from tool_runtime.sandbox.server.remote import RunningSandbox

    return RunningSandbox(registry, url)


def state_folder(registry: Registry) -> "Path":
    """Return the folder of the user's state: the ledger, and the file that says where a sandbox runs."""
    from tool_runtime.accounts.sqlite_ledger import default_ledger_path

    return default_ledger_path(registry.api.command or registry.api.name).parent


def agent_ledger(registry: Registry) -> AnyLedger:
    """Return the ledger of the agent surfaces. The file is opened, or made, when it is first used."""
    return user_ledger(registry.api)
