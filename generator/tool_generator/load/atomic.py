"""The one writer of several files: all of them, or none.

The new contents are written beside the old ones first; only then do they take their places, one right after the other,
while the old contents lie in a journal. Whatever ends the writing in between, the old contents come back: at once after
an error, and with the next command that reads the folder after a kill. This module must not know what the files mean.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JOURNAL = ".toolgen-journal"
_LIST = "list.json"
_NEW = ".new"


def write_files(root: Path, files: Mapping[str, bytes | None]) -> None:
    """Write files below `root` by name; None removes a file. Raises OSError, and then nothing has changed.

    Example: `{"api.yaml": b"…", "tools/old.yaml": None}` writes one file and removes another.
    """
    root.mkdir(parents=True, exist_ok=True)
    recover(root)
    journal = root / JOURNAL
    before = {name: (root / name).is_file() for name in files}
    staged: list[Path] = []
    try:
        (journal / "old").mkdir(parents=True)
        for number, (name, content) in enumerate(sorted(files.items())):
            if before[name]:
                shutil.copy2(root / name, journal / "old" / str(number))
            if content is not None:
                staged.append(_stage(root / name, content))
        # From here on a kill leaves a list, by which the next command puts the old contents back.
        _durable(journal / (_LIST + _NEW), json.dumps(dict(sorted(before.items()))).encode())
        (journal / (_LIST + _NEW)).replace(journal / _LIST)
        for name, content in sorted(files.items()):
            if content is None:
                (root / name).unlink(missing_ok=True)
            else:
                _staged(root / name).replace(root / name)
        (journal / _LIST).unlink()
    except BaseException:
        recover(root)
        for path in staged:
            path.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(journal, ignore_errors=True)


def recover(root: Path) -> None:
    """Put back what a killed writer had replaced; nothing if no writer was killed."""
    journal = root / JOURNAL
    if not journal.is_dir():
        return
    with suppress(OSError, ValueError):
        for number, (name, was_there) in enumerate(json.loads((journal / _LIST).read_bytes()).items()):
            if was_there:
                shutil.copy2(journal / "old" / str(number), root / name)
            else:
                (root / name).unlink(missing_ok=True)
            _staged(root / name).unlink(missing_ok=True)
    shutil.rmtree(journal, ignore_errors=True)


def _staged(path: Path) -> Path:
    return path.with_name(f".{path.name}{_NEW}")


def _stage(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = _staged(path)
    _durable(staged, content)
    if path.is_file():
        staged.chmod(path.stat().st_mode & 0o777)
    return staged


def _durable(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
