"""Groups of tools and the identity of the API, as the overview, the guides and the whole reference show them.

This module knows the groups of the registry and the names under which users reach the API. It must not know about
pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tool_generator.emit.reference.functions import Code, DocumentedApi, badges, calls
from tool_generator.emit.reference.links import Links
from tool_generator.emit.reference.markdown import blocks, code, heading, inline, paragraph
from tool_generator.emit.reference.sample_arguments import example_arguments
from tool_generator.emit.reference.snippets import lua_call, lua_path
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Group, Tool

_ACCOUNT = "production"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the fixed texts of the templates say about the API, all as Markdown."""

    title: str
    summary: str
    namespace: str
    package: str
    slug: str
    command: str
    distribution: str
    documentation: str
    prefix: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, api: DocumentedApi) -> "Identity":
        """Read the identity of an API. `names` are the names of the first tool that has several."""
        described = api.registry.api
        return cls(
            title=heading(described.title),
            summary=paragraph(described.summary),
            namespace=api.namespace,
            package=described.name,
            slug=described.slug,
            command=described.command,
            distribution=described.distribution,
            documentation=inline(described.documentation),
            prefix=described.environment,
            names=tuple(_names(api)),
        )


@dataclass(frozen=True, slots=True)
class GroupSection:
    """The section of a group: its purpose, its tools as list lines, and a Lua script that shows them."""

    title: str
    prose: str
    tools: tuple[str, ...]
    script: Code


def groups_of(registry: Registry) -> list[Group]:
    """Return the groups in the order of the reference."""
    groups = registry.groups
    return [groups[name] for name in dict.fromkeys((*registry.api.groups, *groups)) if name in groups]


def generic_groups(registry: Registry) -> list[Group]:
    """Return the groups that hold only helpers which take a raw path."""
    return [group for group in groups_of(registry) if _is_generic(group, registry)]


def special_groups(registry: Registry) -> list[Group]:
    """Return all other groups."""
    return [group for group in groups_of(registry) if not _is_generic(group, registry)]


def _is_generic(group: Group, registry: Registry) -> bool:
    return all(any(item.raw for item in registry.tools[name].parameters.values()) for name in group.tools)


def group_section(group: Group, api: DocumentedApi, links: Links) -> GroupSection:
    """Return the section of a group."""
    tools = [api.registry.tools[name] for name in group.tools]
    return GroupSection(
        title=heading(group.title or group.name),
        prose=links.prose(blocks(group.summary)),
        tools=tuple(f"- {tool_line(tool, links)}" for tool in tools),
        script=Code("lua", "\n\n".join(_shown(tool, api) for tool in tools)),
    )


def tool_line(tool: Tool, links: Links) -> str:
    """Return the line of a tool: a link, class and effects, and the summary."""
    ended = "deprecated. " if tool.deprecated else ""
    return f"{links.to_tool(tool.name)} ({inline(badges(tool))}): {ended}{inline(tool.summary)}"


def account_calls(api: DocumentedApi) -> Code | None:
    """Return one call for three accounts in Lua; None where no read does without arguments."""
    for name, tool in api.registry.tools.items():
        if tool.is_read and not tool.deprecated and not example_arguments(tool, api.types):
            places = (api.namespace, f"{api.namespace}.default", f"{api.namespace}.{_ACCOUNT}")
            return Code("lua", "\n".join(lua_call(lua_path(place, name), {}) for place in places))
    return None


def _names(api: DocumentedApi) -> Iterable[str]:
    tools = api.registry.tools.values()
    tool = next((tool for tool in tools if tool.aliases), next(iter(tools), None))
    if tool is None:
        return ()
    full = tool.full_name
    return map(code, dict.fromkeys((tool.name, *tool.aliases, full, f"{api.registry.api.slug}.{full}")))


def _shown(tool: Tool, api: DocumentedApi) -> str:
    title, call = calls(tool, api)[0]
    visible = "".join(char if char.isprintable() else " " for char in title).strip()
    return f"-- {visible}\n{call.lua}" if visible else call.lua
