import asyncio
import json

import httpx
import pytest

BOOK = {"title": "T"}


def test_a_status_is_answered_in_the_place_of_the_request(api, sandbox):
    sandbox.fault("create_book", status=429, message="Slow down.", retry_after=2)
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2")
    assert reply.json() == {"error": {"text": "Slow down."}}
    assert sandbox.records("book") == []


def test_a_fault_strikes_as_often_as_asked(api, sandbox):
    sandbox.fault(status=503, times=2)
    assert [api.get("/hours").status_code for _ in range(3)] == [503, 503, 200]
    assert sandbox.waiting_faults == 0


def test_a_fault_waits_for_its_tool_and_its_turn(api, sandbox):
    sandbox.fault("opening_hours", status=500, skip=1)
    assert [api.get(path).status_code for path in ("/status", "/hours", "/hours", "/hours")] == [
        200,
        200,
        500,
        200,
    ]


def test_a_fault_may_name_a_tool_by_its_alias(api, sandbox):
    sandbox.fault("add_book", status=500)
    assert api.post("/books", json=BOOK).status_code == 500


@pytest.mark.parametrize(
    ("kind", "error"), [("refuse_connection", httpx.ConnectError), ("connect_timeout", httpx.ConnectTimeout)]
)
def test_a_connection_that_was_never_made_applies_nothing(api, sandbox, kind, error):
    sandbox.fault(kind=kind)
    with pytest.raises(error):
        api.post("/books", json=BOOK)
    assert sandbox.records("book") == []
    assert sandbox.requests[0].status is None


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("lose_answer", httpx.ReadError),
        ("drop_connection", httpx.RemoteProtocolError),
        ("read_timeout", httpx.ReadTimeout),
    ],
)
def test_an_answer_that_was_lost_leaves_the_request_applied(api, sandbox, kind, error):
    sandbox.fault(kind=kind)
    with pytest.raises(error):
        api.post("/books", json=BOOK)
    assert len(sandbox.records("book")) == 1


def test_garbage_is_a_page_in_place_of_json(api, sandbox):
    sandbox.fault(kind="garbage")
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html")


def test_a_truncated_answer_is_no_json(api, sandbox):
    sandbox.fault(kind="truncate")
    with pytest.raises(json.JSONDecodeError):
        api.post("/books", json=BOOK).json()


def test_an_empty_answer_keeps_its_status(api, sandbox):
    sandbox.fault(kind="empty")
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.content) == (201, b"")


def test_a_redirect_leads_where_it_is_told_to(api, sandbox):
    sandbox.fault(kind="redirect", location="https://elsewhere.example/")
    reply = api.get("/hours")
    assert (reply.status_code, reply.headers["location"]) == (302, "https://elsewhere.example/")


def test_an_altered_answer_may_hold_a_value_that_no_type_names(api, sandbox):
    sandbox.fault(kind="alter", changes={"binding": "velvet"})
    assert api.post("/books", json=BOOK).json()["binding"] == "velvet"
    assert "binding" not in sandbox.records("book")[0]


def test_an_unknown_kind_of_fault_is_an_error(sandbox):
    with pytest.raises(ValueError, match="unknown kind of fault 'earthquake'; one of alter"):
        sandbox.fault(kind="earthquake")


@pytest.mark.parametrize("tool", ["nothing", "api_get"])
def test_a_tool_without_a_route_cannot_be_struck(sandbox, tool):
    with pytest.raises(ValueError, match="no tool"):
        sandbox.fault(tool)


def test_an_async_client_gets_the_same_answers(sandbox, document):
    options = {"base_url": "https://library.example/api/v1", "headers": {"X-API-Key": "k"}}

    async def run():
        async with httpx.AsyncClient(transport=sandbox.transport, **options) as client:
            made = await client.post("/books", json=BOOK)
            files = {"picture": ("c.png", b"x")}
            cover = await client.post("/covers", files=files)
            return made, await client.get("/books/book_000000000001"), cover

    made, read, cover = asyncio.run(run())
    assert made.json() == read.json()
    assert cover.status_code == 201


def test_a_closed_client_leaves_the_sandbox_open(sandbox, api):
    with httpx.Client(transport=sandbox.transport):
        pass
    assert api.get("/hours").status_code == 200
