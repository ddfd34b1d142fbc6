"""Intents and endings for the tests of ledgers, and programs that use one in a process of their own."""

import subprocess
import sys
from pathlib import Path

from tool_runtime.core.ledger import Ending, Intent

NOW = 1_790_000_000_000


def intent(entry_id="call_1", **changes):
    known = {
        "id": entry_id,
        "at_ms": NOW,
        "surface": "cli",
        "account": "default",
        "tool": "create_phone_call",
        "effects": ("dial", "spend"),
        "arguments": {"to_number": "+14155550100"},
        "digest": "d1",
    }
    return Intent(**known | changes)


def ending(outcome="done", **changes):
    return Ending(**{"outcome": outcome, "at_ms": NOW + 50} | changes)


PREAMBLE = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from ledger_cases import NOW, ending, intent
from tool_runtime.accounts.sqlite_ledger import Ledger
ledger = Ledger(sys.argv[1])
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def start(path, program):
    """Start a Python program that finds `ledger`, `intent`, `ending`, `NOW` and `die` in its names."""
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + program, str(path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


def run(path, program):
    """Run such a program to its end, and return its exit code and what it printed."""
    with start(path, program) as process:
        try:
            printed, _ = process.communicate(timeout=120)
        finally:
            # A program that hangs would otherwise be waited for without end.
            process.kill()
    return process.returncode, printed
