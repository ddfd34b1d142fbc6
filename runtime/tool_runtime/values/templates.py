"""Templates: JSON in which strings stand for values, for shapes, steps, recipes, the sandbox and the demo alike.

Owns the notation of the spec, its conditions, and dotted paths into JSON. Knows nothing of tools.

| template | value |
|---|---|
| `"$name.path.0.to"` | what the name holds there; a key or list entry whose reference is absent is dropped |
| `"$"`, `"$.path"` | the value that is shaped, or a part of it |
| `"text ${name.path} text"` | the text with the value in it; absent when the value is |
| `"$$text"` | the text `$text` |
| `{$first: [a, b]}` | the first that is present and not null |
| `{$sum: [a, b]}`, `{$minus: [a, b]}`, `{$times: [a, b]}` | arithmetic, to six decimals |

In a path `*` gathers what the rest of the path leads to in every entry of a list. The operands of an operator are a
list of templates, or one template whose value is a list. Whoever fills templates may add operators of their own, as
the sandbox does.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ABSENT: Any = object()
Operator = Callable[[Any, Callable[..., Any]], Any]
Operators = Mapping[str, Operator]
"""Operators by name. Each gets its operand, unfilled, and what fills a template: `fill(template)`, or
`fill(template, {"name": value})` with further names."""

_REFERENCE = re.compile(r"\$([A-Za-z_][\w.\-*]*|\.[\w.\-*]+|)")
_INTERPOLATION = re.compile(r"\$\{([^}]+)\}")
_DECIMALS = 6


def lookup(value: Any, path: str) -> Any:
    """Follow a dotted path through objects and lists; `ABSENT` where it leads nowhere. An empty path is the value.

    Example: `lookup({"rows": [{"id": 1}, {"id": 2}]}, "rows.*.id")` is `[1, 2]`.
    """
    return _follow(value, path.split(".")) if path else value


def _follow(value: Any, parts: list[str]) -> Any:
    for position, part in enumerate(parts):
        if isinstance(value, Mapping):
            value = value.get(part, ABSENT)
        elif isinstance(value, list) and part == "*":
            reached = (_follow(entry, parts[position + 1 :]) for entry in value)
            return [entry for entry in reached if entry is not ABSENT]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def assign(target: dict[str, Any], path: str, value: Any) -> None:
    """Set a dotted path in an object, making the objects on the way: `assign({}, "a.b", 1)` makes `{"a": {"b": 1}}`."""
    *parents, last = path.split(".")
    for part in parents:
        target = target.setdefault(part, {})
    target[last] = value


def expand(template: Any, names: Mapping[str, Any], operators: Operators | None = None) -> Any:
    """Fill a template. `names` maps names to values, with the shaped value under the empty name.

    Example: `expand({"id": "$llm.llm_id", "note": "for ${who}"}, {"llm": {"llm_id": "1"}, "who": "Ada"})` is
    `{"id": "1", "note": "for Ada"}`. `operators` are known beside those of this module.
    """
    if isinstance(template, str):
        return _expand_text(template, names) if "$" in template else template
    if isinstance(template, Mapping):
        if len(template) == 1:
            ((key, operand),) = template.items()
            operator = _OPERATORS.get(key) or (operators or {}).get(key)
            if operator is not None:
                return operator(operand, lambda part, more=None: expand(part, {**names, **(more or {})}, operators))
        filled = ((key, expand(part, names, operators)) for key, part in template.items())
        return {key: value for key, value in filled if value is not ABSENT}
    if isinstance(template, list):
        return [value for value in (expand(part, names, operators) for part in template) if value is not ABSENT]
    return template


def _expand_text(text: str, names: Mapping[str, Any]) -> Any:
    if text.startswith("$$"):
        return text[1:]
    path = referred(text)
    if path is not None:
        # A reference without a name is the shaped value, which stands under the empty name.
        return lookup(names, path) if path else names[""]
    values = [lookup(names, path) for path in _INTERPOLATION.findall(text)]
    if ABSENT in values:
        return ABSENT
    given = iter(values)
    return _INTERPOLATION.sub(lambda _: _as_text(next(given)), text)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else f"{value}"


def referred(template: Any) -> str | None:
    """Return the path of a template that is one reference, or None for every other template.

    Example: `"$call.id"` gives `call.id`, `"$"` an empty text, and `"$5.00"` None.
    """
    match = _REFERENCE.fullmatch(template) if isinstance(template, str) else None
    return match[1] if match else None


def references(template: Any) -> Iterator[str]:
    """Yield the paths that a template refers to: `{"a": "$x.y", "b": ["for ${z}"]}` gives `x.y` and `z`."""
    if isinstance(template, str):
        path = referred(template)
        if path is not None:
            yield path
        elif not template.startswith("$$"):
            yield from _INTERPOLATION.findall(template)
    elif isinstance(template, Mapping | list):
        for part in template.values() if isinstance(template, Mapping) else template:
            yield from references(part)


def holds(when: Mapping[str, Any], record: Any) -> bool:
    """Say whether a record meets a condition.

    `when` maps dotted paths to a value, a list of allowed values, or `{present: true}` / `{present: false}`.
    """
    return all(_meets(lookup(record, path), wanted) for path, wanted in when.items())


def _meets(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        return bool((value is not ABSENT) == wanted["present"])
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _first(operands: list[Any], fill: Callable[..., Any]) -> Any:
    values = (fill(operand) for operand in operands)
    return next((value for value in values if value is not ABSENT and value is not None), ABSENT)


def _arithmetic(combine: Callable[[list[float]], float]) -> Operator:
    def operator(operands: Any, fill: Callable[..., Any]) -> Any:
        numbers = [fill(operand) for operand in operands] if isinstance(operands, list) else fill(operands)
        if not isinstance(numbers, list) or not all(isinstance(number, int | float) for number in numbers):
            return ABSENT
        result = round(combine(numbers), _DECIMALS)
        return int(result) if result == int(result) else result

    return operator


_OPERATORS: Operators = {
    "$first": _first,
    "$sum": _arithmetic(sum),
    "$minus": _arithmetic(lambda numbers: numbers[0] - sum(numbers[1:])),
    "$times": _arithmetic(math.prod),
}
OPERATORS = tuple(_OPERATORS)
"""The names of the operators that every template has."""
