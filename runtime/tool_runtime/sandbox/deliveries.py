"""Webhooks that the sandbox sends: which events happened, what is to be sent where and when, and what came of that.

Owns: events of records, the journal of deliveries, signatures, retries, and what goes wrong with deliveries on demand
(`Twist`). Must not know: how a delivery travels. Whoever sends asks for what is `ready`, sends the `request` of each,
and reports the status or the error.

| twist | the receiver gets |
|---|---|
| `duplicate` | the delivery twice |
| `late` | the delivery `seconds` later |
| `out_of_order` | the delivery after the next one of its record, or after `seconds` where none follows |
| `wrong_signature` | a signature that does not fit |
| `stale_signature` | a signature from an hour ago |
| `drop` | nothing at first: the first attempt is lost, the retry arrives |
"""

import json
import re
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from tool_runtime.core.registry import Registry
from tool_runtime.core.resources import Event, Events
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.mistakes import is_number
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill, fill_all
from tool_runtime.sandbox.store import Entry, Store
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.templates import ABSENT, holds, lookup
from tool_runtime.webhooks import WebhookScheme, read_scheme, sign_webhook

TwistKind = Literal["duplicate", "late", "out_of_order", "wrong_signature", "stale_signature", "drop"]
TWISTS: Final[tuple[TwistKind, ...]] = get_args(TwistKind)
DEFAULT_KEY: Final = "sandbox"
_SECOND: Final = 1_000_000
_HOUR_MS: Final = 3_600_000
_VARIABLE: Final = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_LONGEST: Final = 86_400


@dataclass(frozen=True, slots=True)
class Twist:
    """Something that goes wrong with the next `times` deliveries of an event (None: of any). See the module."""

    kind: TwistKind
    event: str | None = None
    times: int = 1
    seconds: float = 30

    def __post_init__(self) -> None:
        """Refuse what could never happen."""
        if self.kind not in TWISTS:
            near = nearest(str(self.kind), TWISTS)
            message = f"there is no twist {self.kind!r:.80}; there are {', '.join(TWISTS)}"
            raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)
        times: Any = self.times
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            message = f"a twist's times is a whole number, 1 or more, not {self.times!r:.40}"
            raise ConfigurationError(message)
        if not is_number(self.seconds, 0, _LONGEST):
            message = f"a twist's seconds is a number from 0 to {_LONGEST}, not {self.seconds!r:.40}"
            raise ConfigurationError(message)


@dataclass(slots=True)
class Delivery:
    """One event on its way. `state` is pending, delivered, failed or no_address; times are microseconds."""

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

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """What goes out for one attempt; `timeout` is in seconds."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


class Deliveries:
    """All webhook deliveries of one sandbox. `url` is the account's own address, `key` what signs."""

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
        self.journal: deque[Delivery] = deque(maxlen=journal)
        self.changed: set[int] = set()
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
        found = (spec.events for spec in self._store.declared.values() if spec.events is not None)
        return tuple(dict.fromkeys(one.event for events in found for one in events.events))

    def _learn(self) -> None:
        """Note what the start records are, so that only what happens from now on is an event."""
        for resource, entry in self._store.all_entries():
            declared = self._store.declared[resource].events
            for number, event in enumerate(declared.events if declared is not None else ()):
                self._begins(str(number), event, entry)

    def _watch(self, resource: str, entry: Entry, *, gone: bool) -> None:
        declared = self._store.declared[resource].events
        if declared is None or gone:
            return
        for number, event in enumerate(declared.events):
            if self._begins(str(number), event, entry):
                self._happened(resource, declared, event, entry)

    @staticmethod
    def _begins(key: str, event: Event, entry: Entry) -> bool:
        """Say whether the record begins to meet the condition of an event, and remember that it does."""
        meets = holds(event.when, entry.record)
        if event.changed is None:
            begins = meets and not entry.told.get(key)
            entry.told[key] = meets
            return begins
        value = lookup(entry.record, event.changed)
        value = None if value is ABSENT else value
        begins = meets and value not in (None, "", [], entry.told.get(key))
        entry.told[key] = value
        return begins

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
            url=None if address is None else self._filled(address, entry.record),
            resource=resource,
            record=entry.id,
            timeout_ms=timeout if isinstance(timeout, int | float) else self._registry.manners.deliveries.timeout_ms,
        )

    @staticmethod
    def _filled(url: str, record: Mapping[str, Any]) -> str:
        """Return an address with the record's variables in the place of `{{name}}`."""
        values = [part for part in record.values() if isinstance(part, Mapping)]
        return _VARIABLE.sub(lambda found: str(next((v[found[1]] for v in values if found[1] in v), "")), url)

    def payload(self, resource: str, event: Event, record: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        """Return the body of an event of a record."""
        declared = self._store.declared[resource].events
        if declared is None or self.scheme is None:
            return {}
        schema = self._registry.tools[declared.shown_by].returns.schema or {}
        shown = self._schemas.complete(self._schemas.project(record, schema), schema)
        more = {name: value for name, value in fill_all(event.payload, scope).items() if value is not ABSENT}
        return {self.scheme.event: event.event, declared.subject: shown, **more}

    def add(
        self, event: str, payload: Mapping[str, Any], *, url: str | None, resource: str, record: str, timeout_ms: float
    ) -> Delivery:
        """Take a delivery on, twisted where the next one of this event is to be."""
        now = self._store.now()
        body = json.dumps(payload, separators=(",", ":"))
        delivery = self._new(event, (resource, record), url, body, timeout_ms)
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
                again = self._new(event, (resource, record), url, body, timeout_ms)
                again.again_of, again.twist = delivery.number, twist.kind
        return delivery

    def _new(self, event: str, subject: tuple[str, str], url: str | None, body: str, timeout_ms: float) -> Delivery:
        self._count += 1
        now = self._store.now()
        delivery = Delivery(self._count, event, *subject, url, body, now, now, timeout_ms)
        if url is None:
            delivery.state = "no_address"
        self.journal.append(delivery)
        self.changed.add(delivery.number)
        return delivery

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
        again = self._new(known.event, (known.resource, known.record), address, known.body, known.timeout_ms)
        again.again_of = number
        return again

    def ready(self) -> list[Delivery]:
        """Return the deliveries whose time has come and that nobody is sending, the earliest first.

        Of one record there is one at a time, so that events arrive in their order; one that failed holds up no other.
        """
        now = self._store.clock.microseconds()
        pending = [one for one in self.journal if one.state == "pending"]
        busy = {(one.resource, one.record) for one in pending if one.number in self._flying and one.record}
        found = []
        for one in sorted(pending, key=lambda one: (one.due, one.number)):
            subject = (one.resource, one.record)
            if one.due <= now and one.number not in self._flying and subject not in busy:
                found.append(one)
                if one.record:
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
        headers = {"content-type": "application/json"}
        if self.scheme is not None:
            now_ms = time.time_ns() // 1_000_000
            key = self.key or self.known_key or DEFAULT_KEY
            if delivery.twist == "wrong_signature":
                key = f"not-{key}"
            sent = now_ms - _HOUR_MS if delivery.twist == "stale_signature" else now_ms
            headers[self.scheme.header] = sign_webhook(self.scheme, body, key, timestamp_ms=sent)
        return DeliveryRequest(delivery.url or "", headers, body, delivery.timeout_ms / 1000)

    def report(self, delivery: Delivery, status: int | None, error: str | None = None) -> None:
        """Note what came of an attempt: a status from 200 to 299 is success, all else is tried again for a while."""
        now = self._store.clock.microseconds()
        self._flying.discard(delivery.number)
        dropped = delivery.twist == "drop" and not delivery.attempts
        delivery.attempts.append({"at": now, "status": status, "error": error})
        manners = self._registry.manners.deliveries
        tried = len(delivery.attempts)
        if status is not None and 200 <= status < 300 and not dropped:  # noqa: PLR2004 - the statuses of success
            delivery.state = "delivered"
        elif tried > manners.retries:
            delivery.state = "failed"
        else:
            waits = manners.waits or (1,)
            delivery.due = now + round(waits[min(tried, len(waits)) - 1] * _SECOND)
        self.changed.add(delivery.number)

    def restore(self, deliveries: Iterable[Mapping[str, Any]]) -> None:
        """Take on the deliveries of a saved state."""
        self.journal.clear()
        self._flying.clear()
        self._twists.clear()
        self._held = None
        for one in deliveries:
            self.journal.append(Delivery(**one))
        self._count = max((one.number for one in self.journal), default=0)
