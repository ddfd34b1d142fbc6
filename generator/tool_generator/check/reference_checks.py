"""Checks of everything that names something else: steps, reconcile, replaced_by, pagination, waiters, templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tool_generator.check.template_checks import check_template
from tool_generator.model.schema_walk import at_path
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

    Path = tuple[str | int, ...]
    Parameters = Mapping[str, Mapping[str, Parameter]]


@dataclass(frozen=True, slots=True)
class _Checker:
    spec: Spec
    parameters: Parameters
    types: Mapping[str, Any]
    report: Report

    def tool_named(self, entry: Entry, path: Path, name: str) -> bool:
        """Check that a tool exists. Says whether its content can be checked."""
        if name not in self.spec.tools:
            self.report.problem(
                entry.where(*path),
                f"{entry.name}: there is no tool {quoted(name)}{nearest(name, self.spec.tools)}",
            )
        return name in self.parameters

    def reply(self, tool: str) -> Any:
        """Give the schema of a tool's reply; None if the reply has no schema."""
        return self.spec.tools[tool].data.get("returns", {}).get("schema")

    def call(self, entry: Entry, path: Path, call: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """Check a call of another tool: `tool` and `with`."""
        arguments = call.get("with", {})
        check_template(entry, (*path, "with"), arguments, known, self.report, self.types)
        if not self.tool_named(entry, (*path, "tool"), call["tool"]):
            return
        taken = self.parameters[call["tool"]]
        spellings = {spelling for item in taken.values() for spelling in (item.name, *item.spellings)}
        for name in arguments:
            if name not in spellings:
                hint = nearest(name, spellings)
                self.report.problem(
                    entry.where(*path, "with", name, key=True),
                    f"{entry.name}: {call['tool']} takes no {quoted(name)}{hint}",
                )
        if not any(item.place == "spread" and item.name in arguments for item in taken.values()):
            for item in taken.values():
                if item.required and not {item.name, *item.spellings} & arguments.keys():
                    self.report.problem(
                        entry.where(*path, key=True),
                        f"{entry.name}: {call['tool']} needs {quoted(item.name)}, which is not given",
                    )


def check_references(spec: Spec, parameters: Parameters, types: Mapping[str, Any], report: Report) -> None:
    """Check the references of all tools and waiters."""
    checker = _Checker(spec, parameters, types, report)
    for name, known in parameters.items():
        tool = spec.tools[name]
        _check_steps(checker, tool, known)
        if "reconcile" in tool.data:
            scope = {
                **{item.name: item.data.get("schema") for item in known.values()},
                "sent_at_ms": {"type": "integer"},
            }
            checker.call(tool, ("reconcile",), tool.data["reconcile"], scope)
            target = tool.data["reconcile"]["tool"]
            if target in parameters and spec.tools[target].data["class"] != "read":
                report.problem(
                    tool.where("reconcile", "tool"),
                    f"{name}: {target} is a write; reconcile must not change anything",
                )
        if "replaced_by" in tool.data:
            replacement = tool.data["replaced_by"]
            if replacement == name:
                report.problem(tool.where("replaced_by"), f"{name}: is replaced by itself")
            checker.tool_named(tool, ("replaced_by",), replacement)
        if "pagination" in tool.data:
            _check_pagination(checker, tool, known)
    for waiter in spec.waiters.values():
        if waiter.whole:
            _check_waiter(checker, waiter)
    _check_loops(checker)


def _check_steps(checker: _Checker, tool: Entry, known: Mapping[str, Parameter]) -> None:
    scope: dict[str, Any] = {item.name: item.data.get("schema") for item in known.values()}
    steps = tool.data.get("steps", {})
    seen: set[str] = set()
    for phase in ("before", "after"):
        for index, step in enumerate(steps.get(phase, ())):
            path = ("steps", phase, index)
            if step["id"] in scope:
                kind = "an earlier step" if step["id"] in seen else "an argument"
                checker.report.problem(tool.where(*path, "id"), f"{tool.name}: {quoted(step['id'])} is {kind} already")
            if "when" in step and step["when"] not in known:
                hint = nearest(step["when"], known)
                checker.report.problem(
                    tool.where(*path, "when"),
                    f"{tool.name}: there is no argument {quoted(step['when'])}{hint}",
                )
            checker.call(tool, path, step, scope)
            seen.add(step["id"])
            if step["tool"] in checker.parameters:
                scope[step["id"]] = checker.reply(step["tool"])
                _check_effects(checker, tool, path, step)
            else:
                scope[step["id"]] = None
            check_template(tool, (*path, "set"), step.get("set", {}), scope, checker.report, checker.types)
            for name in step.get("set", {}):
                if name not in known:
                    hint = nearest(name, known)
                    checker.report.problem(
                        tool.where(*path, "set", name, key=True),
                        f"{tool.name}: there is no argument {quoted(name)} to set{hint}",
                    )
            if "undo" in step:
                checker.call(tool, (*path, "undo"), step["undo"], scope)
            if phase == "after":
                for key in ("set", "undo"):
                    if key in step:
                        checker.report.problem(
                            tool.where(*path, key, key=True),
                            f"{tool.name}: {key} is for steps before the request",
                        )
    used = [item for item in known.values() if item.place == "steps"]
    if used and not steps:
        for item in used:
            checker.report.problem(item.where, f"{tool.name}: {quoted(item.name)} is for steps, and there are none")


def _check_effects(checker: _Checker, tool: Entry, path: Path, step: Mapping[str, Any]) -> None:
    target = checker.spec.tools[step["tool"]]
    if tool.data["class"] == "read" and target.data["class"] == "write":
        checker.report.problem(
            tool.where(*path, "tool"), f"{tool.name}: a read cannot have the step {target.name}, a write"
        )
    missing = [effect for effect in target.data.get("effects", ()) if effect not in tool.data.get("effects", ())]
    if missing:
        checker.report.problem(
            tool.where(*path, "tool"),
            f"{tool.name}: the step {target.name} has the effect {', '.join(missing)}, so {tool.name} has it too: "
            "add it to effects",
        )


def _check_pagination(checker: _Checker, tool: Entry, known: Mapping[str, Parameter]) -> None:
    name = tool.data["pagination"]
    if name not in checker.spec.pagination:
        hint = nearest(name, checker.spec.pagination)
        checker.report.problem(
            tool.where("pagination"), f"{tool.name}: there is no pagination style {quoted(name)}{hint}"
        )
        return
    style = checker.spec.pagination[name]
    if not style.whole:
        return
    for key in ("cursor", "page", "offset"):
        if key in style.data and style.data[key] not in known:
            hint = nearest(style.data[key], known)
            wanted = quoted(style.data[key])
            checker.report.problem(
                tool.where("pagination"),
                f"{tool.name}: pagination {name} needs the argument {wanted}, which is not there{hint}",
            )
    reply = checker.reply(tool.name)
    if reply is None:
        checker.report.problem(tool.where("pagination"), f"{tool.name}: is paged, but its reply has no schema")
        return
    for key in ("items", "more", "next"):
        if key in style.data:
            _, names = at_path(reply, style.data[key], checker.types)
            if names:
                hint = nearest(style.data[key].rpartition(".")[2], names)
                checker.report.problem(
                    tool.where("pagination"),
                    f"{tool.name}: the reply has no {quoted(style.data[key])}, where pagination {name} finds "
                    f"{key}{hint}",
                )


def _check_waiter(checker: _Checker, waiter: Entry) -> None:
    data = waiter.data
    if not checker.tool_named(waiter, ("tool",), data["tool"]):
        return
    target = checker.spec.tools[data["tool"]]
    if target.data["class"] != "read":
        checker.report.problem(waiter.where("tool"), f"{waiter.name}: {target.name} is a write; waiting repeats it")
    reply = checker.reply(target.name)
    for kind in ("until", "fail"):
        for index, condition in enumerate(data.get(kind, ())):
            _, names = at_path(reply, condition["field"], checker.types) if reply is not None else ([], [""])
            if names:
                hint = nearest(condition["field"].rpartition(".")[2], names)
                field = quoted(condition["field"])
                checker.report.problem(
                    waiter.where(kind, index, "field"),
                    f"{waiter.name}: the reply of {target.name} has no {field}{hint}",
                )


def _check_loops(checker: _Checker) -> None:
    edges: dict[str, set[str]] = {}
    for name in checker.parameters:
        steps = checker.spec.tools[name].data.get("steps", {})
        edges[name] = {step["tool"] for phase in steps.values() for step in phase}
    for name, first in edges.items():
        pending, seen = list(first), set()
        while pending:
            target = pending.pop()
            if target == name:
                checker.report.problem(
                    checker.spec.tools[name].where("steps", key=True), f"{name}: its steps lead back to it"
                )
                break
            if target not in seen:
                seen.add(target)
                pending.extend(edges.get(target, ()))
