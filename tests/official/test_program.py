"""The official SDK as a judge of the sandbox: it refuses a reply that its own types do not have."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tool_runtime.sandbox import RunningClock, Sandbox
from tool_runtime.sandbox.server.serving import SandboxServer

HERE = Path(__file__).parent
REGISTRY = json.loads((HERE.parents[1] / "generated" / "retell_ai" / "registry.json").read_bytes())


def test_a_program_of_the_official_sdk_runs_in_strict_validation():
    with SandboxServer(Sandbox(REGISTRY, clock=RunningClock(100))) as server:
        own = {name: value for name, value in os.environ.items() if not name.startswith("RETELL_")}
        ended = subprocess.run(
            [sys.executable, str(HERE / "program.py")],
            env={**own, "RETELL_BASE_URL": server.url, "RETELL_API_KEY": "key_x"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "llm You are the front desk of a clinic.",
        "agent Desk",
        "versions 0 Desk 1 Draft desk",
        "listed [1, 0]",
        "left [0]",
        "number 212 True",
        "calls [('not_connected', 'dial_busy'), ('ended', 'user_hangup')]",
        "pages True {1}",
        "chat 1 ended",
        "knowledge ['text', 'document', 'document'] 2",
        "batch 3.0 3",
        "deleted 422",
    ]
