"""The difference between two registries for a person who calls tools by name.

This module compares names, arguments, results, class and effects, iterators, waiters and lifecycle. A change on the
wire counts only if callers notice the change. If an old name is still accepted, as an alias or a spelling, the change
is a rename and breaks nobody. The class decides what the policy of an account allows, so a change of class breaks
callers in both directions.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.compare import rules
from tool_generator.compare.alternatives import described
from tool_generator.compare.differ import Differ
from tool_generator.compare.phrases import phrase
from tool_generator.compare.rules import judged
from tool_generator.model.exchanges import registry_schemas
from tool_generator.model.schemas import Node
from tool_generator.release.versions import BREAKING, FEATURE, FIX
from tool_runtime.core.tools import Retry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_runtime.core.registry import Registry
    from tool_runtime.core.tools import Constraint, Parameter, Tool, Waiter

_WIRE = ("method", "path", "body", "other_encoding", "media_type", "steps", "server", "security")
_BEHAVIOUR = {"numbers": FEATURE, "idempotency": FEATURE, "retry": FIX, "timeout": FIX, "reconcile": FIX}
_IDENTITY = ("name", "slug", "command", "environment", "distribution")
_PARAMETER_WIRE = ("wire", "place", "style", "explode", "reserved", "media_type", "encoding", "shape", "raw")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change for the changelog: the section, the weight, the tool (or none), and the words."""

    section: str
    level: str
    text: str
    tool: str = ""
    kind: str = ""
    path: str = ""
    was: Any = None
    now: Any = None

    def as_json(self) -> dict[str, Any]:
        """Give the form of `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Both:
    """Two registries, with the indexes that the comparison uses many times."""

    old: Registry
    new: Registry
    names: dict[str, str] = field(default_factory=dict)
    differs: dict[str, Differ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, tool in self.new.tools.items():
            for spelled in _names(tool):
                self.names.setdefault(spelled, name)

        for role in ("request", "reply"):
            self.differs[role] = Differ(registry_schemas(self.old, role), registry_schemas(self.new, role))


def difference(old: Registry, new: Registry) -> list[Entry]:
    """List what changed from one registry to the other for a caller of its tools."""
    both = _Both(old, new)
    found = list(_api(old, new))
    reached = set()
    for name, tool in old.tools.items():
        target = both.names.get(name) or _same_operation(tool, both)
        if target is None:
            found.append(Entry("Removed", BREAKING, "the tool is gone", name, "tool_removed", was=tool.summary))
            continue
        reached.add(target)
        found += _tool(tool, new.tools[target], both)
    for name, tool in new.tools.items():
        if name not in reached:
            text = f"a new {tool.tool_class}: {tool.summary or tool.path}"
            found.append(Entry("Added", FEATURE, text, name, "tool_added", now=tool.summary))
    found += _waiters(old.waiters, new.waiters)
    found += _types(old.types, new.types)
    if not found and _substance(old) != _substance(new):
        found.append(Entry("Changed", FIX, "texts, examples or the sandbox's data", "", "texts"))
    return found


def _substance(registry: Registry) -> str:
    """Give everything that a registry says, except its version, as one text."""
    kept = {key: value for key, value in registry.document.items() if key not in ("$generated", "api")}
    kept["api"] = {key: value for key, value in asdict(registry.api).items() if key != "version"}
    return json.dumps(kept, sort_keys=True)


def _names(tool: Tool) -> list[str]:
    return list(dict.fromkeys([tool.name, tool.full_name, *tool.aliases]))


def _same_operation(tool: Tool, both: _Both) -> str | None:
    """Give the new tool for the operation of an old tool whose name no longer exists."""
    for other, candidate in both.new.tools.items():
        if other in both.old.tools or not candidate.upstream:
            continue
        if candidate.upstream == tool.upstream and tool.name not in both.new.tools:
            return other
    return None


def _plain(value: Any) -> Any:
    """Give a part of a registry as JSON: `Server("https://api.example")` is `{"base_url": …, "strip": []}`."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _api(old: Registry, new: Registry) -> Iterator[Entry]:
    for key in _IDENTITY:
        was, now = getattr(old.api, key), getattr(new.api, key)
        if was != now:
            yield Entry(
                "Changed", BREAKING, f"the API's {key} is `{now}` (was `{was}`)", "", f"api_{key}", "", was, now
            )
    for key in ("server", "auth", "security"):
        was, now = getattr(old, key), getattr(new, key)
        if was != now:
            text = "requests go to another server" if key == "server" else "requests are authorised in another way"
            yield Entry("Changed", FIX, text, "", key, "", _plain(was), _plain(now))


def _tool(old: Tool, new: Tool, both: _Both) -> Iterator[Entry]:
    name, target = old.name, new.name
    if target != name:
        is_kept = name in _names(new)
        text = f"is called `{target}` now" + ("; the old name is still accepted" if is_kept else "")
        level = FEATURE if is_kept else BREAKING
        yield Entry("Changed", level, text, name, "tool_renamed", "", name, target)
    for spelled in _names(old):
        if spelled != name and both.names.get(spelled) != target:
            text = f"no longer answers to `{spelled}`"
            yield Entry("Removed", BREAKING, text, target, "name_removed", "", spelled)
    known = set(_names(old))
    for spelled in _names(new):
        if spelled not in known and spelled != target:
            yield Entry("Added", FEATURE, f"answers to `{spelled}` too", target, "name_added", "", None, spelled)
    yield from _nature(old, new)
    yield from _arguments(old, new, both)
    yield from _result(old, new, both)
    yield from _behaviour(old, new, both)
    yield from _lifecycle(old, new)


def _nature(old: Tool, new: Tool) -> Iterator[Entry]:
    name = new.name
    if old.tool_class != new.tool_class:
        text = f"is a {new.tool_class} now (was a {old.tool_class})"
        yield Entry("Changed", BREAKING, text, name, "class", "", old.tool_class, new.tool_class)
    was, now = list(old.effects), list(new.effects)
    if sorted(was) != sorted(now):
        text = f"effects: {', '.join(now) or 'none'} (were: {', '.join(was) or 'none'})"
        yield Entry("Changed", FEATURE, text, name, "effects", "", was, now)


def _arguments(old: Tool, new: Tool, both: _Both) -> Iterator[Entry]:
    name = new.name
    accepted = {spelled: parameter.name for spelled, parameter in new.names.items()}
    reached = set()
    is_moved = False
    for argument, parameter in old.parameters.items():
        target = accepted.get(argument) or _same_wire(parameter, old, new)
        if target is None:
            text = f"the argument `{argument}` is gone"
            yield Entry("Removed", BREAKING, text, name, "argument_removed", argument)
            continue
        reached.add(target)
        other = new.parameters[target]
        if target != argument:
            is_kept = argument in accepted
            text = f"the argument `{argument}` is called `{target}` now" + (
                "; the old name is still accepted" if is_kept else ""
            )
            level = FEATURE if is_kept else BREAKING
            yield Entry("Changed", level, text, name, "argument_renamed", argument, argument, target)
        for spelled in parameter.spellings:
            if spelled not in accepted:
                text = f"the argument `{target}` can no longer be given as `{spelled}`"
                yield Entry("Removed", BREAKING, text, name, "spelling_removed", target, spelled)
        yield from _argument(parameter, other, name, both)
        is_moved = is_moved or any(getattr(parameter, key) != getattr(other, key) for key in _PARAMETER_WIRE)
    for argument, parameter in new.parameters.items():
        if argument not in reached:
            kind = described(both.differs["request"].other.view(Node(parameter.accepted, (name, argument))))
            text = f"a new {'required ' if parameter.required else ''}argument `{argument}` ({kind})"
            level = BREAKING if parameter.required else FEATURE
            yield Entry("Added", level, text, name, "argument_added", argument, None, kind)
    yield from _constraints(old, new)
    if is_moved or any(getattr(old, key) != getattr(new, key) for key in _WIRE):
        was, now = f"{old.method} {old.path}", f"{new.method} {new.path}"
        how = f": {now} (was {was})" if was != now else ""
        yield Entry("Changed", FIX, f"sends its request in another way{how}", name, "wire", "", was, now)


def _same_wire(parameter: Parameter, old: Tool, new: Tool) -> str | None:
    for other, candidate in new.parameters.items():
        is_new = other not in old.parameters
        if is_new and (candidate.place, candidate.wire) == (parameter.place, parameter.wire):
            return other
    return None


def _argument(old: Parameter, new: Parameter, name: str, both: _Both) -> Iterator[Entry]:
    target, was, now = new.name, old.required, new.required
    if was != now:
        text = f"the argument `{target}` is {'required' if now else 'optional'} now"
        kind = "required" if now else "optional"
        yield Entry("Changed", BREAKING if now else FEATURE, text, name, kind, target, was, now)
    if new.deprecated and not old.deprecated:
        text = f"the argument `{target}` is deprecated"
        yield Entry("Deprecated", FEATURE, text, name, "argument_deprecated", target)
    one, other = Node(old.accepted, (name, old.name)), Node(new.accepted, (name, target))
    for change in judged(both.differs["request"].compare(one, other, target), rules.ARGUMENTS):
        level = BREAKING if change.breaking else FEATURE
        text = phrase(change, "takes")
        yield Entry("Changed", level, text, name, change.kind, change.path, change.was, change.now)


def _constraints(old: Tool, new: Tool) -> Iterator[Entry]:
    for rule in new.constraints:
        if rule not in old.constraints:
            text = f"new rule: {_rule(rule)}"
            yield Entry("Changed", BREAKING, text, new.name, "constraint_added", now={rule.rule: list(rule.names)})
    for rule in old.constraints:
        if rule not in new.constraints:
            text = f"no longer a rule: {_rule(rule)}"
            yield Entry("Changed", FEATURE, text, new.name, "constraint_removed", was={rule.rule: list(rule.names)})


def _rule(constraint: Constraint) -> str:
    return f"{constraint.rule.replace('_', ' ')} of {', '.join(f'`{name}`' for name in constraint.names)}"


def _result(old: Tool, new: Tool, both: _Both) -> Iterator[Entry]:
    name, was, now = new.name, old.returns.schema, new.returns.schema
    if was is None and now is None:
        return
    if was is None or now is None:
        text = "returns a result now" if was is None else "returns nothing any more"
        yield Entry("Changed", FEATURE if was is None else BREAKING, text, name, "result", "result")
        return
    one, other = Node(was, (name, "result")), Node(now, (name, "result"))
    found = both.differs["reply"].compare(one, other, "result")
    for change in judged(found, rules.RESULTS):
        level = BREAKING if change.breaking else FEATURE
        text = phrase(change, "is")
        yield Entry("Changed", level, text, name, change.kind, change.path, change.was, change.now)


def _behaviour(old: Tool, new: Tool, both: _Both) -> Iterator[Entry]:
    name, was, now = new.name, old.pagination, new.pagination
    if was and not now:
        yield Entry("Removed", BREAKING, "its pages can no longer be iterated", name, "pagination", "", was, now)
    elif now and not was:
        yield Entry("Added", FEATURE, "its pages can be iterated", name, "pagination", "", was, now)
    elif now and both.old.page_style(old) != both.new.page_style(new):
        yield Entry("Changed", FIX, "its pages are followed in another way", name, "pagination", "", was, now)
    for key, level in _BEHAVIOUR.items():
        before, after = (None if part == Retry() else part for part in (getattr(old, key), getattr(new, key)))
        if before != after:
            text = f"{key} changed" if before and after else f"{key} {'added' if after else 'removed'}"
            yield Entry("Changed", level, text, name, key, "", _plain(before), _plain(after))


def _lifecycle(old: Tool, new: Tool) -> Iterator[Entry]:
    name = new.name
    if (old.deprecated, old.sunset, old.replaced_by) == (new.deprecated, new.sunset, new.replaced_by):
        return
    if not new.deprecated:
        yield Entry("Changed", FEATURE, "is no longer deprecated", name, "undeprecated")
        return
    text = "is deprecated"
    if new.sunset:
        text += f" and stops working on {new.sunset}"
    if new.replaced_by:
        text += f"; use `{new.replaced_by}`"
    yield Entry("Deprecated", FEATURE, text, name, "deprecated", "", old.sunset, new.sunset)


def _waiters(old: Mapping[str, Waiter], new: Mapping[str, Waiter]) -> Iterator[Entry]:
    for name in old:
        if name not in new:
            yield Entry("Removed", BREAKING, f"the waiter `{name}` is gone", "", "waiter_removed", name)
    for name, waiter in new.items():
        if name not in old:
            text = f"a new waiter `{name}`: {waiter.summary or waiter.tool}"
            yield Entry("Added", FEATURE, text, "", "waiter_added", name)
        elif old[name].tool != waiter.tool:
            text = f"the waiter `{name}` asks `{waiter.tool}` (was `{old[name].tool}`)"
            yield Entry("Changed", BREAKING, text, "", "waiter_changed", name)
        elif any(getattr(old[name], key) != getattr(waiter, key) for key in ("until", "fail", "interval", "timeout")):
            yield Entry("Changed", FEATURE, f"the waiter `{name}` waits for something else", "", "waiter_changed", name)


def _types(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Entry]:
    gone = [name for name in old if name not in new]
    if gone:
        listed = ", ".join(f"`{name}`" for name in gone)
        text = f"types that can no longer be imported: {listed}"
        yield Entry("Removed", BREAKING, text, "", "types_removed", "", gone)
