"""The reference page: everything that an agent needs to call every tool, in one file.

Its order is that of a reader who starts with nothing: what it is, how to call it, what there is (each group
with Lua that runs), the helpers for what has no tool yet, accounts, waiting and iterating, webhooks, errors;
then every function, then every type.

This module owns that order, the sections and their anchors. How an entry, a type or a call is written is not
its business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tool_generator.docs.deliveries import TITLE, Webhooks, payload_types, webhooks
from tool_generator.docs.functions import Api, Code, Function, calls, function
from tool_generator.docs.guide import Prose
from tool_generator.docs.markdown import Anchors, blocks, code, heading, inline, paragraph, slug
from tool_generator.docs.notation import Links
from tool_generator.docs.outcomes import FAILURES, Failure
from tool_generator.docs.paging import Iteration, Waiter, first_call, iterations, waiters
from tool_generator.docs.samples import example_arguments
from tool_generator.docs.snippets import lua_call, lua_path
from tool_generator.docs.typeentries import (
    Catalogue,
    TypeEntry,
    argument_types,
    on_page,
    result_types,
    short_enumerations,
)

_EFFECTS: Mapping[str, str] = {
    "dial": "a telephone rings",
    "spend": "it costs money",
    "publish": "others see or meet the change at once",
    "destroy": "what is gone does not come back",
}
_ACCOUNT = "production"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the templates' own prose says of the API; all of it Markdown."""

    title: str
    summary: str
    namespace: str
    package: str
    command: str
    distribution: str
    documentation: str
    key: str
    account_key: str
    sandbox: str
    document: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group's section: what it is for, its tools as list lines, and a Lua script that shows them."""

    title: str
    prose: str
    tools: tuple[str, ...]
    script: Code


@dataclass(frozen=True, slots=True)
class Section:
    """A section whose title and prose a guide text may give."""

    title: str
    prose: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page."""

    identity: Identity
    introduction: str
    calling: tuple[Code, ...]
    names: tuple[str, ...]
    effects: tuple[str, ...]
    groups: tuple[Group, ...]
    generic: Section
    helpers: tuple[Group, ...]
    accounts: Section
    account_calls: Code | None
    iterations: tuple[Iteration, ...]
    waiters: tuple[Waiter, ...]
    webhooks_section: Section
    webhooks: Webhooks | None
    errors: Section
    failures: tuple[Failure, ...]
    functions: tuple[Function, ...]
    types: tuple[TypeEntry, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed before anything is written: the prose of sections, and where every link leads."""

    introduction: str
    generic: Section
    accounts: Section
    webhooks: Section
    errors: Section
    links: Links
    types: tuple[str, ...]


def groups_of(registry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the groups in the order of the reference."""
    order = registry["api"].get("groups") or registry["groups"]
    groups = registry["groups"]
    return {name: groups[name] for name in dict.fromkeys((*order, *groups)) if name in groups}


def is_generic(group: Mapping[str, Any], tools: Mapping[str, Any]) -> bool:
    """Say whether a group holds nothing but helpers that take a raw path."""
    return all(any(item.get("raw") for item in tools[name]["parameters"].values()) for name in group["tools"])


def layout(registry: Mapping[str, Any], prose: Mapping[str, Prose], catalogue: Catalogue) -> Plan:
    """Walk through the headings in their order on the page and note their anchors."""
    anchors = Anchors()
    groups, tools = groups_of(registry), registry["tools"]
    anchors.add(registry["api"]["title"])
    introduction = prose["introduction"].under(2, anchors)
    anchors.add("How to call")
    for group in groups.values():
        if not is_generic(group, tools):
            anchors.add(group.get("title", ""))
    sections: dict[str, str] = {}
    generic = _section("generic", "Generic API helpers", prose["generic_helpers"], anchors, sections)
    accounts = _section("accounts", "Several accounts", prose["accounts"], anchors, sections)
    sections["waiting"] = anchors.add("Iterating and waiting")
    told = Section("", "")
    if "webhooks" in registry:
        told = _section("webhooks", TITLE, prose["webhooks"], anchors, sections)
    errors = _section("errors", "Errors", prose["errors"], anchors, sections)
    anchors.add("Functions")
    ordered = [name for group in groups.values() for name in group["tools"]]
    tool_anchors = {name: anchors.add(name) for name in ordered}
    spelled = short_enumerations(catalogue.types)
    needed = [name for tool in tools.values() for name in argument_types(tool)]
    for tool in tools.values():
        needed += result_types(tool, catalogue.types, registry.get("pagination", {}))
    needed += payload_types(registry)
    types = tuple(name for name in catalogue.in_order(needed) if name not in spelled)
    type_anchors = {name: slug(catalogue.headings[name]) for name in types}
    links = Links(type_anchors, sections, tool_anchors, spelled=spelled)
    return Plan(introduction, generic, accounts, told, errors, links, types)


def _section(key: str, title: str, prose: Prose, anchors: Anchors, sections: dict[str, str]) -> Section:
    title = prose.title or title
    sections[key] = anchors.add(title)
    return Section(title, prose.under(3, anchors))


def build_reference(registry: Mapping[str, Any], api: Api, plan: Plan, catalogue: Catalogue) -> Reference:
    """Write the page."""
    links, tools = plan.links, registry["tools"]
    groups = groups_of(registry)
    shown = {key: group for key, group in groups.items() if not is_generic(group, tools)}
    helpers = {key: group for key, group in groups.items() if key not in shown}
    ordered = [name for group in groups.values() for name in group["tools"]]
    polled: dict[str, dict[str, Any]] = {}
    for key, waiter in registry.get("waiters", {}).items():
        polled.setdefault(waiter["tool"], {})[key] = waiter
    return Reference(
        identity=_identity(registry["api"], api),
        introduction=plan.introduction,
        calling=first_call(ordered[0], tools[ordered[0]], api) if ordered else (),
        names=tuple(_names(ordered[0], tools[ordered[0]], api)) if ordered else (),
        effects=tuple(_effects(tools)),
        groups=tuple(_group(key, group, tools, api, links) for key, group in shown.items()),
        generic=plan.generic,
        helpers=tuple(_group(key, group, tools, api, links) for key, group in helpers.items()),
        accounts=plan.accounts,
        account_calls=_account_calls(tools, api),
        iterations=tuple(iterations(registry, api, links)),
        waiters=tuple(waiters(registry, api, links)),
        webhooks_section=plan.webhooks,
        webhooks=webhooks(registry, api, links),
        errors=plan.errors,
        failures=FAILURES,
        functions=tuple(function(name, tools[name], api, links, polled.get(name, {})) for name in ordered),
        types=tuple(catalogue.entry(name, on_page(links)) for name in plan.types),
    )


def _identity(described: Mapping[str, Any], api: Api) -> Identity:
    prefix = described.get("environment", "")
    return Identity(
        title=heading(api.title),
        summary=paragraph(described.get("summary", "")),
        namespace=code(api.namespace),
        package=api.name,
        command=described["command"],
        distribution=described["distribution"],
        documentation=inline(described.get("documentation", "")),
        key=f"{prefix}_API_KEY",
        account_key=f"{prefix}_API_KEY__{_ACCOUNT.upper()}",
        sandbox=f"{prefix}_SANDBOX",
        document=code(f'docs.read("{api.slug}")'),
    )


def _names(name: str, tool: Mapping[str, Any], api: Api) -> Iterable[str]:
    full = tool["full_name"]
    return map(code, dict.fromkeys((name, *tool.get("aliases", ()), full, f"{api.slug}.{full}")))


def _effects(tools: Mapping[str, Any]) -> Iterable[str]:
    used = dict.fromkeys(effect for tool in tools.values() for effect in tool.get("effects", ()))
    return (f"{code(effect)}: {_EFFECTS[effect]}" if effect in _EFFECTS else code(effect) for effect in used)


def _group(key: str, group: Mapping[str, Any], tools: Mapping[str, Any], api: Api, links: Links) -> Group:
    return Group(
        title=heading(group.get("title", key)),
        prose=blocks(group.get("summary", "")),
        tools=tuple(_tool_line(name, tools[name], links) for name in group["tools"]),
        script=Code("lua", "\n\n".join(_shown(name, tools[name], api) for name in group["tools"])),
    )


def _tool_line(name: str, tool: Mapping[str, Any], links: Links) -> str:
    kinds = inline(", ".join([tool["class"], *tool.get("effects", ())]))
    ended = "deprecated. " if tool.get("deprecated") else ""
    return f"- {links.to_tool(name)} ({kinds}): {ended}{inline(tool.get('summary', ''))}"


def _shown(name: str, tool: Mapping[str, Any], api: Api) -> str:
    title, call = calls(name, tool, api)[0]
    visible = "".join(char if char.isprintable() else " " for char in title).strip()
    return f"-- {visible}\n{call.lua}" if visible else call.lua


def _account_calls(tools: Mapping[str, Any], api: Api) -> Code | None:
    for name, tool in tools.items():
        if tool["class"] == "read" and not tool.get("deprecated") and not example_arguments(tool, api.types):
            places = (api.namespace, f"{api.namespace}.default", f"{api.namespace}.{_ACCOUNT}")
            return Code("lua", "\n".join(lua_call(lua_path(place, name), {}) for place in places))
    return None
