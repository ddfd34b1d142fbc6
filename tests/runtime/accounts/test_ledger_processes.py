"""The ledger in a file among processes: killed, forked, all at once."""

import os
import sqlite3

import pytest
from ledger_cases import run, start

KILLED = -9
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks are those of POSIX")


def dies_at(word, program):
    """Return a program that is killed as SQLite comes to the statement with this word."""
    traced = f"with ledger._file.reading() as c: c.set_trace_callback(lambda sql: {word!r} in sql and die())"
    return "\n".join([program[0], traced, program[1]])


BEGIN = ("", "ledger.begin(intent())")
END = ("ledger.begin(intent())", "ledger.end('call_1', ending())")
# Where a process can be killed, and what the ledger says of the call afterwards.
KILLS = {
    "before begin": ("die()", None),
    "as begin starts": (dies_at("BEGIN", BEGIN), None),
    "inside begin, before the insert": (dies_at("INSERT", BEGIN), None),
    "inside begin, before the commit": (dies_at("COMMIT", BEGIN), None),
    "after begin": ("ledger.begin(intent()); die()", "unknown"),
    "while sending": ("ledger.begin(intent()); print('sent', flush=True); sys.stdin.read(1); die()", "unknown"),
    "as end starts": (dies_at("BEGIN", END), "unknown"),
    "inside end, before the update": (dies_at("UPDATE", END), "unknown"),
    "inside end, before the commit": (dies_at("COMMIT", END), "unknown"),
    "after end": ("ledger.begin(intent()); ledger.end('call_1', ending()); die()", "done"),
    "after deliver": (
        "ledger.begin(intent()); ledger.end('call_1', ending()); ledger.deliver('call_1'); die()",
        "done",
    ),
}


@pytest.mark.parametrize("state", KILLS)
def test_a_process_killed_at_any_state_leaves_an_entry_that_says_what_may_have_happened(path, ledger, state):
    program, outcome = KILLS[state]

    code, _ = run(path, program)

    entry = ledger.get("call_1")
    assert code == KILLED
    assert (entry and entry.outcome) == outcome
    if entry is not None:
        assert not entry.alive
        assert entry.delivered == (state == "after deliver")


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5, 7, 11, 16, 23, 31])
def test_a_process_killed_at_any_moment_loses_no_call_that_it_began_and_no_ending_that_it_wrote(path, ledger, lines):
    program = """
for number in range(1_000_000):
    ledger.begin(intent(str(number)))
    print('begun', number, flush=True)
    ledger.end(str(number), ending())
    print('ended', number, flush=True)
"""
    with start(path, program) as process:
        printed = [process.stdout.readline().split() for _ in range(lines)]
        process.kill()
        printed += [line.split() for line in process.stdout.read().splitlines() if line.count(" ") == 1]

    begun = {number for word, number in printed if word == "begun"}
    ended = {number for word, number in printed if word == "ended"}
    outcomes = {entry.intent.id: entry.outcome for entry in ledger.find()}
    assert begun <= outcomes.keys()
    assert {number for number, outcome in outcomes.items() if outcome == "done"} >= ended
    assert set(outcomes.values()) <= {"done", "unknown"}


def test_a_call_of_another_process_is_under_way_until_that_process_ends_and_unknown_before_anybody_reaps_it(
    path, ledger
):
    with start(path, "ledger.begin(intent()); print('begun', flush=True); sys.stdin.read(1)") as process:
        process.stdout.readline()
        assert ledger.get("call_1").outcome == "under_way"
        assert ledger.find(outcome="unknown") == []
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert ledger.get("call_1").outcome == "unknown"
        assert len(ledger.find(outcome="unknown")) == 1


def test_a_program_that_replaces_itself_by_exec_has_forgotten_its_calls(path):
    program = """
if len(sys.argv) == 2:
    ledger.begin(intent())
    os.execv(sys.executable, [*sys.orig_argv, 'again'])
print(ledger.get('call_1').outcome)
"""
    assert run(path, program) == (0, "unknown\n")


def test_two_hundred_processes_at_once_against_a_cap_of_ten_make_ten(path, ledger):
    # The children are forks of one process that has the ledger open, and all wait for one pipe to close.
    program = """
from tool_runtime.accounts.caps import Caps
from tool_runtime.errors import CapReached
ledger.begin(intent('warm', effects=()))
waiting, go = os.pipe()
children = []
for number in range(200):
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(waiting, 1)
        try:
            ledger.begin(intent(f'call_{number}', at_ms=NOW + number), Caps(dials_per_minute=10))
        except CapReached as refused:
            os._exit(7 if refused.count == 10 else 1)
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(pid)
os.close(go)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
print(codes.count(0), codes.count(7))
"""
    assert run(path, program) == (0, "10 190\n")
    assert len(ledger.find()) == 11


def test_processes_that_make_the_file_at_once_all_write(path, ledger):
    program = """
waiting, go = os.pipe()
children = []
for number in range(40):
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(waiting, 1)
        ledger.begin(intent(f'call_{number}'))
        os._exit(0)
    children.append(pid)
os.close(go)
print({os.waitpid(pid, 0)[1] for pid in children})
"""
    assert run(path, program) == (0, "{0}\n")
    assert len(ledger.find()) == 40


def test_forks_in_the_middle_of_other_threads_writes_lose_nothing(path, ledger):
    program = """
import threading
def write(name):
    for number in range(25):
        ledger.begin(intent(f'{name}_{number}'))
        ledger.end(f'{name}_{number}', ending())
threads = [threading.Thread(target=write, args=(f'thread_{number}',)) for number in range(3)]
for thread in threads:
    thread.start()
codes = set()
for number in range(20):
    pid = os.fork()
    if pid == 0:
        ledger.begin(intent(f'child_{number}'))
        ledger.end(f'child_{number}', ending())
        sys.exit(0)
    codes.add(os.waitpid(pid, 0)[1])
for thread in threads:
    thread.join()
print(codes)
"""
    assert run(path, program) == (0, "{0}\n")
    assert len(ledger.find(outcome="done")) == 3 * 25 + 20
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_fork_has_a_copy_of_a_ledger_in_memory_in_which_the_parents_calls_are_unknown(path):
    program = """
from tool_runtime.accounts.memory_ledger import MemoryLedger
ledger = MemoryLedger()
ledger.begin(intent('of the parent'))
pid = os.fork()
if pid == 0:
    ledger.begin(intent('of the child'))
    print(ledger.get('of the parent').outcome, ledger.get('of the child').outcome, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(ledger.get('of the parent').outcome, ledger.get('of the child'))
"""
    assert run(path, program) == (0, "unknown under_way\nunder_way None\n")


def test_a_child_keeps_what_the_parent_may_no_longer_take_away(path, ledger):
    # The parent closes as the last one whose locks other processes see, while the child has the file open.
    program = """
ledger.begin(intent('of the parent'))
asked, ask = os.pipe()
answered, answer = os.pipe()
pid = os.fork()
if pid == 0:
    ledger.begin(intent('first of the child'))
    os.write(answer, b'.')
    os.read(asked, 1)
    ledger.begin(intent('second of the child'))
    os._exit(0)
os.read(answered, 1)
ledger.begin(intent('second of the parent'))
ledger.close()
print(os.path.exists(sys.argv[1] + '-wal'), flush=True)
os.write(ask, b'.')
os.waitpid(pid, 0)
"""
    assert run(path, program) == (0, "True\n")
    assert len(ledger.find()) == 4
