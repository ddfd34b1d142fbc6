"""Idempotency keys: one key for one call, no longer than the API remembers it, and never a blank one."""

import json

import httpx
import pytest
from loopback import FreeClock

from retell_ai import Client, InvalidArguments, OutcomeUnknown
from tool_runtime.accounts.memory_ledger import MemoryLedger

DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
HOUR = 3600


class ForgetfulApi:
    """Takes a key for a new one when an hour has passed, as the real one does; every new key rings a phone."""

    def __init__(self, clock, lose):
        self.clock, self.lose, self.seen, self.rings = clock, lose, {}, 0

    def __call__(self, request):
        key = json.loads(request.content)["idempotency_key"]
        if self.clock.now - self.seen.get(key, float("-inf")) > HOUR:
            self.seen[key] = self.clock.now
            self.rings += 1
        return self.lose(self, request)

    def client(self, **options):
        return Client(
            "key_x", http_client=httpx.Client(transport=httpx.MockTransport(self)), clock=self.clock, **options
        )


def hang(api, request):
    api.clock.now += request.extensions["timeout"]["read"]
    raise httpx.ReadTimeout("", request=request)


def busy(api, request):
    return httpx.Response(503, headers={"retry-after": "60"}, json={"message": "busy"})


@pytest.mark.parametrize(
    ("lose", "options"),
    [
        (hang, {"timeout": 4000}),
        (hang, {"timeout": 1900, "retries": 9}),
        (busy, {"retries": 100}),
        (hang, {"timeout": 59, "retries": 100}),
    ],
)
def test_no_attempt_goes_out_when_the_api_may_have_forgotten_the_key(lose, options):
    api = ForgetfulApi(FreeClock(), lose)

    with pytest.raises(OutcomeUnknown):
        api.client().create_phone_call(**DIAL, request_options=options)

    assert api.rings == 1


class Nap(FreeClock):
    """Sleeps longer than asked: a suspended machine, whose monotonic clock may stand still meanwhile."""

    def __init__(self, ticks):
        super().__init__()
        self.ticks, self.stood = ticks, 0.0

    def monotonic(self):
        return self.now - self.stood

    def sleep(self, seconds):
        super().sleep(seconds)
        self.now += 2 * HOUR
        self.stood += 0 if self.ticks else 2 * HOUR


@pytest.mark.parametrize("ticks", [True, False])
def test_no_attempt_goes_out_after_a_sleep_in_which_the_key_was_forgotten(ticks):
    api = ForgetfulApi(Nap(ticks), busy)

    with pytest.raises(OutcomeUnknown) as caught:
        api.client().create_phone_call(**DIAL)

    assert api.rings == 1
    assert caught.value.reconcile["tool"] == "list_calls"


def test_a_clock_that_was_set_back_does_not_make_a_forgotten_key_young():
    clock = FreeClock()
    api = ForgetfulApi(clock, hang)
    client = api.client(ledger=MemoryLedger(), retries=0)
    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL)
    api.seen = dict.fromkeys(api.seen, float("-inf"))
    clock.now -= 2 * HOUR

    with pytest.raises(OutcomeUnknown) as caught:
        client.create_phone_call(**DIAL)

    assert (api.rings, caught.value.repeat_of is not None) == (1, True)


@pytest.mark.parametrize("elapsed", [0, 2 * HOUR])
def test_an_unknown_outcome_says_until_when_its_key_makes_a_repeat_safe(elapsed):
    api = ForgetfulApi(FreeClock(), hang)
    api.clock.now = 1_800_000_000.0
    client = api.client(ledger=MemoryLedger(), retries=0, repeat_window=3 * HOUR)
    with pytest.raises(OutcomeUnknown) as first:
        client.create_phone_call(**DIAL)
    api.seen = dict.fromkeys(api.seen, float("inf"))
    api.clock.now += elapsed
    with pytest.raises(OutcomeUnknown) as second:
        client.create_phone_call(**DIAL)

    assert api.rings == 1
    for error in (first.value, second.value):
        # An hour, less a minute for clocks that differ.
        assert error.to_dict()["idempotency_key_until_ms"] == (1_800_000_000 + HOUR - 60) * 1000
    assert "Until 2027-01-15 08:59:00 UTC" in first.value.hint


def test_a_rate_limited_call_may_wait_longer_than_a_key_lives_since_nothing_happened():
    clock, answers = (
        FreeClock(),
        iter([*[httpx.Response(429, headers={"retry-after": "60"})] * 61, httpx.Response(201)]),
    )
    api = ForgetfulApi(clock, lambda _api, _request: next(answers))

    assert api.client().create_phone_call(**DIAL, request_options={"retries": 100}) is None


def test_a_repeat_after_the_life_of_the_first_key_is_not_sent_under_that_key():
    api = ForgetfulApi(FreeClock(), hang)
    ledger = MemoryLedger(now_ms=lambda: int(api.clock.now * 1000))
    client = api.client(ledger=ledger, repeat_window=2 * HOUR)

    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL)
    api.clock.now += HOUR
    with pytest.raises(OutcomeUnknown) as repeated:
        client.create_phone_call(**DIAL)

    assert api.rings == 1
    assert repeated.value.repeat_of is not None


def test_a_repeat_near_the_end_of_a_keys_life_is_not_attempted_beyond_that_end():
    api = ForgetfulApi(FreeClock(), hang)
    ledger = MemoryLedger(now_ms=lambda: int(api.clock.now * 1000))
    client = api.client(ledger=ledger, repeat_window=2 * HOUR)

    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL, request_options={"timeout": 10, "retries": 0})
    api.clock.now += HOUR - 200
    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL, request_options={"timeout": 100, "retries": 9})

    assert api.rings == 1


@pytest.mark.parametrize("key", ["", " ", "\t", None, True, 5, {"a": 1}])
@pytest.mark.parametrize("where", ["argument", "spread", "option"])
def test_a_key_is_text_that_is_not_blank_wherever_it_comes_from(recorded, wire, key, where):
    if where == "option" and key is None:
        key = 0
    given = {
        "argument": {"idempotency_key": key},
        "spread": {"options": {"idempotency_key": key}},
        "option": {"request_options": {"idempotency_key": key}},
    }[where]

    with pytest.raises(InvalidArguments):
        recorded.create_phone_call(**DIAL, **given)

    assert wire.requests == []


@pytest.mark.parametrize(
    "given",
    [
        {"idempotency_key": "order-17"},
        {"options": {"idempotency_key": "order-17"}},
        {"request_options": {"idempotency_key": "order-17"}},
    ],
)
def test_a_key_of_the_callers_own_is_the_one_that_goes_out(recorded, wire, given):
    recorded.create_phone_call(**DIAL, **given)

    assert wire.bodies[0]["idempotency_key"] == "order-17"


def test_two_different_keys_for_one_call_are_refused(recorded, wire):
    with pytest.raises(InvalidArguments):
        recorded.create_phone_call(**DIAL, idempotency_key="a", request_options={"idempotency_key": "b"})

    assert wire.requests == []
