"""Secrets: a key shows itself nowhere, and what the other side repeats of it is hidden in every spelling."""

import base64
import copy
import html
import json
import pickle
import traceback
from dataclasses import asdict
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retell_ai import Client, Unauthorized
from tool_runtime.core.account import Account
from tool_runtime.values.secrets import Secret, hide_json, hide_text, key_problem

KEY = "key_canary/5550100&é+☕😀"


def test_a_secret_shows_itself_in_no_text_copy_walk_or_pickle():
    secret = Secret("key_canary")
    walked = [getattr(secret, name) for name in Secret.__slots__]

    assert "canary" not in f"{secret} {secret!r} {secret!s} {[secret]} {walked} {asdict(Account('a', secret, ''))}"
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    assert not hasattr(secret, "__dict__")
    for dump in (pickle.dumps, Secret.__getstate__):
        with pytest.raises(TypeError) as caught:
            dump(secret)
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert "canary" not in "".join(shown.format())


def spellings(character):
    """Every way in which something that repeats a text may write one of its characters."""
    wide = character.encode("utf-16-be")
    units = "".join(f"\\u{wide[at : at + 2].hex()}" for at in range(0, len(wide), 2))
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    return [
        character,
        json.dumps(character)[1:-1],
        "\\/" if character == "/" else character,
        units,
        units.upper().replace("\\U", "\\u"),
        units.replace("\\", "\\\\"),
        percent,
        percent.upper(),
        quote(percent, safe=""),
        html.escape(character),
        f"&#{ord(character)};",
        f"&#x{ord(character):X};",
    ]


@given(st.data())
def test_any_mix_of_spellings_of_a_key_is_hidden(data):
    key = data.draw(st.text(st.sampled_from("abKey_019/&+=-.\"'%<> \\é☕😀"), min_size=4, max_size=24))
    written = "".join(data.draw(st.sampled_from(spellings(character))) for character in key)

    assert hide_text(f'{{"message": "unknown [{written}]"}}', [key]) == '{"message": "unknown [***]"}'


@pytest.mark.parametrize("user", ["", "u:", "user:", "me@a.example:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_inside_base64_is_hidden(user, encode):
    written = encode(f"{user}{KEY}".encode()).decode()
    hidden = hide_text(f"authorization: Basic {written}", [KEY])

    assert "***" in hidden
    assert len(hidden) < len(f"authorization: Basic {user}") + 16


def test_a_key_in_text_of_two_bytes_a_letter_is_hidden():
    assert "canary" not in hide_text("key_canary".encode("utf-16-le").decode(), ["key_canary"]).replace("\0", "")


@pytest.mark.parametrize("text", ["", "nothing here", '{"a": "b\\n"}', "%7Bkey_%7D", "key_canar", "&#107;"])
def test_a_text_without_the_key_stays_as_it_is(text):
    assert hide_text(text, [KEY, Secret("key_canary"), ""]) == text


def test_the_longer_of_two_secrets_is_hidden_whole():
    assert hide_text("key_1_and_more", ["key_1", "key_1_and_more"]) == "***"


HOSTILE = ["\\", "%25", "%5c", "&amp;", "&#92;", "k\\", "\0", "\\u006b", "\\u005c"]


@pytest.mark.parametrize("part", [*HOSTILE, "kkkk", "key_canary/5550100&\\"])
@pytest.mark.parametrize("key", [KEY, "\\" * 20 + "x", "%25" * 20 + "x", "&amp;" * 20 + "x", "k" * 60 + "x"])
def test_a_hostile_text_does_not_make_the_search_exponential(part, key):
    # An exponential search does not end within the life of the machine; this one takes milliseconds.
    assert hide_text(part * 2000 + "?", [key]).endswith("?")


def test_decoded_json_is_hidden_in_keys_strings_and_numbers():
    value = {"key_1234": [{"a": "of key_1234"}, 5, None, True, 1234567.0], "n": 98765}

    assert hide_json(value, [Secret("key_1234"), "98765"]) == {
        "***": [{"a": "of ***"}, 5, None, True, 1234567.0],
        "n": "***",
    }
    assert hide_json(value, []) is value


def test_json_that_is_too_deep_to_look_through_is_masked_as_a_whole():
    value = "key_1234"
    for _ in range(100_000):
        value = [value]

    assert hide_json(value, ["key_1234"]) == "***"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("Bearer kana", "Bearer"),
        ("bearer", "bearer"),
        ("Authorization: Bearer kana", "Bearer"),
        ("Basic kana", "Basic"),
    ],
)
def test_a_key_with_the_scheme_of_a_header_is_answered_with_the_word_to_leave_out(value, word):
    assert key_problem(Secret(value))[1] == f"Give the key without {word!r}."


@pytest.mark.parametrize("value", ["", " \n", None, 5, b"kana", "kana\n", "\ufeffkana\ud800"])
def test_what_cannot_be_a_key_has_a_problem_and_a_hint_without_the_value(value):
    assert "kana" not in "".join(key_problem(Secret(value)))


@pytest.mark.parametrize("value", ["key_1", "token_1", "bearer_1", "basic", "schlüssel", "a b"])
def test_a_key_of_any_letters_has_no_problem(value):
    assert key_problem(Secret(value)) is None


@pytest.mark.parametrize(
    "written",
    [r"key_canary\/5550100", r"\u006bey_canary\u002f5550100", "key_canary%2F5550100", "key_canary&#x2F;5550100"],
)
def test_an_error_shows_no_key_that_the_api_repeats_with_escapes(written):
    content = f'{{"message": "unknown key {written}"}}'.encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(401, content=content))
    with httpx.Client(transport=transport) as http_client, pytest.raises(Unauthorized) as caught:
        Client("key_canary/5550100", http_client=http_client).list_voices()

    assert caught.value.message.endswith("unknown key ***")
    for shown in (repr(caught.value), json.dumps(caught.value.to_dict()), str(pickle.dumps(caught.value))):
        assert "canary" not in shown
