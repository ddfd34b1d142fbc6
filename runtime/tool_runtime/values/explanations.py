"""Explanations: what a validator refuses, put into words that send a caller the right way.

Owns the step from the errors of jsonschema-rs to findings. The library names each branch of a union that a value does
not fit; here one branch is chosen that the caller meant, and only what is wrong in that branch is said:

- A **tag** decides: a field with fixed values that differ among the branches. `{"type": "custom", "method": "post"}`
  is wrong in `method`, whatever else the other branches miss.
- A tag whose value no branch has is itself what is wrong; all values of all branches are allowed ones.
- Without a tag, the branch with the fewest findings is meant. Where several are equally near, only what they share is
  said, or the tag that would tell them apart.
- A value that is no object is compared with all listed values of all branches, so that a nullable enum, or one that
  may be a list, suggests the nearest value as a plain enum does.

Messages name places and accepted values and never the value itself, which may be a secret. Must not know how values
are decoded, or what a tool is.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tool_runtime.errors import Fault
from tool_runtime.values.fields import Fields, distinct, is_among
from tool_runtime.values.snapshots import type_name
from tool_runtime.values.suggestions import nearest, nearest_value

Path = tuple[str | int, ...]

_LONGEST_KEY = 200
# Comparing names takes about 20 µs a pair.
_MOST_KEYS = 100
_WORDS = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
    "pattern": "does not match the pattern {}",
    "format": "is not of the format {}",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a value. `path` leads to the place, from the value that was checked.

    `expected` holds JSON's names of the types that fit at the place, where the value is of none of these types.
    """

    path: Path
    code: str
    message: str
    nearest: str | None = None
    allowed: tuple[Any, ...] = ()
    expected: frozenset[str] = frozenset()

    def fault(self, place: str) -> Fault:
        """Return the finding as a fault of the value at `place`: path `("tasks", 0)` in `data` -> `data.tasks[0]`."""
        return Fault(place + shown(self.path), self.code, self.message, self.nearest, self.allowed)


def shown(path: Path) -> str:
    """Return a path as text to append to a place: `("tasks", 0, "to")` -> `.tasks[0].to`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step[:_LONGEST_KEY]}" for step in path)


def located(value: Any, steps: Sequence[str | int], instance: Any) -> Path:
    """Return the path inside a value that leads to `instance` and that the library means by `steps`.

    The library gives a key of digits as a number, and leaves out an empty key: for `{"1": {"": 5}, "01": "x"}`, steps
    `[1]` and instance `"x"` -> `("01",)`, and steps `[1]` and instance 5 -> `("1", "")`.
    """
    paths = list(_paths(value, steps))
    if len(paths) == 1:
        return paths[0]
    return next((path for path in paths if value_at(value, path) == instance), paths[0])


def _paths(value: Any, steps: Sequence[str | int]) -> Iterator[Path]:
    """Yield every path that the library may mean, the likely ones first."""
    if not steps:
        yield ()
    elif isinstance(value, dict):
        step = str(steps[0])
        keys = [step] if step in value else []
        if isinstance(steps[0], int):
            keys += [
                k
                for k in value
                if k != step and k.isascii() and k.removeprefix("+").lstrip("0") == (step if step != "0" else "")
            ]
        for key in keys:
            yield from ((key, *path) for path in _paths(value[key], steps[1:]))
    elif isinstance(value, list) and isinstance(steps[0], int) and steps[0] < len(value):
        yield from ((steps[0], *path) for path in _paths(value[steps[0]], steps[1:]))
    if isinstance(value, dict) and "" in value:
        yield from (("", *path) for path in _paths(value[""], steps))


def value_at(value: Any, path: Iterable[str | int]) -> Any:
    """Return what stands at a path inside a value."""
    for step in path:
        value = value[step]
    return value


@dataclass(frozen=True, slots=True)
class _Branch:
    """One branch of a union, and the library's errors of a value in that branch."""

    schema: Any
    errors: list[Any]


class Explainer:
    """Explains the errors of one value. `document` is the schema that was compiled, with the types it reaches."""

    def __init__(self, document: Any, fields: Fields, value: Any) -> None:
        self._document = document
        self._fields = fields
        self._value = value

    def findings(self, errors: Iterable[Any]) -> list[Finding]:
        """Return what is wrong, each thing once; of a value of a wrong type, only that."""
        said = {(f.path, f.code, f.message): f for error in errors for f in self._of(error)}
        found = list(said.values())
        mistyped = {finding.path for finding in found if finding.code == "type"}
        allowed = {f.path: f.allowed for f in found if f.code == "value" and f.path in mistyped and f.allowed}
        return [
            replace(f, allowed=allowed[f.path]) if f.code == "type" and f.path in allowed and not f.allowed else f
            for f in found
            if f.code != "value" or f.path not in mistyped
        ]

    def _of(self, error: Any) -> Iterator[Finding]:
        rule, path = error.kind.name, located(self._value, error.instance_path, error.instance)
        if rule in {"anyOf", "oneOf"}:
            yield from self._union(error, path)
        elif rule == "type":
            kinds = sorted(error.kind.types, key="null".__eq__)
            message = f"expected {' or '.join(kinds)}, got {type_name(value_at(self._value, path))}"
            yield Finding(path, "type", message, expected=frozenset(kinds))
        elif rule in {"enum", "const"}:
            yield self._choice(path, _listed_values(error))
        elif rule == "required":
            yield self._missing(error, path)
        elif rule in {"additionalProperties", "unevaluatedProperties"}:
            known = self._fields.names(self._holder(error))
            for name in error.kind.unexpected[:_MOST_KEYS]:
                yield Finding((*path, name), "unknown", "is not a known field", nearest(name, known))
        elif rule == "propertyNames":
            inner = error.kind.error
            yield Finding((*path, str(inner.instance)), "value", f"is no allowed key: {_worded(inner)}")
        else:
            yield Finding(path, "value", _worded(error))

    def _holder(self, error: Any) -> Any:
        """Return the schema whose keyword refused the value."""
        path = next(_paths(self._document, error.schema_path))
        return value_at(self._document, path[:-1])

    def _missing(self, error: Any, path: Path) -> Finding:
        name, holder, given = error.kind.property, self._holder(error), value_at(self._value, path)
        known, absent = self._fields.names(holder), self._fields.required(holder) - given.keys()
        # One unknown key stands for one missing name: the nearest of them.
        unknown = [key for key in given if key not in known] if known and len(given) <= _MOST_KEYS else []
        instead = [key for key in unknown if nearest(key, sorted(absent)) == name]
        message = f"is required; {instead[0][:_LONGEST_KEY]} is not a known field" if instead else "is required"
        return Finding((*path, name), "missing", message)

    def _choice(self, path: Path, allowed: tuple[Any, ...], expected: frozenset[str] = frozenset()) -> Finding:
        value = value_at(self._value, path)
        if type_name(value) not in _types_of(allowed):
            message = f"expected {listed(allowed)}, got {type_name(value)}"
            return Finding(path, "type", message, None, allowed, expected | _types_of(allowed))
        near = nearest_value(value, [v for v in allowed if isinstance(v, str)]) if isinstance(value, str) else None
        return Finding(path, "value", f"is not one of {listed(allowed)}", near, allowed, expected)

    def _union(self, error: Any, path: Path) -> Iterator[Finding]:
        branches = list(self._branches(error))
        if any(not branch.errors for branch in branches):
            yield Finding(path, "value", "fits more than one of the forms that it may have")
            return
        value = value_at(self._value, path)
        here = len(error.instance_path)
        refused = [_refused_types(branch.errors, here, value) for branch in branches]
        expected = frozenset(kind for kinds in refused for kind in kinds)
        open_branches = [branch for branch, kinds in zip(branches, refused, strict=True) if not kinds]
        if not open_branches:
            yield self._mistyped(branches, path, here, expected)
        elif all(_is_choice(branch, here, value) for branch in open_branches):
            allowed = distinct(v for branch in open_branches for e in branch.errors for v in _listed_values(e))
            yield self._choice(path, allowed + ((None,) if "null" in expected else ()), expected)
        else:
            found = self._meant(open_branches, path, value)
            # A text in the wrong form may still hold the object or list that another branch takes.
            yield from (replace(f, expected=f.expected | expected) if f.path == path else f for f in found)

    def _branches(self, error: Any) -> Iterator[_Branch]:
        """Yield the branches of a union; a branch that is nothing but a union counts as the branches of that one."""
        holder = self._holder(error)
        for schema, errors in zip(holder[error.kind.name], error.kind.context, strict=True):
            inner = errors[0] if len(errors) == 1 else None
            if (
                inner is not None
                and inner.kind.name in {"anyOf", "oneOf"}
                and inner.instance_path == error.instance_path
                and all(step == "$ref" for step in inner.evaluation_path[len(error.evaluation_path) + 1 : -1])
            ):
                yield from self._branches(inner)
            else:
                yield _Branch(schema, errors)

    def _mistyped(self, branches: list[_Branch], path: Path, here: int, expected: frozenset[str]) -> Finding:
        value = value_at(self._value, path)
        forms: dict[str, None] = {}
        allowed: list[Any] = []
        for branch in branches:
            kinds = [error for error in branch.errors if error.kind.name == "type" and _stands_at(error, here, value)]
            values = self._fields.fixed_values(branch.schema)
            allowed.extend(values)
            for form in [listed(values)] if values else kinds[0].kind.types if kinds else sorted(expected):
                forms.setdefault(form)
        message = f"expected {' or '.join(forms)}, got {type_name(value)}"
        return Finding(path, "type", message, None, distinct(allowed), expected)

    def _meant(self, branches: list[_Branch], path: Path, value: Any) -> list[Finding]:
        """Return what is wrong in the branch that the value means."""
        absent: str | None = None
        for name in self._tag_names(branches) if isinstance(value, dict) and len(branches) > 1 else ():
            tagged = [branch for branch in branches if name in self._fields.tags(branch.schema)]
            if name not in value:
                absent = name if absent is None and len(tagged) == len(branches) else absent
                continue
            fitting = [b for b in tagged if is_among(value[name], self._fields.tags(b.schema)[name])]
            branches = fitting or [branch for branch in branches if branch not in tagged]
            if not branches:
                return [self._choice((*path, name), self._tag_values(tagged, name))]
            if len(branches) == 1:
                break
        if len(branches) == 1:
            return self.findings(branches[0].errors)
        return self._nearest(branches, path, value, absent)

    def _nearest(self, branches: list[_Branch], path: Path, value: Any, absent: str | None) -> list[Finding]:
        """Return what is wrong in the nearest branch; `absent` is a tag that would decide and is not given."""
        explained = [self.findings(branch.errors) for branch in branches]
        known = [self._fields.names(branch.schema) if isinstance(value, dict) else {} for branch in branches]
        # Of two branches with as many findings, the one that knows more of the given keys is nearer.
        distances = [
            (len(found), -sum(key in names for key in value) if names else 0)
            for found, names in zip(explained, known, strict=True)
        ]
        near = [index for index, distance in enumerate(distances) if distance == min(distances)]
        certain = near[0] if len(near) == 1 else None
        if absent is not None:
            place = (*path, absent)
            if all(any(f.path == place and f.code == "missing" for f in found) for found in explained):
                likely = certain if certain is not None and distances[certain][1] < 0 else None
                return self._without_tag(branches, explained, place, likely)
        if certain is not None:
            return explained[certain]
        shared = _shared([explained[index] for index in near])
        if not shared and all(len(explained[index]) == 1 and explained[index][0].code == "missing" for index in near):
            names = " or ".join(dict.fromkeys(str(explained[index][0].path[-1]) for index in near))
            return [Finding((*path, names), "missing", "one of them is required")]
        return shared or explained[near[0]]

    def _without_tag(
        self, branches: list[_Branch], explained: list[list[Finding]], place: Path, likely: int | None
    ) -> list[Finding]:
        """Return that a tag is missing, and what is wrong in the likely branch, or else in every branch."""
        name = str(place[-1])
        values = self._tag_values(branches, name)
        fixed = self._tag_values([branches[likely]], name) if likely is not None else ()
        near = fixed[0] if len(fixed) == 1 and isinstance(fixed[0], str) else None
        others = _shared(explained) if likely is None else explained[likely]
        tag = Finding(place, "missing", f"is required: one of {listed(values)}", near, values)
        return [tag, *(finding for finding in others if finding.path != place)]

    def _tag_names(self, branches: list[_Branch]) -> list[str]:
        """Return the fields whose fixed values tell branches apart, best first: those that tell the most apart."""
        tags = [self._fields.tags(branch.schema) for branch in branches]
        ranks: dict[str, tuple[int, int]] = {}
        for name in dict.fromkeys(name for known in tags for name in known):
            having = [known[name] for known in tags if name in known]
            kinds = len({json.dumps(values) for values in having})
            if kinds > 1:
                ranks[name] = (-len(having), -kinds)
        return sorted(ranks, key=lambda name: ranks[name])

    def _tag_values(self, branches: list[_Branch], name: str) -> tuple[Any, ...]:
        return distinct(value for branch in branches for value in self._fields.tags(branch.schema).get(name, ()))


def listed(values: Iterable[Any], most: int = 12) -> str:
    """Return values as text for a message: `("a", None)` -> `"a", null`."""
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def _shared(explained: list[list[Finding]]) -> list[Finding]:
    return [finding for finding in explained[0] if all(finding in other for other in explained[1:])]


def _listed_values(error: Any) -> tuple[Any, ...]:
    if error.kind.name == "enum":
        return tuple(error.kind.options)
    return (error.kind.expected_value,) if error.kind.name == "const" else ()


def _types_of(values: Iterable[Any]) -> frozenset[str]:
    names = frozenset(map(type_name, values))
    return names | {"integer", "number"} if names & {"integer", "number"} else names


def _stands_at(error: Any, here: int, value: Any) -> bool:
    """Tell whether an error of a branch is one of the union's value, `here` steps inside, and not of a part of it."""
    return len(error.instance_path) == here and (not isinstance(value, dict) or error.instance == value)


def _is_choice(branch: _Branch, here: int, value: Any) -> bool:
    return all(e.kind.name in {"enum", "const"} and _stands_at(e, here, value) for e in branch.errors)


def _refused_types(errors: Iterable[Any], here: int, value: Any) -> frozenset[str]:
    """Return the types that errors of a value, `here` steps inside, ask for, where its type is what they refuse."""
    asked: set[str] = set()
    for error in errors:
        if not _stands_at(error, here, value):
            continue
        rule = error.kind.name
        if rule == "type":
            asked.update(error.kind.types)
        elif rule in {"enum", "const"} and type_name(value) not in (kinds := _types_of(_listed_values(error))):
            asked.update(kinds)
        elif rule in {"anyOf", "oneOf"}:
            inner = [_refused_types(branch, here, value) for branch in error.kind.context]
            if all(inner):
                asked.update(kind for kinds in inner for kind in kinds)
    return frozenset(asked)


def _worded(error: Any) -> str:
    rule, limit = error.kind.name, getattr(error.kind, "value", None)
    if rule in {"minLength", "minItems", "minProperties"} and limit == 1:
        return "must not be empty"
    if rule == "uniqueItems":
        return "must not hold the same item twice"
    if rule == "falseSchema":
        return "is not allowed here"
    words = _WORDS.get(rule)
    if words is not None and isinstance(limit, str | int | float):
        return words.format(limit)
    return f"does not satisfy {rule}" + (f": {json.dumps(limit, default=str)[:200]}" if limit is not None else "")
