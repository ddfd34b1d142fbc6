"""Whatever ends a call, and at whatever moment: what may have happened is said, and nothing is called not sent."""

import asyncio
import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import httpx
import pytest
from loopback import FreeClock

import tool_runtime
from retell_ai import AsyncClient, Client
from tool_runtime.accounts.memory_ledger import MemoryLedger
from tool_runtime.core.foreign_errors import as_tool_error
from tool_runtime.errors import OutcomeUnknown, TimedOut, ToolError

RUNTIME = str(Path(tool_runtime.__file__).parent)
DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
AGENT = {"voice_id": "11labs-Adrian", "prompt": "Be brief."}
NO = {"status": "error", "message": "no"}


class Struck:
    """Raises an exception at the n-th line that the runtime runs."""

    def __init__(self, number, kind=KeyboardInterrupt):
        self.left, self.kind = number, kind

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(RUNTIME):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise self.kind
        return self


def strike(number, kind, call):
    """Run a call that is struck at the n-th line; return what it ended in, and whether the strike came."""
    tracer = Struck(number, kind)
    sys.settrace(tracer)
    try:
        return call(), tracer.left <= 0
    except BaseException as error:  # noqa: BLE001 - what ends it is what this is about
        return error, tracer.left <= 0
    finally:
        sys.settrace(None)


def warm_up():
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503, json=NO))) as http_client:
        client = Client("key_x", http_client=http_client, clock=FreeClock(), ledger=MemoryLedger())
        for name, arguments in (("create_phone_number", {"area_code": 415}), ("list_voices", {})):
            with pytest.raises(ToolError):
                client.call(name, arguments)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, TimeoutError])
@pytest.mark.parametrize("status", [201, 503, 400])
def test_an_exception_at_any_line_of_the_runtime_hides_no_write(kind, status):
    # What is made once is made before: a struck import would leave the process with half a module.
    warm_up()
    number, came = 0, True
    while came:
        number += 1
        seen = []

        def handle(request, seen=seen):
            seen.append(request)
            return httpx.Response(status, json={"phone_number": "+14155550101"} if status == 201 else NO)

        ledger = MemoryLedger()
        with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
            client = Client("key_x", http_client=http_client, clock=FreeClock(), ledger=ledger)
            ended, came = strike(number, kind, partial(client.create_phone_number, area_code=415))
        assert len(seen) <= 1
        outcomes = [entry.outcome for entry in ledger.find()]
        if isinstance(ended, BaseException):
            said = as_tool_error(ended).outcome
            if seen and status != 400:
                assert said in {"unknown", "done"}, number
                # Struck inside the ledger's own writing, an entry may stay open: it counts as unknown then.
                assert set(outcomes) <= {"unknown", "done", "under_way"}, number
        else:
            # Struck inside the ledger's own writing, the call is done all the same, and its entry stays open.
            assert outcomes in (["done"], ["under_way"])
    assert number > 100


def test_a_log_handler_that_raises_changes_nothing(wire, clock):
    class Broken(logging.Handler):
        def handle(self, record):
            raise OSError("the disk is full")

    logger, handler = logging.getLogger("tool_runtime"), Broken()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    wire.script = [httpx.Response(201, json={"call_id": "call_1"})]
    try:
        assert Client("key_x", http_client=wire.client(), clock=clock).create_phone_call(**DIAL)["call_id"] == "call_1"
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def hang(connection):
    """Take the request and answer nothing until the other side closes."""
    connection.settimeout(10)
    with pytest.raises(OSError):  # noqa: PT011, PT012 - closed by the client, or by the end of the test
        while connection.recv(65536):
            pass
        raise ConnectionError


@pytest.fixture
def alarm():
    def ring(*_):
        raise TimeoutError("the caller's own deadline")

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_alarm_of_the_callers_own_ends_a_read_as_it_is(server, client, alarm):
    server.script = [hang]
    alarm(0.2)

    with pytest.raises(TimeoutError, match="the caller's own deadline") as caught:
        client.get_call(call_id="call_1")

    assert not isinstance(caught.value, TimedOut)
    assert len(server.received) == 1


def test_an_alarm_of_the_callers_own_ends_a_write_with_a_note_and_without_a_repeat(server, client, alarm):
    server.script = [hang]
    alarm(0.2)

    with pytest.raises(TimeoutError) as caught:
        client.create_phone_call(**DIAL)

    known = caught.value.tool_error
    assert (known.outcome, known.idempotency_key) == ("unknown", server.received[0].json["idempotency_key"])
    assert known.reconcile["tool"] == "list_calls"
    assert any("may have happened" in note and known.idempotency_key in note for note in caught.value.__notes__)
    assert len(server.received) == 1


def test_a_wait_that_gives_up_on_a_dial_leads_to_its_key_and_recipe(wire, caplog):
    async def run():
        arrived = asyncio.Event()

        async def handle(request):
            wire.requests.append(request)
            arrived.set()
            await asyncio.Event().wait()

        transport = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        async with transport, AsyncClient("key_x", http_client=transport) as client:
            await asyncio.wait_for(client.create_phone_call(**DIAL), 0.2)

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(run())

    known = as_tool_error(caught.value)
    assert (known.tool, known.outcome) == ("create_phone_call", "unknown")
    assert known.idempotency_key == wire.bodies[0]["idempotency_key"]
    assert known.idempotency_key in caplog.text


def cancelled(wire, script, paths, call):
    """Cancel a call of an awaiting client when as many requests have arrived as there are paths; return the error."""

    async def run():
        arrived = asyncio.Event()

        async def handle(request):
            wire.requests.append(request)
            if len(wire.requests) == paths:
                arrived.set()
                await asyncio.Event().wait()
            return script[len(wire.requests) - 1]

        transport = httpx.AsyncClient(transport=httpx.MockTransport(handle))
        async with transport, AsyncClient("key_x", http_client=transport, clock=FreeClock()) as client:
            task = asyncio.create_task(call(client))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            return caught.value

    return asyncio.run(run())


def test_a_composed_write_that_is_cut_off_names_what_its_steps_made(wire, caplog):
    script = [httpx.Response(201, json={"llm_id": "llm_1"})]

    error = cancelled(wire, script, 2, lambda client: client.create_agent(**AGENT))

    (left,) = error.tool_error.leftovers
    assert left["undo"] == {"tool": "delete_retell_llm", "arguments": {"llm_id": "llm_1"}}
    assert "llm_1" in caplog.text
    assert error.tool_error.outcome == "unknown"


def test_an_undo_that_is_cut_off_names_the_first_failure_and_what_stays(wire, caplog):
    script = [httpx.Response(201, json={"llm_id": "llm_1"}), httpx.Response(400, json=NO)]

    error = cancelled(wire, script, 3, lambda client: client.create_agent(**AGENT))

    (left,) = error.tool_error.leftovers
    assert left["undo"]["arguments"] == {"llm_id": "llm_1"}
    assert "400" in str(error.tool_error)
    assert "llm_1" in caplog.text


def test_an_answer_that_does_not_fit_the_memory_leaves_a_write_unknown(wire, clock, monkeypatch):
    class Greedy(httpx.SyncByteStream):
        def __iter__(self):
            yield b"["
            raise MemoryError

    http_client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(201, stream=Greedy())))
    client = Client("key_x", http_client=http_client, clock=clock)

    with pytest.raises(OutcomeUnknown):
        client.create_phone_number(area_code=415)


def test_threads_that_share_a_client_keep_their_answers_apart(clock):
    def handle(request):
        return httpx.Response(200, json={"call_id": request.url.path.rpartition("/")[2]})

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        client = Client("key_x", http_client=http_client, clock=clock)
        wrong = []

        def run(number):
            for turn in range(25):
                name = f"call_{number}_{turn}"
                if client.get_call(call_id=name)["call_id"] != name:
                    wrong.append(name)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []
