"""Builds a site: runs Zensical over the sources, lays the Markdown twins and the viewer beside the pages, checks links.

The site is built in the folder of the sources and takes the place of an older one at the end, so a build that fails
leaves the older site as it was.

This module knows the order of a build. It must not know what pages say.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tool_generator.emit.site.site_files import STATIC, ProjectTexts
from tool_generator.own_distribution import own_distribution
from tool_generator.publish.link_check import broken_links
from tool_generator.publish.source_folder import SETTINGS, project_texts, write_sources
from tool_generator.publish.viewer import lay_viewer

if TYPE_CHECKING:
    from pathlib import Path

    from tool_generator.generate import Compiled

BUILDER = "zensical"
_BUILT = "site"
# A folder that a build may replace holds this file of the built site.
_SIGN = "llms.txt"


class BuildFailed(Exception):
    """The site could not be built; the message says why."""


def build_site(compiled: Compiled, root: Path, work: Path, out: Path, *, url: str = "", explorer: bool = True) -> int:
    """Build the site of a project into `out`, and return how many pages there are.

    `root` is the folder of the project, `work` the folder of the sources. Raises BuildFailed, ViewerUnavailable,
    SpecProblems, and FileExistsError if a folder holds files of another origin.
    """
    if find_spec(BUILDER) is None:
        message = f'the site is built by {BUILDER}: pip install "{own_distribution()}[docs]"'
        raise BuildFailed(message)
    if out.exists() and any(out.iterdir()) and not (out / _SIGN).is_file():
        message = f"{out} holds something that is no site: choose another folder"
        raise FileExistsError(message)
    project: ProjectTexts = project_texts(root, compiled, url, explorer=explorer)
    write_sources(compiled, project, work)
    built = work / _BUILT
    shutil.rmtree(built, ignore_errors=True)
    _run(work)
    shutil.copytree(work / STATIC, built, dirs_exist_ok=True)
    if explorer:
        lay_viewer(built / "http", work / "cache")
    problems = broken_links(built, urlsplit(url).path.rstrip("/") + "/")
    if problems:
        more = f"\nand {len(problems) - 20} more" if len(problems) > 20 else ""  # noqa: PLR2004 - a screenful
        raise BuildFailed("\n".join(problems[:20]) + more)
    _replace(built, out)
    return sum(1 for _ in out.rglob("index.html"))


def _run(work: Path) -> None:
    command = [sys.executable, "-m", BUILDER, "build", "--config-file", SETTINGS, "--strict"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, our arguments
    if done.returncode or not (work / _BUILT / "index.html").is_file():
        raise BuildFailed(f"{BUILDER} failed:\n{(done.stdout + done.stderr).strip()}")


def _replace(built: Path, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    former = out.with_name(f".{out.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if out.exists():
        out.rename(former)
    shutil.move(built, out)
    shutil.rmtree(former, ignore_errors=True)
