"""Checks of sandbox.yaml and demo.yaml: every resource, type, action, tool and waiter that they name must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.check.sandbox_scopes import EVERY
from tool_generator.check.template_checks import check_template
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

    Path = tuple[str | int, ...]

VERBS = (
    *("create", "get", "list", "update", "replace", "delete", "transition", "fixed"),
    *("versions", "new_version", "delete_version"),
)


def check_sandbox(spec: Spec, report: Report) -> None:
    """Check the resources, the resources that tools name, and the demo."""
    for resource in spec.resources.values():
        if resource.whole:
            _check_resource(resource, spec, report)
    for tool in spec.tools.values():
        if tool.whole and "resource" in tool.data and spec.resources:
            _check_use(tool, spec, report)
    for entry in spec.demo.values():
        if entry.whole:
            _check_demo(entry, spec, report)


def _named(entry: Entry, path: Path, what: str, name: str, known: Collection[str], report: Report) -> bool:
    if name in known:
        return True
    report.problem(entry.where(*path), f"{entry.name}: there is no {what} {quoted(name)}{nearest(name, known)}")
    return False


def _check_resource(resource: Entry, spec: Spec, report: Report) -> None:
    kinds = [name for name in spec.resources if name != EVERY]
    data = resource.data
    if "type" in data:
        _named(resource, ("type",), "type", data["type"], spec.types, report)
    for path, name in _mentions(data, ()):
        _named(resource, path, "resource", name, kinds, report)
    if "events" in data:
        _named(resource, ("events", "shown_by"), "tool", data["events"]["shown_by"], spec.tools, report)
        section = spec.sections.get("webhooks")
        known = section.data["events"] if section is not None and section.whole else {}
        for index, event in enumerate(data["events"]["events"]):
            _named(resource, ("events", "events", index, "event"), "webhook event", event["event"], known, report)
    changes = data.get("changes", {})
    for path, name in _changes(data):
        _named(resource, path, "change", name, changes, report)


def _mentions(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield every resource that a declaration names, such as those of references, deletion rules and counts."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "resource" and isinstance(item, str):
                yield (*path, key), item
            elif not (path == () and key in ("records", "examples")):
                yield from _mentions(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _mentions(item, (*path, index))


def _changes(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    places: list[tuple[Path, Any]] = [(("set",), data.get("set"))]
    places += [(("lifecycle", index, "set"), rule.get("set")) for index, rule in enumerate(data.get("lifecycle", ()))]
    for kind in ("actions", "interventions"):
        places += [((kind, name, "set"), action.get("set")) for name, action in data.get(kind, {}).items()]
    for path, value in places:
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, str):
                yield ((*path, index) if isinstance(value, list) else path), item


def _check_use(tool: Entry, spec: Spec, report: Report) -> None:
    use = tool.data["resource"]
    kinds = [name for name in spec.resources if name != EVERY]
    if not _named(tool, ("resource", "name"), "resource", use["name"], kinds, report):
        return
    resource = spec.resources[use["name"]]
    known = {*VERBS, *(resource.data.get("actions", {}) if resource.whole else (use["action"],))}
    _named(tool, ("resource", "action"), f"action of {use['name']}", use["action"], known, report)


def _check_demo(entry: Entry, spec: Spec, report: Report) -> None:
    saved: dict[str, Any] = {}
    for index, step in enumerate(entry.data["steps"]):
        for kind, what, known in (
            ("tool", "tool", spec.tools),
            ("wait", "waiter", spec.waiters),
            ("list", "tool", spec.tools),
            ("show_tool", "tool", spec.tools),
        ):
            if kind in step:
                _named(entry, ("steps", index, kind), what, step[kind], known, report)
        check_template(entry, ("steps", index, "arguments"), step.get("arguments", {}), saved, report)
        if "save" in step:
            saved[step["save"]] = None
