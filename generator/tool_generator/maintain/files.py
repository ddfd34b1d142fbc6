"""Writes several files of a spec together: all of them, or none.

This module must not know what the files hold.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_together(files: Mapping[Path, str]) -> None:
    """Write texts to their paths. What can fail is done first, beside the files; then each file is replaced at once.

    Raises OSError. Every file is then as it was.
    """
    prepared: dict[Path, str] = {}
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    replaced: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, prepared[path] = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
            Path(prepared[path]).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for path, temporary in prepared.items():
            replaced.append(path)
            os.replace(temporary, path)  # noqa: PTH105 - the atomic call by its own name
    except BaseException:
        for path in replaced:
            _restore(path, before[path])
        raise
    finally:
        for temporary in prepared.values():
            Path(temporary).unlink(missing_ok=True)


def _restore(path: Path, content: bytes | None) -> None:
    with contextlib.suppress(OSError):
        if content is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != content:
            path.write_bytes(content)
