"""Clients by name: what every surface calls tools with.

`Client` blocks, `AsyncClient` awaits; both run the same flows. Generated clients derive from them and add a typed
method per tool. A client is safe to share between threads; its accounts share its connections. Owns the calls by name
and the driving of flows; `base_client` makes clients, and what a call means is decided in the core.
"""

import copy
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from tool_runtime.core.clock import Clock
from tool_runtime.core.flow import Ask, Done, Flow, Send
from tool_runtime.core.options import RequestOptions
from tool_runtime.core.pages import Pages
from tool_runtime.http.connection import AsyncConnection, Connection
from tool_runtime.http.drivers import drive, drive_async
from tool_runtime.surfaces.common.base_client import BaseClient, Confirm
from tool_runtime.surfaces.common.client_settings import check_settings, plain_answer
from tool_runtime.surfaces.common.saving import say_done, target_of

# What a generated method says that its tool returns: checkers take the type from there.
Result = TypeVar("Result")


def split_options(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Part the keywords of a generated method: `{"a": 1, "request_options": o}` gives `({"a": 1}, o)`.

    Only keywords of Python code come this way. A mapping that is passed on as a whole is somebody's data, in which
    `request_options` is an unknown argument.
    """
    given = dict(arguments)
    return given, given.pop("request_options", None)


class Client(BaseClient):
    """Calls tools and blocks until the result is there."""

    _connection: Connection

    def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Call a tool by any of its names and return the JSON that the API sent. Raises `ToolError`."""
        return self.invoke(tool, arguments, request_options=request_options).result

    def invoke(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
        record: str | None = None,
    ) -> Done:
        """Call a tool as `call` does, and return its result with its ledger id.

        `record` is the ledger id that a write shall have; an id that the ledger holds already is refused.
        """
        if target_of(request_options) is not None:
            return self._saved(tool, arguments, request_options, record)
        done: Done = self._run(self._invocation(tool, arguments, request_options, record))
        return done

    def _saved(self, tool: str, arguments: Any, request_options: Any, record: str | None = None) -> Done:
        """Call a tool and write its answer to a file; the result is the file's path."""
        done: Done = self._run(self._invocation(tool, arguments, request_options, record))
        try:
            return replace(done, result=done.result.save(target_of(request_options)))
        except BaseException as error:
            say_done(error, tool)
            raise

    def page(self, tool: str, arguments: Mapping[str, Any] | None = None) -> tuple[list[Any], dict[str, Any] | None]:
        """Return the rows of one page, and the arguments that ask for the next one; None where there is none."""
        pages = self._pages(tool, arguments, None, None)
        rows: list[Any] = self._run(pages.fetch())
        return rows, pages.following

    def asking(self, confirm: Confirm, *, clock: Clock | None = None) -> Self:
        """Return this client with another `confirm`, which is asked wherever a policy says so; the rest is shared.

        `clock` is the one that pauses go by, for those who end pauses early.
        """
        check_settings(self._settings, None, confirm, awaits=self._awaits)
        other = copy.copy(self)
        other._settings = {**self._settings, "can_ask": True}  # noqa: SLF001 - the same class
        other._confirm = confirm  # noqa: SLF001 - as above
        other._context = replace(self._context, can_ask=True)  # noqa: SLF001 - as above
        other._clock = clock or self._clock  # noqa: SLF001 - as above
        return other

    def pages(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        max_items: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> Iterator[list[Any]]:
        """Return the pages of a paged tool, each as its list of rows; `max_items` ends them early."""
        return self._fetched(self._pages(tool, arguments, max_items, request_options))

    def _fetched(self, pages: Pages) -> Iterator[list[Any]]:
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
        watch: Callable[[Any], None] | None = None,
    ) -> Any:
        """Repeat a read until the waiter's state is there, and return that reply. Both times are in seconds.

        `watch` gets each reply that does not hold the state yet, for those who show progress.
        """
        return self._run(self._waiting(waiter, arguments, timeout, interval, request_options, watch))

    def _call(self, tool: str, arguments: Mapping[str, Any]) -> Result:  # type: ignore[type-var]  # see Result
        given, options = split_options(arguments)
        if target_of(options) is not None:
            return self._saved(tool, given, options).result  # type: ignore[no-any-return]
        # One line: an interrupt between the result and its return would end the call without a word on the outcome.
        return self._run(self._invocation(tool, given, options)).result  # type: ignore[no-any-return]

    def _run(self, flow: Flow) -> Any:
        return drive(flow, self._perform)

    def _perform(self, command: Any) -> Any:
        if type(command) is Send:
            return self._connection.send(command.request, self._context.account)
        if type(command) is Ask:
            return self._confirm is not None and plain_answer(self._confirm(command.invocation))
        return self._clock.sleep(command.seconds)

    def close(self) -> None:
        """Close the connections; an `http_client` of your own stays open."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        self.close()


class AsyncClient(BaseClient):
    """Calls tools and awaits the result."""

    _awaits = True
    _connection: AsyncConnection

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> Any:
        """Call a tool by any of its names and return the JSON that the API sent. Raises `ToolError`."""
        return (await self.invoke(tool, arguments, request_options=request_options)).result

    async def invoke(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        request_options: RequestOptions | None = None,
    ) -> Done:
        """Call a tool as `call` does, and return its result with its ledger id."""
        if target_of(request_options) is not None:
            return await self._saved(tool, arguments, request_options)
        done: Done = await self._run(self._invocation(tool, arguments, request_options))
        return done

    async def _saved(self, tool: str, arguments: Any, request_options: Any) -> Done:
        """Call a tool and write its answer to a file; the result is the file's path."""
        done: Done = await self._run(self._invocation(tool, arguments, request_options))
        try:
            return replace(done, result=await done.result.save(target_of(request_options)))
        except BaseException as error:
            say_done(error, tool)
            raise

    def pages(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        max_items: int | None = None,
        request_options: RequestOptions | None = None,
    ) -> AsyncIterator[list[Any]]:
        """Return the pages of a paged tool, each as its list of rows; `max_items` ends them early."""
        return self._fetched(self._pages(tool, arguments, max_items, request_options))

    async def _fetched(self, pages: Pages) -> AsyncIterator[list[Any]]:
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
        watch: Callable[[Any], None] | None = None,
    ) -> Any:
        """Repeat a read until the waiter's state is there, and return that reply. Both times are in seconds.

        `watch` gets each reply that does not hold the state yet, for those who show progress.
        """
        return await self._run(self._waiting(waiter, arguments, timeout, interval, request_options, watch))

    async def _call(self, tool: str, arguments: Mapping[str, Any]) -> Result:
        given, options = split_options(arguments)
        if target_of(options) is not None:
            return (await self._saved(tool, given, options)).result  # type: ignore[no-any-return]
        return (await self._run(self._invocation(tool, given, options))).result  # type: ignore[no-any-return]

    def _run(self, flow: Flow) -> Awaitable[Any]:
        return drive_async(flow, self._perform)

    async def _perform(self, command: Any) -> Any:
        if type(command) is Send:
            return await self._connection.send(command.request, self._context.account)
        if type(command) is Ask:
            answer = self._confirm is not None and self._confirm(command.invocation)
            return await answer if inspect.isawaitable(answer) else answer
        return await self._clock.asleep(command.seconds)

    async def close(self) -> None:
        """Close the connections; an `http_client` of your own stays open."""
        await self._connection.aclose()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.close()
