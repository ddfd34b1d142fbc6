"""A real browser, and a watcher over what its pages ask for and complain about.

`make browser` runs these tests; `make test` does not collect them. The browser is the chromium of the system, and
Playwright drives it. Screenshots are kept in build/screenshots.
"""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

from tool_generator.publish.local_server import site_server

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build"
SCREENSHOTS = WORK / "screenshots"
NARROW, WIDE = {"width": 400, "height": 900}, {"width": 1280, "height": 900}


@dataclass
class Watched:
    """What a page did: addresses outside `base` that it asked for, complaints, and answers that were no success."""

    page: object
    base: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.page.on("request", self._request)
        self.page.on("console", lambda one: one.type == "error" and self.complaints.append(one.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", lambda one: one.status >= 400 and self.failed.append(f"{one.status} {one.url}"))
        self.page.on("requestfailed", self._failed)

    def _request(self, request):
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.outside.append(request.url)

    def _failed(self, request):
        # A visitor who goes on to the next page ends what the last one was still asking for.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.failed.append(f"{request.failure} {request.url}")

    def open(self, path):
        self.page.goto(self.base + path, wait_until="load")
        return self.page

    def shot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    @property
    def troubles(self):
        return [*self.outside, *self.complaints, *self.failed]


@pytest.fixture(scope="session")
def browser():
    program = (
        os.environ.get("CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        pytest.fail("these tests need chromium: apt-get install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        # A container has no user namespaces, and often a small /dev/shm.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


def build(out, *options):
    command = [
        sys.executable,
        "-m",
        "tool_generator",
        "site",
        "--out",
        str(out),
        "--work",
        str(WORK / "docs"),
        *options,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="session")
def site_folder():
    """Build the site of this repository; without its explorer where the npm registry is out of reach."""
    out = WORK / "browser-site"
    ended = build(out)
    if "--no-explorer" in ended.stderr:
        ended = build(out, "--no-explorer")
    assert ended.returncode == 0, ended.stderr
    return out


@pytest.fixture(scope="session")
def address(site_folder):
    with serving(site_folder) as base:
        yield base


@contextmanager
def serving(folder):
    server = site_server(folder, 0)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def visit(browser, address):
    """Give a page of a new visitor: `visit(viewport=…, color_scheme=…)`."""
    contexts = []

    def start(base=address, **settings):
        contexts.append(browser.new_context(**{"viewport": WIDE, **settings}))
        return Watched(contexts[-1].new_page(), base)

    yield start
    for context in contexts:
        context.close()
