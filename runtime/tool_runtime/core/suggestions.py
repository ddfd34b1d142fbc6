"""Nearest right names, for every surface that has to say what was probably meant."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that comes closest, or None where nothing comes near."""
    matches = nearest_names(name, known, 1)
    return matches[0] if matches else None


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return up to `count` near names, best first."""
    # difflib is needed only once something is wrong; importing it at the start would be paid by every process.
    from difflib import get_close_matches

    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.lower().replace("-", "_"), candidate)
    found = get_close_matches(name.lower().replace("-", "_"), folded, n=count, cutoff=0.6)
    return tuple(folded[match] for match in found)
