"""Which process still runs: ids are used again, and not every system tells the start of a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tool_runtime.accounts import processes

posix = pytest.mark.skipif(os.name != "posix", reason="forks are those of POSIX")
PROGRAM = "from tool_runtime.accounts import processes; print(processes.own_mark(), flush=True); input()"


@pytest.fixture
def other():
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


@pytest.fixture(params=["proc", "ps", "neither"])
def source(request, monkeypatch, tmp_path):
    """Take the start of a process from /proc, from `ps`, or from nowhere; the mark is then made anew."""
    if request.param != "proc":
        monkeypatch.setattr(processes, "_PROC", tmp_path)
    if request.param == "neither":
        monkeypatch.setenv("PATH", str(tmp_path))
    processes._mark_of_own.cache_clear()
    yield request.param
    processes._mark_of_own.cache_clear()


def test_this_process_runs_whatever_tells_its_start(source):
    assert processes.runs(processes.own_mark())


def test_a_process_id_that_was_used_again_is_not_taken_for_the_first_process(source):
    pid, rest = processes.own_mark().split(" ", 1)
    start, run = rest.rsplit(" ", 1)
    assert not processes.runs(f"{pid} {start}0 {run}")
    assert not processes.runs(f"{pid} {start} another_run")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the start of a process comes from /proc")
def test_another_process_runs_until_it_ends(other):
    mark = other.stdout.readline().strip()
    assert processes.runs(mark)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.runs(mark)
    other.wait()
    assert not processes.runs(mark)


def test_of_another_process_whose_start_nothing_tells_nobody_says_that_it_runs(other):
    mark = other.stdout.readline().strip()
    pid, run = mark.split(" ", 1)[0], mark.rsplit(" ", 1)[1]
    assert not processes.runs(f"{pid} - {run}")


@posix
def test_a_forked_child_has_a_mark_of_its_own():
    program = """
import os
from tool_runtime.accounts import processes
parent = processes.own_mark()
pid = os.fork()
if pid == 0:
    own = processes.own_mark()
    os._exit(0 if own != parent and processes.runs(parent) and processes.runs(own) else 1)
print(os.waitpid(pid, 0)[1])
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout == "0\n"


def test_a_command_with_spaces_and_parentheses_in_its_name_is_read(tmp_path):
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to(sys.executable)
    process = subprocess.Popen([program, "-c", "input()"], stdin=subprocess.PIPE)
    with process:
        start = processes._start(process.pid)
        process.kill()
    assert start is not None
