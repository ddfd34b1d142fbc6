"""What changed for callers between the releases of a repository: `toolgen diff` from tag to tag.

A tag counts as a release if its name is a version, with or without a `v`. The newest release is compared with the
present registry too. The first release has nothing before it: its number of tools is all there is to say. A tag whose
registry cannot be read is left out, and its neighbours are compared with each other.

This module knows tags and differences. It must not know about pages.
"""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

from tool_generator.compare.difference import difference
from tool_generator.compare.registries import Unusable, find_registry
from tool_generator.emit.site.site_files import ReleaseNotes
from tool_generator.release.changelog import markdown
from tool_generator.release.versions import BREAKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tool_generator.compare.difference import Entry
    from tool_runtime.core.registry import Registry

_TAG = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
NEXT = "Not released yet"


def release_history(root: Path, registry: Registry) -> tuple[ReleaseNotes, ...]:
    """Return what each release changed, the newest first; without tags or git, nothing.

    `registry` is the present one: what it changes since the newest tag comes first, if it changes anything.
    """
    states: list[tuple[str, Registry]] = []
    for tag, date in _tags(root):
        old = _registry_at(tag, root, registry.api.name)
        if old is not None:
            states.append((f"{tag.removeprefix('v')} ({date})", old))
    if not states:
        return ()
    title, oldest = states[0]
    first = ReleaseNotes(title, f"The first release: {len(oldest.tools)} tool{'s' * (len(oldest.tools) != 1)}.")
    states.append((NEXT, registry))
    notes = [_notes(title, difference(old, new)) for (_, old), (title, new) in pairwise(states)]
    return (*(one for one in reversed(notes) if one.text or one.title != NEXT), first)


def _registry_at(tag: str, root: Path, name: str) -> Registry | None:
    """Return the registry of the API at a tag: at its usual place, or the only one that the tag holds."""
    for given in (f"{tag}:generated/{name}/registry.json", tag):
        try:
            found = find_registry(given, root)
        except Unusable:
            continue
        return found if found.api.name == name else None
    return None


def _tags(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the tags that are versions with their dates, the oldest version first."""
    command = [
        "git",
        "-C",
        str(root),
        "for-each-ref",
        "--format=%(refname:strip=2)%09%(creatordate:short)",
        "refs/tags",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell; reads only
    except OSError:
        return
    found = []
    for line in done.stdout.splitlines() if not done.returncode else ():
        tag, _, date = line.partition("\t")
        if version := _TAG.fullmatch(tag):
            found.append((tuple(map(int, version.groups())), tag, date))
    for _, tag, date in sorted(found):
        yield tag, date


def _notes(title: str, entries: Sequence[Entry]) -> ReleaseNotes:
    tools: dict[str, list[str]] = {}
    for entry in sorted(entries, key=lambda one: one.level != BREAKING):
        if entry.tool:
            mark = "**Breaking:** " if entry.level == BREAKING else ""
            tools.setdefault(entry.tool, []).append(f"{mark}{' '.join(entry.text.split())}")
    return ReleaseNotes(title, markdown(entries).strip(), tools)
