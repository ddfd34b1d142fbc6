"""Binding: from what a caller passed to arguments that are known, complete and valid.

Owns the meaning of a call's arguments: which parameter a name stands for, the keys of spread arguments, what is
missing, what excludes what. Collects every fault and raises once; nothing is sent unless all of it is right.
Absent means absent and None means JSON null; the caller's own objects are never changed. Knows no HTTP.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from tool_runtime.core.errors import Fault, InvalidArguments
from tool_runtime.core.options import Options, read_options
from tool_runtime.core.registry import TYPES, Registry
from tool_runtime.core.shapes import apply_shape, friendly_place, key_faults, resolve_shape
from tool_runtime.core.suggestions import nearest
from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.core.urls import path_problem, segment_problem
from tool_runtime.core.validation import Validator
from tool_runtime.core.values import decode_object, snapshot, type_name


@dataclass(frozen=True, slots=True)
class Bound:
    """A call that may be sent: `arguments` as the caller gave them, `wire` the values that go out, by parameter.

    `extra` holds keys of spread arguments that the spec does not know: the API may be ahead of it.
    """

    tool: Tool
    arguments: Mapping[str, Any] = field(repr=False)
    wire: Mapping[str, Any] = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)
    options: Options = field(repr=False)

    def with_wire(self, values: Mapping[str, Any]) -> "Bound":
        """Return the call with further values, which an earlier step of a composed tool produced."""
        return Bound(self.tool, self.arguments, {**self.wire, **values}, self.extra, self.options)


class Binder:
    """Binds calls to the tools of one registry. Holds the validators, so that they are built once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._shapes: Mapping[str, Any] = registry.shapes
        self._validator = Validator(registry.types)
        self._known_keys: dict[int, Mapping[str, Any]] = {}
        self._defaulted: dict[str, tuple[Parameter, ...]] = {}

    def bind(self, tool: Tool, given: Any, request_options: Any = None) -> Bound:
        """Bind a call, or raise `InvalidArguments` with every fault."""
        options, faults = read_options(request_options, self._registry.auth.header)
        if isinstance(given, str):
            given = decode_object(given) or given
        if not isinstance(given, Mapping):
            faults.append(Fault("arguments", "type", f"expected an object, got {type_name(given)}"))
            given = {}
        arguments: dict[str, Any] = {}
        places: dict[str, str] = {}
        extra: dict[str, Any] = {}
        for spelling, parameter, value, place in self._named(tool, given, faults):
            if parameter is None:
                extra[spelling] = snapshot(value, place, faults)
            elif parameter.name in arguments:
                if arguments[parameter.name] != value:
                    faults.append(Fault(place, "conflict", f"is given twice: also as {places[parameter.name]}"))
            else:
                arguments[parameter.name] = value
                places[parameter.name] = place
        wire = {}
        for name, value in arguments.items():
            checked = self._checked(tool.parameters[name], value, places[name], options, faults)
            arguments[name], wire[name] = checked
        for parameter in self._with_defaults(tool):
            if parameter.name not in arguments:
                _, wire[parameter.name] = self._checked(parameter, {}, parameter.name, options, faults)
        faults.extend(self._incomplete(tool, arguments, options))
        if faults:
            raise _invalid(tool, faults)
        return Bound(tool, arguments, wire, extra, options)

    def _with_defaults(self, tool: Tool) -> tuple[Parameter, ...]:
        """Return the parameters whose shape fills something in even where the caller gives nothing."""
        found = self._defaulted.get(tool.name)
        if found is None:
            shaped = (parameter for parameter in tool.parameters.values() if parameter.shape is not None)
            found = tuple(p for p in shaped if resolve_shape(p.shape or {}, self._shapes).get("defaults"))
            self._defaulted[tool.name] = found
        return found

    def _named(
        self, tool: Tool, given: Mapping[Any, Any], faults: list[Fault]
    ) -> Iterator[tuple[str, Parameter | None, Any, str]]:
        """Yield (key, parameter, value, place); the parameter is None for an unknown key of a spread argument."""
        for key, value in given.items():
            parameter = tool.names.get(key) if isinstance(key, str) else None
            if parameter is None:
                near = nearest(str(key), tool.names)
                faults.append(Fault(str(key)[:200], "unknown", f"is not an argument of {tool.name}", near))
            elif parameter.place != "spread":
                yield key, parameter, value, key
            else:
                held = decode_object(value) if isinstance(value, str) else value
                if not isinstance(held, Mapping):
                    faults.append(Fault(key, "type", f"expected object, got {type_name(value)}"))
                    continue
                inner: Any
                for inner, part in held.items():
                    if not isinstance(inner, str):
                        faults.append(Fault(key, "type", f"keys must be strings, found {type_name(inner)}"))
                        continue
                    known = tool.names.get(inner)
                    if known is not None and known.place == "spread":
                        known = None
                    yield inner, known, part, f"{key}.{inner}"

    def _checked(
        self, parameter: Parameter, value: Any, place: str, options: Options, faults: list[Fault]
    ) -> tuple[Any, Any]:
        """Return the argument (decoded where due) and its wire value; append what is wrong."""
        found: list[Fault] = []
        wire: Any = value
        if parameter.place == "file":
            faults.extend(_file_faults(parameter, value, place))
            return value, value
        value = snapshot(value, place, found)
        if found:
            faults.extend(found)
            return value, value
        if parameter.shape is None or "form" in resolve_shape(parameter.shape, self._shapes):
            if options.validate:
                value, found = self._validator.check(parameter.schema, value, place)
            wire = value
            if parameter.shape is not None and not found:
                wire = apply_shape(parameter.shape, value, self._shapes, self._validator.accepts)
        else:
            value, wire, found = self._shaped(parameter, value, place, options)
        if not found and parameter.place == "path":
            problem = path_problem(str(wire)) if parameter.raw else segment_problem(str(wire))
            if problem or not isinstance(wire, str | int):
                found = [Fault(place, "value", problem or "expected a string")]
        elif not found and parameter.place == "header" and not str(wire).isprintable():
            found = [Fault(place, "value", "must not hold line breaks or control characters")]
        faults.extend(found)
        return value, wire

    def _shaped(self, parameter: Parameter, value: Any, place: str, options: Options) -> tuple[Any, Any, list[Fault]]:
        shape = resolve_shape(parameter.shape or {}, self._shapes)
        if isinstance(value, str) and ("keys" in shape or "entries" in shape):
            decoded = decode_object(value)
            value = value if decoded is None else decoded
        found: list[Fault] = []
        if "keys" in shape:
            known = self._wire_keys(parameter)
            found = key_faults(shape, value, known, place, allow_unknown=not options.validate)
        wire = apply_shape(shape, value, self._shapes, self._validator.accepts)
        if options.validate:
            wire, judged = self._validator.check(parameter.schema, wire, place)
            found.extend(self._explained(shape, fault, value, place) for fault in judged)
        return value, wire, found

    def _explained(self, shape: Mapping[str, Any], fault: Fault, value: Any, place: str) -> Fault:
        """Name the caller's own key, and the friendly forms beside the wire form that a fault speaks of."""
        if "keys" not in shape or not isinstance(value, Mapping):
            return fault
        fault = friendly_place(shape, fault, value, place)
        inner = shape["keys"].get(fault.path.removeprefix(f"{place}."), {}).get("shape")
        cases = resolve_shape(inner, self._shapes).get("cases", ()) if inner is not None else ()
        if fault.code != "type" or not cases:
            return fault
        forms = " or ".join(dict.fromkeys(_form_name(case["when"]) for case in cases))
        return replace(fault, message=f"expected {forms}, or the API's own object")

    def _wire_keys(self, parameter: Parameter) -> Mapping[str, Any]:
        # Schemas are parts of the registry and live as long as it does, so their identity is a safe key.
        found = self._known_keys.get(id(parameter.schema))
        if found is None:
            found = self._known_keys[id(parameter.schema)] = self._properties(parameter.schema)
        return found

    def _properties(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        types = self._registry.types
        while "$ref" in schema:
            schema = types[schema["$ref"].removeprefix(TYPES)]
        found: dict[str, Any] = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found.update(self._properties(part))
        return found

    def _incomplete(self, tool: Tool, arguments: Mapping[str, Any], options: Options) -> Iterator[Fault]:
        for parameter in tool.parameters.values():
            if (
                parameter.required
                and parameter.name not in arguments
                and (options.validate or parameter.place == "path")
            ):
                yield Fault(parameter.name, "missing", "is required")
        for constraint in tool.constraints if options.validate else ():
            for rule, names in ((constraint.rule, constraint.names),):
                given = [name for name in names if name in arguments]
                wanted = " or ".join(names)
                if rule in {"exactly_one", "at_least_one"} and not given:
                    yield Fault(wanted, "missing", "one of them is required")
                elif rule == "together" and given and len(given) < len(names):
                    missing = [name for name in names if name not in given]
                    yield Fault(" and ".join(missing), "missing", f"is required with {' and '.join(given)}")
                elif rule in {"exactly_one", "at_most_one"} and len(given) > 1:
                    yield Fault(" and ".join(given), "conflict", "exclude each other")


def _form_name(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        item = _form_name(schema.get("items", {}))
        return f"[{item}, {item}]" if schema.get("maxItems") == 2 else f"a list of {item}"  # noqa: PLR2004
    kind = schema.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _is_file_tuple(name: Any, content: Any, content_type: Any = "") -> bool:
    texts = all(isinstance(text, str) and text.isprintable() for text in (name, content_type))
    return texts and (isinstance(content, str | bytes) or hasattr(content, "read"))


def _file_faults(parameter: Parameter, value: Any, place: str) -> Iterator[Fault]:
    parts = value if isinstance(value, list) else [value]
    if isinstance(value, list) != (parameter.schema.get("type") == "array"):
        yield Fault(place, "type", "expected a list of files" if not isinstance(value, list) else "expected one file")
        return
    for part in parts:
        is_named = isinstance(part, tuple) and len(part) in {2, 3} and _is_file_tuple(*part)
        is_json = (
            isinstance(part, Mapping)
            and isinstance(part.get("filename"), str)
            and (isinstance(part.get("text"), str) or isinstance(part.get("base64"), str))
        )
        if not (is_named or is_json or isinstance(part, bytes | PurePath) or hasattr(part, "read")):
            message = 'expected a path, bytes, an open file, (name, content), or {"filename", "text" or "base64"}'
            yield Fault(place, "type", f"{message}; got {type_name(part)}")


def _invalid(tool: Tool, faults: list[Fault]) -> InvalidArguments:
    summary = "; ".join(str(fault) for fault in faults[:8]) + ("; …" if len(faults) > 8 else "")  # noqa: PLR2004
    required = [parameter.name for parameter in tool.parameters.values() if parameter.required]
    hint = f"{tool.name} requires {', '.join(required)}." if required else None
    return InvalidArguments(f"{tool.name}: {summary}", tool=tool.name, faults=tuple(faults), hint=hint)
