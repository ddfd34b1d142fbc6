"""What agents read: `llms.txt`, `llms-full.txt`, and a skill that says how the tools are used.

`llms.txt` has one line for each page and no others, so an agent that has read it knows every address.

This module knows the formats of these files. It must not know what pages say.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tool_generator.emit.reference.groups import Identity
from tool_generator.emit.reference.templating import rendered_from
from tool_generator.emit.site.site_content import Site, SitePage

TEMPLATES = Path(__file__).with_name("templates")


def index_of(pages: Sequence[SitePage], api: Identity, url: str) -> str:
    """Return `llms.txt`. Addresses are absolute where the address of the site is known."""
    base = url.rstrip("/") + "/" if url else ""
    sections: dict[str, list[str]] = {}
    for page in pages:
        about = f": {page.line}" if page.line else ""
        title = re.sub(r"([\[\]])", r"\\\1", page.title)
        sections.setdefault(page.section, []).append(f"- [{title}]({base}{page.path}){about}")
    head = f"# {api.title}\n\n> {api.summary}\n"
    hint = (
        f"- Everything in one file: [llms-full.txt]({base}llms-full.txt)\n"
        f"- The API as OpenAPI 3.1: [openapi.json]({base}openapi.json)"
    )
    listed = "\n\n".join(f"## {name}\n\n" + "\n".join(lines) for name, lines in sections.items())
    return f"{head}\n{hint}\n\n{listed}\n"


def whole_of(pages: Sequence[SitePage], api: Identity) -> str:
    """Return `llms-full.txt`: the text of every page, each under its path."""
    parts = [f"# {api.title}: every page in one file\n"]
    for page in pages:
        text = page.plain.partition("\n\n")[2]
        parts.append(f"<!-- page: {page.path} -->\n\n{text}")
    return "\n".join(parts)


def skill_page(api: Identity, site: Site, url: str) -> SitePage:
    """Return the page of the skill. Its plain flavour is the skill file: front matter, then what an agent must know."""
    index = f"{url.rstrip('/')}/llms.txt" if url else "llms.txt"
    text = rendered_from(TEMPLATES, "skill.md.jinja", {"api": api, "index": index})
    page = site.page(
        "skill.md", f"Skill: {api.title}", text, line="how an agent works with these tools", section="Start"
    )
    matter = f"---\nname: {api.slug}\ndescription: {json.dumps(api.summary, ensure_ascii=False)}\n---\n"
    return replace(page, plain=f"{matter}\n# {api.title}\n\n{text}")
