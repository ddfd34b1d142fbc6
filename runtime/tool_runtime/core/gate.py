"""The gate: the one place that decides whether an invocation may go out.

An `Invocation` is one tool about to be called for one account on one surface, with everything that will go out. The
gate is passed by every tool that is about to be sent, steps included. The account's policy says `allow`, `ask` or
`deny`; `ask` becomes the command `Ask`, whose only yes is `True`. A yes covers the declared steps of the invocation
whose effects were named. `force` lifts `ask` and nothing else. Knows no surface and no storage.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_runtime.core.account import Account, Decision
from tool_runtime.core.binding import Bound
from tool_runtime.core.flow import Ask, Context, Flow
from tool_runtime.core.registry import Registry
from tool_runtime.core.requests import build_request, masked, shown
from tool_runtime.core.tools import Tool
from tool_runtime.errors import PolicyRefused
from tool_runtime.values.templates import ABSENT, expand
from tool_runtime.values.uploads import Upload


@dataclass(frozen=True, slots=True, eq=False)
class Invocation:
    """One tool about to be called, as whoever confirms the call sees it.

    `effects` are those of the tool and of its steps. `arguments` and `request` (`method`, `path`, `query`, `headers`,
    `body` or `parts`) show everything that goes out, extras included, with secrets masked; what an earlier step will
    answer stands as its reference, such as `$llm.llm_id`. `steps` names the tools that the call is composed of.
    `numbers` are the phone numbers that ring. `within` is the composed tool whose step this is.
    """

    tool: str
    tool_class: str
    effects: tuple[str, ...]
    account: str
    surface: str
    base_url: str
    arguments: Mapping[str, Any] = field(repr=False)
    request: Mapping[str, Any] = field(repr=False)
    summary: str = ""
    steps: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    within: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Consent:
    """What a yes to a composed tool covers: its steps, as far as their effects were named."""

    tool: str
    effects: frozenset[str]


def invocation_of(context: Context, bound: Bound, within: str | None = None) -> Invocation:
    """Describe a bound call to whoever decides on it."""
    tool, hidden = bound.tool, masked(bound, context.registry.types)
    return Invocation(
        tool=tool.name,
        tool_class=tool.tool_class,
        effects=all_effects(tool, context.registry),
        account=context.account.name,
        surface=context.surface,
        base_url=context.account.base_url,
        arguments={name: _readable(value) for name, value in {**hidden.arguments, **hidden.extra}.items()},
        request=shown(build_request(hidden)),
        summary=tool.summary,
        steps=tuple(step.tool for step in (*tool.steps.before, *tool.steps.after)),
        numbers=numbers_of(bound),
        within=within,
    )


def _readable(value: Any) -> Any:
    """Show an upload as its name and size; all other arguments are JSON."""
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return {"filename": value.filename, "bytes": len(value.content)} if isinstance(value, Upload) else value


def all_effects(tool: Tool, registry: Registry) -> tuple[str, ...]:
    """Return the effects of a tool and of all its steps."""
    steps = (registry.resolve(step.tool) for step in (*tool.steps.before, *tool.steps.after))
    return tuple(
        dict.fromkeys([*tool.effects, *(effect for inner in steps for effect in all_effects(inner, registry))])
    )


def numbers_of(bound: Bound) -> tuple[str, ...]:
    """Return the phone numbers that a call makes ring: `["$to_number"]` with its argument gives that number."""
    scope = {**bound.arguments, **bound.extra, **bound.options.extra_body}
    found = (expand(template, scope) for template in bound.tool.numbers)
    numbers = (one for value in found for one in (value if isinstance(value, list) else [value]))
    return tuple(str(number) for number in numbers if number is not ABSENT)


def digest_of(context: Context, bound: Bound) -> str:
    """Return what equal calls have in common: account, tool and everything that goes out, save the idempotency key."""
    tool, options, key = bound.tool, bound.options, bound.tool.idempotency

    def plain(value: Any) -> Any:
        return [value.filename, hashlib.sha256(value.content).hexdigest()] if isinstance(value, Upload) else value

    wire = {
        name: [plain(part) for part in value] if isinstance(value, list) else plain(value)
        for name, value in bound.wire.items()
        if key is None or tool.parameters[name].wire != key.name
    }
    extra = {name: value for name, value in bound.extra.items() if key is None or name != key.name}
    account = context.account
    parts = [account.name, account.base_url, tool.name, wire, extra]
    parts += [dict(options.extra_headers), dict(options.extra_query), dict(options.extra_body)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def decision_of(account: Account, tool: Tool) -> Decision:
    """Return the decision on a tool: the policy's, or `deny` for a write that does not name one of several accounts."""
    if account.unnamed and not tool.is_read:
        return "deny"
    return account.policy.decision(tool.tool_class, tool.effects)


def pass_gate(context: Context, bound: Bound, consent: Consent | None) -> Flow:
    """Let a bound call through, or raise `PolicyRefused`. Returns the consent that its steps inherit."""
    tool = bound.tool
    decision = decision_of(context.account, tool)
    if context.account.unnamed and not tool.is_read:
        names = ", ".join(context.account.unnamed)
        message = f"{tool.name} was refused: it is a write, there are several accounts ({names}), and none was named"
        raise PolicyRefused(message, tool=tool.name, hint="Name the account. Nothing was sent.")
    if decision == "deny":
        raise _refused(context, tool, "denied", decision)
    if decision == "allow" or context.force:
        return consent
    if consent is not None and consent.effects.issuperset(tool.effects):
        return consent
    if not context.can_ask:
        raise _refused(context, tool, "not confirmed, since nobody can be asked", decision)
    invocation = invocation_of(context, bound, consent.tool if consent else None)
    answer = yield Ask(invocation)
    if answer is not True:
        raise _refused(context, tool, "not confirmed", decision)
    return Consent(tool.name, frozenset(invocation.effects))


def _refused(context: Context, tool: Tool, what: str, decision: str) -> PolicyRefused:
    effects = f" with the effects {', '.join(tool.effects)}" if tool.effects else ""
    message = (
        f"{tool.name} was {what}: it is a {tool.tool_class}{effects}, "
        f"and the policy of the account {context.account.name} says {decision}"
    )
    return PolicyRefused(message, tool=tool.name)
