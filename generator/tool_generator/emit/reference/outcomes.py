"""What can go wrong, in words: the errors that all tools share, and the rules of one tool.

The classes and codes are those of the runtime's error tree; a test compares them.

This module knows registry entries and the names of the runtime's errors. It must not know about pages.
"""

from dataclasses import dataclass

from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, inline, listed
from tool_runtime.core.tools import Tool

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of error: its Python class, its code on all other surfaces, when it occurs, what helps."""

    name: str
    code: str
    when: str
    then: str


FAILURES = (
    Failure("UnknownTool", "unknown_tool", "No tool has this name.", "Take one of the names in `nearest`."),
    Failure(
        "InvalidArguments",
        "invalid_arguments",
        "Arguments are missing, unknown, of a wrong type or not allowed. Nothing was sent.",
        "`faults` lists all of them: `path`, the `nearest` right name, the `allowed` values.",
    ),
    Failure(
        "ConfigurationError",
        "configuration_error",
        "No API key, an unknown account, an unusable base URL. Nothing was sent.",
        "Set what the message names.",
    ),
    Failure(
        "PolicyRefused",
        "policy_refused",
        "The account does not allow this tool here, or nobody confirmed it. Nothing was sent.",
        "Ask the person in charge; do not look for a way around.",
    ),
    Failure(
        "CapReached",
        "cap_reached",
        "A limit of the account leaves no room: calls a minute or a day, allowed or blocked numbers. Nothing was sent.",
        "Wait `retry_after` seconds where it is given; else ask the person in charge.",
    ),
    Failure(
        "UsageError",
        "usage",
        "A command or an option that does not exist. Nothing was sent.",
        "Look at the help of the command.",
    ),
    Failure(
        "ScriptFailed",
        "script_failed",
        "A script ended with an error. `outcome` is that of its worst write.",
        "`type` and `line` say what and where. Run it again only where `retryable` is true.",
    ),
    Failure(
        "ScriptPaused",
        "script_paused",
        "A script waits for a yes to a call, or for word on a call whose outcome is unknown.",
        "`pending` lists the calls; resume the `run` with a decision.",
    ),
    Failure(
        "MissingExtra",
        "missing_extra",
        "An optional dependency is not installed.",
        "Install what the message names.",
    ),
    Failure(
        "BadRequest",
        "bad_request",
        "400: the API refused the values.",
        "Read `provider_message`, change them.",
    ),
    Failure("Unauthorized", "unauthorized", "401: the key is missing or wrong.", "Check the account's key."),
    Failure("PaymentRequired", "payment_required", "402: the account cannot pay.", "Settle it with the provider."),
    Failure("Forbidden", "forbidden", "403: this key may not do this.", "Use another account."),
    Failure("NotFound", "not_found", "404: nothing has this id.", "List first; take an id from there."),
    Failure("Conflict", "conflict", "409: the present state does not allow it.", "Read the state, then decide."),
    Failure(
        "Unprocessable",
        "unprocessable",
        "422: understood, but refused; some APIs say so of an id that does not exist.",
        "Read `provider_message`.",
    ),
    Failure(
        "RateLimited",
        "rate_limited",
        "429, still after the retries.",
        "Wait `retry_after` seconds where it is given, then repeat.",
    ),
    Failure("ServerError", "server_error", "5xx to a read, still after the retries.", "Repeat later."),
    Failure("APIError", "api_error", "Any other status.", "Read `status` and `provider_message`."),
    Failure(
        "OutcomeUnknown",
        "outcome_unknown",
        "A write was sent and its answer was lost: it may have happened.",
        "Do not repeat it blindly: call the read that `reconcile` names, then decide.",
    ),
    Failure(
        "ConnectionFailed",
        "connection_failed",
        "No connection was made, or a read's was cut.",
        "Repeat later.",
    ),
    Failure("TimedOut", "timed_out", "A read had no answer in time.", "Repeat, with a longer timeout if need be."),
    Failure("UnreadableReply", "unreadable_reply", "The answer is not what the API sends.", "Check the base URL."),
    Failure(
        "ReplyTooLarge",
        "reply_too_large",
        "The answer is larger than the limit.",
        "Ask for less: a smaller page, a narrower filter.",
    ),
    Failure(
        "RedirectRefused",
        "redirect_refused",
        "The answer pointed elsewhere; it was not followed.",
        "Check the base URL.",
    ),
    Failure(
        "PaginationBroken",
        "pagination_broken",
        "Pages repeat, or promise more without saying where.",
        "Keep the rows so far; narrow the filter.",
    ),
    Failure(
        "WaitTimedOut",
        "wait_timed_out",
        "The awaited state did not come in time.",
        "Look at `last`; wait again.",
    ),
    Failure("WaitFailed", "wait_failed", "A state came that excludes the awaited one.", "Look at `last`."),
    Failure(
        "Interrupted",
        "interrupted",
        "A signal or a cancellation ended the call. With the outcome `unknown`, a write may have happened.",
        "As for `outcome_unknown`: find out with `reconcile` before repeating a write.",
    ),
    Failure(
        "UnwrittenResult",
        "unwritten_result",
        "The call was done, and its result could not be written.",
        "Do not repeat the call: read what it made.",
    ),
    Failure(
        "InternalError",
        "internal_error",
        "A mistake of this program. With the outcome `unknown`, a write may have happened.",
        "Report it; find out what happened before repeating a write.",
    ),
)


def particular(tool: Tool, links: Links) -> list[str]:
    """Return the rules of one tool for errors and repeats, as lines of inline Markdown."""
    shared = links.to_guide("errors", "errors of every tool")
    lines = [f"`InvalidArguments` before anything is sent, and the {shared}."]
    lines += _missing(tool)
    lines += _lost_write(tool, links) if not tool.is_read else []
    lines += _half_done(tool)
    if tool.timeout is not None:
        lines.append(f"An attempt may take {tool.timeout:g} seconds (else {_SECONDS}).")
    return lines


def _missing(tool: Tool) -> list[str]:
    ids = [item.name for item in tool.parameters.values() if item.place == "path" and not item.raw]
    return [f"`NotFound` or `Unprocessable` where {listed(map(code, ids), 'or')} names nothing."] if ids else []


def _lost_write(tool: Tool, links: Links) -> list[str]:
    if tool.idempotency:
        kept = f"every attempt carries the same {code(tool.idempotency.name)}, so the call happens at most once. "
        if tool.idempotency.life is not None:
            kept += f"The API knows the key for {tool.idempotency.life:g} seconds, and no attempt goes out later. "
    elif tool.retry.lost_answer:
        kept = "the call is sent again, as repeating it does no harm. "
    else:
        kept = "the call is not sent again, as it may have happened. "
    line = f"If the answer is lost, {kept}In the end: `OutcomeUnknown`."
    if tool.reconcile:
        line += f" Find out with {links.to_tool(tool.reconcile.tool)}, whose arguments the error carries."
        line += f" {links.prose(inline(tool.reconcile.note))}"
    return [line]


def _half_done(tool: Tool) -> list[str]:
    if not any(step.undo for step in tool.steps.before):
        return []
    return ["If a later step fails, what earlier steps made is removed; `leftovers` lists what could not be removed."]
