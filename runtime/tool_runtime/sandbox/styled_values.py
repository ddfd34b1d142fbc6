"""Reading values back from the texts that travel: the inverse of `core.styles`, typed by the schema of the field.

Owns how a list and an object come apart again in a query, a form, a path, a header and a cookie. A text becomes the
JSON that the schema allows; a text that fits nothing stays a text, so that a check can name the fault. Must not know:
which fields a tool has, what is required.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from tool_runtime.sandbox.samples import Schemas

ABSENT: Final = object()
"""What reading gives where no text belongs to the field."""

Pairs = Sequence[tuple[str, str]]

_INTEGER: Final = re.compile(r"-?[0-9]{1,400}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STEP: Final = re.compile(r"\[([^\[\]]*)\]")
_DELIMITERS: Final = {"comma": ",", "spaces": " ", "pipes": "|"}
_DEEPEST: Final = 40


def read_json(text: str | bytes) -> Any:
    """Read JSON as the standard has it: without NaN, and without numbers that no reply could repeat, such as 1e999."""
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def decode_text(text: str, kinds: Collection[str]) -> Any:
    """Turn a text into the JSON that the types `kinds` allow: `"12"` and `{"integer"}` give 12."""
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


class StyledValues:
    """Reads values by the schemas of one registry."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def from_pairs(self, name: str, schema: Any, style: str, pairs: Pairs) -> Any:
        """Read one field of a query or a form from the decoded pairs, or `ABSENT`.

        Example: `a` with the style `deep` and the pairs `a[x]=1`, `a[y][]=2` is `{"x": 1, "y": [2]}` by its schema.
        """
        own = [text for key, text in pairs if key == name]
        is_list, is_object = self._shape(schema)
        if style == "json" and own:
            return self._json(own[-1], schema)
        if style in _DELIMITERS:
            if own and is_list:
                return self.typed(own[-1].split(_DELIMITERS[style]), schema)
            if own and is_object:
                return self.typed(_couples(own[-1].split(_DELIMITERS[style])), schema)
        if style == "keys" and is_object and not is_list:
            return self._spread(schema, pairs)
        is_bracketed = style in {"brackets", "deep"} and (is_list or is_object)
        if own and not is_bracketed:
            return self.typed(own if is_list else own[-1], schema)
        # A list without a style has one text for each item, unless the items are lists or objects themselves.
        nested = _nested(name, pairs) if is_bracketed or is_object or (is_list and self._is_deep(schema)) else {}
        return self.typed(nested, schema) if nested else ABSENT

    def owns(self, name: str, schema: Any, style: str, given: str) -> bool:
        """Say whether a name of the query or of a form belongs to a field: `a[x]` belongs to the object `a`."""
        is_list, is_object = self._shape(schema)
        if style == "keys" and is_object:
            return given in self._schemas.properties(schema)
        is_plain = style not in {"brackets", "deep"} or not (is_list or is_object)
        if given == name:
            return is_plain
        return (not is_plain or is_object or (is_list and self._is_deep(schema))) and given.startswith(f"{name}[")

    def _is_deep(self, schema: Any) -> bool:
        return True in self._shape(_items(self._branches(schema)))

    def _spread(self, schema: Any, pairs: Pairs) -> Any:
        """Read an object whose fields stand in the query by their own names."""
        known = self._schemas.properties(schema)
        values = {name: self.from_pairs(name, known[name], "", pairs) for name in known}
        found = {name: value for name, value in values.items() if value is not ABSENT}
        return found or ABSENT

    def from_text(self, text: str, schema: Any, style: str, *, explode: bool, name: str = "") -> Any:
        """Read one field of a path, a header or a cookie.

        Example: `;ids=1;ids=2` with the style `matrix`, exploded, is `[1, 2]` for a list of integers.
        """
        is_list, is_object = self._shape(schema)
        if style == "json":
            return self._json(text, schema)
        joint = ","
        if style == "label":
            text, joint = text.removeprefix("."), "." if explode else ","
        elif style == "matrix":
            text, joint = text.removeprefix(";"), ";" if explode else ","
            if not explode or not (is_list or is_object):
                text = text.removeprefix(f"{name}=")
        if not (is_list or is_object):
            return self.typed(text, schema)
        parts = text.split(joint) if text else []
        if is_list and not (is_object and explode):
            is_named = style == "matrix" and explode
            return self.typed([part.removeprefix(f"{name}=") if is_named else part for part in parts], schema)
        if explode:
            return self.typed(dict(part.partition("=")[::2] for part in parts), schema)
        return self.typed(_couples(parts), schema)

    def from_part(self, value: Any, schema: Any, style: str) -> Any:
        """Read one field of multipart: texts as JSON where the schema has lists or objects; files stay as they are."""
        is_list, is_object = self._shape(schema)
        if is_list and style == "repeat":
            rows = value if isinstance(value, list) else [value]
            item = _items(self._branches(schema))
            return [self.from_part(row, item, "") for row in rows]
        if not isinstance(value, str):
            return value
        return self._json(value, schema) if is_list or is_object else self.typed(value, schema)

    def typed(self, value: Any, schema: Any) -> Any:
        """Give texts the types of a schema, at every depth; a lone text where a list is expected is its one item."""
        return self._typed(value, schema, 0)

    def _typed(self, value: Any, schema: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            return value
        branches = self._branches(schema)
        kinds = {kind for branch in branches for kind in _kinds(branch)}
        if isinstance(value, Mapping):
            if "array" in kinds and "object" not in kinds:
                value = _listed(value)
            else:
                known = self._schemas.properties(schema)
                rest = next((one["additionalProperties"] for one in branches if "additionalProperties" in one), None)
                return {key: self._typed(part, known.get(key, rest), depth + 1) for key, part in value.items()}
        if isinstance(value, list):
            item = _items(branches)
            return [self._typed(part, item, depth + 1) for part in value]
        if "array" in kinds and len(kinds - {"null"}) == 1:
            return [self._typed(value, _items(branches), depth + 1)]
        return decode_text(value, kinds)

    def _json(self, text: str, schema: Any) -> Any:
        try:
            return read_json(text)
        except (ValueError, RecursionError):
            return decode_text(text, {kind for branch in self._branches(schema) for kind in _kinds(branch)})

    def _branches(self, schema: Any) -> list[Mapping[str, Any]]:
        return list(self._schemas.branches(schema)) if isinstance(schema, Mapping) else []

    def _shape(self, schema: Any) -> tuple[bool, bool]:
        """Say whether a schema has lists, and whether it has objects."""
        kinds = {kind for branch in self._branches(schema) for kind in _kinds(branch)}
        return "array" in kinds, "object" in kinds


def _kinds(branch: Mapping[str, Any]) -> Iterator[str]:
    declared = branch.get("type", ())
    yield from [declared] if isinstance(declared, str) else declared
    if not declared and "properties" in branch:
        yield "object"
    if not declared and "items" in branch:
        yield "array"


def _items(branches: Iterable[Mapping[str, Any]]) -> Any:
    """Give the schema of the items of a list; None if nothing describes the items."""
    return next((branch["items"] for branch in branches if "items" in branch), None)


def _couples(parts: Sequence[str]) -> dict[str, str]:
    """Pair names with values: `["x", "1", "y", "2"]` -> `{"x": "1", "y": "2"}`."""
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _listed(value: Any) -> list[Any]:
    """Give the items of a list that was read as an object of numbers: `{"0": "a", "1": "b"}` -> `["a", "b"]`."""
    if not isinstance(value, Mapping):
        return list(value)
    keys: Iterable[str] = value
    if all(key.isdecimal() for key in keys):
        keys = sorted(value, key=int)
    return [value[key] for key in keys]


def _nested(name: str, pairs: Pairs) -> Any:
    """Build the object that names in brackets describe: `a[x][]=1` -> `{"x": ["1"]}`; a list for `a[]=1`."""
    root: dict[str, Any] = {}
    for key, text in pairs:
        rest = key[len(name) :]
        steps = _STEP.findall(rest)
        if key.startswith(f"{name}[") and steps and "".join(f"[{step}]" for step in steps) == rest:
            _put(root, ["", *steps][: _DEEPEST + 1], text)
    return root.get("", {})


def _put(holder: dict[str, Any], steps: list[str], text: str) -> None:
    for step, following in pairwise(steps):
        below = holder.get(step)
        if following == "":
            # What stands behind the brackets of a list, such as a name, has no item of its own to go to.
            if not isinstance(below, list):
                below = holder[step] = []
            below.append(text)
            return
        if not isinstance(below, dict):
            below = holder[step] = {}
        holder = below
    holder[steps[-1]] = text
