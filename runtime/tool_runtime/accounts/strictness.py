"""How the settings of several places become one policy and one set of caps.

Owns the arithmetic of strictness. Must not know: files, variables, keys.

Two directions. Within the user's own settings the nearer place decides: an account over what holds for every account.
A project's settings can only make things stricter: of every decision the stricter one stands, of every limit the
smaller one.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from tool_runtime.accounts.caps import Caps
from tool_runtime.core.account import DECISIONS, EFFECTS, Decision, Policy

ON_AGENT_SURFACES: Final[Mapping[str, str]] = {"read": "allow", "write": "ask"}
ON_THE_SANDBOX: Final[Mapping[str, str]] = {"read": "allow", "write": "allow"}


def policy_of(base: Mapping[str, str], everywhere: Mapping[str, str], own: Mapping[str, str]) -> Policy:
    """Return the policy of an account: `own` rules over those of every account, and these over the surface's `base`.

    An account that decides on `write` decides on the effects that it does not name, too, but lifts no rule of every
    account about an effect.

    Examples: `base` with write `ask`, everywhere `{"destroy": "deny"}`, own `{"write": "allow"}` ->
    `Policy(write="allow", destroy="deny")`; everywhere `{"dial": "allow"}`, own `{"write": "deny"}` ->
    `Policy(write="deny", dial="deny")`.
    """
    merged: dict[str, Any] = {**base, **everywhere, **own}
    for effect in EFFECTS:
        if effect not in own and effect in everywhere and "write" in own:
            merged[effect] = _stricter(everywhere[effect], own["write"])
    return Policy(**merged)


def tightened(policy: Policy, rules: Mapping[str, str]) -> Policy:
    """Return a policy with a project's rules: each decision is the stricter of both.

    Example: `Policy(write="ask", dial="allow")` with `{"write": "deny", "read": "allow"}` ->
    `Policy(write="deny", dial="deny")`.
    """
    if not rules:
        return policy
    merged: dict[str, Any] = {
        "read": _stricter(policy.read, rules.get("read")),
        "write": _stricter(policy.write, rules.get("write")),
    }
    for effect in EFFECTS:
        rule = rules.get(effect, rules.get("write"))
        own = getattr(policy, effect)
        if own is not None or rule is not None:
            merged[effect] = _stricter(own or policy.write, rule)
    return Policy(**merged)


def strictest(one: Policy, other: Policy) -> Policy:
    """Return a policy that allows what both allow.

    Example: `Policy(write="ask", dial="allow")` and `Policy(write="deny")` -> `Policy(write="deny", dial="deny")`.
    """
    rules = {"read": other.read, "write": other.write}
    return tightened(one, rules | {name: getattr(other, name) for name in EFFECTS if getattr(other, name) is not None})


def without_effect(policy: Policy, rules: Mapping[str, str]) -> tuple[str, ...]:
    """Return the rules of a project that a stricter decision makes idle: `{"write": "allow"}` -> `("write",)`."""
    return tuple(name for name, rule in rules.items() if _rank(rule) < _rank(getattr(policy, name) or policy.write))


def caps_of(everywhere: Mapping[str, Any], own: Mapping[str, Any]) -> Caps | None:
    """Return the caps of an account: each limit of its own, or else that of every account; None where there is none.

    Numbers that are blocked for every account stay blocked.
    """
    merged = {**everywhere, **own}
    if "blocked_numbers" in everywhere and "blocked_numbers" in own:
        merged["blocked_numbers"] = [*everywhere["blocked_numbers"], *own["blocked_numbers"]]
    return Caps(**merged) if merged else None


def tightened_caps(caps: Caps | None, rules: Mapping[str, Any]) -> Caps | None:
    """Return caps with a project's: of two limits the smaller, prefixes that both allow, numbers that one blocks.

    Example: `Caps(dials_per_day=5, allowed_prefixes=("+1",))` with `{"dials_per_day": 9, "allowed_prefixes":
    ["+1415"]}` -> `Caps(dials_per_day=5, allowed_prefixes=("+1415",))`.
    """
    if not rules:
        return caps
    other = Caps(**rules)
    if caps is None:
        return other
    merged: dict[str, Any] = {}
    for one in fields(Caps):
        mine, theirs = getattr(caps, one.name), getattr(other, one.name)
        if one.name == "allowed_prefixes":
            merged[one.name] = _common_prefixes(mine, theirs)
        elif one.name == "blocked_numbers":
            merged[one.name] = (*mine, *theirs)
        elif one.name == "dial_seconds":
            # The longer a dial counts as under way, the fewer fit.
            merged[one.name] = max(mine, theirs)
        else:
            merged[one.name] = min((limit for limit in (mine, theirs) if limit is not None), default=None)
    return Caps(**merged)


def _common_prefixes(mine: tuple[str, ...] | None, theirs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    longer = (max(a, b, key=len) for a in mine for b in theirs if a.startswith(b) or b.startswith(a))
    return tuple(dict.fromkeys(longer))


def _stricter(one: str, other: str | None) -> Decision:
    return DECISIONS[max(_rank(one), _rank(other or "allow"))]


def _rank(decision: str) -> int:
    return [str(one) for one in DECISIONS].index(decision)
