"""Checks of the kinds of records that people keep as files: their tools, their id, and their long texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.model.schema_walk import at_path
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

_CLASSES = {"list": "read", "get": "read", "update": "write", "create": "write"}


def check_sync_kinds(
    spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], types: Mapping[str, Any], report: Report
) -> None:
    """Check every kind under `sync`."""
    for kind in spec.sync.values():
        if kind.whole:
            tools = _check_tools(kind, spec, parameters, report)
            _check_id(kind, tools, parameters, report)
            _check_reply(kind, tools, spec, types, report)


def _check_tools(
    kind: Entry, spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], report: Report
) -> dict[str, str]:
    """Check that the tools exist and have the right class. Returns the names of those that can be checked further."""
    known = {}
    for role, wanted in _CLASSES.items():
        if role not in kind.data:
            continue
        path = (role, "tool") if role == "list" else (role,)
        name = kind.data[role]["tool"] if role == "list" else kind.data[role]
        if name not in spec.tools:
            hint = nearest(name, spec.tools)
            report.problem(kind.where(*path), f"{kind.name}: there is no tool {quoted(name)}{hint}")
        elif name in parameters:
            known[role] = name
            given = spec.tools[name].data["class"]
            if given != wanted:
                report.problem(kind.where(*path), f"{kind.name}: {role} has to be a {wanted}, and {name} is a {given}")
    return known


def _check_id(
    kind: Entry, tools: Mapping[str, str], parameters: Mapping[str, Mapping[str, Parameter]], report: Report
) -> None:
    name = kind.data["id"]
    for role in ("get", "update"):
        if role in tools and name not in parameters[tools[role]]:
            hint = nearest(name, parameters[tools[role]])
            report.problem(kind.where("id"), f"{kind.name}: {tools[role]} takes no {quoted(name)}{hint}")
    if "list" in tools:
        taken = parameters[tools["list"]]
        for argument in kind.data["list"].get("with", {}):
            if argument not in taken:
                hint = nearest(argument, taken)
                report.problem(
                    kind.where("list", "with", argument, key=True),
                    f"{kind.name}: {tools['list']} takes no {quoted(argument)}{hint}",
                )


def _check_reply(kind: Entry, tools: Mapping[str, str], spec: Spec, types: Mapping[str, Any], report: Report) -> None:
    if "get" not in tools:
        return
    reply = spec.tools[tools["get"]].data.get("returns", {}).get("schema")
    paths = [(("id",), kind.data["id"]), *((("texts", at), text) for at, text in enumerate(kind.data.get("texts", ())))]
    for place, path in paths:
        _, names = at_path(reply, path, types) if reply is not None else ([], [""])
        if names:
            hint = nearest(path.rpartition(".")[2], names)
            report.problem(kind.where(*place), f"{kind.name}: the reply of {tools['get']} has no {quoted(path)}{hint}")
