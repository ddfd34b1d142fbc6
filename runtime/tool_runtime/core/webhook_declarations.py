"""What a registry says about the API's webhooks: how deliveries are signed, and the events, as frozen dataclasses.

Judging a delivery is the business of `tool_runtime.webhooks`; here is only what is declared. A process that makes calls
never loads this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tool_runtime.core.tools import Schema, read_entry


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event that the API reports by itself. The values at the paths `dedupe` tell one delivery from another.

    `answer` is what the receiver's answer may hold, where the event is a question.
    """

    name: str
    summary: str
    payload: Schema
    dedupe: tuple[str, ...] = ()
    answer: Schema | None = None


@dataclass(frozen=True, slots=True)
class FunctionRequests:
    """Signed requests that tell of no event: those of custom functions. `longest_answer` is in characters."""

    payload: Schema
    longest_answer: int | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """How the digest of a signature is made: `hmac-sha256` or `hmac-sha512`, written as `hex` or `base64`."""

    algorithm: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Webhooks:
    """How the API signs what it sends by itself, and the events by name.

    `event` is the path of an event's name in the payload. `tolerance` is how many seconds a signature may be away from
    now, or None where signatures hold no time.
    """

    header: str
    signature: str
    message: str
    event: str
    digest: Digest
    events: Mapping[str, WebhookEvent]
    functions: FunctionRequests | None = None
    summary: str = ""
    tolerance: float | None = None


def read_webhooks(entry: Mapping[str, Any]) -> Webhooks:
    """Make a `Webhooks` of its registry entry."""
    events = {name: read_entry(WebhookEvent, event, name=name) for name, event in entry["events"].items()}
    functions = read_entry(FunctionRequests, entry["functions"]) if "functions" in entry else None
    return read_entry(Webhooks, entry, digest=read_entry(Digest, entry["digest"]), events=events, functions=functions)
