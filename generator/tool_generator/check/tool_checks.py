"""Checks of one tool by itself, and of the statements in api.yaml: path, places, class, effects, lifecycle, groups."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from tool_generator.compile.parameters import IN_BODY
from tool_generator.compile.registry_document import idempotency
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

_SEGMENT = re.compile(r"\{(\+?)([^{}]*)\}")
_SINGLE = ("spread", "query_map", "whole_body", "raw_body")
_IN_QUERY = ("repeat", "brackets", "comma", "spaces", "pipes", "deep", "keys", "json")
_STYLES = {
    "query": _IN_QUERY,
    "query_map": _IN_QUERY,
    "form": _IN_QUERY,
    "path": ("simple", "label", "matrix", "json"),
    "header": ("simple", "json"),
    "cookie": ("simple", "json"),
    "multipart": ("repeat", "json"),
}


def check_api(spec: Spec, report: Report) -> None:
    """Check that the groups of api.yaml are those of tools/*.yaml."""
    api = spec.sections.get("api")
    if api is None or not api.whole:
        return
    listed = api.data["groups"]
    for index, name in enumerate(listed):
        if name not in spec.groups:
            hint = nearest(name, spec.groups)
            report.problem(api.where("groups", index), f"no file in tools/ has the group {quoted(name)}{hint}")
    for name, entry in spec.groups.items():
        if name not in listed:
            report.problem(
                entry.source.where(("group",)),
                f"the group {quoted(name)} is not in api.groups{nearest(name, listed)}",
            )


def check_tool(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    """Check one tool."""
    _check_path(tool, parameters, report)
    _check_places(tool, parameters, report)
    _check_constraints(tool, parameters, report)
    _check_class(tool, report)
    _check_idempotency(tool, parameters, report)
    _check_lifecycle(tool, report)


def _check_path(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    template = tool.data["path"]
    where = tool.where("path")
    in_path = {item.wire: item for item in parameters.values() if item.place == "path"}
    if set("{}") & set(_SEGMENT.sub("", template)):
        report.problem(where, f"{tool.name}: the braces of the path {quoted(template)} do not match")
    used = set()
    for match in _SEGMENT.finditer(template):
        is_raw, name = bool(match[1]), match[2]
        if name in used:
            report.problem(where, f"{tool.name}: the path has {quoted(name)} twice")
        used.add(name)
        parameter = in_path.get(name)
        if parameter is None:
            hint = nearest(name, in_path)
            report.problem(where, f"{tool.name}: no parameter with in: path is named {quoted(name)}{hint}")
        elif bool(parameter.data.get("raw")) != is_raw:
            wanted = "{+" + name + "} needs raw: true" if is_raw else "raw: true needs {+" + name + "} in the path"
            report.problem(parameter.where, f"{tool.name}: {wanted}")
    for wire, parameter in in_path.items():
        if wire not in used:
            report.problem(parameter.where, f"{tool.name}: the path has no {{{wire}}}{nearest(wire, used)}")
        if parameter.data.get("required") is not True:
            report.problem(
                parameter.where, f"{tool.name}: the path parameter {quoted(parameter.name)} must be required"
            )
        if parameter.data.get("secret"):
            report.problem(
                parameter.where,
                f"{tool.name}: {quoted(parameter.name)} is secret, but paths stand in logs everywhere",
            )


def _check_places(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    for place in _SINGLE:
        found = [item for item in parameters.values() if item.place == place]
        for extra in found[1:]:
            names = f"{quoted(found[0].name)} and {quoted(extra.name)}"
            report.problem(extra.where, f"{tool.name}: {names} are both in: {place}; there can be one")
    whole = next((item for item in parameters.values() if item.place == "whole_body"), None)
    for item in parameters.values():
        where, name = item.where, quoted(item.name)
        if whole is not None and item.place in ("body", "file", "spread", "raw_body"):
            report.problem(
                where,
                f"{tool.name}: {name} has no place beside {quoted(whole.name)}, which is the whole body",
            )
        encodings = (tool.data.get("encoding", "json"), tool.data.get("other_encoding"))
        if item.place == "file" and "multipart" not in encodings:
            report.problem(where, f"{tool.name}: the file {name} needs encoding: multipart")
        if (item.place == "raw_body") != (encodings[0] == "raw") and item.place in IN_BODY:
            report.problem(where, f"{tool.name}: encoding: raw and in: raw_body need each other, but {name} is not so")
        if item.data.get("encoding") not in (None, *encodings):
            report.problem(where, f"{tool.name}: {name} needs encoding: {item.data['encoding']}, which the tool lacks")
        if item.place in IN_BODY and tool.data["method"] == "HEAD":
            report.problem(where, f"{tool.name}: a HEAD request has no body for {name}")
            break
        if "raw" in item.data and item.place != "path":
            report.problem(where, f"{tool.name}: raw is for path parameters, but {name} is in: {item.place}")
        _check_style(tool, item, report)


def _check_style(tool: Entry, item: Parameter, report: Report) -> None:
    """Check that the style of an argument is one of its place."""
    place, name = item.place, quoted(item.name)
    if place == "body":
        place = tool.data.get("encoding", "json")
        place = "form" if place == "form" or tool.data.get("other_encoding") == "form" else place
        place = "multipart" if tool.data.get("other_encoding") == "multipart" else place
    style, known = item.data.get("style"), _STYLES.get(place, ())
    if style is not None and style not in known:
        wanted = f"styles there are {', '.join(known)}" if known else "which has no style"
        report.problem(item.where, f"{tool.name}: the style {style} of {name} is none of in: {place}; {wanted}")
    for key, places in (("explode", ("path", "header", "cookie")), ("reserved", ("query",))):
        if item.data.get(key) and place not in places:
            report.problem(item.where, f"{tool.name}: {key} is for {' and '.join(places)}, but {name} is in: {place}")


def _check_constraints(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    for index, constraint in enumerate(tool.data.get("constraints", ())):
        for kind, members in constraint.items():
            for position, name in enumerate(members):
                where = tool.where("constraints", index, kind, position)
                if name not in parameters:
                    report.problem(
                        where,
                        f"{tool.name}: {kind} names {quoted(name)}, which is no argument{nearest(name, parameters)}",
                    )
                elif parameters[name].required and kind in ("exactly_one", "at_most_one"):
                    report.problem(
                        where,
                        f"{tool.name}: {quoted(name)} is required, so {kind} leaves no choice: set required: false",
                    )


def _check_class(tool: Entry, report: Report) -> None:
    if "untraceable" in tool.data and "reconcile" in tool.data:
        report.problem(
            tool.where("untraceable", key=True),
            f"{tool.name}: untraceable says that no read can tell what happened, and reconcile names one",
        )
    if tool.data["class"] == "read":
        if tool.data.get("effects"):
            report.problem(
                tool.where("effects"),
                f"{tool.name}: a read has no effects; {', '.join(tool.data['effects'])} is a write's",
            )
        for key in ("idempotency", "reconcile", "untraceable"):
            if key in tool.data:
                report.problem(tool.where(key, key=True), f"{tool.name}: a read can be repeated; {key} is for writes")
    elif tool.data["method"] in ("GET", "HEAD"):
        report.warn(
            tool.where("method"),
            f"{tool.name}: a write by {tool.data['method']}: caches and proxies may repeat it",
        )


def _check_idempotency(tool: Entry, parameters: Mapping[str, Parameter], report: Report) -> None:
    if "idempotency" not in tool.data:
        return
    field = idempotency(tool.data)
    in_body = {item.wire for item in parameters.values() if item.place == "body"}
    if field["in"] == "body" and field["name"] not in in_body:
        hint = nearest(field["name"], in_body)
        report.problem(
            tool.where("idempotency"),
            f"{tool.name}: the idempotency field {quoted(field['name'])} is not in the body{hint}",
        )


def _check_lifecycle(tool: Entry, report: Report) -> None:
    sunset = tool.data.get("sunset")
    if sunset is not None:
        try:
            date.fromisoformat(sunset)
        except ValueError:
            report.problem(tool.where("sunset"), f"{tool.name}: the sunset {quoted(sunset)} is not a date")
    if ("sunset" in tool.data or "replaced_by" in tool.data) and not tool.data.get("deprecated"):
        key = "sunset" if "sunset" in tool.data else "replaced_by"
        report.problem(tool.where(key, key=True), f"{tool.name}: {key} needs deprecated: true")
