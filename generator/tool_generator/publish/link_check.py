"""Looks through built pages for links that lead nowhere, and for addresses that a page would load from outside.

Builders see only some broken links: none in raw HTML, none to files that are no pages. So the built HTML is read, as a
browser would read it.

This module knows HTML and folders. It must not know how the pages were made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from posixpath import normpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("video", "src"), ("audio", "src")}
_LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "modulepreload",
    "manifest",
    "preconnect",
    "dns-prefetch",
}


@dataclass(slots=True)
class _Page(HTMLParser):
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(filter(None, (given.get("id"), given.get("name") if tag == "a" else None)))
        for name, value in given.items():
            if (tag, name) in _LOADED:
                self.loaded.append(value)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given:
            rel = set(given.get("rel", "").lower().split())
            (self.loaded if rel & _LOADING_LINKS else self.links).append(given["href"])


def broken_links(site: Path, base: str = "/") -> list[str]:
    """Return a line for each problem of the pages below `site`; none for a sound site.

    `base` is the path below which the site will stand: links that begin with it are those of the site.
    Example: `tools/a/index.html: ../b/ leads nowhere`.
    """
    pages = {path.relative_to(site).as_posix(): _read(path) for path in sorted(site.rglob("*.html"))}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    problems = []
    for name, page in pages.items():
        problems += [f"{name}: {problem}" for problem in _problems(name, page, pages, files, base)]
    return problems


def _problems(name: str, page: _Page, pages: dict[str, _Page], files: set[str], base: str) -> Iterator[str]:
    for address in dict.fromkeys((*page.loaded, *page.links)):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            if address in page.loaded and parts.scheme != "data":
                yield f"{address} would be loaded from outside"
            continue
        target = _target(name, unquote(parts.path), base)
        if target is None or (target not in files):
            yield f"{address} leads nowhere"
        elif parts.fragment and target in pages and not _has(pages[target], unquote(parts.fragment)):
            yield f"{address} leads to no place on that page"


def _target(page: str, path: str, base: str) -> str | None:
    """Return the file that a path leads to: from `tools/a/index.html`, `../b/` -> `tools/b/index.html`."""
    if not path:
        return page
    if path.startswith("/"):
        if not path.startswith(base):
            return None
        joined = path[len(base) :]
    else:
        joined = f"{page.rpartition('/')[0]}/{path}"
    found = normpath(joined.lstrip("/") or ".")
    if found.startswith(".."):
        return None
    is_folder = path.endswith(("/", "/.", "/..")) or path in {".", ".."}
    if is_folder or found == ".":
        return "index.html" if found == "." else f"{found}/index.html"
    return found


def _has(page: _Page, anchor: str) -> bool:
    # Builders add marks of their own, such as those of tabs and of the top of a page.
    return anchor in page.anchors or anchor == "__top" or anchor.startswith(":~:")


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8", errors="replace"))
    return page
