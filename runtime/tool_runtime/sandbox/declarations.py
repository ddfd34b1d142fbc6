"""The small language in which resources are declared: references, templates, conditions.

Owns: what `${name.path}` inside a text, the operators and `when` maps mean; the rest is the templates of the
spec.
Must not know: requests, records, stores; it sees plain JSON values and a `Scope` of names.

| template | value |
|---|---|
| `"$name.path.0.to"` | what the name holds there; a key whose reference is absent is dropped |
| `"text ${name.path} text"` | the text with the value in it; absent when the value is |
| `"$$text"` | the text `$text` |
| `{$first: [a, b]}` | the first that is present |
| `{$sum: [a, b]}`, `{$minus: [a, b]}`, `{$times: [a, b]}` | arithmetic, to six decimals |
| `{$count: {resource: NAME, when: {...}}}` | how many records of a resource meet a condition |
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tool_runtime.core.templates import ABSENT

_INTERPOLATION: Final = re.compile(r"\$\{([^}]+)\}")
_REFERENCE: Final = re.compile(r"\$([A-Za-z_][\w.\-*]*)")
_DECIMALS: Final = 6


def _count_nothing(_resource: str, _when: Mapping[str, Any]) -> int:
    return 0


@dataclass(slots=True)
class Scope:
    """The names that a template may use, and how records are counted."""

    names: dict[str, Any]
    count: Callable[[str, Mapping[str, Any]], int] = field(default=_count_nothing)

    def get(self, reference: str) -> Any:
        """Return what `name.path` holds, or ABSENT."""
        name, *path = reference.split(".")
        return dig(self.names.get(name, ABSENT), path)


def dig(value: Any, path: list[str]) -> Any:
    """Follow keys and list indexes; `*` gathers what the rest of the path finds in every entry of a list."""
    for position, part in enumerate(path):
        if isinstance(value, Mapping):
            value = value.get(part, ABSENT)
        elif isinstance(value, list) and part == "*":
            found = (dig(entry, path[position + 1 :]) for entry in value)
            return [entry for entry in found if entry is not ABSENT]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def dig_path(value: Any, path: str) -> Any:
    """`dig` with a dotted path; the empty path is the value itself."""
    return dig(value, path.split(".") if path else [])


def put_path(target: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for part in parents:
        target = target.setdefault(part, {})
    target[last] = value


def fill(template: Any, scope: Scope) -> Any:
    """Return the value that a template has in a scope, or ABSENT."""
    if isinstance(template, str):
        return _fill_text(template, scope)
    if isinstance(template, list):
        return [value for value in (fill(entry, scope) for entry in template) if value is not ABSENT]
    if isinstance(template, Mapping):
        if len(template) == 1:
            ((key, operand),) = template.items()
            operator = _OPERATORS.get(key)
            if operator:
                return operator(operand, scope)
        filled = ((key, fill(entry, scope)) for key, entry in template.items())
        return {key: value for key, value in filled if value is not ABSENT}
    return template


def _fill_text(text: str, scope: Scope) -> Any:
    if text.startswith("$$"):
        return text[1:]
    if match := _REFERENCE.fullmatch(text):
        return scope.get(match[1])
    values = [scope.get(reference) for reference in _INTERPOLATION.findall(text)]
    if ABSENT in values:
        return ABSENT
    given = iter(values)
    return _INTERPOLATION.sub(lambda _match: _as_text(next(given)), text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value}"


def _first(operands: list[Any], scope: Scope) -> Any:
    for operand in operands:
        value = fill(operand, scope)
        if value is not ABSENT and value is not None:
            return value
    return ABSENT


def _arithmetic(combine: Callable[[list[float]], float]) -> Callable[[list[Any], Scope], Any]:
    def operator(operands: list[Any], scope: Scope) -> Any:
        numbers = [fill(operand, scope) for operand in operands]
        if not all(isinstance(number, int | float) for number in numbers):
            return ABSENT
        result = round(combine(numbers), _DECIMALS)
        return int(result) if result == int(result) else result

    return operator


def _count(operand: Mapping[str, Any], scope: Scope) -> Any:
    return scope.count(operand["resource"], operand.get("when", {}))


_OPERATORS: Final[dict[str, Callable[[Any, Scope], Any]]] = {
    "$first": _first,
    "$sum": _arithmetic(sum),
    "$minus": _arithmetic(lambda numbers: numbers[0] - sum(numbers[1:])),
    "$times": _arithmetic(math.prod),
    "$count": _count,
}


def holds(when: Mapping[str, Any], record: Any) -> bool:
    """Say whether a record meets a condition.

    `when` maps dotted paths to a value, a list of allowed values, or `{present: true}` / `{present: false}`.
    """
    return all(_meets(dig_path(record, path), wanted) for path, wanted in when.items())


def _meets(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return bool((value is not ABSENT) == wanted["present"])
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)
