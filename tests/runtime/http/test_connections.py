import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from keep_alive import account_of, aconnect, answer, read, write

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError


def paths_by_link(server):
    return [(link, head.split(" ")[1]) for link, head in server.arrived]


def numbered(link, head, number):
    link.sendall(answer(200, {"number": number, "path": head.split(" ")[1]}))


def test_a_connection_is_kept_for_the_next_request(connect, serve):
    server, connection = serve(), connect()
    for _ in range(3):
        connection.send(read(), account_of(server.url))
    assert len(server.connections) == 1


@pytest.mark.parametrize("with_client", [False, True])
def test_a_request_that_wants_a_fresh_connection_shares_none(connect, serve, with_client):
    server = serve()
    with httpx.Client() as own:
        connection = connect(http_client=own if with_client else None)
        for path, fresh in (("/1", False), ("/2", True), ("/3", True), ("/4", False)):
            connection.send(write(path, fresh=fresh), account_of(server.url))
    links = dict(map(reversed, paths_by_link(server)))
    assert len({links["/1"], links["/2"], links["/3"]}) == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("with_client", [False, True])
def test_an_awaited_request_that_wants_a_fresh_connection_shares_none(serve, with_client, backend):
    server = serve()

    async def main():
        async with httpx.AsyncClient() as own:
            connection = aconnect(http_client=own if with_client else None)
            for path, fresh in (("/1", False), ("/2", True), ("/3", True)):
                await connection.send(write(path, fresh=fresh), account_of(server.url))
            await connection.aclose()

    anyio.run(main, backend=backend)
    assert len({link for link, _ in paths_by_link(server)}) == 3


def test_a_fresh_request_arrives_once_when_idle_connections_close_under_it(connect, serve):
    closing = threading.Event()

    def handler(link, head, number):
        link.sendall(answer())
        if "GET" in head:
            closing.wait(10)
            return False
        return None

    server, connection = serve(handler), connect()
    connection.send(read(), account_of(server.url))
    threading.Timer(0, closing.set).start()
    assert connection.send(write("/dial", fresh=True), account_of(server.url)).status == 200
    assert sum("/dial" in head for _, head in server.arrived) == 1


LEFT = answer(201, {"call_id": "left over"})


@pytest.mark.parametrize("left", [LEFT, LEFT[:20], LEFT[:-5], LEFT * 2], ids=["whole", "a line", "most", "two"])
def test_an_answer_left_over_on_a_connection_is_not_taken_for_the_next(connect, serve, left):
    def handler(link, head, number):
        link.sendall(answer(200, {"first": True}) + left if number == 1 else answer(201, {"call_id": "real"}))

    server, connection = serve(handler), connect()
    connection.send(read(), account_of(server.url))
    with pytest.raises(NoReply) as raised:
        connection.send(write(), account_of(server.url))
    assert raised.value.sent
    assert connection.send(read(), account_of(server.url)).content == b'{"call_id": "real"}'


def test_an_answer_left_over_on_a_connection_is_not_taken_under_an_event_loop(serve):
    def handler(link, head, number):
        link.sendall(answer(200, {}) + LEFT if number == 1 else answer(201, {"call_id": "real"}))

    server = serve(handler)

    async def main():
        connection = aconnect()
        await connection.send(read(), account_of(server.url))
        with pytest.raises(NoReply) as raised:
            await connection.send(write(), account_of(server.url))
        reply = await connection.send(read(), account_of(server.url))
        await connection.aclose()
        return raised.value.sent, reply.content

    assert anyio.run(main) == (True, b'{"call_id": "real"}')


def test_threads_share_a_connection_and_get_their_own_answers(connect, serve):
    server, connection = serve(numbered), connect()

    def call(number):
        return connection.send(read(f"/{number}"), account_of(server.url)).content

    with ThreadPoolExecutor(8) as threads:
        contents = list(threads.map(call, range(200)))
    assert [f'"/{number}"'.encode() in content for number, content in enumerate(contents)] == [True] * 200


def in_child(function):
    """Run a function in a forked process, and return what it returned as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, str(function()).encode())
        except BaseException as error:  # noqa: BLE001 - the child must end here
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("with_client", [False, True])
def test_parent_and_child_never_share_a_connection(connect, serve, with_client):
    server = serve(numbered)
    with httpx.Client() as own:
        connection = connect(http_client=own if with_client else None)
        account = account_of(server.url)
        connection.send(read("/before"), account)

        def child():
            connection.send(read("/child/1"), account)
            return connection.send(read("/child/2"), account).content.decode()

        assert "/child/2" in in_child(child)
        assert b"/parent" in connection.send(read("/parent"), account).content
    links = dict(map(reversed, paths_by_link(server)))
    assert links["/parent"] == links["/before"]
    assert links["/before"] not in {links["/child/1"], links["/child/2"]}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_can_be_forked_while_another_thread_makes_connections(connect, serve):
    server = serve()
    done = threading.Event()

    def make():
        while not done.is_set():
            other = connect()
            other.send(read(), account_of(server.url))
            other.close()

    thread = threading.Thread(target=make)
    thread.start()
    connection = connect()
    results = [in_child(lambda: connection.send(read(), account_of(server.url)).status) for _ in range(10)]
    done.set()
    thread.join()
    assert results == ["200"] * 10


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_closes_the_connection_leaves_the_parents_open(connect, serve):
    server, connection = serve(), connect()
    connection.send(read(), account_of(server.url))
    in_child(connection.close)
    connection.send(read(), account_of(server.url))
    assert len(server.connections) == 1


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_asynchronous_connection_is_made_anew_in_a_child(serve):
    server = serve(numbered)
    connection = aconnect()
    account = account_of(server.url)

    def child():
        async def call():
            return (await connection.send(read("/child"), account)).content.decode()

        return anyio.run(call)

    async def main():
        await connection.send(read("/before"), account)
        # The child gets a thread of its own, since this one runs the event loop of the parent.
        text = await anyio.to_thread.run_sync(in_child, child)
        after = await connection.send(read("/after"), account)
        await connection.aclose()
        return text, after.content

    text, after = anyio.run(main)
    assert ("/child" in text, b"/after" in after) == (True, True)
    links = dict(map(reversed, paths_by_link(server)))
    assert links["/before"] == links["/after"] != links["/child"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_asynchronous_client_of_the_callers_own_is_refused_in_a_child(serve):
    connection = aconnect(http_client=httpx.AsyncClient())

    def child():
        with pytest.raises(NoReply) as raised:
            anyio.run(connection.send, read(), account_of("http://127.0.0.1:9"))
        return type(raised.value.refusal).__name__, raised.value.sent

    assert in_child(child) == "('ConfigurationError', False)"


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_connection_serves_one_event_loop_after_another_and_leaves_nothing_open(serve, backend):
    server, connection = serve(), aconnect()

    async def call():
        await connection.send(read(), account_of(server.url))

    anyio.run(call, backend=backend)
    before = descriptors()
    for _ in range(5):
        anyio.run(call, backend=backend)
    # What the server side has not closed yet is the server's, which shares the process.
    for link in server.connections:
        link.close()
    assert descriptors() <= before


def test_one_connection_serves_event_loops_of_several_threads_at_once(serve):
    server, connection = serve(numbered), aconnect()
    together = threading.Barrier(4)

    def work(name):
        async def calls():
            contents = []
            for number in range(20):
                path = f"/{name}/{number}"
                contents.append(path.encode() in (await connection.send(read(path), account_of(server.url))).content)
            return contents

        together.wait()
        return anyio.run(calls)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, range(4))) == [[True] * 20] * 4
    assert connection._kept == {}


def test_a_connection_that_nobody_holds_any_more_is_closed_by_its_event_loop(serve):
    server = serve()

    async def main():
        connection = aconnect()
        await connection.send(read(), account_of(server.url))
        del connection
        await anyio.to_thread.run_sync(server._threads[1].join, 10)
        # The server's side has ended, so ours was closed while this event loop still runs.
        assert not server._threads[1].is_alive()

    anyio.run(main)


def test_closing_in_one_event_loop_closes_the_connections_of_another(serve):
    server, connection = serve(), aconnect()
    opened, ended = threading.Event(), threading.Event()

    async def elsewhere():
        await connection.send(read(), account_of(server.url))
        opened.set()
        await anyio.to_thread.run_sync(server._threads[1].join)
        ended.set()

    thread = threading.Thread(target=anyio.run, args=(elsewhere,))
    thread.start()
    assert opened.wait(10)
    anyio.run(connection.aclose)
    assert ended.wait(10)
    thread.join()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_blocking_connection_leaves_nothing_open(connect, serve, fresh):
    server = serve(answer(200, {}, headers=("connection: close",)))
    connection = connect()
    connection.send(read(fresh=fresh), account_of(server.url))
    connection.close()
    before = descriptors()
    for _ in range(5):
        connection = connect()
        connection.send(read(fresh=fresh), account_of(server.url))
        connection.close()
    for link in server.connections:
        link.close()
    assert descriptors() <= before


def refusal_of(send):
    with pytest.raises(NoReply) as raised:
        send()
    assert (raised.value.sent, raised.value.kind) == (False, "connection")
    return raised.value.refusal


def test_a_closed_connection_refuses(connect):
    connection = connect()
    connection.close()
    refusal = refusal_of(lambda: connection.send(read(), account_of("http://127.0.0.1:9")))
    assert (type(refusal), refusal.outcome) == (ConfigurationError, "not_sent")


def test_a_closed_client_of_the_callers_own_is_refused(connect):
    own = httpx.Client()
    own.close()
    connection = connect(http_client=own)
    assert "closed" in str(refusal_of(lambda: connection.send(read(), account_of("http://127.0.0.1:9"))))


def test_closing_leaves_a_client_of_the_callers_own_open(connect):
    with httpx.Client() as own:
        connect(http_client=own).close()
        assert not own.is_closed


@pytest.mark.parametrize("given", [httpx.AsyncClient(), httpx.Client, object(), "client"])
def test_a_client_of_the_wrong_kind_is_refused(connect, given):
    with pytest.raises(ConfigurationError, match=r"httpx\.Client, not "):
        connect(http_client=given)


@pytest.mark.parametrize("given", [httpx.Client(), httpx.AsyncClient, object(), 0])
def test_a_client_of_the_wrong_kind_is_refused_where_one_awaits(given):
    with pytest.raises(ConfigurationError, match=r"httpx\.AsyncClient, not "):
        aconnect(http_client=given)


@pytest.mark.parametrize("transport", [None, object(), "sandbox"])
def test_a_stand_in_without_a_way_never_reaches_the_network(connect, transport):
    with pytest.raises(ConfigurationError, match="stands in for the network"):
        connect(transport=transport)
    with pytest.raises(ConfigurationError, match="stands in for the network"):
        aconnect(transport=transport)
