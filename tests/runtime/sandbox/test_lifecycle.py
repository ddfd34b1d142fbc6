import asyncio
from datetime import datetime

import httpx

from tool_runtime.sandbox import START, Sandbox, VirtualClock


def lend(api, books, **more):
    return api.post("/loans", json={"book_id": books[0], **more}).json()["loan_id"]


def test_a_record_moves_on_when_its_time_has_come(api, sandbox, books):
    loan = lend(api, books)
    sandbox.clock.sleep(9.9)
    assert api.get(f"/loans/{loan}").json()["state"] == "asked"
    sandbox.clock.sleep(0.1)
    assert api.get(f"/loans/{loan}").json()["state"] == "out"


def test_a_late_look_sees_what_an_early_one_would_have(api, sandbox, books):
    loan = lend(api, books)
    sandbox.clock.sleep(5000)
    reply = api.get(f"/loans/{loan}").json()
    assert (reply["state"], reply["since"]) == ("late", 1767225610)


def test_the_first_rule_that_a_record_meets_counts(api, sandbox, books):
    loan = lend(api, books, reader="Nemo")
    sandbox.clock.sleep(500)
    reply = api.get(f"/loans/{loan}").json()
    assert (reply["state"], reply["reader"]) == ("back", "nobody")


def test_a_transition_changes_the_state_and_ends_the_lifecycle(api, sandbox, books):
    loan = lend(api, books)
    sandbox.clock.sleep(20)
    assert api.post(f"/loans/{loan}/back").status_code == 204
    sandbox.clock.sleep(500)
    assert api.get(f"/loans/{loan}").json()["state"] == "back"


def test_a_transition_from_another_state_is_refused(api, books):
    reply = api.post(f"/loans/{lend(api, books)}/back")
    assert (reply.status_code, reply.json()["error"]["text"]) == (409, "It is asked.")


def test_records_show_the_present_moment(api, sandbox, books):
    lend(api, books)
    sandbox.clock.sleep(10)
    assert sandbox.records("loan")[0]["state"] == "out"


def test_a_loop_that_never_sleeps_sees_records_move_on(document):
    sandbox = Sandbox(document)
    options = {"base_url": "https://library.example/api/v1", "headers": {"X-API-Key": "k"}}
    with httpx.Client(transport=sandbox.transport, **options) as api:
        loan = lend(api, [api.post("/books", json={"title": "T"}).json()["book_id"]])
        looks = [api.get(f"/loans/{loan}").json()["state"] for _ in range(120)]
    assert looks[0] == "asked"
    assert looks[-1] == "out"


def test_a_clock_moves_only_by_sleeping():
    clock = VirtualClock(START)
    assert (clock.monotonic(), clock.wall(), clock.iso()) == (0, 1767225600, "2026-01-01T00:00:00Z")
    clock.sleep(1.5)
    clock.sleep(-1)
    asyncio.run(clock.asleep(0.1))
    assert (clock.monotonic(), clock.wall()) == (1.6, 1767225601.6)


def test_a_start_without_a_zone_counts_as_utc():
    assert VirtualClock(datetime(2026, 1, 1)).wall() == 1767225600  # noqa: DTZ001 - that is the point


def test_many_small_sleeps_add_up_exactly():
    clock = VirtualClock(START)
    for _ in range(10):
        clock.sleep(0.1)
    assert clock.monotonic() == 1
