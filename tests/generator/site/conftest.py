"""Sites of two specs: the library of the tests, and every spec of this repository."""

from functools import cache
from pathlib import Path

import pytest

from tool_generator.emit.site.site_files import ProjectTexts, ReleaseNotes, site_files
from tool_generator.generate import compile_spec

REPOSITORY = Path(__file__).resolve().parents[3]
SPECS = {
    "library": REPOSITORY / "tests" / "library_api" / "spec",
    **{path.parent.name: path.parent for path in sorted((REPOSITORY / "spec").glob("*/api.yaml"))},
}
README = """# Library

Books by wire. See [the reference](generated/library_api/reference/overview.md) and [the licence](LICENSE).

## Python

How Python is used here. A [tool](generated/library_api/reference/tools/get_book.md).

### Deep

More.

## Keys

Ask at the desk.
"""
RELEASES = (
    ReleaseNotes("Not released yet", "### Changed\n\n- `get_book`: is slower.", {"get_book": ["is slower"]}),
    ReleaseNotes("0.1.0 (2026-01-31)", "### Added\n\n- `get_book`: a new read.", {"get_book": ["a new read"]}),
)


@cache
def site_of(name: str, url: str = "") -> dict[str, str]:
    compiled = compile_spec(SPECS[name])
    project = ProjectTexts(
        README, "# Changelog\n\n## [0.1.0] - 2026-01-31\n\n- First.\n", "# Contributing\n\nWrite.", RELEASES, url
    )
    return site_files(compiled.registry, compiled.guide, compiled.origins.type_files, project, compiled.notice)


@cache
def registry_of(name: str):
    return compile_spec(SPECS[name]).registry


@pytest.fixture(params=sorted(SPECS))
def spec_name(request):
    return request.param


@pytest.fixture
def site(spec_name):
    return site_of(spec_name)


@pytest.fixture
def registry(spec_name):
    return registry_of(spec_name)


@pytest.fixture
def library():
    return site_of("library")
