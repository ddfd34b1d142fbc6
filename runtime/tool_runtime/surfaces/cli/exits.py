"""Exit codes: what a script may rely on. Knows the tree of errors, nothing of the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tool_runtime.core.errors import ToolError

OK = 0
REMOTE = 1
USAGE = 2
CONFIGURATION = 3
OUTCOME_UNKNOWN = 4
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    REMOTE: "the API or the network failed, or said no",
    USAGE: "wrong usage: unknown tool, invalid arguments; nothing was sent",
    CONFIGURATION: "wrong set-up: no key, no such account, refused by policy; nothing was sent",
    OUTCOME_UNKNOWN: "outcome unknown: the call may have happened, so do not just repeat it",
    INTERRUPTED: "interrupted",
}


def exit_code(error: "ToolError") -> int:
    """Return the code that an error ends the program with."""
    from tool_runtime.core.errors import (
        CallerError,
        ConfigurationError,
        MissingExtra,
        OutcomeUnknown,
        PolicyRefused,
        SpecError,
    )

    if isinstance(error, OutcomeUnknown):
        return OUTCOME_UNKNOWN
    if isinstance(error, ConfigurationError | MissingExtra | PolicyRefused | SpecError):
        return CONFIGURATION
    return USAGE if isinstance(error, CallerError) else REMOTE
