"""The sandbox as its users hold it.

Owns the assembly of the parts for one registry, and the handles for tests: failures, the clock, records and their
state, what was received, what testers do to records, webhooks. Must not know anything about a particular API; that
stands in the registry's resources.
"""

import copy
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.core.resources import Resource
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.actions import Actions
from tool_runtime.sandbox.answers import ErrorBodies, Refusal
from tool_runtime.sandbox.asked_servers import Questions
from tool_runtime.sandbox.checks import Checks
from tool_runtime.sandbox.clocks import Clock, VirtualClock
from tool_runtime.sandbox.deliveries import Deliveries, Delivery, DeliveryRequest
from tool_runtime.sandbox.engine import Engine
from tool_runtime.sandbox.failures import Failure, Failures, Kind, Waiting
from tool_runtime.sandbox.mistakes import (
    check_address,
    check_choice,
    check_given,
    check_record,
    check_resource,
    check_settings,
    check_values,
    plain_object,
)
from tool_runtime.sandbox.received import Auth, Received
from tool_runtime.sandbox.routes import Route, Routes
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.saved_state import Keeper
from tool_runtime.sandbox.store import Store
from tool_runtime.sandbox.twists import Twist, TwistKind
from tool_runtime.values.references import TYPES
from tool_runtime.values.validation import Validator

if TYPE_CHECKING:
    from tool_runtime.sandbox.httpx_transport import SandboxTransport

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
Receiver = Callable[[DeliveryRequest], Any]
UnknownIds = Literal["refuse", "sample"]
_LATENCY: Final = 0.1
_JOURNAL: Final = 1000


class Sandbox:
    """A local stand-in for an API: no key, no money, no network, and the same answers on every run.

    `registry` is a loaded registry or its JSON; a generated package's own sandbox knows its registry. `failures` wait
    for their requests (see `Failure`). `examples` adds the records that the spec's examples speak of. `api_keys` are
    the only keys that the sandbox accepts (None: every key). `start` is the moment at which the sandbox's time begins.
    Each request takes `latency` seconds of virtual time, so that records change even while a program never sleeps;
    `clock` is another clock than a virtual one. With `unknown_ids="sample"` an id that nobody made stands for a record
    of the right kind, which is not kept, and an unknown cursor for the first page. `strict` refuses what the API does
    not declare. `journal` is how many requests and webhook deliveries are remembered. `webhook_url` is the account's
    own address for webhooks, `webhook_key` what signs them (None: the key of the latest request). `seed` decides what
    failures by chance strike, and which of several agents takes a call. `receiver` gets every webhook and question as a
    `DeliveryRequest`, and returns a status, or a status and an answer (JSON, text or bytes); without one, only a
    sandbox that is served sends any. Safe to share between threads and between clients of one registry. Raises
    `ConfigurationError` for settings that make no sense.
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
        clock: Clock | None = None,
        unknown_ids: UnknownIds = "refuse",
        strict: bool = False,
        journal: int = _JOURNAL,
        webhook_url: str | None = None,
        webhook_key: str | None = None,
        seed: int = 0,
        receiver: Receiver | None = None,
    ) -> None:
        self.registry = self._registry(registry)
        check_settings(examples, api_keys, start, latency)
        check_address("webhook_url", webhook_url)
        check_choice("unknown_ids", unknown_ids, ("refuse", "sample"))
        self._routes = Routes(self.registry)
        self._failures = Failures(seed)
        self._clock = VirtualClock(start) if clock is None else clock
        schemas = Schemas(self.registry)
        self._schemas = schemas
        self._store = Store(self.registry.resources, self._clock, examples=examples, seed=seed)
        self._deliveries = Deliveries(
            self.registry, self._store, schemas, url=webhook_url, key=webhook_key, journal=journal
        )
        self._actions = Actions(self.registry, self._store, schemas, samples=unknown_ids == "sample")
        self._questions = Questions(self.registry, self._store, self._actions.changes, self._deliveries)
        self._receiver = receiver
        self._receiving = False
        if receiver is not None:
            self._deliveries.sends = True
            self._actions.advanced.append(self._hand_over)
        self.keeper = Keeper(self._store, self._deliveries)
        self.engine = Engine(
            routes=self._routes,
            auth=Auth(self.registry, None if api_keys is None else frozenset(api_keys)),
            checks=Checks(self.registry, schemas, strict=strict),
            actions=self._actions,
            errors=ErrorBodies(self.registry),
            failures=self._failures,
            clock=self._clock,
            latency=latency,
            journal=journal,
        )
        self.engine.before_reply.append(self._note_key)
        self.replaced: list[Callable[[], None]] = []
        self._settings = {"unknown_ids": unknown_ids, "strict": strict, "examples": examples}
        for failure in _listed(failures):
            self._add(failure)

    def _hand_over(self) -> None:
        """Give the receiver all that is ready. A receiver that calls the sandbox starts no second round."""
        if self._receiving or self._receiver is None:
            return
        self._receiving = True
        try:
            while ready := self._deliveries.ready():
                for delivery in ready:
                    self._receive(delivery, self._receiver)
                self._actions.lifecycles.advance()
        finally:
            self._receiving = False

    def _receive(self, delivery: Delivery, receiver: Receiver) -> None:
        request = self._deliveries.request(delivery)
        try:
            answer = receiver(request)
            status, content = answer if isinstance(answer, tuple) else (answer, b"")
            content = content if isinstance(content, bytes) else _as_content(content)
        except Exception as error:  # noqa: BLE001 - a receiver that fails is what is tried out here
            self._deliveries.report(delivery, None, f"{type(error).__name__}: {error}"[:300])
        else:
            self._deliveries.report(delivery, int(status), content=content)

    def _note_key(self) -> None:
        self._deliveries.known_key = self.engine.last_key or self._deliveries.known_key

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
        return f"Sandbox(clock={self._clock!r}, requests={self.engine.received})"

    @cached_property
    def transport(self) -> "SandboxTransport":
        """What to give to `httpx.Client(transport=...)` or `httpx.AsyncClient(transport=...)`."""
        from tool_runtime.sandbox.httpx_transport import SandboxTransport

        return SandboxTransport(self.engine)

    @property
    def clock(self) -> Clock:
        """The sandbox's time. A virtual clock stands still between requests unless somebody sleeps on it."""
        return self._clock

    @property
    def requests(self) -> list[Received]:
        """What was received, oldest first; the latest, where there were more than the journal holds."""
        with self.engine.lock:
            return list(self.engine.journal)

    @property
    def settings(self) -> dict[str, Any]:
        """How this sandbox was made, as JSON."""
        return {**self._settings, "clock": self._clock.mode}

    @property
    def deliveries(self) -> Deliveries:
        """The webhooks that the sandbox sends."""
        return self._deliveries

    def find_requests(
        self,
        *,
        tool: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        failure: str | None = None,
        after: int = 0,
    ) -> list[Received]:
        """Return the received requests that fit, oldest first.

        `tool` is any of the tool's names, `path` a part of the path, `after` the number of a request. Raises
        `UnknownTool` with the nearest names.
        """
        name = None if tool is None else self.registry.resolve(tool).name
        return [
            one
            for one in self.requests
            if (name is None or one.tool == name)
            and (method is None or one.method == method.upper())
            and (path is None or path in one.path)
            and (status is None or one.status == status)
            and (failure is None or one.failure == failure)
            and one.number > after
        ]

    def forget_requests(self) -> None:
        """Empty the journal of requests."""
        with self.engine.lock:
            self.engine.journal.clear()

    def reset(self) -> None:
        """Go back to the start records: without failures, requests and deliveries. Time goes on from where it is."""
        with self.engine.lock:
            self._store.clear()
            self._store.fill_up()
            self._deliveries.restore(())
            self._failures.remove()
            self.engine.journal.clear()
            self._replace()

    def _replace(self) -> None:
        """Let everybody know that all records are other ones."""
        self._questions.restart()
        self._actions.lifecycles.restart()
        for inform in self.replaced:
            inform()
        self.engine.applied()

    def export_state(self) -> dict[str, Any]:
        """Return all records, versions, deliveries and the time as JSON, for `import_state`."""
        with self.engine.lock:
            self._actions.advance()
            return copy.deepcopy(self.keeper.export())

    def import_state(self, state: Mapping[str, Any]) -> None:
        """Go to a state that `export_state` gave. Raises `ConfigurationError` for what is none, and changes nothing."""
        with self.engine.lock:
            before = self.keeper.export()
            try:
                self.keeper.load(copy.deepcopy(state))
            except ConfigurationError:
                self.keeper.load(before)
                raise
            finally:
                self._replace()

    def seed(self, records: Any) -> None:
        """Add records by the names of their resources: `{"agent": [{"agent_id": "agent_7", ...}]}`. As `put` does."""
        if not isinstance(records, Mapping):
            message = f"a seed maps names of resources to lists of records, not {type(records).__name__}"
            raise ConfigurationError(message)
        for resource, listed in records.items():
            check_resource(resource, self.registry.resources)
            if not isinstance(listed, list | tuple):
                message = f"the seed of {resource} is a list of records, not {type(listed).__name__}"
                raise ConfigurationError(message)
            for record in listed:
                self.put(resource, record)

    def intervene(self, resource: str, record_id: str, name: str, /, **given: Any) -> dict[str, Any]:
        """Do to a record what no caller of the API can, such as answering a call. Returns a copy of the record.

        What comes in from outside may wait for a webhook's answer: then the record of the wait is returned.

        Example: `sandbox.intervene("call", "call_1", "say", text="Hello?")`. Raises `ConfigurationError` with the
        nearest name for an unknown resource, intervention or field, and where the record is not in a state for it.
        """
        action = self._intervention(resource, name, given)
        try:
            with self.engine.lock:
                self._actions.advance()
                if action.does == "create":
                    made = self._actions.bring_in(resource, name, given)
                    self._actions.advance()
                    return dict(copy.deepcopy(self._actions.what_came_of(made, resource, name)))
                record = self._actions.intervene(resource, name, record_id, given)
                self._actions.advance()
                return dict(copy.deepcopy(record))
        except Refusal as refusal:
            message = refusal.message or f"{name} is not possible here"
            raise ConfigurationError(message) from None
        finally:
            self.engine.applied()

    def _intervention(self, resource: str, name: str, given: Mapping[str, Any]) -> Any:
        check_resource(resource, self.registry.resources)
        known = self.registry.resources[resource].interventions
        check_choice(f"an intervention of {resource}", name, tuple(known))
        check_given(f"{resource} {name}", given, known[name].takes or {})
        return known[name]

    def twist(self, kind: TwistKind, event: str | None = None, *, times: int = 1, seconds: float = 30) -> None:
        """Let the next `times` webhooks of an event (None: of any) go wrong; the kinds are those of `Twist`."""
        with self.engine.lock:
            self._deliveries.twist(Twist(kind, event, times, seconds))

    def advance(self) -> None:
        """Bring all records up to the present moment, as each request does."""
        with self.engine.lock:
            self._actions.advance()
        self.engine.applied()

    def next_moment(self) -> int | None:
        """Return when something happens by itself, in microseconds since the epoch; None where nothing is planned."""
        with self.engine.lock:
            moments = (self._actions.lifecycles.next_moment(), self._deliveries.next_moment())
            return min((one for one in moments if one is not None), default=None)

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

        Raises `ConfigurationError` for an unknown resource, a record without its id, a value that the type does not
        allow, and a field that is nearly one that the resource has.
        """
        check_resource(resource, self.registry.resources)
        declared = self.registry.resources[resource]
        kept = plain_object(record, "record")
        check_record(declared, kept, self._fields(declared))
        if declared.type is not None:
            schema = {"$ref": f"{TYPES}{declared.type}"}
            shown = self._schemas.complete(self._schemas.project(kept, schema), schema)
            check_values(resource, shown, schema, Validator(self.registry.types))
        with self.engine.lock:
            made = copy.deepcopy(self._store.put(resource, kept).record)
        self.engine.applied()
        return made

    def drop(self, resource: str, record_id: str) -> bool:
        """Remove a record with all its versions. Returns whether there was one."""
        check_resource(resource, self.registry.resources)
        with self.engine.lock:
            known = self._store.get(resource, record_id) is not None
            self._store.remove(resource, record_id)
        self.engine.applied()
        return known

    def fail(
        self,
        tool: str | None = None,
        kind: Kind = "status",
        *,
        times: int | None = 1,
        skip: int = 0,
        status: int = 503,
        message: str | None = None,
        retry_after: float | None = None,
        location: str = "https://example.com/",
        changes: Mapping[str, Any] | None = None,
        probability: float = 1.0,
        delay: float = 0.0,
    ) -> int:
        """Let the next `times` requests of a tool (None: of any) go wrong, after `skip` that go well.

        The other arguments are those of `Failure`. Raises `UnknownTool` with the nearest names, and
        `ConfigurationError` for what `Failure` refuses and for a tool that has no route of its own. Returns a number
        for `heal`.
        """
        changed = {} if changes is None else changes
        failure = Failure(tool, kind, times, skip, status, message, retry_after, location, changed, probability, delay)
        return self._add(failure).number

    @property
    def failures(self) -> list[Waiting]:
        """The failures that wait, oldest first."""
        with self.engine.lock:
            return self._failures.waiting

    def heal(self, number: int | None = None) -> bool:
        """Take back a failure by the number that `fail` gave, or all (None). Returns whether there was one."""
        with self.engine.lock:
            return self._failures.remove(number)

    @property
    def waiting_failures(self) -> int:
        """How many of the failures asked for have not struck yet."""
        with self.engine.lock:
            return self._failures.left

    def _add(self, failure: Failure) -> Waiting:
        route = self._route(failure.tool) if failure.tool is not None else None
        with self.engine.lock:
            return self._failures.add(failure, route)

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


def _as_content(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _listed(failures: Any) -> list[Failure]:
    listed = list(failures) if isinstance(failures, Iterable) and not isinstance(failures, str) else None
    wrong = [one for one in listed if not isinstance(one, Failure)] if listed is not None else [failures]
    if listed is None or wrong:
        message = f"failures is a list of Failure objects, not {type(wrong[0]).__name__}"
        raise ConfigurationError(message, hint='Such as [Failure("a_tool", status=503)].')
    return listed
