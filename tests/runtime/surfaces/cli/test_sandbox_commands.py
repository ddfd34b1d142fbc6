"""`sandbox` and `webhooks` as programs: real processes, real sockets, a state folder of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from retell_ai import sign_webhook
from tests.eventually import eventually

CALL = ["agent_id=agent_123", "from_number=+14155550100", "to_number=+14155550199"]
PLACE = json.dumps(dict(word.split("=") for word in CALL))


class Shell:
    """Runs the program with a home of its own."""

    def __init__(self, home):
        self.home = home
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
        self.environment = {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "NO_COLOR": "1"}
        self.started = []

    def command(self, *words):
        return [sys.executable, "-m", "retell_ai", *words]

    def run(self, *words, stdin=None, **environment):
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            input=stdin,
            env={**self.environment, **environment},
            cwd=self.home,
            timeout=60,
            check=False,
        )

    def data(self, *words, **environment):
        ended = self.run(*words, "--json", **environment)
        assert ended.returncode == 0, ended.stderr + ended.stdout
        return json.loads(ended.stdout)["data"]

    def start(self, *words, **environment):
        """Start a program that serves, and return the process and its address."""
        ready = self.home / f"ready{len(self.started)}"
        process = subprocess.Popen(
            self.command(*words, "--port", "0", "--ready-file", str(ready)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **environment},
            cwd=self.home,
        )
        self.started.append(process)
        eventually(lambda: ready.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process, json.loads(ready.read_text())["url"]


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_commands_build_on_each_other_while_a_sandbox_runs(shell):
    shell.start("sandbox", "serve", "--clock", "virtual")
    made = shell.data("--sandbox", "call", "create_phone_call", PLACE)["call_id"]
    assert shell.data("sandbox", "do", "call", made, "answer")["call_status"] == "ongoing"
    assert shell.data("call", "get_call", json.dumps({"call_id": made}), "--sandbox")["call_status"] == "ongoing"
    shell.data("sandbox", "do", "call", made, "say", "text=Hello?")
    assert shell.data("sandbox", "records", "call", made)["transcript"].endswith("User: Hello?\n")
    shell.data("sandbox", "fail", "status", "tool=get_agent", "status=503", "times=5")
    refused = shell.run("call", "get_agent", '{"agent_id": "agent_123"}', "--sandbox", "--json")
    assert refused.returncode == 6
    assert shell.data("sandbox", "status")["failures"][0]["kind"] == "status"
    assert shell.data("sandbox", "requests", "tool=create_phone_call")["total"] == 1
    state = shell.data("sandbox", "export")
    shell.data("sandbox", "reset")
    assert shell.run("sandbox", "records", "call", made).returncode == 3
    assert shell.run("sandbox", "import", "-", stdin=json.dumps(state)).returncode == 0
    assert shell.data("sandbox", "records", "call", made)["call_id"] == made


def test_without_a_running_one_a_command_says_how_to_start_it(shell):
    ended = shell.run("sandbox", "status")
    assert ended.returncode == 3
    assert "sandbox serve" in ended.stderr
    assert shell.run("call", "get_agent", '{"agent_id": "agent_123"}', "--sandbox").returncode == 0


def test_without_uvicorn_one_line_says_what_to_install(shell):
    blocked = shell.home / "blocked" / "uvicorn"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('there is no uvicorn here')")
    ended = shell.run("sandbox", "serve", "--port", "0", PYTHONPATH=str(blocked.parent))
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "retell-tools: the sandbox's server needs an extra that is not installed: pip install 'retell-tools[sandbox]'"
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(shell, number):
    process, url = shell.start("sandbox", "serve")
    with httpx.stream("GET", f"{url}/__sandbox/events"):
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert list((shell.home / "state").rglob("sandbox.json")) == []


def test_what_was_answered_is_there_after_a_kill(shell):
    process, url = shell.start("sandbox", "serve", "--state", "state.db")
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}) as client:
        answers = [client.post("/create-retell-llm", json={"model": "gpt-4.1"}) for _ in range(20)]
        process.kill()
    made = [answer.json()["llm_id"] for answer in answers]
    process.communicate()
    _, url = shell.start("sandbox", "serve", "--state", "state.db")
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}) as client:
        assert {client.get(f"/get-retell-llm/{one}").status_code for one in made} == {200}
        assert client.post("/create-retell-llm", json={}).json()["llm_id"] not in made


def test_a_kill_in_the_middle_of_writes_takes_nothing_that_was_answered(shell):
    answered = {}

    def write(url, worker):
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}) as client:
            while True:
                try:
                    made = client.post("/create-retell-llm", json={"begin_message": worker}).json()["llm_id"]
                    client.patch(f"/update-retell-llm/{made}", json={"begin_message": made})
                except httpx.HTTPError:
                    return
                answered[made] = made

    for _ in range(3):
        process, url = shell.start("sandbox", "serve", "--state", "state.db")
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}) as client:
            found = {one: client.get(f"/get-retell-llm/{one}").json()["begin_message"] for one in answered}
        assert found == answered
        known = len(answered)
        threads = [threading.Thread(target=write, args=(url, f"worker {number}")) for number in range(4)]
        for thread in threads:
            thread.start()
        eventually(answered.__len__, lambda count, least=known + 10: count >= least)
        process.kill()
        for thread in threads:
            thread.join()
        process.communicate()
    assert len(answered) >= 30


def test_two_sandboxes_share_nothing_and_no_file(shell):
    _, first = shell.start("sandbox", "serve", "--state", "state.db")
    _, second = shell.start("sandbox", "serve")
    headers = {"Authorization": "Bearer k"}
    made = httpx.post(f"{first}/create-retell-llm", json={}, headers=headers).json()["llm_id"]
    httpx.post(f"{second}/__sandbox/failures", json={"kind": "status", "status": 500, "times": None})
    assert httpx.get(f"{first}/get-retell-llm/{made}", headers=headers).status_code == 200
    httpx.delete(f"{second}/__sandbox/failures")
    assert httpx.get(f"{second}/get-retell-llm/{made}", headers=headers).status_code == 422
    ended = shell.run("sandbox", "serve", "--port", "0", "--state", "state.db")
    assert (ended.returncode, "state.db" in ended.stderr) == (3, True)


def test_a_seed_is_there_from_the_start(shell):
    seed = {
        "agent": [{"agent_id": "agent_mine", "agent_name": "Mine", "channel": "voice", "voice_id": "11labs-Adrian"}]
    }
    (shell.home / "seed.json").write_text(json.dumps(seed))
    _, url = shell.start("sandbox", "serve", "--seed", "seed.json")
    reply = httpx.get(f"{url}/get-agent/agent_mine", headers={"Authorization": "Bearer k"})
    assert reply.json()["agent_name"] == "Mine"


def test_unknown_ids_stand_for_samples_where_that_is_wished(shell):
    _, url = shell.start("sandbox", "serve", "--unknown-ids", "sample", "--strict")
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer k"}) as client:
        assert client.get("/get-agent/nobody_made_me").json()["agent_id"] == "nobody_made_me"
        assert client.post("/v2/stop-call/some_call").status_code == 204
        assert client.get("/v2/list-retell-llms?pagination_key=key").status_code == 200
        assert client.post("/create-retell-llm", json={"modle": "gpt-4.1"}).status_code == 400


KEY = {"RETELL_WEBHOOK_KEY": "key_hook"}


class TestWebhooks:
    def test_a_listener_verifies_keeps_forwards_and_shows(self, shell):
        inner, inner_url = shell.start("webhooks", "listen", "--json", "--journal", "inner.jsonl", **KEY)
        outer, url = shell.start(
            *("webhooks", "listen", "--json", "--journal", "outer.jsonl", "--forward-to", inner_url + "/x"), **KEY
        )
        body = b'{"event":"call_inbound","call_inbound":{"from_number":"+14155550101","to_number":"+14155550100"}}'
        headers = {"x-retell-signature": sign_webhook(body, "key_hook")}
        assert httpx.post(url, content=body, headers=headers).status_code == 204
        forged = {"x-retell-signature": sign_webhook(body, "another")}
        assert httpx.post(url, content=body, headers=forged).status_code == 401
        for process in (outer, inner):
            process.terminate()
        shown = [json.loads(line) for line in outer.communicate()[0].splitlines()]
        assert [(one["event"], one["verified"]) for one in shown] == [("call_inbound", True), ("call_inbound", False)]
        assert shown[0]["forwarded"]["status"] == 204
        assert "is a JSON object" in shown[0]["faults"][0]
        (forwarded,) = [json.loads(line) for line in inner.communicate()[0].splitlines()]
        assert (forwarded["verified"], forwarded["body"]) == (True, body.decode())
        listed = shell.data("webhooks", "log", "--journal", "outer.jsonl")
        assert len(listed) == 2
        assert outer.returncode == inner.returncode == 0

    def test_a_delivery_is_made_up_replayed_and_verified(self, shell):
        _, url = shell.start("webhooks", "listen", "--journal", "j.jsonl", **KEY)
        made = shell.data("webhooks", "trigger", "call_ended", "--to", url, "--set", "call.metadata.order=7", **KEY)
        assert (made["status"], made["signed"], made["body"]["call"]["metadata"]["order"]) == (204, True, 7)
        again = shell.data("webhooks", "replay", "last", "--to", url, "--journal", "j.jsonl", **KEY)
        assert again["body"] == made["body"]
        entries = shell.data("webhooks", "log", "--journal", "j.jsonl")
        assert [(one["verified"], bool(one["repeats"])) for one in entries] == [(True, False), (True, True)]
        Path(shell.home / "body").write_text(entries[0]["body"])
        words = ("webhooks", "verify", "body", "--signature", entries[0]["signature"])
        assert shell.data(*words, **KEY)["event"] == "call_ended"
        assert shell.run(*words, RETELL_WEBHOOK_KEY="another").returncode == 5

    def test_the_sandbox_sends_to_a_listener(self, shell):
        _, url = shell.start("webhooks", "listen", "--journal", "j.jsonl", "--sandbox")
        shell.start("sandbox", "serve", "--clock", "virtual", "--webhook-url", url)
        shell.data("--sandbox", "call", "create_phone_call", PLACE)
        shell.data("sandbox", "clock", "advance", "100")
        entries = eventually(
            lambda: shell.data("webhooks", "log", "--journal", "j.jsonl"), lambda found: len(found) >= 4
        )
        mine = [one["event"] for one in entries if json.loads(one["body"])["call"]["call_id"] != "call_456"]
        assert mine == ["call_started", "call_ended", "call_analyzed"]
        assert all(one["verified"] for one in entries)

    def test_the_request_of_a_custom_function_is_made_up_and_taken(self, shell):
        _, url = shell.start("webhooks", "listen", "--journal", "j.jsonl", **KEY)
        words = ("webhooks", "trigger", "function", "--to", url, "--set", "name=book_job")
        made = shell.data(*words, **KEY)
        assert (made["status"], made["body"]["name"]) == (204, "book_job")
        (entry,) = shell.data("webhooks", "log", "--journal", "j.jsonl")
        assert (entry["event"], entry["verified"]) == ("function", True)

    def test_a_listener_answers_questions_itself_and_says_what_the_answer_decides(self, shell):
        answer = '{"call_inbound": {"override_agent_id": "agent_7", "metdata": {}}}'
        process, url = shell.start("webhooks", "listen", "--json", "--journal", "j.jsonl", "--answer", answer, **KEY)
        made = shell.data("webhooks", "trigger", "call_inbound", "--to", url, **KEY)
        assert made["answer"] == answer
        assert 'override_agent_id "agent_7"' in made["means"][0]
        assert "did you mean metadata" in made["faults"][0]
        assert shell.data("webhooks", "trigger", "call_ended", "--to", url, **KEY)["status"] == 204
        process.terminate()
        shown = [json.loads(line) for line in process.communicate()[0].splitlines()]
        assert [(len(one["means"]), len(one["faults"])) for one in shown] == [(1, 1), (0, 0)]

    @pytest.mark.parametrize(
        ("event", "answer", "code", "said"),
        [
            ("call_inbound", '{"call_inbound": {"override_agent_id": "agent_7"}}', 0, "the answer counts"),
            ("call_inbound", "{}", 0, "nothing is decided"),
            ("call_inbound", '{"call_inbound": {"override_agent_id": 7}}', 5, "acts on this answer as on none"),
            ("chat_inbound", "yes", 5, "is a JSON object"),
            ("function", "Booked.", 0, "the model reads 7 characters of text"),
            ("function", "x" * 15001, 0, "what comes after 15000 is cut off"),
            ("call_ended", "", 0, "no body is needed"),
        ],
    )
    def test_an_answer_in_a_file_is_judged(self, shell, event, answer, code, said):
        ended = shell.run("webhooks", "check-answer", event, "-", stdin=answer)
        assert (ended.returncode, said in ended.stdout) == (code, True), ended

    def test_an_unknown_event_is_refused_with_the_nearest(self, shell):
        ended = shell.run("webhooks", "trigger", "call_endet", "--to", "http://127.0.0.1:9/", **KEY)
        assert ended.returncode == 3
        assert "call_ended" in ended.stderr
