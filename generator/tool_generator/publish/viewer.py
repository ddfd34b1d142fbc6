"""The viewer of the explorer: one file of one pinned release of Scalar, fetched with npm and checked by its digest.

The file is not in the repository, because it is larger than everything else there; nor is an address: npm knows its
registry. What was fetched once is kept in a cache folder, so later builds need no network. The licence of the viewer
(MIT) is laid beside the file on the site.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "@scalar/api-reference", "1.72.1"
# Of the file inside the package: whatever a registry answers, the site shows this file or none.
DIGEST = (
    "b54dc9e1eb84a3995720ccb8d871782944ddba777300cb87a0ec366745aab8d0"
    "1b76280b55d0323863c92680a686248d5519d281f36a6c1d5576221f3404c432"
)
_MEMBER = "package/dist/browser/standalone.js"
_LICENCE = f"""The file viewer.js is {PACKAGE} {VERSION}, unchanged.

MIT License

Copyright (c) 2023-present Scalar

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class ViewerUnavailable(Exception):
    """The viewer could not be fetched, or is not the file that was pinned; the message says what to do."""


def lay_viewer(folder: Path, cache: Path, digest: str = DIGEST) -> None:
    """Put the viewer and its licence into `folder`, or raise ViewerUnavailable.

    `cache` is the folder where the file is kept; `digest` is the SHA-512 that the file has to have.
    """
    kept = cache / f"viewer-{digest[:16]}.js"
    if not (kept.is_file() and _digest(kept) == digest):
        cache.mkdir(parents=True, exist_ok=True)
        _fetch(kept, digest)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, folder / "viewer.js")
    (folder / "viewer.LICENSE.txt").write_text(_LICENCE, encoding="utf-8")


def _fetch(target: Path, digest: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        message = "npm fetches the viewer of the explorer: install npm, or leave the explorer out with --no-explorer"
        raise ViewerUnavailable(message)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        command = [npm, "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, our arguments
        packed = sorted(Path(work).glob("*.tgz"))
        if done.returncode or not packed:
            reason = (done.stderr or done.stdout).strip().partition("\n")[0] or f"npm ended with {done.returncode}"
            message = f"npm could not fetch {PACKAGE} {VERSION} ({reason}); leave the explorer out with --no-explorer"
            raise ViewerUnavailable(message)
        found = Path(work, "viewer.js")
        with tarfile.open(packed[0]) as archive:
            member = archive.extractfile(_MEMBER)
            if member is not None:
                found.write_bytes(member.read())
        if not found.is_file() or _digest(found) != digest:
            message = f"{PACKAGE} {VERSION} is not the file that was pinned: do not publish it; look for what changed"
            raise ViewerUnavailable(message)
        found.replace(target)


def _digest(path: Path) -> str:
    return hashlib.sha512(path.read_bytes()).hexdigest()
