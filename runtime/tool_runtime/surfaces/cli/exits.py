"""Exit codes: what a script may rely on. This module knows the tree of errors, and must not know the terminal.

A write that was done, or may have been done, never ends in a code that invites a repeat: only 4 and 9 stand for such
writes.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tool_runtime.errors import ToolError

OK = 0
INTERNAL = 1
USAGE = 2
CONFIGURATION = 3
OUTCOME_UNKNOWN = 4
REFUSED = 5
FAILED = 6
POLICY = 7
WAIT_TIMED_OUT = 8
UNWRITTEN = 9
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    INTERNAL: "a mistake of this program; nothing was sent, or a read failed",
    USAGE: "wrong usage: unknown tool, invalid arguments; nothing was sent",
    CONFIGURATION: "wrong set-up: no key or a refused one, no such account, an unusable proxy",
    OUTCOME_UNKNOWN: "outcome unknown: the call may have happened, so do not repeat it",
    REFUSED: "the API said no; nothing happened",
    FAILED: "the API or the network failed; nothing happened",
    POLICY: "refused by the account's policy or a cap; nothing was sent",
    WAIT_TIMED_OUT: "the awaited state did not come; wait again",
    UNWRITTEN: "done, but the result could not be written; do not repeat it",
    INTERRUPTED: "interrupted; nothing was under way",
}

# What kind of error ended a script that has written nothing -> the code of the same error outside a script.
OF_SCRIPTS = {
    "syntax": USAGE,
    "arguments": USAGE,
    "name": USAGE,
    "policy": POLICY,
    "tool": REFUSED,
    "network": FAILED,
    "setup": CONFIGURATION,
    "interrupted": INTERRUPTED,
}


def exit_code(error: "ToolError") -> int:
    """Return the exit code for an error. A write that may have happened decides before everything else."""
    from tool_runtime import errors

    if error.outcome == "unknown":
        return OUTCOME_UNKNOWN
    if isinstance(error, errors.WaitTimedOut | errors.WaitFailed):
        # Also behind a write that was done: waiting again does no harm.
        return WAIT_TIMED_OUT
    if error.outcome == "done":
        return UNWRITTEN
    by_kind: tuple[tuple[tuple[type[ToolError], ...], int], ...] = (
        ((errors.PolicyRefused, errors.ScriptPaused), POLICY),
        ((errors.ConfigurationError, errors.MissingExtra, errors.SpecError, errors.Unauthorized), CONFIGURATION),
        ((errors.CallerError,), USAGE),
        ((errors.RateLimited, errors.ServerError), FAILED),
        ((errors.APIError, errors.WebhookRefused), REFUSED),
        ((errors.RemoteError,), FAILED),
        ((errors.Interrupted,), INTERRUPTED),
    )
    if isinstance(error, errors.ScriptFailed):
        return OF_SCRIPTS.get(error.type, INTERNAL)
    return next((code for kinds, code in by_kind if isinstance(error, kinds)), INTERNAL)
