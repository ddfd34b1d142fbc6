"""Pages of types: one page for each file of the spec, one heading with an anchor for each type.

A page for each type would make the site five times as large, and one page with all types is slow to open.

This module knows where types stand on the site. It must not know what is said about a type.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import inline, shifted
from tool_generator.emit.site.site_content import Site, SitePage

SECTION = "Types"
_OTHER = "other"


def type_homes(types: Mapping[str, object], files: Mapping[str, str]) -> dict[str, str]:
    """Return the page of each type: `{"Call": "calls"}` -> `{"Call": "types/calls.md"}`."""
    stems = {name: files.get(name, _OTHER) for name in types}
    # The name `index` belongs to the list of all types.
    return {name: f"types/{stem if stem != 'index' else 'index_types'}.md" for name, stem in stems.items()}


def type_pages(
    texts: Mapping[str, str], types: Mapping[str, Any], titles: Iterable[str], site: Site, links: Links
) -> Iterator[SitePage]:
    """Yield the list of all types, then each page.

    `texts` maps a type to its page of the reference. `titles` are those of the groups: they show how abbreviations are
    written.

    The search finds a type by its name and by the names of its fields: there are more words about types than about
    tools, and people look for tools.
    """
    spelled = _abbreviations(titles)
    groups: dict[str, list[str]] = {}
    for name, page in site.homes.items():
        groups.setdefault(page, []).append(name)
    listed = [
        f"## {_title(page, spelled)}\n\n{', '.join(links.to_type(name) for name in sorted(names))}"
        for page, names in sorted(groups.items())
    ]
    yield site.page(
        "types/index.md",
        "All types",
        "\n\n".join(listed) or "This API shares no types.",
        line="every shared type by name",
        section=SECTION,
        searched=False,
    )
    for page, names in sorted(groups.items()):
        plain = "\n\n".join(f"## {inline(name)}\n\n{_body(texts[name])}" for name in names)
        shown = "\n\n".join(_shown(name, _body(texts[name]), types[name]) for name in names)
        line = f"{len(names)} types: {', '.join(names[:6])}{', …' if len(names) > 6 else ''}"  # noqa: PLR2004 - a few
        yield site.page(page, f"Types: {_title(page, spelled)}", plain, shown=shown, line=line, section=SECTION)


def _body(text: str) -> str:
    return shifted(text.partition("\n")[2].strip("\n"), 3)


def _shown(name: str, body: str, schema: Any) -> str:
    fields = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    names = f"<p hidden>{escape(', '.join(fields))}</p>\n\n" if fields else ""
    return f"## {inline(name)} {{ #{name} }}\n\n{names}<div data-search-exclude markdown>\n\n{body}\n\n</div>"


def _abbreviations(titles: Iterable[str]) -> dict[str, str]:
    """Return abbreviations by their small letters, the singular too: `LLMs and voices` -> `{"llms": "LLMs", …}`."""
    words = [word for title in titles for word in re.findall(r"[A-Za-z]+", title) if re.match(r"[A-Z]{2}", word)]
    return {one.lower(): one for word in words for one in (word, word.removesuffix("s"))}


def _title(page: str, spelled: Mapping[str, str]) -> str:
    """Return the title of a page: `types/llm_tools.md` -> `LLM tools`."""
    words = page.removeprefix("types/").removesuffix(".md").split("_")
    first, *rest = (spelled.get(word, word) for word in words)
    return " ".join((first[:1].upper() + first[1:], *rest))
