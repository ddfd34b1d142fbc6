"""What holds for every test, however pytest was started: no test sees the settings of the make that runs it."""

import os

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


def pytest_configure() -> None:
    for name in OF_MAKE:
        os.environ.pop(name, None)
