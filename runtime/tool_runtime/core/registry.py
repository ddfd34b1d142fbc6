"""The registry: the compiled spec, read once and handed out as frozen objects.

Owns the format of `registry.json` on the reading side: the number of the format, the prefix of references to types, and
the resolving of names. No other module reads the document's keys. A tool's entry becomes a `Tool` when it is first
asked for: a process that makes one call does not pay for a hundred tools. Knows nothing of arguments, HTTP or surfaces.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tool_runtime.core.tools import (
    Api,
    Auth,
    Group,
    PageStyle,
    Server,
    SyncKind,
    Tool,
    Waiter,
    read_entry,
    read_security,
    read_sync_kind,
    read_tool,
    read_waiter,
)
from tool_runtime.errors import SpecError, UnknownTool
from tool_runtime.values.suggestions import nearest_names

if TYPE_CHECKING:
    from tool_runtime.core.prompts import Prompt
    from tool_runtime.core.resources import Manners, Resource
    from tool_runtime.core.webhook_declarations import Webhooks

FORMAT = 1
Value = TypeVar("Value")


class Entries(Mapping[str, Value]):
    """The entries of one section, by name; each is read when it is first asked for."""

    def __init__(self, entries: Mapping[str, Any], read: Callable[[str, Any], Value]) -> None:
        self._entries = entries
        self._read = read
        self._known: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        """Return an entry, or raise `KeyError`; `SpecError` where the document holds something else."""
        known = self._known.get(name)
        if known is not None:
            return known
        entry = self._entries[name]
        try:
            # Two threads may both read an entry; one of the two results stays.
            return self._known.setdefault(name, self._read(name, entry))
        except (KeyError, TypeError, AttributeError) as error:
            message = f"the registry's entry {name} cannot be read ({error}): regenerate the bindings"
            raise SpecError(message) from error

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in the order of the spec."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)


class Registry:
    """All tools of one API. Immutable; raises `SpecError` for a document of another format."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document.get("registry") != FORMAT:
            message = f"registry format {document.get('registry')!r} is not {FORMAT}: regenerate the bindings"
            raise SpecError(message)
        self.document = document
        self.api = read_entry(Api, document["api"])
        self.server = read_entry(Server, document["server"])
        self.schemes, self.security = read_security(document["auth"])
        usual = self.security[0][0] if self.security and self.security[0] else next(iter(self.schemes), "")
        # The scheme of an account's first key. An API that asks for none has a place that no key goes to.
        self.auth = self.schemes.get(usual) or Auth("none", "")
        self.key_headers = tuple(scheme.header for scheme in self.schemes.values() if scheme.header)
        self.error_messages: tuple[str, ...] = tuple(document.get("errors", {}).get("message", ()))
        self.types: Mapping[str, Any] = document.get("types", {})
        self.shapes: Mapping[str, Any] = document.get("shapes", {})
        self.tools: Mapping[str, Tool] = Entries(document["tools"], read_tool)
        self.waiters: Mapping[str, Waiter] = Entries(document.get("waiters", {}), read_waiter)
        self.sync: Mapping[str, SyncKind] = Entries(document.get("sync", {}), read_sync_kind)
        self.page_styles: Mapping[str, PageStyle] = Entries(
            document.get("pagination", {}), lambda _, entry: read_entry(PageStyle, entry)
        )
        self.groups: Mapping[str, Group] = Entries(
            document.get("groups", {}), lambda name, entry: read_entry(Group, entry, name=name)
        )
        self._resolved: dict[str, Tool] = {}

    @cached_property
    def prompts(self) -> "Mapping[str, Prompt]":
        """The prompts for common work, by name."""
        # One surface alone needs them.
        from tool_runtime.core.prompts import read_prompt

        return Entries(self.document.get("prompts", {}), read_prompt)

    @cached_property
    def webhooks(self) -> "Webhooks | None":
        """How deliveries of the API are signed, and their events; None for an API that sends none."""
        # Only what receives deliveries needs these classes.
        from tool_runtime.core.webhook_declarations import read_webhooks

        entry = self.document.get("webhooks")
        return read_webhooks(entry) if entry else None

    @cached_property
    def _index(self) -> Mapping[str, str]:
        index: dict[str, str] = {}
        for name, entry in self.document["tools"].items():
            for spelling in (name, entry.get("full_name", name), *entry.get("aliases", ())):
                index[spelling] = name
        return index

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every name of every tool, aliases and full names included, and the canonical name behind it."""
        return self._index

    @cached_property
    def paged(self) -> frozenset[str]:
        """The canonical names of the tools whose lists come in pages. Reads no entry as a whole."""
        return frozenset(name for name, entry in self.document["tools"].items() if entry.get("pagination"))

    @cached_property
    def resources(self) -> "Mapping[str, Resource]":
        """The records that a sandbox keeps, by name."""
        # Only a sandbox needs these classes, and a call should not pay for them.
        from tool_runtime.core.resources import EVERY, read_resource

        declared = self.document.get("resources", {})
        return Entries({name: entry for name, entry in declared.items() if name != EVERY}, read_resource)

    @cached_property
    def manners(self) -> "Manners":
        """What is true of the whole API on a sandbox."""
        from tool_runtime.core.resources import EVERY, read_manners

        return read_manners(self.document.get("resources", {}).get(EVERY, {}))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the canonical names, in the order of the spec."""
        return iter(self.tools)

    def resolve(self, name: Any) -> Tool:
        """Return the tool behind a canonical name, alias or full name, with or without the API's prefix.

        Raises `UnknownTool` with the names that come nearest.
        """
        tool = self._resolved.get(name) if isinstance(name, str) else None
        if tool is None:
            bare = str(name).removeprefix(f"{self.api.slug}.")
            canonical = self._index.get(bare)
            if canonical is None:
                near = nearest_names(bare, self._index)
                message = f"there is no tool named {str(name)[:200]!r}"
                hint = f"Nearest: {', '.join(near)}." if near else "List the tools to see what there is."
                raise UnknownTool(message, nearest=near, hint=hint)
            tool = self._resolved[name] = self.tools[canonical]
        return tool

    def waiter(self, name: Any) -> Waiter:
        """Return a waiter, or raise `UnknownTool` with the names that come nearest."""
        if not isinstance(name, str) or name not in self.waiters:
            near = nearest_names(str(name), self.waiters)
            message = f"there is no waiter named {str(name)[:200]!r}"
            hint = f"Nearest: {', '.join(near)}." if near else f"Waiters: {', '.join(self.waiters) or 'none'}."
            raise UnknownTool(message, nearest=near, hint=hint)
        return self.waiters[name]

    def page_style(self, tool: Tool) -> PageStyle | None:
        """Return how a tool's list is cut into pages, or None where the tool is not paged."""
        return self.page_styles[tool.pagination] if tool.pagination else None


@lru_cache(maxsize=8)
def load_registry(path: Path) -> Registry:
    """Read `registry.json`, once per process and path. Raises `SpecError` where it cannot be read."""
    try:
        return Registry(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"cannot read the registry {path.name}: {error}"
        raise SpecError(message) from error
