"""Keys and servers: each key goes where its operation wants it, and each call to the server that the document names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from imported_shop import HEAD, KEY, TEXTS, post, query

from tool_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

SCHEMES = """
components:
  securitySchemes:
    user: {type: http, scheme: bearer}
    admin: {type: apiKey, in: header, name: X-Admin}
    login: {type: http, scheme: basic}
    sid: {type: apiKey, in: cookie, name: SID}
security: [{user: []}]
"""


def keys(request: httpx.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in ("authorization", "x-admin", "cookie") if name in request.headers}


def test_each_key_goes_where_its_operation_wants_it_and_nowhere_else(shop, monkeypatch):
    monkeypatch.setenv("SHOP_ADMIN", "a1")
    monkeypatch.setenv("SHOP_SID", "s;1")
    paths = [
        post("/usual", "usual", method="get"),
        post("/admin", "admin", "security: [{admin: []}]", method="get"),
        post("/both", "both", "security: [{user: [], admin: []}]", method="get"),
        post("/none", "none", "security: []", method="get"),
        post("/sid", "sid", "security: [{sid: []}]", method="get"),
        post("/either", "either", "security: [{login: []}, {admin: []}]", method="get"),
    ]
    made = shop("\n".join(paths), HEAD + SCHEMES)
    sent = {}
    for name in ("usual", "admin", "both", "none", "sid", "either"):
        made.call(name)
        sent[name] = keys(made.sent)
    assert sent == {
        "usual": {"authorization": "Bearer k1"},
        "admin": {"x-admin": "a1"},
        "both": {"authorization": "Bearer k1", "x-admin": "a1"},
        "none": {},
        "sid": {"cookie": "SID=s%3B1"},
        "either": {"x-admin": "a1"},
    }


def test_a_key_that_may_be_left_out_is_sent_where_the_account_has_one(shop):
    made = shop(post("/open", "open", "security: [{}, {user: []}]", method="get"), HEAD + SCHEMES)
    made.call("open")
    assert keys(made.sent) == {"authorization": "Bearer k1"}
    made.call("open", api_key=None)
    assert keys(made.sent) == {}


def test_a_key_in_the_query_leaves_the_styles_of_the_others(shop):
    scheme = "components: {securitySchemes: {key: {type: apiKey, in: query, name: api_key}}}\nsecurity: [{key: []}]\n"
    listed = f"parameters: [{query('p', TEXTS, ', explode: false')}]"
    made = shop(post("/x", "x", listed, method="get"), HEAD + scheme)
    made.call("x", {"p": ["a", "b c"]}, api_key="k&1")
    assert made.sent.url.query == b"p=a,b%20c&api_key=k%261"


def test_a_key_that_lacks_is_named_with_its_variable_and_nothing_is_sent(shop):
    made = shop(post("/admin", "admin", "security: [{admin: []}]", method="get"), HEAD + SCHEMES)
    with pytest.raises(ConfigurationError) as caught:
        made.call("admin", api_key=None)
    assert "SHOP_ADMIN" in str(caught.value.hint)
    assert made.seen == []


def test_an_account_in_code_holds_several_keys(shop):
    made = shop(post("/both", "both", "security: [{user: [], admin: []}]", method="get"), HEAD + SCHEMES)
    accounts = {"eu": {"api_key": "k2", "credentials": {"admin": "a2"}}}
    made.call("both", api_key=None, accounts=accounts, account="eu")
    assert keys(made.sent) == {"authorization": "Bearer k2", "x-admin": "a2"}
    accounts["eu"]["credentials"] = {"admn": "a2"}
    with pytest.raises(ConfigurationError, match="there is no scheme 'admn'"):
        made.call("both", api_key=None, accounts=accounts, account="eu")


def test_a_login_is_sent_in_base64(shop, monkeypatch):
    monkeypatch.setenv("SHOP_USER", "u")
    monkeypatch.setenv("SHOP_PASSWORD", "p")
    scheme = "components: {securitySchemes: {login: {type: http, scheme: basic}}}\nsecurity: [{login: []}]\n"
    made = shop(post("/me", "me", method="get"), HEAD + scheme)
    made.call("me", api_key=None)
    assert made.sent.headers["authorization"] == "Basic dTpw"


def test_an_operation_with_its_own_server_goes_there_and_a_test_server_keeps_it_from_the_real_one(shop, monkeypatch):
    made = shop(post("/files", "upload", "servers: [{url: https://upload.shop.example}]"))
    made.call("upload")
    assert made.sent.url == "https://upload.shop.example/files"
    assert made.sent.headers["authorization"] == "Bearer k1"
    with pytest.raises(ConfigurationError, match="no base URL for the server 'upload'"):
        made.call("upload", base_url="https://test.example")
    monkeypatch.setenv("SHOP_BASE_URL_UPLOAD", "https://test.example/up")
    made.call("upload", base_url="https://test.example")
    assert made.sent.url == "https://test.example/up/files"
    assert len(made.seen) == 2


@pytest.mark.parametrize(
    ("servers", "own", "sent"),
    [
        ("[{url: 'http://api.shop.example/v1'}]", "", "https://api.shop.example/v1/x"),
        ("[{url: 'http://localhost:8080'}]", "", "http://localhost:8080/x"),
        ("[{url: /v1}]", "", "https://api.example.invalid/v1/x"),
        (
            "[{url: 'https://a.example'}, {url: 'https://b.example'}]",
            "[{url: 'https://b.example'}]",
            "https://b.example/x",
        ),
        ("[{url: 'https://a.example/v1'}]", "[{url: /v2}]", "https://a.example/v2/x"),
        ("[{url: 'https://a.example/v1'}]", "[{url: 'http://b.example'}]", "https://b.example/x"),
        (
            "[{url: 'https://{area}.example', variables: {area: {default: eu}}}]",
            "[{url: 'https://{area}.files.example'}]",
            "https://eu.files.example/x",
        ),
        ("[{url: 'https://{area}.example', variables: {area: {enum: [us, eu]}}}]", "", "https://us.example/x"),
    ],
)
def test_a_call_goes_to_the_first_server_that_counts_for_the_operation(shop, servers, own, sent):
    head = HEAD.replace("[{url: https://api.shop.example/v1}]", servers)
    made = shop(post("/x", "x", *([f"servers: {own}"] if own else []), method="get"), head + KEY)
    made.call("x")
    assert made.sent.url == sent
