"""The first law, over real sockets: nothing happens twice, and nothing that may have happened is hidden."""

import json
import logging
import socket

import httpx
import pytest
from loopback import dropped, reply, truncated

from retell_ai import Client
from tool_runtime.errors import (
    BadRequest,
    ConnectionFailed,
    OutcomeUnknown,
    RateLimited,
    RedirectRefused,
    ServerError,
    Unauthorized,
    UnreadableReply,
)

KEY = "key_canary_5550100"
DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
CALL = {"call_id": "call_1", "call_status": "registered"}


def test_a_dial_whose_answer_is_lost_is_repeated_with_the_same_key_until_it_is_answered(server, client):
    server.script = [dropped, dropped, reply(201, CALL)]

    assert client.create_phone_call(**DIAL) == CALL

    keys = [request.json["idempotency_key"] for request in server.received]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_a_dial_that_is_never_answered_ends_in_outcome_unknown_with_the_key_and_the_way_to_find_out(server, client):
    server.script = [dropped, dropped, dropped]

    with pytest.raises(OutcomeUnknown) as caught:
        client.create_phone_call(**DIAL)

    error = caught.value
    assert error.outcome == "unknown"
    assert not error.retryable
    assert {request.json["idempotency_key"] for request in server.received} == {error.idempotency_key}
    assert error.reconcile["tool"] == "list_calls"
    server.script = [reply(200, {"items": [], "has_more": False})]
    assert client.call(error.reconcile["tool"], error.reconcile["arguments"]) == {
        "items": [],
        "has_more": False,
    }


def test_two_dials_bear_two_keys(server, client):
    server.script = [reply(201, CALL), reply(201, CALL)]

    client.create_phone_call(**DIAL)
    client.create_phone_call(**DIAL)

    first, second = (request.json["idempotency_key"] for request in server.received)
    assert first != second


def test_a_key_that_the_caller_gives_is_the_one_that_is_sent(server, client):
    server.script = [reply(201, CALL)]

    client.create_phone_call(**DIAL, idempotency_key="order-17")

    assert server.received[0].json["idempotency_key"] == "order-17"


@pytest.mark.parametrize(
    "answer", [dropped, truncated, reply(500, {"status": "error", "message": "x"}), reply(503), reply(408)]
)
def test_a_write_without_a_key_is_sent_once_and_its_lost_answer_is_told(server, client, answer):
    server.script = [answer, reply(201, {})]

    with pytest.raises(OutcomeUnknown) as caught:
        client.create_web_call(agent_id="agent_1")

    assert len(server.received) == 1
    assert caught.value.outcome == "unknown"
    assert caught.value.reconcile["tool"] == "list_calls"


def test_a_server_error_to_a_write_is_both_a_server_error_and_an_unknown_outcome(server, client):
    server.script = [reply(500, {"status": "error", "message": "out of order"})]

    with pytest.raises(ServerError) as caught:
        client.delete_call(call_id="call_1")

    assert isinstance(caught.value, OutcomeUnknown)
    assert caught.value.provider_message == "out of order"


def test_a_refusal_after_a_lost_answer_does_not_hide_that_the_first_attempt_may_have_happened(server, client):
    server.script = [dropped, reply(400, {"status": "error", "message": "key was used"})]

    with pytest.raises(OutcomeUnknown) as caught:
        client.create_phone_call(**DIAL)

    assert caught.value.status == 400


def test_a_write_that_was_never_connected_is_repeated_and_then_told_as_not_sent(clock):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        Client(KEY, base_url=f"http://127.0.0.1:{port}", clock=clock) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.delete_call(call_id="call_1")

    assert caught.value.outcome == "not_sent"
    assert len(clock.slept) == 2


def test_a_write_that_is_rate_limited_waits_as_told_and_is_repeated(server, client, clock):
    server.script = [
        reply(429, {"status": "error", "message": "slow down"}, headers={"retry-after": "7"}),
        reply(204),
    ]

    assert client.delete_call(call_id="call_1") is None

    assert clock.slept == [7.0]
    assert len(server.received) == 2


def test_a_rate_limit_longer_than_a_minute_is_not_waited_for_but_told(server, client, clock):
    server.script = [reply(429, {"message": "slow down"}, headers={"retry-after": "3600"})]

    with pytest.raises(RateLimited) as caught:
        client.get_call(call_id="call_1")

    assert caught.value.retry_after == 3600
    assert clock.slept == []


def test_a_retry_date_is_waited_for_by_the_clock(server, client, clock):
    server.script = [
        reply(429, {}, headers={"retry-after": "Thu, 01 Jan 2026 00:00:12 GMT"}),
        reply(200, CALL),
    ]

    client.get_call(call_id="call_1")

    assert clock.slept == [12.0]


@pytest.mark.parametrize("answer", [dropped, truncated, reply(500), reply(502), reply(408), reply(429)])
def test_a_read_survives_two_failures_of_any_passing_kind(server, client, answer):
    server.script = [answer, answer, reply(200, CALL)]

    assert client.get_call(call_id="call_1") == CALL
    assert len(server.received) == 3


def test_a_read_gives_up_after_three_attempts(server, client, clock):
    server.script = [reply(503, {"status": "error", "message": "busy"})] * 4

    with pytest.raises(ServerError) as caught:
        client.list_voices()

    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(server.received) == 3
    assert all(0 <= pause <= 1 for pause in clock.slept)


def test_a_list_by_post_is_a_read_and_is_repeated(server, client):
    server.script = [dropped, reply(200, {"items": [], "has_more": False})]

    client.list_calls()

    assert len(server.received) == 2


def test_retries_can_be_turned_off_for_one_call(server, client):
    server.script = [dropped, reply(200, CALL)]

    with pytest.raises(ConnectionFailed):
        client.get_call(call_id="call_1", request_options={"retries": 0})

    assert len(server.received) == 1


def test_a_refusal_is_not_repeated(server, client):
    server.script = [reply(400, {"status": "error", "message": "no such field"})]

    with pytest.raises(BadRequest) as caught:
        client.get_call(call_id="call_1")

    assert (caught.value.status, caught.value.provider_message) == (400, "no such field")
    assert len(server.received) == 1


def test_html_in_place_of_json_is_an_unreadable_reply(server, client):
    server.script = [
        reply(200, raw=b"<html>Sign in to the hotel network</html>", headers={"content-type": "text/html"})
    ]

    with pytest.raises(UnreadableReply) as caught:
        client.get_call(call_id="call_1")

    assert "Sign in" in str(caught.value)


def test_html_in_place_of_json_to_a_write_leaves_its_outcome_unknown(server, client):
    server.script = [reply(200, raw=b"<html></html>")]

    with pytest.raises(OutcomeUnknown):
        client.update_call(call_id="call_1", metadata={"seen": True})

    assert len(server.received) == 1


def test_an_empty_answer_is_none(server, client):
    server.script = [reply(200)]

    assert client.get_call(call_id="call_1") is None


def test_a_redirect_is_not_followed_and_the_key_stays_here(server, client, request):
    other = type(server)()
    request.addfinalizer(other.close)
    server.script = [reply(302, headers={"location": f"{other.url}/v2/get-call/call_1"})]

    with pytest.raises(RedirectRefused) as caught:
        client.get_call(call_id="call_1")

    assert caught.value.location.startswith(other.url)
    assert other.received == []


def test_a_redirected_write_is_sent_once_and_its_outcome_is_unknown(server, client):
    server.script = [reply(303, headers={"location": "/elsewhere"})]

    with pytest.raises(RedirectRefused) as caught:
        client.delete_call(call_id="call_1")

    assert isinstance(caught.value, OutcomeUnknown)
    assert caught.value.outcome == "unknown"
    assert len(server.received) == 1


def test_the_key_shows_nowhere(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    server.script = [reply(401, {"status": "error", "message": f"the key {KEY} is unknown"})]

    with pytest.raises(Unauthorized) as caught:
        client.get_call(call_id="call_1")

    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    shown = [
        caplog.text,
        str(caught.value),
        repr(caught.value),
        repr(caught.value.to_dict()),
        repr(client),
        repr(client._context),
    ]
    assert not any(KEY in text for text in shown)


def test_cookies_are_not_kept(server, client):
    server.script = [reply(200, CALL, headers={"set-cookie": "session=abc"}), reply(200, CALL)]

    client.get_call(call_id="call_1")
    client.account("default").get_call(call_id="call_1")

    assert "cookie" not in server.received[1].headers


def test_a_client_that_is_closed_between_two_attempts_does_not_hide_the_first(server, clock):
    server.script = [dropped]
    client = Client(KEY, base_url=server.url, clock=clock)
    clock.sleep = lambda _: client.close()

    with pytest.raises(OutcomeUnknown):
        client.create_phone_call(**DIAL)

    assert len(server.received) == 1


def test_a_transport_that_fails_in_its_own_way_leaves_a_write_unknown_and_a_read_as_it_is(wire, clock):
    wire.script = [RuntimeError("pool gone"), RuntimeError("pool gone")]
    client = Client(KEY, http_client=wire.client(), clock=clock)

    with pytest.raises(OutcomeUnknown) as caught:
        client.delete_call(call_id="call_1")
    with pytest.raises(RuntimeError):
        client.list_voices()

    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_interrupt_while_a_write_is_under_way_is_logged(wire, clock, caplog):
    wire.script = [KeyboardInterrupt()]

    with pytest.raises(KeyboardInterrupt):
        Client(KEY, http_client=wire.client(), clock=clock).delete_call(call_id="call_1")

    assert "delete_call was cut off while its request was under way: it may have happened" in caplog.text


def test_a_key_that_the_other_side_repeats_in_a_good_status_does_not_show(server, client):
    server.script = [reply(200, raw=f"<p>Bearer {KEY}</p>".encode(), headers={"content-type": "text/html"})] * 2

    with pytest.raises(UnreadableReply) as read:
        client.list_voices()
    with pytest.raises(OutcomeUnknown) as write:
        client.delete_call(call_id="call_1")

    assert KEY not in str(read.value) + str(write.value) + repr(write.value.to_dict())


def test_secrets_do_not_show_escaped_redirected_or_added(server, client):
    secret = 'hunter2"\\naïve'
    server.script = [
        reply(400, {"message": f"{secret} is weak"}),
        reply(302, headers={"location": "/?p=hunter2%22%5Cna%C3%AFve"}),
    ]
    options = {"extra_headers": {"X-Token": "hunter2-token"}}
    arguments = {"phone_number": "+14155550100", "auth_password": secret}

    shown = []
    for _ in range(2):
        with pytest.raises((BadRequest, RedirectRefused)) as caught:
            client.update_phone_number(**arguments, request_options=options)
        shown.append(str(caught.value) + repr(caught.value.to_dict()))
    shown.append(repr(client.preview("update_phone_number", arguments, request_options=options)))

    assert not any("hunter2" in text for text in shown)


def test_a_proxy_of_the_environment_does_not_get_calls_to_this_machine(server, monkeypatch, clock):
    proxy = type(server)()
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    server.script = [reply(200, [])]
    try:
        with Client(KEY, base_url=server.url, clock=clock) as client:
            assert client.list_voices() == []
    finally:
        proxy.close()

    assert proxy.received == []


def test_an_answer_that_is_json_to_python_only_is_unreadable(server, client):
    server.script = [reply(200, raw=b'{"call_cost": NaN}')]

    with pytest.raises(UnreadableReply):
        client.get_call(call_id="call_1")


def test_a_retry_date_that_no_number_holds_is_ignored(server, client):
    server.script = [reply(429, {}, headers={"retry-after": "9" * 400}), reply(200, CALL)]

    assert client.get_call(call_id="call_1") == CALL


def test_what_a_hook_raises_is_shown_without_the_key():
    def complain(response):
        raise ValueError(f"odd: {response.request.headers['authorization']}")

    transport = httpx.MockTransport(lambda _: httpx.Response(201, json={}))
    own = httpx.Client(transport=transport, event_hooks={"response": [complain]})
    with own, pytest.raises(OutcomeUnknown) as caught:
        Client("key_canary_1", http_client=own).create_phone_number(area_code=415)

    assert "ValueError: odd" in caught.value.message
    assert "key_canary_1" not in json.dumps(caught.value.to_dict())
