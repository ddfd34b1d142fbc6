"""Nearest right names and values, for every surface that has to say what was probably meant."""

from collections.abc import Iterable

_CUTOFF = 0.6
# One wrong letter in eight, or one letter too many or too few in five.
_SLIP = 0.875
# Nobody types a longer name; comparing takes time that grows with the square of the length.
_LONGEST = 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that comes closest, or None where nothing comes near: `agnt_id` -> `agent_id`."""
    matches = nearest_names(name, known, 1)
    return matches[0] if matches else None


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return up to `count` near names, best first. Capitals do not count, nor do `-`, blank and `_` against each other.

    Of two names that are equally near, the one that begins in the same way is the better one: `gpt-4o` -> `gpt-4.1`
    before `gpt-5.4`.
    """
    # difflib is needed only once something is wrong; importing it at the start would be paid by every process.
    from difflib import SequenceMatcher

    meant = _folded(name)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(meant)
    found: dict[str, tuple[float, int, str]] = {}
    for candidate in known:
        text = _folded(candidate)
        matcher.set_seq1(text)
        if text not in found and matcher.real_quick_ratio() >= _CUTOFF and matcher.quick_ratio() >= _CUTOFF:
            ratio = matcher.ratio()
            if ratio >= _CUTOFF:
                found[text] = (-ratio, -_common_start(text, meant), candidate)
    # Sorting keeps the given order of what is equally near.
    return tuple(candidate for _, _, candidate in sorted(found.values(), key=lambda entry: entry[:2])[:count])


def nearest_value(value: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed value that comes closest, or None. A value may be the first words of the right one.

    `asending` -> `ascending`, `POST` for `post`, and for `en` the first of `en-US` and `en-GB`.
    """
    known = list(allowed)
    start = f"{_folded(value)}_"
    longer = next((candidate for candidate in known if _folded(candidate).startswith(start)), None)
    return nearest(value, known) or longer


def nearly(name: str, known: Iterable[str]) -> str | None:
    """Return the known name of which a name is a slip of the pen, or None: `from_nubmer` is nearly `from_number`.

    Stricter than `nearest`, since a new name of an API may well resemble a known one: `agent_tags` is not `agent_name`.
    """
    near = nearest(name, known)
    if near is None or name == near:
        return None
    from difflib import SequenceMatcher

    meant, right = _folded(name), _folded(near)
    is_slip = sorted(meant) == sorted(right) or SequenceMatcher(None, meant, right, autojunk=False).ratio() >= _SLIP
    return near if is_slip else None


def _folded(name: str) -> str:
    return name[:_LONGEST].lower().replace("-", "_").replace(" ", "_")


def _common_start(left: str, right: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
