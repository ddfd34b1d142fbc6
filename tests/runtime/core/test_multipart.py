"""Multipart: files read whole, fields as text, and multipart even where no file is given."""

import io

import httpx
import pytest

from tool_runtime.core.registry import Registry
from tool_runtime.errors import InvalidArguments, OutcomeUnknown
from tool_runtime.surfaces.common.client import Client

DOCUMENT = {
    "registry": 1,
    "api": {"name": "shelf", "slug": "shelf", "title": "Shelf", "environment": "SHELF"},
    "server": {"base_url": "https://shelf.example/api"},
    "auth": {"in": "query", "name": "key"},
    "tools": {
        "upload": {
            "full_name": "shelf_upload",
            "group": "shelves",
            "class": "write",
            "method": "POST",
            "path": "/shelves/{shelf_id}/files",
            "body": "multipart",
            "parameters": {
                "shelf_id": {"in": "path", "required": True, "schema": {"type": "string"}},
                "title": {"in": "body", "required": True, "schema": {"type": "string"}},
                "tags": {"in": "body", "schema": {"type": "array", "items": {"type": "string"}}},
                "note": {"in": "body", "schema": {"type": ["string", "null"]}},
                "public": {"in": "body", "schema": {"type": "boolean"}},
                "copies": {"in": "body", "schema": {"type": "integer"}},
                "cover": {"in": "file", "schema": {"type": "string", "format": "binary"}},
                "pages": {
                    "in": "file",
                    "schema": {"type": "array", "items": {"type": "string", "format": "binary"}},
                },
            },
        }
    },
}


@pytest.fixture
def shelf(wire):
    return Client("key_canary", registry=Registry(DOCUMENT), http_client=wire.client())


def parts(request: httpx.Request) -> list[tuple[str, str]]:
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    assert request.headers["content-type"].startswith("multipart/form-data")
    found = []
    for piece in request.content.split(b"--" + boundary)[1:-1]:
        head, _, body = piece.strip(b"\r\n").partition(b"\r\n\r\n")
        found.append((head.decode().split("\r\n")[0].removeprefix("Content-Disposition: form-data; "), body.decode()))
    return found


def test_fields_are_text_arrays_are_json_and_null_is_left_out(shelf, wire):
    shelf.call(
        "upload",
        {"shelf_id": "s 1", "title": "é", "tags": ["a", "b"], "note": None, "public": True, "copies": 2},
    )

    assert wire.requests[0].url.path == "/api/shelves/s 1/files"
    assert parts(wire.requests[0]) == [
        ('name="title"', "é"), ('name="tags"', '["a","b"]'), ('name="public"', "true"), ('name="copies"', "2"),
    ]  # fmt: skip


def test_each_file_of_a_list_is_a_part_under_the_bare_name(shelf, wire, tmp_path):
    path = tmp_path / "one.txt"
    path.write_text("first")

    shelf.call(
        "upload",
        {
            "shelf_id": "s1",
            "title": "t",
            "pages": [
                path,
                b"second",
                ("three.csv", "third"),
                io.BytesIO(b"fourth"),
                {"filename": "five.txt", "base64": "ZmlmdGg="},
            ],
        },
    )

    assert [(name, body) for name, body in parts(wire.requests[0]) if "pages" in name] == [
        ('name="pages"; filename="one.txt"', "first"),
        ('name="pages"; filename="pages"', "second"),
        ('name="pages"; filename="three.csv"', "third"),
        ('name="pages"; filename="pages"', "fourth"),
        ('name="pages"; filename="five.txt"', "fifth"),
    ]


def test_a_repeated_upload_sends_the_same_bytes(shelf, wire):
    wire.script = [httpx.Response(429), httpx.Response(200, json={})]

    shelf.call("upload", {"shelf_id": "s1", "title": "t", "cover": io.BytesIO(b"bytes")})

    assert [parts(request)[-1][1] for request in wire.requests] == ["bytes", "bytes"]


@pytest.mark.parametrize(
    "files",
    [
        {"cover": "a string"},
        {"cover": 5},
        {"cover": [b"x"]},
        {"pages": ["x"]},
        {"cover": {"filename": "x"}},
    ],
)
def test_what_is_no_file_is_refused(shelf, wire, files):
    with pytest.raises(InvalidArguments) as caught:
        shelf.call("upload", {"shelf_id": "s1", "title": "t", **files})

    assert caught.value.faults[0].path.startswith(next(iter(files)))
    assert wire.requests == []


def test_a_file_that_cannot_be_read_is_told_before_anything_is_sent(shelf, wire, tmp_path):
    with pytest.raises(InvalidArguments) as caught:
        shelf.call("upload", {"shelf_id": "s1", "title": "t", "cover": tmp_path / "gone"})

    assert caught.value.faults[0].path == "cover"
    assert wire.requests == []


def test_a_key_in_the_query_reaches_the_wire_and_no_error(shelf, wire):
    wire.script = [httpx.ReadTimeout("slow: https://shelf.example/api?key=key_canary")]

    with pytest.raises(OutcomeUnknown) as caught:
        shelf.call("upload", {"shelf_id": "s1", "title": "t"})

    assert wire.requests[0].url.params["key"] == "key_canary"
    assert "canary" not in str(caught.value)
