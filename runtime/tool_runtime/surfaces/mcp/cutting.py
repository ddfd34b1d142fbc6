"""Cutting: a result that fits a limit of bytes, cut at the borders of elements and never inside JSON.

Lists lose items at their end, long texts lose lines at their end, and objects keep their fields as long as there is
room. What was left out is noted with the place, so that a reader knows that there is more and how to get the rest. Must
not know: tools.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Room that a cut text or list takes at least; below that, showing a piece says nothing.
SMALLEST_PIECE = 64


@dataclass(frozen=True, slots=True)
class Cut:
    """What was left out at one place: `kept` of `total` items, characters or fields."""

    path: str
    what: str
    kept: int
    total: int

    def to_dict(self) -> dict[str, Any]:
        """Return the cut as JSON."""
        return {"path": self.path, "kept": self.kept, "of": self.total, "unit": self.what}


def size_of(value: Any) -> int:
    """Return how many bytes of JSON a value is."""
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))


def cut(value: Any, limit: int, path: str = "data") -> tuple[Any, list[Cut]]:
    """Return a value of at most `limit` bytes of JSON, and what was left out.

    Example: `cut([1, 2, 3], 6)` -> `([1, 2], [Cut("data", "items", 2, 3)])`.
    """
    if size_of(value) <= limit:
        return value, []
    if isinstance(value, str):
        return _text(value, limit, path)
    if isinstance(value, list):
        return _list(value, limit, path)
    if isinstance(value, Mapping):
        return _object(value, limit, path)
    return value, []


def _text(value: str, limit: int, path: str) -> tuple[str, list[Cut]]:
    kept = value.encode("utf-8", "replace")[: max(0, limit - 2)].decode("utf-8", "ignore")
    # Escapes make JSON longer than the text: a text of line breaks is twice as long.
    while kept and size_of(kept) > limit:
        kept = kept[: len(kept) * limit // size_of(kept) - 1] if len(kept) > 1 else ""
    border = max(kept.rfind("\n"), kept.rfind(" ") if "\n" not in kept else -1)
    if border > len(kept) // 2:
        kept = kept[:border]
    return kept, [Cut(path, "characters", len(kept), len(value))]


def _list(value: list[Any], limit: int, path: str) -> tuple[list[Any], list[Cut]]:
    room = limit - 2
    kept: list[Any] = []
    cuts: list[Cut] = []
    for item in value:
        needed = size_of(item) + 2
        if needed > room:
            break
        kept.append(item)
        room -= needed
    if not kept and value and room > SMALLEST_PIECE:
        # One item that is too long by itself is shown in part, so that a reader sees something of the list.
        first, cuts = cut(value[0], room, f"{path}[0]")
        kept = [first] if size_of(first) <= room else []
        cuts = cuts if kept else []
    if len(kept) < len(value):
        cuts = [Cut(path, "items", len(kept), len(value)), *cuts]
    return kept, cuts


def _object(value: Mapping[str, Any], limit: int, path: str) -> tuple[dict[str, Any], list[Cut]]:
    """Give small fields all that they need, and share the rest among the large ones."""
    sizes = {name: size_of(inner) for name, inner in value.items()}
    names = {name: size_of(name) + 4 for name in value}
    room = limit - 2
    kept_names: list[str] = []
    for name in sorted(value, key=lambda one: sizes[one]):
        least = names[name] + min(sizes[name], SMALLEST_PIECE)
        if least > room:
            continue
        kept_names.append(name)
        room -= least
    share = _shares({name: sizes[name] for name in kept_names}, limit - 2 - sum(names[name] for name in kept_names))
    found: dict[str, Any] = {}
    cuts: list[Cut] = []
    for name in value:
        if name in share:
            inner, inner_cuts = cut(value[name], share[name], f"{path}.{name}")
            if size_of(inner) <= share[name]:
                found[name] = inner
                cuts += inner_cuts
    if len(found) < len(value):
        cuts.append(Cut(path, "fields", len(found), len(value)))
    return found, cuts


def _shares(sizes: Mapping[str, int], room: int) -> dict[str, int]:
    """Return how many bytes each field gets: `({"a": 10, "b": 900, "c": 900}, 410)` -> a 10, b 200, c 200."""
    shares: dict[str, int] = {}
    waiting = sorted(sizes, key=lambda name: sizes[name])
    while waiting:
        fair = room // len(waiting)
        name = waiting.pop(0)
        shares[name] = min(sizes[name], fair)
        room -= shares[name]
    return shares
