"""Every error that the runtime can raise: its code, its outcome, its exit code, and its envelope."""

import json
import subprocess
import sys

import pytest

from tool_runtime import errors
from tool_runtime.core import foreign_errors
from tool_runtime.surfaces.cli.exits import MEANINGS, exit_code
from tool_runtime.surfaces.cli.process import guarded

# Class: code in envelopes, outcome, whether the same call may be repeated, exit code.
WALK = {
    "ToolError": ("tool_error", "not_sent", False, 1),
    "SpecError": ("spec_error", "not_sent", False, 3),
    "InternalError": ("internal_error", "not_sent", False, 1),
    "Interrupted": ("interrupted", "not_sent", False, 130),
    "UnwrittenResult": ("unwritten_result", "done", False, 9),
    "ScriptFailed": ("script_failed", "not_sent", False, 1),
    "ScriptPaused": ("script_paused", "not_sent", False, 7),
    "CallerError": ("caller_error", "not_sent", False, 2),
    "UsageError": ("usage", "not_sent", False, 2),
    "UnknownTool": ("unknown_tool", "not_sent", False, 2),
    "InvalidArguments": ("invalid_arguments", "not_sent", False, 2),
    "ConfigurationError": ("configuration_error", "not_sent", False, 3),
    "PolicyRefused": ("policy_refused", "not_sent", False, 7),
    "CapReached": ("cap_reached", "not_sent", False, 7),
    "MissingExtra": ("missing_extra", "not_sent", False, 3),
    "WebhookRefused": ("webhook_refused", "not_sent", False, 5),
    "RemoteError": ("remote_error", "failed", False, 6),
    "APIError": ("api_error", "refused", False, 5),
    "BadRequest": ("bad_request", "refused", False, 5),
    "Unauthorized": ("unauthorized", "refused", False, 3),
    "PaymentRequired": ("payment_required", "refused", False, 5),
    "Forbidden": ("forbidden", "refused", False, 5),
    "NotFound": ("not_found", "refused", False, 5),
    "Conflict": ("conflict", "refused", False, 5),
    "Unprocessable": ("unprocessable", "refused", False, 5),
    "RateLimited": ("rate_limited", "refused", True, 6),
    "ServerError": ("server_error", "failed", True, 6),
    "OutcomeUnknown": ("outcome_unknown", "unknown", False, 4),
    "ServerErrorOutcomeUnknown": ("outcome_unknown", "unknown", False, 4),
    "RedirectOutcomeUnknown": ("outcome_unknown", "unknown", False, 4),
    "ConnectionFailed": ("connection_failed", "failed", True, 6),
    "TimedOut": ("timed_out", "failed", True, 6),
    "UnreadableReply": ("unreadable_reply", "failed", False, 6),
    "ReplyTooLarge": ("reply_too_large", "failed", False, 6),
    "RedirectRefused": ("redirect_refused", "failed", False, 6),
    "PaginationBroken": ("pagination_broken", "failed", False, 6),
    "WaitTimedOut": ("wait_timed_out", "failed", True, 8),
    "WaitFailed": ("wait_failed", "failed", False, 8),
}
TREE = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ToolError)
}


def test_the_walk_visits_every_error():
    assert TREE.keys() == WALK.keys()


@pytest.mark.parametrize("name", WALK)
def test_an_error_shows_this_envelope_and_ends_with_this_code(name):
    code, outcome, retryable, ends_with = WALK[name]
    error = TREE[name]("It failed.", tool="get_call", hint="Look.")

    assert foreign_errors.envelope(error) == {
        "code": code,
        "message": "It failed.",
        "tool": "get_call",
        "hint": "Look.",
        "retryable": retryable,
        "outcome": outcome,
    }
    assert exit_code(error) == ends_with
    assert ends_with in MEANINGS


@pytest.mark.parametrize("name", WALK)
def test_what_may_have_happened_ends_with_4_whatever_the_error_is(name):
    assert exit_code(TREE[name]("It failed.", outcome="unknown")) == 4


@pytest.mark.parametrize(
    ("error", "code", "ends_with"),
    [
        (KeyboardInterrupt(), "interrupted", 130),
        (SystemExit(3), "interrupted", 130),
        (ValueError("a mistake"), "internal_error", 1),
        (MemoryError(), "internal_error", 1),
    ],
)
def test_an_exception_of_another_kind_has_an_envelope_too(error, code, ends_with):
    envelope = foreign_errors.envelope(error)

    assert (envelope["code"], envelope["outcome"]) == (code, "not_sent")
    assert exit_code(foreign_errors.as_tool_error(error)) == ends_with


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x"), TimeoutError()])
def test_what_was_said_on_a_foreign_exception_is_its_envelope(error):
    foreign_errors.annotate(error, errors.Interrupted("cut off", tool="create_phone_call", outcome="unknown"))
    foreign_errors.annotate(
        error, errors.Interrupted("cut off, and more is known", tool="create_agent", outcome="unknown")
    )

    assert foreign_errors.envelope(error)["tool"] == "create_agent"
    assert error.__notes__ == ["cut off, and more is known"]
    assert exit_code(foreign_errors.as_tool_error(error)) == 4


def test_what_was_said_is_kept_where_another_exception_is_raised_from_it():
    cancelled = RuntimeError("cancelled")
    foreign_errors.annotate(cancelled, errors.Interrupted("cut off", outcome="unknown"))
    raised = TimeoutError()
    raised.__cause__ = cancelled

    assert foreign_errors.envelope(raised)["outcome"] == "unknown"


def test_an_envelope_is_json_whatever_an_error_knows():
    fault = errors.Fault("a.b", "value", "is not one of 1", None, (1, None))
    error = errors.InvalidArguments(
        "x", faults=(fault,), leftovers=({"tool": "t", "undo": {"arguments": {"a": (1,)}}},)
    )

    assert json.loads(json.dumps(foreign_errors.envelope(error)))["faults"][0]["path"] == "a.b"


def test_a_late_interrupt_does_not_hide_what_may_have_happened():
    def call():
        raise errors.OutcomeUnknown("It may have happened.")

    def run():
        try:
            call()
        except errors.OutcomeUnknown:
            raise KeyboardInterrupt from None

    assert guarded(run) == 4


def test_an_interrupt_before_anything_began_is_just_an_interrupt():
    def run():
        raise KeyboardInterrupt

    assert guarded(run) == 130


def test_a_signal_that_strikes_a_destructor_is_not_lost():
    code = """
import os, signal, threading
from tool_runtime.surfaces.cli import process

class Struck:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(1000))

process.prepare()
try:
    Struck()
    threading.Event().wait(60)
except process.Ended as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("ended by ")
