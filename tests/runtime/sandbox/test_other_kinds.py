"""APIs of other kinds than JSON: what a tool sends in any style, the sandbox reads back; what it answers is no JSON."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tool_runtime import Client
from tool_runtime.core.registry import Registry
from tool_runtime.errors import BadRequest, Unauthorized
from tool_runtime.sandbox import Sandbox

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
NUMBERS = {"type": "array", "items": WHOLE}
POINT = {"type": "object", "properties": {"x": WHOLE, "name": TEXT}}
DEEP = {"type": "object", "properties": {"x": NUMBERS, "rows": {"type": "array", "items": POINT}, "in": POINT}}
LISTS, OBJECTS = [[1, 2], [7]], [{"x": 1, "name": "a b"}, {"name": "1"}]
DEEPS = [{"x": [1, 2], "in": {"name": "é"}}, {"rows": [{"x": 1}, {"name": "b"}]}]


def registry(path="/echo", parameters=None, **entry):
    """One tool that answers what the sandbox read, place by place."""
    answer = {place: f"${place}" for place in ("path", "query", "header", "cookie", "body")}
    tool = {
        "class": "write", "effects": [], "aliases": [], "method": "POST", "path": path, "parameters": parameters or {},
        "resource": {"action": "echo", "name": "echo"}, "returns": {"status": 200, "schema": {}},
    }  # fmt: skip
    return Registry(
        {
            "registry": 1,
            "api": {"name": "echoes", "slug": "echoes"},
            "server": {"base_url": "https://echo.example"},
            "auth": {"schemes": SCHEMES, "use": [["bearer"]]},
            "types": {},
            "resources": {"echo": {"actions": {"echo": {"does": "fixed", "answer": answer}}}},
            "tools": {"echo": tool | entry},
        }
    )


SCHEMES = {
    "bearer": {"in": "header", "name": "Authorization", "prefix": "Bearer "},
    "login": {"in": "header", "name": "Authorization", "basic": True},
    "cookie": {"in": "cookie", "name": "sid"},
    "address": {"in": "query", "name": "key"},
}


def echoed(place, schema, value, *, path="/echo", body=None, **words):
    known = registry(path, {"a": {"in": place, "schema": schema, **words}}, **({"body": body} if body else {}))
    with Client(registry=known, sandbox=True) as client:
        return client.call("echo", {"a": value})[place]["a"]


@pytest.mark.parametrize(
    ("style", "schema", "values"),
    [
        ("", NUMBERS, LISTS), ("", POINT, OBJECTS), ("brackets", NUMBERS, LISTS), ("deep", DEEP, DEEPS),
        ("deep", NUMBERS, LISTS), ("comma", NUMBERS, LISTS), ("comma", POINT, OBJECTS), ("spaces", NUMBERS, LISTS),
        ("pipes", NUMBERS, LISTS), ("json", DEEP, DEEPS), ("json", NUMBERS, [*LISTS, []]), ("keys", POINT, OBJECTS),
        ("", TEXT, ["1", "a,b"]), ("", {"type": ["integer", "string"]}, [1, "x"]),
    ],
)  # fmt: skip
def test_a_query_is_read_back_in_every_style(style, schema, values):
    assert [echoed("query", schema, value, style=style) for value in values] == values


@pytest.mark.parametrize("explode", [True, False])
@pytest.mark.parametrize("style", ["simple", "label", "matrix", "json"])
@pytest.mark.parametrize(("schema", "values"), [(NUMBERS, LISTS), (POINT, OBJECTS), (TEXT, ["x y", "7"])])
def test_a_path_is_read_back_in_every_style(style, explode, schema, values):
    found = [
        echoed("path", schema, value, path="/echo/{a}/end", style=style, explode=explode, required=True)
        for value in values
    ]
    assert found == values


@pytest.mark.parametrize("place", ["header", "cookie"])
@pytest.mark.parametrize("explode", [True, False])
@pytest.mark.parametrize(("schema", "values"), [(NUMBERS, LISTS), (POINT, OBJECTS), (TEXT, ["x-y", "7"])])
def test_headers_and_cookies_are_read_back(place, explode, schema, values):
    assert [echoed(place, schema, value, style="simple", explode=explode) for value in values] == values


@pytest.mark.parametrize("body", ["json", "form", "multipart"])
@pytest.mark.parametrize(("schema", "values"), [(NUMBERS, LISTS), (POINT, OBJECTS), (DEEP, DEEPS), (TEXT, ["7", "ü"])])
def test_a_field_of_a_body_is_read_back_in_every_encoding(body, schema, values):
    assert [echoed("body", schema, value, body=body) for value in values] == values


WHOLES = st.integers()
VALUES = st.fixed_dictionaries({}, optional={"n": WHOLES, "t": st.text(max_size=9), "l": st.lists(WHOLES)})


@given(VALUES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_form_is_read_back_but_for_its_empty_lists(values):
    schema = {"type": "object", "properties": {"n": WHOLE, "t": TEXT, "l": NUMBERS}}
    known = registry("/echo", {name: {"in": "body", "schema": one} for name, one in schema["properties"].items()})
    given = {name: value for name, value in values.items() if value != []}
    tool = {**known.document["tools"]["echo"], "body": "form"}
    with Client(registry=Registry({**known.document, "tools": {"echo": tool}}), sandbox=True) as client:
        assert client.call("echo", values)["body"] == given


def whole(place, schema, **entry):
    return registry("/echo", {"body": {"in": place, "required": True, "schema": schema}}, **entry)


def test_a_raw_body_arrives_as_its_bytes_and_another_media_type_is_refused():
    known = whole("raw_body", {"type": "string", "format": "binary"}, body="raw", media_type="image/png")
    sandbox = Sandbox(known)
    with Client(registry=known, sandbox=sandbox) as client:
        client.call("echo", {"body": b"\x89PNG"})
        client.call("echo", {"body": "a text"})
    assert [one.body for one in sandbox.requests] == [{"content_type": "image/png", "size": 4}, "a text"]
    with httpx.Client(transport=sandbox.transport, headers={"authorization": "Bearer k"}) as plain:
        refused = plain.post("https://echo.example/echo", content=b"x", headers={"content-type": "image/gif"})
        empty = plain.post("https://echo.example/echo", headers={"content-type": "image/png"})
    assert (refused.status_code, refused.json()["message"]) == (400, "the body must be image/png, not image/gif")
    assert empty.json()["message"] == "Invalid request: the body is required"


def test_a_whole_body_that_is_no_object_is_checked_by_its_schema():
    known = whole("whole_body", NUMBERS, body="json")
    with Client(registry=known, sandbox=True) as client:
        client.call("echo", {"body": [1, 2]})
        with pytest.raises(BadRequest, match=r"body\[1\]"):
            client.call("echo", {"body": [1, "x"]}, request_options={"validate": False})


def test_a_body_in_another_encoding_than_those_of_the_tool_is_refused():
    known = registry("/echo", {"a": {"in": "body", "schema": TEXT}}, body="form", other_encoding="multipart")
    with httpx.Client(transport=Sandbox(known).transport, headers={"authorization": "Bearer k"}) as plain:
        refused = plain.post("https://echo.example/echo", json={"a": "x"}).json()["message"]
        taken = [
            plain.post("https://echo.example/echo", data={"a": "x"}).json()["body"],
            plain.post("https://echo.example/echo", files={"a": (None, "x")}).json()["body"],
        ]
    wanted = "the body must be application/x-www-form-urlencoded or multipart/form-data, not application/json"
    assert (refused, taken) == (wanted, [{"a": "x"}, {"a": "x"}])


@pytest.mark.parametrize(
    ("security", "sent", "is_right"),
    [
        ([["login"]], {"headers": {"authorization": "Basic dTpw"}}, True),
        ([["login"]], {"headers": {"authorization": "Basic !"}}, False),
        ([["login"]], {"headers": {"authorization": "Bearer u:p"}}, False),
        ([["cookie"]], {"headers": {"cookie": "other=1; sid=u:p"}}, True),
        ([["cookie", "address"]], {"headers": {"cookie": "sid=u:p"}}, False),
        ([["cookie", "address"]], {"headers": {"cookie": "sid=u:p"}, "params": {"key": "u:p"}}, True),
        ([["cookie"], ["address"]], {"params": {"key": "u:p"}}, True),
        ([["cookie"], []], {}, True),
        ([], {}, True),
        (None, {}, False),
        (None, {"headers": {"authorization": "Bearer u:p"}}, True),
    ],
)
def test_the_keys_that_a_tool_declares_are_asked_for(security, sent, is_right):
    known = registry("/echo", **({} if security is None else {"security": security}))
    sandbox = Sandbox(known, api_keys=["u:p"])
    with httpx.Client(transport=sandbox.transport) as plain:
        assert plain.post("https://echo.example/echo", **sent).status_code == (200 if is_right else 401)
    assert "u:p" not in repr(sandbox.requests) + str(sandbox.requests[0].to_dict())


@pytest.mark.parametrize("security", [[["login"]], [["cookie", "address"]], [["bearer"], ["login"]]])
def test_a_client_has_the_keys_that_the_sandbox_asks_for(security):
    known = registry("/echo", security=security)
    with Client(registry=known, sandbox=True) as client:
        assert client.call("echo", {})["body"] == {}
    with Client(registry=known, sandbox=Sandbox(known, api_keys=["other"])) as client, pytest.raises(Unauthorized):
        client.call("echo", {})


def test_a_tool_without_keys_is_open_to_everybody():
    known = registry("/echo", security=[])
    with Client(registry=known, sandbox=Sandbox(known, api_keys=["other"])) as client:
        assert client.call("echo", {})["body"] == {}


def answered(**returns):
    known = registry("/echo", returns={"status": 200, **returns}, resource=None)
    with Client(registry=known, sandbox=True) as client:
        return client.call("echo", {})


def test_text_bytes_and_locations_are_answered_as_declared():
    assert answered(schema=TEXT, content="text", media_types=["text/csv"]) == "echo"
    image = answered(schema=TEXT, content="bytes", media_types=["image/*"])
    assert (image.media_type, image[:4]) == ("image/png", b"\x89PNG")
    other = answered(schema=TEXT, content="bytes", media_types=["application/zip"])
    assert (other.media_type, other) == ("application/zip", b"echo\n")
    assert answered(status=302, content="location") == "https://example.com/echo"


def test_events_carry_samples_of_their_declared_type():
    found = answered(schema=POINT | {"required": ["x"]}, content="events", media_types=["text/event-stream"])
    assert [(event.id, event.json()) for event in found] == [("1", {"x": 0}), ("2", {"x": 0}), ("3", {"x": 0})]


def test_a_tool_that_answers_in_json_or_in_events_gives_events_to_those_who_ask():
    known = registry(
        "/echo",
        {"stream": {"in": "body", "schema": {"type": "boolean"}}},
        body="json",
        resource=None,
        returns={"status": 200, "schema": POINT, "media_types": ["application/json", "text/event-stream"]},
    )
    with Client(registry=known, sandbox=True) as client:
        assert client.call("echo", {}) == {"x": 0, "name": "name"}
        assert [event.json()["x"] for event in client.call("echo", {"stream": True})] == [0, 0, 0]
