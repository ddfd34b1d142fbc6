"""Calls: what a surface asks for, as flows: one call, the pages of a list, the wait for a state.

Owns the way from a name to a result (`resolve, bind, check policy, perform`), the following of cursors and the asking
until a waiter's state is there. Pagination and waiters are data of the registry; nothing here knows an API.
"""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.errors import (
    CallerError,
    Fault,
    InvalidArguments,
    PaginationBroken,
    PolicyRefused,
    UnreadableReply,
    WaitFailed,
    WaitTimedOut,
)
from tool_runtime.core.flow import Context, Flow, Sleep
from tool_runtime.core.steps import perform
from tool_runtime.core.templates import ABSENT, lookup
from tool_runtime.core.tools import Condition, Tool


def call(
    context: Context,
    tool: Tool,
    arguments: Mapping[str, Any],
    request_options: Mapping[str, Any] | None = None,
) -> Flow:
    """Bind, check and perform one call."""
    bound = context.binder.bind(tool, arguments, request_options)
    decision = context.account.policy.read if tool.is_read else context.account.policy.write
    if decision != "allow" and (
        decision == "deny" or context.confirm is None or not context.confirm(tool, bound.arguments)
    ):
        reason = "is denied" if decision == "deny" else "was not confirmed"
        message = (
            f"{tool.name} {reason}: it is a {tool.tool_class}, and the account {context.account.name} says {decision}"
        )
        raise PolicyRefused(message, tool=tool.name)
    if context.account.key is None and context.missing_key is not None:
        raise context.missing_key(context.account)
    return (yield from perform(context, bound))


class Pages:
    """The pages of one list, fetched one by one. `more` tells whether another may follow."""

    def __init__(
        self,
        context: Context,
        tool: Tool,
        arguments: Mapping[str, Any],
        options: Mapping[str, Any] | None,
        max_items: int | None = None,
    ) -> None:
        style = context.registry.page_style(tool)
        if style is None:
            paged = [name for name, other in context.registry.tools.items() if other.pagination]
            message = f"{tool.name} has no pages"
            raise CallerError(message, tool=tool.name, hint=f"Paged tools: {', '.join(paged)}.")
        self._context, self._tool, self._style, self._options = context, tool, style, options
        named = {tool.names[name].name if name in tool.names else name: v for name, v in arguments.items()}
        # Two spellings of one argument stay two: binding tells the caller.
        self._arguments = named if len(named) == len(arguments) else dict(arguments)
        self._seen: set[Any] = set()
        self._count = 0
        self._left = max_items
        self.more = max_items != 0

    def fetch(self) -> Flow:
        """Fetch the next page and return its rows."""
        style = self._style
        reply = yield from call(self._context, self._tool, self._arguments, self._options)
        rows = lookup(reply, style.items)
        if not isinstance(rows, list):
            message = f"{self._tool.name}: the answer holds no list of {style.items or 'rows'}"
            raise UnreadableReply(message, tool=self._tool.name)
        self._count += 1
        if style.cursor is not None:
            self._follow_cursor(reply)
        else:
            self._step_on(reply, rows)
        for name in style.first_page_only:
            self._arguments.pop(name, None)
        if self._left is not None:
            rows = rows[: self._left]
            self._left -= len(rows)
            self.more = self.more and self._left > 0
        return rows

    def _follow_cursor(self, reply: Any) -> None:
        style = self._style
        cursor = lookup(reply, style.next or "")
        has_cursor = cursor is not ABSENT and cursor not in (None, "")
        more = lookup(reply, style.more) if style.more else has_cursor
        self.more = more is True
        if not self.more:
            return
        if not has_cursor or not isinstance(cursor, str | int):
            message = f"{self._tool.name}: page {self._count} says that more follow and not where"
            raise PaginationBroken(message, tool=self._tool.name)
        self._seen.add(self._arguments.get(style.cursor or ""))
        if cursor in self._seen:
            message = f"{self._tool.name}: page {self._count} points back to a page already seen"
            raise PaginationBroken(message, tool=self._tool.name)
        self._arguments[style.cursor or ""] = cursor

    def _step_on(self, reply: Any, rows: list[Any]) -> None:
        style = self._style
        limit = self._arguments.get(style.limit or "")
        full = bool(rows) and (not isinstance(limit, int) or len(rows) >= limit)
        self.more = lookup(reply, style.more) is True if style.more else full
        if style.page:
            self._arguments[style.page] = self._arguments.get(style.page, style.start) + 1
        else:
            self._arguments[style.offset or ""] = self._arguments.get(style.offset or "", 0) + len(rows)


def wait(
    context: Context,
    name: str,
    arguments: Mapping[str, Any],
    *,
    timeout: Any = None,
    interval: Any = None,
    request_options: Mapping[str, Any] | None = None,
) -> Flow:
    """Ask until the waiter's state is there and return that reply; `timeout` and `interval` are seconds."""
    waiter = context.registry.waiter(name)
    tool = context.registry.resolve(waiter.tool)
    for option, value in (("timeout", timeout), ("interval", interval)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
            fault = Fault(option, "value", "expected seconds, 0 or more")
            raise InvalidArguments(f"{name}: {fault}", tool=tool.name, faults=(fault,))
    patience = waiter.timeout if timeout is None else timeout
    pause = waiter.interval if interval is None else interval
    deadline = context.clock.monotonic() + patience
    while True:
        reply = yield from call(context, tool, arguments, request_options)
        if any(_met(state, reply) for state in waiter.until):
            return reply
        if any(_met(state, reply) for state in waiter.fail):
            message = f"{name}: a state was reached from which it cannot come"
            raise WaitFailed(message, tool=tool.name, waiter=name, last=reply)
        left = deadline - context.clock.monotonic()
        if left <= 0:
            message = f"{name}: not reached within {patience:g} seconds"
            hint = "What was awaited goes on; wait again with the same arguments."
            details = {"waiter": name, "arguments": dict(arguments), "last": reply, "hint": hint}
            raise WaitTimedOut(message, tool=tool.name, **details)
        yield Sleep(min(pause, left))


def _met(state: Condition, reply: Any) -> bool:
    value = lookup(reply, state.field)
    if state.values:
        return bool(value in state.values)
    return bool(state.present) == (value is not ABSENT and value is not None)
