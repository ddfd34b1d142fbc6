"""The desk: calls that are under way.

A call is a job of the desk and not of the request that asked for the call. A write goes on and is written down although
its client has cancelled, hung up or died, since a dial cannot be taken back. A read ends with its request. An equal
write that comes while the first one is under way joins the first one. Whoever has the handle of a job can wait for the
job again.

Must not know: tools, the protocol, what a result is.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

KEPT_JOBS = 500
# How often a waiting request says that the call is still under way, in seconds.
PULSE = 5.0


class Job:
    """One call. `value` is what `work` returned, once `ended` is set. `held` is for whoever started the job."""

    def __init__(self, label: str, key: str | None, *, keeps_on: bool, held: Any = None) -> None:
        self.handle = f"job_{secrets.token_urlsafe(12)}"
        self.label, self.key, self.keeps_on, self.held = label, key, keeps_on, held
        self.started = time.monotonic()
        self.ended = anyio.Event()
        self.value: Any = None
        self.scope = anyio.CancelScope(shield=keeps_on)

    @property
    def seconds(self) -> float:
        """How long the job has been under way."""
        return time.monotonic() - self.started


class Desk:
    """The jobs of one server."""

    def __init__(self) -> None:
        self._group: TaskGroup | None = None
        self._live: dict[str, Job] = {}
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._users = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the desk open. At the end, jobs that keep on are waited for, and the others are cancelled."""
        if self._group is not None:
            # The SDK may enter its life time once for each connection; the first one holds the desk.
            yield
            return
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                yield
            finally:
                self._group = None
                for job in self._known.values():
                    if not job.keeps_on:
                        job.scope.cancel()

    def start(
        self, label: str, work: Callable[[], Awaitable[Any]], *, key: str | None, keeps_on: bool, held: Any = None
    ) -> tuple[Job, bool]:
        """Start a job, or join the live one with the same key. Returns the job, and whether it was joined.

        `work` must turn its errors into values; what it raises all the same is the job's value.
        """
        live = self._live.get(key) if key is not None else None
        if live is not None:
            return live, True
        if self._group is None:
            message = "the desk is closed"
            raise RuntimeError(message)
        job = Job(label, key, keeps_on=keeps_on, held=held)
        if key is not None:
            self._live[key] = job
        self._remember(job)
        self._group.start_soon(self._run, job, work)
        return job, False

    async def _run(self, job: Job, work: Callable[[], Awaitable[Any]]) -> None:
        try:
            with job.scope:
                job.value = await work()
        except Exception as error:  # noqa: BLE001 - a job that fails must not end the other jobs
            job.value = error
        finally:
            if job.key is not None and self._live.get(job.key) is job:
                del self._live[job.key]
            job.ended.set()

    def _remember(self, job: Job) -> None:
        self._known[job.handle] = job
        for handle in [handle for handle, one in self._known.items() if one.ended.is_set()]:
            if len(self._known) <= KEPT_JOBS:
                break
            del self._known[handle]

    def live(self, key: str | None) -> Job | None:
        """Return the job under way with a key."""
        return self._live.get(key) if key is not None else None

    def find(self, handle: str) -> Job | None:
        """Return the job of a handle; None for a handle of another server, or of long ago."""
        return self._known.get(handle)

    async def wait(self, job: Job, patience: float, pulse: Callable[[float], Awaitable[None]] | None = None) -> bool:
        """Wait for a job, at most `patience` seconds, and return whether it has ended.

        `pulse` is awaited from time to time with the seconds so far. A read is cancelled with whoever waits for it.
        """
        try:
            until = time.monotonic() + patience
            while not job.ended.is_set() and (left := until - time.monotonic()) > 0:
                with anyio.move_on_after(min(PULSE, left)):
                    await job.ended.wait()
                if not job.ended.is_set() and pulse is not None:
                    await pulse(job.seconds)
        except anyio.get_cancelled_exc_class():
            if not job.keeps_on:
                job.scope.cancel()
            raise
        return job.ended.is_set()

    async def until_news(self, job: Job, news: anyio.Event, seconds: float) -> None:
        """Wait until a job has ended, `news` is set, or `seconds` are over. A read is cancelled as in `wait`."""

        async def wake(event: anyio.Event) -> None:
            await event.wait()
            group.cancel_scope.cancel()

        try:
            with anyio.move_on_after(seconds):
                async with anyio.create_task_group() as group:
                    group.start_soon(wake, job.ended)
                    group.start_soon(wake, news)
        except anyio.get_cancelled_exc_class():
            if not job.keeps_on:
                job.scope.cancel()
            raise

    @property
    def kept(self) -> list[Job]:
        """The jobs under way that must come to their end."""
        return [job for job in self._known.values() if job.keeps_on and not job.ended.is_set()]

    async def settle(self, seconds: float) -> list[Job]:
        """Wait for the jobs that must come to their end, and return those that did not within `seconds`."""
        with anyio.move_on_after(seconds):
            for job in self.kept:
                await job.ended.wait()
        return self.kept
