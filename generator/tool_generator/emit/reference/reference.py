"""The reference page: everything that an agent needs to call every tool, in one file.

The page is ordered for a reader who knows nothing yet: what the API is, how to call it, which tools exist (each group
with Lua that runs), the helpers for paths without a tool, accounts, waits and iterators, webhooks, errors; then every
function, then every type.

This module owns this order, the sections and their anchors. It must not know how an entry, a type or a call is
written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tool_generator.emit.reference.deliveries import TITLE, Deliveries, deliveries, payload_types
from tool_generator.emit.reference.functions import Code, DocumentedApi, Function, calls, function
from tool_generator.emit.reference.guide import Prose
from tool_generator.emit.reference.markdown import Anchors, blocks, code, heading, inline, paragraph, slug
from tool_generator.emit.reference.notation import Links
from tool_generator.emit.reference.outcomes import FAILURES, Failure
from tool_generator.emit.reference.paging import Iteration, Waiting, first_call, iterations, waiters
from tool_generator.emit.reference.samples import example_arguments
from tool_generator.emit.reference.snippets import lua_call, lua_path
from tool_generator.emit.reference.typeentries import (
    Catalogue,
    TypeEntry,
    argument_types,
    on_page,
    result_types,
    short_enumerations,
)
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Group, Tool

_EFFECTS: Mapping[str, str] = {
    "dial": "a telephone rings",
    "spend": "it costs money",
    "publish": "others see or meet the change at once",
    "destroy": "what is gone does not come back",
}
_ACCOUNT = "production"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the fixed texts of the templates say about the API, all as Markdown."""

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
class GroupSection:
    """The section of a group: its purpose, its tools as list lines, and a Lua script that shows them."""

    title: str
    prose: str
    tools: tuple[str, ...]
    script: Code


@dataclass(frozen=True, slots=True)
class Section:
    """A section; a guide text may give its title and its prose."""

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
    groups: tuple[GroupSection, ...]
    generic: Section
    helpers: tuple[GroupSection, ...]
    accounts: Section
    account_calls: Code | None
    iterations: tuple[Iteration, ...]
    waiters: tuple[Waiting, ...]
    webhooks_section: Section
    webhooks: Deliveries | None
    errors: Section
    failures: tuple[Failure, ...]
    functions: tuple[Function, ...]
    types: tuple[TypeEntry, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be known before a page is written: the prose of sections, and the target of every link."""

    introduction: str
    generic: Section
    accounts: Section
    webhooks: Section
    errors: Section
    links: Links
    types: tuple[str, ...]


def groups_of(registry: Registry) -> list[Group]:
    """Return the groups in the order of the reference."""
    groups = registry.groups
    return [groups[name] for name in dict.fromkeys((*registry.api.groups, *groups)) if name in groups]


def is_generic(group: Group, registry: Registry) -> bool:
    """Say whether a group holds only helpers that take a raw path."""
    return all(any(item.raw for item in registry.tools[name].parameters.values()) for name in group.tools)


def layout(registry: Registry, prose: Mapping[str, Prose], catalogue: Catalogue) -> Plan:
    """Walk through the headings in the order of the page, and record their anchors."""
    anchors = Anchors()
    groups = groups_of(registry)
    anchors.add(registry.api.title)
    introduction = prose["introduction"].under(2, anchors)
    anchors.add("How to call")
    for group in groups:
        if not is_generic(group, registry):
            anchors.add(group.title)
    sections: dict[str, str] = {}
    generic = _section("generic", "Generic API helpers", prose["generic_helpers"], anchors, sections)
    accounts = _section("accounts", "Several accounts", prose["accounts"], anchors, sections)
    sections["waiting"] = anchors.add("Iterating and waiting")
    told = Section("", "")
    if registry.webhooks is not None:
        told = _section("webhooks", TITLE, prose["webhooks"], anchors, sections)
    errors = _section("errors", "Errors", prose["errors"], anchors, sections)
    anchors.add("Functions")
    ordered = [name for group in groups for name in group.tools]
    tool_anchors = {name: anchors.add(name) for name in ordered}
    spelled = short_enumerations(catalogue.types)
    needed = [name for tool in registry.tools.values() for name in argument_types(tool)]
    for tool in registry.tools.values():
        needed += result_types(tool, registry)
    needed += payload_types(registry)
    types = tuple(name for name in catalogue.in_order(needed) if name not in spelled)
    type_anchors = {name: slug(catalogue.headings[name]) for name in types}
    links = Links(type_anchors, sections, tool_anchors, spelled=spelled)
    return Plan(introduction, generic, accounts, told, errors, links, types)


def _section(key: str, title: str, prose: Prose, anchors: Anchors, sections: dict[str, str]) -> Section:
    title = prose.title or title
    sections[key] = anchors.add(title)
    return Section(title, prose.under(3, anchors))


def build_reference(api: DocumentedApi, plan: Plan, catalogue: Catalogue) -> Reference:
    """Write the page."""
    links, registry = plan.links, api.registry
    groups = groups_of(registry)
    shown = [group for group in groups if not is_generic(group, registry)]
    helpers = [group for group in groups if is_generic(group, registry)]
    ordered = [registry.tools[name] for group in groups for name in group.tools]
    return Reference(
        identity=_identity(api),
        introduction=plan.introduction,
        calling=first_call(ordered[0], api) if ordered else (),
        names=tuple(_names(ordered[0], api)) if ordered else (),
        effects=tuple(_effects(registry)),
        groups=tuple(_group(group, api, links) for group in shown),
        generic=plan.generic,
        helpers=tuple(_group(group, api, links) for group in helpers),
        accounts=plan.accounts,
        account_calls=_account_calls(api),
        iterations=tuple(iterations(api, links)),
        waiters=tuple(waiters(api, links)),
        webhooks_section=plan.webhooks,
        webhooks=deliveries(api, links),
        errors=plan.errors,
        failures=FAILURES,
        functions=tuple(function(tool, api, links) for tool in ordered),
        types=tuple(catalogue.entry(name, on_page(links)) for name in plan.types),
    )


def _identity(api: DocumentedApi) -> Identity:
    described = api.registry.api
    prefix = described.environment
    return Identity(
        title=heading(described.title),
        summary=paragraph(described.summary),
        namespace=code(api.namespace),
        package=described.name,
        command=described.command,
        distribution=described.distribution,
        documentation=inline(described.documentation),
        key=f"{prefix}_API_KEY",
        account_key=f"{prefix}_API_KEY__{_ACCOUNT.upper()}",
        sandbox=f"{prefix}_SANDBOX",
        document=code(f'docs.read("{described.slug}")'),
    )


def _names(tool: Tool, api: DocumentedApi) -> Iterable[str]:
    full = tool.full_name
    return map(code, dict.fromkeys((tool.name, *tool.aliases, full, f"{api.registry.api.slug}.{full}")))


def _effects(registry: Registry) -> Iterable[str]:
    used = dict.fromkeys(effect for tool in registry.tools.values() for effect in tool.effects)
    return (f"{code(effect)}: {_EFFECTS[effect]}" if effect in _EFFECTS else code(effect) for effect in used)


def _group(group: Group, api: DocumentedApi, links: Links) -> GroupSection:
    tools = [api.registry.tools[name] for name in group.tools]
    return GroupSection(
        title=heading(group.title or group.name),
        prose=blocks(group.summary),
        tools=tuple(_tool_line(tool, links) for tool in tools),
        script=Code("lua", "\n\n".join(_shown(tool, api) for tool in tools)),
    )


def _tool_line(tool: Tool, links: Links) -> str:
    kinds = inline(", ".join([tool.tool_class, *tool.effects]))
    ended = "deprecated. " if tool.deprecated else ""
    return f"- {links.to_tool(tool.name)} ({kinds}): {ended}{inline(tool.summary)}"


def _shown(tool: Tool, api: DocumentedApi) -> str:
    title, call = calls(tool, api)[0]
    visible = "".join(char if char.isprintable() else " " for char in title).strip()
    return f"-- {visible}\n{call.lua}" if visible else call.lua


def _account_calls(api: DocumentedApi) -> Code | None:
    for name, tool in api.registry.tools.items():
        if tool.is_read and not tool.deprecated and not example_arguments(tool, api.types):
            places = (api.namespace, f"{api.namespace}.default", f"{api.namespace}.{_ACCOUNT}")
            return Code("lua", "\n".join(lua_call(lua_path(place, name), {}) for place in places))
    return None
