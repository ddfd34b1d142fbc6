"""Measuring MCP servers over real stdio, without a client's own cost: lines are written and read as they are.

The peer is FastMCP's import of the same API as an OpenAPI document, where fastmcp is installed.
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from processes import ROOT

OURS = (sys.executable, "-m", "retell_ai", "mcp", "serve", "--sandbox", "--write", "allow")
_PEER = """
import json, sys
import httpx
from fastmcp import FastMCP

document = json.load(open(sys.argv[1]))
FastMCP.from_openapi(document, client=httpx.AsyncClient(base_url="http://127.0.0.1:9")).run(show_banner=False)
"""
FIRST = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


def first_answer(rounds: int = 5, command: tuple[str, ...] = OURS) -> float:
    """Return the milliseconds from the start of the process to the answer to `initialize`, as a median."""
    return statistics.median(_conversation(command)[0] for _ in range(rounds))


def list_size(mode: str) -> int:
    """Return the bytes of the answer to `tools/list` in a mode."""
    return len(_conversation((*OURS, "--expose", mode))[1])


def fast_mcp() -> dict[str, dict[str, float]]:
    """Return the same figures of FastMCP, or nothing where it is not installed."""
    if importlib.util.find_spec("fastmcp") is None:
        return {}
    document = str(ROOT / "generated" / "retell_ai" / "openapi.json")
    command = (sys.executable, "-c", _PEER, document)
    started, listed = _conversation(command)
    return {"start": {"FastMCP": started / 1000}, "list": {"FastMCP": len(listed) / 1000}}


def _conversation(command: tuple[str, ...]) -> tuple[float, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        settings: dict[str, Any] = dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME"), folder)
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **settings},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(FIRST).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        taken = (time.perf_counter() - begin) * 1000
        process.stdin.write(json.dumps(READY).encode() + b"\n" + json.dumps(LIST).encode() + b"\n")
        process.stdin.flush()
        listed = process.stdout.readline()
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
    return taken, listed
