"""The client of a server: an asynchronous client that can say beforehand what the gate would decide on a call.

A person's yes is asked for before the call is made, since a question needs the request of the client's program, and the
call goes on without that program. The yes reaches the gate by `APPROVED`, which holds within that one call.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from tool_runtime.accounts.strictness import tightened
from tool_runtime.core.binding import Bound
from tool_runtime.core.clock import Clock
from tool_runtime.core.flow import Context
from tool_runtime.core.gate import Invocation, decision_of, digest_of, invocation_of
from tool_runtime.core.options import RequestOptions
from tool_runtime.core.tools import Tool
from tool_runtime.errors import Fault, InvalidArguments, ToolError
from tool_runtime.surfaces.common.base_client import BaseClient
from tool_runtime.surfaces.common.client import AsyncClient, Client

APPROVED: ContextVar[bool] = ContextVar("approved", default=False)


def approved(_: Invocation) -> bool:
    """Answer the gate of a served client: whether a person said yes to the call that is under way."""
    return APPROVED.get()


class _Chosen(BaseClient):
    """What a server's choices change of a client: which tools exist at all, and that writes are asked for.

    `choose` is called once, before the first call; clients of other accounts inherit the choices.
    """

    _refusal: Callable[[Tool], ToolError | None] | None = None
    _asks_for_writes = False

    def choose(self, refusal: Callable[[Tool], ToolError | None], *, asks_for_writes: bool) -> None:
        """Refuse the tools for which `refusal` gives an error; `asks_for_writes` turns a policy's allow into ask."""
        self._refusal, self._asks_for_writes = refusal, asks_for_writes
        self._context = self._strict(self._context)

    def _context_for(self, name: str | None) -> Context:
        return self._strict(super()._context_for(name))

    def _strict(self, context: Context) -> Context:
        if not self._asks_for_writes:
            return context
        policy = tightened(context.account.policy, {"write": "ask"})
        return replace(context, account=replace(context.account, policy=policy))

    def _tool(self, name: str) -> Tool:
        tool = super()._tool(name)
        refusal = self._refusal(tool) if self._refusal is not None else None
        if refusal is not None:
            raise refusal
        return tool


class ScriptClient(_Chosen, Client):
    """The blocking client of scripts."""


class ServedClient(_Chosen, AsyncClient):
    """An asynchronous client with a look ahead."""

    def of_account(self, name: Any) -> "ServedClient":
        """Return the client for an account that a caller named; None means that none was named.

        Raises `InvalidArguments` and `ConfigurationError`.
        """
        if name is None:
            return self
        if not isinstance(name, str) or not name.strip():
            fault = Fault("account", "type", "expected the name of an account")
            raise InvalidArguments(str(fault), faults=(fault,))
        return self.account(name)

    @property
    def clock(self) -> Clock:
        """The clock that waits go by: the sandbox's own, or the system's."""
        return self._clock

    def bound(self, tool: Tool, arguments: Any, options: RequestOptions) -> Bound:
        """Bind a call. Raises `InvalidArguments` with every fault."""
        return self._context.binder.bind(tool, arguments, options)

    def digest(self, bound: Bound) -> str:
        """Return what equal calls have in common."""
        return digest_of(self._context, bound)

    def invocation(self, bound: Bound) -> Invocation:
        """Return the call as whoever confirms the call sees it."""
        shown = invocation_of(self._context, bound)
        return replace(shown, base_url="the sandbox, where no phone rings") if self.sandbox is not None else shown

    def verdict(self, tool: Tool) -> str:
        """Return the strictest word of the policy on a tool and its steps: `allow`, `ask` or `deny`."""
        found = {decision_of(self._context.account, one) for one in self._all(tool)}
        return next(word for word in ("deny", "ask", "allow") if word in found)

    def write_word(self) -> str:
        """Return what the policy says of a write whose effects nobody knows."""
        return self._context.account.policy.decision("write")

    def _all(self, tool: Tool) -> list[Tool]:
        steps = (self.registry.resolve(step.tool) for step in (*tool.steps.before, *tool.steps.after))
        return [tool, *(inner for step in steps for inner in self._all(step))]

    def policy_word(self) -> str:
        """Return a text that changes with the account's policy, for what must not outlive a policy."""
        return repr(self._context.account.policy)


def chosen_options(*, again: Any, idempotency_key: Any) -> RequestOptions:
    """Return the options of a call that a client of MCP may choose. Binding judges the values."""
    options: Mapping[str, Any] = {"again": again, "idempotency_key": idempotency_key}
    known: Any = {name: value for name, value in options.items() if value is not None}
    return known  # type: ignore[no-any-return]
