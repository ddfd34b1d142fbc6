"""Where the pages of a reference lie: the one answer for the generator that writes pages and for readers of a package.

Below `reference/`: `overview.md` (what a reader reads first), one folder for each kind of page, and the whole reference
in a file that has the slug of the API as a name. Knows names and folders; knows neither content nor registries.
"""

from collections.abc import Iterable

OVERVIEW = "overview"
WHOLE = "reference"
"""The name under which readers ask for the whole reference on one page."""

FOLDERS = {"tool": "tools", "type": "types", "guide": "guides"}

PARTS = (".examples", ".arguments")
"""The endings of pages that take over what would make the page of a tool too large: `tools/create_flow.examples.md`."""


# Windows has no files of these names, whatever their ending.
_RESERVED = ("con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)))


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Return the file name of each page of one kind, without the ending.

    File systems that ignore capitals would lay two pages into one file, so the later one gets a number:
    `["Book", "BOOK"]` -> `{"Book": "Book", "BOOK": "BOOK-2"}`.
    """
    stems: dict[str, str] = {}
    taken = set(_RESERVED)
    for name in names:
        stem, number = name, 1
        while stem.lower() in taken:
            number += 1
            stem = f"{name}-{number}"
        taken.add(stem.lower())
        stems[name] = stem
    return stems
