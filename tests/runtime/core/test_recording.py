"""What the ledger learns of a write, and how a repeat is answered: nothing is sent twice that may have happened."""

import asyncio
import json

import httpx
import pytest
from loopback import FreeClock

from retell_ai import AsyncClient, Client, InvalidArguments, OutcomeUnknown
from tool_runtime.accounts.memory_ledger import MemoryLedger
from tool_runtime.errors import BadRequest, ConfigurationError, ConnectionFailed

DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
BUY = {"area_code": 415}
MADE = {"call_id": "call_1", "call_status": "registered"}


@pytest.fixture
def ledger(clock):
    return MemoryLedger(now_ms=lambda: int(clock.now * 1000))


@pytest.fixture
def client(wire, clock, ledger):
    with wire.client() as http_client:
        yield Client("key_canary", http_client=http_client, clock=clock, ledger=ledger)


def answer(status, body=None):
    return httpx.Response(status, json=body)


def entries(ledger):
    return list(reversed(ledger.find()))


def keys(wire):
    return [body["idempotency_key"] for body in wire.bodies]


def test_a_write_is_written_down_before_it_is_sent_and_after_it_was_answered(wire, ledger):
    at_send = []
    wire.script = [answer(201, MADE)]

    def handle(request):
        at_send.extend(ledger.find())
        return wire.handle(request)

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        Client("key_canary", http_client=http_client, clock=FreeClock(), ledger=ledger).create_phone_call(**DIAL)

    (before,), (after,) = at_send, ledger.find()
    assert (before.ending, before.outcome) == (None, "under_way")
    assert (after.outcome, after.delivered, after.ending.ids) == ("done", True, {"call_id": "call_1"})
    assert after.intent.tool == "create_phone_call"
    assert after.intent.effects == ("dial",)
    assert after.intent.arguments["to_number"] == "+14155550199"
    assert after.intent.idempotency_key == keys(wire)[0]


def test_reads_and_clients_without_a_ledger_leave_no_record(wire, client, ledger, recorded):
    wire.script = [answer(200, []), answer(201, MADE)]

    client.list_voices()
    recorded.create_phone_call(**DIAL)

    assert ledger.find() == []


def test_no_secret_gets_into_the_ledger(wire, client, ledger):
    client.update_phone_number(phone_number="+14155550100", auth_password="word_canary")

    (entry,) = ledger.find()
    assert "canary" not in json.dumps(entry.to_dict())
    assert "canary" in wire.requests[0].content.decode()


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        (answer(400, {"message": "no"}), "refused"),
        (httpx.ConnectError("x"), "not_sent"),
        (httpx.ReadError("x"), "unknown"),
        (answer(503), "unknown"),
        (KeyboardInterrupt(), "unknown"),
        (TimeoutError(), "unknown"),
        (MemoryError(), "unknown"),
    ],
)
def test_every_end_is_written(wire, client, ledger, ends, outcome):
    wire.script = [ends] * 3

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - interrupts too
        client.create_phone_number(**BUY)

    (entry,) = ledger.find()
    assert entry.outcome == outcome
    known = getattr(caught.value, "tool_error", caught.value)
    assert known.record == entry.intent.id


def test_a_repeat_of_a_purchase_whose_answer_was_lost_is_not_sent(wire, client, ledger):
    wire.script = [httpx.ReadError("x"), answer(201, {})]

    with pytest.raises(OutcomeUnknown) as first:
        client.create_phone_number(**BUY)
    with pytest.raises(OutcomeUnknown) as second:
        client.create_phone_number(**BUY)

    assert len(wire.requests) == 1
    assert second.value.repeat_of == first.value.record
    assert second.value.reconcile["tool"] == first.value.reconcile["tool"]
    assert "again" in second.value.hint
    assert len(ledger.find()) == 1


def test_a_second_purchase_can_be_meant(wire, client):
    wire.script = [httpx.ReadError("x"), answer(201, {"phone_number": "+14155550101"})]

    with pytest.raises(OutcomeUnknown):
        client.create_phone_number(**BUY)

    assert client.create_phone_number(**BUY, request_options={"again": True}) == {"phone_number": "+14155550101"}
    assert len(wire.requests) == 2


def test_another_purchase_is_no_repeat(wire, client):
    wire.script = [httpx.ReadError("x")]

    with pytest.raises(OutcomeUnknown):
        client.create_phone_number(**BUY)
    client.create_phone_number(area_code=212)

    assert len(wire.requests) == 2


def test_another_account_is_no_repeat(wire, clock, ledger):
    wire.script = [httpx.ReadError("x")]
    accounts = {"other": "key_other"}
    client = Client("key_x", accounts=accounts, http_client=wire.client(), clock=clock, ledger=ledger)

    with pytest.raises(OutcomeUnknown):
        client.create_phone_number(**BUY)
    client.account("other").create_phone_number(**BUY)

    assert len(wire.requests) == 2


def test_a_repeat_after_the_window_is_a_new_call(wire, client, clock):
    wire.script = [httpx.ReadError("x")]

    with pytest.raises(OutcomeUnknown):
        client.create_phone_number(**BUY)
    clock.now += 601
    client.create_phone_number(**BUY)

    assert len(wire.requests) == 2


def test_a_write_that_certainly_did_not_happen_may_be_called_again(wire, client):
    wire.script = [answer(400, {"message": "no"}), *[httpx.ConnectError("x")] * 3, answer(201, {})]

    with pytest.raises(BadRequest):
        client.create_phone_number(**BUY)
    with pytest.raises(ConnectionFailed):
        client.create_phone_number(**BUY)
    client.create_phone_number(**BUY)

    assert len(wire.requests) == 5


def test_an_answered_write_may_be_called_again(wire, client):
    client.create_phone_number(**BUY)
    client.create_phone_number(**BUY)

    assert len(wire.requests) == 2


def test_where_every_equal_write_is_a_repeat_the_answer_comes_from_the_ledger(wire, clock, ledger):
    wire.script = [answer(201, {"phone_number": "+14155550101"})]
    client = Client("key_x", http_client=wire.client(), clock=clock, ledger=ledger, repeats="all", surface="mcp")

    first = client.invoke("create_phone_number", BUY)
    second = client.invoke("create_phone_number", BUY)

    assert len(wire.requests) == 1
    assert second.result == first.result
    assert (first.repeat_of, second.repeat_of) == (None, first.record)


def test_a_result_that_did_not_reach_its_caller_is_given_to_the_next(wire, clock, ledger):
    wire.script = [answer(201, {"phone_number": "+14155550101"})]
    options = {"http_client": wire.client(), "clock": clock, "delivers": False}

    first = Client("key_x", ledger=ledger, **options).invoke("create_phone_number", BUY)
    ledger.leave_parent()
    second = Client("key_x", ledger=ledger, **options).invoke("create_phone_number", BUY)

    assert len(wire.requests) == 1
    assert (second.result, second.repeat_of) == (first.result, first.record)


def test_a_repeat_of_a_dial_goes_out_under_the_first_key(wire, client):
    wire.script = [*[httpx.ReadError("x")] * 3, answer(201, MADE)]

    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL)
    client.create_phone_call(**DIAL)

    assert len(wire.requests) == 4
    assert len(set(keys(wire))) == 1


def test_a_dial_that_is_meant_again_has_a_key_of_its_own(wire, client):
    wire.script = [*[httpx.ReadError("x")] * 3, answer(201, MADE)]

    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL)
    client.create_phone_call(**DIAL, request_options={"again": True})

    assert len(set(keys(wire))) == 2


def test_a_cancelled_dial_is_found_out_by_its_repeat(wire, clock, ledger):
    async def run():
        hanging, arrived = asyncio.Event(), asyncio.Event()

        async def handle(request):
            wire.requests.append(request)
            arrived.set()
            if len(wire.requests) == 1:
                await hanging.wait()
            return answer(201, MADE)

        transport = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        async with transport, AsyncClient("key_x", http_client=transport, clock=clock, ledger=ledger) as client:
            task = asyncio.create_task(client.create_phone_call(**DIAL))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value, await client.create_phone_call(**DIAL)

    error, result = asyncio.run(run())

    assert error.tool_error.idempotency_key == keys(wire)[0]
    assert result == MADE
    assert len(set(keys(wire))) == 1


def test_an_explicit_key_holds_where_the_api_takes_none(wire, client):
    wire.script = [answer(201, {"phone_number": "+14155550101"})]
    options = {"idempotency_key": "order-17"}

    first = client.create_phone_number(**BUY, request_options=options)
    second = client.create_phone_number(**BUY, request_options=options)

    assert first == second
    assert len(wire.requests) == 1


def test_a_key_that_was_used_for_another_call_is_refused(wire, client):
    options = {"idempotency_key": "order-17"}
    client.create_phone_number(**BUY, request_options=options)

    with pytest.raises(InvalidArguments):
        client.create_phone_number(area_code=212, request_options=options)

    assert len(wire.requests) == 1


def test_a_key_that_nobody_can_hold_is_refused(recorded, wire):
    with pytest.raises(ConfigurationError):
        recorded.create_phone_number(**BUY, request_options={"idempotency_key": "order-17"})

    assert wire.requests == []


def test_steps_are_entries_of_their_own_inside_the_tool(wire, client, ledger):
    wire.script = [answer(201, {"llm_id": "llm_1"}), answer(201, {"agent_id": "agent_1"})]

    client.create_agent(voice_id="11labs-Adrian", prompt="x")

    whole, step = entries(ledger)
    assert (whole.intent.tool, step.intent.tool) == ("create_agent", "create_retell_llm")
    assert (whole.intent.within, step.intent.within) == (None, whole.intent.id)
    assert [entry.outcome for entry in (whole, step)] == ["done", "done"]


class Full(MemoryLedger):
    def begin(self, *_args, **_options):
        raise ConfigurationError("the disk is full")


def test_what_cannot_be_written_down_is_not_sent(wire, clock):
    client = Client("key_x", http_client=wire.client(), clock=clock, ledger=Full())

    with pytest.raises(ConfigurationError):
        client.create_phone_call(**DIAL)

    assert wire.requests == []
