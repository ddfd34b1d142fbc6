"""Results: what a run of a script leaves behind, as data for programs.

Owns the words of a run: `status` (`done`, `failed`, `paused`), the effect status of a call (`none`, `succeeded`,
`unknown`), and `retryable`, which is False once any write succeeded or may have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tool_runtime.errors import ScriptFailed, ScriptPaused, ToolError


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """One call of a script.

    `replayed`: the answer came from the journal of an earlier run, and nothing was sent. `record` is the ledger id of a
    write, `repeat_of` that of the equal call whose answer this is. `would_send` is the request of a dry run.
    """

    path: str
    line: int | None
    account: str | None = None
    tool: str | None = None
    tool_class: str | None = None
    effects: tuple[str, ...] = ()
    effect_status: str = "none"
    duration_ms: float = 0.0
    error: str | None = None
    replayed: bool = False
    record: str | None = None
    repeat_of: str | None = None
    would_send: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the call as JSON; `class` is the tool's class."""
        known = asdict(self)
        known["class"] = known.pop("tool_class")
        return known | {"effects": list(self.effects), "duration_ms": round(self.duration_ms, 3)}


@dataclass(frozen=True, slots=True)
class ScriptError:
    """Why a script ended.

    `type` is `syntax`, `runtime`, `limit`, `name`, `arguments`, `policy`, `setup` (no key, no account), `tool` (the API
    said no), `network`, `diverged` or `process`. `limit` names the limit that was hit. `details` is the envelope of the
    error of a tool that failed.
    """

    type: str
    message: str
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None
    limit: str | None = None
    trace: tuple[Mapping[str, Any], ...] = ()
    details: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON."""
        return {
            "type": self.type,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "suggestion": self.suggestion,
            "limit": self.limit,
            "trace": [dict(one) for one in self.trace],
            "details": None if self.details is None else dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class LuaResult:
    """What a run leaves.

    `output` is what was printed, `result` the value that the script returned. `pending` lists what a paused run waits
    for: `{"seq", "path", "tool", "account", "why", …}`; `run` is the id to resume, None where nothing is kept.
    `limits` maps each limit to `{"used", "limit"}`.
    """

    status: str
    output: str = ""
    result: Any = None
    error: ScriptError | None = None
    calls: Sequence[ScriptCall] = ()
    limits: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    run: str | None = None
    pending: Sequence[Mapping[str, Any]] = ()
    duration_ms: float = 0.0
    lock: str | None = None

    @property
    def success(self) -> bool:
        """Whether the script ran to its end."""
        return self.status == "done"

    @property
    def effect_status(self) -> str:
        """What all calls did together: `unknown` before `succeeded` before `none`."""
        states = {call.effect_status for call in self.calls}
        return next((state for state in ("unknown", "succeeded") if state in states), "none")

    @property
    def retryable(self) -> bool:
        """Whether the whole script may be run again from its beginning without doing anything twice."""
        return self.effect_status == "none"

    def to_dict(self) -> dict[str, Any]:
        """Return the run as JSON."""
        return {
            "success": self.success,
            "status": self.status,
            "output": self.output,
            "result": self.result,
            "error": None if self.error is None else self.error.to_dict(),
            "calls": [call.to_dict() for call in self.calls],
            "limits": {name: dict(pair) for name, pair in self.limits.items()},
            "retryable": self.retryable,
            "effect_status": self.effect_status,
            "run": self.run,
            "pending": [dict(one) for one in self.pending],
            "duration_ms": round(self.duration_ms, 3),
            "lock": self.lock,
        }

    def problem(self) -> ToolError | None:
        """Return the error of the tree that stands for a run that did not end well; None for one that did.

        Its `outcome` is that of the worst write, so that whoever maps outcomes never invites a repetition.
        """
        if self.success:
            return None
        outcome = {"unknown": "unknown", "succeeded": "done"}.get(self.effect_status, "not_sent")
        known: dict[str, Any] = {"outcome": outcome, "run": self.run, "retryable": self.retryable}
        if self.status == "paused":
            waits = ", ".join(f"{one['seq']} ({one['path']}: {one['why']})" for one in self.pending)
            message = f"the script is paused before call {waits}"
            return ScriptPaused(message, pending=[dict(one) for one in self.pending], **known)
        error = self.error or ScriptError("process", "the script ended without a word")
        hint = error.suggestion
        if outcome != "not_sent":
            word = "may have" if outcome == "unknown" else "have"
            hint = f"{hint or ''} Writes {word} happened: do not just run the script again.".strip()
        shown = {"type": error.type, "line": error.line, "column": error.column, "limit": error.limit, "hint": hint}
        return ScriptFailed(error.message, details_of_tool=error.details, **shown, **known)
