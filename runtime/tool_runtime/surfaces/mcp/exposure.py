"""Exposure: which tools a server offers, and which it calls at all.

One judgement serves both: what is hidden is refused at dispatch too, so who knows a hidden name gains nothing.
Must not know: accounts and their policies, which the gate judges.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

from tool_runtime.core.account import EFFECTS
from tool_runtime.core.gate import all_effects
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Tool
from tool_runtime.errors import PolicyRefused, UnknownTool, UsageError
from tool_runtime.surfaces.mcp.serve_options import ServeOptions
from tool_runtime.values.suggestions import nearest

CLASSES = ("read", "write")


class Exposure:
    """The tools of one server. Raises `UsageError` for a selector that selects nothing that exists."""

    def __init__(self, registry: Registry, options: ServeOptions) -> None:
        self._registry, self._write = registry, options.write
        self._include = [_selector(registry, word) for word in _words(options.include)]
        self._exclude = [_selector(registry, word) for word in _words(options.exclude)]

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that are offered, by name."""
        return tuple(tool for _, tool in sorted(self._registry.tools.items()) if self.refusal(tool) is None)

    def refusal(self, tool: Tool) -> PolicyRefused | None:
        """Return why a tool is not offered, or None."""
        left_out = self._include and not any(fits(tool) for fits in self._include)
        if left_out or any(fits(tool) for fits in self._exclude):
            message = f"{tool.name} is not offered by this server"
            hint = "Whoever starts the server chooses the tools: --include, --exclude. Nothing was sent."
            return PolicyRefused(message, tool=tool.name, hint=hint)
        if self._write == "deny" and self.writes(tool):
            effects = all_effects(tool, self._registry)
            kind = f"a write with the effects {', '.join(effects)}" if effects else "a write"
            message = f"{tool.name} is {kind}, and this server was started for reads only"
            hint = "Whoever starts the server may add --write ask or --write allow. Nothing was sent."
            return PolicyRefused(message, tool=tool.name, hint=hint)
        return None

    def writes(self, tool: Tool) -> bool:
        """Whether a tool, or one of its steps, changes something."""
        steps = (self._registry.resolve(step.tool) for step in (*tool.steps.before, *tool.steps.after))
        return not tool.is_read or any(self.writes(step) for step in steps)


def _words(given: Sequence[str]) -> list[str]:
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def _selector(registry: Registry, word: str) -> Callable[[Tool], bool]:
    """Return what a selector selects: a tool by any of its names, a group, a class or an effect.

    Example: `effect:dial` -> every tool that dials, steps included. A bare word is a tool, else a group, and so on.
    """
    kind, colon, name = word.partition(":")
    if not colon:
        kind, name = "", word
    if kind in {"", "tool"}:
        try:
            chosen = registry.resolve(name).name
        except UnknownTool:
            if kind:
                raise
        else:
            return lambda tool: tool.name == chosen
    if kind in {"", "group"} and name in registry.groups:
        return lambda tool: tool.group == name
    if kind in {"", "class"} and name in CLASSES:
        return lambda tool: tool.tool_class == name
    if kind in {"", "effect"} and name in EFFECTS:
        return lambda tool: name in all_effects(tool, registry)
    kinds = {"group": registry.groups, "class": CLASSES, "effect": EFFECTS}
    known = list(kinds[kind]) if kind in kinds else [*registry.tools, *registry.groups, *CLASSES, *EFFECTS]
    near = nearest(name, known)
    hint = f"Did you mean {near}?" if near else "A tool, group:NAME, class:read, class:write or effect:dial."
    raise UsageError(f"nothing is selected by {word[:80]!r}", hint=hint)
