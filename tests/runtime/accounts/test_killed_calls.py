"""A process that is killed at any line of a call: the ledger knows the call, and an equal one is not sent again."""

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[2])

# Forks a child for each point, kills the child there, and prints what the ledger and the wire know of the call.
PROGRAM = """
import json, os, signal, sys, pathlib, warnings

sys.path.insert(0, {tests!r})
import httpx
from loopback import FreeClock
import tool_runtime
from retell_ai import Client, OutcomeUnknown
from tool_runtime.accounts.sqlite_ledger import Ledger

RUNTIME = str(pathlib.Path(tool_runtime.__file__).parent)
ledger = Ledger(pathlib.Path(sys.argv[1]), now_ms=lambda: 1_767_225_600_000)
reading, writing = os.pipe()
os.set_blocking(reading, False)


class Killed:
    def __init__(self, number):
        self.left = number

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(RUNTIME):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def arrive(request):
    os.write(writing, b"!")
    return httpx.Response(201, json={{"phone_number": "+14155550101"}})


def call(nickname):
    with httpx.Client(transport=httpx.MockTransport(arrive)) as http_client:
        client = Client("key_x", http_client=http_client, clock=FreeClock(), ledger=ledger)
        client.create_phone_number(area_code=415, nickname=nickname)


def arrived():
    try:
        return len(os.read(reading, 100))
    except BlockingIOError:
        return 0


call("warm")
arrived()
number, alive = 0, False
while not alive:
    number += {step}
    name = f"at {{number}}"
    child = os.fork()
    if child == 0:
        sys.settrace(Killed(number))
        call(name)
        sys.settrace(None)
        os._exit(0)
    alive = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    sent = arrived()
    entries = [one for one in ledger.find() if one.intent.arguments.get("nickname") == name]
    try:
        call(name)
        repeated = "done"
    except OutcomeUnknown as error:
        repeated = "unknown"
    print(json.dumps({{
        "at": number, "sent": sent, "outcomes": [one.outcome for one in entries],
        "delivered": [one.delivered for one in entries], "again": arrived(), "repeated": repeated, "alive": alive,
    }}))
"""


def killed(tmp_path, step):
    program = PROGRAM.format(tests=TESTS, step=step)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RETELL")}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(tmp_path / "ledger.sqlite3")],
        capture_output=True, text=True, timeout=300, env=environment, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_a_call_that_is_killed_at_any_line_is_known_and_not_repeated(tmp_path):
    points = killed(tmp_path, 43)

    assert [point["sent"] for point in points] == sorted(point["sent"] for point in points)
    for point in points:
        if point["sent"]:
            assert set(point["outcomes"]) <= {"unknown", "done"}, point
            assert len(point["outcomes"]) == 1, point
            # An equal call is a new one where the first was answered to its caller, and not sent anywhere else.
            assert point["again"] == (1 if point["delivered"] == [True] else 0), point
        else:
            assert set(point["outcomes"]) <= {"unknown"}, point
    assert {point["sent"] for point in points} == {0, 1}
    assert {outcome for point in points for outcome in point["outcomes"]} == {"unknown", "done"}
