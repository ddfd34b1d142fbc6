"""Checks of what sandbox.yaml says about values: templates, paths into records, start records, answers.

    templates    every `$name.path` names something that is there; every operator is one that templates have
    paths        every dotted path of a condition or an assignment is a field of the record, or of the reply
    records      `records` and `examples` fit the type of the resource
    answers      `answer` and `reply` fit what the tools return

A record or an answer may leave out required fields: the sandbox completes them by their type. Which names a template
may use is the business of sandbox_scopes.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tool_generator.check.example_checks import Values
from tool_generator.check.sandbox_scopes import (
    ASSIGNMENTS,
    CONDITIONS,
    EVERY,
    OPERATORS,
    PATHS,
    TIMES,
    World,
    root,
    scope,
)
from tool_generator.load.grammar import is_type, same
from tool_generator.model.schema_walk import at_path, branches, object_parts, rewritten
from tool_generator.problems import nearest, quoted
from tool_runtime.core.templates import expand, references

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tool_generator.compile.parameters import Parameter
    from tool_generator.load.spec import Entry, Spec
    from tool_generator.problems import Report

    Path = tuple[str | int, ...]

_SOME_TIME = {"now_ms": 1_767_182_400_000, "now_s": 1_767_182_400, "now_iso": "2025-12-31T12:00:00Z"}
_LIMITS = {"pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
           "multipleOf", "not", "allOf"}  # fmt: skip
# Texts, patterns and names, in which a $ is only a sign.
_NO_TEMPLATES = ("matches", "messages", "description", "summary", "pattern", "to")


def check_sandbox_values(
    spec: Spec, parameters: Mapping[str, Mapping[str, Parameter]], types: Mapping[str, Any], report: Report
) -> None:
    """Check the values of all resources."""
    checker = _Checker(World.of(spec, parameters, types), report)
    for resource in spec.resources.values():
        if resource.whole:
            checker.templates(resource, resource.data, ())
            if resource.name != EVERY:
                checker.records(resource)
                checker.answers(resource)


def _without_required(schema: Any) -> Any:
    def change(item: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in item.items() if key not in ("required", "minProperties")}

    return rewritten(schema, change)


class _Checker:
    """The checks of one spec."""

    def __init__(self, world: World, report: Report) -> None:
        self._world = world
        self._types = world.types
        self._report = report

    @cached_property
    def _values(self) -> Values:
        """Judges values by the types, without what the types require."""
        return Values({name: _without_required(schema) for name, schema in self._types.items()})

    def _problem(self, resource: Entry, path: Path, message: str, *, key: bool = False) -> None:
        self._report.problem(resource.where(*path, key=key), f"{resource.name}: {message}")

    def templates(self, resource: Entry, value: Any, path: Path) -> None:
        """Check every text below a place as a template, and every path of a condition or an assignment."""
        if path and path[-1] in _NO_TEMPLATES:
            return
        if isinstance(value, dict):
            for key, item in value.items():
                if str(key).startswith("$") and str(key) not in OPERATORS:
                    message = f"there is no operator {quoted(str(key))}{nearest(str(key), OPERATORS)}"
                    self._problem(resource, (*path, key), message, key=True)
                self.templates(resource, item, (*path, key))
            self._paths(resource, value, path)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.templates(resource, item, (*path, index))
        elif isinstance(value, str) and "$" in value:
            names = scope(self._world, resource, path)
            for reference in references(value):
                self._reference(resource, path, reference, names)

    def _reference(self, resource: Entry, path: Path, reference: str, names: Mapping[str, Any]) -> None:
        name, _, rest = reference.partition(".")
        if name not in names:
            known = ", ".join(f"${item}" for item in names if item not in TIMES) or "the time: $now_ms"
            hint = nearest(name, names).replace('"', '"$', 1) or f" (there is {known})"
            self._problem(resource, path, f"nothing is named {quoted('$' + name)} here{hint}")
        elif rest and names[name] is not None:
            _, near = at_path(names[name], rest, self._types)
            hint = nearest(_missed(names[name], rest, self._types), [item for item in near if item])
            if names[name].get("additionalProperties") is True and root(rest) not in names[name]["properties"]:
                # Anything may be there. What is nearly a known name is a slip all the same.
                hint = nearest(root(rest), names[name]["properties"])
            is_empty = not names[name]["properties"] and "additionalProperties" not in names[name]
            if near or is_empty or (hint and root(rest) not in names[name]["properties"]):
                self._problem(resource, path, f"{quoted('$' + name)} has nothing at {quoted(rest)}{hint}")

    def _paths(self, resource: Entry, value: dict[str, Any], path: Path) -> None:
        """Check the keys of a mapping, if they are dotted paths into a record."""
        place = path[-1] if path else None
        if "records" in path[:1] or "examples" in path[:1] or resource.name == EVERY:
            return
        if len(path) > 1 and str(path[-2]).startswith("$") and not self._names_resource(resource, path):
            # A condition of an operator is about the entries of a list.
            return
        if _is_template(value):
            return
        owner = self._owner(resource, path)
        fields = self._world.fields(owner) if owner in self._world.spec.resources else None
        if fields is None:
            return
        record = {"type": "object", "properties": fields}
        for key in PATHS:
            if isinstance(value.get(key), str) and place != "references":
                owner_of_path = value["resource"] if isinstance(value.get("resource"), str) else resource.name
                self._path(resource, (*path, key), value[key], owner_of_path)
        if place in CONDITIONS:
            self._known(resource, path, value, record, owner)
            for key, wanted in value.items():
                self._wanted(resource, (*path, key), wanted, at_path(record, key, self._types)[0])
        elif place in ASSIGNMENTS or (len(path) == 2 and path[0] == "changes"):  # noqa: PLR2004 - changes.NAME
            if place != "reply":
                self._assigned(resource, path, value, owner)
        elif place == "any_of" or (place == "id" and "field" in value and len(path) == 1):
            for key, item in value.items():
                if isinstance(item, str) and key != "prefix":
                    self._path(resource, (*path, key), item, owner)

    def _path(self, resource: Entry, place: Path, path: str, owner: str) -> None:
        """Check a text that is a dotted path into the records of a resource."""
        fields = self._world.fields(owner) if owner in self._world.spec.resources else None
        if fields is not None:
            known = {name: schema for name, schema in fields.items() if schema or name in self._world.noted(owner)}
            _, near = at_path({"type": "object", "properties": known}, path, self._types)
            if near:
                hint = nearest(_missed({"type": "object", "properties": known}, path, self._types), near)
                self._problem(resource, place, f"a record of {owner} has no field {quoted(path)}{hint}")

    def _wanted(self, resource: Entry, path: Path, wanted: Any, schemas: list[Any]) -> None:
        """Check the value of a condition: a value, or a list of allowed ones."""
        if schemas and not isinstance(wanted, dict):
            for item in wanted if isinstance(wanted, list) else [wanted]:
                if not _is_template(item) and not isinstance(item, dict | list):
                    self._judge(resource, path, item, schemas, "the condition")

    def _owner(self, resource: Entry, path: Path) -> str:
        """Give the resource whose records a mapping is about: that of `resource` beside the mapping, else this one."""
        return self._names_resource(resource, path) or resource.name

    @staticmethod
    def _names_resource(resource: Entry, path: Path) -> str:
        value: Any = resource.data
        for step in path[:-1]:
            value = value[step]
        named = value.get("resource") if isinstance(value, dict) else None
        return named if isinstance(named, str) else ""

    def _known(self, resource: Entry, path: Path, keys: Mapping[str, Any], schema: Any, owner: str) -> None:
        for key in keys:
            _, near = at_path(schema, key, self._types)
            if near:
                hint = nearest(_missed(schema, key, self._types), [item for item in near if item])
                message = f"a record of {owner} has no field {quoted(key)}{hint}"
                self._problem(resource, (*path, key), message, key=True)

    def _assigned(self, resource: Entry, path: Path, keys: Mapping[str, Any], owner: str) -> None:
        """Check that what is set is a field of the type, or is read somewhere: a note of the sandbox's own."""
        declared = self._world.declared(owner)
        kept = self._world.spec.resources[owner].data.get("keep", ())
        for key, value in keys.items():
            if root(key) in declared:
                schemas = at_path({"type": "object", "properties": declared}, key, self._types)[0]
                if schemas:
                    self._fits(resource, (*path, key), value, schemas, key)
                self._known(resource, path, [key], {"type": "object", "properties": declared}, owner)  # type: ignore[arg-type]
            elif root(key) not in self._world.read and root(key) not in kept and not self._is_scratch(owner, root(key)):
                hint = nearest(root(key), declared)
                message = f"sets {quoted(root(key))}, which is no field of {owner}, and which nothing here reads{hint}"
                self._problem(resource, (*path, key), message, key=True)

    def _is_scratch(self, owner: str, name: str) -> bool:
        """Tell whether a tool of the resource returns a field of that name, although the resource's type lacks it."""
        for tool in self._world.tools(owner):
            for schema in self._replies(tool):
                if not at_path(schema, name, self._types)[1]:
                    return True
        return False

    def records(self, resource: Entry) -> None:
        """Check the records that are there at the start."""
        fields = self._world.fields(resource.name)
        if fields is None:
            return
        declared = self._world.declared(resource.name)
        for part in ("records", "examples"):
            for index, record in enumerate(resource.data.get(part, ())):
                path: Path = (part, index)
                before = len(self._report.problems)
                value = expand(record, _SOME_TIME)
                for name, item in value.items():
                    if name not in fields:
                        message = f"a record has {quoted(name)}, which is no field{nearest(name, declared)}"
                        self._problem(resource, (*path, name), message, key=True)
                    elif name in declared:
                        self._fits(resource, (*path, name), item, [declared[name]], name)
                    else:
                        continue
                # In a union, one alternative has to take all fields.
                is_sound = len(self._report.problems) == before and all(name in declared for name in value)
                if is_sound and not self._one_takes_all({"$ref": resource.data["type"]}, value):
                    for place, message in list(self._values.faults({"$ref": resource.data["type"]}, value))[:1]:
                        fitting = f"a record does not fit {resource.data['type']}:{place and f' {place}'} {message}"
                        self._problem(resource, path, fitting)

    def _one_takes_all(self, schema: Any, value: Mapping[str, Any]) -> bool:
        """Say whether one alternative of a type plainly takes every field of a record."""
        for option in branches(schema, self._types):
            known, _ = object_parts(option, self._types)
            if all(name in known and _plainly_fits(known[name], item, self._types) for name, item in value.items()):
                return True
        return False

    def answers(self, resource: Entry) -> None:
        """Check `answer`, `reply` and the fields that an action names, against the tools that have the action."""
        for name, action in resource.data.get("actions", {}).items():
            tools = self._world.tools(resource.name, name)
            path: Path = ("actions", name)
            if "answer" in action:
                self._answer(resource, (*path, "answer"), action["answer"], tools)
            if "reply" in action and tools:
                for key in action["reply"]:
                    shown = [schema for tool in tools for schema in self._replies(tool)]
                    failed = [at_path(schema, key, self._types)[1] for schema in shown]
                    found = [item for schema in shown for item in at_path(schema, key, self._types)[0]]
                    if found and action.get("does", name) != "list":
                        self._fits(resource, (*path, "reply", key), action["reply"][key], found, key)
                    elif found and (rows := self._rows(tools, key)):
                        self._fits(resource, (*path, "reply", key), action["reply"][key], rows, key)
                    if shown and all(failed):
                        near = nearest(key.rpartition(".")[2], {item for names in failed for item in names if item})
                        message = f"no tool with the action {name} returns {quoted(key)}{near}"
                        self._problem(resource, (*path, "reply", key), message, key=True)
            if "total" in action:
                self._total(resource, (*path, "total", "field"), action["total"]["field"], tools)
            self._body_fields(resource, path, action, tools)

    def _rows(self, tools: list[Entry], key: str) -> list[Any]:
        """Give the schemas of a field in the rows that tools list."""
        rows = [list(self._replies(tool))[-1:] for tool in tools]
        return [item for row in rows for schema in row for item in at_path(schema, key, self._types)[0]]

    def _total(self, resource: Entry, path: Path, name: str, tools: list[Entry]) -> None:
        for tool in tools:
            schema = tool.data.get("returns", {}).get("schema")
            near = at_path(schema, name, self._types)[1] if schema is not None else []
            if near:
                message = f"{tool.name} returns no {quoted(name)}{nearest(name, [item for item in near if item])}"
                self._problem(resource, path, message)

    def _body_fields(self, resource: Entry, path: Path, action: Mapping[str, Any], tools: list[Entry]) -> None:
        known = {
            item.wire for tool in tools for item in self._world.parameters[tool.name].values() if item.place != "spread"
        }
        if not known:
            return
        wanted = [("required", index, name) for index, name in enumerate(action.get("required", ()))]
        for key, index, name in wanted:
            if name not in known:
                names = ", ".join(tool.name for tool in tools)
                self._problem(resource, (*path, key, index), f"{names} takes no {quoted(name)}{nearest(name, known)}")
        name = action.get("filter_in")
        if name is not None and name not in known:
            names = ", ".join(tool.name for tool in tools)
            self._problem(resource, (*path, "filter_in"), f"{names} takes no {quoted(name)}{nearest(name, known)}")

    def _answer(self, resource: Entry, path: Path, answer: Any, tools: list[Entry]) -> None:
        for tool in tools:
            schema = tool.data.get("returns", {}).get("schema")
            if schema is None:
                self._problem(resource, path, f"{tool.name} returns no body, so there is nothing to answer", key=True)
                continue
            self._fits(resource, path, answer, [schema], f"the answer of {tool.name}")

    def _replies(self, tool: Entry) -> Iterator[Any]:
        """Yield the schemas of what a tool returns and of the rows of a list; a list itself has no fields."""
        schema = tool.data.get("returns", {}).get("schema")
        if schema is None:
            return
        kinds = [option.get("type") for option in branches(schema, self._types) if isinstance(option, dict)]
        if kinds != ["array"]:
            yield schema
        style = self._world.spec.pagination.get(tool.data.get("pagination", ""))
        items = style.data["items"] if style is not None and style.whole else ""
        yield from at_path(schema, f"{items}.0" if items else "0", self._types)[0]

    def _fits(self, resource: Entry, path: Path, value: Any, schemas: list[Any], what: str) -> None:
        """Check a value, in which templates stand for anything, against the schemas that may hold at its place."""
        if _is_template(value):
            return
        children: list[tuple[str | int, Any]] = []
        if isinstance(value, dict):
            children = list(value.items())
        elif isinstance(value, list):
            children = list(enumerate(value))
        self._judge(resource, path, value, schemas, what)
        for step, item in children:
            found: list[Any] = []
            near: list[str] = []
            is_open = False
            for schema in schemas:
                below, names = at_path(schema, str(step), self._types)
                found += below
                near += [name for name in names if name]
                is_open = is_open or not (below or names)
            if found:
                self._fits(resource, (*path, step), item, found, what)
            elif not is_open and isinstance(step, str):
                message = f"{what} has {quoted(step)}, which is not in its type{nearest(step, near)}"
                self._problem(resource, (*path, step), message, key=True)

    def _judge(self, resource: Entry, path: Path, value: Any, schemas: list[Any], what: str) -> None:
        """Report what is wrong with a value without templates, unless one of the schemas takes the value.

        Of an object or a list only the kind is judged: the parts are judged at their own places.
        """
        value = {} if isinstance(value, dict) else [] if isinstance(value, list) else value
        if any(_plainly_fits(schema, value, self._types) for schema in schemas):
            return
        told: list[tuple[str, str]] = []
        for schema in schemas:
            relaxed = _shallow(_without_required(schema), value)
            faults = list(self._values.faults(relaxed, value))
            if not faults:
                return
            told = told or faults
        for _, message in told[:1]:
            self._problem(resource, path, f"{what} does not fit at {quoted(str(path[-1]))}: {message}")


def _shallow(schema: Any, value: Any) -> Any:
    """Drop what a schema wants of the number of parts, when the value stands for its kind alone."""
    if not isinstance(schema, dict) or not isinstance(value, dict | list):
        return schema
    return {key: item for key, item in schema.items() if key not in ("minItems", "minProperties", "contains")}


def _plainly_fits(schema: Any, value: Any, types: Mapping[str, Any]) -> bool:
    """Say yes where a look at types and values is enough, which spares a validator; no means that one has to decide."""
    for option in branches(schema, types):
        if option is True or option == {} or (isinstance(value, dict) and option.keys() & {"properties", "allOf"}):
            return True
        if not isinstance(option, dict):
            continue
        if "enum" in option or "const" in option:
            if any(same(value, item) for item in option.get("enum", [option.get("const")])):
                return True
            continue
        kinds = option.get("type", ())
        is_plain = isinstance(value, bool | dict | list) or not option.keys() & _LIMITS
        if is_plain and any(is_type(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
            return True
    return False


def _is_template(value: Any) -> bool:
    """Tell whether a value is one template whose kind only a request decides."""
    if isinstance(value, str):
        return any(True for _ in references(value))
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$")


def _missed(schema: Any, path: str, types: Mapping[str, Any]) -> str:
    """Give the step of a path that leads nowhere: `metadta.id` -> `metadta`."""
    steps = path.split(".")
    for size in range(1, len(steps) + 1):
        if at_path(schema, ".".join(steps[:size]), types)[1]:
            return steps[size - 1]
    return steps[-1]
