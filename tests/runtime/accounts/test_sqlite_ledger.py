"""What holds for every ledger: the one in a file and the one in memory are run through the same tests."""

import threading

import pytest
from ledger_cases import NOW, ending, intent

from tool_runtime.accounts.caps import Caps
from tool_runtime.accounts.memory_ledger import MemoryLedger
from tool_runtime.accounts.sqlite_ledger import Ledger
from tool_runtime.core.ledger import Ending, Entry, LedgerNotWritten
from tool_runtime.errors import CapReached, InvalidArguments

MINUTE = 60_000


@pytest.fixture(params=["file", "memory"])
def ledger(request, tmp_path):
    made = Ledger(tmp_path / "ledger.sqlite3", now_ms=lambda: NOW) if request.param == "file" else MemoryLedger()
    yield made
    made.close()


def test_what_was_begun_and_ended_is_read_back_whole(ledger):
    begun = intent(
        idempotency_key="key_1",
        within="composed_1",
        reconcile={"tool": "list_calls", "arguments": {"limit": 5}, "note": "Look there."},
        numbers=("+14155550100",),
        arguments={"text": "ünï\udc00\x00", "list": [1, None, 2.5, {"a": True}]},
    )
    ended = Ending("done", NOW + 9, 201, "code", "message", {"call_id": "c1"}, {"call_id": "c1", "n": [1]})

    ledger.begin(begun)
    ledger.end("call_1", ended)
    ledger.deliver("call_1")

    assert ledger.get("call_1") == Entry(begun, ended, delivered=True, alive=True)


def test_without_an_ending_a_call_of_a_running_process_is_under_way(ledger):
    ledger.begin(intent())
    entry = ledger.get("call_1")
    assert (entry.outcome, entry.alive, entry.delivered, entry.ending) == ("under_way", True, False, None)


def test_an_entry_that_is_not_there_is_none(ledger):
    assert ledger.get("call_9") is None


@pytest.mark.parametrize("outcome", ["done", "failed", "not_sent", "refused"])
def test_the_first_certain_ending_stands(ledger, outcome):
    ledger.begin(intent())
    ledger.end("call_1", ending(outcome, ids={"call_id": "first"}))
    ledger.end("call_1", ending("unknown"))
    ledger.end("call_1", ending("done", ids={"call_id": "second"}))
    assert ledger.get("call_1").ending == ending(outcome, ids={"call_id": "first"})


def test_a_later_ending_replaces_an_unknown_one(ledger):
    ledger.begin(intent())
    ledger.end("call_1", ending("unknown"))
    ledger.end("call_1", ending("done"))
    assert ledger.get("call_1").outcome == "done"


def test_an_outcome_that_is_no_word_of_the_ledger_is_recorded_as_unknown(ledger):
    ledger.begin(intent())
    ledger.end("call_1", ending("ok"))
    assert ledger.get("call_1").outcome == "unknown"


@pytest.mark.parametrize("write", ["end", "deliver"])
def test_a_write_to_an_entry_that_is_not_there_says_so_and_names_the_entry(ledger, write):
    with pytest.raises(LedgerNotWritten, match="call_9") as caught:
        ledger.end("call_9", ending()) if write == "end" else ledger.deliver("call_9")
    assert caught.value.id == "call_9"


def test_an_id_is_used_once_and_the_first_entry_stays(ledger):
    ledger.begin(intent())
    with pytest.raises(InvalidArguments, match="call_1"):
        ledger.begin(intent(tool="delete_agent"))
    assert ledger.get("call_1").intent == intent()


def test_arguments_that_hold_themselves_are_refused_before_anything_is_written(ledger):
    circle = []
    circle.append(circle)
    with pytest.raises(InvalidArguments, match="ledger"):
        ledger.begin(intent(arguments={"circle": circle}))
    assert ledger.get("call_1") is None


def test_arguments_are_kept_as_they_were_when_the_call_began(ledger):
    arguments = {"list": [1]}
    ledger.begin(intent(arguments=arguments))
    arguments["list"].append(2)
    assert ledger.get("call_1").intent.arguments == {"list": [1]}


def test_long_texts_and_values_that_are_no_json_are_named_and_not_kept(ledger):
    ledger.begin(intent(arguments={"text": "x" * 5000, "file": b"RIFF", "pair": ("a", object())}))
    kept = ledger.get("call_1").intent.arguments
    assert kept == {"text": "x" * 200 + "… (5000 characters)", "file": "<bytes>", "pair": ["a", "<object>"]}


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (None, True),
        ({"call_id": "c1"}, True),
        ("x" * 65_000, True),
        ("x" * 66_000, False),
        (b"RIFF", False),
        ({"half": "\udc00"}, True),
    ],
    ids=["nothing", "object", "short", "long", "bytes", "half a surrogate pair"],
)
def test_a_result_is_kept_where_it_is_short_json(ledger, result, kept):
    ledger.begin(intent())
    ledger.end("call_1", ending(result=result))
    got = ledger.get("call_1").ending
    assert (got.result, got.result_kept) == (result if kept else None, kept)


def test_entries_are_found_newest_first_and_by_everything_that_is_given(ledger):
    ledger.begin(intent("a", at_ms=NOW + 1, idempotency_key="k", digest="d2"))
    ledger.begin(intent("b", at_ms=NOW + 3, account="other"))
    ledger.begin(intent("c", at_ms=NOW + 2, tool="delete_agent", within="b"))
    ledger.begin(intent("d", at_ms=NOW + 2))
    ledger.end("a", ending("refused"))
    ledger.end("b", ending("unknown"))

    def ids(**wanted):
        return [entry.intent.id for entry in ledger.find(**wanted)]

    assert ids() == ["b", "d", "c", "a"]
    assert ids(limit=2) == ["b", "d"]
    assert ids(limit=0) == []
    assert ids(since_ms=NOW + 2) == ["b", "d", "c"]
    assert ids(digest="d2") == ids(idempotency_key="k") == ids(outcome="refused") == ["a"]
    assert ids(account="other") == ids(outcome="unknown") == ["b"]
    assert ids(tool="delete_agent") == ids(within="b") == ["c"]
    assert ids(outcome="under_way") == ["d", "c"]
    assert ids(outcome="under_way", limit=1, account="default") == ["d"]
    assert ids(account="other", tool="delete_agent") == []


def test_texts_with_half_a_surrogate_pair_are_found_and_told_apart(ledger):
    ledger.begin(intent("\udc00", idempotency_key="k\udc01", account="a\udc02"))
    assert ledger.get("\udc00").intent.id == "\udc00"
    assert len(ledger.find(idempotency_key="k\udc01", account="a\udc02")) == 1
    assert ledger.find(idempotency_key="k\\udc01") == []
    ledger.end("\udc00", ending(message="said \udc03"))
    assert ledger.get("\udc00").ending.message == "said \udc03"


def test_a_misspelt_outcome_is_refused_with_the_nearest_one(ledger):
    with pytest.raises(InvalidArguments) as caught:
        ledger.find(outcome="unknwon")
    assert caught.value.faults[0].nearest == "unknown"


@pytest.mark.parametrize("outcome", ["done", "failed", "not_sent", "refused"])
def test_somebody_who_found_out_resolves_an_unknown_call(ledger, outcome):
    ledger.begin(intent())
    ledger.end("call_1", ending("unknown", error="outcome_unknown"))

    ledger.resolve("call_1", outcome, "seen in the dashboard")

    entry = ledger.get("call_1")
    assert (entry.outcome, entry.note, entry.ending.error) == (outcome, "seen in the dashboard", "outcome_unknown")


def test_the_process_that_made_the_call_knows_better_than_a_resolution(ledger):
    ledger.begin(intent())
    ledger.end("call_1", ending("unknown"))
    ledger.resolve("call_1", "not_sent", "nothing in the dashboard")

    ledger.end("call_1", ending("done"))

    assert (ledger.get("call_1").outcome, ledger.get("call_1").note) == ("done", None)


@pytest.mark.parametrize(
    ("entry_id", "outcome", "note", "place"),
    [
        ("call_9", "done", "seen", "id"),
        ("running", "done", "seen", "id"),
        ("ended", "done", "seen", "id"),
        ("lost", "unknown", "seen", "outcome"),
        ("lost", "under_way", "seen", "outcome"),
        ("lost", "doen", "seen", "outcome"),
        ("lost", "done", "  ", "note"),
    ],
)
def test_a_resolution_of_anything_else_is_refused_and_changes_nothing(ledger, entry_id, outcome, note, place):
    for name in ("running", "ended", "lost"):
        ledger.begin(intent(name))
    ledger.end("ended", ending("refused"))
    ledger.end("lost", ending("unknown"))
    before = ledger.find()

    with pytest.raises(InvalidArguments) as caught:
        ledger.resolve(entry_id, outcome, note)

    assert caught.value.faults[0].path == place
    assert ledger.find() == before


def test_a_judge_sees_equal_calls_of_the_window_and_equal_keys_of_any_age(ledger):
    for entry in (
        intent("young", at_ms=NOW - 9 * MINUTE),
        intent("old", at_ms=NOW - 11 * MINUTE),
        intent("same key", at_ms=NOW - 5000 * MINUTE, digest="d2", idempotency_key="k"),
        intent("other account", account="other", idempotency_key="k"),
        intent("other arguments", digest="d3"),
    ):
        ledger.begin(entry)
    seen = []

    ledger.begin(intent("new", idempotency_key="k"), judge=seen.extend)
    ledger.begin(intent("without a key", digest="d4"), judge=seen.extend)

    assert [entry.intent.id for entry in seen] == ["young", "same key"]


def test_a_judge_that_refuses_leaves_no_entry_and_the_ledger_usable(ledger):
    def refuse(found):
        raise LookupError("a repeat")

    with pytest.raises(LookupError, match="a repeat"):
        ledger.begin(intent(), judge=refuse)

    assert ledger.find() == []
    ledger.begin(intent())


def test_a_judge_may_read_the_ledger(ledger):
    ledger.begin(intent("first"))
    seen = []
    ledger.begin(intent("second"), judge=lambda found: seen.extend(ledger.find(account="default")))
    assert [entry.intent.id for entry in seen] == ["first"]


def test_of_equal_calls_at_once_from_many_threads_one_is_the_first(ledger):
    firsts = []

    def call(number):
        def judge(found):
            if not found:
                firsts.append(number)

        ledger.begin(intent(f"call_{number}"), judge=judge)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(firsts) == 1
    assert len(ledger.find()) == 20


def test_threads_that_begin_and_end_at_once_lose_nothing(ledger):
    def call(number):
        ledger.begin(intent(f"call_{number}"))
        ledger.end(f"call_{number}", ending(ids={"number": str(number)}))
        ledger.deliver(f"call_{number}")

    threads = [threading.Thread(target=call, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries = ledger.find(outcome="done")
    assert {entry.intent.id: entry.ending.ids["number"] for entry in entries} == {
        f"call_{n}": str(n) for n in range(30)
    }
    assert all(entry.delivered for entry in entries)


def test_a_cap_counts_what_may_have_happened_and_nothing_else(ledger):
    for number, outcome in enumerate(["done", "failed", "unknown", "not_sent", "refused"]):
        ledger.begin(intent(outcome, at_ms=NOW - 1000 * number))
        ledger.end(outcome, ending(outcome))
    ledger.begin(intent("under way"))
    ledger.begin(intent("other account", account="other"))
    ledger.begin(intent("a read", effects=()))

    with pytest.raises(CapReached) as caught:
        ledger.begin(intent("new"), Caps(dials_per_minute=4))
    assert (caught.value.cap, caught.value.limit, caught.value.count) == ("dials_per_minute", 4, 4)
    assert ledger.get("new") is None

    ledger.begin(intent("new"), Caps(dials_per_minute=5))


def test_a_step_takes_the_room_that_the_composed_tool_took(ledger):
    caps = Caps(dials_per_minute=1, spends_per_day=1)
    ledger.begin(intent("composed"), caps)
    ledger.begin(intent("step", within="composed"), caps)
    ledger.end("step", ending())
    with pytest.raises(CapReached):
        ledger.begin(intent("second step", within="composed"), caps)
    with pytest.raises(CapReached):
        ledger.begin(intent("next"), caps)


def test_a_step_that_rang_counts_although_the_composed_tool_was_refused(ledger):
    ledger.begin(intent("composed"))
    ledger.begin(intent("step", within="composed"))
    ledger.end("step", ending("done"))
    ledger.end("composed", ending("refused"))
    with pytest.raises(CapReached):
        ledger.begin(intent("next"), Caps(dials_per_day=1))


def test_a_closed_ledger_opens_again_with_everything(ledger):
    ledger.begin(intent())
    ledger.close()
    ledger.end("call_1", ending())
    assert ledger.get("call_1").outcome == "done"


def test_an_entry_is_shown_as_plain_json(ledger):
    ledger.begin(intent())
    ledger.end("call_1", ending("unknown", ids={"call_id": "c1"}))
    shown = ledger.get("call_1").to_dict()
    assert (shown["id"], shown["effects"], shown["outcome"]) == ("call_1", ["dial", "spend"], "unknown")
    assert shown["ending"]["ids"] == {"call_id": "c1"}
