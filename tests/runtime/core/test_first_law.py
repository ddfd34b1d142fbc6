"""The first law as a matrix: every write tool against every kind of answer. Never a second effect, never a hidden one.

An effect is possible where a request went out and nothing proves that it did nothing. The proofs are: no connection, a
refusal (4xx, save 408), a rate limit. All else may have happened.
"""

import asyncio
import json

import httpx
import pytest
from loopback import FreeClock

from retell_ai import Client, OutcomeUnknown, ToolError
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.core.registry import load_registry

REGISTRY = load_registry(Client.registry_source)
WRITES = [name for name in REGISTRY if not REGISTRY.tools[name].is_read]
OWN, GATEWAY = {"status": "error", "message": "no"}, {"message": "Endpoint request timed out"}
HTML = "<html><body>Bad gateway</body></html>"

REFUSED = [status for status in range(400, 452) if status not in {408, 429}]
POSSIBLE_STATUSES = [300, 301, 302, 303, 304, 307, 308, 408, 500, 501, 502, 503, 504, 505, 507, 520, 522, 524, 529, 598]


def answered(status, body=None, **more):
    def answer(request):
        content = body if isinstance(body, str | bytes) else b"" if body is None else json.dumps(body)
        return httpx.Response(status, content=content, **more)

    return answer


def raised(kind, **more):
    def answer(request):
        raise kind("it broke", **({"request": request} if issubclass(kind, httpx.TransportError) else {}))

    return answer


CERTAIN_NOT = {
    **{f"{status}": answered(status, OWN) for status in REFUSED},
    "429": answered(429, OWN),
    "429 by a gateway": answered(429, HTML, headers={"retry-after": "1"}),
    "no connection": raised(httpx.ConnectError),
    "no connection in time": raised(httpx.ConnectTimeout),
    "no room in the pool": raised(httpx.PoolTimeout),
}
POSSIBLE = {
    **{f"{status} {name}": answered(status, body, headers={"location": "/x"})
       for status in POSSIBLE_STATUSES for name, body in (("own", OWN), ("html", HTML), ("empty", None))},
    "503 that says when": answered(503, GATEWAY, headers={"retry-after": "3"}),
    "200 html": answered(200, HTML),
    "201 cut": answered(201, '{"call_id": "c'),
    "201 NaN": answered(201, '{"cost": NaN}'),
    "201 beyond numbers": answered(201, '{"cost": 1e400}'),
    "201 no text": answered(201, b"\xff\xfe\xfa"),
    "201 nested": answered(201, "[" * 100_000),
    "201 long number": answered(201, '{"n": ' + "9" * 5000 + "}"),
    "read error": raised(httpx.ReadError),
    "write error": raised(httpx.WriteError),
    "read timeout": raised(httpx.ReadTimeout),
    "write timeout": raised(httpx.WriteTimeout),
    "protocol error": raised(httpx.RemoteProtocolError),
    "own protocol error": raised(httpx.LocalProtocolError),
    "close error": raised(httpx.CloseError),
    "undecodable": answered(
        201, b"no gzip", headers={"content-encoding": "gzip"}
    ),
    "os error": raised(OSError),
    "reset": raised(ConnectionResetError),
    "no memory": raised(MemoryError),
    "a mistake": raised(ValueError),
    "an alarm": raised(TimeoutError),
    "an interrupt": raised(KeyboardInterrupt),
    "an exit": raised(SystemExit),
    "a cancellation": raised(asyncio.CancelledError),
}  # fmt: skip


def example(name):
    return REGISTRY.tools[name].examples[0].arguments


def attempt(name, answer):
    """Call a tool against one answer; return what it ended in, and the requests by path."""
    seen = []

    def handle(request):
        seen.append(request)
        return answer(request)

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        client = Client("key_canary", http_client=http_client, clock=FreeClock())
        try:
            ended = client.call(name, example(name))
        except BaseException as error:  # noqa: BLE001 - interrupts are part of the matrix
            ended = error
    return ended, seen


def effects(seen):
    """Return the requests that count as separate effects: repeats under one idempotency key are one."""
    return {
        (request.method, request.url.path, json.loads(request.content or b"{}").get("idempotency_key", number))
        if request.headers.get("content-type") == "application/json"
        else (request.method, request.url.path, number)
        for number, request in enumerate(seen)
    }


def test_the_matrix_has_a_hundred_kinds_of_answer():
    assert len(CERTAIN_NOT) + len(POSSIBLE) >= 100


@pytest.mark.parametrize("name", WRITES)
def test_what_may_have_happened_is_sent_once_and_said(name):
    for kind, answer in POSSIBLE.items():
        ended, seen = attempt(name, answer)

        known = as_tool_error(ended)
        assert len(effects(seen)) == 1, kind
        assert (known.outcome, known.retryable) == ("unknown", False), kind
        if isinstance(ended, ToolError):
            assert isinstance(ended, OutcomeUnknown), kind
        else:
            assert any("may have happened" in note for note in ended.__notes__), kind


@pytest.mark.parametrize("name", WRITES)
def test_what_cannot_have_happened_is_never_called_unknown(name):
    for kind, answer in CERTAIN_NOT.items():
        ended, _ = attempt(name, answer)

        assert isinstance(ended, ToolError), kind
        assert not isinstance(ended, OutcomeUnknown), kind
        assert ended.outcome in {"refused", "not_sent"}, kind


@pytest.mark.parametrize("name", WRITES)
def test_a_success_is_one_effect(name):
    ended, seen = attempt(name, answered(200, {"llm_id": "llm_1"}))

    assert not isinstance(ended, BaseException)
    assert len({request.url.path for request in seen}) == len(seen)


@pytest.mark.parametrize("name", WRITES)
def test_a_certain_failure_after_a_possible_effect_does_not_hide_it(name):
    for kind in ("read error", "503 own", "201 cut"):
        answers = iter([POSSIBLE[kind], *[CERTAIN_NOT["no connection"]] * 9])

        ended, _ = attempt(name, lambda request, answers=answers: next(answers)(request))

        assert as_tool_error(ended).outcome == "unknown", kind
