"""The command line on a pseudo-terminal: questions, progress, colour, width, and text that must not act."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from loopback import LoopbackServer, reply
from terminal import on_terminal

KEY = "key_canary_7f3a91c2"
DIAL = {"agent_id": "agent_1", "from_number": "+14155550100", "to_number": "+14155550199"}
MADE = {"call_id": "call_1", "call_type": "phone_call", "call_status": "registered"}
ACTING = ("\x1b]52;", "\x1b]0;", "\x1b[2J", "\x9b", "\x9d", "\u202e", "\u2066", "\x07")
HOSTILE = "\x1b]52;c;cm0gLXJmIH4=\x07\x1b]0;t\x07\x1b[2J\x9b2J\x9d0;x\x9c\u202egnp\u2066\x85"


@pytest.fixture
def server():
    started = LoopbackServer()
    yield started
    started.close()


@pytest.fixture
def terminal(server, tmp_path: Path, monkeypatch):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RETELL_", "NO_COLOR", "FORCE"))}
    environment = kept | {
        "RETELL_API_KEY": KEY,
        "RETELL_BASE_URL": server.url,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_PROXY": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
    }

    def shown(*words, answers=(), columns=100, **settings):
        command = [sys.executable, "-m", "retell_ai", *words]
        return on_terminal(command, environment | settings, answers, columns)

    return shown


def test_a_write_is_confirmed_by_the_word_yes(terminal, server):
    server.script.append(reply(201, MADE))
    seen = terminal("create_phone_call", json.dumps(DIAL), answers=[("Type yes to go on: ", "yes\n")])
    assert (seen.code, len(server.received)) == (0, 1)
    question = seen.text.split("Type yes")[0]
    for part in ("create_phone_call", "account", "default", server.url, "dial", "+14155550199", "agent_1"):
        assert part in question
    assert "call_1" in seen.text.split("Type yes")[1]


@pytest.mark.parametrize("answer", ["\n", "y\n", "no\n", "yess\n", "\x04", "\x03"])
def test_anything_else_than_yes_sends_nothing(terminal, server, answer):
    seen = terminal("create_phone_call", json.dumps(DIAL), answers=[("Type yes to go on: ", answer)])
    assert server.received == []
    assert seen.code == (130 if answer in {"\x03", "\x04"} else 7)


def test_a_question_cannot_be_rewritten_by_an_argument(terminal, server):
    arguments = {**DIAL, "metadata": {"note": HOSTILE}, "agent_id": "a\nto  elsewhere\r\x1b[1A" + HOSTILE}
    seen = terminal("create_phone_call", json.dumps(arguments), answers=[("Type yes to go on: ", "no\n")])
    assert seen.code == 7
    assert [one for one in ACTING if one in seen.text] == []
    assert "\n  to  elsewhere" not in seen.text


def test_what_is_missing_is_asked_for_and_read_by_its_type(terminal, server):
    server.script.append(reply(201, MADE))
    answers = [("agent_id: ", "agent_1\n"), ("from_number: ", "\n+14155550100\n"), ("to_number: ", "+14155550199\n")]
    seen = terminal("call", "--prompt", "--force", "create_phone_call", answers=answers)
    assert seen.code == 0
    sent = server.received[0].json
    assert (sent["override_agent_id"], sent["from_number"], sent["to_number"]) == tuple(DIAL.values())


def test_leaving_a_question_sends_nothing(terminal, server):
    seen = terminal("call", "--prompt", "--force", "create_phone_call", answers=[("agent_id: ", "\x04")])
    assert (seen.code, server.received) == (130, [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(400, {"message": HOSTILE}), ["get_call", "call_id=c"]),
        (reply(200, raw=HOSTILE.encode()), ["get_call", "call_id=c"]),
        (reply(200, {**MADE, "transcript": HOSTILE}), ["get_call", "call_id=c"]),
        (reply(200, {**MADE, "transcript": HOSTILE}), ["get_call", "call_id=c", "-v"]),
        (reply(200, {**MADE, "transcript": HOSTILE}), ["get_call", "call_id=c", "-o", "csv"]),
        (reply(200, {**MADE, HOSTILE: HOSTILE}), ["get_call", "call_id=c", "-o", "table"]),
        (reply(200, {**MADE, "transcript": HOSTILE}), ["get_call", "call_id=c", "--query", "transcript", "-o", "raw"]),
        (reply(200, {**MADE, "call_status": HOSTILE}), ["wait", "call_ended", "call_id=c", "--timeout", "0.05"]),
        (reply(200, {}), ["get_call", json.dumps({HOSTILE: 1})]),
        (reply(200, {}), [HOSTILE]),
        (reply(200, {}), ["get_call", f"--{HOSTILE}=1"]),
        (reply(200, {}), ["get_call", "call_id=c", "--fields", HOSTILE]),
    ],
)
def test_nothing_from_outside_acts_on_the_terminal(terminal, server, answer, words):
    server.script += [answer] * 3
    seen = terminal(*words)
    assert [one for one in ACTING if one in seen.text.replace("\x1b[2K", "")] == []


def test_progress_stays_on_its_line(terminal, server):
    server.script += [reply(200, MADE), reply(200, MADE), reply(200, {**MADE, "call_status": "ended"})]
    seen = terminal("wait", "call_ended", "call_id=c", "--interval", "0.01", "--fields", "call_status")
    assert seen.code == 0
    assert seen.text.count("waiting for call_ended") == 2
    assert "\n" not in seen.text[: seen.text.rindex("waiting for call_ended")]


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"TERM": "dumb"}, True)],
)
def test_json_has_colour_on_a_terminal_unless_no_color_is_set(terminal, server, settings, coloured):
    server.script.append(reply(200, MADE))
    assert ("\x1b[" in terminal("get_call", "call_id=c", **settings).text) is coloured


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_and_tables_are_as_wide_as_the_terminal(terminal, server, snapshot, columns):
    rows = [
        {"voice_id": f"voice-{number}", "provider": "elevenlabs", "voice_name": "Ada " * number} for number in (1, 9)
    ]
    server.script += [reply(200, rows)]
    shown = [
        terminal("call", "--help", columns=columns).text,
        terminal("list_voices", "-o", "table", columns=columns, NO_COLOR="1").text,
    ]
    assert [line for text in shown for line in text.splitlines() if len(line) > columns] == []
    assert shown == snapshot


@pytest.fixture
def recorded_dial(terminal, server):
    """A dial in the ledger, and an account in the file."""
    server.script.append(reply(201, MADE))
    assert terminal("create_phone_call", json.dumps(DIAL), "--force").code == 0
    settings = ("dial=ask", "destroy=deny", "dials_per_day=50", "allowed_prefixes=+1415,+1212")
    assert terminal("accounts", "set", "production", "--key-variable", "PRODUCTION_KEY", *settings).code == 0


@pytest.mark.usefixtures("recorded_dial")
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_what_a_person_reads_fits_the_terminal(terminal, server, tmp_path, snapshot, columns):
    def seen(*words):
        text = terminal(*words, columns=columns, NO_COLOR="1", PAGER="cat").text
        for changing, fixed in ((str(tmp_path), "~"), (server.url, "http://server")):
            text = text.replace(changing, fixed)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-01-01 00:00:00Z", text)
        text = re.sub(r"(?m)^retell-tools \d\S*:", "retell-tools 1.0.0:", text)
        return re.sub(r"\b[0-9a-f]{12}\b", "0" * 12, text)

    laid_out = [
        seen("accounts"),
        seen("accounts", "fields"),
        seen("list", "--group", "crm"),
        seen("docs", "get_concurrency"),
        seen("search", "hang", "up"),
    ]
    assert [line for text in laid_out for line in text.splitlines() if len(line) > columns] == []
    # What the spec says of tools may change without this test.
    assert [*laid_out[:2], seen("audit"), seen("status")] == snapshot
    # Names are there to be copied.
    for name in ("RETELL_API_KEY", "RETELL_BASE_URL", "caps.allowed_prefixes"):
        assert name in laid_out[1]
