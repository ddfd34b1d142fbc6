"""Lists are followed to their end and no further; waits end in the state, in its impossibility, or in time."""

import asyncio

import httpx
import pytest

from retell_ai import AsyncClient, Client
from tool_runtime.errors import (
    CallerError,
    InvalidArguments,
    PaginationBroken,
    TimedOut,
    UnknownTool,
    UnreadableReply,
    WaitFailed,
    WaitTimedOut,
)


def page(rows, key=None, more=None):
    body = {"items": rows, "has_more": key is not None if more is None else more}
    return httpx.Response(200, json=body | ({"pagination_key": key} if key else {}))


def test_the_rows_of_all_pages_come_in_order(recorded, wire):
    wire.script = [page([{"n": 1}, {"n": 2}], "a"), page([{"n": 3}], "b"), page([])]

    assert [row["n"] for row in recorded.iter.list_calls(limit=2)] == [1, 2, 3]

    assert [body.get("pagination_key") for body in wire.bodies] == [None, "a", "b"]
    assert all(body["limit"] == 2 for body in wire.bodies)


def test_no_more_rows_are_fetched_than_are_asked_for(recorded, wire):
    wire.script = [page([{"n": 1}, {"n": 2}], "a")]

    assert len(list(recorded.iter.list_calls(max_items=2))) == 2
    assert list(recorded.iter.list_calls(max_items=0)) == []
    assert len(wire.requests) == 1


def test_rows_to_skip_are_skipped_once(recorded, wire):
    wire.script = [page([{"n": 1}], "a"), page([{"n": 2}])]

    list(recorded.iter.list_calls(skip=10))

    assert [body.get("skip") for body in wire.bodies] == [10, None]


@pytest.mark.parametrize("script", [["a", "a"], ["a", "b", "a"]])
def test_a_cursor_that_comes_back_ends_the_list_in_an_error_and_not_in_a_circle(recorded, wire, script):
    wire.script = [page([{"n": 1}], key) for key in script]

    with pytest.raises(PaginationBroken):
        list(recorded.iter.list_calls())

    assert len(wire.requests) == len(script)


def test_more_without_a_cursor_is_an_error_and_not_a_silent_end(recorded, wire):
    wire.script = [page([{"n": 1}], more=True)]

    with pytest.raises(PaginationBroken):
        list(recorded.iter.list_calls())


def test_an_answer_that_is_no_page_is_an_error(recorded, wire):
    wire.script = [httpx.Response(200, json=[])]

    with pytest.raises(UnreadableReply):
        list(recorded.iter.list_calls())


def test_a_cursor_in_the_query_and_a_filter_in_the_body_go_to_their_places(recorded, wire):
    wire.script = [page([], "k/1"), page([])]

    list(recorded.iter.list_agents())

    assert wire.requests[1].url.query == b"pagination_key=k%2F1"
    assert "filter_criteria" in wire.bodies[1]


def test_a_tool_without_pages_says_which_have_them(recorded):
    with pytest.raises(CallerError) as caught:
        list(recorded.iter._iter("get_call", {"call_id": "call_1"}))

    assert "list_calls" in caught.value.hint


def test_an_unusable_row_limit_is_refused(recorded):
    with pytest.raises(InvalidArguments):
        list(recorded.iter.list_calls(max_items=-1))


def states(*values):
    return [httpx.Response(200, json={"call_id": "call_1", "call_status": value}) for value in values]


@pytest.mark.parametrize("last", ["ended", "not_connected", "error"])
def test_a_call_is_over_when_it_has_ended_failed_or_never_connected(recorded, wire, last):
    wire.script = states("registered", "ongoing", last)

    assert recorded.wait.call_ended(call_id="call_1", timeout=600)["call_status"] == last


def test_a_wait_asks_at_its_interval(recorded, wire, clock):
    wire.script = states("registered", "ongoing", "ended")

    recorded.wait.call_ended(call_id="call_1", interval=7)

    assert clock.slept == [7, 7]


def test_a_wait_that_takes_too_long_tells_the_last_state_and_how_to_go_on(recorded, wire):
    wire.script = states(*["ongoing"] * 9)

    with pytest.raises(WaitTimedOut) as caught:
        recorded.wait.call_ended(call_id="call_1", timeout=5, interval=2)

    assert caught.value.last["call_status"] == "ongoing"
    assert (caught.value.waiter, caught.value.arguments) == ("call_ended", {"call_id": "call_1"})
    assert len(wire.requests) == 4


def test_a_state_that_the_spec_does_not_know_is_waited_through(recorded, wire):
    wire.script = states("parked", "ended")

    assert recorded.wait.call_ended(call_id="call_1")["call_status"] == "ended"


@pytest.mark.parametrize("option", [{"timeout": -1}, {"timeout": "5"}, {"interval": True}, {"timeout": float("nan")}])
def test_an_unusable_wait_is_refused_before_anything_is_sent(recorded, wire, option):
    with pytest.raises(InvalidArguments):
        recorded.wait.call_ended(call_id="call_1", **option)

    assert wire.requests == []


def test_lists_and_waits_are_the_same_when_awaited(wire, clock):
    wire.script = [page([{"n": 1}], "a"), page([{"n": 2}]), *states("ongoing", "ended")]

    async def run():
        transport = httpx.AsyncClient(transport=httpx.MockTransport(wire.handle))
        async with transport, AsyncClient("key", http_client=transport, clock=clock) as client:
            rows = [row["n"] async for row in client.iter.list_calls()]
            return rows, await client.wait.call_ended(call_id="call_1")

    rows, ended = asyncio.run(run())

    assert rows == [1, 2]
    assert ended["call_status"] == "ended"


def test_a_list_of_nothing_but_empty_pages_ends(clock):
    seen = []

    def handle(request):
        seen.append(request)
        return page([], f"key_{len(seen)}")

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        client = Client("key_x", http_client=http_client, clock=clock)
        with pytest.raises(PaginationBroken):
            list(client.iter.list_calls(max_items=1))

    assert len(seen) == 50


def test_some_empty_pages_do_not_end_a_list(recorded, wire):
    wire.script = [*(page([], f"key_{number}") for number in range(10)), page([{"n": 1}])]

    assert list(recorded.iter.list_calls()) == [{"n": 1}]


@pytest.mark.parametrize("option", [{"interval": 0}, {"timeout": 0}, {"timeout": 10**400}, {"interval": 1e300}])
def test_a_wait_without_a_pause_or_beyond_all_clocks_is_refused(recorded, wire, option):
    with pytest.raises(InvalidArguments):
        recorded.wait.call_ended(call_id="call_1", **option)

    assert wire.requests == []


@pytest.fixture
def slow(clock):
    """A client of an API that takes every request and answers none; attempts last as long as they may."""
    attempts = []

    def handle(request):
        patience = request.extensions["timeout"]["read"]
        attempts.append(patience)
        clock.now += patience
        raise httpx.ReadTimeout("no answer", request=request)

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        yield Client("key_x", http_client=http_client, clock=clock), attempts


def test_the_deadline_of_a_wait_bounds_the_reads_inside(slow, clock):
    client, attempts = slow
    began = clock.now

    with pytest.raises(WaitTimedOut) as caught:
        client.wait.call_ended(call_id="call_1", timeout=5)

    assert clock.now - began <= 5
    assert attempts == [5]
    assert caught.value.waiter == "call_ended"


def test_a_read_without_a_deadline_is_attempted_three_times(slow):
    client, attempts = slow

    with pytest.raises(TimedOut):
        client.get_call(call_id="call_1", request_options={"timeout": 7})

    assert attempts == [7, 7, 7]


def test_a_wait_that_cannot_end_well_names_the_state_that_was_reached(recorded, wire):
    wire.script = [httpx.Response(200, json={"call_id": "call_1", "call_status": "error"})]

    with pytest.raises(WaitFailed) as caught:
        recorded.wait.call_analyzed(call_id="call_1")

    assert caught.value.state == {"call_status": "error"}
    assert "call_status 'error'" in str(caught.value)


def test_an_unknown_waiter_is_answered_with_the_nearest(recorded):
    with pytest.raises(UnknownTool) as caught:
        recorded.wait_for("call_endd", {"call_id": "call_1"})

    assert caught.value.nearest[0] == "call_ended"


def test_pages_and_waits_by_name_are_those_of_the_methods(recorded, wire):
    wire.script = [page([{"n": 1}], "a"), page([{"n": 2}]), *states("ended")]

    assert list(recorded.pages("list_calls")) == [[{"n": 1}], [{"n": 2}]]
    assert recorded.wait_for("call_ended", {"call_id": "call_1"})["call_status"] == "ended"
