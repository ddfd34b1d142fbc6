"""Checks of values: examples of tools against what the tool takes, examples and defaults of parameters and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.model.schema_walk import references, with_refs
from tool_generator.problems import nearest, quoted
from tool_runtime.core.constraints import unmet
from tool_runtime.core.tools import Constraint
from tool_runtime.errors import SpecError
from tool_runtime.values.references import TYPES
from tool_runtime.values.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report


def check_examples(
    spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], types: Mapping[str, Any], report: Report
) -> None:
    """Check every example of a tool as the runtime would check a call, and every example of a parameter."""
    values = Values(types)
    for name, known in parameters.items():
        tool = spec.tools[name]
        for index, example in enumerate(tool.data.get("examples", ())):
            _check_call(tool, index, example["arguments"], known, values, report)
        for parameter in known.values():
            for key in ("example", "default"):
                if key in tool.data.get("parameters", {}).get(parameter.name, {}):
                    where = tool.where("parameters", parameter.name, key)
                    for path, message in values.faults(parameter.friendly, parameter.data[key]):
                        report.problem(where, f"{name}: the {key} of {quoted(parameter.name)}{path}: {message}")


class Values:
    """Judges values as the runtime judges a call's, save that an object may not be written as a text that holds it."""

    def __init__(self, types: Mapping[str, Any]) -> None:
        self._types = {name: with_refs(schema, TYPES) for name, schema in types.items()}
        self._validator = Validator(self._types)
        self._complete = all(name in types for schema in types.values() for _, name in references(schema))

    def faults(self, schema: Any, value: Any) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with a value, each with its place."""
        if schema in ({}, True) or not self._is_sound(schema):
            return
        schema = with_refs(schema, TYPES)
        try:
            fits = self._validator.accepts(schema, value)
        except SpecError:
            # The checks of schemas say what is wrong with this one.
            return
        if not fits:
            _, faults = self._validator.check(schema, value, "")
            for fault in faults:
                near = f"; did you mean {quoted(fault.nearest)}?" if fault.nearest else ""
                yield fault.path, f"{fault.message}{near}"
            if not faults:
                yield "", "is a text that holds an object or a list: write the object or list itself"

    def _is_sound(self, schema: Any) -> bool:
        """Tell whether every reference leads somewhere; validating would break where one does not."""
        return self._complete and all(name in self._types for _, name in references(schema))


def _check_call(
    tool: Entry,
    index: int,
    given: Mapping[str, Any],
    known: Mapping[str, Parameter],
    values: Values,
    report: Report,
) -> None:
    spellings = {spelling: item for item in known.values() for spelling in (item.name, *item.spellings)}
    path = ("examples", index, "arguments")
    found: dict[str, str] = {}
    for name, value in given.items():
        where = tool.where(*path, name, key=True)
        parameter = spellings.get(name)
        if parameter is None:
            report.problem(
                where,
                f"{tool.name}: the example has {quoted(name)}, which is no argument{nearest(name, spellings)}",
            )
            continue
        found[parameter.name] = name
        if parameter.place == "spread" and isinstance(value, dict):
            for key, item in value.items():
                inner = spellings.get(key)
                if inner is not None:
                    found.setdefault(inner.name, key)
                    for place, message in values.faults(inner.friendly, item):
                        report.problem(
                            tool.where(*path, name, key),
                            f"{tool.name}: {quoted(key)}{place} of the example: {message}",
                        )
            continue
        for place, message in values.faults(parameter.friendly, value):
            report.problem(tool.where(*path, name), f"{tool.name}: {quoted(name)}{place} of the example: {message}")
    for item in known.values():
        if item.required and item.name not in found:
            report.problem(
                tool.where("examples", index),
                f"{tool.name}: the example lacks {quoted(item.name)}, which is required",
            )
    for constraint in tool.data.get("constraints", ()):
        for kind, members in constraint.items():
            for fault in unmet([Constraint(kind, tuple(members))], found):
                report.problem(
                    tool.where("examples", index),
                    f"{tool.name}: the example breaks {kind}: {fault.path}: {fault.message}",
                )
