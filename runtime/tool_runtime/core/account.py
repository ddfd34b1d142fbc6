"""Accounts as a call sees them: a key, a base URL, and a policy. Where accounts come from is not known here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from tool_runtime.errors import ConfigurationError
from tool_runtime.values.secrets import Secret
from tool_runtime.values.suggestions import nearest

Decision = Literal["allow", "ask", "deny"]
# From the mildest to the strictest.
DECISIONS: tuple[Decision, ...] = ("allow", "ask", "deny")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the calls of an account are allowed to do: `allow`, `ask` (somebody confirms each call) or `deny`.

    `read` and `write` decide on the two classes of tools. `dial`, `spend`, `publish` and `destroy` decide on writes
    with that effect in place of `write`; None means: as `write` says.
    """

    read: Decision = "allow"
    write: Decision = "allow"
    dial: Decision | None = None
    spend: Decision | None = None
    publish: Decision | None = None
    destroy: Decision | None = None

    def __post_init__(self) -> None:
        """Refuse words that are no decision: a misspelt `deny` must not allow."""
        for part in fields(self):
            value: object = getattr(self, part.name)
            if value is None and part.default is None:
                continue
            if not isinstance(value, str) or value not in DECISIONS:
                near = nearest(value, DECISIONS) if isinstance(value, str) else None
                message = f"policy {part.name}: {value!r} is not one of {', '.join(DECISIONS)}"
                raise ConfigurationError(message, hint=f"Did you mean {near}?" if near else None)

    def decision(self, tool_class: str, effects: Iterable[str] = ()) -> Decision:
        """Return what is decided on a tool of this class with these effects: the strictest of what applies.

        A write without effects is decided by `write`, a write with effects by its effects alone. A read with effects
        has to pass `read` as well. An effect without a decision of its own is decided by `write`.

        `Policy(write="ask", dial="deny").decision("write", ("dial", "spend"))` -> `"deny"`
        """
        applying: list[Decision] = [self.read] if tool_class == "read" else []
        for effect in effects:
            own: Decision | None = getattr(self, effect) if effect in EFFECTS else None
            applying.append(own or self.write)
        return max(applying, key=DECISIONS.index, default=self.write)

    def read_only(self) -> "Policy":
        """Return the policy with every write denied, whatever its effects."""
        return Policy(read=self.read, write="deny")


EFFECTS = tuple(part.name for part in fields(Policy) if part.default is None)
"""The effects that a policy can decide on."""


def read_policy(value: Any, place: str) -> Policy:
    """Make a policy of a `Policy` or of a mapping of its fields; `place` begins the message of a `ConfigurationError`.

    `read_policy({"write": "ask", "dial": "deny"}, "account a")` -> `Policy(write="ask", dial="deny")`
    """
    if isinstance(value, Policy):
        return value
    known = [part.name for part in fields(Policy)]
    if not isinstance(value, Mapping) or not value:
        message = f"{place}: a policy is a Policy or a mapping such as {{'write': 'ask'}}, not {value!r:.40}"
        raise ConfigurationError(message, hint=f"It decides on {', '.join(known)}: {', '.join(DECISIONS)}.")
    for name in value:
        if name not in known:
            near = nearest(str(name), known)
            hint = f"Did you mean {near}?" if near else f"A policy decides on {', '.join(known)}."
            message = f"{place}: a policy does not decide on {name!r:.40}"
            raise ConfigurationError(message, hint=hint)
    try:
        return Policy(**value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: {error.message}", hint=error.hint) from None


@dataclass(frozen=True, slots=True)
class Account:
    """A named set of credentials and policy.

    `key` is None where no key is known. `caps` are the ledger's to judge. `unnamed` lists the accounts that the caller
    did not choose among: the call names none of several, so reads go to this account, and writes are refused.

    `key` is that of the registry's usual scheme; `credentials` are those of other schemes, by name. `servers` are the
    base URLs of the servers that single tools name; a server that is not there must not be called.
    """

    name: str
    key: Secret | None
    base_url: str
    policy: Policy = Policy()
    caps: Any = None
    unnamed: tuple[str, ...] = ()
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    servers: Mapping[str, str] = field(default_factory=dict)

    def secrets(self) -> list[str]:
        """List the texts of all keys."""
        return [key.reveal() for key in (self.key, *self.credentials.values()) if key is not None]
