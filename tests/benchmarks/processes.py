"""Measuring whole processes: how long one takes beyond a bare interpreter, and how much memory it needs.

Runs are interleaved, so whatever else the machine does meanwhile falls on every contestant alike.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BARE = (sys.executable, "-c", "pass")

# A child's ru_maxrss begins at what its parent held at the start; the high-water mark in /proc begins anew.
_PEAK = """
import resource, sys
try:
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
print(peak)
"""


@cache
def official_sdk() -> str | None:
    """Return the version of the official SDK, or None where it is not installed."""
    if importlib.util.find_spec("retell") is None:
        return None
    from importlib.metadata import version

    return version("retell-sdk")


def python(code: str) -> tuple[str, ...]:
    """Return the command that runs a line of Python."""
    return (sys.executable, "-c", code)


def seconds(command: Sequence[str], settings: Mapping[str, str] | None = None) -> float:
    """Run a command, with `settings` in its environment, and return how long it took."""
    environment = {**os.environ, **(settings or {})}
    begin = time.perf_counter()
    finished = subprocess.run(
        command, capture_output=True, check=False, stdin=subprocess.DEVNULL, cwd=ROOT, env=environment
    )
    taken = time.perf_counter() - begin
    if finished.returncode != 0:
        message = f"{' '.join(command)} failed:\n{finished.stderr.decode(errors='replace')}"
        raise RuntimeError(message)
    return taken


def beyond_bare(
    commands: Mapping[str, Sequence[str]], rounds: int, settings: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Return by how many milliseconds each command outlasts a bare interpreter, as a median."""
    for command in commands.values():
        seconds(command, settings)  # the first run writes byte code and fills the file cache
    differences: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        bare = seconds(BARE, settings)
        for name, command in commands.items():
            differences[name].append(seconds(command, settings) - bare)
    return {name: statistics.median(values) * 1000 for name, values in differences.items()}


def peak_memory(code: str, rounds: int = 3) -> float:
    """Return the memory in MB that a process has needed by the end of this code, as a median."""
    peaks = []
    for _ in range(rounds):
        output = subprocess.run(python(f"{code}\n{_PEAK}"), capture_output=True, check=True, cwd=ROOT).stdout
        peaks.append(int(output) / 1024)
    return statistics.median(peaks)
