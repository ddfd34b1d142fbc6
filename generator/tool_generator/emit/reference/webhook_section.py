"""The section on webhooks: how to recognise a genuine delivery, and which events exist.

This module knows the `webhooks` of the registry and the names of the generated functions. It must not know about
pages.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tool_generator.emit.reference.functions import Code, DocumentedApi
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, inline, listed
from tool_generator.emit.reference.notation import notation
from tool_generator.emit.reference.snippets import json_literal
from tool_runtime.core.webhook_declarations import Webhooks


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The generated part of the section: a call that unwraps a delivery, the rules for deliveries, and the events."""

    python: Code
    notes: tuple[str, ...]
    events: tuple[str, ...]


def deliveries(api: DocumentedApi, links: Links) -> Deliveries | None:
    """Return the section; None for an API that sends no events."""
    described = api.registry.webhooks
    if described is None:
        return None
    return Deliveries(_python(described, api), tuple(_notes(described)), tuple(_events(described, links)))


def _python(described: Webhooks, api: DocumentedApi) -> Code:
    header = json_literal(described.header)
    payload: Any = next(iter(described.events))
    for step in reversed(described.event.split(".")):
        payload = {step: payload}
    return Code(
        "python",
        f"from {api.registry.api.name} import WebhookRefused, sign_webhook, unwrap_webhook\n\n\n"
        "def answer(raw_body, headers, api_key):\n"
        "    try:\n"
        f"        event = unwrap_webhook(raw_body, headers.get({header}), api_key)\n"
        "    except WebhookRefused as refused:\n"
        "        return 401, refused.reason\n"
        "    print(event.name, event.dedupe_key, event.payload)\n"
        '    return 204, ""\n\n\n'
        f"body = {json.dumps(payload).encode()!r}\n"
        f'print(answer(body, {{{header}: sign_webhook(body, "key_123")}}, "key_123"))',
    )


def _notes(described: Webhooks) -> Iterator[str]:
    method = f"{described.digest.algorithm.upper()} ({described.digest.encoding})"
    holds = f"{code(described.header)} holds {code(described.signature)}"
    time = ""
    if described.tolerance is not None:
        time = f" It is taken for {described.tolerance:g} seconds before and after its time."
    yield f"{holds}, where the digest is the {method} of {code(described.message)} under the API key.{time}"
    yield (
        f"{code('raw_body')} is the bytes of the body as they came in; text is refused. JSON that was parsed and "
        "written again has other bytes."
    )
    yield (
        f"{code('verify_webhook')} takes the same arguments, returns True or raises. {code('sign_webhook')} makes the "
        "header for a test. Neither sends anything."
    )
    reasons = ("missing", "malformed", "mismatch", "expired", "unreadable")
    yield f"{code('reason')} of the error: {listed(map(code, reasons))}."
    yield f"Deliveries with the same {code('dedupe_key')} are one event. Events that are not listed pass as they are."


def _events(described: Webhooks, links: Links) -> list[str]:
    return [
        f"{code(name)} ({notation(event.payload, links)}): {inline(event.summary.strip())}"
        for name, event in described.events.items()
    ]
