"""Checks of names: no two things may have the same name, in the spec or in the Python that is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.compile.registry_document import full_name
from tool_generator.emit.python.argument_classes import arguments_name
from tool_generator.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

_EVERYWHERE = {"self", "request_options"}


def check_names(spec: Spec, parameters: Mapping[str, dict[str, Parameter]], report: Report) -> None:
    """Check the names of tools, types and waiters, and the names of every tool's arguments."""
    _check_tool_names(spec, report)
    _check_python_names(spec, report)
    waited = {entry.data.get("tool") for entry in spec.waiters.values() if entry.whole}
    for name, known in parameters.items():
        reserved = set(_EVERYWHERE)
        if "pagination" in spec.tools[name].data:
            reserved.add("max_items")
        if name in waited:
            reserved |= {"timeout", "interval"}
        _check_arguments(spec.tools[name], known, reserved, report)


def _check_tool_names(spec: Spec, report: Report) -> None:
    if "api" not in spec.sections or not spec.sections["api"].whole:
        return
    taken: dict[str, tuple[str, Entry]] = {}
    for tool in spec.tools.values():
        if not isinstance(tool.data, dict):
            continue
        spellings: list[tuple[str, str, tuple[str | int, ...]]] = [(tool.name, "the name", ())]
        if tool.whole:
            spellings.append((full_name(tool, spec), "the full name", ("full_name",)))
            spellings += [
                (alias, "the alias", ("aliases", index)) for index, alias in enumerate(tool.data.get("aliases", ()))
            ]
        for spelling, what, path in spellings:
            # People and some surfaces take names that differ only in case or hyphens for one name.
            holder, owner = taken.setdefault(spelling.lower().replace("-", "_"), (what, tool))
            if owner is not tool or (holder != what and what == "the alias"):
                file, line = owner.where(key=True)
                report.problem(
                    tool.where(*path, key=True),
                    f"{what} {quoted(spelling)} of {tool.name} is {holder} of {owner.name} already ({file}:{line})",
                )


def _check_python_names(spec: Spec, report: Report) -> None:
    types = identifiers.Scope()
    for entry in spec.types.values():
        spelled = identifiers.class_name(entry.name)
        _claim(types, spelled, entry, f"the type {entry.name}", report)
    arguments = identifiers.Scope()
    for reserved in ("RequestArguments", "FileContent"):
        arguments.claim(reserved, "the bindings themselves")
    for entry in spec.types.values():
        arguments.taken.setdefault(identifiers.class_name(entry.name), f"the type {entry.name}")
    for entry in spec.tools.values():
        _claim(arguments, arguments_name(entry.name), entry, f"the arguments of {entry.name}", report)
    for kind, entries in (("tool", spec.tools), ("waiter", spec.waiters)):
        methods = identifiers.Scope()
        for entry in entries.values():
            spelled = identifiers.identifier(entry.name)
            aliases = entry.data.get("aliases", ()) if kind == "tool" and entry.whole else ()
            for name in (entry.name, *aliases) if kind == "tool" else ():
                if identifiers.identifier(name) in identifiers.CLIENT_MEMBERS:
                    report.problem(
                        entry.where(key=True), f"{quoted(name)} is a member of every client: choose another name"
                    )
            _claim(methods, spelled, entry, f"the {kind} {entry.name}", report)


def _claim(scope: identifiers.Scope, spelled: str, entry: Entry, origin: str, report: Report) -> None:
    holder = scope.claim(spelled, origin)
    if holder is not None:
        report.problem(entry.where(key=True), f"{origin} and {holder} are both {quoted(spelled)} in Python")


def _check_arguments(tool: Entry, parameters: Mapping[str, Parameter], reserved: set[str], report: Report) -> None:
    scope = identifiers.Scope()
    for parameter in parameters.values():
        spelled = identifiers.identifier(parameter.name)
        if spelled in reserved or parameter.name in reserved:
            report.problem(
                parameter.where,
                f"{tool.name}: every call takes {quoted(parameter.name)} for itself: choose another name, with wire: "
                f"{parameter.wire}",
            )
        holder = scope.claim(spelled, parameter.name)
        if holder is not None:
            report.problem(
                parameter.where,
                f"{tool.name}: the arguments {quoted(holder)} and {quoted(parameter.name)} are both "
                f"{quoted(spelled)} in Python",
            )
    _check_wires(tool, parameters, report)


def _check_wires(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    apart = [
        set(members)
        for constraint in tool.data.get("constraints", ())
        for kind, members in constraint.items()
        if kind in ("at_most_one", "exactly_one")
    ]
    places: dict[tuple[str, str], Any] = {}
    for parameter in parameters.values():
        place = {"file": "body", "query_map": "", "spread": "", "steps": "", "whole_body": ""}.get(
            parameter.place, parameter.place
        )
        if not place:
            continue
        # Headers that differ only in case are one header.
        wire = parameter.wire.lower() if place == "header" else parameter.wire
        other = places.setdefault((place, wire), parameter)
        if other is not parameter and not any({other.name, parameter.name} <= members for members in apart):
            report.problem(
                parameter.where,
                f"{tool.name}: {quoted(other.name)} and {quoted(parameter.name)} are both {quoted(parameter.wire)} in "
                f"the {place}: add the constraint at_most_one over them",
            )
