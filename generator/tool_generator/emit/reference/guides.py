"""Guides: what holds for many tools, one subject each: errors, webhooks, uploads, the sandbox and so on.

A guide is made of a text that holds for any API (a template of the generator, with facts of the registry) and of a
text about this API (Markdown in the spec, under the same name). A text of the spec may begin with a heading of the
first level, which becomes the title of the guide. A text under a name that the generator does not know is a guide of
its own.

This module knows which guides there are, and in which order. It must not know on which pages they stand.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tool_generator.emit.reference.functions import EFFECTS, DocumentedApi
from tool_generator.emit.reference.groups import Identity, account_calls, generic_groups, group_section
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import code, shifted, without_control
from tool_generator.emit.reference.outcomes import FAILURES
from tool_generator.emit.reference.paging import iterations, waiters
from tool_generator.emit.reference.templating import rendered
from tool_generator.emit.reference.webhook_section import deliveries
from tool_runtime.core.registry import Registry
from tool_runtime.values.page_files import OVERVIEW

INTRODUCTION = "introduction"

# In the order of the reference. A line says for whom the guide is.
GENERAL: Mapping[str, tuple[str, str]] = {
    "generic_helpers": ("Generic API helpers", "paths that have no tool yet"),
    "accounts": ("Accounts and policy", "keys, several accounts, what an account may do"),
    "values": ("Values", "absent and null, strings that hold JSON, ids, times, unknown fields"),
    "retries": ("Retries and outcomes", "what is sent again, what is never sent twice, what to do after a lost answer"),
    "waiting": ("Waiting and paging", "all rows of a list, and waiting for a state"),
    "uploads": ("Uploads", "the forms in which a file can be given"),
    "webhooks": ("Webhooks", "recognising deliveries, and the events"),
    "sandbox": ("Sandbox", "the local stand-in: no key, no cost, failures to order"),
    "errors": ("Errors", "every error, when it occurs, what helps"),
}

# The first sentence of a text, unless the text begins with a list, a table, a heading or code.
_SENTENCE = re.compile(r"(?P<line>[^\s#>|`~*+-].{0,140}?)[.:](?=\s|\Z)", re.DOTALL)
_TITLE = re.compile(r"#[ \t]+(?P<title>.*?)(?:[ \t]+#+)?[ \t]*(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class Prose:
    """One text of the spec: its own title (Markdown; empty if it has none) and the rest."""

    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Guide:
    """One guide. `line` says in a few words what the guide is about; `text` has its topmost headings at level 2."""

    name: str
    title: str
    line: str
    text: str


def read_prose(texts: Mapping[str, str]) -> dict[str, Prose]:
    """Return the texts of the spec. Raises ValueError for a name that seems to be a slip of a known one."""
    known = [INTRODUCTION, *GENERAL]
    for stem in texts:
        close = difflib.get_close_matches(stem, known, 1, 0.85)
        if stem not in known and close:
            message = f"the guide text {stem!r} is nearly {close[0]!r} (did you mean {close[0]!r}?)"
            raise ValueError(
                f"{message}; the reference takes {', '.join(known)}, and names that resemble none of these"
            )
        if stem == OVERVIEW:
            raise ValueError(f"the guide text {stem!r} would hide the overview: name it {INTRODUCTION!r}")
    return {stem: _prose(text) for stem, text in texts.items()}


def _prose(text: str) -> Prose:
    stripped = without_control(text.replace("\r\n", "\n")).strip()
    found = _TITLE.match(stripped)
    return Prose(found["title"], stripped[found.end() :]) if found else Prose("", stripped)


def guide_names(registry: Registry, prose: Mapping[str, Prose]) -> list[str]:
    """Return the names of the guides of an API, in the order of the reference."""
    has_files = any(item.place == "file" for tool in registry.tools.values() for item in tool.parameters.values())
    absent = {
        "generic_helpers": not generic_groups(registry),
        "webhooks": registry.webhooks is None,
        "uploads": not has_files,
    }
    own = [name for name in prose if name not in GENERAL and name != INTRODUCTION]
    general = [name for name in GENERAL if not absent.get(name) or name in prose]
    at = general.index("sandbox")
    return general[:at] + own + general[at:]


def guides(api: DocumentedApi, prose: Mapping[str, Prose], links: Links) -> Iterator[Guide]:
    """Yield the guides in the order of the reference."""
    for name in guide_names(api.registry, prose):
        own = prose.get(name, Prose())
        title, line = GENERAL.get(name) or (name.replace("_", " ").capitalize(), _line(own.text))
        text = links.markdown(shifted(own.text, 2)) if own.text else ""
        if name in GENERAL:
            text = rendered(f"guides/{name}.md.jinja", prose=text, links=links, **_facts(name, api, links))
        yield Guide(name, own.title or title, line, text.strip("\n"))


def _line(text: str) -> str:
    """Return what a text of the spec says about itself: its first sentence, without the full stop."""
    found = _SENTENCE.match(text.strip())
    return " ".join(found["line"].split()) if found else ""


def _facts(name: str, api: DocumentedApi, links: Links) -> dict[str, object]:
    """Return what the template of a guide shows, besides the texts."""
    facts: dict[str, object] = {"api": Identity.of(api)}
    match name:
        case "generic_helpers":
            facts["groups"] = [group_section(group, api, links) for group in generic_groups(api.registry)]
        case "accounts":
            used = dict.fromkeys(effect for tool in api.registry.tools.values() for effect in tool.effects)
            facts["effects"] = [f"{code(one)} ({EFFECTS[one]})" if one in EFFECTS else code(one) for one in used]
            facts["calls"] = account_calls(api)
        case "waiting":
            facts |= {"iterations": list(iterations(api, links)), "waiters": list(waiters(api, links))}
        case "webhooks":
            facts["webhooks"] = deliveries(api, links)
        case "errors":
            facts["failures"] = FAILURES
    return facts
