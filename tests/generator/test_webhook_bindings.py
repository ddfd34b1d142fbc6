"""Webhooks in a spec: what is wrong with them is found, and what is right becomes functions and types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUNTIME = Path(__file__).parents[2] / "runtime"
NASTY = 'quote " \'\'\' """ back\\slash {{ x }} {% raw %} `tick` \u2028 end\\'
CONSUMER = """
from small_api import unwrap_webhook
from small_api.types import WebhookPayload

def told(body: bytes, signature: str | None) -> str:
    event = unwrap_webhook(body, signature, "key_x")
    payload: WebhookPayload = event.payload
    if payload["kind"] == "thing.made":
        return payload["thing"]["thing_id"]
    if payload["kind"] == "thing.lost":
        return payload["place"]
    return event.name
"""


@pytest.fixture
def hooked(spec):
    """A spec with two events."""
    kind = {"type": "string"}
    spec.types["types"] |= {
        "ThingMade": {
            "type": "object",
            "properties": {"kind": kind, "thing": {"$ref": "Thing"}},
            "required": ["kind", "thing"],
        },
        "ThingLost": {
            "type": "object",
            "properties": {"kind": kind, "place": {"type": "string", "description": NASTY}},
            "required": ["kind", "place"],
        },
    }
    spec.api["webhooks"] = {
        "header": "X-Signature",
        "signature": "t={timestamp},s={digest}",
        "digest": {"algorithm": "hmac-sha512", "encoding": "base64"},
        "message": "{timestamp}.{body}",
        "tolerance": 60,
        "event": "kind",
        "events": {
            "thing.made": {
                "summary": "A thing was made.",
                "payload": {"$ref": "ThingMade"},
                "dedupe": ["thing.thing_id"],
            },
            "thing.lost": {"summary": NASTY.replace("\u2028", ""), "payload": {"$ref": "ThingLost"}},
        },
    }
    return spec


def test_the_generated_functions_sign_verify_and_unwrap(hooked, generate, load):
    package = load(generate(hooked.write()))
    body = json.dumps({"kind": "thing.made", "thing": {"thing_id": "t_1"}}).encode()
    signature = package.sign_webhook(body, "key_x", timestamp_ms=1_760_000_000_000)
    assert package.verify_webhook(body, signature, "key_x", now=1_760_000_060) is True
    event = package.unwrap_webhook(body, signature, "key_x", now=1_760_000_000)
    assert (event.name, event.dedupe_key) == ("thing.made", "thing.made:t_1")
    assert package.webhooks.SIGNATURE_HEADER == "X-Signature"
    with pytest.raises(package.WebhookRefused):
        package.verify_webhook(body, signature, "key_y", now=1_760_000_000)


def test_the_event_of_a_payload_tells_checkers_which_payload_it_is(hooked, generate, tmp_path):
    package = generate(hooked.write())
    (package.parent / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "consumer.py"],
        cwd=package.parent,
        env={"MYPYPATH": str(RUNTIME), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_api_without_webhooks_has_no_functions_for_them(spec, generate, load):
    package = generate(spec.write())
    assert not (package / "webhooks.py").exists()
    assert not hasattr(load(package), "verify_webhook")
    assert "## Webhooks" not in (package / "reference" / "small-api.md").read_text(encoding="utf-8")


def test_the_reference_tells_how_to_take_an_event_and_its_example_runs(hooked, generate, load, capsys):
    hooked.text("guide/webhooks.md", "# What we tell you\n\nWe write to you.\n")
    package = generate(hooked.write())
    load(package)
    text = (package / "reference" / "small-api.md").read_text(encoding="utf-8")
    section = text.split("\n## What we tell you\n", 1)[1].split("\n## ", 1)[0]
    assert "We write to you." in section
    assert "[ThingMade](#type-thingmade)" in section
    exec(section.split("```python\n", 1)[1].split("\n```", 1)[0], {})
    assert capsys.readouterr().out.splitlines()[-1] == "(204, '')"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signature": "t={time},s={digest}"}, 'signature has no "time" to put in; did you mean "timestamp"?'),
        ({"message": "{timestamp}.{body}{digest}"}, 'message has no "digest" to put in'),
        ({"signature": "{digest}{digest}{timestamp}"}, "signature has {digest} more than once"),
        ({"message": "{body}"}, "signature and message have to hold the same timestamp, or none"),
        ({"message": "{timestamp_ms}{body}"}, "signature and message have to hold the same timestamp, or none"),
        ({"signature": "{digest}", "message": "{body}"}, "tolerance needs a timestamp in the signature"),
        (
            {"signature": "{timestamp}{timestamp_ms}{digest}", "message": "{timestamp}{timestamp_ms}{body}"},
            "signature bears one time: {timestamp} or {timestamp_ms}",
        ),
        ({"event": "knd"}, 'the payload of thing.made has no "knd"; did you mean "kind"?'),
    ],
)
def test_a_scheme_that_cannot_work_is_a_problem(hooked, changes, message):
    hooked.api["webhooks"] |= changes
    assert message in hooked.messages()


def test_a_time_that_nothing_checks_is_a_problem(hooked):
    del hooked.api["webhooks"]["tolerance"]
    assert hooked.messages() == ["the timestamp of the signature needs a tolerance"]


@pytest.mark.parametrize("missing", ["header", "signature", "digest", "message", "event", "events"])
def test_a_scheme_needs_all_its_parts(hooked, missing):
    del hooked.api["webhooks"][missing]
    assert hooked.messages() == [f'webhooks lacks the key "{missing}"']


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"payload": {"$ref": "ThingMad"}}, 'there is no type "ThingMad"; did you mean "ThingMade"?'),
        ({"dedupe": ["thing.id"]}, 'the payload of thing.made has no "thing.id"'),
    ],
)
def test_an_event_that_names_what_is_not_there_is_a_problem(hooked, event, message):
    hooked.api["webhooks"]["events"]["thing.made"] |= event
    assert any(found.startswith(message) for found in hooked.messages())


def test_an_event_with_the_class_name_of_a_type_is_a_problem(hooked):
    hooked.types["types"]["ThingMadeEvent"] = {"type": "string"}
    assert 'the event thing.made and the type ThingMadeEvent are both "ThingMadeEvent" in Python' in hooked.messages()
