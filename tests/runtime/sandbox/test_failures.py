import asyncio
import json

import httpx
import pytest

from tool_runtime.errors import ConfigurationError, UnknownTool
from tool_runtime.sandbox import Failure, Sandbox

BOOK = {"title": "T"}


def test_a_status_is_answered_in_the_place_of_the_request(api, sandbox):
    sandbox.fail("create_book", status=429, message="Slow down.", retry_after=2)
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2")
    assert reply.json() == {"error": {"text": "Slow down."}}
    assert sandbox.records("book") == []


def test_a_failure_strikes_as_often_as_asked(api, sandbox):
    sandbox.fail(status=503, times=2)
    assert [api.get("/hours").status_code for _ in range(3)] == [503, 503, 200]
    assert sandbox.waiting_failures == 0


def test_a_failure_waits_for_its_tool_and_its_turn(api, sandbox):
    sandbox.fail("opening_hours", status=500, skip=1)
    assert [api.get(path).status_code for path in ("/status", "/hours", "/hours", "/hours")] == [
        200,
        200,
        500,
        200,
    ]


def test_a_failure_may_name_a_tool_by_its_alias(api, sandbox):
    sandbox.fail("add_book", status=500)
    assert api.post("/books", json=BOOK).status_code == 500


@pytest.mark.parametrize(
    ("kind", "error"), [("refuse_connection", httpx.ConnectError), ("connect_timeout", httpx.ConnectTimeout)]
)
def test_a_connection_that_was_never_made_applies_nothing(api, sandbox, kind, error):
    sandbox.fail(kind=kind)
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
    sandbox.fail(kind=kind)
    with pytest.raises(error):
        api.post("/books", json=BOOK)
    assert len(sandbox.records("book")) == 1


def test_garbage_is_a_page_in_place_of_json(api, sandbox):
    sandbox.fail(kind="garbage")
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html")


def test_a_truncated_answer_is_no_json(api, sandbox):
    sandbox.fail(kind="truncate")
    with pytest.raises(json.JSONDecodeError):
        api.post("/books", json=BOOK).json()


def test_an_empty_answer_keeps_its_status(api, sandbox):
    sandbox.fail(kind="empty")
    reply = api.post("/books", json=BOOK)
    assert (reply.status_code, reply.content) == (201, b"")


def test_a_redirect_leads_where_it_is_told_to(api, sandbox):
    sandbox.fail(kind="redirect", location="https://elsewhere.example/")
    reply = api.get("/hours")
    assert (reply.status_code, reply.headers["location"]) == (302, "https://elsewhere.example/")


def test_an_altered_answer_may_hold_a_value_that_no_type_names(api, sandbox):
    sandbox.fail(kind="alter", changes={"binding": "velvet"})
    assert api.post("/books", json=BOOK).json()["binding"] == "velvet"
    assert "binding" not in sandbox.records("book")[0]


@pytest.mark.parametrize(("kind", "near"), [("earthquake", None), ("lose_anwser", "lose_answer"), (5, None)])
def test_an_unknown_kind_of_failure_is_answered_with_the_nearest(sandbox, kind, near):
    with pytest.raises(ConfigurationError) as caught:
        sandbox.fail(kind=kind)

    assert "lose_answer" in str(caught.value)
    assert caught.value.hint == (f"Did you mean {near}?" if near else None)


@pytest.mark.parametrize(
    "settings",
    [
        {"times": 0},
        {"times": True},
        {"times": "2"},
        {"skip": -1},
        {"status": 42},
        {"status": 200},
        {"status": "503"},
        {"retry_after": -1},
        {"retry_after": float("nan")},
        {"retry_after": "soon"},
        {"message": 5},
        {"tool": 5},
        {"tool": ["create_book"]},
        {"kind": "redirect", "location": "https://library.example/\r\nX-Evil: 1"},
        {"kind": "redirect", "location": None},
        {"kind": "alter"},
        {"kind": "alter", "changes": "binding"},
        {"kind": "alter", "changes": {5: 1}},
        {"kind": "alter", "changes": {"binding": object()}},
        {"kind": "alter", "changes": {"binding": float("nan")}},
    ],
)
def test_a_failure_that_could_never_strike_as_meant_is_refused(settings):
    with pytest.raises(ConfigurationError):
        Failure(**settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"kind": "lose_answer", "status": 500}, "status"),
        ({"kind": "lose_answer", "retry_after": 2}, "status"),
        ({"kind": "garbage", "message": "no"}, "status or redirect"),
        ({"location": "https://elsewhere.example/"}, "redirect"),
        ({"changes": {"binding": "velvet"}}, "alter"),
    ],
    ids=str,
)
def test_a_setting_of_another_kind_is_refused_with_that_kind(settings, kind):
    with pytest.raises(ConfigurationError, match=f"of the kind {kind}"):
        Failure(**settings)


def test_a_kind_in_the_place_of_the_tool_says_where_the_kind_belongs(sandbox):
    with pytest.raises(ConfigurationError) as caught:
        sandbox.fail("lose_answer")

    assert caught.value.hint == 'Write kind="lose_answer".'


def test_changes_that_are_changed_later_leave_the_failure_as_it_was(api, sandbox):
    changes = {"binding": {"cloth": "velvet"}}
    sandbox.fail(kind="alter", changes=changes, times=2)
    changes["binding"]["cloth"] = "linen"

    assert [api.post("/books", json=BOOK).json()["binding"] for _ in range(2)] == [{"cloth": "velvet"}] * 2


@pytest.mark.parametrize(
    ("path", "altered"),
    [
        ("rows.0.title", {"rows": [{"title": "new"}, {"title": "B"}], "note": "n"}),
        ("rows.1", {"rows": [{"title": "A"}, "new"], "note": "n"}),
        ("note.text", {"rows": [{"title": "A"}, {"title": "B"}], "note": {"text": "new"}}),
        ("a.b", {"rows": [{"title": "A"}, {"title": "B"}], "note": "n", "a": {"b": "new"}}),
        ("rows.7", {"rows": {"7": "new"}, "note": "n"}),
    ],
)
def test_a_change_reaches_every_place_of_an_answer(path, altered):
    body = {"rows": [{"title": "A"}, {"title": "B"}], "note": "n"}

    assert Failure(kind="alter", changes={path: "new"}).alter(body) == altered
    assert body == {"rows": [{"title": "A"}, {"title": "B"}], "note": "n"}


def test_a_change_reaches_an_answer_that_is_a_list():
    assert Failure(kind="alter", changes={"0.title": "new"}).alter([{"title": "A"}]) == [{"title": "new"}]


def test_a_tool_without_a_route_cannot_be_struck(sandbox):
    with pytest.raises(ConfigurationError):
        sandbox.fail("api_get")


def test_an_unknown_tool_is_answered_with_the_nearest(sandbox):
    with pytest.raises(UnknownTool) as caught:
        sandbox.fail("create_bok")

    assert caught.value.nearest[0] == "create_book"


def test_failures_can_be_given_when_the_sandbox_is_made(document):
    failure = Failure("create_book", status=500)
    sandboxes = [Sandbox(document, failures=[failure]) for _ in range(2)]

    assert [sandbox.waiting_failures for sandbox in sandboxes] == [1, 1]
    for sandbox in sandboxes:
        with httpx.Client(transport=sandbox.transport, headers={"X-API-Key": "k"}) as client:
            assert client.post("https://library.example/api/v1/books", json=BOOK).status_code == 500
    assert [sandbox.waiting_failures for sandbox in sandboxes] == [0, 0]


@pytest.mark.parametrize("failures", [["lose_answer"], "lose_answer", Failure(), None, 5, [None]], ids=str)
def test_what_is_no_list_of_failures_is_refused(document, failures):
    with pytest.raises(ConfigurationError, match="list of Failure"):
        Sandbox(document, failures=failures)


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
