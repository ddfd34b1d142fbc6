"""The benchmarks as programs: their report can be read. What they measure is never a test."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_the_report_can_be_read_by_programs():
    ended = subprocess.run(
        [sys.executable, BENCHMARKS, "--only", "core", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (row,) = json.loads(ended.stdout)["rows"]
    assert row["unit"] == "lines"
    assert row["met"] is (row["value"] <= row["budget"])
    assert ended.returncode == (0 if row["met"] else 1)


def test_every_budget_has_its_measure():
    listed = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import budgets; print(*budgets.MEASURES)",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    expected = ["import", "memory", "call", "generate", "documents", "command", "core", "lua", "mcp"]
    assert listed.stdout.split() == expected
