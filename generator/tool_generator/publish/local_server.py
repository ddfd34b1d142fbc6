"""Shows a built site on this machine, as a host of static pages would: the page for missing pages, types of files.

This module knows HTTP and folders. It must not know what a site holds.
"""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TYPES = {
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}


class _Pages(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | _TYPES

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with the site's page for missing pages, where there is one."""
        page = self.translate_path("/404.html")
        try:
            with open(page, "rb") as file:  # noqa: PTH123 - the path is a text
                content = file.read()
        except OSError:
            super().send_error(code, message, explain)
            return
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Stay silent: the terminal shows the address and nothing else."""


def site_server(site: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the pages below `site`, on loopback only; port 0 takes a free one. Raises OSError."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(_Pages, directory=str(site)))
