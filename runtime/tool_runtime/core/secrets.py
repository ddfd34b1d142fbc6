"""Secret values among arguments: finding them by what the spec marks `secret: true`, at any depth.

Owns the two uses: masking for dry runs, and listing, so that an error in which the other side repeats one does not show
it. API keys are not its business; they never are arguments.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tool_runtime.core.registry import type_name_of

MASK = "***"
# A shorter one is a common word or digit: replacing it would spoil the text and hide nothing.
SHORTEST = 4


class Secret:
    """A key. Only `reveal` gives it away; `repr`, `str` and formats show a mask."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for the one place that sends it."""
        return self._value

    def hide(self, text: str) -> str:
        """Return the text without the key."""
        return text.replace(self._value, "***")

    def __repr__(self) -> str:
        """Show a mask."""
        return "Secret(***)"

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled, which would write the key down."""
        message = "a key is not pickled"
        raise TypeError(message)


def mask(value: Any, schema: Mapping[str, Any], types: Mapping[str, Any], *, secret: bool = False) -> Any:
    """Return the value with its secret parts masked."""
    parts = list(_parts(schema, types))
    if secret or any(part.get("secret") for part in parts):
        return MASK
    if isinstance(value, Mapping):
        return {key: _masked_field(key, inner, parts, types) for key, inner in value.items()}
    if isinstance(value, list):
        items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
        return [mask(inner, {"allOf": items}, types) for inner in value]
    return value


def secret_texts(value: Any, masked: Any) -> Iterator[str]:
    """Yield the texts that stand in a value where its masked twin has a mask."""
    if masked == MASK and value != MASK:
        yield from _texts(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from secret_texts(inner, masked[key])
    elif isinstance(value, list):
        for inner, twin in zip(value, masked, strict=True):
            yield from secret_texts(inner, twin)


def _masked_field(key: str, value: Any, parts: list[Mapping[str, Any]], types: Mapping[str, Any]) -> Any:
    schemas = [part["properties"][key] for part in parts if key in part.get("properties", {})]
    if not schemas:
        schemas = [
            part["additionalProperties"] for part in parts if isinstance(part.get("additionalProperties"), Mapping)
        ]
    return mask(value, {"allOf": schemas}, types)


def _parts(schema: Any, types: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all that it is made of, on the same level; a type that refers to itself is entered once."""
    pending, seen = [schema], set()
    while pending:
        part = pending.pop()
        if not isinstance(part, Mapping):
            continue
        yield part
        for keyword in ("allOf", "anyOf", "oneOf"):
            pending.extend(part.get(keyword, ()))
        name = type_name_of(part)
        if name and name not in seen:
            seen.add(name)
            pending.append(types.get(name))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= SHORTEST:
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)
