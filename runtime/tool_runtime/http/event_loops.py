"""Event loops: which one runs, and how the connections of one are closed when that loop ends.

Knows asyncio and trio by what they share: each closes the asynchronous generators that were begun in it (PEP 525).
"""

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tool_runtime.http.network import AsyncNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The connections of one event loop, with the generator that closes them when the loop ends."""

    network: "AsyncNetwork"
    keeper: AsyncGenerator[None, None]


async def keeper_of(network: "AsyncNetwork", forget: Callable[[], None]) -> AsyncGenerator[None, None]:
    """Close the connections of a loop when closed itself.

    An event loop closes the asynchronous generators that were begun in it before it ends (PEP 525), and those that
    nobody holds any more. That is the one moment at which the connections of a loop can be closed in an orderly way.
    """
    try:
        yield
    finally:
        forget()
        await network.aclose()


# What a forked process inherited of event loops. To close it would take the descriptors out of the other process's own
# selector, which both share; to drop it would warn. It stays until the process ends.
INHERITED: list[Kept] = []


def running_loop() -> tuple[Any, bool]:
    """Return what stands for the running event loop, and whether that is one of asyncio."""
    # Whoever awaits has imported the library already.
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if asyncio is not None:
        try:
            return asyncio.get_running_loop(), True
        except RuntimeError:
            if trio is None:
                raise
    return trio.lowlevel.current_trio_token(), False  # type: ignore[union-attr]  # nothing else awaits


def has_ended(loop: Any) -> bool:
    """Whether an event loop was closed. False for trio, whose loop closes its connections before it ends."""
    is_closed = getattr(loop, "is_closed", None)
    return is_closed is not None and is_closed()


def close_in(loop: Any, keeper: AsyncGenerator[None, None]) -> None:
    """Let another event loop close the connections that belong to it; one that has ended is past that."""
    with suppress(Exception):
        if hasattr(loop, "call_soon_threadsafe"):
            loop.call_soon_threadsafe(lambda: loop.create_task(keeper.aclose()))
        else:
            import trio

            loop.run_sync_soon(lambda: trio.lowlevel.spawn_system_task(keeper.aclose))
