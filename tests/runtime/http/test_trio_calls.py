"""A whole call under trio: attempts, pauses between them, and cancellation."""

import httpx
import trio

from retell_ai import AsyncClient

DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}


def client(answer):
    return AsyncClient("key_x", http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)))


def test_a_rate_limited_dial_is_waited_for_and_repeated():
    answers = iter([httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(201, json={"call_id": "call_1"})])

    async def run():
        async with client(lambda _: next(answers)) as calling:
            return await calling.create_phone_call(**DIAL)

    assert trio.run(run) == {"call_id": "call_1"}


def test_a_cancelled_dial_says_what_may_have_happened(caplog):
    async def hang(request):
        await trio.sleep_forever()

    async def run():
        async with client(hang) as calling:
            with trio.move_on_after(0.1):
                await calling.create_phone_call(**DIAL)

    trio.run(run)

    assert "create_phone_call was cut off while its request was under way" in caplog.text
