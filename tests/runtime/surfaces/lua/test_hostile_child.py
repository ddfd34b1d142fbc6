"""A child that was taken over: whatever it sends, the host ends the run with an error and goes on."""

import os
import signal
import struct
import sys
from pathlib import Path

import pytest
from lua_answers import Answers

from retell_ai import Client, Sandbox
from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.script_limits import LuaLimits
from tool_runtime.surfaces.lua.script_process import ScriptProcess
from tool_runtime.surfaces.lua.script_run import Ending, ScriptRun


def frame(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content) + 1) + kind + content


CALL = b"1 0:1 1 app.integrations.retell_ai.list_agents\n{}"
FORGED = {
    "a length of nothing": struct.pack(">I", 0),
    "a length beyond all limits": struct.pack(">I", 0xFFFFFFFF) + b"R",
    "an unknown kind": frame(b"Z", b"x"),
    "a kind that is no letter": frame(b"\xff", b"x"),
    "a result that is no JSON": frame(b"R", b"{"),
    "a result with NaN": frame(b"R", b"NaN"),
    "a result nested without an end": frame(b"R", b"[" * 100_000),
    "a result that is no UTF-8": frame(b"R", b'"\xff"'),
    "a call without its parts": frame(b"C", b"hello"),
    "a call of a path with a slash": frame(b"C", b"1 0:1 1 ../../etc/passwd\n{}"),
    "a call with a number as arguments": frame(b"C", b"1 0:1 1 app.integrations.retell_ai.list_agents\n5"),
    "a call with fields by position": frame(b"C", b"1 0:1 1 app.integrations.retell_ai.list_agents\nP{}"),
    "one name for two calls": frame(b"C", CALL) + frame(b"C", CALL),
    "a question without its parts": frame(b"M", b"\n"),
    "an error that is no object": frame(b"E", b"[]"),
    "an error of a strange form": frame(b"E", b'{"kind": [], "message": {}, "trace": "x"}'),
    "half a frame, and the end": struct.pack(">I", 100) + b"R",
    "nothing, and the end": b"",
}


def program(folder: Path, written: bytes, *, after: str = "") -> Path:
    path = folder / "hostile.py"
    path.write_text(f"import os, sys\nos.write(1, {written!r})\n{after}\n", encoding="utf-8")
    return path


def run_of(session: LuaSession, path: Path) -> Ending:
    process = ScriptProcess(session.limits, program=path)
    run, namespaces = session.start(process, None, session.undecided, None, None)
    try:
        run.boot(namespaces, "0", None)
        return run.run("return 1")
    finally:
        process.end()


@pytest.fixture
def session():
    with Client(sandbox=Sandbox()) as client, LuaSession(client, limits=LuaLimits(cpu=1), warm=False) as made:
        yield made


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_frame_ends_the_run_and_nothing_else(forged: str, session: LuaSession, tmp_path: Path):
    ending = run_of(
        session, program(tmp_path, FORGED[forged], after="sys.stdin.buffer.read()" if "end" not in forged else "")
    )
    assert ending.kind == "error"
    assert ending.error is not None
    assert session.run("return 2").result == 2


def test_a_name_outside_the_manifest_is_an_error_of_the_call(session: LuaSession, tmp_path: Path):
    forged = frame(b"C", b"1 0:1 1 app.integrations.retell_ai.default.default.list_agents\n{}")
    sent = frame(b"C", b"2 0:2 1 sys.exit\n{}") + forged + frame(b"R", b'"over"')
    assert run_of(session, program(tmp_path, sent)).value == "over"


def test_a_child_that_does_not_read_cannot_block_the_host(session: LuaSession, tmp_path: Path):
    calls = b"".join(frame(b"C", b'%d 0:%d 1 docs.read\nP["reference"]' % (at, at)) for at in range(1, 40))
    path = program(tmp_path, calls, after="import time\nwhile True: time.sleep(1)")
    ending = run_of(session, path)
    assert ending.error is not None
    assert ending.error.limit == "cpu"


def test_output_that_is_no_text_is_shown_as_what_it_is_not(session: LuaSession, tmp_path: Path):
    process = ScriptProcess(session.limits, program=program(tmp_path, frame(b"P", b"\xff\xfe") + frame(b"R", b"1")))
    run, namespaces = session.start(process, None, session.undecided, None, None)
    assert isinstance(run, ScriptRun)
    run.boot(namespaces, "0", None)
    assert run.run("return 1").value == 1
    process.end()
    assert run.output == "\ufffd\ufffd"


@pytest.mark.skipif(sys.platform == "win32", reason="scripts need POSIX")
def test_a_child_that_is_killed_from_outside_is_an_error(session: LuaSession, tmp_path: Path):
    path = program(tmp_path, b"", after="import signal\nos.kill(os.getpid(), signal.SIGTERM)")
    ending = run_of(session, path)
    assert ending.error is not None
    assert ending.error.type == "process"


# Killed in the middle: what was called is told, and the host goes on.
MOMENTS = {
    "before the script": "",
    "while the script computes": "progress(1) while true do end",
    "in a call": "app.integrations.testing.kill({})",
    "in a call of parallel": """
        parallel{function() app.integrations.testing.kill({}) end, function() app.integrations.testing.echo({}) end}""",
    "in the middle of a wait": "parallel{function() sleep(60) end, function() app.integrations.testing.kill({}) end}",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_child_that_is_killed_at_any_moment_is_an_error(moment: str, session: LuaSession):
    def kill(given: object) -> object:
        os.kill(process.pid, signal.SIGKILL)
        return given

    with LuaSession(
        session.client, namespaces=[Answers("app.integrations.testing", kill=kill)], limits=LuaLimits(cpu=5), warm=False
    ) as own:
        process = own.take()
        run, namespaces = own.start(process, None, own.undecided, None, kill)
        if not MOMENTS[moment]:
            kill(None)
        run.boot(namespaces, "0", None)
        ending = run.run(MOMENTS[moment] or "return 1")
        process.end()
        assert ending.error is not None
        assert ending.error.type in {"process", "limit"}
        assert own.run("return 2").result == 2
    if "call" in moment:
        assert "app.integrations.testing.kill" in [call.path for call in run.calls]
