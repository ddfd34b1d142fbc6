"""Times of Lua scripts, as JSON: seconds of each round, with peers measured between the rounds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from lua_answers import Answers  # tests/ is on the path only now

from retell_ai import Client
from tool_runtime.surfaces.lua.lua_session import LuaSession, run_lua

ROUNDS = 15
CALLS = 500
MEGABYTE = [
    {"call_id": f"call_{at:012}", "status": "ended", "duration_ms": at, "tags": ["a", "b"], "cost": 1.5}
    for at in range(10_000)
]


def timed(action: Callable[[], object]) -> float:
    """Return how long an action took."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def pipe_round_trips() -> float:
    """Return the time of one message there and back between two processes that do nothing else."""
    code = "import os\nwhile (b := os.read(0, 64)): os.write(1, b)"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdin=-1, stdout=-1, bufsize=0) as echo:
        there, back = echo.stdin.fileno(), echo.stdout.fileno()
        os.write(there, b"x" * 64)
        os.read(back, 64)

        def all_of_them() -> None:
            for _ in range(CALLS):
                os.write(there, b"x" * 64)
                os.read(back, 64)

        taken = timed(all_of_them)
        echo.stdin.close()
    return taken / CALLS


def one_call(session: LuaSession) -> float:
    """Time calls by the clock of the host, less the time of a script that makes none."""
    source = f"local t = app.integrations.testing for i = 1, {CALLS} do t.echo({{n = i}}) end"
    taken = timed(lambda: session.run(source))
    session.wait_until_ready()
    return (taken - timed(lambda: session.run("return 1"))) / CALLS


def main() -> None:
    """Measure, and print."""
    taken: dict[str, list[float]] = {name: [] for name in ("cold", "warm", "call", "pipe", "megabyte", "loads", "bare")}
    answers = Answers("app.integrations.testing", big=lambda _given: MEGABYTE, echo=lambda given: given)
    text = json.dumps(MEGABYTE)
    with Client(sandbox=True) as client:
        run_lua(client, "return 1")
        for _ in range(ROUNDS):
            taken["bare"].append(timed(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)))
            taken["cold"].append(timed(lambda: run_lua(client, "return 1")))
            with LuaSession(client, namespaces=[answers]) as session:
                # The child that is kept ready needs a moment to become ready.
                session.wait_until_ready()
                taken["warm"].append(timed(lambda s=session: s.run("return 1")))
                session.wait_until_ready()
                taken["call"].append(one_call(session))
                session.wait_until_ready()
                taken["megabyte"].append(timed(lambda s=session: s.run("return #app.integrations.testing.big()")))
            taken["loads"].append(timed(lambda: json.loads(text)))
            taken["pipe"].append(pipe_round_trips())
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
