"""Which alternatives of two unions belong together, and the names of alternatives in paths.

The objects of a union are matched by their tags (fields with few allowed values, such as `type`), else by the number
of field names that they share. If one side has one object and the other side several, the several are taken together.
This module must not know what the differences between a pair mean.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tool_generator.model.schemas import Branch, Schemas, View

_TAG_FIELDS = ("type", "kind", "role", "op", "object", "event", "name")
_LEAST = 0.25
_OF_NEED = 0.01
_MOST_TAG_VALUES = 8


def paired(
    one_schemas: Schemas, one: Sequence[Branch], other_schemas: Schemas, other: Sequence[Branch]
) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
    """Pair the objects of two unions. Give the pairs, and the objects without a partner on either side.

    Example: `[{type=cat}, {type=dog}]` and `[{type=dog}]` give one pair of dogs; the cat is left on the first side.
    """
    if len(one) == 1 and len(other) == 1:
        return [(one[0], other[0])], [], []
    tags = [tags_of(one_schemas, branch) for branch in one]
    other_tags = [tags_of(other_schemas, branch) for branch in other]
    scores = sorted(
        (-score, row, column)
        for row, branch in enumerate(one)
        for column, candidate in enumerate(other)
        if (score := _likeness(branch, tags[row], candidate, other_tags[column])) >= _LEAST
    )
    partners: dict[int, int] = {}
    for _, row, column in scores:
        if row not in partners and column not in partners.values():
            partners[row] = column
    rows: dict[int, list[int]] = {row: [row] for row in partners}
    columns: dict[int, list[int]] = {row: [column] for row, column in partners.items()}
    taken = set(partners.values())
    # An object without a partner of its own joins the nearest pair, if the tags allow this.
    for _, row, column in scores:
        if column not in taken and row in partners and not _is_another(tags[row], other_tags, partners[row], column):
            columns[row].append(column)
            taken.add(column)
    owner = {column: row for row, column in partners.items()}
    joined = set(partners)
    for _, row, column in scores:
        if row not in joined and column in owner:
            rows[owner[column]].append(row)
            joined.add(row)
    pairs = [
        (
            one_schemas.united(one[index] for index in rows[row]),
            other_schemas.united(other[index] for index in columns[row]),
        )
        for row in sorted(partners)
    ]
    left = [branch for row, branch in enumerate(one) if row not in joined]
    right = [branch for column, branch in enumerate(other) if column not in taken]
    return pairs, left, right


def _is_another(
    mine: dict[str, frozenset[str]], theirs: Sequence[dict[str, frozenset[str]]], partner: int, column: int
) -> bool:
    """Say whether an object is another one than the one whose partner has just the fixed values that it lacks."""
    fixed, met, other = (
        {name: values for name, values in tags.items() if len(values) == 1}
        for tags in (mine, theirs[partner], theirs[column])
    )
    return bool(fixed) and fixed == met and other != fixed


def tags_of(schemas: Schemas, branch: Branch) -> dict[str, frozenset[str]]:
    """Give the fields of an object that have few allowed values, with these values.

    Example: an object with `type: {const: cat}` and `age: {type: integer}` gives `{"type": {'"cat"'}}`.
    """
    found = {}
    for name, node in branch.properties.items():
        view = schemas.view(node)
        values = [values for values in view.values.values() if values is not None]
        if not view.is_any and len(values) == len(view.kinds) == 1 and len(values[0]) <= _MOST_TAG_VALUES:
            found[name] = values[0]
    return found


def _likeness(
    one: Branch, tags: dict[str, frozenset[str]], other: Branch, other_tags: dict[str, frozenset[str]]
) -> float:
    """Say how alike two objects are; negative if a tag separates them."""
    score = 0.0
    for name, values in tags.items():
        if name not in other_tags:
            continue
        common = values & other_tags[name]
        if not common and name in one.required | other.required:
            return -1.0
        if name in one.required & other.required:
            score += len(common) / len(values | other_tags[name])
    names, other_names = one.properties.keys() | one.required, other.properties.keys() | other.required
    if names or other_names:
        score += len(names & other_names) / len(names | other_names)
    else:
        score += 1.0
    # Alternatives may differ in nothing but what they require.
    return score + _OF_NEED * (one.required == other.required)


def label(schemas: Schemas, branch: Branch) -> str:
    """Give the name of an alternative in paths: `{type=end_call}`; an empty text if the alternative has no tag."""
    tags = {name: values for name, values in tags_of(schemas, branch).items() if len(values) == 1}
    for name in [*_TAG_FIELDS, *sorted(tags)]:
        if name in tags:
            return f"{{{name}={json.loads(next(iter(tags[name])))}}}"
    return ""


def described(view: View) -> str:
    """Say in a few words what a schema admits: `string or null`, `array`, `any`."""
    if view.is_any:
        return "any"
    words = sorted(view.kinds) + (["null"] if view.is_nullable else [])
    return " or ".join(words) or "nothing"
