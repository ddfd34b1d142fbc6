"""The operators that declarations of the sandbox have beside those of every template.

Owns what counts, makes, picks and reckons over lists, records and time. Must not know: requests, tools.

| template | value |
|---|---|
| `{$count: {resource: NAME, when: {path: template}}}` | how many records of a resource meet a condition |
| `{$length: list}` | how many entries a list has |
| `{$each: {in: list, as: name, give: template}}` | the list of what `give` is for each entry |
| `{$let: {names: {name: template}, give: template}}` | a template with further names, each filled once |
| `{$concat: [list, list]}` | the lists one after the other; what is absent or null counts as empty |
| `{$without: {in: list, where: {path: template}}}` | the list without the entries that meet a condition |
| `{$if: {when: template, then: template, else: template}}` | one of two; `when` is true when it is the value true |
| `{$equal: [a, b]}` | whether both are the same |
| `{$either: [a, b]}` | whether one of them is true |
| `{$latest: [a, b]}` | the highest of the numbers |
| `{$matches: [text, pattern]}` | whether a text fits a regular expression as a whole |
| `{$rewrite: {text: ..., pattern: ..., to: ...}}` | the text with what the pattern finds replaced |
| `{$integer: text}` | the whole number that a text writes; absent for another text |
| `{$new: prefix}` | an id that was never given before |
| `{$unused: {resource: NAME, patterns: [...], status: 400, message: ...}}` | the first id that was never given, and |
| | that no record of the resource has: `#` stands for a digit |
| `{$opens: {from: ms, windows: [{start, end}], zone: NAME, days: [...]}}` | the first moment that lies in a window |
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tool_runtime.sandbox.answers import Refusal
from tool_runtime.values.templates import ABSENT, Operator, Operators, holds

if TYPE_CHECKING:
    from tool_runtime.sandbox.store import Store

Fill = Callable[..., Any]
_ZONE: Final = "America/Los_Angeles"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_A_WEEK: Final = 8


def operators_of(store: "Store") -> Operators:
    """Return the operators over the records of a store."""
    return {**_PLAIN, "$count": _count(store), "$new": _new(store), "$unused": _unused(store)}


def _count(store: "Store") -> Operator:
    def count(operand: Mapping[str, Any], fill: Fill) -> int:
        return store.count(operand["resource"], fill(operand.get("when", {})))

    return count


def _new(store: "Store") -> Operator:
    def new(prefix: str, _fill: Fill) -> str:
        return store.count_up(prefix)

    return new


def _unused(store: "Store") -> Operator:
    def unused(operand: Mapping[str, Any], fill: Fill) -> str:
        for pattern in fill(operand["patterns"]):
            for value in _numbered(pattern):
                if value not in store.issued and store.get(operand["resource"], value) is None:
                    store.issued.add(value)
                    return value
        raise Refusal(operand.get("status", 400), operand.get("message"))

    return unused


def _numbered(pattern: str) -> Iterator[str]:
    """Yield the texts of a pattern: `a#` gives `a0` to `a9`."""
    digits = pattern.count("#")
    for number in range(10**digits):
        text = pattern
        for digit in f"{number:0{digits}d}" if digits else "":
            text = text.replace("#", digit, 1)
        yield text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _length(operand: Any, fill: Fill) -> int:
    return len(_listed(fill(operand)))


def _each(operand: Mapping[str, Any], fill: Fill) -> list[Any]:
    given = (fill(operand["give"], {operand["as"]: entry}) for entry in _listed(fill(operand["in"])))
    return [value for value in given if value is not ABSENT]


def _let(operand: Mapping[str, Any], fill: Fill) -> Any:
    return fill(operand["give"], {name: fill(template) for name, template in operand["names"].items()})


def _concat(operand: list[Any], fill: Fill) -> list[Any]:
    return [entry for part in operand for entry in _listed(fill(part))]


def _without(operand: Mapping[str, Any], fill: Fill) -> list[Any]:
    where = fill(operand["where"])
    return [entry for entry in _listed(fill(operand["in"])) if not holds(where, entry)]


def _if(operand: Mapping[str, Any], fill: Fill) -> Any:
    branch = "then" if fill(operand["when"]) is True else "else"
    return fill(operand[branch]) if branch in operand else ABSENT


def _equal(operand: list[Any], fill: Fill) -> bool:
    first, *others = (fill(part) for part in operand)
    return all(one == first for one in others)


def _either(operand: list[Any], fill: Fill) -> bool:
    return any(fill(part) is True for part in operand)


def _latest(operand: list[Any], fill: Fill) -> Any:
    numbers = [value for value in (fill(part) for part in operand) if isinstance(value, int | float)]
    return max(numbers, default=ABSENT)


def _matches(operand: list[Any], fill: Fill) -> bool:
    text, pattern = fill(operand[0]), operand[1]
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def _rewrite(operand: Mapping[str, Any], fill: Fill) -> Any:
    text = fill(operand["text"])
    return re.sub(operand["pattern"], operand["to"], text) if isinstance(text, str) else ABSENT


def _integer(operand: Any, fill: Fill) -> Any:
    text = fill(operand)
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else ABSENT


def _opens(operand: Mapping[str, Any], fill: Fill) -> Any:
    moment = fill(operand["from"])
    windows = [(one.get("start", 0), one.get("end", 0)) for one in _listed(fill(operand["windows"]))]
    if not windows or not isinstance(moment, int | float):
        return moment
    zone = _zone(fill(operand.get("zone", ABSENT)))
    days = _listed(fill(operand.get("days", ABSENT))) or _DAYS
    start = datetime.fromtimestamp(moment / 1000, tz=UTC).astimezone(zone)
    for ahead in range(_A_WEEK):
        day = start.date() + timedelta(days=ahead)
        if _DAYS[day.weekday()] not in days:
            continue
        for opens, closes in sorted(windows):
            first, last = _at(day, opens, zone), _at(day, closes, zone)
            if max(first, start) < last:
                return moment if first <= start else round(first.timestamp() * 1000)
    return ABSENT


def _at(day: date, minute: float, zone: ZoneInfo) -> datetime:
    """Return a minute of a day as people in the zone read it off a clock."""
    hours = int(minute // 60)
    if hours >= 24:  # noqa: PLR2004 - hours of a day
        return datetime.combine(day + timedelta(days=1), time(), zone)
    return datetime.combine(day, time(hours, int(minute % 60)), zone)


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(name if isinstance(name, str) and name else _ZONE)
    except (ValueError, OSError, LookupError):
        raise Refusal(400, f"there is no time zone {name}") from None


_PLAIN: Final[Operators] = {
    "$length": _length,
    "$each": _each,
    "$let": _let,
    "$concat": _concat,
    "$without": _without,
    "$if": _if,
    "$equal": _equal,
    "$either": _either,
    "$latest": _latest,
    "$matches": _matches,
    "$rewrite": _rewrite,
    "$integer": _integer,
    "$opens": _opens,
}
OPERATORS: Final = (*_PLAIN, "$count", "$new", "$unused")
"""The names of all operators of this module."""
