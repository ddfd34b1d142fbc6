"""What holds for every test, however pytest was started.

- No test sees the settings of the make that runs the tests.
- An interrupt and a hangup reach the programs that tests start. A shell starts what runs in the background with
  interrupts ignored, `nohup` with hangups ignored, and programs inherit that.
- No property fails because the machine is busy: speed is a matter of the benchmarks.
- Properties draw the same examples in each run, so the gate of a commit is green or red for good. With
  `--hypothesis-profile=search` they draw others each time.
"""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# make hands its options and the variables of its command line to every process below it. A test that runs make, or a
# program that reads one of these names, would act on them.
OF_MAKE = (
    "MAKEFLAGS",
    "MFLAGS",
    "GNUMAKEFLAGS",
    "MAKEOVERRIDES",
    "MAKEFILES",
    "MAKELEVEL",
    "ARGS",
    "CONSTRAINTS",
    "PYTHON",
    "VENV",
)


def pytest_configure(config: pytest.Config) -> None:
    for name in OF_MAKE:
        os.environ.pop(name, None)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("search", unhurried)
    settings.register_profile("gate", unhurried, derandomize=True, database=None)
    settings.load_profile(config.getoption("hypothesis_profile") or "gate")
