"""The api.yaml of a folder that has none: identity, server and authentication as the document states them.

A document does not say the command, the distribution, or where error messages stand: these are guesses, marked for
review. This module must not know about tools.
"""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from tool_generator.importing.access_edits import base_url_of
from tool_generator.importing.yaml_text import Noted, entry
from tool_generator.openapi.naming import cut, snake_case, words

if TYPE_CHECKING:
    from tool_generator.importing.access_edits import Access
    from tool_generator.importing.editor import Report
    from tool_generator.model.documents import Upstream

_LONGEST_NAME = 40


def api_file(upstream: Upstream, groups: list[str], access: Access, report: Report) -> str:
    """Give the text of api.yaml."""
    title = " ".join(upstream.title.split()) or "API"
    if not title.isprintable():
        title = "API"
    name = api_name(title)
    api: dict[str, Any] = {
        "name": name,
        "slug": name.replace("_", "-"),
        "title": title[:120],
        "version": "0.1.0",
        "summary": Noted(f"The operations of {title[:120]}.", "review: say what it is for"),
        "command": Noted(name.replace("_", "-"), "review: the command that users run"),
        "distribution": Noted(name.replace("_", "-"), "review: what pip installs"),
        "environment": name.upper(),
    }
    if upstream.documentation:
        api["documentation"] = upstream.documentation
    api["groups"] = groups
    others, auth = access.sections()
    sections = {
        "api": api,
        "server": {"base_url": base_url_of(upstream, report), **({"others": others} if others else {})},
        "auth": auth,
        "errors": {
            "message": Noted(
                ["message", "error.message", "detail", "title"], "review: where an error body has its message"
            )
        },
    }
    lines = ["# yaml-language-server: $schema=../spec.schema.json"]
    for key, value in sections.items():
        if key != "api":
            lines.append("")
        lines.append(f"{key}:")
        lines += [entry(inner, item, 2) for inner, item in value.items()]
    return "\n".join(lines) + "\n"


def api_name(title: str) -> str:
    """Give the name of an API: its title in lower case, cut at a word. `Small Shop API` -> `small_shop_api`."""
    name = snake_case(cut(words(title), _LONGEST_NAME))
    if keyword.iskeyword(name) or name in ("tool_runtime", "tool_generator"):
        name += "_api"
    return name
