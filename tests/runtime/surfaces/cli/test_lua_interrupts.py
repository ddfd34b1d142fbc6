"""Scripts that a signal or a closed pipe ends: the run says what it had done, and how to go on."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

R = "local r = app.integrations.retell_ai "
MAKE = 'r.create_agent{voice_id = "11labs-Adrian", prompt = "Kind."} '
LOOP = "progress(1) while true do end"
PROGRAM = [sys.executable, "-m", "retell_ai", "lua"]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    folders = {"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    return {**os.environ, **folders, "RETELL_SANDBOX": "1", "TERM": "xterm"}


def ended_by(number: signal.Signals, source: str, settings: Mapping[str, str]) -> tuple[int, dict[str, object]]:
    """Send a signal as soon as the script shows progress, and return the code and the document."""
    command = [*PROGRAM, "--json", "-e", source]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=settings) as process:
        process.stderr.readline()
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("source", [R + MAKE + LOOP, R + f"parallel{{function() {MAKE} {LOOP} end}}"])
def test_an_interrupted_script_says_that_a_write_has_happened_and_can_go_on(number, source, settings):
    code, document = ended_by(number, source, settings)
    assert code == 9
    assert document["error"]["outcome"] == "done"
    assert [call["effect_status"] for call in document["calls"]] == ["succeeded"]
    assert f"lua resume {document['run']}" in document["error"]["hint"]
    listed = subprocess.run([*PROGRAM, "resume", "--json"], capture_output=True, env=settings, check=True)
    assert [one["run"] for one in json.loads(listed.stdout)["data"]] == [document["run"]]


def test_an_interrupted_script_that_has_written_nothing_may_be_run_again(settings):
    code, document = ended_by(signal.SIGINT, R + "r.list_agents{} " + LOOP, settings)
    assert (code, document["error"]["outcome"], document["retryable"]) == (130, "not_sent", True)


def test_an_interrupt_in_the_middle_of_a_write_is_an_unknown_outcome(settings):
    del settings["RETELL_SANDBOX"]
    source = R + "r.update_call({call_id = 'call_1', metadata = {n = 1}})"
    with socket.create_server(("127.0.0.1", 0)) as server:
        there = {"RETELL_API_KEY": "key_x", "RETELL_BASE_URL": f"http://127.0.0.1:{server.getsockname()[1]}"}
        command = [*PROGRAM, "--json", "--force", "-e", source]
        with subprocess.Popen(command, stdout=-1, env=settings | there | {"NO_PROXY": "127.0.0.1"}) as process:
            connection, _ = server.accept()
            with connection:
                while b"\r\n\r\n" not in connection.recv(65536):
                    continue
                process.send_signal(signal.SIGINT)
                out, _ = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode == 4
    assert [(call["tool"], call["effect_status"]) for call in document["calls"]] == [("update_call", "unknown")]
    assert document["error"]["details_of_tool"]["reconcile"]["tool"] == "get_call"


def test_a_script_whose_reader_has_left_does_not_end_as_if_nothing_had_happened(settings):
    source = R + MAKE + "for i = 1, 10000 do print(('x'):rep(100)) end"
    with subprocess.Popen([*PROGRAM, "-e", source], stdout=-1, stderr=-1, env=settings) as process:
        process.stdout.close()
        assert b"Writes have happened" in process.stderr.read()
    assert process.returncode == 9


# The prompt.


class Terminal:
    """The prompt on a terminal of its own."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._own, other = pty.openpty()
        command = [*PROGRAM, "--repl"]
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=settings, start_new_session=True
        )
        os.close(other)
        self.until("> ")

    def type(self, text: str, wanted: str) -> str:
        """Type, and wait until a text is shown."""
        os.write(self._own, text.encode())
        return self.until(wanted)

    def until(self, wanted: str) -> str:
        shown, stop = b"", time.monotonic() + 60
        while wanted.encode() not in shown and time.monotonic() < stop:
            if select.select([self._own], [], [], 1)[0]:
                shown += os.read(self._own, 4096)
        assert wanted.encode() in shown, shown
        return shown.decode()

    def close(self) -> int:
        """Leave, and return the exit code."""
        self.process.kill() if self.process.poll() is None else None
        os.close(self._own)
        return self.process.wait(timeout=60)


@pytest.fixture
def terminal(settings) -> Iterator[Terminal]:
    made = Terminal(settings)
    yield made
    made.close()


def test_the_prompt_completes_below_a_name_that_was_given_the_tools(terminal):
    terminal.type("local r = app.integrations.retell_ai\n", "\r\n> ")
    terminal.type("r.list_voi\t", "r.list_voices")
    terminal.type("({})[1].voice_id\n", "11labs-Adrian")


def test_the_prompt_waits_for_the_rest_of_a_table(terminal):
    terminal.type("{\n", ">> ")
    terminal.type("a = 1}\n", '"a"')


def test_the_prompt_can_be_interrupted_more_than_once(terminal):
    for _ in range(2):
        terminal.type("progress(1) while true do end\n", "1\r\n")
        os.killpg(terminal.process.pid, signal.SIGINT)
        terminal.until("every variable.\r\n> ")
    terminal.type("1 + 1\n", "2")


def test_an_interrupted_chunk_says_that_a_write_has_happened(terminal):
    terminal.type(f"local r = app.integrations.retell_ai {MAKE} {LOOP}\n", "1\r\n")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert "Writes have happened" in terminal.until("Interrupted.")


def test_a_full_heap_leaves_the_variables_of_the_prompt(terminal):
    terminal.type("x = 41\n", "\r\n> ")
    terminal.type("string.rep('x', 1e9)\n", "memory limit exceeded")
    terminal.type("x + 1\n", "42")


def test_a_signal_from_outside_ends_the_prompt(terminal):
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(timeout=60) == 130
