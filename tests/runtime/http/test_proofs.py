import contextlib
import signal
import threading
from concurrent.futures import Future

import httpx
import pytest
from keep_alive import KEY, account_of, answer, read, write

from tool_runtime.core.replies import NoReply
from tool_runtime.errors import ConfigurationError


def silence_of(connection, request, url):
    with pytest.raises(NoReply) as raised:
        connection.send(request, account_of(url))
    return raised.value


def test_a_refused_connection_proves_that_nothing_was_sent(connect, dead_port):
    silence = silence_of(connect(), write(), f"http://127.0.0.1:{dead_port}")
    assert (silence.kind, silence.sent, silence.refusal) == ("connection", False, None)


def test_a_dropped_answer_may_have_been_sent(connect, serve):
    server = serve(lambda *_: False)
    silence = silence_of(connect(), write(), server.url)
    assert (silence.kind, silence.sent) == ("connection", True)


def test_an_answer_that_does_not_come_in_time_may_have_been_sent(connect, serve):
    released = threading.Event()
    server = serve(lambda *_: released.wait(10) and False)
    silence = silence_of(connect(), write(timeout=0.2), server.url)
    released.set()
    assert (silence.kind, silence.sent) == ("timeout", True)


def test_a_body_that_is_cut_off_may_have_been_sent(connect, serve):
    server = serve(lambda link, *_: (link.sendall(answer()[:-2]), False)[1])
    assert silence_of(connect(), write(), server.url).sent


def test_an_answer_that_is_no_http_may_have_been_sent(connect, serve):
    server = serve(lambda link, *_: (link.sendall(b"SSH-2.0-server\r\n\r\n"), False)[1])
    assert silence_of(connect(), write(), server.url).sent


@pytest.mark.parametrize("when", ["request", "response"])
def test_a_hook_whose_own_request_finds_no_connection_proves_nothing(connect, serve, dead_port, when):
    server = serve()

    def hook(_):
        httpx.post(f"http://127.0.0.1:{dead_port}/metrics")

    with httpx.Client(event_hooks={when: [hook]}) as own, pytest.raises(httpx.ConnectError):
        connect(http_client=own).send(write(), account_of(server.url))


def test_a_hook_that_sends_the_same_request_elsewhere_proves_nothing(connect, serve, dead_port):
    server = serve()

    def hook(response):
        raise httpx.ConnectError("the mirror is down", request=response.request)

    with httpx.Client(event_hooks={"response": [hook]}) as own:
        assert silence_of(connect(http_client=own), write(), server.url).sent
    assert len(server.arrived) == 1


def test_a_transport_that_fails_after_it_has_sent_proves_nothing(connect, serve, dead_port):
    server = serve()

    class Metered(httpx.HTTPTransport):
        def handle_request(self, request):
            response = super().handle_request(request)
            httpx.post(f"http://127.0.0.1:{dead_port}/metrics")
            return response

    with httpx.Client(transport=Metered()) as own:
        assert silence_of(connect(http_client=own), write(), server.url).sent


class Unreporting(httpx.BaseTransport):
    """Sends each request anew, so nothing is reported; where no answer comes, tries a second way, which is closed."""

    def __init__(self, second):
        self._second = second

    def handle_request(self, request):
        content = request.read()
        try:
            return self._sent(request, request.url, content)
        except httpx.TransportError:
            return self._sent(request, self._second, content)

    def _sent(self, request, url, content):
        with httpx.HTTPTransport() as way:
            reply = way.handle_request(httpx.Request(request.method, url, headers=request.headers, content=content))
            return httpx.Response(reply.status_code, content=reply.read())


def test_a_transport_that_reports_nothing_and_then_finds_no_connection_proves_nothing(connect, serve, dead_port):
    server = serve(lambda *_: False)
    with httpx.Client(transport=Unreporting(f"http://127.0.0.1:{dead_port}/")) as own:
        assert silence_of(connect(http_client=own), write(), server.url).sent
    assert len(server.arrived) == 1


def test_a_hook_that_sends_the_same_request_again_proves_nothing_where_no_transport_reports(connect, serve, dead_port):
    server = serve()

    def hook(response):
        response.request.url = httpx.URL(f"http://127.0.0.1:{dead_port}/")
        with httpx.Client() as other:
            other.send(response.request)

    with httpx.Client(transport=Unreporting("http://127.0.0.1:9/"), event_hooks={"response": [hook]}) as own:
        assert silence_of(connect(http_client=own), write(), server.url).sent
    assert len(server.arrived) == 1


def test_an_error_without_a_request_proves_nothing(connect, serve):
    def hook(_):
        raise httpx.ConnectError("whose?")

    with httpx.Client(event_hooks={"response": [hook]}) as own, pytest.raises(httpx.ConnectError):
        connect(http_client=own).send(write(), account_of(serve().url))


def test_an_error_of_this_very_request_is_believed_of_a_client_of_the_callers_own(connect, dead_port):
    with httpx.Client() as own:
        silence = silence_of(connect(http_client=own), write(), f"http://127.0.0.1:{dead_port}")
    assert not silence.sent


@pytest.mark.parametrize(
    "error", [ConfigurationError("of another call"), MemoryError(), KeyboardInterrupt(), OSError()]
)
def test_what_a_hook_raises_goes_on_as_it_is(connect, serve, error):
    def hook(_):
        raise error

    with httpx.Client(event_hooks={"response": [hook]}) as own, pytest.raises(type(error)) as raised:
        connect(http_client=own).send(write(), account_of(serve().url))
    assert raised.value is error


def test_a_hook_that_raises_for_the_status_is_no_lost_answer(connect, serve):
    server = serve(answer(503))
    hooks = {"response": [httpx.Response.raise_for_status]}
    with httpx.Client(event_hooks=hooks) as own, pytest.raises(httpx.HTTPStatusError):
        connect(http_client=own).send(write(), account_of(server.url))


@pytest.mark.parametrize("with_client", [False, True])
def test_an_alarm_of_the_callers_own_goes_on_as_it_is(connect, serve, with_client):
    released = threading.Event()
    server = serve(lambda *_: released.wait(10) and False)

    def ring(*_):
        raise TimeoutError("the caller's own")

    before = signal.signal(signal.SIGALRM, ring)
    with contextlib.ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGALRM, before)
        stack.callback(released.set)
        own = stack.enter_context(httpx.Client()) if with_client else None
        # After what takes long on a busy machine: the alarm has to ring while the request waits.
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError, match="the caller's own"):
            connect(http_client=own).send(write(timeout=5), account_of(server.url))


@pytest.mark.parametrize("total", [None, 0.2])
def test_a_timeout_that_the_caller_was_handling_is_not_taken_for_that_of_the_request(connect, serve, total):
    released = threading.Event()
    server = serve(lambda *_: released.wait(10) and False)
    earlier = Future()
    try:
        earlier.result(timeout=0)
    except TimeoutError:
        silence = silence_of(connect(), write(timeout=0.2, total=total), server.url)
    released.set()
    assert (silence.kind, silence.sent) == ("timeout", True)


@pytest.mark.parametrize("place", ["header", "query"])
def test_the_text_of_a_failure_never_holds_the_key(connect, place):
    from tool_runtime.core.tools import Auth

    def fail(request):
        told = f"{request.url} {request.headers.get('x-key')} {KEY!r}"
        raise httpx.ReadError(told) from ValueError(told)

    connection = connect(auth=Auth(place, "x-key"), transport=httpx.MockTransport(fail))
    silence = silence_of(connection, read(), "https://api.example.com")
    assert (KEY in str(silence), "canary" in str(silence)) == (False, False)
    assert silence.__cause__ is silence.__context__ is None


def test_the_connection_shows_no_key(connect, serve):
    connection = connect()
    connection.send(read(), account_of(serve().url))
    assert KEY not in f"{vars(connection)} {vars(connection._messages)}"
