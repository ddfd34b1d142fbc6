"""The webhook side of the Python bindings: a class for every event, and the module that verifies and unwraps.

This module owns the part of `types.py` about events, and the content of `webhooks.py`. The runtime judges deliveries;
the generated module holds the scheme as data and passes it to the runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.emit.python.literals import docstring, literal
from tool_generator.emit.python.python_types import Definition, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tool_generator.emit.python.python_types import Module
    from tool_runtime.core.webhook_declarations import WebhookEvent, Webhooks

UNION = "WebhookPayload"
FUNCTIONS = ("sign_webhook", "unwrap_webhook", "verify_webhook")


def event_class(name: str) -> str:
    """Give the Python name of an event's payload: `call_started` -> `CallStartedEvent`."""
    return f"{identifiers.class_name(name).rstrip('_')}Event"


def define_events(webhooks: Webhooks, module: Module) -> None:
    """Define the payload of every event, and the union of all, in the module of the types."""
    spelled = [_define_event(event, webhooks.event, module) for event in webhooks.events.values()]
    told = f"What a delivery may hold; the value of `{webhooks.event}` tells which. Further events may come."
    module.definitions.append(Definition(UNION, told, expression=" | ".join(spelled), place=module.place))


def _define_event(event: WebhookEvent, field: str, module: Module) -> str:
    name, told = event.name, event.summary.strip()
    spelled = module.scope.derive(event_class(name), name)
    options = list(_options(event.payload))
    parts = []
    for option in options:
        own = spelled
        if len(options) > 1:
            kind = identifiers.class_name(option.get("$ref", "Other").rpartition("/")[2])
            own = module.scope.derive(f"{identifiers.class_name(name).rstrip('_')}{kind}", name)
        target = module.types.target(option)
        if module.types.is_class(target):
            module.add_class(own, told, (), _fields(name, target, field, own, module))
        else:
            expression = module.expression(target, own)
            module.definitions.append(Definition(own, told, expression=expression, place=module.place))
        parts.append(own)
    if len(options) > 1:
        module.definitions.append(Definition(spelled, told, expression=" | ".join(parts), place=module.place))
    return spelled


def _options(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield the alternatives of a payload that is a union; for other payloads, the payload itself."""
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())] if isinstance(schema, dict) else []
    for option in options or [schema]:
        yield option if isinstance(option, dict) else {}


def _fields(name: str, schema: dict[str, Any], field: str, hint: str, module: Module) -> Iterator[Field]:
    properties, required = module.types.record(schema)
    for key, value in properties.items():
        told = value.get("description", "").strip() if isinstance(value, dict) else ""
        if key == field:
            # The literal lets type checkers distinguish the events of the union.
            yield Field(key, f"Literal[{literal(name)}]", required=True, description=told)
        else:
            expression = module.expression(value, f"{hint}{identifiers.class_name(key).rstrip('_')}")
            yield Field(key, expression, key in required, told)


def _event_type(name: str) -> str:
    return f"runtime.WebhookEvent[Literal[{literal(name)}], _t.{event_class(name)}]"


def template_values(webhooks: Webhooks, title: str) -> dict[str, Any]:
    """Give the values for the template of `webhooks.py`; every value is source. `title` is the API's title."""
    scheme: dict[str, Any] = {
        "header": webhooks.header,
        "signature": webhooks.signature,
        "digest": {"algorithm": webhooks.digest.algorithm, "encoding": webhooks.digest.encoding},
        "message": webhooks.message,
        **({} if webhooks.tolerance is None else {"tolerance": webhooks.tolerance}),
        "event": webhooks.event,
        "events": {name: {"dedupe": list(event.dedupe)} for name, event in webhooks.events.items() if event.dedupe},
    }
    window = "at any time" if webhooks.tolerance is None else f"no more than {webhooks.tolerance:g} s ago"
    body = (
        f"`raw_body` is the request's body as it came in, `signature` the value of its `{webhooks.header}`\n"
        "header, `now` seconds since 1970 in place of the clock."
    )
    return {
        "module_doc": docstring(
            f"Webhooks of {title}: whether {title} sent a request, and which event it tells of.\n\n"
            "Keep the bytes of the request's body and pass them on as they are. JSON that was parsed and written again "
            "differs\nin spaces and in letters such as \u00e9, and then no signature fits."
        ),
        "header_name": literal(webhooks.header),
        "scheme": literal(scheme),
        "event_type": literal(" | ".join(map(_event_type, webhooks.events))),
        "verify_doc": docstring(
            f"Return True for a request that was signed with `api_key` {window}; raise for any other.\n\n{body}\n"
            "Raises `WebhookRefused`, whose `reason` says why; `InvalidArguments` for a body that is not bytes."
        ),
        "unwrap_doc": docstring(
            "Verify a request, as `verify_webhook` does, and return its event.\n\n"
            "`name` is the event, `payload` the JSON as it was sent. Skip the event when its `dedupe_key` was seen "
            "before: an\nevent may be delivered more than once. An event that is not in the list passes too."
        ),
        "sign_doc": docstring(
            f"Return the `{webhooks.header}` header that {title} would send with `raw_body`: for your tests.\n\n"
            "`timestamp_ms` is milliseconds since 1970; now where it is absent."
        ),
    }
