"""Caps hold among processes: two hundred at once, and those that died in the middle of a dial."""

import os

import pytest
from ledger_cases import NOW, intent, run

from tool_runtime.accounts.caps import CapReached, Caps
from tool_runtime.accounts.sqlite_ledger import Ledger

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks are those of POSIX")

# All children wait at a pipe, so that they begin at once.
TWO_HUNDRED = """
from tool_runtime.accounts.caps import CapReached, Caps
caps = Caps(**eval(sys.argv[2]))
gate, opened = os.pipe()
children = []
for number in range(200):
    child = os.fork()
    if child == 0:
        os.close(opened)
        os.read(gate, 1)
        code = 1
        try:
            ledger.begin(intent(f"call_{number}", numbers=("+14155550100",)), caps)
            ledger.end(f"call_{number}", ending())
            code = 0
        except CapReached:
            code = 7
        finally:
            os._exit(code)
    children.append(child)
os.close(opened)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(codes.count(0), codes.count(7))
"""


@pytest.mark.parametrize("cap", ["dials_per_minute", "dials_per_day", "concurrent_dials"])
def test_two_hundred_processes_at_once_dial_as_often_as_the_cap_allows(path, cap):
    code, printed = run(path, TWO_HUNDRED.replace("sys.argv[2]", repr(repr({cap: 10}))))
    assert (code, printed) == (0, "10 190\n")
    ledger = Ledger(path, now_ms=lambda: NOW)
    assert len(ledger.find()) == 10
    ledger.close()


def test_the_dial_of_a_process_that_died_is_under_way_for_its_time_and_no_longer(path, ledger):
    killed, _ = run(path, "ledger.begin(intent('dead')); die()")
    assert killed == -9
    caps = Caps(concurrent_dials=1, dial_seconds=60)
    with pytest.raises(CapReached):
        ledger.begin(intent("soon", at_ms=NOW + 59_000), caps)
    ledger.begin(intent("later", at_ms=NOW + 60_000), caps)


def test_a_dial_that_somebody_found_not_to_have_happened_makes_room_at_once(path, ledger):
    run(path, "ledger.begin(intent('dead')); die()")
    ledger.resolve("dead", "not_sent", "the log of the proxy")
    ledger.begin(intent("now"), Caps(concurrent_dials=1))
