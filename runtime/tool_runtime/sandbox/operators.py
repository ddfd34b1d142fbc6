"""The operators that declarations of the sandbox have beside those of every template.

Owns what counts, makes, picks and reckons over lists, records and time. Must not know: requests, tools.

| template | value |
|---|---|
| `{$count: {resource: NAME, when: {path: template}}}` | how many records of a resource meet a condition |
| `{$all: {resource: NAME, where: {path: template}}}` | the records of a resource that meet a condition, oldest first |
| `{$length: list}` | how many entries a list has |
| `{$each: {in: list, as: name, give: template}}` | the list of what `give` is for each entry |
| `{$let: {names: {name: template}, give: template}}` | a template with further names, each filled once |
| `{$concat: [list, list]}` | the lists one after the other; what is absent or null counts as empty |
| `{$merge: [object, object]}` | the fields of the objects, those of later ones over those of earlier ones |
| `{$omit: {from: object, fields: [...]}}` | the object without these fields; absent where nothing is left |
| `{$fill_in: {text: template, with: [object]}}` | the text with values in the place of `{{name}}` |
| `{$without: {in: list, where: {path: template}}}` | the list without the entries that meet a condition |
| `{$if: {when: template, then: template, else: template}}` | one of two; `when` is true when it is the value true |
| `{$equal: [a, b]}` | whether both are the same |
| `{$either: [a, b]}` | whether one of them is true |
| `{$latest: [a, b]}` | the highest of the numbers |
| `{$matches: [text, pattern]}` | whether a text fits a regular expression as a whole |
| `{$rewrite: {text: ..., pattern: ..., to: ...}}` | the text with what the pattern finds replaced |
| `{$integer: text}` | the whole number that a text writes; absent for another text |
| `{$entry: {in: list, at: number}}` | the entry of a list at a place, counted from 0; absent beyond the end |
| `{$only: {in: list, where: {path: template}}}` | the list of the entries that meet a condition |
| `{$extract: {from: value, paths: {name: path}}}` | what stands at dotted paths of a value, by name, as texts |
| `{$pick: list}` | an entry of a list by chance, in proportion to the entries' `weight`; absent for an empty list |
| `{$csv: {text: ..., columns: [...], from: key, to: key}}` | the rows of a table, as objects: each column that |
| | an entry of `columns` names under its key `from` gives the field that stands under its key `to` |
| `{$json: value}` | the text of a value in JSON |
| `{$new: prefix}` | an id that was never given before |
| `{$unused: {resource: NAME, patterns: [...], status: 400, message: ...}}` | the first id that was never given, and |
| | that no record of the resource has: `#` stands for a digit |
| `{$opens: {from: ms, windows: [{start, end}], zone: NAME, days: [...]}}` | the first moment that lies in a window |
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tool_runtime.sandbox.addresses import VARIABLE
from tool_runtime.sandbox.answers import Refusal
from tool_runtime.values.templates import ABSENT, Operator, Operators, holds, lookup

if TYPE_CHECKING:
    from tool_runtime.sandbox.store import Store

Fill = Callable[..., Any]
_ZONE: Final = "America/Los_Angeles"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_A_WEEK: Final = 8
_INDEX: Final = re.compile(r"\[(\d+)\]")


def operators_of(store: "Store") -> Operators:
    """Return the operators over the records of a store."""
    return {
        **_PLAIN,
        "$all": _all(store),
        "$count": _count(store),
        "$new": _new(store),
        "$pick": _pick(store),
        "$unused": _unused(store),
    }


def _count(store: "Store") -> Operator:
    def count(operand: Mapping[str, Any], fill: Fill) -> int:
        return store.count(operand["resource"], fill(operand.get("when", {})))

    return count


def _all(store: "Store") -> Operator:
    def all_of(operand: Mapping[str, Any], fill: Fill) -> list[Any]:
        where = fill(operand.get("where", {}))
        # A condition whose value is absent is met by nobody, not by everybody.
        if len(where) < len(operand.get("where", {})):
            return []
        return [entry.record for entry in store.entries(operand["resource"]) if holds(where, entry.record)]

    return all_of


def _new(store: "Store") -> Operator:
    def new(prefix: str, _fill: Fill) -> str:
        return store.count_up(prefix)

    return new


def _pick(store: "Store") -> Operator:
    """Choose by the seed and by how often was chosen before: the same requests choose the same entries on every run."""

    def pick(operand: Any, fill: Fill) -> Any:
        entries = [entry for entry in _listed(fill(operand)) if isinstance(entry, dict)]
        weights = [_weight(entry.get("weight")) for entry in entries]
        if len(entries) < 2 or not sum(weights):  # noqa: PLR2004 - between two there is something to choose
            return entries[0] if entries else ABSENT
        number = store.counters["$pick"] = store.counters.get("$pick", 0) + 1
        return Random(f"{store.seed} {number}").choices(entries, weights)[0]  # noqa: S311 - no secret

    return pick


def _weight(value: Any) -> float:
    return max(0.0, float(value)) if isinstance(value, int | float) else 0.0


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


def _concat(operand: Any, fill: Fill) -> list[Any]:
    parts = operand if isinstance(operand, list) else _listed(fill(operand))
    return [entry for part in parts for entry in _listed(fill(part))]


def _merge(operand: list[Any], fill: Fill) -> dict[str, Any]:
    found = (fill(part) for part in operand)
    return {name: value for part in found if isinstance(part, Mapping) for name, value in part.items()}


def _omit(operand: Mapping[str, Any], fill: Fill) -> Any:
    value = fill(operand["from"])
    left = {name: part for name, part in value.items() if name not in operand["fields"]} if value else {}
    return left or ABSENT


def _fill_in(operand: Mapping[str, Any], fill: Fill) -> Any:
    text, values = fill(operand["text"]), _merge(operand["with"], fill)
    if not isinstance(text, str):
        return ABSENT
    return VARIABLE.sub(lambda found: _as_text(values.get(found[1], found[0])), text)


def _without(operand: Mapping[str, Any], fill: Fill) -> list[Any]:
    where = fill(operand["where"])
    return [entry for entry in _listed(fill(operand["in"])) if not holds(where, entry)]


def _only(operand: Mapping[str, Any], fill: Fill) -> list[Any]:
    where = fill(operand["where"])
    return [entry for entry in _listed(fill(operand["in"])) if holds(where, entry)]


def _entry(operand: Mapping[str, Any], fill: Fill) -> Any:
    entries, place = _listed(fill(operand["in"])), fill(operand["at"])
    return entries[place] if isinstance(place, int) and 0 <= place < len(entries) else ABSENT


def _extract(operand: Mapping[str, Any], fill: Fill) -> Any:
    value, paths = fill(operand["from"]), fill(operand["paths"])
    if not isinstance(paths, Mapping):
        return ABSENT
    steps = {name: _INDEX.sub(r".\1", str(path).removeprefix("$.")).strip(".") for name, path in paths.items()}
    found = {name: lookup(value, path) for name, path in steps.items()}
    return {name: _as_text(part) for name, part in found.items() if part is not ABSENT and part is not None}


def _csv(operand: Mapping[str, Any], fill: Fill) -> list[dict[str, str]]:
    text, columns = fill(operand["text"]), _listed(fill(operand["columns"]))
    if not isinstance(text, str):
        return []
    named = [(one[operand["from"]], one[operand["to"]]) for one in columns]
    try:
        rows = list(csv.DictReader(text.splitlines(keepends=True), restval=""))
    except csv.Error:
        return []
    return [{field: str(row[column]).strip() for column, field in named if row.get(column)} for row in rows]


def _json(operand: Any, fill: Fill) -> Any:
    value = fill(operand)
    return ABSENT if value is ABSENT else json.dumps(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
    "$merge": _merge,
    "$omit": _omit,
    "$fill_in": _fill_in,
    "$without": _without,
    "$only": _only,
    "$entry": _entry,
    "$extract": _extract,
    "$csv": _csv,
    "$json": _json,
    "$if": _if,
    "$equal": _equal,
    "$either": _either,
    "$latest": _latest,
    "$matches": _matches,
    "$rewrite": _rewrite,
    "$integer": _integer,
    "$opens": _opens,
}
OPERATORS: Final = (*_PLAIN, "$all", "$count", "$new", "$pick", "$unused")
"""The names of all operators of this module."""
