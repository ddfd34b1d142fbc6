"""What the answer of a recipe proves: one row that fits and that nobody else claims; never that nothing happened."""

from dataclasses import replace

import pytest
from ledger_cases import NOW, ending, intent

from tool_runtime.accounts.memory_ledger import MemoryLedger
from tool_runtime.core.registry import Registry
from tool_runtime.errors import InvalidArguments, NotFound
from tool_runtime.surfaces.common.reconciling import entry_of, find_out

ROW = {"call_id": "call_new", "to_number": "+14155550100", "agent_id": "agent_1"}
TOOL = {
    "name": "list_calls", "full_name": "list_calls", "aliases": [], "class": "read", "effects": [], "method": "GET",
    "path": "/calls", "summary": "List.", "parameters": {}, "returns": {"status": 200},
}  # fmt: skip
REGISTRY = Registry({
    "registry": 1,
    "api": {"name": "t", "slug": "t", "title": "T", "version": "1", "command": "t", "environment": "T"},
    "server": {"base_url": "https://api.example"},
    "auth": {"in": "header", "name": "X"},
    "tools": {
        "list_calls": TOOL,
        "make_call": TOOL | {"name": "make_call", "full_name": "make_call", "class": "write"},
    },
    "types": {},
})  # fmt: skip
RECIPE = {"tool": "list_calls", "arguments": {"since": NOW - 5000}, "note": "Look again."}
LOST = intent("lost", arguments={"to_number": "+14155550100", "agent_id": "agent_1", "script": "hi"}, reconcile=RECIPE)


class Answering:
    """Answers every read alike, and keeps what was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def call(self, tool, arguments):
        self.asked.append((tool, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def finding(answer, lost=LOST, *others):
    ledger = MemoryLedger()
    ledger.begin(lost)
    ledger.end(lost.id, ending("unknown"))
    for number, other in enumerate(others):
        made = replace(LOST, id=f"other_{number}", **other["intent"])
        ledger.begin(made)
        ledger.end(made.id, ending("done", ids=other["ids"]))
    client = Answering(answer)
    found = find_out(client, ledger, REGISTRY, ledger.get(lost.id))
    return found, client.asked


def test_one_row_that_fits_proves_the_call():
    found, asked = finding([ROW, ROW | {"to_number": "+14155550199", "call_id": "call_old"}])
    assert (found.outcome, found.ids["call_id"], found.matching) == ("done", "call_new", 1)
    assert asked == [("list_calls", {"since": NOW - 5000})]


@pytest.mark.parametrize("rows", [[], [ROW, ROW | {"call_id": "call_two"}], [ROW | {"agent_id": "agent_2"}], [1], [{}]])
def test_none_or_several_rows_prove_nothing(rows):
    found, _ = finding(rows)
    assert found.outcome is None


def test_a_row_that_another_call_made_proves_nothing():
    claimed = {"intent": {}, "ids": {"call_id": "call_new", "agent_id": "agent_1"}}
    assert finding([ROW], LOST, claimed)[0].outcome is None


def test_the_answer_of_a_repeat_under_the_same_key_is_this_calls_own():
    lost = replace(LOST, idempotency_key="key_1")
    repeat = {"intent": {"idempotency_key": "key_1"}, "ids": {"call_id": "call_new"}}
    assert finding([ROW], lost, repeat)[0].outcome == "done"


def test_a_list_that_does_not_begin_with_the_write_proves_nothing():
    old = replace(LOST, reconcile=RECIPE | {"arguments": {"since": NOW - 3_600_000}})
    assert finding([ROW], old)[0].outcome is None


def test_what_was_to_be_destroyed_and_is_not_there_is_gone():
    gone = replace(LOST, effects=("destroy",))
    assert finding(NotFound("no such call", status=404), gone)[0].outcome == "done"
    assert finding(NotFound("no such call", status=404))[0].outcome is None


@pytest.mark.parametrize(
    "recipe",
    [None, RECIPE | {"tool": "make_call"}, RECIPE | {"arguments": {"token": "***"}}, RECIPE | {"tool": "gone"}],
)
def test_a_recipe_that_is_no_read_or_lacks_something_sends_nothing(recipe):
    found, asked = finding([ROW], replace(LOST, reconcile=recipe))
    assert (found.outcome, asked) == (None, [])


def test_the_beginning_of_an_id_is_enough_where_it_names_one():
    ledger = MemoryLedger()
    for name in ("abc1", "abc2"):
        ledger.begin(intent(name))
    assert entry_of(ledger, "abc1").intent.id == "abc1"
    with pytest.raises(InvalidArguments, match="begins 2 entries"):
        entry_of(ledger, "abc")
