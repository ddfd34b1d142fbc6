"""Clients: the Python surface, and the two drivers under it.

`Client` blocks, `AsyncClient` awaits; both run the same flows over httpx. Generated clients derive from them and add a
typed method per tool. A client is safe to share between threads; its accounts share its connections. Owns
construction, life time and the drivers; what a call means is decided in the modules below. httpx is imported when
the first request is sent, not before.
"""

import copy
import inspect
import os
import random
import sys
import uuid
import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from tool_runtime.accounts.environment import Accounts, wants_sandbox
from tool_runtime.core.account import Account, Policy
from tool_runtime.core.binding import Binder
from tool_runtime.core.clock import Clock, SystemClock
from tool_runtime.core.errors import ConfigurationError, Fault, InvalidArguments
from tool_runtime.core.flow import Confirm, Context, Flow, Send
from tool_runtime.core.invoke import Pages, call, wait
from tool_runtime.core.options import RequestOptions, read_options
from tool_runtime.core.preview import preview
from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.core.secrets import Secret
from tool_runtime.core.tools import Tool
from tool_runtime.http.transport import Session, drive, drive_async, make_http_client, to_httpx, to_reply, translated


class ToolDeprecationWarning(FutureWarning):
    """A tool is deprecated or will stop working. A FutureWarning, so that users of scripts see it too."""


class _Base(ABC):
    """What both clients share: construction, accounts, names."""

    registry_source: ClassVar[Path | None] = None
    _awaits: ClassVar[bool] = False

    def __init__(
        self,
        api_key: str | None = None,
        *,
        registry: Registry | None = None,
        base_url: str | None = None,
        account: str | None = None,
        accounts: Mapping[str, Any] | None = None,
        sandbox: Any = None,
        http_client: Any = None,
        timeout: float | None = None,
        retries: int | None = None,
        policy: Policy | None = None,
        confirm: Confirm | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Make a client; nothing is sent, and a missing key is told by the first call.

        `api_key`, `base_url`: of the account `default`; otherwise the environment's. `account`: the account to use.
        `accounts`: name to key, or to `{"api_key", "base_url", "policy"}`. `sandbox`: True for a local stand-in of
        the API, a `Sandbox` to share one, False to ignore the environment's wish for it. `http_client`: an httpx
        client of your own, which stays yours to close. `timeout`: seconds that an attempt may go without progress.
        `retries`: attempts after the first. `policy`, `confirm`: what reads and writes may do, and who answers where
        it says `ask`.
        """
        self.registry = registry or self._own_registry()
        environment = os.environ
        self._accounts = Accounts(
            self.registry, environment, api_key=api_key, base_url=base_url, given=accounts, policy=policy
        )
        self.sandbox = self._sandbox(sandbox, environment)
        if self.sandbox is not None and http_client is not None:
            message = "sandbox and http_client exclude each other"
            raise ConfigurationError(message)
        if http_client is not None and inspect.iscoroutinefunction(http_client.send) is not self._awaits:
            message = f"{type(self).__name__} needs an httpx client of its own kind, not {type(http_client).__name__}"
            raise ConfigurationError(message)
        given = {"timeout": timeout, "retries": retries}
        _, faults = read_options({name: value for name, value in given.items() if value is not None}, "")
        if faults:
            message = "; ".join(str(fault).removeprefix("request_options.") for fault in faults)
            raise ConfigurationError(message)
        self._sandbox_key = Secret(api_key or "sandbox-key")
        self._session = Session(self._make_http_client, http_client)
        self._clock: Clock = clock or (self.sandbox.clock if self.sandbox is not None else SystemClock())
        self._binder = Binder(self.registry)
        self._timeout, self._retries, self._confirm = timeout, retries, confirm
        version = self.registry.api.version
        self._agent = f"{self.registry.api.distribution or self.registry.api.name}/{version}"
        self._context = self._context_for(account)

    @classmethod
    def _own_registry(cls) -> Registry:
        if cls.registry_source is None:
            message = "this client has no registry of its own; pass registry=…"
            raise ConfigurationError(message)
        return load_registry(cls.registry_source)

    def _sandbox(self, wanted: Any, environment: Mapping[str, str]) -> Any:
        if wanted is None:
            wanted = wants_sandbox(self.registry, environment)
        if wanted is True:
            from tool_runtime.sandbox import Sandbox

            return Sandbox(self.registry)
        if wanted is not False and not hasattr(wanted, "transport"):
            message = f"sandbox is True, False or a Sandbox, not {type(wanted).__name__}"
            raise ConfigurationError(message)
        return wanted or None

    @abstractmethod
    def _make_http_client(self) -> Any:
        """Make the httpx client of this kind."""

    def _context_for(self, name: str | None) -> Context:
        if self.sandbox is None:
            account = self._accounts.get(name)
        else:
            # Every account exists in the sandbox, and no real key ever enters it.
            account = Account(name or "default", self._sandbox_key, self.registry.server.base_url)
        return Context(
            registry=self.registry,
            binder=self._binder,
            account=account,
            clock=self._clock,
            random=random.random,
            new_key=lambda: str(uuid.uuid4()),
            timeout=self._timeout,
            retries=self._retries,
            confirm=self._confirm,
            missing_key=self._accounts.missing_key,
        )

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
    def accounts(self) -> tuple[str, ...]:
        """The names of the accounts that have a key."""
        return self._accounts.names

    def preview(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return exactly what a call would send, with secrets masked; nothing is sent and no key is needed."""
        given, options = _split({} if arguments is None else arguments)
        return preview(self._context, self._tool(tool), given, options)

    def _tool(self, name: str) -> Tool:
        tool = self.registry.resolve(name)
        if tool.deprecated or tool.sunset:
            sunset = f" and stops working on {tool.sunset}" if tool.sunset else ""
            better = f"; use {tool.replaced_by}" if tool.replaced_by else ""
            warnings.warn(f"{tool.name} is deprecated{sunset}{better}", ToolDeprecationWarning, stacklevel=4)
        return tool

    def _pages(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        max_items: Any,
        request_options: RequestOptions | None = None,
    ) -> Pages:
        if max_items is not None and (isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 0):
            fault = Fault("max_items", "value", "expected a whole number, 0 or more")
            raise InvalidArguments(f"{tool}: {fault}", tool=tool, faults=(fault,))
        given, options = _split(arguments, request_options)
        return Pages(self._context, self._tool(tool), given, options, max_items)

    def _waiting(
        self,
        waiter: str,
        arguments: Mapping[str, Any],
        timeout: Any,
        interval: Any,
        request_options: RequestOptions | None = None,
    ) -> Flow:
        given, options = _split(arguments, request_options)
        return wait(self._context, waiter, given, timeout=timeout, interval=interval, request_options=options)

    def __repr__(self) -> str:
        """Show the account and where calls go, and no key."""
        target = "the sandbox" if self.sandbox is not None else self._context.account.base_url
        return f"<{type(self).__name__} account={self.account_name!r} of {target}>"


class Client(_Base):
    """Calls tools and blocks until the result is there."""

    def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Call a tool by any of its names and return the JSON that the API sent. Raises `ToolError`."""
        given, options = _split({} if arguments is None else arguments, request_options)
        return self._run(call(self._context, self._tool(tool), given, options))

    def pages(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        max_items: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Iterator[list[Any]]:
        """Yield the pages of a paged tool, each as its list of rows; `max_items` ends them early."""
        pages = self._pages(tool, {} if arguments is None else arguments, max_items, request_options)
        while pages.more:
            yield self._run(pages.fetch())

    def wait_for(
        self,
        waiter: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        interval: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Repeat a read until the waiter's state is there, and return that reply. Both times are in seconds."""
        given = {} if arguments is None else arguments
        return self._run(self._waiting(waiter, given, timeout, interval, request_options))

    def _call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        given, options = _split(arguments)
        return self._run(call(self._context, self._tool(tool), given, options))

    def _run(self, flow: Any) -> Any:
        return drive(flow, self._perform)

    def _perform(self, command: Any) -> Any:
        if not isinstance(command, Send):
            return self._clock.sleep(command.seconds)
        client, account = self._session.client(), self._context.account
        request = to_httpx(self._session, client, command.request, account, self.registry.auth, self._agent)
        with translated(account):
            # Neither httpx's own auth nor a redirect may take the key elsewhere or replace it.
            response = client.send(request, auth=None, follow_redirects=False)
        return to_reply(response)

    def _make_http_client(self) -> Any:
        import httpx

        transport = self.sandbox.transport if self.sandbox is not None else None
        return make_http_client(httpx.Client, transport)

    def close(self) -> None:
        """Close the connections; an `http_client` of your own stays open."""
        client = self._session.detach()
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()


class AsyncClient(_Base):
    """Calls tools and awaits the result."""

    _awaits = True

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Call a tool by any of its names and return the JSON that the API sent. Raises `ToolError`."""
        given, options = _split({} if arguments is None else arguments, request_options)
        return await self._run(call(self._context, self._tool(tool), given, options))

    async def pages(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        max_items: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> AsyncIterator[list[Any]]:
        """Yield the pages of a paged tool, each as its list of rows; `max_items` ends them early."""
        pages = self._pages(tool, {} if arguments is None else arguments, max_items, request_options)
        while pages.more:
            yield await self._run(pages.fetch())

    async def wait_for(
        self,
        waiter: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        interval: float | None = None,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Repeat a read until the waiter's state is there, and return that reply. Both times are in seconds."""
        given = {} if arguments is None else arguments
        return await self._run(self._waiting(waiter, given, timeout, interval, request_options))

    async def _call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        given, options = _split(arguments)
        return await self._run(call(self._context, self._tool(tool), given, options))

    async def _run(self, flow: Any) -> Any:
        return await drive_async(flow, self._perform)

    async def _perform(self, command: Any) -> Any:
        if not isinstance(command, Send):
            return await self._clock.asleep(command.seconds)
        client, account = self._session.client(_running_loop()), self._context.account
        request = to_httpx(self._session, client, command.request, account, self.registry.auth, self._agent)
        with translated(account):
            response = await client.send(request, auth=None, follow_redirects=False)
        return to_reply(response)

    def _make_http_client(self) -> Any:
        import httpx

        transport = self.sandbox.transport if self.sandbox is not None else None
        return make_http_client(httpx.AsyncClient, transport)

    async def close(self) -> None:
        """Close the connections; an `http_client` of your own stays open."""
        client = self._session.detach()
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.close()


def _running_loop() -> Any:
    # Whoever awaits has imported asyncio already; under another event loop library there is no such loop.
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio.get_running_loop() if asyncio else None
    except RuntimeError:
        return None


def _split(arguments: Any, request_options: Any = None) -> tuple[Any, Any]:
    """Take `request_options` out of the arguments, where generated methods carry them."""
    if request_options is None and isinstance(arguments, Mapping) and "request_options" in arguments:
        given = dict(arguments)
        return given, given.pop("request_options")
    return arguments, request_options
