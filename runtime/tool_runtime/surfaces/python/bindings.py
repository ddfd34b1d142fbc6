"""What generated bindings stand on beside the clients: `client.iter`, `client.wait`, and the types of results."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from tool_runtime.http.streams import AsyncEvents, AsyncStream, Events, Stream
from tool_runtime.surfaces.common.client import AsyncClient, Client, Result, split_options
from tool_runtime.values.media import Content

__all__ = [
    "AsyncClient", "AsyncEvents", "AsyncIterators", "AsyncStream", "AsyncWaiters", "Client", "Content", "Events",
    "Iterators", "Stream", "Waiters", "reading",
]  # fmt: skip


def reading(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Make options of the keywords that say how bytes are read.

    `{"id": "a", "to": "x.png"}` -> `{"id": "a", "request_options": {"to": "x.png"}}`
    """
    given = dict(arguments)
    how = {name: given.pop(name) for name in ("to", "stream") if name in given}
    return given | {"request_options": {**(given.get("request_options") or {}), **how}} if how else given


class Iterators:
    """`client.iter`: the rows of paged tools, page after page. Generated classes add a method per paged tool."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _iter(self, tool: str, arguments: Mapping[str, Any], max_items: int | None = None) -> Iterator[Any]:
        given, options = split_options(arguments)
        for rows in self._client.pages(tool, given, max_items=max_items, request_options=options):
            yield from rows


class AsyncIterators:
    """`client.iter` of an `AsyncClient`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def _iter(self, tool: str, arguments: Mapping[str, Any], max_items: int | None = None) -> AsyncIterator[Any]:
        given, options = split_options(arguments)
        async for rows in self._client.pages(tool, given, max_items=max_items, request_options=options):
            for row in rows:
                yield row


class Waiters:
    """`client.wait`: waits until a state is reached. Generated classes add a method per waiter."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _wait(
        self,
        waiter: str,
        arguments: Mapping[str, Any],
        timeout: float | None = None,
        interval: float | None = None,
    ) -> Result:  # type: ignore[type-var]  # as in the clients
        given, options = split_options(arguments)
        return self._client.wait_for(waiter, given, timeout=timeout, interval=interval, request_options=options)  # type: ignore[no-any-return]


class AsyncWaiters:
    """`client.wait` of an `AsyncClient`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def _wait(
        self,
        waiter: str,
        arguments: Mapping[str, Any],
        timeout: float | None = None,
        interval: float | None = None,
    ) -> Result:
        given, options = split_options(arguments)
        return await self._client.wait_for(waiter, given, timeout=timeout, interval=interval, request_options=options)  # type: ignore[no-any-return]
