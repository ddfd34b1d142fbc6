"""The sandbox as its users hold it.

Owns the assembly of the parts for one registry, and the handles for tests: failures, the clock, records, what was
received. Must not know anything about a particular API; that stands in the registry's resources.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.core.resources import Resource
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import ErrorBodies
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.engine import Engine
from tool_runtime.sandbox.failures import Failure, Failures, Kind
from tool_runtime.sandbox.mistakes import check_record, check_resource, check_settings, plain_object
from tool_runtime.sandbox.received import Auth, Received
from tool_runtime.sandbox.routes import Route, Routes
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.store import Store
from tool_runtime.sandbox.virtual_clock import VirtualClock
from tool_runtime.values.references import TYPES

if TYPE_CHECKING:
    from tool_runtime.sandbox.httpx_transport import SandboxTransport

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LATENCY: Final = 0.1


class Sandbox:
    """A local stand-in for an API: no key, no money, no network, and the same answers on every run.

    `registry` is a loaded registry or its JSON; a generated package's own sandbox knows its registry. `failures` wait
    for their requests (see `Failure`). `examples` adds the records that the spec's examples speak of. `api_keys` are
    the only keys that the sandbox accepts (None: every key). `start` is the moment at which the sandbox's time begins.
    Each request takes `latency` seconds of virtual time, so that records change even while a program never sleeps. Safe
    to share between threads and between clients of one registry. Raises `ConfigurationError` for settings that make no
    sense.
    """

    registry_source: ClassVar[Path | None] = None

    def __init__(
        self,
        registry: Registry | Mapping[str, Any] | None = None,
        *,
        failures: Iterable[Failure] = (),
        examples: bool = False,
        api_keys: Collection[str] | None = None,
        start: datetime = START,
        latency: float = _LATENCY,
    ) -> None:
        self.registry = self._registry(registry)
        check_settings(examples, api_keys, start, latency)
        self._routes = Routes(self.registry)
        self._failures = Failures()
        self._clock = VirtualClock(start)
        schemas = Schemas(self.registry)
        self._schemas = schemas
        self._store = Store(self.registry.resources, self._clock, examples=examples)
        self._actions = Actions(self.registry, self._store, schemas)
        self.engine = Engine(
            routes=self._routes,
            auth=Auth(self.registry.auth, None if api_keys is None else frozenset(api_keys)),
            checks=Checks(self.registry, schemas),
            actions=self._actions,
            errors=ErrorBodies(self.registry),
            failures=self._failures,
            clock=self._clock,
            latency=latency,
        )
        for failure in _listed(failures):
            self._add(failure)

    @classmethod
    def _registry(cls, given: Any) -> Registry:
        if given is None:
            if cls.registry_source is None:
                message = "this sandbox has no registry of its own; pass registry=…"
                raise ConfigurationError(message)
            return load_registry(cls.registry_source)
        if isinstance(given, Registry):
            return given
        if not isinstance(given, Mapping):
            message = f"registry is a Registry or its JSON, not {type(given).__name__}"
            raise ConfigurationError(message, hint="load_registry(path) reads one.")
        return Registry(given)

    def __repr__(self) -> str:
        """Show the time and how many requests came."""
        return f"Sandbox(clock={self._clock!r}, requests={len(self.requests)})"

    @cached_property
    def transport(self) -> "SandboxTransport":
        """What to give to `httpx.Client(transport=...)` or `httpx.AsyncClient(transport=...)`."""
        from tool_runtime.sandbox.httpx_transport import SandboxTransport

        return SandboxTransport(self.engine)

    @property
    def clock(self) -> VirtualClock:
        """The sandbox's time. It stands still between requests unless somebody sleeps on it."""
        return self._clock

    @property
    def requests(self) -> list[Received]:
        """What was received, oldest first."""
        return self.engine.requests

    def records(self, resource: str) -> list[dict[str, Any]]:
        """Return copies of a resource's records as of now, oldest first.

        Raises `ConfigurationError` with the nearest name for an unknown resource.
        """
        check_resource(resource, self.registry.resources)
        with self.engine.lock:
            self._actions.advance()
            return [copy.deepcopy(entry.record) for entry in self._store.entries(resource)]

    def put(self, resource: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Add a record, or replace the one with its id. Returns a copy of what is kept.

        Raises `ConfigurationError` for an unknown resource, a record without its id, a value that JSON cannot hold, and
        a field that is nearly one that the resource has.
        """
        check_resource(resource, self.registry.resources)
        declared = self.registry.resources[resource]
        kept = plain_object(record, "record")
        check_record(declared, kept, self._fields(declared))
        with self.engine.lock:
            return copy.deepcopy(self._store.put(resource, kept).record)

    def fail(
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

        The other arguments are those of `Failure`. Raises `UnknownTool` with the nearest names, and
        `ConfigurationError` for what `Failure` refuses and for a tool that has no route of its own.
        """
        self._add(
            Failure(tool, kind, times, skip, status, message, retry_after, location, {} if changes is None else changes)
        )

    @property
    def waiting_failures(self) -> int:
        """How many of the failures asked for have not struck yet."""
        with self.engine.lock:
            return self._failures.left

    def _add(self, failure: Failure) -> None:
        route = self._route(failure.tool) if failure.tool is not None else None
        with self.engine.lock:
            self._failures.add(failure, route)

    def _route(self, name: str) -> Route:
        tool = self.registry.resolve(name)
        if tool.name not in self._routes.by_tool:
            message = f"{tool.name} has no route of its own, so nothing can go wrong with it alone"
            raise ConfigurationError(message, hint="Name the tool whose path is called.")
        return self._routes.by_tool[tool.name]

    def _fields(self, resource: Resource) -> set[str]:
        if resource.type is None:
            return set()
        return {*self._schemas.properties({"$ref": f"{TYPES}{resource.type}"}), *resource.keep}


def _listed(failures: Any) -> list[Failure]:
    listed = list(failures) if isinstance(failures, Iterable) and not isinstance(failures, str) else None
    wrong = [one for one in listed if not isinstance(one, Failure)] if listed is not None else [failures]
    if listed is None or wrong:
        message = f"failures is a list of Failure objects, not {type(wrong[0]).__name__}"
        raise ConfigurationError(message, hint='Such as [Failure("a_tool", status=503)].')
    return listed
