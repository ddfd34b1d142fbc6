"""A spec folder to import documents into, and a document that is imported and called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from imported_shop import HEAD, KEY, Shop
from upstream_documents import Folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "spec")


@pytest.fixture
def shop(tmp_path):
    """Import the paths of a document (YAML); `head` is everything else."""

    def make(paths: str, head: str = HEAD + KEY) -> Shop:
        text = f"{head}\npaths:\n" + "\n".join(f"  {line}" for line in paths.strip("\n").splitlines())
        made = Shop(tmp_path / "spec", text)
        made.settled()
        return made

    return make
