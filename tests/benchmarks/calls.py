"""One call in one process: this project, raw httpx and the official SDK, on the same mock transport.

Run as a script; prints one JSON object of seconds a call, by contestant, a list entry for each round. Rounds
are interleaved and CPU time is counted, so a busy machine disturbs the ratios little.
"""

import gc
import json
import sys
import time
from collections.abc import Callable

import httpx

import retell_ai

KEY = "key_benchmark"
URL = "https://api.retellai.com/v2/create-phone-call"
REPLY = json.dumps(
    {
        "call_id": "call_benchmark",
        "call_type": "phone_call",
        "call_status": "registered",
        "agent_id": "agent_benchmark",
        "agent_version": 3,
        "direction": "outbound",
        "from_number": "+14155550100",
        "to_number": "+14155550199",
        "metadata": {"customer_id": "cus_123", "campaign": "spring"},
        "retell_llm_dynamic_variables": {"customer_name": "Ada", "due": "Tuesday"},
        "data_storage_setting": "everything",
        "opt_in_signed_url": False,
    }
).encode()
BODY = {
    "override_agent_id": "agent_benchmark",
    "from_number": "+14155550100",
    "to_number": "+14155550199",
    "metadata": {"customer_id": "cus_123", "campaign": "spring"},
    "retell_llm_dynamic_variables": {"customer_name": "Ada", "due": "Tuesday"},
}
ARGUMENTS = {("agent_id" if name == "override_agent_id" else name): value for name, value in BODY.items()}


def http_client(**options: object) -> httpx.Client:
    """Return an httpx client whose transport answers at once."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(201, content=REPLY, headers={"content-type": "application/json"})

    return httpx.Client(transport=httpx.MockTransport(answer), **options)


def contestants() -> dict[str, Callable[[], object]]:
    """Return each contestant's call."""
    raw = http_client(headers={"authorization": f"Bearer {KEY}"})
    ours = retell_ai.Client(api_key=KEY, http_client=http_client())
    found: dict[str, Callable[[], object]] = {
        "httpx": lambda: raw.post(URL, json=BODY).json(),
        "here": lambda: ours.create_phone_call(**ARGUMENTS),
    }
    if "--with-sdk" in sys.argv:
        from retell import Retell

        sdk = Retell(api_key=KEY, http_client=http_client())
        found["sdk"] = lambda: sdk.call.create_phone_call(**BODY)
    return found


def main(rounds: int = 40, calls: int = 40) -> None:
    """Measure and print."""
    found = contestants()
    for call in found.values():
        for _ in range(calls):
            call()
    taken: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(rounds):
        for name, call in found.items():
            gc.collect()
            begin = time.process_time()
            for _ in range(calls):
                call()
            taken[name].append((time.process_time() - begin) / calls)
    print(json.dumps(taken))


if __name__ == "__main__":
    main()
