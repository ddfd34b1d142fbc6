import subprocess
import sys

import httpx
import pytest
from keep_alive import KEY, account_of, answer, read, write

from tool_runtime.core.account import Account
from tool_runtime.core.replies import NoReply
from tool_runtime.core.requests import Request
from tool_runtime.core.tools import Auth
from tool_runtime.errors import ConfigurationError, InvalidArguments
from tool_runtime.values.secrets import Secret


@pytest.fixture
def sent():
    """Requests that a stand-in for the network received."""
    return []


@pytest.fixture
def stand_in(sent):
    def take(request):
        sent.append(request)
        return httpx.Response(200, json={})

    return httpx.MockTransport(take)


def refusal_of(connection, request, account):
    with pytest.raises(NoReply) as raised:
        connection.send(request, account)
    assert not raised.value.sent
    assert type(raised.value.refusal) is ConfigurationError
    return str(raised.value.refusal)


@pytest.mark.parametrize(
    "url",
    [
        "https://xn--a",
        f"https://{'a' * 64}.example.com",
        "https://a..example.com",
        f"https://{'a.' * 150}com",
        "https://",
    ],
)
@pytest.mark.parametrize("request_", [read(), write()], ids=["read", "write"])
def test_a_host_that_cannot_be_is_refused(connect, url, request_):
    assert "base URL" in refusal_of(connect(), request_, account_of(url))


@pytest.mark.parametrize("path", ["@elsewhere.example/", ":443@elsewhere.example/", ".elsewhere.example/"])
def test_a_path_cannot_choose_the_host(connect, stand_in, path):
    refusal_of(connect(transport=stand_in), read(path), account_of("https://api.example.com"))


def test_the_host_and_the_key_are_those_of_the_account(connect, stand_in, sent):
    connection = connect(transport=stand_in)
    for account in (
        account_of("https://a.example.com", key="one"),
        account_of("https://b.example.com:8443", key="two"),
    ):
        connection.send(read(), account)
    shown = [(str(request.url), request.headers["host"], request.headers["authorization"]) for request in sent]
    assert shown == [
        ("https://a.example.com/thing", "a.example.com", "Bearer one"),
        ("https://b.example.com:8443/thing", "b.example.com:8443", "Bearer two"),
    ]


def test_no_header_of_a_call_replaces_host_key_or_framing(connect, serve):
    server = serve()
    headers = tuple(
        (name, "x") for name in ("Host", "AUTHORIZATION", "content-length", "Transfer-Encoding", "connection", "X-Own")
    )
    connect().send(write(headers=headers), account_of(server.url))
    ((_, head),) = server.arrived
    lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    expected = {
        "host": server.url.removeprefix("http://"),
        "authorization": f"bearer {KEY}",
        "content-length": "7",
        "x-own": "x",
    }
    assert {name: lines.get(name) for name in expected} == expected
    assert not {"transfer-encoding", "connection"} & set(lines)


def test_no_default_header_of_a_client_replaces_host_key_or_framing(connect, serve):
    server = serve()
    defaults = {
        "host": "elsewhere.example",
        "authorization": "Bearer other",
        "transfer-encoding": "chunked",
        "x-own": "1",
    }
    with httpx.Client(headers=defaults, auth=("user", "word"), params={"q": "1"}, cookies={"c": "1"}) as own:
        connect(http_client=own).send(write(), account_of(server.url))
    ((_, head),) = server.arrived
    assert head.startswith("POST /thing HTTP/1.1\r\n")
    assert f"Bearer {KEY}" in head
    assert "x-own: 1" in head
    assert not any(word in head.lower() for word in ("elsewhere", "other", "chunked", "cookie", "basic"))


@pytest.mark.parametrize(
    "header", [("x-a", "1\r\nx-b: 2"), ("x-a\n", "1"), ("", "1"), ("x a", "1"), ("x-a", "é"), ("x-a", "\0")]
)
def test_a_header_that_no_message_can_carry_is_refused(connect, serve, header):
    server = serve()
    refusal_of(connect(), write(headers=(header,)), account_of(server.url))
    assert server.arrived == []


@pytest.mark.parametrize("key", ["canary\n", " canary", "cánary", "canary\r\nx: y", "canary\0"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(connect, key):
    shown = refusal_of(connect(), write(), account_of("https://api.example.com", key=key))
    assert "nary" not in shown


def test_a_key_in_a_query_stays_out_of_the_log_of_httpx(connect, serve, caplog):
    server = serve(answer())
    with caplog.at_level("INFO"), httpx.Client() as own:
        connect(http_client=own, auth=Auth("query", "api_key")).send(read(query="a=1"), account_of(server.url))
    assert "a=1&api_key=" in caplog.text
    assert KEY not in caplog.text


def test_the_key_travels_in_the_query_where_the_api_wants_it_there(connect, stand_in, sent):
    connection = connect(transport=stand_in, auth=Auth("query", "api_key"))
    connection.send(read(query="a=1"), account_of("https://api.example.com"))
    assert dict(sent[0].url.params) == {"a": "1", "api_key": KEY}


def test_an_account_without_a_key_sends_none(connect, serve):
    server = serve()
    connect(auth=Auth("header", "x-key")).send(read(), Account("default", None, server.url))
    assert KEY not in server.arrived[0][1]


def test_a_replaced_account_of_the_same_name_sends_its_own_key(connect, stand_in, sent):
    connection = connect(transport=stand_in)
    for number in range(200):
        connection.send(read(), Account("default", Secret(f"key{number}"), "https://api.example.com"))
    assert [request.headers["authorization"] for request in sent] == [f"Bearer key{number}" for number in range(200)]


def test_redirects_are_not_followed_and_cookies_are_not_kept(connect, serve):
    def handler(link, head, number):
        link.sendall(answer(302, {}, headers=("location: /elsewhere", "set-cookie: session=1; path=/")))

    server = serve(handler)
    with httpx.Client(follow_redirects=True) as own:
        for connection in (connect(), connect(http_client=own)):
            for _ in range(2):
                assert connection.send(read(), account_of(server.url)).status == 302
    assert [head.split(" ")[1] for _, head in server.arrived] == ["/thing"] * 4
    assert not any("cookie" in head.lower() for _, head in server.arrived)


def test_credentials_of_a_netrc_file_are_not_used(connect, serve, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve()
    connect(auth=Auth("header", "x-key")).send(read(), account_of(server.url))
    assert "authorization" not in server.arrived[0][1].lower()


def test_a_body_in_parts_is_sent_as_multipart(connect, serve):
    from tool_runtime.core.requests import Part

    server = serve()
    request = Request("upload", "POST", "/files", parts=(Part("name", b"a"), Part("file", b"b", "b.txt", "text/plain")))
    with httpx.Client(headers={"content-type": "application/json"}) as own:
        connect(http_client=own).send(request, account_of(server.url))
    assert "multipart/form-data; boundary=" in server.arrived[0][1]


def test_httpx_is_imported_with_the_first_request_and_not_before():
    program = """
import sys
from tool_runtime.core.tools import Auth
from tool_runtime.http import drivers
from tool_runtime.http.connection import AsyncConnection, Connection
options = {"auth": Auth("header", "x"), "agent": "a", "distribution": "d"}
Connection(**options).close(), AsyncConnection(**options)
print(sorted({"httpx", "httpcore", "anyio", "ssl", "asyncio", "urllib.request"} & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_a_file_name_that_is_no_text_is_refused_before_anything_is_sent(connect, serve):
    from tool_runtime.core.requests import Part

    server = serve()
    request = Request("upload", "POST", "/files", parts=(Part("file", b"b", "\udcff.txt", "text/plain"),))
    with pytest.raises(NoReply) as raised:
        connect().send(request, account_of(server.url))
    assert (type(raised.value.refusal), raised.value.sent, server.arrived) == (InvalidArguments, False, [])
