"""The sandbox as its users hold it.

Owns: putting the parts together for one registry, and the handles for tests: faults, records, what was
received.
Must not know: anything about a particular API; that is in the registry's `resources`.
"""

import copy
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import ErrorBodies
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.failures import Fault, Faults, Kind
from tool_runtime.sandbox.httpx_transport import SandboxTransport
from tool_runtime.sandbox.received import Auth, Received
from tool_runtime.sandbox.routes import Route, Routes
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.store import Store
from tool_runtime.sandbox.virtual_clock import Clock

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LATENCY: Final = 0.1


class HasDocument(Protocol):
    """A loaded registry: `document` is the JSON that it was read from."""

    @property
    def document(self) -> Mapping[str, Any]:
        """The registry as JSON."""


class Sandbox:
    """A local stand-in for an API: no key, no money, no network, and the same answers on every run.

    `registry` is a loaded registry or its JSON. `examples` adds the records that the spec's examples speak
    of. `api_keys` are the only keys that are let in (None: any key is). `start` is when its time begins. Each
    request takes `latency` seconds of virtual time, so that a loop which never sleeps sees records move on
    all the same. Safe to share between threads and clients.
    """

    def __init__(
        self,
        registry: HasDocument | Mapping[str, Any],
        *,
        examples: bool = False,
        api_keys: Collection[str] | None = None,
        start: datetime = START,
        latency: float = _LATENCY,
    ) -> None:
        document = registry if isinstance(registry, Mapping) else registry.document
        self._document = document
        self._routes = Routes(document)
        self._faults = Faults()
        self._clock = Clock(start)
        schemas = Schemas(document)
        self._store = Store(document.get("resources", {}), self._clock, examples=examples)
        self._actions = Actions(document, self._store, schemas)
        self._transport = SandboxTransport(
            routes=self._routes,
            auth=Auth(document.get("auth", {}), api_keys),
            checks=Checks(document, schemas),
            actions=self._actions,
            errors=ErrorBodies(document),
            faults=self._faults,
            clock=self._clock,
            latency=latency,
        )

    def __repr__(self) -> str:
        """Show the time and how many requests came."""
        return f"Sandbox(clock={self._clock!r}, requests={len(self.requests)})"

    @property
    def transport(self) -> SandboxTransport:
        """What to give to `httpx.Client(transport=...)` or `httpx.AsyncClient(transport=...)`."""
        return self._transport

    @property
    def clock(self) -> Clock:
        """The sandbox's time. It stands still between requests unless somebody sleeps on it."""
        return self._clock

    @property
    def requests(self) -> list[Received]:
        """What was received, oldest first."""
        return self._transport.requests

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Return copies of a resource's records as of now, oldest first; KeyError for an unknown name."""
        with self._transport.lock:
            self._actions.advance()
            return [copy.deepcopy(entry.record) for entry in self._store.entries(resource)]

    def put(self, resource: str, record: Mapping[str, Any]) -> None:
        """Add a record, or replace the one with its id. Raises KeyError for an unknown resource."""
        with self._transport.lock:
            self._store.put(resource, copy.deepcopy(dict(record)))

    def fault(
        self,
        tool: str | None = None,
        kind: Kind = "status",
        *,
        times: int = 1,
        skip: int = 0,
        status: int = 503,
        message: str | None = None,
        retry_after: float | None = None,
        location: str = "https://example.com/",
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Let the next `times` requests of a tool (None: of any) go wrong, after `skip` that go well.

        The kinds are listed in `tool_runtime.sandbox.failures`. `status`, `message` and `retry_after` (seconds)
        belong to `status`, `location` to `redirect`, `changes` (dotted paths to values) to `alter`. Raises
        ValueError for an unknown kind and for a tool that has no route of its own.
        """
        fault = Fault(
            kind=kind,
            route=self._route(tool) if tool is not None else None,
            times=times,
            skip=skip,
            status=status,
            message=message,
            retry_after=retry_after,
            location=location,
            changes=dict(changes or {}),
        )
        with self._transport.lock:
            self._faults.add(fault)

    @property
    def waiting_faults(self) -> int:
        """How many of the faults asked for have not struck yet."""
        return sum(fault.times for fault in self._faults.waiting)

    def _route(self, name: str) -> Route:
        for canonical, tool in self._document["tools"].items():
            if (
                name in {canonical, tool.get("full_name"), *tool.get("aliases", ())}
                and canonical in self._routes.by_tool
            ):
                return self._routes.by_tool[canonical]
        message = f"no tool {name!r} with a route of its own"
        raise ValueError(message)
