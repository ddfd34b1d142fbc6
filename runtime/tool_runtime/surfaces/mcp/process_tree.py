"""The processes above this one: whether a server of this program stands among them.

A server that offers another one, which in the end starts the first one again, would start processes without an end. A
program in between may change names and hide variables; it cannot hide who started whom. Where the system does not tell
(no /proc, no ps), nothing is found. Must not know: servers, entries.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

MOST = 64


def server_above(names: Sequence[str]) -> int | None:
    """Return the id of the nearest process above this one that serves: `NAME … mcp serve`; None for none."""
    return next((number for number, words in _above() if serves(words, names)), None)


def serves(words: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a command line is that of a server of this program, which is known by some names.

    Example: `(["/venv/bin/python", "-m", "shop", "mcp", "serve"], ["shop"])` -> True.
    """
    at = next((at for at in range(1, len(words) - 1) if words[at : at + 2] == ["mcp", "serve"]), None)
    return at is not None and any(PurePath(word).stem in names for word in words[:at])


def _above() -> Iterator[tuple[int, list[str]]]:
    number = os.getppid()
    for _ in range(MOST):
        if number <= 1:
            return
        known = _from_files(number) or _from_ps(number)
        if known is None:
            return
        parent, words = known
        yield number, words
        number = parent


def _from_files(number: int) -> tuple[int, list[str]] | None:
    folder = Path("/proc", str(number))
    with suppress(OSError, ValueError, IndexError):
        # The name of a program stands in brackets, and may hold anything but the last bracket.
        parent = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        return parent, (folder / "cmdline").read_bytes().decode("utf-8", "replace").strip("\0").split("\0")
    return None


def _from_ps(number: int) -> tuple[int, list[str]] | None:
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - words of our own
            ["ps", "-o", "ppid=,args=", "-p", str(number)],  # noqa: S607 - the system's own, wherever it is
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        parent, *words = done.stdout.split()
        return int(parent), words
    return None
