"""Webhooks: whether a delivery is what the provider signed, and which event it tells of.

Owns signing, verifying and unwrapping by a `WebhookScheme`, the data that the spec declares: the form of the signature
header, the signed message, the digest, the tolerance, the events. Knows no HTTP server, no tools and no API. HMAC is
the standard library's; digests are compared in constant time, over the bytes that were sent.

A delivery is judged in this order: is there a signature, has it the exact form, does it fit body and key, is it recent.
So `expired` always means that the provider did sign it, and that a clock is wrong or somebody repeats an old delivery.

Whatever comes in, and whatever a caller passes, ends in a result or in an error of the tree. Half a surrogate pair, a
number of thousands of digits and nesting without end are valid JSON, and a provider may sign them.

Events that the scheme does not know pass under the name that they bear. `dedupe_key` is the same for two deliveries of
one event: made of the fields that the spec names for the event, or of the whole body where an event may rightly come
several times for one subject, or is unknown.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from tool_runtime.errors import ConfigurationError, Fault, InvalidArguments, WebhookRefused
from tool_runtime.values.secrets import Secret, key_problem

Name_co = TypeVar("Name_co", bound=str, covariant=True)
Payload_co = TypeVar("Payload_co", covariant=True)
Bytes: TypeAlias = bytes | bytearray | memoryview

_PLACEHOLDER = re.compile(r"\{(body|timestamp|timestamp_ms|digest)\}")
# No sign, no leading zero, and a bound: one point in time has one spelling.
_NUMBER = r"(?:0|[1-9][0-9]{0,15})"
_MOST_MS = 10**16
# Seconds above this are milliseconds that somebody took for seconds: it is the year 5138.
_MOST_SECONDS = 10**11
_ALGORITHMS: Mapping[str, Callable[..., Any]] = {"hmac-sha256": hashlib.sha256, "hmac-sha512": hashlib.sha512}
_NO_EVENT = (
    "Requests that tell of no event, such as those for functions of your own, are signed in the same way: check them "
    "with verify_webhook, then read the body with json.loads."
)
_RAW_BODY = (
    "has to be the bytes that came in, before any parsing: JSON that was parsed and written again differs in spaces "
    "and in letters such as \u00e9, and its signature with it"
)


@dataclass(frozen=True)
class WebhookScheme:
    """How an API signs its webhooks. `signature` and `message` are templates over body, timestamp(_ms) and digest.

    `tolerance` is in seconds either way, None where signatures bear no time. `event` is the dotted path of the event's
    name in the payload; `dedupe` gives the paths that make a delivery of an event unique, for the events that have any.
    """

    header: str
    signature: str
    message: str
    algorithm: str
    encoding: str
    tolerance: float | None
    event: str
    dedupe: Mapping[str, tuple[str, ...]]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The exact form of the signature header."""
        size = _ALGORITHMS[self.algorithm]().digest_size
        forms = {
            "digest": rf"[0-9a-f]{{{size * 2}}}" if self.encoding == "hex" else _base64_form(size),
            "timestamp": _NUMBER,
            "timestamp_ms": _NUMBER,
        }
        parts = _PLACEHOLDER.split(self.signature)
        return re.compile(
            "".join(f"(?P<{part}>{forms[part]})" if index % 2 else re.escape(part) for index, part in enumerate(parts))
        )


@dataclass(frozen=True, slots=True)
class WebhookEvent(Generic[Name_co, Payload_co]):
    """A delivery that the provider did sign.

    `name` is the event, `payload` the JSON as it was sent. Deliveries with the same `dedupe_key` are one event that was
    delivered again. Both times are milliseconds since 1970; `sent_at_ms` is None where signatures bear no time.
    """

    name: Name_co
    payload: Payload_co
    dedupe_key: str
    received_at_ms: int
    sent_at_ms: int | None


def read_scheme(entry: Mapping[str, Any]) -> WebhookScheme:
    """Make a scheme of the registry's `webhooks`."""
    digest = entry["digest"]
    events = entry.get("events", {})
    return WebhookScheme(
        header=entry["header"],
        signature=entry["signature"],
        message=entry["message"],
        algorithm=digest["algorithm"],
        encoding=digest["encoding"],
        tolerance=entry.get("tolerance"),
        event=entry["event"],
        dedupe={name: tuple(event["dedupe"]) for name, event in events.items() if event.get("dedupe")},
    )


def verify_webhook(
    scheme: WebhookScheme, raw_body: Bytes, signature: str | None, api_key: str, *, now: float | None = None
) -> bool:
    """Return True for a delivery that the provider signed with this key within the tolerance; raise for any other.

    `raw_body` is the request's body as it came in, `signature` the value of the scheme's header (None where the request
    had none), `now` seconds since 1970 in place of the clock. Never returns False: a result that is not looked at must
    not let a forged delivery pass. Raises `WebhookRefused`; `InvalidArguments` for a body that is not bytes and a `now`
    that is no time; `ConfigurationError` for what cannot be a key.
    """
    _sent_at_ms(scheme, _body(raw_body), signature, _key(api_key), _milliseconds(now))
    return True


def unwrap_webhook(
    scheme: WebhookScheme, raw_body: Bytes, signature: str | None, api_key: str, *, now: float | None = None
) -> WebhookEvent[Any, Any]:
    """Verify a delivery as `verify_webhook` does, and return the event that it tells of."""
    body = _body(raw_body)
    now_ms = _milliseconds(now)
    sent_at_ms = _sent_at_ms(scheme, body, signature, _key(api_key), now_ms)
    payload = _payload(body)
    name = _at(payload, scheme.event)
    if not isinstance(name, str) or not name:
        message = f"the delivery is rightly signed, but has no event name at {scheme.event}"
        raise WebhookRefused(message, reason="unreadable", hint=_NO_EVENT)
    return WebhookEvent(name, payload, _dedupe_key(scheme, name, payload, body), now_ms, sent_at_ms)


def sign_webhook(scheme: WebhookScheme, raw_body: Bytes, api_key: str, *, timestamp_ms: int | None = None) -> str:
    """Return the signature header's value that the provider would send with `raw_body`: for tests and stand-ins.

    `timestamp_ms` is milliseconds since 1970, a whole number; now where it is absent. Raises as `verify_webhook` does.
    """
    sent = _milliseconds(None) if timestamp_ms is None else _whole_milliseconds(timestamp_ms)
    values = {"timestamp": str(sent // 1000), "timestamp_ms": str(sent)}
    values["digest"] = _digest(scheme, _body(raw_body), values, _key(api_key))
    return _PLACEHOLDER.sub(lambda match: values[match[1]], scheme.signature)


def _body(raw_body: object) -> bytes:
    if isinstance(raw_body, bytes | bytearray | memoryview):
        try:
            return bytes(raw_body)
        except ValueError as error:
            message = f"raw_body: cannot be read: {error}"
            raise InvalidArguments(message, faults=(Fault("raw_body", "value", "cannot be read"),)) from error
    message = f"raw_body: is {type(raw_body).__name__}; it {_RAW_BODY}"
    raise InvalidArguments(message, faults=(Fault("raw_body", "type", f"it {_RAW_BODY}"),))


def _key(api_key: object) -> Secret:
    # With an empty key, as an unset variable gives, anybody could sign.
    secret = api_key if isinstance(api_key, Secret) else Secret(api_key)
    if api_key is None:
        message = "there is no API key to check the signature with"
        raise ConfigurationError(message, hint="If the key comes from a variable, is that variable set?")
    problem = key_problem(secret)
    if problem is not None:
        message = f"the API key to check the signature with {problem[0]}"
        raise ConfigurationError(message, hint=problem[1])
    return secret


def _milliseconds(now: object) -> int:
    """Return a time in seconds as milliseconds: `1760000000.5` -> `1760000000500`. None is the clock's time."""
    if now is None:
        return time.time_ns() // 1_000_000
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise _no_time("now", "type", f"expected seconds since 1970, as time.time() gives, not {type(now).__name__}")
    # Not a number is not within any bounds.
    if not 0 <= now < _MOST_SECONDS:
        raise _no_time("now", "value", "expected seconds since 1970, as time.time() gives, and no milliseconds")
    return round(float(now) * 1000)


def _whole_milliseconds(timestamp_ms: object) -> int:
    if isinstance(timestamp_ms, bool) or not isinstance(timestamp_ms, int):
        message = f"expected milliseconds since 1970 as a whole number, not {type(timestamp_ms).__name__}"
        raise _no_time("timestamp_ms", "type", message)
    if not 0 <= timestamp_ms < _MOST_MS:
        raise _no_time("timestamp_ms", "value", "expected milliseconds since 1970, in at most 16 digits")
    return int(timestamp_ms)


def _no_time(name: str, code: str, message: str) -> InvalidArguments:
    fault = Fault(name, code, message)
    return InvalidArguments(str(fault), faults=(fault,))


def _sent_at_ms(scheme: WebhookScheme, body: bytes, signature: object, key: Secret, now_ms: int) -> int | None:
    """Judge a delivery; return the time in its signature."""
    if signature is None or (isinstance(signature, str) and not signature):
        message = f"the delivery has no {scheme.header} header"
        raise WebhookRefused(message, reason="missing")
    match = scheme.pattern.fullmatch(signature) if isinstance(signature, str) else None
    if match is None:
        message = f"the {scheme.header} header has not the form {scheme.signature}"
        kind = type(signature).__name__
        hint = None if isinstance(signature, str) else f"Pass the text of one header; {kind} is no string."
        raise WebhookRefused(message, reason="malformed", hint=hint)
    values = match.groupdict()
    if not hmac.compare_digest(_digest(scheme, body, values, key), values["digest"]):
        message = f"the {scheme.header} header does not fit this body and key"
        hint = "Check that the key is the one that signs, and that the body is the bytes that came in."
        raise WebhookRefused(message, reason="mismatch", hint=hint)
    if "timestamp_ms" not in values and "timestamp" not in values:
        return None
    sent = int(values["timestamp_ms"]) if "timestamp_ms" in values else int(values["timestamp"]) * 1000
    if scheme.tolerance is not None and abs(now_ms - sent) > scheme.tolerance * 1000:
        seconds = abs(now_ms - sent) / 1000
        when = f"{seconds:.0f} s ago" if now_ms > sent else f"{seconds:.0f} s in the future"
        message = f"the delivery was signed {when}; {scheme.tolerance:g} s are allowed"
        hint = "Check this machine's clock. If it is right, somebody repeats an old delivery."
        raise WebhookRefused(message, reason="expired", hint=hint)
    return sent


def _digest(scheme: WebhookScheme, body: bytes, values: Mapping[str, str], key: Secret) -> str:
    mac = hmac.new(key.reveal().encode(), digestmod=_ALGORITHMS[scheme.algorithm])
    for index, part in enumerate(_PLACEHOLDER.split(scheme.message)):
        if index % 2 == 0:
            mac.update(part.encode())
        else:
            mac.update(body if part == "body" else values[part].encode())
    return mac.hexdigest() if scheme.encoding == "hex" else base64.b64encode(mac.digest()).decode("ascii")


def _base64_form(size: int) -> str:
    padding = -size % 3
    return rf"[A-Za-z0-9+/]{{{(size + padding) // 3 * 4 - padding}}}{'=' * padding}"


def _payload(body: bytes) -> Any:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        message = "the delivery is rightly signed, but is no JSON object that can be read"
        raise WebhookRefused(message, reason="unreadable", hint=_NO_EVENT)
    return payload


def _dedupe_key(scheme: WebhookScheme, name: str, payload: Any, body: bytes) -> str:
    values = [_at(payload, path) for path in scheme.dedupe.get(name, ())]
    if not values or not all(map(_identifies, values)):
        values = [f"sha256-{hashlib.sha256(body).hexdigest()}"]
    # Half a surrogate pair is valid JSON, and two different halves are two different events.
    return ":".join(quote(str(part), safe="", errors="surrogatepass") for part in (name, *values))


def _identifies(value: Any) -> bool:
    """Whether a value can tell one event from another: an empty text is in the place of an id that is missing."""
    return bool(value) if isinstance(value, str) else isinstance(value, int) and not isinstance(value, bool)


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
