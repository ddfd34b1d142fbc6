"""An event as the API would send it, made up: for receivers that are tried without a call.

Owns which record an event shows and how a caller's changes are laid over it. Must not know how the event travels.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError
from tool_runtime.sandbox.clocks import VirtualClock
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Store
from tool_runtime.values.suggestions import nearest
from tool_runtime.values.templates import assign

FUNCTION: Final = "function"
"""The name under which the request of a custom function goes, beside those of events."""


def sample_event(registry: Registry, event: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of an event of the registry, with `changes` (dotted paths to values) laid over it.

    The record in it is the first example that meets the event's condition, or else that record brought to meet it.
    Example: `sample_event(registry, "call_ended", {"call.metadata.order": 7})` has that order. `function` is the
    request of a custom function, which tells of no event. Raises `ConfigurationError` with the nearest name for an
    unknown one.
    """
    described = registry.webhooks
    if described is not None and event == FUNCTION and described.functions is not None:
        request: dict[str, Any] = Schemas(registry).sample(described.functions.payload, event)
        for path, value in changes.items():
            assign(request, path, copy.deepcopy(value))
        return request
    if described is None or event not in described.events:
        known = () if described is None else tuple(described.events)
        near = nearest(str(event), known)
        message = f"there is no event {event!r:.80}"
        raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else f"There are {', '.join(known)}.")
    schemas = Schemas(registry)
    schema = described.events[event].payload
    payload: dict[str, Any] = _of_a_record(registry, schemas, event) or schemas.sample(schema, event)
    payload = schemas.complete({**payload, described.event: event}, schema)
    for path, value in changes.items():
        assign(payload, path, copy.deepcopy(value))
    return payload


def _of_a_record(registry: Registry, schemas: Schemas, name: str) -> dict[str, Any] | None:
    from datetime import UTC, datetime

    store = Store(registry.resources, VirtualClock(datetime.now(UTC)), examples=True)
    for resource, spec in registry.resources.items():
        for event in spec.events.events if spec.events is not None else ():
            if event.event != name or spec.events is None or not store.entries(resource):
                continue
            record = copy.deepcopy(store.entries(resource)[0].record)
            for path, wanted in event.when.items():
                if not isinstance(wanted, Mapping):
                    assign(record, path, wanted[0] if isinstance(wanted, list) else wanted)
            schema = registry.tools[spec.events.shown_by].returns.schema or {}
            shown = schemas.complete(schemas.project(record, schema), schema)
            scope: Scope = store.scope(record=record)
            return {spec.events.subject: shown, **fill(dict(event.payload), scope)}
    return None
