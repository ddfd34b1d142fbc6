"""Decisions: what somebody said about a run that is to go on, and what such a yes is a yes to.

Owns the check of decisions against the journal, the place where a run's calls go, and the mark of what was asked: a yes
holds for exactly the call that was shown. Must not know: how a call is made.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tool_runtime.accounts.script_journal import JournalCall, JournalRun
from tool_runtime.core.gate import Invocation
from tool_runtime.errors import UsageError

if TYPE_CHECKING:
    from tool_runtime.surfaces.common.client import Client

# Which states of a call a decision is about.
_ABOUT = {"approve": {"asking"}, "deny": {"asking"}, "done": {"begun"}, "not_done": {"begun"}}


@dataclass(frozen=True, slots=True)
class Decisions:
    """What somebody decided on a paused run, by the numbers of its calls.

    `approve` and `deny` answer what was asked. `done` maps an unknown call to the result that it had, `not_done` says
    that it did not happen.
    """

    approve: frozenset[int] = frozenset()
    deny: frozenset[int] = frozenset()
    done: Mapping[int, Any] = field(default_factory=dict)
    not_done: frozenset[int] = frozenset()

    def by_name(self) -> dict[str, set[int]]:
        """Return the numbers of each decision: `{"approve": {1}, "deny": set(), …}`."""
        return {
            "approve": set(self.approve), "deny": set(self.deny),
            "done": set(self.done), "not_done": set(self.not_done),
        }  # fmt: skip


def check_decisions(run: JournalRun, calls: Sequence[JournalCall], decisions: Decisions) -> None:
    """Raise `UsageError` for a decision on a call that waits for none, and for two decisions on one call."""
    states = {call.seq: call for call in calls}
    seen: set[int] = set()
    for name, numbers in decisions.by_name().items():
        for seq in sorted(numbers):
            if seq in seen:
                raise UsageError(f"there are two decisions on call {seq} of the run {run.id}", hint="Give one of them.")
            seen.add(seq)
            call = states.get(seq)
            if call is None or call.state not in _ABOUT[name]:
                raise UsageError(_not_waited_for(run, name, seq, call), hint=_waits(calls))


def _not_waited_for(run: JournalRun, name: str, seq: int, call: JournalCall | None) -> str:
    word = name.replace("_", " ")
    if call is None:
        return f"{word} {seq}: the run {run.id} has no call {seq} that waits for a decision"
    if call.state == "ended":
        return f"{word} {seq}: call {seq} of the run {run.id} ({call.path}) has ended already"
    needs = "a yes or a no (approve, deny)" if call.state == "asking" else "what became of it (done, not done)"
    return f"{word} {seq}: call {seq} of the run {run.id} ({call.path}) waits for {needs}"


def _waits(calls: Sequence[JournalCall]) -> str:
    words = {"asking": "needs a yes", "begun": "outcome unknown"}
    waiting = [f"{call.seq} ({call.path}: {words[call.state]})" for call in calls if call.state in words]
    return f"Calls that wait: {', '.join(waiting[:10]) or 'none'}."


def target_of(client: "Client") -> dict[str, Any]:
    """Return where the calls of a run go: `{"api", "account", "base_url", "sandbox"}`."""
    return {
        "api": client.registry.api.name,
        "account": client.account_name,
        "base_url": client.base_url,
        "sandbox": client.sandbox is not None,
    }


def check_target(run: JournalRun, client: "Client") -> None:
    """Raise `UsageError` where a run would go on against another API, account or address than it began with."""
    before, now = run.settings.get("target"), target_of(client)
    if before == now:
        return
    known = before if isinstance(before, Mapping) else {}
    changed = [name for name in now if known.get(name) != now[name]]
    shown = "; ".join(f"{name} was {known.get(name)!r}, and is {now[name]!r} now" for name in changed)
    raise UsageError(
        f"the run {run.id} began elsewhere: {shown}",
        hint="Resume the run where it began, or run the script anew. Nothing was sent.",
    )


def mark_of(asked: Invocation) -> str:
    """Return what two questions have in common that ask for the same call."""
    parts = [
        asked.tool, asked.tool_class, list(asked.effects), asked.account, asked.base_url, dict(asked.arguments),
        list(asked.numbers), list(asked.steps),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
