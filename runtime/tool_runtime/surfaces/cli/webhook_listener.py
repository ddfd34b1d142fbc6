"""A receiver of webhooks for somebody who develops one: it checks, keeps, shows and forwards what comes in.

Owns the HTTP server, what is found out about a delivery and its answer, and the journal. Must not know the commands.
The server is the standard library's: no extra is needed, and it listens on loopback unless another host is named.

A delivery is kept before it is answered, whether or not it verifies. Forwarded deliveries are signed anew, because the
receiver behind judges the time of the signature; a delivery that does not verify is not forwarded. The answer of that
receiver goes back as it is, since the answer to an inbound webhook decides how a call goes on.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tool_runtime.core.registry import Registry
from tool_runtime.errors import ConfigurationError, WebhookRefused
from tool_runtime.sandbox.sample_events import FUNCTION
from tool_runtime.sandbox.webhook_answers import Verdict, judge_answer
from tool_runtime.values.validation import Validator
from tool_runtime.webhooks import WebhookScheme, read_scheme, sign_webhook, unwrap_webhook

_LARGEST = 16 * 2**20
_FORWARD_SECONDS = 30.0


@dataclass(slots=True)
class Received:
    """One delivery. `event` is the name of the event, `function` for a request of a custom function, None unknown.

    `faults` are those of the body and of the answer, `means` is what the answer decides, in words.
    """

    id: str
    at_ms: int
    path: str
    event: str | None
    verified: bool
    refusal: str | None
    dedupe_key: str | None
    body: str
    signature: str | None
    repeats: str | None = None
    forwarded: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)
    means: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def scheme_of(registry: Registry) -> WebhookScheme:
    """Return how the API signs. Raises `ConfigurationError` for an API that sends no webhooks."""
    document = registry.document.get("webhooks")
    if not document:
        message = f"{registry.api.title} sends no webhooks"
        raise ConfigurationError(message)
    return read_scheme(document)


class Judge:
    """Says what a delivery is and what an answer to it means, for one registry and the keys that may sign."""

    def __init__(self, registry: Registry, keys: Sequence[Any]) -> None:
        self.scheme = scheme_of(registry)
        self._registry = registry
        self._webhooks = registry.webhooks
        self._validator = Validator(registry.types)
        self.keys = list(keys)

    def look(self, body: bytes, signature: str | None, *, path: str = "/", now: float | None = None) -> Received:
        """Return what there is to say about a delivery; the id counts from the journal and is left empty here."""
        refusal: str | None = "there is no key to check the signature with"
        name, dedupe_key, verified = _name(body, self.scheme), None, False
        for key in self.keys:
            try:
                event = unwrap_webhook(self.scheme, body, signature, key, now=now)
                name, dedupe_key, verified, refusal = event.name, event.dedupe_key, True, None
                break
            except WebhookRefused as refused:
                refusal = f"{refused.reason}: {refused.message}"
                if refused.reason == "unreadable":
                    # Rightly signed, and without an event: a request of a custom function.
                    name, verified, refusal = self._function(body), True, None
                    break
        at_ms = time.time_ns() // 1_000_000
        text = body.decode("utf-8", "backslashreplace")
        found = Received("", at_ms, path, name, verified, refusal, dedupe_key, text, signature)
        found.faults += self._payload_faults(name, body)
        return found

    def _function(self, body: bytes) -> str | None:
        declared = self._webhooks.functions if self._webhooks is not None else None
        return FUNCTION if declared is not None and isinstance(_json(body), dict) else None

    def _payload_faults(self, name: str | None, body: bytes) -> list[str]:
        value = _json(body)
        if self._webhooks is None or name is None:
            return []
        if name == FUNCTION and self._webhooks.functions is not None:
            # Without a name the body is the arguments alone, and these are whatever the function takes.
            has_name = isinstance(value, dict) and "name" in value and "args" in value
            return self._faults(self._webhooks.functions.payload, value, "body") if has_name else []
        event = self._webhooks.events.get(name)
        return [] if event is None else self._faults(event.payload, value, "body")

    def _faults(self, schema: Any, value: Any, place: str) -> list[str]:
        if self._validator.accepts(schema, value):
            return []
        _, faults = self._validator.check(schema, value, place)
        return [str(fault) for fault in faults] or [f"{place} does not fit what the API declares"]

    def is_question(self, name: str | None) -> bool:
        """Say whether the answer to a delivery decides anything."""
        event = self._webhooks.events.get(name or "") if self._webhooks is not None else None
        return name == FUNCTION or (event is not None and event.answer is not None)

    def verdict(self, name: str | None, status: int, content: bytes) -> Verdict:
        """Return what an answer to a delivery means, and what is wrong with it."""
        return judge_answer(self._registry, name, status, content)


def _name(body: bytes, scheme: WebhookScheme) -> str | None:
    value = _json(body)
    for part in scheme.event.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


class Journal:
    """Deliveries in a file, one JSON document a line; the latest last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, received: Received) -> None:
        """Append a delivery, and give it the next id."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        received.id = f"wh_{received.at_ms}_{self._next()}"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(received.to_dict()) + "\n")

    def _next(self) -> int:
        return sum(1 for _ in self._lines()) + 1

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def entries(self) -> list[Mapping[str, Any]]:
        """Return all deliveries, oldest first; a line that was cut off is passed over."""
        found = (_json(line.encode()) for line in self._lines())
        entries: list[Mapping[str, Any]] = [entry for entry in found if isinstance(entry, dict)]
        return entries

    def find(self, wanted: str) -> Mapping[str, Any]:
        """Return a delivery by its id, the end of its id, or `last`. Raises `ConfigurationError`."""
        fits = (one for one in self.entries()[::-1] if wanted == "last" or str(one.get("id", "")).endswith(wanted))
        found: Mapping[str, Any] | None = next(fits, None)
        if found is not None:
            return found
        message = f"the journal {self.path} has no delivery {wanted}"
        raise ConfigurationError(message, hint="`webhooks log` lists what there is.")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a listener works. `events` are shown and forwarded (empty: all); `forward_to` is None to keep only.

    `answer` is the listener's own answer to questions, such as inbound webhooks and requests of functions.
    """

    forward_to: str | None = None
    events: tuple[str, ...] = ()
    skip_verify: bool = False
    answer: bytes | None = None


class Listener:
    """Takes deliveries until stopped; `show` is called with each one and the faults of its answer."""

    def __init__(
        self, judge: Judge, journal: Journal, settings: Settings, show: Callable[[Received], None], host: str, port: int
    ) -> None:
        self._judge = judge
        self._journal = journal
        self._settings = settings
        self._show = show
        self._seen: dict[str, str] = {}
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = self.headers.get("content-length", "0")
                size = int(length) if length.isdecimal() else 0
                if size > _LARGEST:
                    self._reply(413, b"", "text/plain")
                    return
                signature = self.headers.get(listener._judge.scheme.header)
                status, content, kind = listener.take(self.rfile.read(size), signature, self.path)
                self._reply(status, content, kind)

            def do_GET(self) -> None:
                self._reply(405, b"Webhooks come by POST.\n", "text/plain")

            def _reply(self, status: int, content: bytes, kind: str) -> None:
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
                del format, args

        try:
            self.server = ThreadingHTTPServer((host, port), Handler)
        except (OSError, OverflowError) as error:
            message = f"cannot listen on {host} port {port}: {error}"
            raise ConfigurationError(message, hint="--port 0 takes a free port.") from error
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        self.url = f"http://{host}:{self.port}"

    def take(self, body: bytes, signature: str | None, path: str = "/") -> tuple[int, bytes, str]:
        """Take one delivery in, and return the status, the body and the content type of the answer."""
        received = self._judge.look(body, signature, path=path)
        if received.dedupe_key is not None and received.dedupe_key in self._seen:
            received.repeats = self._seen[received.dedupe_key]
        wanted = not self._settings.events or received.event in self._settings.events
        status, content, kind = 204, b"", ""
        if not received.verified and not self._settings.skip_verify:
            status, content, kind = 401, f"{received.refusal}\n".encode(), "text/plain"
        elif self._settings.answer is not None and self._judge.is_question(received.event):
            status, content, kind = 200, self._settings.answer, "application/json"
            self._note(received, status, content)
        elif self._settings.forward_to is not None and wanted:
            status, content, kind = self._forward(received, body)
        if wanted:
            self._journal.add(received)
            if received.dedupe_key is not None:
                self._seen.setdefault(received.dedupe_key, received.id)
            self._show(received)
        return status, content, kind

    def _forward(self, received: Received, body: bytes) -> tuple[int, bytes, str]:
        outcome = forward(self._judge, self._settings.forward_to or "", body)
        received.forwarded = {name: outcome[name] for name in ("to", "status", "error", "ms", "answer")}
        if outcome["status"] is None:
            return 502, f"{outcome['error']}\n".encode(), "text/plain"
        self._note(received, outcome["status"], outcome["content"])
        return outcome["status"], outcome["content"], outcome["kind"]

    def _note(self, received: Received, status: int, content: bytes) -> None:
        verdict = self._judge.verdict(received.event, status, content)
        received.faults += verdict.faults
        received.means += verdict.means


def forward(judge: Judge, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Send a body to an address, signed now with the first key, and return what came back. Raises nothing."""
    import httpx

    signed = {"content-type": "application/json", **(headers or {})}
    if judge.keys:
        signed[judge.scheme.header] = sign_webhook(judge.scheme, body, judge.keys[0])
    started = time.monotonic()
    outcome: dict[str, Any] = {"to": url, "status": None, "error": None, "content": b"", "kind": "", "answer": None}
    try:
        reply = httpx.post(url, content=body, headers=signed, timeout=_FORWARD_SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
    else:
        answer = reply.content[:2000].decode("utf-8", "replace")
        kind = reply.headers.get("content-type", "")
        outcome |= {"status": reply.status_code, "content": reply.content, "kind": kind, "answer": answer}
    outcome["ms"] = round((time.monotonic() - started) * 1000)
    return outcome
