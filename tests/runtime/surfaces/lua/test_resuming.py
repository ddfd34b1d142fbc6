"""Paused and killed scripts go on from their journal, and every write happens once."""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from retell_ai import Client, Ledger, Sandbox
from tool_runtime.accounts.script_journal import resumable_runs
from tool_runtime.errors import UsageError
from tool_runtime.surfaces.lua.lua_session import LuaSession

R = "local r = app.integrations.retell_ai "
ASKS = {"write": "ask"}


@pytest.fixture
def ledger(tmp_path: Path):
    made = Ledger(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


@pytest.fixture
def session(ledger: Ledger):
    client = Client(sandbox=Sandbox(examples=True), ledger=ledger, policy=ASKS, surface="lua")
    with client, LuaSession(client, warm=False) as made:
        yield made


AGENT = '{voice_id = "11labs-Adrian", prompt = "You are kind."}'


def test_a_write_that_nobody_can_be_asked_about_pauses_the_run(session: LuaSession):
    result = session.run(R + f"print('before') r.create_agent({AGENT}) print('after')")
    assert (result.status, result.output, result.success) == ("paused", "before\n", False)
    assert [(one["seq"], one["tool"], one["why"]) for one in result.pending] == [(1, "create_agent", "needs a yes")]
    assert result.pending[0]["arguments"]["prompt"] == "You are kind."
    assert result.retryable
    assert [run.id for run in resumable_runs(session.client.ledger.path)] == [result.run]


def test_a_yes_lets_the_call_through_and_what_was_before_is_not_called_again(session: LuaSession):
    source = (
        R + "local t, n = now(), random(1 << 40) local a = #r.list_agents({}).items "
        f"r.create_agent({AGENT}) return {{t, n, a}}"
    )
    first = session.run(source + " ")
    made = session.client.asking(lambda _invocation: True)
    made.create_agent(voice_id="11labs-Adrian", prompt="Another")
    session.client.clock.sleep(1000)
    result = session.resume(first.run, approve=[first.pending[0]["seq"]])
    assert result.status == "done", result.error
    assert result.result[2] == 1
    assert [call.replayed for call in result.calls] == [True, True, False]
    assert resumable_runs(session.client.ledger.path) == []


def test_a_no_is_an_error_that_the_script_can_catch(session: LuaSession):
    first = session.run(R + f"local ok, e = pcall(r.create_agent, {AGENT}) return {{ok, e}}")
    result = session.resume(first.run, deny=[1])
    assert result.result[0] is False
    assert "create_agent was not confirmed" in result.result[1]


def test_without_a_decision_the_run_pauses_again(session: LuaSession):
    first = session.run(R + f"r.create_agent({AGENT})")
    again = session.resume(first.run)
    assert (again.status, again.pending[0]["seq"], again.run) == ("paused", 1, first.run)


def test_calls_in_parallel_pause_together(session: LuaSession):
    make = f"function() return r.create_agent({AGENT}).agent_id end"
    first = session.run(
        R + f"return parallel{{{make}, {make}, function() return r.get_agent('agent_123').agent_id end}}"
    )
    assert len(first.pending) == 2
    result = session.resume(first.run, approve=[one["seq"] for one in first.pending])
    assert len(set(result.result)) == 3


def test_a_script_that_goes_another_way_is_stopped(session: LuaSession):
    ways = iter(["Kind.", "Unkind."])
    source = R + "local p = app.integrations.testing.way() r.create_agent({voice_id = '11labs-Adrian', prompt = p})"
    from lua_answers import Answers

    class Unsteady(Answers):
        def prepare(self, member: str, arguments: Any) -> Any:
            from dataclasses import replace

            return replace(super().prepare(member, arguments), journaled=False)

    answers = Unsteady("app.integrations.testing", way=lambda _given: next(ways))
    with LuaSession(session.client, namespaces=[answers], warm=False) as other:
        first = other.run(source)
        result = other.resume(first.run, approve=[1])
    assert result.error.type == "diverged"
    assert "had other arguments in the first run" in result.error.message


def test_a_run_that_is_not_there_names_the_nearest(session: LuaSession):
    first = session.run(R + f"r.create_agent({AGENT})")
    with pytest.raises(UsageError, match="there is no run") as raised:
        session.resume(first.run[:-1])
    assert first.run in str(raised.value)


def test_a_finished_run_leaves_no_journal(session: LuaSession):
    session.run(R + "return r.list_agents({})")
    with LuaSession(
        session.client.asking(lambda _invocation: True), confirm=lambda _invocation: True, warm=False
    ) as yes:
        assert yes.run(R + f"return r.create_agent({AGENT}).agent_id").success
    assert resumable_runs(session.client.ledger.path) == []


def test_a_read_only_script_never_touches_the_ledger(session: LuaSession):
    assert session.run(R + "return r.list_agents({})").success
    assert not session.client.ledger.path.exists()


def test_equal_writes_of_one_script_are_two_and_stay_two_when_resumed(session: LuaSession):
    first = session.run(R + f"return {{r.create_agent({AGENT}).agent_id, r.create_agent({AGENT}).agent_id}}")
    second = session.resume(first.run, approve=[1])
    result = session.resume(first.run, approve=[second.pending[0]["seq"]])
    assert len(set(result.result)) == 2


def test_a_result_with_a_secret_is_not_kept(session: LuaSession, ledger: Ledger):
    source = R + f"local w = r.create_web_call({{agent_id = 'agent_123'}}) r.create_agent({AGENT}) return w.call_id"
    first = session.run(source)
    second = session.resume(first.run, approve=[1])
    ledger.close()
    stored = b"".join(path.read_bytes() for path in ledger.path.parent.glob("ledger.sqlite3*"))
    assert b"web_call" in stored
    assert session.resume(first.run, approve=[second.pending[0]["seq"]]).result.startswith("call_")


# Killed. The host runs in a process of its own; the API is a server of the test.

HOST = """
import json, os, signal, sys
from retell_ai import Client, Ledger
from tool_runtime.surfaces.lua.lua_session import LuaSession
order = json.loads(sys.argv[1])
def told(progress):
    if progress["n"] == order.get("kill_at"):
        os.kill(os.getpid(), signal.SIGKILL)
client = Client("key_x", base_url=order["url"], ledger=Ledger(order["ledger"]), surface="lua", retries=0)
with client, LuaSession(client, warm=False) as session:
    if order.get("run"):
        decided = {"done": {int(seq): value for seq, value in order["done"].items()}, "not_done": order["not_done"]}
        result = session.resume(order["run"], on_progress=told, **decided)
    else:
        result = session.run(order["source"], on_progress=told)
    print(json.dumps(result.to_dict()))
"""
WRITES = 20
# Calls with a key that the API knows, and updates without one.
TWENTY = """
local r = app.integrations.retell_ai
local ids = {}
for i = 1, 20 do
  progress(i)
  local at = now()
  if i % 2 == 0 then
    ids[i] = r.create_call({agent_id = "agent_1", from_number = "+14155550100", to_number = "+14155550199"}).call_id
  else
    ids[i] = r.update_call({call_id = "call_" .. i, metadata = {n = i}}).call_id
  end
end
return ids
"""


class Api:
    """An API that counts what happened, knows idempotency keys, and may kill its caller at a request."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.keys: dict[str, str] = {}
        self.pid = 0
        self.kill: str | None = None
        self.killed_at: set[str] = set()
        api = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer()

            def do_PATCH(self) -> None:
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
                answer = api.answer(self.command, self.path, body)
                if answer is None:
                    self.close_connection = True
                    return
                content = json.dumps(answer).encode()
                self.send_response(201 if self.command == "POST" else 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *said: object) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        if "list-calls" in path or method == "GET":
            return {"items": [], "has_more": False, "call_id": path.rpartition("/")[2]}
        key = body.get("idempotency_key")
        if key in self.keys:
            return {"call_id": self.keys[key]}
        name = f"{path.rpartition('/')[2]}"
        if self.kill == "before" and len(self.happened) not in self.killed_at:
            self.killed_at.add(len(self.happened))
            os.kill(self.pid, signal.SIGKILL)
            return None
        self.happened.append(name)
        call_id = f"call_made_{len(self.happened)}" if key else name
        if key:
            self.keys[key] = call_id
        if self.kill == "after":
            os.kill(self.pid, signal.SIGKILL)
            return None
        return {"call_id": call_id}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def api():
    made = Api()
    yield made
    made.close()


def host(api: Api, ledger: Path, **order: Any) -> dict[str, Any] | None:
    """Run the host, and return its result; None where it was killed."""
    order = {"url": api.url, "ledger": str(ledger), "source": TWENTY, "done": {}, "not_done": []} | order
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        [sys.executable, "-c", HOST, json.dumps(order)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        api.pid = process.pid
        out, err = process.communicate(timeout=120)
    if process.returncode == -signal.SIGKILL:
        return None
    assert process.returncode == 0, err.decode()
    result: dict[str, Any] = json.loads(out)
    return result


def go_on(api: Api, ledger: Path, result: dict[str, Any] | None) -> dict[str, Any]:
    """Resume until the script ends, and decide as an operator does who can look at the API."""
    for _ in range(4 * WRITES):
        if result is not None and result["status"] == "done":
            return result
        (run,) = resumable_runs(ledger)
        decided: dict[str, Any] = {"done": {}, "not_done": []}
        if result is not None:
            assert result["status"] == "paused", result["error"]
            for pending in result["pending"]:
                assert pending["why"] == "outcome unknown"
                assert pending["reconcile"]["tool"] == "get_call"
                assert "found" in pending
                call_id = pending["arguments"]["call_id"]
                if call_id in api.happened:
                    decided["done"][pending["seq"]] = {"call_id": call_id}
                else:
                    decided["not_done"].append(pending["seq"])
        result = host(api, ledger, run=run.id, **decided)
    raise AssertionError("the script does not come to its end")


def expected() -> list[str]:
    return [f"call_{at}" if at % 2 else "create-phone-call" for at in range(1, WRITES + 1)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_host_that_is_killed_at_every_write_makes_each_write_once(moment: str, api: Api, tmp_path: Path):
    api.kill = moment
    result = go_on(api, tmp_path / "ledger.sqlite3", host(api, tmp_path / "ledger.sqlite3"))
    assert api.happened == expected()
    assert [one for one in result["result"] if one.startswith("call_made")] == [
        f"call_made_{at}" for at in range(2, 21, 2)
    ]
    assert not result["retryable"]


def test_a_host_that_is_killed_between_writes_makes_each_write_once(api: Api, tmp_path: Path):
    ledger = tmp_path / "ledger.sqlite3"
    assert host(api, ledger, kill_at=1) is None
    assert not ledger.exists()
    assert host(api, ledger, kill_at=5) is None
    for at in range(6, WRITES + 1):
        (run,) = resumable_runs(ledger)
        assert host(api, ledger, run=run.id, kill_at=at) is None
    assert go_on(api, ledger, None)["success"]
    assert api.happened == expected()
