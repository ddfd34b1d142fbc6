"""The pages of the reference, and `llms.txt`.

Every part (tool, type, guide) is written once, with links that name their targets. Here each part goes onto a page of
its own, where the links become files, and onto the whole reference, where they become headings of that page. The
overview lists guides and tools; `llms.txt` leads to the overview.

This module owns which part stands on which page, and the order of the whole reference: what the API is, how to call
it, the tools by group, the guides, then every function, then every type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tool_generator.emit.reference.functions import EFFECTS, DocumentedApi, Function, function, outline
from tool_generator.emit.reference.groups import Identity, group_section, groups_of, special_groups, tool_line
from tool_generator.emit.reference.guides import INTRODUCTION, Guide, Prose, guide_names, guides, read_prose
from tool_generator.emit.reference.links import Links, files_from, named, on_one_page, on_own_page
from tool_generator.emit.reference.markdown import code, inline, shifted
from tool_generator.emit.reference.notation import referred
from tool_generator.emit.reference.paging import first_call
from tool_generator.emit.reference.templating import rendered
from tool_generator.emit.reference.tool_pages import arguments_page, examples_page, tool_page
from tool_generator.emit.reference.typeentries import needed_types, short_enumerations, type_entry, type_page
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Group
from tool_runtime.values.page_files import FOLDERS, OVERVIEW, WHOLE, file_stems

# A page of a tool is read whole by a reader with little room. The mark of the generator comes on top of this.
_LARGEST = 11_700
_LARGEST_OVERVIEW = 23_700


@dataclass(frozen=True, slots=True)
class Parts:
    """Every part as Markdown whose topmost heading, if there is one, stands at level 1 (tools, types) or 2 (guides)."""

    functions: Mapping[str, Function]
    tools: Mapping[str, str]
    types: Mapping[str, str]
    guides: tuple[Guide, ...]
    introduction: str


def emit_docs(registry: Registry, guide: Mapping[str, str]) -> dict[str, str]:
    """Return every page as relative path -> Markdown that ends with one newline.

    `registry` is the compiled registry; `guide` maps the stems of the spec's guide texts to their Markdown. Both have
    passed the lint. Raises ValueError for a guide text whose name seems to be a slip, and for a slug that is the name
    of another page.
    """
    slug = registry.api.slug
    if slug == OVERVIEW:
        raise ValueError(f"the slug {slug!r} and the overview would both be reference/{slug}.md: choose another slug")
    prose = read_prose(guide)
    api = DocumentedApi(registry)
    links = links_of(registry, prose)
    parts = parts_of(api, prose, links)
    pages = {f"reference/{slug}.md": _whole(api, parts, links)}
    pages[f"reference/{OVERVIEW}.md"] = on_own_page(
        overview_page(api, parts, links), "", "", files_from("", registry.types)
    )
    stems = file_stems(registry.types)
    texts = {
        "tool": dict(_tool_pages(api, parts, links)),
        "type": {name: (stems[name], text) for name, text in parts.types.items()},
        "guide": {one.name: (one.name, f"# {one.title}\n\n{one.text}\n") for one in parts.guides},
    }
    for kind, of_kind in texts.items():
        target = files_from(FOLDERS[kind], registry.types)
        for name, (stem, text) in of_kind.items():
            pages[f"reference/{FOLDERS[kind]}/{stem}.md"] = on_own_page(text, kind, name, target)
    pages["llms.txt"] = _index(api, parts)
    return pages


def links_of(registry: Registry, prose: Mapping[str, Prose]) -> Links:
    """Return the parts that links may lead to."""
    arguments = {name for tool in registry.tools.values() for name in tool.parameters}
    return Links(
        tools=registry.tools,
        types=registry.types,
        guides=frozenset((*guide_names(registry, prose), OVERVIEW)),
        spelled=short_enumerations(registry.types),
        ambiguous=frozenset(arguments),
    )


def parts_of(api: DocumentedApi, prose: Mapping[str, Prose], links: Links) -> Parts:
    """Write every part once, with links that name their targets."""
    registry = api.registry
    introduction = prose.get(INTRODUCTION, Prose())
    functions = {name: function(tool, api, links) for name, tool in registry.tools.items()}
    return Parts(
        functions=functions,
        tools={name: tool_page(item) for name, item in functions.items()},
        types={
            name: type_page(inline(name), type_entry(schema, registry.types, links))
            for name, schema in registry.types.items()
        },
        guides=tuple(guides(api, prose, links)),
        introduction=links.markdown(shifted(introduction.text, 2)),
    )


def _tool_pages(api: DocumentedApi, parts: Parts, links: Links) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the page of each tool, and pages of their own for what would make a tool's page too large.

    Further examples leave first: `create_flow.examples.md`. Then the details of optional arguments leave:
    `create_flow.arguments.md`.
    """
    for name, whole in parts.tools.items():
        text, item, left_out = whole, parts.functions[name], dict[str, str]()
        if _size(text) > _LARGEST and len(item.examples) > 1:
            left_out["examples"] = f"{name}.examples.md"
            yield f"{name}.examples", (f"{name}.examples", examples_page(item))
            text = tool_page(item, left_out)
        if _size(text) > _LARGEST:
            left_out["arguments"] = f"{name}.arguments.md"
            yield f"{name}.arguments", (f"{name}.arguments", arguments_page(item))
            lines = tuple(outline(api.registry.tools[name], api, links))
            text = tool_page(replace(item, arguments=lines), left_out)
        yield name, (name, text)


def _size(text: str) -> int:
    # A link is a few characters longer once it is a file.
    return len(text.encode()) + 6 * text.count("](")


def _effects(registry: Registry) -> list[str]:
    used = dict.fromkeys(effect for tool in registry.tools.values() for effect in tool.effects)
    return [f"{code(effect)}: {EFFECTS[effect]}" if effect in EFFECTS else code(effect) for effect in used]


def _calling(api: DocumentedApi, links: Links) -> dict[str, object]:
    tools = [api.registry.tools[name] for group in groups_of(api.registry) for name in group.tools]
    return {
        "api": Identity.of(api),
        "links": links,
        "calling": first_call(tools[0], api) if tools else (),
        "effects": _effects(api.registry),
    }


def overview_page(api: DocumentedApi, parts: Parts, links: Links, whole: str = "") -> str:
    """Return the overview. With too many tools for a line each, it lists the names alone, or only counts them.

    `whole` is a link to everything in one file, by default to the page of the reference.
    """
    text = ""
    listed_guides = [
        f"{links.to_guide(one.name, one.title)}{f': {one.line}' if one.line else ''}" for one in parts.guides
    ]
    for lines in (_lines_of, _links_of, _names_of, _count_of):
        text = rendered(
            "overview.md.jinja",
            **_calling(api, links),
            introduction=parts.introduction,
            guides=listed_guides,
            groups=[(inline(group.title or group.name), lines(group, api, links)) for group in groups_of(api.registry)],
            whole=whole or f"[{WHOLE}]({api.registry.api.slug}.md)",
        )
        if _size(text) <= _LARGEST_OVERVIEW:
            break
    return text


def _lines_of(group: Group, api: DocumentedApi, links: Links) -> list[str]:
    return [tool_line(api.registry.tools[name], links) for name in group.tools]


def _links_of(group: Group, api: DocumentedApi, links: Links) -> list[str]:  # noqa: ARG001 - one of several alike
    return [", ".join(map(links.to_tool, group.tools))]


def _names_of(group: Group, api: DocumentedApi, links: Links) -> list[str]:  # noqa: ARG001 - one of several alike
    return [", ".join(map(code, group.tools))]


def _count_of(group: Group, api: DocumentedApi, links: Links) -> list[str]:  # noqa: ARG001 - one of several alike
    return [f"{len(group.tools)} tools; {code(api.registry.api.command + ' list')} names them"]


def _whole(api: DocumentedApi, parts: Parts, links: Links) -> str:
    registry = api.registry
    payloads = [
        name
        for event in (registry.webhooks.events.values() if registry.webhooks else ())
        for name in referred(event.payload)
    ]
    types = [name for name in needed_types(registry, payloads) if name not in links.spelled]
    text = rendered(
        "whole.md.jinja",
        **_calling(api, links),
        introduction=parts.introduction,
        groups=[group_section(group, api, links) for group in special_groups(registry)],
        guides=[(named("guide", one.name, one.title), shifted(one.text, 3)) for one in parts.guides],
        functions=[
            _entry("tool", name, name, parts.tools[name]) for group in groups_of(registry) for name in group.tools
        ],
        types=[_entry("type", name, f"Type {name}", parts.types[name]) for name in types],
    )
    return on_one_page(text)


def _entry(kind: str, name: str, title: str, text: str) -> str:
    """Return a part as an entry at level 3, under a heading that links may lead to."""
    body = text.partition("\n")[2].strip("\n")
    return f"### {named(kind, name, inline(title))}\n\n{shifted(body, 4)}"


def _index(api: DocumentedApi, parts: Parts) -> str:
    return rendered(
        "llms.txt.jinja",
        api=Identity.of(api),
        guides=[(one.name, one.title, one.line) for one in parts.guides],
    )
