"""Pages: a list that comes in parts, fetched one by one as flows.

Owns the following of cursors, page numbers and offsets, as the registry's style of the tool says. Ends where pages
repeat a cursor or stay empty, since such a list has no end.
"""

from collections.abc import Mapping
from typing import Any

from tool_runtime.core.flow import Context, Done, Flow
from tool_runtime.core.invoke import invoke
from tool_runtime.core.tools import PageStyle, Tool
from tool_runtime.errors import CallerError, Fault, InvalidArguments, PaginationBroken, UnreadableReply
from tool_runtime.values.templates import ABSENT, lookup

# A filter may leave some pages empty. An API that sends nothing but empty pages will not stop by itself.
MOST_EMPTY = 50


class Pages:
    """The pages of one list. `more` says whether another may follow; `max_items` ends the list early."""

    def __init__(
        self,
        context: Context,
        tool: Tool,
        arguments: Mapping[str, Any],
        options: Mapping[str, Any] | None = None,
        max_items: Any = None,
    ) -> None:
        style = context.registry.page_style(tool)
        if style is None:
            paged = [name for name, other in context.registry.tools.items() if other.pagination]
            message = f"{tool.name} has no pages"
            raise CallerError(message, tool=tool.name, hint=f"Paged tools: {', '.join(paged)}.")
        if max_items is not None and (isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 0):
            fault = Fault("max_items", "value", "expected a whole number, 0 or more")
            raise InvalidArguments(f"{tool.name}: {fault}", tool=tool.name, faults=(fault,))
        self._context, self._tool, self._options = context, tool, options
        self._style: PageStyle = style
        named = {tool.names[name].name if name in tool.names else name: v for name, v in arguments.items()}
        # Two spellings of one argument stay two: binding says so to the caller.
        self._arguments = named if len(named) == len(arguments) else dict(arguments)
        self._seen: set[Any] = set()
        self._count = self._empty = 0
        self._left = max_items
        self.more = max_items != 0

    @property
    def following(self) -> dict[str, Any] | None:
        """The arguments that ask for the next page by themselves; None where no page follows."""
        return dict(self._arguments) if self.more else None

    def fetch(self) -> Flow:
        """Fetch the next page and return its rows."""
        style = self._style
        done: Done = yield from invoke(self._context, self._tool, self._arguments, self._options)
        rows = lookup(done.result, style.items)
        if not isinstance(rows, list):
            message = f"{self._tool.name}: the answer holds no list of {style.items or 'rows'}"
            raise UnreadableReply(message, tool=self._tool.name)
        self._count += 1
        self._empty = 0 if rows else self._empty + 1
        if style.cursor is not None:
            self._follow_cursor(done.result, style.cursor)
        else:
            self._step_on(done.result, rows)
        if self.more and self._empty >= MOST_EMPTY:
            message = f"{self._tool.name}: {self._empty} pages in a row are empty, and each says that more follow"
            raise PaginationBroken(message, tool=self._tool.name)
        for name in style.first_page_only:
            self._arguments.pop(name, None)
        if self._left is not None:
            rows = rows[: self._left]
            self._left -= len(rows)
            self.more = self.more and self._left > 0
        return rows

    def _follow_cursor(self, reply: Any, argument: str) -> None:
        style = self._style
        cursor = lookup(reply, style.next or "")
        has_cursor = cursor is not ABSENT and cursor not in (None, "")
        self.more = (lookup(reply, style.more) if style.more else has_cursor) is True
        if not self.more:
            return
        if not has_cursor or not isinstance(cursor, str | int):
            message = f"{self._tool.name}: page {self._count} says that more follow and not where"
            raise PaginationBroken(message, tool=self._tool.name)
        self._seen.add(self._arguments.get(argument))
        if cursor in self._seen:
            message = f"{self._tool.name}: page {self._count} points back to a page already seen"
            raise PaginationBroken(message, tool=self._tool.name)
        self._arguments[argument] = cursor

    def _step_on(self, reply: Any, rows: list[Any]) -> None:
        style = self._style
        limit = self._arguments.get(style.limit or "")
        full = bool(rows) and (not isinstance(limit, int) or len(rows) >= limit)
        self.more = lookup(reply, style.more) is True if style.more else full
        if style.page:
            self._arguments[style.page] = self._arguments.get(style.page, style.start) + 1
        elif style.offset:
            self._arguments[style.offset] = self._arguments.get(style.offset, 0) + len(rows)
