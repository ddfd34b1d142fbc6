"""Accounts as a call sees them: a key, a base URL, and a policy. Where they come from is not known here."""

from dataclasses import dataclass
from typing import Literal

from tool_runtime.core.errors import ConfigurationError
from tool_runtime.core.secrets import Secret

Decision = Literal["allow", "ask", "deny"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What reads and writes are allowed to do: `allow`, `ask` (somebody confirms each call) or `deny`."""

    read: Decision = "allow"
    write: Decision = "allow"

    def __post_init__(self) -> None:
        """Refuse words that are no decision: a misspelt `deny` must not allow."""
        for name, value in (("read", self.read), ("write", self.write)):
            if value not in {"allow", "ask", "deny"}:
                message = f"policy {name}: {value!r} is not one of allow, ask, deny"
                raise ConfigurationError(message)

    def decision(self, tool_class, effects):
        return self.read if tool_class == "read" else self.write


@dataclass(frozen=True, slots=True)
class Account:
    """A named set of credentials and policy. `key` is None where none is known."""

    name: str
    key: Secret | None
    base_url: str
    policy: Policy = Policy()
    caps: object = None
