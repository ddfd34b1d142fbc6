"""The difference between two registries, as somebody feels it who calls tools by name.

Compared are names, arguments, results, class and effects, iterators, waiters, lifecycle. What happens on the wire
counts only as far as callers notice. A name or argument that went and is still accepted, as an alias or a spelling,
is a rename and breaks nobody. Class decides what an account's policy lets through, so a change of class breaks either
way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tool_generator.changes import rules
from tool_generator.changes.alternatives import described
from tool_generator.changes.compare import Comparer
from tool_generator.changes.exchanges import registry_schemas
from tool_generator.changes.phrases import phrase
from tool_generator.changes.rules import judged
from tool_generator.changes.versions import BREAKING, FEATURE, FIX
from tool_generator.changes.views import Node

Tool = Mapping[str, Any]
_WIRE = ("method", "path", "body", "steps")
_BEHAVIOUR = {"idempotency": FEATURE, "retry": FIX, "timeout": FIX, "reconcile": FIX}
_IDENTITY = ("name", "slug", "command", "environment", "distribution")
_PARAMETER_WIRE = ("in", "style", "shape", "raw")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell: in which section of a changelog, how grave, of which tool (or none), and in what words."""

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
    """Two registries with what the comparison looks up again and again."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, tool in self.new["tools"].items():
            for spelled in _names(name, tool):
                self.names.setdefault(spelled, name)

    def comparer(self) -> Comparer:
        return Comparer(registry_schemas(self.old), registry_schemas(self.new))


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Entry]:
    """List what changed from one registry to the other for a caller of its tools."""
    both = _Both(old, new)
    found = list(_api(old, new))
    reached = set()
    for name, tool in old["tools"].items():
        target = both.names.get(name) or _same_operation(name, tool, both)
        if target is None:
            found.append(Entry("Removed", BREAKING, "the tool is gone", name, "tool_removed", was=tool.get("summary")))
            continue
        reached.add(target)
        found += _tool(name, tool, target, new["tools"][target], both)
    for name, tool in new["tools"].items():
        if name not in reached:
            text = f"a new {tool['class']}: {tool.get('summary', tool['path'])}"
            found.append(Entry("Added", FEATURE, text, name, "tool_added", now=tool.get("summary")))
    found += _waiters(old.get("waiters", {}), new.get("waiters", {}))
    found += _types(old["types"], new["types"])
    if not found and _substance(old) != _substance(new):
        found.append(Entry("Changed", FIX, "texts, examples or the sandbox's data", "", "texts"))
    return found


def _substance(registry: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in registry.items() if key != "$generated"}
    kept["api"] = {key: value for key, value in registry["api"].items() if key != "version"}
    return json.dumps(kept, sort_keys=True)


def _names(name: str, tool: Tool) -> list[str]:
    return list(dict.fromkeys([name, tool.get("full_name", name), *tool.get("aliases", ())]))


def _same_operation(name: str, tool: Tool, both: _Both) -> str | None:
    """Give the new tool that does what a tool did whose name is gone altogether."""
    for other, candidate in both.new["tools"].items():
        if other in both.old["tools"] or not candidate.get("upstream"):
            continue
        if candidate["upstream"] == tool.get("upstream") and name not in both.new["tools"]:
            return str(other)
    return None


def _api(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Entry]:
    for key in _IDENTITY:
        was, now = old["api"].get(key), new["api"].get(key)
        if was != now:
            yield Entry(
                "Changed", BREAKING, f"the API's {key} is `{now}` (was `{was}`)", "", f"api_{key}", "", was, now
            )
    for key in ("server", "auth"):
        if old.get(key) != new.get(key):
            text = f"requests go to another {key}" if key == "server" else "requests are authorised in another way"
            yield Entry("Changed", FIX, text, "", key, "", old.get(key), new.get(key))


def _tool(name: str, old: Tool, target: str, new: Tool, both: _Both) -> Iterator[Entry]:
    if target != name:
        is_kept = name in _names(target, new)
        text = f"is called `{target}` now" + ("; the old name is still accepted" if is_kept else "")
        level = FEATURE if is_kept else BREAKING
        yield Entry("Changed", level, text, name, "tool_renamed", "", name, target)
    for spelled in _names(name, old):
        if spelled != name and both.names.get(spelled) != target:
            text = f"no longer answers to `{spelled}`"
            yield Entry("Removed", BREAKING, text, target, "name_removed", "", spelled)
    known = set(_names(name, old))
    for spelled in _names(target, new):
        if spelled not in known and spelled != target:
            yield Entry("Added", FEATURE, f"answers to `{spelled}` too", target, "name_added", "", None, spelled)
    yield from _nature(old, new, target)
    yield from _arguments(old, new, target, both)
    yield from _result(old, new, target, both)
    yield from _behaviour(old, new, target, both)
    yield from _lifecycle(old, new, target)


def _nature(old: Tool, new: Tool, name: str) -> Iterator[Entry]:
    if old["class"] != new["class"]:
        text = f"is a {new['class']} now (was a {old['class']})"
        yield Entry("Changed", BREAKING, text, name, "class", "", old["class"], new["class"])
    was, now = old.get("effects", []), new.get("effects", [])
    if sorted(was) != sorted(now):
        text = f"effects: {', '.join(now) or 'none'} (were: {', '.join(was) or 'none'})"
        yield Entry("Changed", FEATURE, text, name, "effects", "", was, now)


def _arguments(old: Tool, new: Tool, name: str, both: _Both) -> Iterator[Entry]:
    accepted = {
        spelled: argument
        for argument, parameter in reversed(new["parameters"].items())
        for spelled in (argument, *parameter.get("spellings", ()))
    } | {argument: argument for argument in new["parameters"]}
    reached = set()
    is_moved = False
    for argument, parameter in old["parameters"].items():
        target = accepted.get(argument) or _same_wire(parameter, argument, old, new)
        if target is None:
            text = f"the argument `{argument}` is gone"
            yield Entry("Removed", BREAKING, text, name, "argument_removed", argument)
            continue
        reached.add(target)
        other = new["parameters"][target]
        if target != argument:
            is_kept = argument in accepted
            text = f"the argument `{argument}` is called `{target}` now" + (
                "; the old name is still accepted" if is_kept else ""
            )
            level = FEATURE if is_kept else BREAKING
            yield Entry("Changed", level, text, name, "argument_renamed", argument, argument, target)
        for spelled in parameter.get("spellings", ()):
            if spelled not in accepted:
                text = f"the argument `{target}` can no longer be given as `{spelled}`"
                yield Entry("Removed", BREAKING, text, name, "spelling_removed", target, spelled)
        yield from _argument(argument, parameter, target, other, name, both)
        is_moved = is_moved or parameter.get("wire", argument) != other.get("wire", target)
        is_moved = is_moved or any(parameter.get(key) != other.get(key) for key in _PARAMETER_WIRE)
    for argument, parameter in new["parameters"].items():
        if argument not in reached:
            is_required = bool(parameter.get("required"))
            schema = parameter.get("friendly", parameter["schema"])
            kind = described(registry_schemas(both.new).view(Node(schema, argument)))
            text = f"a new {'required ' if is_required else ''}argument `{argument}` ({kind})"
            level = BREAKING if is_required else FEATURE
            yield Entry("Added", level, text, name, "argument_added", argument, None, kind)
    yield from _constraints(old, new, name)
    if is_moved or any(old.get(key) != new.get(key) for key in _WIRE):
        was, now = f"{old['method']} {old['path']}", f"{new['method']} {new['path']}"
        how = f": {now} (was {was})" if was != now else ""
        yield Entry("Changed", FIX, f"sends its request in another way{how}", name, "wire", "", was, now)


def _same_wire(parameter: Tool, argument: str, old: Tool, new: Tool) -> str | None:
    wire = (parameter["in"], parameter.get("wire", argument))
    for other, candidate in new["parameters"].items():
        if other not in old["parameters"] and (candidate["in"], candidate.get("wire", other)) == wire:
            return str(other)
    return None


def _argument(argument: str, old: Tool, target: str, new: Tool, name: str, both: _Both) -> Iterator[Entry]:
    was, now = bool(old.get("required")), bool(new.get("required"))
    if was != now:
        text = f"the argument `{target}` is {'required' if now else 'optional'} now"
        kind = "required" if now else "optional"
        yield Entry("Changed", BREAKING if now else FEATURE, text, name, kind, target, was, now)
    if new.get("deprecated") and not old.get("deprecated"):
        text = f"the argument `{target}` is deprecated"
        yield Entry("Deprecated", FEATURE, text, name, "argument_deprecated", target)
    one = Node(old.get("friendly", old["schema"]), argument)
    other = Node(new.get("friendly", new["schema"]), target)
    for change in judged(both.comparer().compare(one, other, target), rules.ARGUMENTS):
        level = BREAKING if change.breaking else FEATURE
        text = phrase(change, "takes")
        yield Entry("Changed", level, text, name, change.kind, change.path, change.was, change.now)


def _constraints(old: Tool, new: Tool, name: str) -> Iterator[Entry]:
    was, now = old.get("constraints", []), new.get("constraints", [])
    for constraint in now:
        if constraint not in was:
            yield Entry("Changed", BREAKING, f"new rule: {_rule(constraint)}", name, "constraint_added", now=constraint)
    for constraint in was:
        if constraint not in now:
            text = f"no longer a rule: {_rule(constraint)}"
            yield Entry("Changed", FEATURE, text, name, "constraint_removed", was=constraint)


def _rule(constraint: Mapping[str, list[str]]) -> str:
    return "; ".join(
        f"{kind.replace('_', ' ')} of {', '.join(f'`{name}`' for name in members)}"
        for kind, members in constraint.items()
    )


def _result(old: Tool, new: Tool, name: str, both: _Both) -> Iterator[Entry]:
    was, now = old.get("returns", {}).get("schema"), new.get("returns", {}).get("schema")
    if was is None and now is None:
        return
    if was is None or now is None:
        text = "returns a result now" if was is None else "returns nothing any more"
        yield Entry("Changed", FEATURE if was is None else BREAKING, text, name, "result", "result")
        return
    found = both.comparer().compare(Node(was, "result"), Node(now, "result"), "result")
    for change in judged(found, rules.RESULTS):
        level = BREAKING if change.breaking else FEATURE
        text = phrase(change, "is")
        yield Entry("Changed", level, text, name, change.kind, change.path, change.was, change.now)


def _behaviour(old: Tool, new: Tool, name: str, both: _Both) -> Iterator[Entry]:
    was, now = old.get("pagination"), new.get("pagination")
    if was and not now:
        yield Entry("Removed", BREAKING, "its pages can no longer be iterated", name, "pagination", "", was, now)
    elif now and not was:
        yield Entry("Added", FEATURE, "its pages can be iterated", name, "pagination", "", was, now)
    elif now and both.old.get("pagination", {}).get(was) != both.new.get("pagination", {}).get(now):
        yield Entry("Changed", FIX, "its pages are followed in another way", name, "pagination", "", was, now)
    for key, level in _BEHAVIOUR.items():
        if old.get(key) != new.get(key):
            text = (
                f"{key} changed" if old.get(key) and new.get(key) else f"{key} {'added' if new.get(key) else 'removed'}"
            )
            yield Entry("Changed", level, text, name, key, "", old.get(key), new.get(key))


def _lifecycle(old: Tool, new: Tool, name: str) -> Iterator[Entry]:
    keys = ("deprecated", "sunset", "replaced_by")
    if all(old.get(key) == new.get(key) for key in keys):
        return
    if not new.get("deprecated"):
        yield Entry("Changed", FEATURE, "is no longer deprecated", name, "undeprecated")
        return
    text = "is deprecated"
    if new.get("sunset"):
        text += f" and stops working on {new['sunset']}"
    if new.get("replaced_by"):
        text += f"; use `{new['replaced_by']}`"
    yield Entry("Deprecated", FEATURE, text, name, "deprecated", "", old.get("sunset"), new.get("sunset"))


def _waiters(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Entry]:
    for name in old:
        if name not in new:
            yield Entry("Removed", BREAKING, f"the waiter `{name}` is gone", "", "waiter_removed", name)
    for name, waiter in new.items():
        if name not in old:
            text = f"a new waiter `{name}`: {waiter.get('summary', waiter.get('tool', ''))}"
            yield Entry("Added", FEATURE, text, "", "waiter_added", name)
        elif old[name].get("tool") != waiter.get("tool"):
            text = f"the waiter `{name}` asks `{waiter.get('tool')}` (was `{old[name].get('tool')}`)"
            yield Entry("Changed", BREAKING, text, "", "waiter_changed", name)
        elif any(old[name].get(key) != waiter.get(key) for key in ("until", "fail", "interval", "timeout")):
            yield Entry("Changed", FEATURE, f"the waiter `{name}` waits for something else", "", "waiter_changed", name)


def _types(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Entry]:
    gone = [name for name in old if name not in new]
    if gone:
        listed = ", ".join(f"`{name}`" for name in gone)
        text = f"types that can no longer be imported: {listed}"
        yield Entry("Removed", BREAKING, text, "", "types_removed", "", gone)
