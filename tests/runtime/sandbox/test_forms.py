"""Multipart bodies that RFC 7578 allows, and those that it does not."""

import pytest

from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.forms import read_form

PLAIN = 'Content-Disposition: form-data; name="a"\r\n\r\nx'


def form(*parts, kind="multipart/form-data; boundary=B", before="", after="", ending="--"):
    body = before + "".join(f"--B\r\n{part}\r\n" for part in parts) + f"--B{ending}\r\n" + after
    return read_form(body.encode("utf-8"), kind)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (PLAIN, {"a": "x"}),
        ("Content-Disposition: form-data; name=a\r\n\r\nx", {"a": "x"}),
        ('content-disposition: FORM-DATA; NAME="a"\r\n\r\nx', {"a": "x"}),
        ("CONTENT-DISPOSITION:form-data;name=a\r\n\r\nx", {"a": "x"}),
        ('Content-Disposition: form-data;\r\n name="a"\r\n\r\nx', {"a": "x"}),
        ('Content-Type: text/plain\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', {"a": "x"}),
        ('Content-Disposition: form-data; name="a"\r\n\r\n', {"a": ""}),
        ('Content-Disposition: form-data; name="a"\r\n\r\nx\r\n\r\ny\r\n--C', {"a": "x\r\n\r\ny\r\n--C"}),
        ('Content-Disposition: form-data; name="ä b;c"\r\n\r\nö', {"ä b;c": "ö"}),
    ],
)
def test_a_part_is_read_however_its_headers_are_written(part, found):
    assert form(part) == found


def test_a_part_with_a_filename_is_a_file_and_one_without_is_none():
    part = 'Content-Disposition: form-data; name="f"; filename="a \\"b\\".txt"\r\nContent-Type: text/x\r\n\r\n12345'
    assert form(part, PLAIN) == {
        "f": {"filename": 'a "b".txt', "content_type": "text/x", "size": 5},
        "a": "x",
    }
    bare = form("Content-Disposition: form-data; name=f; filename*=UTF-8''%C3%A4.txt\r\n\r\n1")["f"]
    assert (bare["filename"], bare["content_type"]) == ("ä.txt", "application/octet-stream")


def test_parts_of_one_name_keep_their_order():
    assert form(PLAIN, PLAIN.replace("x", "y")) == {"a": ["x", "y"]}


def test_what_stands_around_the_parts_is_no_part():
    assert form(PLAIN, before="This is a preamble.\r\n", after="An epilogue.\r\n--B\r\n") == {"a": "x"}
    assert read_form(
        b"--B  \r\n" + PLAIN.encode() + b"\r\n--B--", 'Multipart/Form-Data; charset=utf-8; BOUNDARY="B"'
    ) == {"a": "x"}


def test_a_part_in_another_charset_is_decoded():
    head = b"Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n"
    assert read_form(b"--B\r\n" + head + b"\xe4\r\n--B--", "multipart/form-data; boundary=B") == {"a": "ä"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=B"),
        (b"--B\r\n" + PLAIN.encode(), "multipart/form-data; boundary=B"),
        (b"--B\r\n" + PLAIN.encode() + b"\r\n--B--", "multipart/form-data"),
        (b"--B\r\n" + PLAIN.encode() + b"\r\n--B--", "multipart/form-data; boundary="),
        (b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "multipart/form-data; boundary=B"),
        (b"--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--", "multipart/form-data; boundary=B"),
        (b"--B\r\n\r\nx\r\n--B--", "multipart/form-data; boundary=B"),
        (b"--B\r\nContent-Disposition: form-data; name=a\r\n--B--", "multipart/form-data; boundary=B"),
        (
            b"--B\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/x; charset=nope\r\n\r\nx\r\n--B--",
            "multipart/form-data; boundary=B",
        ),
    ],
)
def test_a_body_that_is_no_form_is_refused(body, kind):
    with pytest.raises(Refusal) as refused:
        read_form(body, kind)
    assert refused.value.status == 400


def test_a_text_part_is_no_file(api):
    refused = api.post("/covers", files={"picture": (None, "text")})
    assert (refused.status_code, "expected a file" in refused.json()["error"]["text"]) == (400, True)
    assert api.post("/covers", files={"picture": ("a.png", b"1")}).status_code == 201


def test_a_form_where_json_is_wanted_is_refused_and_the_other_way_round(api):
    assert api.post("/books", files={"title": (None, "T")}).status_code == 400
    assert api.post("/covers", json={"picture": "x"}).status_code == 400
