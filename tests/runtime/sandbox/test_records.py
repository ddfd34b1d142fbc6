import threading
from datetime import UTC, datetime

import httpx
import pytest

from tool_runtime.sandbox import Sandbox


def lend(api, book, **more):
    return api.post("/loans", json={"book_id": book, **more})


def test_a_created_record_has_a_counted_id_and_what_the_server_sets(api):
    reply = api.post("/books", json={"title": "T", "year": 1999})
    assert reply.status_code == 201
    assert reply.json() == {
        "book_id": "book_000000000001",
        "title": "T",
        "author": "Anonymous",
        "year": 1999,
        "blurb": "T (book_000000000001)",
        "created": 1767225600,
        "binding": "hard",
    }


def test_a_refused_create_uses_up_no_id(api, books):
    assert lend(api, "book_0").status_code == 422
    assert lend(api, books[0]).json()["loan_id"] == "loan_000000000001"


def test_a_given_value_stands_over_a_default(api):
    assert api.post("/books", json={"title": "T", "author": "Ada"}).json()["author"] == "Ada"


def test_a_record_is_read_back(api, books):
    assert api.get(f"/books/{books[2]}").json()["title"] == "Book 2"


def test_an_unknown_id_gets_the_declared_answer(api):
    assert api.get("/books/none").status_code == 404
    reply = api.get("/loans/none")
    assert (reply.status_code, reply.json()["error"]["text"]) == (422, "No loan none.")


def test_a_record_that_does_not_match_is_missing(api, books):
    assert api.get(f"/books/{books[0]}?year=2000").status_code == 200
    assert api.get(f"/books/{books[0]}?year=1900").status_code == 404


def test_an_update_changes_only_what_it_names(api, books):
    changed = api.patch(f"/books/{books[0]}", json={"title": "New"}).json()
    assert (changed["title"], changed["year"], changed["blurb"]) == ("New", 2000, f"New ({books[0]})")
    assert api.get(f"/books/{books[0]}").json() == changed


def test_null_stays_where_the_type_has_it(api, books):
    assert api.patch(f"/books/{books[0]}", json={"author": None}).json()["author"] is None


def test_null_empties_a_stored_field_whose_type_has_no_null(document, sandbox, api):
    document["tools"]["update_book"]["parameters"]["year"]["schema"] = {"type": ["integer", "null"]}
    made = api.post("/books", json={"title": "T", "year": 1999}).json()
    assert "year" not in api.patch(f"/books/{made['book_id']}", json={"year": None}).json()


def test_a_removed_field_is_refused_with_its_message(api, books):
    reply = api.patch(f"/books/{books[0]}", json={"isbn": "1"})
    assert (reply.status_code, reply.json()["error"]["text"]) == (400, "isbn is gone.")


def test_a_replaced_record_keeps_nothing_but_its_id_and_defaults(api, books):
    reply = api.put(f"/books/{books[0]}", json={"title": "New"}).json()
    assert (reply["book_id"], reply["title"], reply["author"]) == (books[0], "New", "Anonymous")
    assert "year" not in reply


def test_a_deleted_record_is_gone(api, books):
    assert api.delete(f"/books/{books[0]}").status_code == 204
    assert api.get(f"/books/{books[0]}").status_code == 404


def test_an_answer_without_a_declared_body_is_empty(api, books):
    assert api.delete(f"/books/{books[0]}").content == b""


def test_a_record_in_use_is_deleted_by_force_only(api, books):
    lend(api, books[0])
    reply = api.delete(f"/books/{books[0]}")
    assert (reply.status_code, reply.json()["error"]["text"]) == (423, "Lent.")
    assert api.delete(f"/books/{books[0]}?force=true").status_code == 204


def test_a_reference_to_nothing_is_refused(api):
    reply = lend(api, "book_0")
    assert (reply.status_code, reply.json()["error"]["text"]) == (422, "There is no book book_0.")


def test_more_records_than_the_limit_are_refused(api, books):
    statuses = [lend(api, books[0]).status_code for _ in range(4)]
    refused = lend(api, books[0])
    assert statuses == [201, 201, 201, 429]
    assert (refused.headers["Retry-After"], refused.json()["error"]["text"]) == ("7", "Enough.")


def test_a_repeated_idempotency_key_gives_the_same_record(api, sandbox, books):
    first = lend(api, books[0], token="t").json()
    assert lend(api, books[0], token="t").json() == first
    assert len(sandbox.records("loan")) == 1


def test_another_idempotency_key_makes_another_record(api, sandbox, books):
    lend(api, books[0], token="t")
    lend(api, books[0], token="u")
    assert len(sandbox.records("loan")) == 2


def test_an_idempotency_key_is_forgotten_after_an_hour(api, sandbox, books):
    first = lend(api, books[0], token="t").json()
    sandbox.clock.sleep(3601)
    assert lend(api, books[0], token="t").json()["loan_id"] != first["loan_id"]


def test_a_fixed_answer_is_always_the_same(api):
    assert api.get("/hours").json() == {"opens": 9, "closes": 17}


def test_a_single_record_may_count_others(api, sandbox, books):
    lend(api, books[0])
    assert api.get("/status").json() == {"open": True, "lent": 0}
    sandbox.clock.sleep(10)
    assert api.get("/status").json() == {"open": True, "lent": 1}


def test_examples_are_there_only_when_asked_for(document):
    assert Sandbox(document).records("book") == []
    assert [book["book_id"] for book in Sandbox(document, examples=True).records("book")] == ["book_1"]


def test_an_id_that_is_taken_is_a_conflict(api, books):
    reply = api.post("/books", json={"title": "T", "book_id": books[0]})
    assert reply.status_code == 409


def test_records_are_copies(sandbox, books):
    sandbox.records("book")[0]["title"] = "Scribbled over"
    assert sandbox.records("book")[0]["title"] == "Book 0"


def test_the_start_of_time_may_be_given(document):
    sandbox = Sandbox(document, start=datetime(2030, 5, 5, tzinfo=UTC), latency=0)
    with httpx.Client(transport=sandbox.transport, base_url="https://library.example/api/v1") as client:
        reply = client.post("/books", json={"title": "T"}, headers={"X-API-Key": "k"})
    assert reply.json()["created"] == 1904169600


def test_two_runs_answer_byte_for_byte_alike(document):
    def run():
        sandbox = Sandbox(document, examples=True)
        with httpx.Client(
            transport=sandbox.transport, base_url="https://library.example/api/v1", headers={"X-API-Key": "k"}
        ) as client:
            client.post("/books", json={"title": "T"})
            client.post("/loans", json={"book_id": "book_1"})
            sandbox.clock.sleep(20)
            return [
                client.request(*one).content
                for one in (("GET", "/books"), ("POST", "/loans/search"), ("GET", "/trees"))
            ]

    assert run() == run()


def test_threads_never_share_an_id(api, sandbox):
    def create():
        for _ in range(20):
            api.post("/books", json={"title": "T"})

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({book["book_id"] for book in sandbox.records("book")}) == 80


@pytest.mark.parametrize("path", ["/trees", "/covers"])
def test_a_tool_without_a_resource_answers_with_a_sample(api, path):
    options = {"files": {"picture": ("c", b"x")}} if path == "/covers" else {}
    assert api.post(path, **options).is_success
