"""The folder with the sources of a site: reading the texts of the project, writing the sources.

The folder belongs to this program: what a former run left is removed. A folder that holds anything else is refused.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tool_generator.emit.output_folder import MARK
from tool_generator.emit.site.site_files import OVERRIDES, PAGES, STATIC, ProjectTexts, site_files
from tool_generator.problems import Problem, SpecProblems
from tool_generator.publish.tag_history import release_history

if TYPE_CHECKING:
    from pathlib import Path

    from tool_generator.generate import Compiled

SETTINGS = "mkdocs.yml"


def project_texts(root: Path, compiled: Compiled, url: str, *, explorer: bool) -> ProjectTexts:
    """Read README.md, CHANGELOG.md, CONTRIBUTING.md and the tags of a project; what is missing stays empty."""

    def text(name: str) -> str:
        path = root / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    return ProjectTexts(
        readme=text("README.md"),
        changelog=text("CHANGELOG.md"),
        contributing=text("CONTRIBUTING.md"),
        releases=release_history(root, compiled.registry),
        url=url,
        explorer=explorer,
    )


def write_sources(compiled: Compiled, project: ProjectTexts, folder: Path) -> int:
    """Write the sources into `folder`, and return how many files there are.

    Raises FileExistsError if the folder holds files of another origin, and SpecProblems for a guide text that has no
    place.
    """
    try:
        files = site_files(compiled.registry, compiled.guide, compiled.origins.type_files, project, compiled.notice)
    except ValueError as error:
        raise SpecProblems([Problem(compiled.guide_folder, 1, str(error))]) from error
    if folder.exists() and any(folder.iterdir()) and not _is_ours(folder):
        message = f"{folder} was not written by toolgen: choose another folder"
        raise FileExistsError(message)
    for name in (PAGES, STATIC, OVERRIDES):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    return len(files)


def _is_ours(folder: Path) -> bool:
    path = folder / SETTINGS
    return path.is_file() and MARK in path.read_text(encoding="utf-8", errors="replace")[:200]
