"""`call` and `wait` as processes over a real socket: streams, signals, exit codes, encodings, and where a key shows."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from loopback import LoopbackServer, dropped, reply

KEY = "key_canary_7f3a91c2"
DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
MADE = {"call_id": "call_1", "call_type": "phone_call", "call_status": "registered"}


@dataclass(frozen=True)
class Ended:
    code: int
    out: bytes
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def server():
    started = LoopbackServer()
    yield started
    started.close()


@pytest.fixture
def environment(server, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETELL_", "LC_", "LANG"))}
    return kept | {
        "RETELL_API_KEY": KEY,
        "RETELL_BASE_URL": server.url,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_PROXY": "127.0.0.1",
        "COLUMNS": "100",
    }


def program(*words):
    return [sys.executable, "-m", "retell_ai", *words]


@pytest.fixture
def run(environment, tmp_path):
    def started(*words, stdin=b"", **settings):
        ended = subprocess.run(
            program(*words),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
            env=environment | settings,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr.decode())

    return started


@pytest.fixture
def shell(environment, tmp_path):
    """Run a call with the redirections of a shell."""

    def started(redirections, *words):
        ended = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirections}', "sh", *program(*words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
            cwd=tmp_path,
            env=environment,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr.decode())

    return started


def test_a_pipe_gives_arguments_and_flags_win(run, server):
    server.script.append(reply(200, {"items": [], "has_more": False}))
    ended = run("list_calls", "--limit", "3", stdin=b'{"limit": 5, "sort_order": "ascending"}')
    assert ended.code == 0
    assert server.received[0].json == {"limit": 3, "sort_order": "ascending"}


def test_a_write_that_nobody_confirms_is_refused_and_says_how_to_force_it(run, server):
    ended = run("create_phone_call", json.dumps(DIAL))
    assert (ended.code, ended.out, server.received) == (7, b"", [])
    assert "--force" in ended.err


def test_read_only_denies_a_forced_write(run, server):
    ended = run("--read-only", "create_phone_call", json.dumps(DIAL), "--force")
    assert (ended.code, server.received) == (7, [])
    assert "--force" not in ended.err


def test_a_forced_write_is_one_envelope_that_says_so(run, server):
    server.script.append(reply(201, MADE))
    ended = run("create_phone_call", json.dumps(DIAL), "--force", "--json")
    document = ended.document
    assert (ended.code, document["function"], document["success"], document["error"]) == (
        *(0, "create_phone_call", True),
        None,
    )
    assert document["data"] == MADE
    assert document["meta"] == {
        "account": "default",
        "class": "write",
        "effects": ["dial"],
        "dry_run": False,
        "forced": True,
        "sandbox": False,
        "repeat": False,
    }
    assert isinstance(document["duration_ms"], int)


@pytest.mark.parametrize(
    ("words", "script", "code"),
    [
        (["get_call", "--call-id", "c"], [reply(200, MADE)], 0),
        (["get_cal"], [], 2),
        (["get_call"], [], 2),
        (["get_call", "--call-id", "c", "--account", "nobody"], [], 3),
        (["get_call", "--call-id", "c"], [reply(401, {"message": "no"})], 3),
        (["delete_agent", "--agent-id", "a", "--force"], [dropped], 4),
        (["get_call", "--call-id", "c"], [reply(404, {"message": "no"})], 5),
        (["get_call", "--call-id", "c", "--retries", "0"], [reply(500, {"message": "no"})], 6),
        (["delete_agent", "--agent-id", "a"], [], 7),
        (["wait", "call_ended", "--call-id", "c", "--timeout", "0.01"], [reply(200, MADE)] * 3, 8),
    ],
)
def test_each_end_has_its_code_and_one_document(run, server, words, script, code):
    server.script += script
    ended = run(*words, "--json")
    assert ended.code == code, ended.err
    document = ended.document
    assert document["success"] is (code == 0)
    assert (document["error"] is None) is (code == 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("form", [[], ["--json"], ["-o", "csv"]])
def test_a_write_whose_result_meets_a_full_disk_ends_with_9(shell, server, form):
    server.script.append(reply(201, MADE))
    ended = shell(">/dev/full", "create_phone_call", json.dumps(DIAL), "--force", *form)
    assert ended.code == 9
    assert "create_phone_call was done" in ended.err
    assert "call_1" in ended.err


def test_a_write_whose_result_meets_a_closed_stdout_ends_with_9(shell, server):
    server.script.append(reply(201, MADE))
    ended = shell(">&-", "create_phone_call", json.dumps(DIAL), "--force")
    assert (ended.code, len(server.received)) == (9, 1)


def test_a_write_whose_reader_has_left_ends_with_9(environment, server, tmp_path):
    server.script.append(reply(201, MADE))
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        program("create_phone_call", json.dumps(DIAL), "--force"),
        stdout=writer,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env=environment,
    )
    os.close(writer)
    assert (ended.returncode, b"call_1" in ended.stderr) == (9, True)


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_an_unknown_outcome_ends_with_4_though_nothing_can_be_said(shell, server, redirection):
    server.script.append(dropped)
    assert shell(redirection, "delete_agent", "--agent-id", "a", "--force").code == 4


def test_what_was_not_delivered_is_answered_from_the_ledger_and_again_sends_it(shell, run, server):
    dial = ("create_batch_call", '{"from_number": "+14155550100", "tasks": [{"to_number": "+14155550199"}]}', "--force")
    server.script += [reply(201, {"batch_call_id": "b1"}), reply(201, {"batch_call_id": "b2"})]
    assert shell(">&-", *dial).code == 9
    repeated = run(*dial, "--json")
    assert (repeated.code, repeated.document["data"], len(server.received)) == (0, {"batch_call_id": "b1"}, 1)
    assert repeated.document["meta"]["repeat"]
    assert run(*dial, "--again", "--json").document["data"] == {"batch_call_id": "b2"}


def test_one_idempotency_key_makes_one_call_where_the_api_has_none(run, server):
    update = ("update_agent", "--agent-id", "a", "--agent-name", "N", "--force", "--idempotency-key", "k1", "--json")
    server.script.append(reply(200, {"agent_id": "a"}))
    assert [run(*update).code, run(*update).code, len(server.received)] == [0, 0, 1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_signal_during_a_write_ends_with_4_key_and_the_whole_command(environment, server, tmp_path, number, form):
    arrived, ended = threading.Event(), threading.Event()

    def held(_):
        arrived.set()
        ended.wait(60)

    server.script.append(held)
    words = ["create_phone_call", json.dumps(DIAL), "--force", "--account", "default"]
    command = program(*words, *(["--json"] if form == "json" else []))
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, env=environment, cwd=tmp_path
    ) as process:
        assert arrived.wait(60)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    ended.set()
    key = server.received[0].json["idempotency_key"]
    said = json.loads(out)["error"]["hint"] if form == "json" else err.decode()
    assert process.returncode == 4
    assert (out == b"") is (form == "text")
    assert f"--idempotency-key {key}" in said
    assert "retell-tools call list_calls --account default '{" in said
    assert '"to_number": "+14155550199"' in said


def test_a_closed_pipe_elsewhere_ends_no_write(environment, server, tmp_path):
    arrived, signalled = threading.Event(), threading.Event()

    def answered(connection):
        arrived.set()
        signalled.wait(60)
        reply(201, MADE)(connection)

    server.script.append(answered)
    command = program("create_phone_call", json.dumps(DIAL), "--force")
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, env=environment, cwd=tmp_path
    ) as process:
        assert arrived.wait(60)
        process.send_signal(signal.SIGPIPE)
        signalled.set()
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)) == (0, MADE)


def test_a_signal_while_nothing_is_under_way_ends_with_130_and_a_document(environment, tmp_path):
    with subprocess.Popen(
        program("create_phone_call", "-", "--json"), stdin=-1, stdout=-1, stderr=-1, env=environment, cwd=tmp_path
    ) as process:
        # The program says so once it waits for its arguments.
        assert b"waiting for arguments" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out = process.stdout.read()
        assert process.wait(60) == 130
    assert json.loads(out)["error"]["code"] == "interrupted"


def test_waiting_behind_a_write_never_invites_a_repeat(run, server):
    server.script += [reply(201, MADE), reply(404, {"message": "gone"})]
    ended = run("create_phone_call", json.dumps(DIAL), "--force", "--wait", "call_ended", "--json")
    document = ended.document
    assert (ended.code, document["data"]) == (8, MADE)
    assert "Do not call create_phone_call again." in document["error"]["hint"]
    assert 'retell-tools wait call_ended \'{"call_id": "call_1"}\'' in document["error"]["hint"]


def test_the_record_is_on_stdout_though_the_wait_behind_it_failed(run, server):
    server.script += [reply(201, MADE), reply(404, {"message": "gone"})]
    ended = run("create_phone_call", json.dumps(DIAL), "--force", "--wait")
    assert (ended.code, ended.document) == (8, MADE)


def test_a_wait_shows_its_progress_on_stderr_and_its_end_on_stdout(run, server):
    server.script += [reply(200, MADE), reply(200, MADE), reply(200, {**MADE, "call_status": "ended"})]
    ended = run("wait", "call_ended", "call_id=call_1", "--interval", "0.01")
    assert (ended.code, ended.document["call_status"]) == (0, "ended")
    assert ended.err == 'waiting for call_ended: call_status "registered"\n'


def test_a_waiter_that_cannot_follow_is_refused_before_anything_is_sent(run, server):
    ended = run("create_agent", "--wait", "call_ended", "--force", '{"voice_id": "v", "prompt": "x"}')
    assert (ended.code, server.received) == (2, [])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["-o", "ndjson"], '{"id": 1, "a": {"b": "x"}}\n{"id": 2, "a": {"b": "y,z"}}\n'),
        (["-o", "csv"], 'id,a.b\n1,x\n2,"y,z"\n'),
        (["-o", "table"], "id  a.b\n1   x\n2   y,z\n"),
        (["--fields", "a.b", "-o", "ndjson"], '{"a": {"b": "x"}}\n{"a": {"b": "y,z"}}\n'),
        (["--query", "[].id", "-o", "raw"], "[1, 2]\n"),
        (["--query", "[0].a.b", "-o", "raw"], "x\n"),
    ],
)
def test_rows_are_shown_in_the_form_that_was_asked_for(run, server, words, shown):
    server.script.append(reply(200, [{"id": 1, "a": {"b": "x"}}, {"id": 2, "a": {"b": "y,z"}}]))
    ended = run("list_voices", *words)
    assert (ended.code, ended.out.decode(), ended.err) == (0, shown, "")


def test_every_page_is_fetched_and_max_ends_them(run, server):
    first = {"items": [{"call_id": "a"}, {"call_id": "b"}], "has_more": True, "pagination_key": "k"}
    last = {"items": [{"call_id": "c"}], "has_more": False}
    server.script += [reply(200, first), reply(200, last), reply(200, first)]
    assert run("list_calls", "--all", "-o", "ndjson", "--fields", "call_id").out.decode().split() == [
        *('{"call_id":', '"a"}', '{"call_id":', '"b"}', '{"call_id":', '"c"}')
    ]
    assert run("list_calls", "--max", "1").document == [{"call_id": "a"}]


def test_a_dry_run_needs_no_key_and_no_network_and_says_what_the_gate_decides(run, server, environment):
    del environment["RETELL_API_KEY"]
    ended = run("create_phone_call", json.dumps(DIAL), "--dry-run", "--json")
    document = ended.document
    assert (ended.code, server.received, document["meta"]["dry_run"]) == (0, [], True)
    assert (document["data"]["gate"], document["data"]["decision"]) == ("refuse", "ask")
    assert document["data"]["url"] == f"{server.url}/v2/create-phone-call"
    assert document["data"]["body"]["override_agent_id"] == "agent_1"


def test_the_exchange_is_shown_on_stderr_without_the_key(run, server):
    server.script.append(reply(400, {"message": f"bad key {KEY}"}))
    ended = run("get_call", "--call-id", "c", "-v")
    assert f"> GET {server.url}/v2/get-call/c" in ended.err
    assert "< 400 (" in ended.err
    assert KEY not in ended.err


def test_a_curl_command_reads_the_key_out_of_its_variable(run, server, environment):
    server.script += [reply(200, MADE), reply(200, MADE)]
    ended = run("get_call", "--call-id", "c", "--curl")
    shown = ended.err.split("< 200")[0]
    assert "${RETELL_API_KEY}" in shown
    subprocess.run(["sh", "-c", shown.replace("curl ", "true ", 1)], check=True, env=environment)


@pytest.mark.parametrize(
    "words",
    [
        ["get_call", "--call-id", "c", "-v", "--json"],
        ["get_call", "--call-id", "c", "--curl"],
        ["create_phone_call", json.dumps(DIAL), "--force", "-v"],
        ["create_phone_call", json.dumps(DIAL), "--dry-run", "--curl"],
        ["get_call", "--call-id", KEY, "--json"],
    ],
)
def test_the_key_shows_nowhere(run, server, tmp_path, words):
    server.script += [reply(400, {"message": f"{KEY} is bad", "echo": {"authorization": f"Bearer {KEY}"}})]
    ended = run(*words)
    if words[-2] != KEY:
        assert KEY.encode() not in ended.out
        assert KEY not in ended.err
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        assert KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["call", "--help"],
        ["create_agent", "--help"],
        ["demo"],
        ["list"],
        ["docs"],
        ["schema", "create_agent"],
        ["get_call", "--call-id", "Œ😀"],
        ["get_call", "--call-id", "c", "-o", "table"],
        ["get_cœll"],
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_encoding_works(run, server, words, encoding):
    server.script.append(reply(200, {**MADE, "transcript": "Œuvre 😀 \ud83d"}))
    settings = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": encoding}
    ended = run(*words, **settings)
    assert ended.code == (2 if words == ["get_cœll"] else 0), ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("seed", "ours"),
    [
        (["integrations:list"], ["list"]),
        (["integrations:schema", "retell-ai.create_call"], ["schema", "create_phone_call"]),
        (["integrations:docs", "get_call"], ["docs", "get_call"]),
        (["integrations:retell-ai"], ["docs", "retell-ai"]),
        (["integrations:retell-ai", "get_call", "--call-id=c"], ["call", "get_call", '{"call_id": "c"}']),
        (["integrations:retell-ai", "--account", "default", "get_call", "--call-id=c"], ["get_call", "--call-id=c"]),
        (["integrations:call", "retell-ai.get_call", '{"call_id": "c"}'], ["call", "get_call", '{"call_id": "c"}']),
    ],
)
def test_a_seed_spelling_does_what_the_command_does(run, server, seed, ours):
    server.script += [reply(200, MADE), reply(200, MADE)]
    asked, plain = run(*seed), run(*ours)
    assert (asked.code, asked.out) == (0, plain.out)


def test_seed_spellings_are_hidden_from_help(run):
    assert b"integrations:" not in run("--help").out
