"""Checks of the webhooks that an API sends: the templates of its signatures, the events and their payloads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tool_generator import identifiers
from tool_generator.check.types import check_schema
from tool_generator.emit.python.webhook_bindings import UNION, event_class
from tool_generator.model.schema_walk import at_path
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

_BRACES = re.compile(r"\{([^{}]*)\}")
_TIMES = ("timestamp", "timestamp_ms")
_KNOWN = {"signature": ("digest", *_TIMES), "message": ("body", *_TIMES)}


def check_webhooks(spec: Spec, types: Mapping[str, Any], report: Report) -> None:
    """Check the section `webhooks`, if the spec has one."""
    section = spec.sections.get("webhooks")
    if section is None or not section.whole:
        return
    _check_templates(section, report)
    classes = identifiers.Scope()
    for name in spec.types:
        classes.claim(identifiers.class_name(name), f"the type {name}")
    _claim(classes, UNION, "the union of all events", section.where(key=True), report)
    for name, event in section.data["events"].items():
        path = ("events", name)
        _claim(classes, event_class(name), f"the event {name}", section.where(*path, key=True), report)
        check_schema(section, (*path, "payload"), event["payload"], types, report)
        if "answer" in event:
            check_schema(section, (*path, "answer"), event["answer"], types, report)
        _check_field(section, (*path, "payload"), event["payload"], section.data["event"], types, report)
        for index, field in enumerate(event.get("dedupe", ())):
            _check_field(section, (*path, "dedupe", index), event["payload"], field, types, report)


def _claim(classes: identifiers.Scope, spelled: str, origin: str, where: tuple[str, int], report: Report) -> None:
    holder = classes.claim(spelled, origin)
    if holder is not None:
        report.problem(where, f"{origin} and {holder} are both {quoted(spelled)} in Python")


def _check_templates(section: Entry, report: Report) -> None:
    times: dict[str, set[str]] = {}
    for key, known in _KNOWN.items():
        found = _BRACES.findall(section.data[key])
        for name in found:
            if name not in known:
                message = f"{key} has no {quoted(name)} to put in{nearest(name, known)}"
                report.problem(section.where(key), message)
        for name in sorted({name for name in found if found.count(name) > 1}):
            report.problem(section.where(key), f"{key} has {{{name}}} more than once")
        times[key] = set(found) & set(_TIMES)
    # Whoever sends an old delivery again can change a time that is not part of the signed message.
    if times["signature"] != times["message"]:
        report.problem(section.where("message"), "signature and message have to hold the same timestamp, or none")
    if "tolerance" in section.data and not times["signature"]:
        report.problem(section.where("tolerance", key=True), "tolerance needs a timestamp in the signature")
    if "tolerance" not in section.data and times["signature"]:
        report.problem(section.where("signature"), "the timestamp of the signature needs a tolerance")
    if len(times["signature"]) > 1:
        report.problem(section.where("signature"), "signature bears one time: {timestamp} or {timestamp_ms}")


def _check_field(
    section: Entry,
    path: tuple[str | int, ...],
    payload: Any,
    field: str,
    types: Mapping[str, Any],
    report: Report,
) -> None:
    _, known = at_path(payload, field, types)
    if known:
        hint = nearest(field.rpartition(".")[2], known)
        report.problem(section.where(*path), f"the payload of {path[1]} has no {quoted(field)}{hint}")
