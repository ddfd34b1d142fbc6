"""The one envelope that agent surfaces answer with, on success and on failure alike.

Owns the names of the keys that machines rely on. `error` is the core's envelope of an error; this module adds nothing
to an error and hides nothing of one. Knows no surface: whoever answers says what was called and how long the answer
took.
"""

from collections.abc import Mapping, Sequence
from typing import Any

META: Mapping[str, Any] = {
    "account": None,
    "class": None,
    "effects": [],
    "dry_run": False,
    "forced": False,
    "sandbox": False,
    "repeat": False,
}
"""What `meta` holds at least, and what each entry is where nothing was called."""


def envelope_of(
    function: str | None,
    *,
    data: Any = None,
    error: BaseException | Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    duration_ms: float = 0,
) -> dict[str, Any]:
    """Return the envelope of one answer.

    `function` is the canonical name of the tool, or the command; None where nobody got so far. `error` is an exception,
    or an error's envelope that somebody has added a hint to. A failure may hold `data` too: rows that came before the
    error, or the record that was made before a wait ran out. `duration_ms` is rounded to whole milliseconds.

    Example: `envelope_of("get_call", data={"call_id": "c"}, meta={"class": "read"}, duration_ms=12.3)` ->
    `{"function": "get_call", "success": True, "data": {"call_id": "c"}, "error": None,
    "meta": {"account": None, "class": "read", …}, "duration_ms": 12}`.
    """
    if isinstance(error, BaseException):
        from tool_runtime.core.foreign_errors import envelope

        error = envelope(error)
    return {
        "function": function,
        "success": error is None,
        "data": data,
        "error": None if error is None else dict(error),
        "meta": {**META, "effects": [], **(meta or {})},
        "duration_ms": round(duration_ms),
    }


def meta_of(
    tool: Any,
    *,
    effects: Sequence[str] | None = None,
    account: str | None = None,
    sandbox: bool = False,
    forced: bool = False,
    dry_run: bool = False,
    repeat: str | bool | None = None,
) -> dict[str, Any]:
    """Return the `meta` of a call of a `Tool`.

    `effects` are those of the tool and its steps, where they are known; else the tool's own. `repeat` is the ledger id
    of the call that this one repeats, or None.
    """
    return {
        "account": account,
        "class": tool.tool_class,
        "effects": list(tool.effects if effects is None else effects),
        "dry_run": dry_run,
        "forced": forced,
        "sandbox": sandbox,
        "repeat": repeat or False,
    }
