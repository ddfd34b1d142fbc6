"""Checks of JSON templates: does every reference name something that is there?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.model.schema_walk import at_path
from tool_generator.problems import nearest, quoted
from tool_runtime.core.templates import references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.load.spec import Entry
    from tool_generator.problems import Report

    Path = tuple[str | int, ...]


def check_template(
    entry: Entry,
    path: Path,
    template: Any,
    known: Mapping[str, Any],
    report: Report,
    types: Mapping[str, Any] | None = None,
) -> None:
    """Check one template. `known` maps each name that the template may use to a schema; None admits every path."""
    for at, reference in _placed(template, path):
        name, _, rest = reference.partition(".")
        if name not in known:
            hint = nearest(name, [item for item in known if item])
            choice = "the value itself is $" if "" in known else "it is no argument and no earlier step"
            report.problem(entry.where(*at), f"nothing is named {quoted('$' + name)} here: {choice}{hint}")
        elif rest and known[name] is not None:
            _, names = at_path(known[name], rest, types or {})
            if names:
                hint = nearest(rest.rpartition(".")[2], names)
                report.problem(entry.where(*at), f"{quoted('$' + name)} has nothing at {quoted(rest)}{hint}")


def _placed(template: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the references of a template, each with its place: `{"a": ["$x.y"]}` gives `("a", 0)` and `x.y`."""
    if isinstance(template, dict | list):
        for key, item in template.items() if isinstance(template, dict) else enumerate(template):
            yield from _placed(item, (*path, key))
    else:
        yield from ((path, reference) for reference in references(template))
