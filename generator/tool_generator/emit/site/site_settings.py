"""mkdocs.yml: the settings that Zensical, MkDocs with its Material theme, and forks of these read alike.

No plugins, and nothing that loads an outside address: no fonts, no repository address (pages would ask its host for
numbers of stars), no emoji, no Mermaid. Each setting that keeps an address out has its cause beside it.

This module knows settings. It must not know what pages say.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import yaml

Navigation = Sequence[Mapping[str, Any]]

_FEATURES = (
    "navigation.tabs",
    "navigation.tabs.sticky",
    "navigation.indexes",
    # Without pruning, every page holds the whole navigation, and the site is twice as large.
    "navigation.prune",
    "navigation.path",
    "navigation.top",
    "navigation.footer",
    "toc.follow",
    "content.code.copy",
    "content.tabs.link",
    "search.highlight",
)


def settings(title: str, summary: str, url: str, navigation: Navigation, notice: str) -> str:
    """Return the text of mkdocs.yml. `url` is where the site will stand; an empty one is left out."""
    # The theme puts both into HTML as they are.
    value: dict[str, Any] = {"site_name": escape(title), "site_description": escape(summary)}
    if url:
        # The page for missing pages gets its paths from here.
        value["site_url"] = url
    value |= {
        "docs_dir": "pages",
        "site_dir": "site",
        "use_directory_urls": True,
        "theme": _theme(),
        "extra": {"generator": False},
        "extra_css": ["assets/site.css"],
        "extra_javascript": ["assets/site.js"],
        "markdown_extensions": _extensions(),
        "nav": list(navigation),
    }
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return f"# {notice}\n{text}"


def _theme() -> dict[str, Any]:
    def palette(media: str, icon: str, name: str, **scheme: str) -> dict[str, Any]:
        return {"media": media, **scheme, "toggle": {"icon": f"material/{icon}", "name": name}}

    dark, light = "(prefers-color-scheme: dark)", "(prefers-color-scheme: light)"
    return {
        # The name that every builder accepts; Zensical's own theme has the same one.
        "name": "material",
        "custom_dir": "overrides",
        "language": "en",
        # Otherwise every page loads fonts from their maker.
        "font": False,
        "features": list(_FEATURES),
        "palette": [
            palette("(prefers-color-scheme)", "brightness-auto", "Switch to light mode"),
            palette(light, "weather-sunny", "Switch to dark mode", scheme="default"),
            palette(dark, "weather-night", "Switch to the mode of the system", scheme="slate"),
        ],
    }


def _extensions() -> list[Any]:
    # The list is explicit: the defaults of a builder load emoji from outside.
    return [
        "admonition",
        "attr_list",
        "md_in_html",
        "tables",
        {"toc": {"permalink": True, "toc_depth": 3}},
        "pymdownx.details",
        "pymdownx.highlight",
        "pymdownx.superfences",
        {"pymdownx.tabbed": {"alternate_style": True}},
    ]
