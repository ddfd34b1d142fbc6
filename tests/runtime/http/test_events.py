"""Streams of events are read as the events come; agent surfaces get everything as JSON."""

import asyncio
import threading

import httpx
import pytest
from loopback import LoopbackServer, Recorder

from tool_runtime import AsyncClient, Client
from tool_runtime.core.registry import Registry
from tool_runtime.errors import ServerError
from tool_runtime.values.media import content_of

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
# An id holds until another one comes.
LAST = {"event": "message", "data": "2", "id": "1"}
FIRST, SECOND = b"event: a\nid: 1\ndata: {}\n\n", b"data: 2\n\n"


def registry(*media_types, content="events"):
    tool = {
        "class": "read", "effects": [], "aliases": [], "method": "GET", "path": "/events", "parameters": {},
        "returns": {"status": 200, "schema": {}, "content": content, "media_types": list(media_types)},
    }  # fmt: skip
    return Registry(
        {
            "registry": 1,
            "api": {"name": "news", "slug": "news"},
            "server": {"base_url": "https://news.example"},
            "auth": {"in": "header", "name": "X-Key"},
            "tools": {"listen": tool},
        }
    )


EVENTS = registry("text/event-stream")
CHAT = registry("application/json", "text/event-stream", content="json")


@pytest.fixture
def slow():
    """A server that sends its second event only when somebody has read the first one."""
    has_read = threading.Event()
    waited = []

    def answer(connection):
        connection.sendall(HEAD + FIRST)
        waited.append(has_read.wait(10))
        connection.sendall(SECOND)

    server = LoopbackServer([answer])
    yield server.url, has_read, waited
    server.close()


@pytest.mark.parametrize("known", [EVENTS, CHAT])
def test_an_event_is_there_before_the_next_one_is_sent(slow, known):
    url, has_read, waited = slow
    with Client("k", registry=known, base_url=url) as client:
        events = client.call("listen", {})
        first = next(events)
        has_read.set()
        assert (first.event, first.id, first.json()) == ("a", "1", {})
        assert [event.data for event in events] == ["2"]
    assert waited == [True]


def test_awaited_events_come_one_by_one(slow):
    url, has_read, waited = slow

    async def listen():
        seen = []
        async with AsyncClient("k", registry=EVENTS, base_url=url) as client:
            async for event in await client.call("listen", {}):
                seen.append(event.data)
                has_read.set()
        return seen

    assert asyncio.run(listen()) == ["{}", "2"]
    assert waited == [True]


def test_an_error_or_json_in_the_place_of_events_is_read_whole():
    recorder = Recorder([httpx.Response(200, json={"a": 1}), httpx.Response(500, json={"message": "no"})])
    client = Client("k", registry=CHAT, http_client=recorder.client(), retries=0)
    assert client.call("listen", {}) == {"a": 1}
    with pytest.raises(ServerError, match="500"):
        client.call("listen", {})


@pytest.mark.parametrize(
    ("media_type", "content", "result"),
    [
        ("text/event-stream", FIRST + SECOND, [{"event": "a", "data": "{}", "id": "1"}, LAST]),
        ("audio/mpeg", b"\x00\xff", {"media_type": "audio/mpeg", "base64": "AP8="}),
        ("text/csv", b"a,b", "a,b"),
    ],
)  # fmt: skip
def test_a_client_of_an_agent_surface_gives_json_whatever_comes(media_type, content, result):
    kind = {"text/event-stream": "events", "audio/mpeg": "bytes", "text/csv": "text"}[media_type]
    recorder = Recorder([httpx.Response(200, content=content, headers={"content-type": media_type})])
    known = registry(media_type, content=kind)
    client = Client("k", registry=known, http_client=recorder.client(), plain=True)
    assert client.call("listen", {}) == result
    assert content_of(result) == (content if kind == "bytes" else None)
