import gzip
import threading
import tracemalloc
import zlib

import anyio
import httpx
import pytest
from keep_alive import account_of, aconnect, answer, read, write

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError

MB = 2**20


def dripping(head: bytes, drop: bytes, times: int = 500):
    """Send a head, and then a drop every 20 ms; after all drops the answer is whole."""
    pause = threading.Event()

    def handler(link, *_):
        link.sendall(head)
        for _ in range(times):
            link.sendall(drop)
            pause.wait(0.02)
        return False

    return handler


DRIPS = {
    "interim answers": dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a head": dripping(b"HTTP/1.1 200 OK\r\nx-drip: ", b"x"),
    "a body with a length": dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", b" "),
    "a body in chunks": dripping(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body until the end": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_an_attempt_ends_although_the_answer_makes_progress(connect, serve, drip):
    with pytest.raises(NoReply) as raised:
        connect().send(write(timeout=5, total=0.3), account_of(serve(drip).url))
    assert (raised.value.kind, raised.value.sent) == ("timeout", True)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_an_awaited_attempt_ends_although_the_answer_makes_progress(serve, drip, backend):
    server = serve(drip)

    async def main():
        connection = aconnect()
        with pytest.raises(NoReply) as raised:
            await connection.send(write(timeout=5, total=0.3), account_of(server.url))
        await connection.aclose()
        return raised.value

    silence = anyio.run(main, backend=backend)
    assert (silence.kind, silence.sent) == ("timeout", True)


@pytest.mark.parametrize("name", ["a body with a length", "a body in chunks"])
def test_a_body_ends_in_time_over_a_client_of_the_callers_own(connect, serve, name):
    with httpx.Client() as own, pytest.raises(NoReply) as raised:
        connect(http_client=own).send(write(timeout=5, total=0.3), account_of(serve(DRIPS[name]).url))
    assert (raised.value.kind, raised.value.sent) == ("timeout", True)


def test_an_awaited_attempt_ends_over_a_client_of_the_callers_own(serve):
    server = serve(DRIPS["a head"])

    async def main():
        async with httpx.AsyncClient() as own:
            await aconnect(http_client=own).send(write(timeout=5, total=0.3), account_of(server.url))

    with pytest.raises(NoReply) as raised:
        anyio.run(main)
    assert (raised.value.kind, raised.value.sent) == ("timeout", True)


def test_a_server_that_takes_a_body_slowly_does_not_outlast_the_deadline(connect, serve):
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stopped = threading.Event()

    def sip():
        link, _ = listener.accept()
        with link:
            while not stopped.wait(0.02) and link.recv(4096):
                continue

    thread = threading.Thread(target=sip)
    thread.start()
    request = write(timeout=5, total=0.4)
    large = type(request)(request.tool, "POST", "/", content=bytes(32 * MB), timeout=5, total=0.4)
    with pytest.raises(NoReply) as raised:
        connect().send(large, account_of(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    stopped.set()
    thread.join()
    listener.close()
    assert (raised.value.kind, raised.value.sent) == ("timeout", True)


def compressed(data: bytes, kind: str) -> bytes:
    wbits = {"gzip": 31, "deflate": 15, "raw deflate": -15}[kind]
    packer = zlib.compressobj(9, wbits=wbits)
    return packer.compress(data) + packer.flush()


def encoded(data: bytes, kind: str) -> bytes:
    return answer(raw=compressed(data, kind), headers=(f"content-encoding: {kind.removeprefix('raw ')}",))


LARGE = {
    "a length": answer(raw=b" " * 2 * MB),
    "chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 65536 + b"\r\n" * 1,
    "gzip": encoded(bytes(400 * MB), "gzip"),
    "deflate": encoded(bytes(40 * MB), "deflate"),
    "raw deflate": encoded(bytes(40 * MB), "raw deflate"),
    "gzip in gzip": answer(
        raw=compressed(compressed(bytes(400 * MB), "gzip"), "gzip"), headers=("content-encoding: gzip, gzip",)
    ),
    "a gzip of nothing, again and again": encoded(compressed(b"", "gzip") * 20_000, "gzip").replace(
        b"content-encoding: gzip", b"content-encoding: gzip, gzip"
    ),
    "an error": answer(500, raw=b" " * 2 * MB),
}
LARGE["chunks"] = LARGE["chunks"].partition(b"10000")[0] + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 32 + b"0\r\n\r\n"


@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("with_client", [False, True])
def test_a_reply_beyond_the_limit_is_not_read(connect, serve, large, with_client):
    def handler(link, *_):
        link.sendall(large)

    server = serve(handler)
    with httpx.Client() as own:
        connection = connect(http_client=own if with_client else None, reply_limit=MB)
        connection.send(read("/warm"), account_of(serve().url))
        tracemalloc.start()
        with pytest.raises(NoReply) as raised:
            connection.send(write(), account_of(server.url))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (raised.value.kind, raised.value.sent) == ("too_large", True)
    assert peak < 4 * MB


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE)
def test_a_reply_beyond_the_limit_is_not_read_under_an_event_loop(serve, large, backend):
    server = serve(large)

    async def main():
        connection = aconnect(reply_limit=MB)
        with pytest.raises(NoReply) as raised:
            await connection.send(write(), account_of(server.url))
        await connection.aclose()
        return raised.value.kind

    assert anyio.run(main, backend=backend) == "too_large"


@pytest.mark.parametrize("kind", ["gzip", "deflate", "raw deflate"])
def test_a_compressed_reply_is_read(connect, serve, kind):
    data = b"[" + b"1,2,3," * 50_000 + b"4]"
    reply = connect().send(read(), account_of(serve(encoded(data, kind)).url))
    assert reply.content == data


def test_a_reply_as_large_as_the_limit_is_read(connect, serve):
    connection = connect(reply_limit=MB)
    for raw in (answer(raw=b" " * MB), encoded(b" " * MB, "gzip")):
        assert len(connection.send(read(), account_of(serve(raw).url)).content) == MB


@pytest.mark.parametrize("padding", [b"", bytes(8)])
def test_gzip_of_several_members_is_read_whole(connect, serve, padding):
    members = gzip.compress(b'{"a": ') + gzip.compress(b"") + gzip.compress(b"1}") + padding
    server = serve(answer(raw=members, headers=("content-encoding: gzip",)))
    assert connect().send(read(), account_of(server.url)).content == b'{"a": 1}'


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_compressed_reply_that_ends_early_is_a_lost_answer(connect, serve, kind):
    data = compressed(b'{"a": 1}' * 1000, kind)
    for cut in (data[:11], data[:-1]):
        server = serve(answer(raw=cut, headers=(f"content-encoding: {kind}",)))
        with pytest.raises(NoReply) as raised:
            connect().send(write(), account_of(server.url))
        assert raised.value.sent


def test_a_body_that_is_not_compressed_as_it_says_is_a_lost_answer(connect, serve):
    server = serve(answer(raw=b"{}" * 20, headers=("content-encoding: gzip",)))
    with pytest.raises(NoReply) as raised:
        connect().send(write(), account_of(server.url))
    assert raised.value.sent


def test_an_empty_body_needs_no_compression(connect, serve):
    server = serve(answer(raw=b"", headers=("content-encoding: gzip",)))
    assert connect().send(write(), account_of(server.url)).content == b""


@pytest.mark.parametrize("kinds", [["gzip", "gzip"], ["deflate", "gzip"], ["gzip", "identity", "deflate"]])
def test_a_body_in_several_encodings_is_read(connect, serve, kinds):
    data = b'{"a": 1}'
    for kind in kinds:
        data = data if kind == "identity" else compressed(data, kind)
    server = serve(answer(raw=data, headers=(f"content-encoding: {', '.join(kinds)}",)))
    assert connect().send(read(), account_of(server.url)).content == b'{"a": 1}'


@pytest.mark.parametrize("size", [65535, 65536, 65537, 3 * 65536, 1_000_003])
def test_a_compressed_body_of_any_length_is_read_whole(connect, serve, size):
    data = bytes(size)
    server = serve(encoded(data, "gzip"))
    assert connect().send(read(), account_of(server.url)).content == data


@pytest.mark.parametrize("encoding", ["br", "zstd", "utf-8", "gzip, br", ", ".join(["gzip"] * 4)])
def test_a_body_in_an_encoding_that_nobody_asked_for_is_returned_as_it_came(connect, serve, encoding):
    server = serve(answer(raw=b"{}", headers=(f"content-encoding: {encoding}",)))
    assert connect().send(read(), account_of(server.url)).content == b"{}"


@pytest.mark.parametrize("limit", [0, -1, True, "64", None])
def test_a_limit_that_is_no_number_of_bytes_is_refused(connect, limit):
    with pytest.raises(ConfigurationError, match="reply_limit"):
        connect(reply_limit=limit)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_attempt_is_cancelled_and_its_answer_reaches_nobody_else(serve, backend):
    released = threading.Event()

    def handler(link, head, number):
        if number == 1:
            released.wait(10)
        link.sendall(answer(200, {"number": number}))

    server = serve(handler)

    async def main():
        connection = aconnect()
        with anyio.move_on_after(0.2) as scope:
            await connection.send(write(total=10), account_of(server.url))
        released.set()
        reply = await connection.send(write(total=10), account_of(server.url))
        await connection.aclose()
        return scope.cancelled_caught, reply.content

    assert anyio.run(main, backend=backend) == (True, b'{"number": 2}')
