"""Decisions on a run that waits: a yes is one to the call that was shown, and a journal of another kind is refused."""

import json
import sqlite3
from pathlib import Path

import pytest
from lua_answers import Answers

from retell_ai import Client, Ledger, Sandbox
from tool_runtime.accounts.script_journal import open_run, resumable_runs
from tool_runtime.errors import ConfigurationError, UnknownTool, UsageError
from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.namespaces import Prepared

R = "local r = app.integrations.retell_ai "
AGENT = '{voice_id = "11labs-Adrian", prompt = "You are kind."}'
MAKE = R + f"return r.create_agent({AGENT}).agent_id"


@pytest.fixture
def ledger(tmp_path: Path):
    made = Ledger(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


@pytest.fixture
def session(ledger: Ledger):
    client = Client(sandbox=Sandbox(examples=True), ledger=ledger, policy={"write": "ask"}, surface="lua")
    with client, LuaSession(client, warm=False) as made:
        yield made


class Gone(Answers):
    """A package without any tool that the script knows."""

    def node(self) -> dict[str, object]:
        return {"f": ["create_agent"]}

    def prepare(self, member: str, arguments: object) -> Prepared:
        raise UnknownTool(f"there is no {member}")


def change(session: LuaSession, statement: str, *values: object) -> None:
    """Change the journal as another program would."""
    with sqlite3.connect(session.client.ledger.path) as connection:
        assert connection.execute(statement, values).rowcount
    connection.close()


def made_agents(session: LuaSession) -> int:
    return sum(
        request.method == "POST" and "create-agent" in request.path for request in session.client.sandbox.requests
    )


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        ({"approve": [2]}, "approve 2: the run RUN has no call 2 that waits for a decision"),
        ({"deny": [7]}, "deny 7: the run RUN has no call 7"),
        ({"done": {1: {}}}, "waits for a yes or a no (approve, deny)"),
        ({"not_done": [1]}, "not done 1: call 1 of the run RUN"),
        ({"approve": [1], "deny": [1]}, "there are two decisions on call 1"),
    ],
)
def test_a_decision_on_a_call_that_waits_for_none_is_refused_and_changes_nothing(decided, words, session: LuaSession):
    first = session.run(MAKE)
    with pytest.raises(UsageError) as raised:
        session.resume(first.run, **decided)
    assert words.replace("RUN", first.run) in str(raised.value)
    assert made_agents(session) == 0
    assert session.resume(first.run, approve=[1]).status == "done"


def test_the_hint_of_a_wrong_decision_names_the_calls_that_wait(session: LuaSession):
    first = session.run(MAKE)
    with pytest.raises(UsageError) as raised:
        session.resume(first.run, approve=[9])
    assert raised.value.hint == "Calls that wait: 1 (app.integrations.retell_ai.create_agent: needs a yes)."


def test_a_yes_to_another_call_than_the_one_that_was_shown_is_no_yes(session: LuaSession):
    first = session.run(MAKE)
    kept = {**first.pending[0], "mark": "0" * 64}
    change(session, "UPDATE script_calls SET answer = ? WHERE run = ?", json.dumps(kept), first.run)
    again = session.resume(first.run, approve=[1])
    assert (again.status, made_agents(session)) == ("paused", 0)
    assert session.resume(first.run, approve=[1]).status == "done"


def test_a_run_does_not_go_on_with_another_account(session: LuaSession, ledger: Ledger):
    first = session.run(MAKE)
    other = Client("key_x", base_url="http://127.0.0.1:9", ledger=ledger, policy={"write": "ask"}, surface="lua")
    with other, LuaSession(other, warm=False) as elsewhere, pytest.raises(UsageError) as raised:
        elsewhere.resume(first.run, approve=[1])
    assert f"the run {first.run} began elsewhere" in str(raised.value)
    assert "sandbox was True, and is False now" in str(raised.value)
    assert [run.id for run in resumable_runs(ledger.path)] == [first.run]


BROKEN = {
    "a state that there is not": "UPDATE script_calls SET state = 'finished'",
    "an answer that is no JSON": "UPDATE script_calls SET answer = '{'",
    "an ending without an answer": "UPDATE script_calls SET state = 'ended', answer = NULL",
    "an ending without a status": "UPDATE script_calls SET state = 'ended', answer = '{\"ok\": 1}'",
    "an error without words": """UPDATE script_calls SET state = 'ended', answer = '{"status": "none", "text": "x"}'""",
    "settings that are no JSON": "UPDATE script_runs SET settings = '{'",
    "settings that are a list": "UPDATE script_runs SET settings = '[]'",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_journal_with_rows_that_no_script_writes_is_refused_before_anything_is_sent(name, session: LuaSession):
    first = session.run(MAKE)
    change(session, BROKEN[name])
    with pytest.raises(ConfigurationError, match="holds what no script wrote"):
        session.resume(first.run, approve=[1])
    assert made_agents(session) == 0
    assert [run.id for run in resumable_runs(session.client.ledger.path)] == [first.run]


def test_a_run_of_a_process_that_cannot_be_read_is_listed(session: LuaSession):
    first = session.run(MAKE)
    change(session, "UPDATE script_runs SET process = 'someone', state = 'running'")
    assert [run.id for run in resumable_runs(session.client.ledger.path)] == [first.run]


def test_a_run_is_resumed_by_one_at_a_time(session: LuaSession):
    first = session.run(MAKE)
    journal = open_run(session.client.ledger.path, first.run)
    with pytest.raises(UsageError, match="is still running"):
        session.resume(first.run, approve=[1])
    journal.close()
    assert made_agents(session) == 0


class Changing(Answers):
    """Lacks `add` when it is asked for that time (1: the first), as another version of a package would."""

    def lacking_in(self, time: int) -> "Changing":
        self.asked, self.lacking = 0, time
        return self

    def prepare(self, member: str, arguments: object) -> Prepared:
        if member == "add":
            self.asked += 1
            if self.asked == self.lacking:
                raise UnknownTool("there is no add")
        return super().prepare(member, arguments)


def test_a_call_that_was_refused_stays_refused_when_the_run_goes_on(session: LuaSession):
    answers = Changing("app.integrations.testing", add=lambda _given: "added").lacking_in(1)
    source = f"local ok = pcall(app.integrations.testing.add, {{}}) {MAKE.replace('return', 'local a =')} return ok"
    with LuaSession(session.client, namespaces=[answers], warm=False) as own:
        first = own.run(source)
        result = own.resume(first.run, approve=[first.pending[0]["seq"]])
    assert result.result is False
    assert made_agents(session) == 1


@pytest.mark.parametrize(
    ("call", "kind", "suggestion"),
    [
        ("r.get_call, {cal_id = 'c'}", "arguments", "Did you mean call_id?"),
        ("r.get_call, {call_id = 'nope'}", "tool", "Check that every id in the arguments exists under this API key."),
    ],
)
def test_an_error_of_the_first_run_is_the_same_when_the_run_goes_on(call, kind, suggestion, session: LuaSession):
    first = session.run(R + f"local _, e = pcall({call}) r.create_agent({AGENT}) error(e)")
    error = session.resume(first.run, approve=[first.pending[0]["seq"]]).error
    assert (error.type, error.line, error.suggestion) == (kind, 1, suggestion)
    assert error.details["code"] == ("invalid_arguments" if kind == "arguments" else "unprocessable")


def test_a_call_whose_tool_is_gone_is_answered_from_the_journal(session: LuaSession):
    answers = Changing("app.integrations.testing", add=lambda _given: "added").lacking_in(2)
    source = f"local added = app.integrations.testing.add({{}}) {MAKE.replace('return', 'local a =')} return added"
    with LuaSession(session.client, namespaces=[answers], warm=False) as own:
        first = own.run(source)
        result = own.resume(first.run, approve=[first.pending[0]["seq"]])
    assert result.result == "added"


def test_a_call_that_waits_for_a_yes_and_can_no_longer_be_made_stops_the_run(session: LuaSession):
    first = session.run(MAKE)
    with LuaSession(session.client, warm=False, tools=False, namespaces=[Gone()]) as own:
        result = own.resume(first.run, approve=[1])
    assert result.error.type == "diverged"
    assert "waits for its end, and can no longer be made: there is no create_agent" in result.error.message
    assert [run.id for run in resumable_runs(session.client.ledger.path)] == [first.run]


def test_an_answer_in_the_journal_is_not_taken_for_another_call(session: LuaSession):
    first = session.run(R + f"local a = r.list_agents({{}}) r.create_agent({AGENT}) return #a.items")
    change(session, "UPDATE script_calls SET path = 'app.integrations.retell_ai.list_voices' WHERE seq = 1")
    result = session.resume(first.run, approve=[2])
    assert result.error.type == "diverged"
    assert made_agents(session) == 0
