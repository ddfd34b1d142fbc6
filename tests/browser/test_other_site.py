"""A site of another API, in a project that has nothing but a spec."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from .conftest import ROOT, serving


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    command = [sys.executable, "-m", "tool_generator", "site", "--no-explorer"]
    options = ["--spec", str(ROOT / "tests" / "library_api" / "spec")]
    ended = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    with serving(folder / "site") as address:
        yield address


def test_every_api_has_a_site_with_its_tools(visit, library):
    visitor = visit(library)
    page = visitor.open("tools/")
    page.get_by_role("link", name="get_book", exact=True).first.click()
    expect(page.locator("h1")).to_contain_text("get_book")
    assert visitor.troubles == []
