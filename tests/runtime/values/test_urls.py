"""An argument never chooses the host and never leaves its segment."""

import pytest

from retell_ai import Client
from tool_runtime.errors import ConfigurationError, InvalidArguments
from tool_runtime.values.styles import path_text
from tool_runtime.values.urls import expand_path, normalise_base_url

HOST = "https://api.retellai.com"
REFUSED_SEGMENTS = [
    "",
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "a\r\nb",
    "a\nHost: evil",
    "\0",
    "%00",
    "x" * 10_000,
    "\ud800",
    "../x",
    "x/..",
    "x/../../delete-agent/agent_1",
    "x%2F..%2Fy",
    "x%252f%252e%252e%252fy",
    "%2e%2e/x",
    "x\\..\\y",
    "a/./b",
]
ENCODED_SEGMENTS = {
    "a..b/...": "a..b%2F...",
    "//host/x": "%2F%2Fhost%2Fx",
    "https://host/x": "https:%2F%2Fhost%2Fx",
    "/x?y": "%2Fx%3Fy",
    "/x#y": "%2Fx%23y",
    "\\\\host": "%5C%5Chost",
    "user@host": "user@host",
    "a b": "a%20b",
    "naïve☎": "na%C3%AFve%E2%98%8E",
    "+14155550100": "+14155550100",
}
REFUSED_PATHS = [
    "../x",
    "x",
    "",
    "%2e%2e/x",
    "//host/x",
    "///x",
    "https://host/x",
    "HTTPS:/host",
    "/x?y",
    "/x#y",
    "/x\r\nHost: evil",
    "\\\\host",
    "/\\host",
    "/%5chost",
    "@host",
    "\0",
    "/x\0",
    "/a/../b",
    "/a/%2e%2e/b",
    "/a/.%2e",
    "/./a",
    "/%2fhost/x",
    "/%252e%252e/x",
    "/a/%252e%252e%252fb",
    "/" + "x" * 10_000,
    "/\ud800",
    " /x",
    "/x\u2028y",
]
ALLOWED_PATHS = {
    "/list-voices": "/list-voices",
    "/get-phone-number/+14155550100": "/get-phone-number/+14155550100",
    "/a%20b": "/a%20b",
    "/a b": "/a%20b",
    "/50%": "/50%25",
    "/é": "/%C3%A9",
    "/user@host": "/user@host",
}


@pytest.mark.parametrize("value", REFUSED_SEGMENTS)
def test_a_path_argument_that_is_no_segment_is_refused_before_anything_is_sent(recorded, wire, value):
    with pytest.raises(InvalidArguments) as caught:
        recorded.get_call(call_id=value)

    assert caught.value.faults[0].path == "call_id"
    assert wire.requests == []


@pytest.mark.parametrize(("value", "segment"), ENCODED_SEGMENTS.items())
def test_a_path_argument_is_encoded_as_one_segment(recorded, wire, value, segment):
    recorded.get_call(call_id=value)

    assert str(wire.requests[0].url) == f"{HOST}/v2/get-call/{segment}"
    assert wire.requests[0].url.raw_path == f"/v2/get-call/{segment}".encode()


@pytest.mark.parametrize("path", REFUSED_PATHS)
@pytest.mark.parametrize("tool", ["api_get", "api_post", "api_patch", "api_put", "api_delete"])
def test_a_raw_path_that_could_lead_elsewhere_is_refused_before_anything_is_sent(recorded, wire, tool, path):
    with pytest.raises(InvalidArguments) as caught:
        recorded.call(tool, {"path": path})

    assert caught.value.faults[0].path == "path"
    assert wire.requests == []


@pytest.mark.parametrize(("path", "sent"), ALLOWED_PATHS.items())
def test_a_raw_path_keeps_its_reserved_characters_and_its_encoding(recorded, wire, path, sent):
    recorded.api_get(path=path)

    assert wire.requests[0].url.raw_path == sent.encode()
    assert wire.requests[0].url.host == "api.retellai.com"


def test_raw_path_queries_are_an_argument_of_their_own(recorded, wire):
    recorded.api_get(path="/get-agent/agent_1", params={"version": 3, "full": True, "q": "a&b=c#d"})

    assert wire.requests[0].url.query == b"version=3&full=true&q=a%26b%3Dc%23d"


@pytest.mark.parametrize(
    "base_url",
    [HOST, f"{HOST}/", f"{HOST}/v2", f"{HOST}/v2/", f"{HOST}/v3"],
)
def test_base_urls_of_older_configurations_mean_the_root(base_url):
    assert normalise_base_url(base_url, ["/v1", "/v2", "/v3"]) == HOST


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.retellai.com",
        "ftp://api.retellai.com",
        "api.retellai.com",
        "https://",
        "https://user:pw@host",
        "https://host?x=1",
        "https://host#x",
        "https://host\\@evil",
        "https://host\r\n",
        "https://host/../x",
        "http://localhost.evil.example",
        "http://127.999.999.999:9",
        "http://127.0.0.256",
        "https://host:port",
        "https://h?",
        "https://h#",
        "https://h%2eevil.example",
        "https://h,evil.example",
        "https://☃.example",
        "https://ho st",
        "",
    ],
)
def test_a_base_url_that_would_expose_the_key_is_refused(base_url):
    with pytest.raises(ConfigurationError):
        Client("key", base_url=base_url or " ")


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9", "https://proxy.example/retell"],
)
def test_https_anywhere_and_http_to_this_machine_are_allowed(base_url):
    assert base_url in repr(Client("key", base_url=base_url))


def test_a_placeholder_may_hold_any_name():
    assert expand_path("/pets/{pet-id}/{kind}", {"pet-id": path_text("pet-id", "a b"), "kind": "x"}) == "/pets/a%20b/x"
