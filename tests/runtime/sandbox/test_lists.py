import pytest

from tool_runtime.core.resources import Filter
from tool_runtime.sandbox.lists import matches


def ids(rows):
    return [row["book_id"] for row in rows]


def pages(api, **params):
    """Follow the cursors and return the pages' ids."""
    found = []
    cursor = {}
    while True:
        reply = api.get("/books", params=params | cursor).json()
        found.append(ids(reply["rows"]))
        if not reply["page"]["more"]:
            assert "next" not in reply["page"]
            return found
        cursor = {"cursor": reply["page"]["next"]}


def test_a_list_shows_the_newest_first_and_a_page_at_a_time(api, books):
    newest = books[::-1]
    assert pages(api) == [newest[0:3], newest[3:6], newest[6:7]]


def test_a_list_may_show_the_oldest_first(api, books):
    assert pages(api, order="asc", limit=5) == [books[:5], books[5:]]


def test_a_page_that_holds_all_has_no_more(api, books):
    assert pages(api, author="Bo") == [[books[5], books[3], books[1]]]


def test_rows_have_only_the_fields_of_their_type(api, books):
    assert api.get("/books").json()["rows"][0] == {"book_id": books[6], "title": "Book 6"}


def test_what_comes_between_two_pages_shifts_no_row(api, books):
    first = api.get("/books").json()
    api.post("/books", json={"title": "New"})
    api.delete(f"/books/{books[5]}")
    second = api.get("/books", params={"cursor": first["page"]["next"]}).json()
    assert ids(second["rows"]) == [books[3], books[2], books[1]]


def test_a_cursor_outlives_the_record_that_it_points_at(api, books):
    first = api.get("/books", params={"limit": 1, "order": "asc"}).json()
    for book in books[:-1]:
        api.delete(f"/books/{book}")
    last = api.get("/books", params={"cursor": first["page"]["next"], "order": "asc"}).json()
    assert ids(last["rows"]) == [books[-1]]


@pytest.mark.parametrize("cursor", ["zzz", "", "WyJ4Il0", "!!", "WyJvdGhlciIsMV0", "é"])
def test_a_cursor_that_no_page_gave_is_refused(api, books, cursor):
    reply = api.get("/books", params={"cursor": cursor})
    assert (reply.status_code, reply.json()["error"]["text"]) == (400, "cursor is not one that a page gave")


@pytest.mark.parametrize("limit", [0, 6, -1])
def test_a_limit_out_of_bounds_is_refused(api, limit):
    reply = api.get("/books", params={"limit": limit})
    assert (reply.status_code, reply.json()["error"]["text"]) == (400, "limit must be between 1 and 5")


def test_a_total_is_told_only_when_asked_for(api, books):
    assert "total" not in api.get("/books").json()
    assert api.get("/books", params={"count": "true"}).json()["total"] == 7


def test_a_search_finds_part_of_a_text_whatever_the_case(api, books):
    assert ids(api.get("/books", params={"words": "bOOk 4"}).json()["rows"]) == [books[4]]


def test_numbered_pages_are_cut_by_their_number(api, books):
    assert ids(api.get("/browse", params={"page": 2}).json()["rows"]) == books[3:6]
    assert api.get("/browse", params={"page": 9}).json()["rows"] == []
    assert api.get("/browse", params={"page": 0}).status_code == 400


def test_an_offset_leaves_out_rows_of_a_bare_list(api, books):
    assert ids(api.get("/scan", params={"offset": 5}).json()) == books[5:]
    assert api.get("/scan", params={"offset": -1}).status_code == 400


@pytest.fixture
def search(api, books):
    """Lend two books and return a function that searches the loans."""
    api.post(
        "/loans",
        json={"book_id": books[0], "reader": "Ada", "days": 7, "tags": {"kind": "gift", "paid": True}},
    )
    api.post("/loans", json={"book_id": books[1], "reader": "Bo", "days": 14, "tags": {"kind": "work"}})

    def search(where, **more):
        return [row["reader"] for row in api.post("/loans/search", json={"where": where, **more}).json()["rows"]]

    return search


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, ["Bo", "Ada"]),
        ({"reader": {"type": "string", "op": "eq", "value": "Ada"}}, ["Ada"]),
        ({"reader": {"type": "string", "op": "ne", "value": "Ada"}}, ["Bo"]),
        ({"reader": {"type": "string", "op": "sw", "value": "A"}}, ["Ada"]),
        ({"reader": {"type": "string", "op": "ew", "value": "o"}}, ["Bo"]),
        ({"reader": {"type": "string", "op": "co", "value": "d"}}, ["Ada"]),
        ({"days": {"type": "number", "op": "gt", "value": 7}}, ["Bo"]),
        ({"days": {"type": "number", "op": "ge", "value": 7}}, ["Bo", "Ada"]),
        ({"days": {"type": "number", "op": "lt", "value": 14}}, ["Ada"]),
        ({"days": {"type": "number", "op": "le", "value": 14}}, ["Bo", "Ada"]),
        ({"days": {"type": "range", "op": "bt", "value": [8, 14]}}, ["Bo"]),
        ({"days": {"type": "number", "op": "gt", "value": "7"}}, []),
        ({"state": {"type": "enum", "op": "in", "value": ["asked", "late"]}}, ["Bo", "Ada"]),
        ({"since": {"type": "present", "op": "pr"}}, []),
        ({"since": {"type": "present", "op": "np"}}, ["Bo", "Ada"]),
        ({"tags": [{"key": "kind", "type": "string", "op": "eq", "value": "gift"}]}, ["Ada"]),
        ({"tags": [{"key": "paid", "type": "boolean", "op": "eq", "value": True}]}, ["Ada"]),
        ({"tags": [{"key": "paid", "op": "np"}, {"key": "kind", "op": "eq", "value": "work"}]}, ["Bo"]),
        ({"book": [{"book_id": "book_000000000001"}, {"book_id": "none"}]}, ["Ada"]),
        ({"book": [{"book_id": "none"}]}, []),
        ({"reader": "Bo"}, ["Bo"]),
        ({"reader": None}, ["Bo", "Ada"]),
        ({"reader": {"op": "eq", "value": "Ada"}, "days": {"op": "gt", "value": 7}}, []),
    ],
)
def test_a_filter_finds_the_records_that_meet_it(search, where, found):
    assert search(where) == found


def test_skip_leaves_out_the_first_rows_but_not_of_the_total(api, search):
    assert search({}, skip=1) == ["Ada"]
    assert api.post("/loans/search", json={"skip": 1, "count": True}).json()["total"] == 2


def test_every_object_of_a_filter_must_be_met_by_some_entry():
    record = {"steps": [{"name": "ring"}, {"name": "talk", "ms": 5}]}
    declared = {"used": Filter(some_in="steps")}
    assert matches(record, {"used": [{"name": "ring"}, {"name": "talk", "ms": {"op": "lt", "value": 9}}]}, declared)
    assert not matches(record, {"used": [{"name": "ring"}, {"name": "sing"}]}, declared)
    assert not matches({}, {"used": [{"name": "ring"}]}, declared)
