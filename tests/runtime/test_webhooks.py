"""Deliveries that come in: only what the provider signed just now passes, and what passes is told as it was sent."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import retell_ai
from retell_ai import ConfigurationError, InvalidArguments, ToolError, WebhookRefused
from tool_runtime.webhooks import read_scheme, sign_webhook, unwrap_webhook, verify_webhook

KEY = "key_canary_5550100"
NOW_MS = 1_760_000_000_000
NOW = NOW_MS / 1000
BODY = b'{"event":"call_ended","call":{"call_id":"call_123"}}'

# Made once with the signer of the official SDK (retell-sdk 6.2.13); its verifier takes each of them at its time.
SDK_KEY = "key_5550100"
SDK_VECTORS = [
    (
        b'{"event":"call_ended","call":{"call_id":"call_123"}}',
        "v=1760000000000,d=3e6770edb48c2fd563fd09107202c3ad5e6a082de6798feb5cac471d8d12777f",
    ),
    (
        '{"event":"call_analyzed","call":{"call_id":"call_123","transcript":"User: Grüße, café ☕"}}'.encode(),
        "v=1760000123456,d=fc575532a0e3c880dfac91c8e11e0d48d9616bfc231fbda9a394402132c6fb05",
    ),
    (b"{}", "v=1760000000001,d=c9abbb71cb4abc244c0fb92ce45aaf73d41b8fdbb076a9ef093df4fa8949f408"),
    (b"", "v=1760000000002,d=3a09475e4d2c1963771c547c01ffa7266805e19b691ff3ecfa1490ca4e149abc"),
]

SIGNATURE = retell_ai.sign_webhook(BODY, KEY, timestamp_ms=NOW_MS)


def refusal(body=BODY, signature=SIGNATURE, key=KEY, now=NOW):
    with pytest.raises(WebhookRefused) as caught:
        retell_ai.verify_webhook(body, signature, key, now=now)
    return caught.value


def delivered(payload, now=NOW):
    body = json.dumps(payload).encode()
    signature = retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS)
    return retell_ai.unwrap_webhook(body, signature, KEY, now=now)


@pytest.mark.parametrize(("body", "signature"), SDK_VECTORS)
def test_signatures_are_those_of_the_official_sdk(body, signature):
    sent = int(signature[2:15])
    assert retell_ai.sign_webhook(body, SDK_KEY, timestamp_ms=sent) == signature
    assert retell_ai.verify_webhook(body, signature, SDK_KEY, now=sent / 1000) is True


def test_a_delivery_signed_now_passes_by_the_clock_of_the_machine():
    assert retell_ai.verify_webhook(BODY, retell_ai.sign_webhook(BODY, KEY), KEY) is True


@pytest.mark.parametrize("seconds", [-300, -299.999, 0, 300])
def test_a_signature_holds_for_five_minutes_either_way(seconds):
    assert retell_ai.verify_webhook(BODY, SIGNATURE, KEY, now=NOW + seconds)


@pytest.mark.parametrize(("seconds", "when"), [(300.001, "300 s ago"), (-301, "301 s in the future"), (9e4, "90000 s")])
def test_a_signature_beyond_five_minutes_is_expired(seconds, when):
    error = refusal(now=NOW + seconds)
    assert error.reason == "expired"
    assert when in error.message


@pytest.mark.parametrize("signature", [None, ""])
def test_a_delivery_without_a_signature_is_refused_as_missing(signature):
    error = refusal(signature=signature)
    assert (error.reason, error.code) == ("missing", "webhook_refused")
    assert "x-retell-signature" in error.message


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE.upper(),
        SIGNATURE[:-64] + SIGNATURE[-64:].upper(),
        SIGNATURE.replace("v=", "v=0"),
        SIGNATURE.replace("v=", "v=-"),
        SIGNATURE.replace("v=", "v=+"),
        SIGNATURE.replace("v=", "t="),
        SIGNATURE.replace(",", ", "),
        SIGNATURE.replace(f"{NOW_MS}", "".join(chr(0x660 + int(digit)) for digit in str(NOW_MS))),
        SIGNATURE.replace(f"{NOW_MS}", "9" * 5000),
        SIGNATURE.replace(f"{NOW_MS}", ""),
        f" {SIGNATURE}",
        f"{SIGNATURE}\n",
        f"{SIGNATURE},{SIGNATURE}",
        SIGNATURE[:-1],
        SIGNATURE.split("d=")[1],
        SIGNATURE.encode(),
        42,
    ],
)
def test_a_signature_of_any_other_form_is_malformed(signature):
    assert refusal(signature=signature).reason == "malformed"


@pytest.mark.parametrize(
    ("body", "key", "signature"),
    [
        (BODY + b" ", KEY, SIGNATURE),
        (BODY.replace(b"123", b"124"), KEY, SIGNATURE),
        (b"", KEY, SIGNATURE),
        (BODY, "key_other", SIGNATURE),
        (BODY, KEY, SIGNATURE.replace(f"{NOW_MS}", f"{NOW_MS + 1}")),
        (BODY, KEY, SIGNATURE[:-64] + "0" * 64),
    ],
)
def test_a_changed_body_key_time_or_digest_is_a_mismatch(body, key, signature):
    assert refusal(body, signature, key).reason == "mismatch"


def test_an_old_delivery_with_a_fresh_time_is_a_mismatch_and_not_expired():
    later = NOW_MS + 3_600_000
    assert refusal(signature=SIGNATURE.replace(f"{NOW_MS}", f"{later}"), now=later / 1000).reason == "mismatch"


def test_json_that_was_parsed_and_written_again_does_not_pass():
    body = '{"event":"call_ended","note":"café"}'.encode()
    signature = retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS)
    assert retell_ai.verify_webhook(body, signature, KEY, now=NOW)
    assert refusal(json.dumps(json.loads(body)).encode(), signature).reason == "mismatch"


@pytest.mark.parametrize("body", [BODY.decode(), {"event": "call_ended"}, None])
def test_a_body_that_is_not_bytes_is_the_callers_fault(body):
    for call in (
        lambda: retell_ai.verify_webhook(body, SIGNATURE, KEY, now=NOW),
        lambda: retell_ai.unwrap_webhook(body, SIGNATURE, KEY, now=NOW),
        lambda: retell_ai.sign_webhook(body, KEY),
    ):
        with pytest.raises(InvalidArguments, match="before any parsing") as caught:
            call()
        assert [fault.path for fault in caught.value.faults] == ["raw_body"]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_kind_of_bytes_is_taken(kind):
    assert retell_ai.verify_webhook(kind(BODY), SIGNATURE, KEY, now=NOW)


@pytest.mark.parametrize("key", ["", None])
def test_without_a_key_nothing_passes(key):
    forged = f"v={NOW_MS},d={hmac.new(b'', BODY + str(NOW_MS).encode(), hashlib.sha256).hexdigest()}"
    with pytest.raises(ConfigurationError):
        retell_ai.verify_webhook(BODY, forged, key, now=NOW)
    with pytest.raises(ConfigurationError):
        retell_ai.sign_webhook(BODY, key)


@pytest.mark.parametrize("signature", [SIGNATURE, SIGNATURE[:-1], SIGNATURE[:-64] + "0" * 64, None])
def test_no_refusal_shows_key_or_digest(signature):
    error = refusal(signature=signature, body=b"other", now=NOW + 9999)
    right = retell_ai.sign_webhook(b"other", KEY, timestamp_ms=NOW_MS)
    for shown in (str(error), repr(error), json.dumps(error.to_dict())):
        assert KEY not in shown
        assert not any(part.partition("d=")[2][:16] in shown for part in (SIGNATURE, right))
    assert error.to_dict()["reason"] == error.reason
    assert error.to_dict()["outcome"] == "not_sent"
    assert error.retryable is False


def test_an_event_tells_its_name_payload_and_times():
    event = delivered({"event": "call_ended", "call": {"call_id": "call_123"}}, now=NOW + 1.5)
    assert event.name == "call_ended"
    assert event.payload == {"event": "call_ended", "call": {"call_id": "call_123"}}
    assert (event.sent_at_ms, event.received_at_ms) == (NOW_MS, NOW_MS + 1500)


def test_a_forged_delivery_is_not_unwrapped():
    with pytest.raises(WebhookRefused):
        retell_ai.unwrap_webhook(BODY + b" ", SIGNATURE, KEY, now=NOW)


def test_an_unknown_event_passes_as_it_was_sent():
    event = delivered({"event": "call_teleported", "place": [1, None]})
    assert (event.name, event.payload["place"]) == ("call_teleported", [1, None])


def test_two_deliveries_of_one_event_have_one_dedupe_key():
    first = delivered({"event": "call_ended", "call": {"call_id": "call_123"}})
    again = delivered({"event": "call_ended", "call": {"call_id": "call_123", "duration_ms": 5}})
    assert first.dedupe_key == again.dedupe_key == "call_ended:call_123"


def test_other_events_and_other_subjects_have_other_dedupe_keys():
    keys = {
        delivered({"event": event, kind: {f"{kind}_id": name}}).dedupe_key
        for event, kind in (("call_ended", "call"), ("call_analyzed", "call"), ("chat_ended", "chat"))
        for name in ("a", "b", "a:b", "a%3Ab")
    }
    assert len(keys) == 12


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"event": "transcript_updated", "call": {"call_id": "a"}}, {"call": {"call_id": "a", "transcript": "Hello"}}),
        ({"event": "call_teleported", "call": {"call_id": "a"}}, {"call": {"call_id": "a", "place": 2}}),
        ({"event": "call_ended", "call": None}, {"call": {}}),
        ({"event": "call_ended", "call": {"call_id": None}}, {"call": {"call_id": [1]}}),
    ],
)
def test_events_without_a_key_of_their_own_are_told_apart_by_the_whole_body(one, other):
    assert delivered(one).dedupe_key == delivered(dict(one)).dedupe_key
    assert delivered(one).dedupe_key != delivered(one | other).dedupe_key


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"null", b'"call_ended"', b"{}", b'{"event":1}', b"[" * 100_000])
def test_a_signed_delivery_without_an_event_is_unreadable(body):
    signature = retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS)
    assert retell_ai.verify_webhook(body, signature, KEY, now=NOW)
    with pytest.raises(WebhookRefused) as caught:
        retell_ai.unwrap_webhook(body, signature, KEY, now=NOW)
    assert caught.value.reason == "unreadable"


def test_a_refusal_is_one_of_the_errors_of_the_tree():
    assert WebhookRefused.__mro__[1] is ToolError


def scheme(**changes):
    entry = {
        "header": "X-Signature",
        "signature": "t={timestamp},s={digest}",
        "digest": {"algorithm": "hmac-sha256", "encoding": "hex"},
        "message": "{timestamp}.{body}",
        "tolerance": 60,
        "event": "meta.kind",
        "events": {"book.lent": {"dedupe": ["meta.id", "loan"]}},
    }
    return read_scheme({key: value for key, value in (entry | changes).items() if value is not None})


def test_another_api_signs_in_its_own_way():
    body = b'{"meta":{"kind":"book.lent","id":7},"loan":"x/y"}'
    signature = sign_webhook(scheme(), body, "secret", timestamp_ms=NOW_MS)
    digest = hmac.new(b"secret", b"1760000000." + body, hashlib.sha256).hexdigest()
    assert signature == f"t=1760000000,s={digest}"
    event = unwrap_webhook(scheme(), body, signature, "secret", now=NOW + 60)
    assert (event.name, event.dedupe_key, event.sent_at_ms) == ("book.lent", "book.lent:7:x%2Fy", NOW_MS)
    with pytest.raises(WebhookRefused, match="60 s are allowed"):
        verify_webhook(scheme(), body, signature, "secret", now=NOW + 61)


@pytest.mark.parametrize(("algorithm", "function"), [("hmac-sha256", "sha256"), ("hmac-sha512", "sha512")])
def test_a_digest_may_be_base64_and_signatures_without_a_time_do_not_expire(algorithm, function):
    plain = scheme(
        signature="{digest}", message="{body}", tolerance=None, digest={"algorithm": algorithm, "encoding": "base64"}
    )
    signature = sign_webhook(plain, BODY, "secret")
    assert base64.b64decode(signature, validate=True) == hmac.new(b"secret", BODY, function).digest()
    assert verify_webhook(plain, BODY, signature, "secret", now=NOW * 2)
    with pytest.raises(WebhookRefused, match="has not the form"):
        verify_webhook(plain, BODY, signature.rstrip("="), "secret")


def test_letters_in_a_signature_that_mean_something_in_patterns_are_plain_letters():
    odd = scheme(signature="[v.1]+{digest}", message="{body}", tolerance=None)
    signature = sign_webhook(odd, BODY, "secret")
    assert verify_webhook(odd, BODY, signature, "secret")
    with pytest.raises(WebhookRefused):
        verify_webhook(odd, BODY, signature.replace(".", "x"), "secret")


LONE = "\\ud83d"
ODD_BODIES = [
    f'{{"event": "{LONE}"}}'.encode(),
    f'{{"event": "call_ended", "call": {{"call_id": "{LONE}"}}}}'.encode(),
    f'{{"event": "call_ended", "{LONE}": 1, "call": {{"{LONE}": []}}}}'.encode(),
    b'{"event": "call_ended\xed\xa0\x80"}',
    b'{"event": "call_ended", "call": {"call_id": ' + b"9" * 5000 + b"}}",
    b'{"event": "call_ended", "call": {"call_id": ' + b"9" * 4000 + b"}}",
    b'{"event": "call_ended", "call": {"call_id": 1e999}}',
    b'{"event": "call_ended", "call": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"event": "call_ended", "event": "call_started", "call": {"call_id": "a"}, "call": null}',
    b'\xef\xbb\xbf{"event": "call_ended"}',
    '{"event": "call_ended"}'.encode("utf-16"),
    b'{"event": NaN}',
]


def answered(body, signature, key=KEY, now=NOW):
    """Whatever comes in is an event, True, or an error of the tree; another exception fails the test."""
    results = []
    for function in (retell_ai.verify_webhook, retell_ai.unwrap_webhook):
        try:
            results.append(function(body, signature, key, now=now))
        except ToolError as error:
            json.dumps(error.to_dict())
            results.append(error)
    verified, unwrapped = results
    assert verified is True or isinstance(verified, ToolError)
    return unwrapped


@pytest.mark.parametrize("body", ODD_BODIES)
def test_odd_json_that_is_rightly_signed_is_an_event_or_unreadable(body):
    result = answered(body, retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS))

    if isinstance(result, ToolError):
        assert result.reason == "unreadable"
    else:
        assert result.dedupe_key.isascii()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {"event": st.sampled_from(["call_ended", "chat_ended", "\ud800", ""]) | JSON},
    optional={"call": st.fixed_dictionaries({"call_id": JSON}) | JSON, "chat": JSON},
)
BODIES = st.binary() | (JSON | EVENTS).map(lambda value: json.dumps(value).encode())


@given(body=BODIES)
def test_any_body_that_is_rightly_signed_ends_in_an_event_or_an_error_of_the_tree(body):
    result = answered(body, retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS))

    assert isinstance(result, WebhookRefused) or (result.name and result.dedupe_key.isascii())


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.lists(st.text())
)


@given(body=ANYTHING, signature=ANYTHING | st.just(SIGNATURE), key=ANYTHING | st.just(KEY), now=ANYTHING | st.just(NOW))
def test_whatever_is_passed_ends_in_an_error_of_the_tree(body, signature, key, now):
    assert isinstance(answered(body, signature, key, now), ToolError)


@given(key=ANYTHING, timestamp_ms=ANYTHING)
def test_signing_with_whatever_is_passed_signs_or_raises_an_error_of_the_tree(key, timestamp_ms):
    try:
        signature = retell_ai.sign_webhook(BODY, key, timestamp_ms=timestamp_ms)
    except ToolError:
        return
    now = None if timestamp_ms is None else timestamp_ms / 1000
    if now is None or now < 10**11:
        assert retell_ai.verify_webhook(BODY, signature, key, now=now)


NO_TIMES = [float("nan"), float("inf"), -float("inf"), -1, True, "1760000000", NOW_MS, 10**400, [NOW]]


@pytest.mark.parametrize("now", NO_TIMES)
def test_a_now_that_is_no_time_in_seconds_is_the_callers_fault(now):
    with pytest.raises(InvalidArguments) as caught:
        retell_ai.verify_webhook(BODY, SIGNATURE, KEY, now=now)
    assert [fault.path for fault in caught.value.faults] == ["now"]


@pytest.mark.parametrize("timestamp_ms", [True, -1, 1.5, float("nan"), NOW_MS * 1.0, "1760000000000", 10**16])
def test_a_time_that_no_signature_can_bear_is_the_callers_fault(timestamp_ms):
    with pytest.raises(InvalidArguments) as caught:
        retell_ai.sign_webhook(BODY, KEY, timestamp_ms=timestamp_ms)
    assert [fault.path for fault in caught.value.faults] == ["timestamp_ms"]


@pytest.mark.parametrize("key", ["\ud800", KEY.encode(), " ", f"{KEY}\n", f"Bearer {KEY}", f"bearer {KEY}", 5])
def test_what_cannot_be_a_key_is_refused_without_showing_it(key):
    with pytest.raises(ConfigurationError) as caught:
        retell_ai.verify_webhook(BODY, SIGNATURE, key, now=NOW)
    assert "canary" not in str(caught.value)
    assert caught.value.hint


def test_a_key_with_the_scheme_of_a_header_is_answered_with_what_to_leave_out():
    with pytest.raises(ConfigurationError) as caught:
        retell_ai.sign_webhook(BODY, f"Bearer {KEY}")
    assert caught.value.hint == "Give the key without 'Bearer'."


@pytest.mark.parametrize("signature", [SIGNATURE.encode(), [SIGNATURE]])
def test_a_header_that_is_no_string_is_malformed_and_the_hint_names_its_kind(signature):
    error = refusal(signature=signature)
    assert error.reason == "malformed"
    assert type(signature).__name__ in error.hint


def test_a_body_that_was_released_is_the_callers_fault():
    view = memoryview(BODY)
    view.release()
    with pytest.raises(InvalidArguments):
        retell_ai.verify_webhook(view, SIGNATURE, KEY, now=NOW)


def test_a_request_of_a_custom_function_is_verified_and_points_to_verify_webhook():
    body = b'{"name":"book_job","args":{"date":"2026-03-15"},"call":{"call_id":"call_1"}}'
    signature = retell_ai.sign_webhook(body, KEY, timestamp_ms=NOW_MS)
    assert retell_ai.verify_webhook(body, signature, KEY, now=NOW)
    with pytest.raises(WebhookRefused) as caught:
        retell_ai.unwrap_webhook(body, signature, KEY, now=NOW)
    assert caught.value.reason == "unreadable"
    assert "verify_webhook" in caught.value.hint


@pytest.mark.parametrize("missing", ["", True])
def test_events_whose_id_is_missing_are_not_taken_for_one_event(missing):
    first = delivered({"event": "call_ended", "call": {"call_id": missing}, "n": 1})
    other = delivered({"event": "call_ended", "call": {"call_id": missing}, "n": 2})
    assert first.dedupe_key != other.dedupe_key
