import importlib.util
import socket

import anyio
import pytest
from keep_alive import account_of, aconnect, read, write

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError
from tool_runtime.http.network_settings import Proxy, read_network_settings

HTTPS = "https://api.example.com"


@pytest.fixture
def without_socks(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "socksio" else find(name, *rest)
    )


UNREADABLE = [
    ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ("HTTPS_PROXY", "socks5h://proxy.example.com"),
    ("https_proxy", "foo://x"),
    ("HTTP_PROXY", "ftp://proxy.example.com:21"),
    ("HTTPS_PROXY", "http://proxy.example.com:port"),
    ("HTTPS_PROXY", "http://proxy.example.com:70000"),
    ("ALL_PROXY", "http://[::1"),
    ("ALL_PROXY", "http://"),
    ("HTTPS_PROXY", "http://pro xy:3128"),
    ("HTTPS_PROXY", f"http://{'a' * 64}.example.com"),
    ("NO_PROXY", "[::1"),
    ("NO_PROXY", "localhost,[::1]x"),
    ("no_proxy", "10.0.0.0/33"),
    ("NO_PROXY", "::1/129"),
    ("NO_PROXY", "example.com:port"),
    ("NO_PROXY", "[example.com]"),
    ("SSL_CERT_FILE", "/dev/null/certificates.pem"),
    ("SSL_CERT_FILE", "/"),
    ("SSL_CERT_DIR", "/dev/null/certificates"),
    ("SSL_CERT_DIR", "/etc/passwd"),
]


@pytest.mark.usefixtures("without_socks")
@pytest.mark.parametrize(("variable", "value"), UNREADABLE)
@pytest.mark.parametrize("request_", [read(), write(fresh=True)], ids=["read", "write"])
def test_a_variable_that_cannot_be_read_is_refused_before_anything_is_sent(
    connect, serve, monkeypatch, variable, value, request_
):
    server = serve()
    monkeypatch.setenv(variable, value)
    with pytest.raises(NoReply) as raised:
        connect().send(request_, account_of(server.url))
    refusal = raised.value.refusal
    assert (type(refusal), refusal.outcome, raised.value.sent) == (ConfigurationError, "not_sent", False)
    assert str(refusal).startswith(f"{variable}=")
    assert server.arrived == []


@pytest.mark.usefixtures("without_socks")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_variable_that_cannot_be_read_is_refused_under_an_event_loop(monkeypatch, backend):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(NoReply) as raised:
        anyio.run(aconnect().send, write(), account_of(HTTPS), backend=backend)
    assert "pip install 'some-tools[socks]'" in str(raised.value.refusal)


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_certificates_is_refused(monkeypatch, tmp_path, content):
    file = tmp_path / "certificates.pem"
    file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE="):
        read_network_settings("some-tools")


def test_a_folder_without_certificates_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with pytest.raises(ConfigurationError, match="SSL_CERT_DIR="):
        read_network_settings("some-tools")


def test_certificates_of_the_environment_are_loaded(monkeypatch):
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    certificates = read_network_settings("some-tools").certificates
    assert len(certificates.get_ca_certs()) > 10


@pytest.mark.parametrize("value", ["http://user:canary@:99999", "foo://user:canary@host", "http://user:canary@"])
def test_the_password_of_a_proxy_is_not_shown(monkeypatch, value):
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(ConfigurationError) as raised:
        read_network_settings("some-tools")
    assert "canary" not in str(raised.value)


def test_variables_are_read_when_connections_are_made(connect, serve, monkeypatch):
    server, connection = serve(), connect()
    monkeypatch.setenv("NO_PROXY", "[")
    with pytest.raises(NoReply):
        connection.send(read(), account_of(server.url))
    monkeypatch.delenv("NO_PROXY")
    assert connection.send(read(), account_of(server.url)).status == 200


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("http://proxy:3128", Proxy("http", "proxy", 3128)),
        ("proxy:3128", Proxy("http", "proxy", 3128)),
        ("https://proxy", Proxy("https", "proxy", 443)),
        ("http://[fd00::1]:3128/", Proxy("http", "fd00::1", 3128)),
        ("http://us%40er:pass%3Aword@proxy", Proxy("http", "proxy", 80, (b"us@er", b"pass:word"))),
        ("HTTP://Proxy.Example.com", Proxy("http", "proxy.example.com", 80)),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_read(monkeypatch, variable, value, proxy):
    monkeypatch.setenv(variable, value)
    assert read_network_settings("some-tools").proxy_for("https", "api.example.com", 443) == proxy


EXEMPTIONS = [
    ("::1/128", "::1", True),
    ("::1/128", "::2", False),
    ("localhost,127.0.0.1,::1/128", "::1", True),
    ("[::1]", "::1", True),
    ("[::1]:8443", "::1", False),
    ("[::1]:443", "::1", True),
    ("[fd00::]/8", "fd12::34", True),
    ("fd00::/8", "[fd12::34]", True),
    ("fe80::1%eth0", "fe80::1", True),
    ("10.0.0.0/8", "10.200.3.4", True),
    ("10.0.0.7/8", "10.200.3.4", True),
    ("10.0.0.0/8", "11.0.0.1", False),
    ("10.0.0.0/8", "::ffff:10.0.0.1", True),
    ("10.0.0.1", "10.0.0.1", True),
    ("10.0.0.0/8", "api.example.com", False),
    ("example.com", "api.example.com", True),
    ("example.com", "example.com", True),
    ("example.com", "notexample.com", False),
    (".example.com", "api.example.com", True),
    ("*.Example.com", "API.example.com", True),
    ("example.com:443", "example.com", True),
    ("example.com:8443", "example.com", False),
    ("https://example.com", "example.com", True),
    ("http://example.com", "example.com", False),
    ("all://example.com", "example.com", True),
    ("*", "api.example.com", True),
    ("localhost *", "api.example.com", True),
    (" , other.org,example.com.", "example.com", True),
    ("<local>,*.internal", "api.example.com", False),
    ("example.com", "example.com.", True),
]


@pytest.mark.parametrize(("entries", "host", "is_direct"), EXEMPTIONS)
def test_an_entry_of_no_proxy_covers_what_it_names(monkeypatch, entries, host, is_direct):
    monkeypatch.setenv("ALL_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", entries)
    assert (read_network_settings("some-tools").proxy_for("https", host, 443) is None) == is_direct


def test_plain_http_never_goes_through_a_proxy(connect, serve, monkeypatch, dead_port):
    for variable in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{dead_port}")
    assert connect().send(write(), account_of(serve().url)).status == 200


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 407 Who\r\n\r\n", b"HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n", b"", b"?\r\n\r\n"]
)
@pytest.mark.parametrize("fresh", [False, True])
def test_a_proxy_that_opens_no_way_proves_that_nothing_was_sent(connect, serve, monkeypatch, said, fresh):
    proxy = serve(lambda link, *_: (link.sendall(said), False)[1])
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{proxy.port}")
    with pytest.raises(NoReply) as raised:
        connect().send(write(fresh=fresh), account_of(HTTPS))
    assert not raised.value.sent
    ((_, head),) = proxy.arrived
    assert head.startswith("CONNECT api.example.com:443 ")
    assert "Bearer" not in head


@pytest.mark.parametrize("options", [{"timeout": 0.2}, {"timeout": 5, "total": 0.2}])
def test_a_proxy_that_does_not_answer_proves_that_nothing_was_sent(connect, serve, monkeypatch, options):
    proxy = serve(lambda *_: None)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(NoReply) as raised:
        connect().send(write(**options), account_of(HTTPS))
    assert (raised.value.kind, raised.value.sent) == ("timeout", False)

    async def main():
        connection = aconnect()
        try:
            await connection.send(write(**options), account_of(HTTPS))
        finally:
            await connection.aclose()

    with pytest.raises(NoReply) as raised:
        anyio.run(main)
    assert (raised.value.kind, raised.value.sent) == ("timeout", False)


def test_a_host_of_no_proxy_is_reached_without_the_proxy(connect, serve, monkeypatch):
    proxy = serve()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        account = account_of(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(NoReply) as raised:
            connect().send(write(timeout=0.2), account)
    assert (raised.value.sent, proxy.arrived) == (False, [])


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY"])
def test_a_socks_proxy_is_used_where_its_package_is_installed(connect, serve, monkeypatch, variable):
    pytest.importorskip("socksio")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv(variable, f"socks5://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(NoReply) as raised:
            connect().send(write(timeout=0.3), account_of(HTTPS))
        link, _ = listener.accept()
        with link:
            assert link.recv(16)[:1] == b"\x05"
    assert not raised.value.sent
