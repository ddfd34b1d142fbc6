import copy
import json

import httpx
import pytest

from tool_runtime.sandbox import Incoming, Sandbox


def send(document, method, path, **options):
    sandbox = Sandbox(document, **options.pop("sandbox", {}))
    with httpx.Client(transport=sandbox.transport, base_url="https://library.example") as client:
        return client.request(method, path, **options)


KEY = {"X-API-Key": "card_1"}


def test_a_path_outside_the_base_path_is_not_found(document):
    assert send(document, "GET", "/books", headers=KEY).status_code == 404


def test_an_unknown_path_is_not_found(api):
    assert api.get("/shelves").status_code == 404


def test_another_method_gets_the_declared_status(api):
    assert api.delete("/hours").status_code == 405


def test_another_method_is_not_found_where_nothing_is_declared(document):
    del document["resources"]["*"]["wrong_method"]
    assert send(document, "DELETE", "/api/v1/hours", headers=KEY).status_code == 404


def test_a_literal_path_wins_over_a_template(api, books):
    assert api.get("/books/newest").json()["book_id"] == books[1]


def test_a_path_segment_is_decoded(api, sandbox):
    sandbox.put("book", {"book_id": "a/b c", "title": "Odd", "created": 1, "binding": "hard"})
    assert api.get("/books/a%2Fb%20c").json()["title"] == "Odd"


def test_a_raw_path_tool_reaches_the_route_of_another(api, sandbox):
    api.get("/hours")
    assert [one.tool for one in sandbox.requests] == ["opening_hours"]


def test_a_request_without_a_key_is_unauthorized(document):
    reply = send(document, "GET", "/api/v1/hours")
    assert (reply.status_code, reply.json()) == (401, {"error": {"text": "Show your card."}})


def test_a_key_without_the_declared_prefix_is_unauthorized(document):
    document["auth"] = {"in": "header", "name": "Authorization", "prefix": "Bearer "}
    statuses = [
        send(document, "GET", "/api/v1/hours", headers={"Authorization": value}).status_code
        for value in ("card_1", "Bearer ", "Basic card_1", "Bearer card_1")
    ]
    assert statuses == [401, 401, 401, 200]


def test_a_key_in_the_query_is_accepted_where_it_is_declared(document):
    document["auth"] = {"in": "query", "name": "card"}
    assert send(document, "GET", "/api/v1/hours?card=1").status_code == 200
    assert send(document, "GET", "/api/v1/hours", headers=KEY).status_code == 401


def test_a_key_that_is_not_among_the_keys_is_unauthorized(document):
    keys = {"api_keys": ["card_2"]}
    assert send(document, "GET", "/api/v1/hours", headers=KEY, sandbox=keys).status_code == 401
    assert send(document, "GET", "/api/v1/hours", headers={"X-API-Key": "card_2"}, sandbox=keys).status_code == 200


def test_a_declared_error_body_is_used(document):
    document["resources"]["*"]["error_body"] = {"status": "error", "code": "$status", "message": "$message"}
    reply = send(document, "GET", "/api/v1/hours")
    assert reply.json() == {"status": "error", "code": 401, "message": "Show your card."}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "title is required"),
        ({"title": 5}, "title expected string, got integer"),
        ({"title": "T", "year": "1999"}, "year expected integer, got string"),
        ({"title": None}, "title expected string, got null"),
    ],
)
def test_a_faulty_body_is_refused_with_the_name_of_the_field(api, given, named):
    reply = api.post("/books", json=given)
    assert reply.status_code == 400
    assert named in reply.json()["error"]["text"]


def test_a_text_that_holds_an_object_is_no_object(api):
    reply = api.post("/loans", json={"book_id": "b", "tags": "{}"})
    assert "tags expected object, got string" in reply.json()["error"]["text"]


def test_every_fault_is_told_at_once(api):
    text = api.post("/books", json={"year": "x", "blurb": 1}).json()["error"]["text"]
    assert all(name in text for name in ("title", "year", "blurb"))


@pytest.mark.parametrize("content", [b"[1]", b'"text"', b"null", b"{", b'{"title": NaN}', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(api, content):
    reply = api.post("/books", content=content, headers={"content-type": "application/json"})
    assert reply.status_code == 400


def test_a_body_that_is_nested_too_deeply_is_refused(api):
    content = '{"book_id": "b", "tags": ' + '{"a": ' * 900 + "1" + "}" * 901
    reply = api.post("/loans", content=content, headers={"content-type": "application/json"})
    assert reply.status_code in {400, 422}


def test_half_a_surrogate_pair_comes_back_as_it_was_sent(api):
    content = b'{"title": "\\ud800"}'
    reply = api.post("/books", content=content, headers={"content-type": "application/json"})
    assert b'"title":"\\ud800"' in reply.content


def test_a_body_of_another_content_type_is_refused(api):
    assert api.post("/books", data={"title": "T"}).status_code == 400


def test_an_unknown_field_is_accepted_and_not_stored(api, sandbox):
    assert api.post("/books", json={"title": "T", "novelty": 1}).status_code == 201
    assert "novelty" not in sandbox.records("book")[0]


def test_query_values_are_decoded_by_their_types(api, books):
    assert api.get("/books", params={"limit": "2"}).status_code == 200
    reply = api.get("/books", params={"limit": "two"})
    assert "limit expected integer, got string" in reply.json()["error"]["text"]
    assert "force expected boolean" in api.delete(f"/books/{books[0]}?force=yes").json()["error"]["text"]


def test_a_constraint_over_wire_names_is_kept(api):
    reply = api.post("/loans/search", json={"skip": 1, "cursor": "x"})
    assert reply.json()["error"]["text"] == "Invalid request: skip and cursor exclude each other"


@pytest.mark.parametrize(
    ("rule", "sent", "text"),
    [
        ("at_least_one", {}, "skip or cursor one of them is required"),
        ("at_least_one", {"skip": 1}, None),
        ("exactly_one", {}, "skip or cursor one of them is required"),
        ("exactly_one", {"skip": 1, "cursor": "x"}, "skip and cursor exclude each other"),
        ("together", {"skip": 1}, "cursor is required with skip"),
        ("together", {}, None),
    ],
)
def test_every_rule_over_wire_names_is_kept(document, rule, sent, text):
    changed = copy.deepcopy(document)
    changed["tools"]["search_loans"]["constraints"] = [{rule: ["skip", "cursor"]}]
    content = json.dumps(sent).encode()

    reply = Sandbox(changed).engine.answer(
        Incoming("POST", "/api/v1/loans/search", headers={"x-api-key": "k"}, content=content)
    )

    message = json.loads(reply.content).get("error", {}).get("text")
    assert message == (f"Invalid request: {text}" if text else None)


def test_a_constraint_with_a_name_that_never_travels_is_not_the_servers(api):
    assert api.post("/loans/search", json={"count": True}).status_code == 200


def test_two_arguments_of_one_wire_name_are_checked_in_the_wire_form(api):
    assert api.post("/labels", json={"texts": ["a"]}).status_code == 204
    assert api.post("/labels", json={"texts": "a"}).status_code == 400


def test_multipart_parts_are_decoded_and_checked(api, sandbox):
    fields = {"caption": "A cover", "sizes": "[1,2]", "public": "true"}
    reply = api.post("/covers", files={"picture": ("c.png", b"\x89P\r\n--x", "image/png")}, data=fields)
    assert reply.status_code == 201
    assert sandbox.requests[0].body["picture"] == {
        "filename": "c.png",
        "content_type": "image/png",
        "size": 7,
    }
    assert sandbox.requests[0].body["caption"] == "A cover"


def test_a_multipart_body_without_its_file_is_refused(api):
    reply = api.post("/covers", files={"other": ("c.png", b"x")}, data={"sizes": '["a"]'})
    assert reply.status_code == 400
    assert "picture is required" in reply.json()["error"]["text"]
    assert "sizes[0] expected integer, got string" in reply.json()["error"]["text"]


def test_what_was_received_is_recorded_with_the_key_masked(api, sandbox):
    api.post("/books?draft=1", json={"title": "T"})
    received = sandbox.requests[0]
    assert (received.method, received.path, received.tool, received.status) == (
        "POST",
        "/api/v1/books",
        "create_book",
        201,
    )
    assert (received.query, received.body) == ({"draft": "1"}, {"title": "T"})
    assert received.headers["x-api-key"] == "card_1"
    assert "card_1" not in repr(received)


def test_tools_that_share_a_route_answer_by_the_one_with_a_resource(document):
    twin = copy.deepcopy(document["tools"]["opening_hours"])
    del twin["resource"]
    document["tools"] = {"twin": twin, **document["tools"]}
    assert send(document, "GET", "/api/v1/hours", headers=KEY).json() == {"opens": 9, "closes": 17}
