"""Lists: which records a request sees, in which order, page by page.

Owns: filter objects, order, opaque cursors, page numbers and offsets, the envelope of a page.
Must not know: how a record becomes a row.

A filter value has one of these forms:

- an object `{type, op, value}`;
- a list of such objects, each with the `key` of the field that the object looks at;
- a list of plain objects, one of which the record must meet (`any_of` maps their fields to paths in the record);
- a plain value, which the record's value must equal. With `search: [paths]`, one of these paths must contain the value
  instead, and capitals do not count.

With `some_in: path`, every plain object given must be met by an entry of the list at that path.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tool_runtime.core.resources import Action, Filter, PageSize
from tool_runtime.core.tools import PageStyle, Tool
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.sandbox.checks import Inputs
from tool_runtime.sandbox.scope import Scope, fill
from tool_runtime.sandbox.store import Entry
from tool_runtime.values.templates import ABSENT, assign, lookup

_ASCENDING: Final = ("ascending", "asc")

_OPERATIONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda value, wanted: bool(value == wanted),
    "ne": lambda value, wanted: bool(value != wanted),
    "sw": lambda value, wanted: str(value).startswith(wanted),
    "ew": lambda value, wanted: str(value).endswith(wanted),
    "co": lambda value, wanted: wanted in str(value),
    "gt": lambda value, wanted: bool(value > wanted),
    "ge": lambda value, wanted: bool(value >= wanted),
    "lt": lambda value, wanted: bool(value < wanted),
    "le": lambda value, wanted: bool(value <= wanted),
    "bt": lambda value, wanted: bool(wanted[0] <= value <= wanted[1]),
    "in": lambda value, wanted: value in wanted,
}


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of a page, how many all pages have, and what leads to the next page (None: the last)."""

    entries: list[Entry]
    total: int
    more: bool
    cursor: str | None


def matches(record: Mapping[str, Any], criteria: Mapping[str, Any], declared: Mapping[str, Filter]) -> bool:
    """Say whether a record meets every filter of `criteria`.

    `declared` maps a filter's name to `{path}`, `{search: [paths]}`, `{some_in: path}` or `{any_of: {field:
    path}}`, for those whose name is not simply the path in the record.
    """
    return all(_meets(record, name, wanted, declared.get(name, Filter())) for name, wanted in criteria.items())


def _meets(record: Mapping[str, Any], name: str, wanted: Any, spec: Filter) -> bool:
    if wanted is None:
        return True
    if spec.search:
        texts = (lookup(record, path) for path in spec.search)
        return any(str(wanted).lower() in str(text).lower() for text in texts if text is not ABSENT)
    value = lookup(record, spec.path or name)
    if isinstance(wanted, Mapping):
        return _operation(value, wanted)
    if isinstance(wanted, list):
        return _meets_list(record, value, [one for one in wanted if isinstance(one, Mapping)], spec)
    return bool(value == wanted)


def _meets_list(record: Mapping[str, Any], value: Any, wanted: list[Mapping[str, Any]], spec: Filter) -> bool:
    if spec.any_of is not None:
        paths = spec.any_of
        return any(
            all(_is_among(lookup(record, paths.get(key, key)), part) for key, part in one.items()) for one in wanted
        )
    if spec.some_in is not None:
        found = lookup(record, spec.some_in)
        parts = found if isinstance(found, list) else []
        return all(any(matches(part, one, {}) for part in parts) for one in wanted)
    keyed = value if isinstance(value, Mapping) else {}
    return all(_operation(keyed.get(one.get("key"), ABSENT), one) for one in wanted)


def _is_among(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _operation(value: Any, wanted: Mapping[str, Any]) -> bool:
    operator = wanted.get("op", "eq")
    present = not (value is ABSENT or value is None)
    if operator in {"pr", "np"}:
        return present if operator == "pr" else not present
    if not present:
        return bool(operator == "ne")
    try:
        return _OPERATIONS[operator](value, wanted.get("value"))
    except (KeyError, TypeError, IndexError):
        # A text is neither more nor less than a number: a field of another type does not match.
        return False


def select(entries: list[Entry], action: Action, inputs: Inputs, scope: Scope) -> tuple[list[Entry], bool]:
    """Return the entries that a list request asks for, in the order asked for, and whether the oldest comes first."""
    declared = action.filters
    given = {**inputs.query, **inputs.body}
    holder = action.filter_in
    criteria = (given.get(holder) or {}) if holder else {name: given[name] for name in declared if name in given}
    always = fill(action.where, scope)
    chosen = [
        entry for entry in entries if matches(entry.record, criteria, declared) and matches(entry.record, always, {})
    ]
    ascending = fill(action.order, scope) in _ASCENDING
    return (chosen if ascending else chosen[::-1]), ascending


class Pager:
    """Cuts lists into pages as the pagination style of one tool says."""

    def __init__(self, tool: Tool, style: PageStyle, size: PageSize, *, lenient: bool = False) -> None:
        self._tool = tool
        self._lenient = lenient
        self._style = style
        self._size = size

    def page(self, entries: list[Entry], inputs: Inputs, skip: int, *, ascending: bool) -> Page:
        """Return the page that the request asks for; `skip` leaves out as many entries at the front.

        Raises a 400 `Refusal` for a limit out of bounds and for a cursor that the sandbox did not give.
        """
        total = len(entries)
        if not (self._style.limit or self._style.cursor or self._style.page or self._style.offset):
            return Page(entries[skip:], total, more=False, cursor=None)
        limit = self._limit(inputs)
        first = skip
        if self._style.page:
            start = self._style.start
            first += (self._number(self._style.page, inputs, start) - start) * limit
        elif self._style.offset:
            first += self._number(self._style.offset, inputs, 0)
        else:
            cursor = self._argument(self._style.cursor, inputs)
            if cursor is not None:
                first = self._after(cursor, entries, ascending=ascending)
        chosen = entries[first : first + limit]
        more = first + limit < total
        return Page(chosen, total, more, self._cursor(chosen[-1]) if more and chosen else None)

    def envelope(self, page: Page, rows: list[Any]) -> Any:
        """Return the reply that holds a page's rows."""
        items = self._style.items
        if not items:
            return rows
        body: dict[str, Any] = {}
        assign(body, items, rows)
        if self._style.more:
            assign(body, self._style.more, page.more)
        if self._style.next and page.cursor is not None:
            assign(body, self._style.next, page.cursor)
        return body

    def _argument(self, name: str | None, inputs: Inputs) -> Any:
        parameter = self._tool.parameters.get(name) if name else None
        return None if parameter is None else getattr(inputs, parameter.place).get(parameter.wire)

    def _number(self, name: str, inputs: Inputs, otherwise: int) -> int:
        value = self._argument(name, inputs)
        if value is None:
            return otherwise
        if value < min(otherwise, 1):
            raise Refusal(400, f"{name} is out of bounds")
        return int(value)

    def _limit(self, inputs: Inputs) -> int:
        value = self._argument(self._style.limit, inputs)
        if value is None:
            return self._size.default
        if not 1 <= value <= self._size.maximum:
            raise Refusal(400, f"{self._style.limit} must be between 1 and {self._size.maximum}")
        return int(value)

    def _cursor(self, last: Entry) -> str:
        text = json.dumps([self._tool.name, _rank(last)], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _after(self, cursor: str, entries: list[Entry], *, ascending: bool) -> int:
        sequence = self._read_cursor(cursor)
        if sequence is None and self._lenient:
            return 0
        if sequence is None:
            raise Refusal(400, f"{self._style.cursor} is not one that a page gave")
        # The cursor holds an age and not a count, so that records made or deleted between two pages move no row.
        later = (_rank(entry) > sequence if ascending else _rank(entry) < sequence for entry in entries)
        return next((number for number, is_later in enumerate(later) if is_later), len(entries))

    def _read_cursor(self, cursor: str) -> tuple[int, int] | None:
        try:
            tool, sequence = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            first, second = sequence
        except (ValueError, TypeError, RecursionError):
            return None
        fits = tool == self._tool.name and isinstance(first, int) and isinstance(second, int)
        return (first, second) if fits else None


def _rank(entry: Entry) -> tuple[int, int]:
    """Return what orders the entries of a list: their age, and the number of the version where they have the same."""
    return entry.sequence, entry.version or 0
