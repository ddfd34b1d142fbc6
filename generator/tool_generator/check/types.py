"""Checks of types, and of schemas in every place: references, loops, patterns, required properties, shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tool_generator.check.destinations import pattern_problem
from tool_generator.check.template_checks import check_template
from tool_generator.compile.registry_document import shape_schemas, used_types
from tool_generator.model.schema_walk import descend, made_of, object_parts
from tool_generator.problems import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

    Path = tuple[str | int, ...]

# Real types consist of a handful of others. A walk calls itself once for each type.
_HIGHEST = 100
_MOST_SHAPES = 100


def check_made_of(spec: Spec, report: Report) -> bool:
    """Check which types a type consists of. Says whether all other checks can follow the types."""
    types = spec.schemas()
    edges = {name: tuple(made_of(schema)) for name, schema in types.items()}
    for name in _loops(edges):
        entry = spec.types[name]
        report.problem(entry.where(key=True), f"the type {name} is defined as itself, through $ref, allOf or a union")
    towers = [name for name, height in _measured(edges, max).items() if height == _HIGHEST + 1]
    for name in towers:
        message = f"the type {name} is made of {_HIGHEST} types and more, one within the other: join some of them"
        report.problem(spec.types[name].where(key=True), message)
    return not towers


def check_types(spec: Spec, report: Report) -> None:
    """Check every schema of the spec."""
    types = spec.schemas()
    for entry in spec.types.values():
        if entry.whole:
            check_schema(entry, (), entry.data, types, report)
    for entry in spec.tools.values():
        if entry.whole:
            for path, schema in _tool_schemas(entry):
                check_schema(entry, path, schema, types, report)


def _tool_schemas(entry: Entry) -> Iterator[tuple[Path, Any]]:
    for name, parameter in entry.data.get("parameters", {}).items():
        if "schema" in parameter:
            yield ("parameters", name, "schema"), parameter["schema"]
        for path, schema in shape_schemas(parameter.get("shape")):
            yield ("parameters", name, "shape", *path), schema
    if "schema" in entry.data.get("returns", {}):
        yield ("returns", "schema"), entry.data["returns"]["schema"]


def check_schema(entry: Entry, path: Path, schema: Any, types: Mapping[str, Any], report: Report) -> None:
    """Check one schema and all schemas within it."""
    for at, item in descend(schema, path):
        if not isinstance(item, dict):
            continue
        reference = item.get("$ref")
        if reference is not None and reference not in types:
            bare = reference.rpartition("/")[2]
            hint = f": write {quoted(bare)}" if bare in types and bare != reference else nearest(bare, types)
            report.problem(entry.where(*at, "$ref"), f"there is no type {quoted(reference)}{hint}")
        if "allOf" not in at[-2:-1]:
            _check_required(entry, at, item, types, report)
        if "pattern" in item:
            _check_pattern(entry, (*at, "pattern"), item["pattern"], report)
        for pattern in item.get("patternProperties", {}):
            _check_pattern(entry, (*at, "patternProperties", pattern), pattern, report)
        for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
            if least in item and most in item and item[least] > item[most]:
                report.problem(entry.where(*at, least), f"{least} is above {most}: nothing fits")


def _check_required(entry: Entry, path: Path, schema: Any, types: Mapping[str, Any], report: Report) -> None:
    """Check that every required name is a property, perhaps in another part of the same `allOf`."""
    known, _ = object_parts(schema, types)
    if not known:
        return
    parts = [
        (path, schema),
        *(((*path, "allOf", index), part) for index, part in enumerate(schema.get("allOf", ()))),
    ]
    for at, part in parts:
        for index, name in enumerate(part.get("required", ()) if isinstance(part, dict) else ()):
            if name not in known:
                message = f"required names {quoted(name)}, which is no property{nearest(name, known)}"
                report.problem(entry.where(*at, "required", index), message)


def _check_pattern(entry: Entry, path: Path, pattern: str, report: Report) -> None:
    """Check that both readers of a pattern accept it: Python, for users of the schemas, and the runtime's validator."""
    problem = pattern_problem(pattern)
    if problem:
        report.problem(entry.where(*path), f"the pattern {quoted(pattern)} {problem}")


def _loops(edges: Mapping[str, tuple[str, ...]]) -> list[str]:
    """List the types whose definition leads back to the type itself, and not only through a property or an item."""
    looping = []
    for name in edges:
        pending, seen = list(edges[name]), set()
        while pending:
            target = pending.pop()
            if target == name:
                looping.append(name)
                break
            if target in edges and target not in seen:
                seen.add(target)
                pending.extend(edges[target])
    return looping


def _measured(edges: Mapping[str, tuple[str, ...]], measure: Callable[[Iterator[int]], int]) -> dict[str, int]:
    """Measure every name by the measures of the names below it: 1 for a name with none below, 0 within a loop.

    Example: `{"A": ("B", "B"), "B": ()}` with `max` is `{"B": 1, "A": 2}`, and with `sum` `{"B": 1, "A": 3}`.
    """
    sizes: dict[str, int] = {}
    for start in edges:
        pending = [start] if start not in sizes else []
        entered: set[str] = set()
        while pending:
            name = pending[-1]
            below = [other for other in edges[name] if other in edges and other not in sizes and other not in entered]
            if below and name not in entered:
                entered.add(name)
                pending.extend(below)
            else:
                pending.pop()
                if name not in sizes:
                    inner = [sizes.get(other, 0) for other in edges[name] if other in edges]
                    sizes[name] = 1 + (measure(iter(inner)) if inner else 0)
    return sizes


def check_shapes(spec: Spec, report: Report) -> bool:
    """Check the named shapes and the shapes of parameters. Says whether shapes can be written out."""
    types = spec.schemas()
    for entry in spec.shapes.values():
        if entry.whole:
            _check_shape(entry, (), entry.data, spec, report, keyed=True)
            for path, schema in shape_schemas(entry.data):
                check_schema(entry, path, schema, types, report)
    edges = {name: tuple(_shape_names(entry.data)) for name, entry in spec.shapes.items() if entry.whole}
    loops = _loops(edges)
    for name in loops:
        report.problem(spec.shapes[name].where(key=True), f"the shape {name} is defined as itself")
    # Friendly schemas cannot refer to shapes by name: each shape within a shape is written out.
    large = {name for name, size in _measured(edges, sum).items() if size > _MOST_SHAPES and name not in loops}
    for name in sorted(name for name in large if large.isdisjoint(edges[name])):
        message = f"the shape {name} holds more than {_MOST_SHAPES} shapes, those within them counted: make it smaller"
        report.problem(spec.shapes[name].where(key=True), message)
    for tool in spec.tools.values():
        if tool.whole:
            for name, parameter in tool.data.get("parameters", {}).items():
                if "shape" in parameter:
                    _check_shape(tool, ("parameters", name, "shape"), parameter["shape"], spec, report, keyed=False)
    return not loops and not large


def _shape_names(shape: Any) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif isinstance(shape, dict):
        for key in ("shape", "entries"):
            yield from _shape_names(shape.get(key))
        for key in shape.get("keys", {}).values():
            yield from _shape_names(key.get("shape"))


def _check_shape(entry: Entry, path: Path, shape: Any, spec: Spec, report: Report, *, keyed: bool) -> None:
    if isinstance(shape, str) or "shape" in shape:
        name = shape if isinstance(shape, str) else shape["shape"]
        if name not in spec.shapes:
            report.problem(entry.where(*path), f"there is no shape {quoted(name)}{nearest(name, spec.shapes)}")
        return
    known = {"": None, "key": None} if keyed else {"": None}
    if "form" in shape:
        check_template(entry, (*path, "form"), shape["form"], known, report)
    for index, case in enumerate(shape.get("cases", ())):
        for key in ("form", "each"):
            if key in case:
                check_template(entry, (*path, "cases", index, key), case[key], known, report)
    if "entries" in shape:
        _check_shape(entry, (*path, "entries"), shape["entries"], spec, report, keyed=True)
    for name, key in shape.get("keys", {}).items():
        if "shape" in key:
            _check_shape(entry, (*path, "keys", name, "shape"), key["shape"], spec, report, keyed=False)
    for name in shape.get("defaults", {}):
        if name not in shape["keys"]:
            hint = nearest(name, shape["keys"])
            report.problem(entry.where(*path, "defaults", name), f"the default {quoted(name)} is for no key{hint}")


def check_unused(spec: Spec, parameters: Mapping[str, dict[str, Parameter]], report: Report) -> None:
    """Warn of types that no tool, shape or resource uses."""
    used = used_types(spec, parameters)
    for name, entry in spec.types.items():
        if name not in used:
            report.warn(entry.where(key=True), f"no tool uses the type {name}")
