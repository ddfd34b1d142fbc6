"""Webhooks that the sandbox sends: which events happened, what is to be sent where and when, and what came of that.

Owns: events of records, the journal of deliveries, signatures, retries, where deliveries may go, and what goes wrong
with them on demand (`Twist`). Must not know: how a delivery travels, or what an answer changes (asked_servers.py).
Whoever sends asks for what is `ready`, sends the `request` of each, and reports the status or the error.

An event goes to an address that stands in a record, and a record may be a copy of one in production. So a server
sends to this machine and its neighbours only (`reach`), and to addresses that a tester has named.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Event, Events
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.addresses import host_of, is_near, with_variables
from tool_runtime.sandbox.sample_events import FUNCTION
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill, fill_all
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.sandbox.twists import Twist
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.templates import ABSENT, holds, lookup
from tool_runtime.webhooks import WebhookScheme, read_scheme, sign_webhook

DEFAULT_KEY: Final = "sandbox"
_SECOND: Final = 1_000_000
_HOUR_MS: Final = 3_600_000
_SHOWN: Final = 2000


@dataclass(slots=True)
class Delivery:
    """One event, or one question, on its way. Times are microseconds.

    `state` is pending, delivered, failed, no_address, out_of_reach (nothing was sent, and `faults` says why) or
    cancelled (a question that no longer matters). `retries` is how often it is repeated (None: as the API does).
    `answer` is the beginning of what came back, `faults` what is wrong with that.
    """

    number: int
    event: str
    resource: str
    record: str
    url: str | None
    body: str
    created: int
    due: int
    timeout_ms: float
    state: str = "pending"
    twist: str | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    again_of: int | None = None
    question: bool = False
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    retries: int | None = None
    answer: str | None = None
    faults: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as JSON, for a saved state."""
        return {name: getattr(self, name) for name in self.__slots__}

    def shown(self) -> dict[str, Any]:
        """Return the delivery as JSON for people: the headers of a function may hold a key, and stay hidden."""
        return self.to_dict() | {"headers": dict.fromkeys(self.headers, "***")}


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """What goes out for one attempt; `timeout` is in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


class Deliveries:
    """All webhook deliveries of one sandbox. `url` is the account's own address, `key` what signs.

    `settle` is called when a question has come to its end, with the status and the content of the answer, or with None
    where nobody gave one. `reach` are the hosts that may be sent to beside this machine's (None: all). `sends` says
    whether anybody sends at all.
    """

    def __init__(
        self, registry: Registry, store: Store, schemas: Schemas, *, url: str | None, key: str | None, journal: int
    ) -> None:
        self._registry = registry
        self._store = store
        self._schemas = schemas
        document = registry.document.get("webhooks")
        self.scheme: WebhookScheme | None = read_scheme(document) if document else None
        self.url = url
        self.key = key
        self.known_key = ""
        self.journal: deque[Delivery] = deque()
        self.changed: set[int] = set()
        self.settle: Callable[[Delivery, int | None, bytes], None] = _no_questions
        self.reach: frozenset[str] | None = None
        self.sends = False
        self._most = journal
        self._count = 0
        self._flying: set[int] = set()
        self._twists: list[tuple[Twist, int]] = []
        self._held: Delivery | None = None
        if self.scheme is not None:
            self._learn()
            store.watchers.append(self._watch)

    @property
    def events(self) -> tuple[str, ...]:
        """The events that the records of this API can cause."""
        found = [spec for spec in self._store.declared.values() if spec.events is not None or spec.questions]
        caused = [one.event for spec in found if spec.events is not None for one in spec.events.events]
        asked = [one.event or FUNCTION for spec in found for one in spec.questions]
        return tuple(dict.fromkeys([*caused, *asked]))

    def _learn(self) -> None:
        """Note what the start records are, so that only what happens from now on is an event."""
        for resource, entry in self._store.all_entries():
            declared = self._store.declared[resource].events
            for number, event in enumerate(declared.events if declared is not None else ()):
                begins(str(number), event, entry)

    def _watch(self, resource: str, entry: Entry, *, gone: bool) -> None:
        declared = self._store.declared[resource].events
        if declared is None or gone:
            return
        for number, event in enumerate(declared.events):
            if begins(str(number), event, entry):
                self._happened(resource, declared, event, entry)

    def _happened(self, resource: str, declared: Events, event: Event, entry: Entry) -> None:
        scope = self._store.scope(record=entry.record, id=entry.id)
        for _missing in self._store.look_up(self._store.declared[resource].references, scope):
            pass
        wanted = fill(declared.only, scope)
        if event.event not in (wanted if isinstance(wanted, list) else declared.default):
            return
        url = fill(declared.url, scope)
        address = url if isinstance(url, str) and url else self.url
        timeout = fill(declared.timeout_ms, scope)
        self.add(
            event.event,
            self.payload(resource, event, entry.record, scope) if address else {},
            url=None if address is None else with_variables(address, entry.record),
            resource=resource,
            record=entry.id,
            timeout_ms=timeout if isinstance(timeout, int | float) else self._registry.manners.deliveries.timeout_ms,
        )

    def payload(self, resource: str, event: Event, record: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        """Return the body of an event of a record."""
        declared = self._store.declared[resource].events
        if declared is None or self.scheme is None:
            return {}
        shown = self.shown(declared, record)
        more = {name: value for name, value in fill_all(event.payload, scope).items() if value is not ABSENT}
        return {self.scheme.event: event.event, declared.subject: shown, **more}

    def shown(self, declared: Events, record: Mapping[str, Any]) -> Any:
        """Return a record in the form in which its events show it."""
        schema = self._registry.tools[declared.shown_by].returns.schema or {}
        return self._schemas.complete(self._schemas.project(record, schema), schema)

    def ask(self, event: str, payload: Any, *, url: str, subject: tuple[str, str], **settings: Any) -> Delivery:
        """Take a question about a record on; `settle` gets what comes of it. `settings` are fields of `Delivery`."""
        timeout = settings.pop("timeout_ms", None) or self._registry.manners.deliveries.timeout_ms
        delivery = self.add(
            event, payload, url=url, resource=subject[0], record=subject[1], timeout_ms=timeout, **settings
        )
        delivery.question = True
        return delivery

    def cancel(self, number: int) -> None:
        """Give a question up: its record went on meanwhile."""
        delivery = self.find(number)
        if delivery is not None and delivery.state == "pending":
            delivery.state = "cancelled"
            self.changed.add(number)

    def add(
        self,
        event: str,
        payload: Any,
        *,
        url: str | None,
        resource: str,
        record: str,
        timeout_ms: float,
        named: bool = False,
        **settings: Any,
    ) -> Delivery:
        """Take a delivery on, twisted where the next one of this event is to be.

        A payload that is ABSENT makes an empty body. `named` says that a tester has named the address. `settings` are
        further fields of the `Delivery`.
        """
        if named:
            self.name(url)
        now = self._store.now()
        body = "" if payload is ABSENT else json.dumps(payload, separators=(",", ":"))
        delivery = self._new(event, (resource, record), url, body, timeout_ms, **settings)
        twist = self._next_twist(event) if url else None
        if self._held is not None and url and (self._held.resource, self._held.record) == (resource, record):
            self._held.due, self._held = now + 1, None
        if twist is not None:
            delivery.twist = twist.kind
            if twist.kind in {"late", "out_of_order"}:
                delivery.due = now + round(twist.seconds * _SECOND)
            if twist.kind == "out_of_order":
                self._held = delivery
            if twist.kind == "duplicate":
                again = self._new(event, (resource, record), url, body, timeout_ms, **settings)
                again.again_of, again.twist = delivery.number, twist.kind
        return delivery

    def _new(
        self, event: str, subject: tuple[str, str], url: str | None, body: str, timeout_ms: float, **settings: Any
    ) -> Delivery:
        self._count += 1
        now = self._store.now()
        delivery = Delivery(self._count, event, *subject, url, body, now, now, timeout_ms, **settings)
        if url is None:
            delivery.state = "no_address"
        elif not self._reaches(url):
            delivery.state = "out_of_reach"
            host = host_of(url)
            delivery.faults.append(f"{host or url} is not this machine; the sandbox sends there with --reach {host}")
        self.journal.append(delivery)
        self.changed.add(delivery.number)
        self._forget()
        return delivery

    def _forget(self) -> None:
        """Keep the journal to its length, without the loss of a delivery that is still to be sent."""
        while len(self.journal) > self._most:
            place = next((at for at, one in enumerate(self.journal) if one.state != "pending"), None)
            if place is None:
                return
            self.changed.add(self.journal[place].number)
            del self.journal[place]

    def name(self, url: str | None) -> None:
        """Note that a tester has named an address: its host may be sent to."""
        if self.reach is not None and url:
            self.reach |= {host_of(url)}

    def _reaches(self, url: str) -> bool:
        host = host_of(url)
        return self.reach is None or "*" in self.reach or host in self.reach or is_near(host)

    def twist(self, twist: Twist) -> None:
        """Let a twist wait for the next deliveries."""
        if twist.event is not None and twist.event not in self.events:
            near = nearest(twist.event, self.events)
            message = f"there is no event {twist.event!r:.80} that the sandbox sends"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
        self._twists.append((twist, twist.times))

    def _next_twist(self, event: str) -> Twist | None:
        for place, (twist, left) in enumerate(self._twists):
            if twist.event in (None, event):
                self._twists[place : place + 1] = [(twist, left - 1)] if left > 1 else []
                return twist
        return None

    def find(self, number: int) -> Delivery | None:
        """Return the delivery of a number, or None."""
        return next((one for one in self.journal if one.number == number), None)

    def resend(self, number: int, url: str | None = None) -> Delivery | None:
        """Send a delivery once more, as a new one with the same body; None where there is no such delivery."""
        known = self.find(number)
        if known is None:
            return None
        address = url or known.url or self.url
        self.name(url)
        settings = {"method": known.method, "headers": known.headers}
        subject = (known.resource, known.record)
        again = self._new(known.event, subject, address, known.body, known.timeout_ms, **settings)
        again.again_of = number
        return again

    def ready(self) -> list[Delivery]:
        """Return the deliveries whose time has come and that nobody is sending, the earliest first.

        Of one record there is one at a time, so that events arrive in their order; one that failed holds up no other.
        """
        now = self._store.clock.microseconds()
        pending = [one for one in self.journal if one.state == "pending"]
        busy = {
            (one.resource, one.record)
            for one in pending
            if one.number in self._flying and one.record and not one.question
        }
        found = []
        for one in sorted(pending, key=lambda one: (one.due, one.number)):
            subject = (one.resource, one.record)
            # A record stands still until its question is answered: no event waits for that, nor keeps it waiting.
            if one.due <= now and one.number not in self._flying and (one.question or subject not in busy):
                found.append(one)
                if one.record and not one.question:
                    busy.add(subject)
        return found

    def next_moment(self) -> int | None:
        """Return when the next delivery is to be sent, in microseconds since the epoch; None where none waits."""
        waiting = (one.due for one in self.journal if one.state == "pending" and one.number not in self._flying)
        return min(waiting, default=None)

    def request(self, delivery: Delivery) -> DeliveryRequest:
        """Return what goes out for the next attempt of a delivery, signed for the machine's time.

        A receiver judges a signature by its own clock, which no virtual time reaches.
        """
        self._flying.add(delivery.number)
        body = delivery.body.encode()
        headers = {**delivery.headers, **({"content-type": "application/json"} if body else {})}
        if self.scheme is not None:
            now_ms = time.time_ns() // 1_000_000
            key = self.key or self.known_key or DEFAULT_KEY
            if delivery.twist == "wrong_signature":
                key = f"not-{key}"
            sent = now_ms - _HOUR_MS if delivery.twist == "stale_signature" else now_ms
            headers[self.scheme.header] = sign_webhook(self.scheme, body, key, timestamp_ms=sent)
        return DeliveryRequest(delivery.method, delivery.url or "", headers, body, delivery.timeout_ms / 1000)

    def report(self, delivery: Delivery, status: int | None, error: str | None = None, content: bytes = b"") -> None:
        """Note what came of an attempt: a status from 200 to 299 is success, all else is tried again for a while.

        `content` is the body of the answer.
        """
        now = self._store.clock.microseconds()
        self._flying.discard(delivery.number)
        dropped = delivery.twist == "drop" and not delivery.attempts
        delivery.attempts.append({"at": now, "status": status, "error": error})
        self.changed.add(delivery.number)
        if delivery.state != "pending":
            return
        manners = self._registry.manners.deliveries
        tried = len(delivery.attempts)
        retries = manners.retries if delivery.retries is None else delivery.retries
        if status is not None:
            delivery.answer = content[:_SHOWN].decode("utf-8", "replace")
        if status is not None and 200 <= status < 300 and not dropped:  # noqa: PLR2004 - the statuses of success
            delivery.state = "delivered"
            if delivery.question:
                self.settle(delivery, status, content)
        elif tried > retries:
            delivery.state = "failed"
            if delivery.question:
                self.settle(delivery, None, b"")
        else:
            waits = manners.waits or (1,)
            delivery.due = now + round(waits[min(tried, len(waits)) - 1] * _SECOND)

    def restore(self, deliveries: Iterable[Mapping[str, Any]]) -> None:
        """Take on the deliveries of a saved state."""
        self.journal.clear()
        self._flying.clear()
        self._twists.clear()
        self._held = None
        for one in deliveries:
            self.journal.append(Delivery(**one))
        self._count = max((one.number for one in self.journal), default=0)


def _no_questions(_delivery: Delivery, _status: int | None, _content: bytes) -> None:
    return


class Beginning(Protocol):
    """What may begin for a record: an event, or a question."""

    @property
    def when(self) -> Mapping[str, Any]:
        """The condition that the record meets."""

    @property
    def changed(self) -> str | None:
        """The field that changes."""


def begins(key: str, event: Beginning, entry: Entry) -> bool:
    """Say whether the record begins to meet the condition of an event, and remember under `key` that it does."""
    meets = holds(event.when, entry.record)
    if event.changed is None:
        begun = meets and not entry.told.get(key)
        entry.told[key] = meets
        return begun
    value = lookup(entry.record, event.changed)
    value = None if value is ABSENT else value
    begun = meets and value not in (None, "", [], entry.told.get(key))
    entry.told[key] = value
    return begun
