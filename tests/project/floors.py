"""Turn pyproject.toml into the constraints that `make oldest` installs with: every declared floor, pinned.

This module reads requirements as pyproject.toml writes them. It must not know which packages they name, and it needs
nothing but Python: it runs before anything is installed.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?P<versions>[^;]*)")
_FLOOR = re.compile(r">=\s*([^\s,]+)")


def requirements(pyproject: dict[str, Any]) -> Iterator[str]:
    """Give every requirement on another package: of the build, of the package itself, and of its extras."""
    project = pyproject["project"]
    yield from pyproject["build-system"]["requires"]
    for group in (project.get("dependencies", []), *project.get("optional-dependencies", {}).values()):
        yield from (entry for entry in group if normal(_REQUIREMENT.match(entry)["name"]) != normal(project["name"]))


def normal(name: str) -> str:
    """Write the name of a package in its one normal form: `Markdown_It.py` -> `markdown-it-py`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def floors(pyproject: dict[str, Any]) -> dict[str, str]:
    """Give the floor of each package, by its normal name.

    `{"dependencies": ["httpx[socks]>=0.27,<1"], …}` -> `{"httpx": "0.27"}`

    Raises ValueError for a requirement without `>=`, and for a package that two requirements give different floors:
    nobody could say what `make oldest` has to install.
    """
    found: dict[str, str] = {}
    for requirement in requirements(pyproject):
        entry = _REQUIREMENT.match(requirement)
        name, floor = normal(entry["name"]), _FLOOR.search(entry["versions"])
        if floor is None:
            raise ValueError(f"pyproject.toml: {requirement!r} has no floor; write {name}>=VERSION")
        if found.setdefault(name, floor[1]) != floor[1]:
            raise ValueError(f"pyproject.toml: {name} has the floors {found[name]} and {floor[1]}; write one of them")
    return found


if __name__ == "__main__":
    try:
        pinned = floors(tomllib.loads(PYPROJECT.read_text(encoding="utf-8")))
    except ValueError as error:
        sys.exit(str(error))
    sys.stdout.writelines(f"{name}=={floor}\n" for name, floor in sorted(pinned.items()))
