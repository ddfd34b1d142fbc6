"""A load on the sandbox's server: 200 requests at once for a minute (`make sandbox-load`).

Nothing may be lost, nothing answered wrongly, and the memory of the server must stay bounded: what is written and
deleted again leaves nothing, and the journal has a limit.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

AT_ONCE = 200
SECONDS = float(os.environ.get("SECONDS", "60"))
MOST_GROWTH_MB = 150


async def work(client: httpx.AsyncClient, until: float, counts: dict[str, int]) -> None:
    """Make, read, change and delete a record, again and again."""
    while time.monotonic() < until:
        made = await client.post("/create-retell-llm", json={"model": "gpt-4.1", "general_prompt": "You help."})
        one = made.json()["llm_id"]
        read = await client.get(f"/get-retell-llm/{one}")
        changed = await client.patch(f"/update-retell-llm/{one}", json={"begin_message": one})
        kept = await client.get(f"/get-retell-llm/{one}")
        gone = await client.delete(f"/delete-retell-llm/{one}")
        statuses = [reply.status_code for reply in (made, read, changed, kept, gone)]
        right = statuses == [201, 200, 200, 200, 204] and kept.json()["begin_message"] == one
        counts["requests"] += len(statuses)
        counts["wrong"] += not right


def memory_mb(process: int) -> float:
    """Return what a process holds in memory."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def load(url: str, process: int) -> dict[str, float]:
    """Put the load on, and return what came of it."""
    counts = {"requests": 0, "wrong": 0}
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": "Bearer k"}, limits=limits, timeout=60, trust_env=False
    ) as client:
        await work(client, time.monotonic() + 1, {"requests": 0, "wrong": 0})
        before = memory_mb(process)
        until = time.monotonic() + SECONDS
        await asyncio.gather(*(work(client, until, counts) for _ in range(AT_ONCE)))
        left = (await client.get("/__sandbox/records/retell_llm")).json()["total"]
        seen = (await client.get("/__sandbox/health")).json()["requests"]
    return {**counts, "left": left, "seen": seen, "growth_mb": round(memory_mb(process) - before, 1)}


def main() -> int:
    """Run a server in a process of its own, and report."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        words = ["sandbox", "serve", "--port", "0", "--ready-file", str(ready), "--state", f"{folder}/state.db"]
        environment = {**os.environ, "XDG_STATE_HOME": folder, "HOME": folder}
        server = subprocess.Popen([sys.executable, "-m", "retell_ai", *words, "--no-examples"], env=environment)
        try:
            while not ready.exists():
                time.sleep(0.05)
            found = asyncio.run(load(json.loads(ready.read_text(encoding="utf-8"))["url"], server.pid))
        finally:
            server.terminate()
            server.wait()
    print(json.dumps(found | {"per_second": round(found["requests"] / SECONDS)}))
    bounded = found["growth_mb"] <= MOST_GROWTH_MB
    return 0 if found["wrong"] == 0 and found["left"] == 0 and bounded and found["seen"] >= found["requests"] else 1


if __name__ == "__main__":
    sys.exit(main())
