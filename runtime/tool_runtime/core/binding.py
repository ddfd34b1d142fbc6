"""Binding: from what a caller passed to arguments that are known, complete, valid, and the caller's no longer.

Owns the meaning of a call's arguments: which parameter a name stands for, the keys of spread arguments, what is
missing, what excludes what. Takes a snapshot of every value first, so that what is checked is what is sent. Collects
every fault and raises once; nothing is sent unless all arguments are right. Absent means absent and None means JSON
null. Knows no HTTP.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from tool_runtime.core.constraints import unmet
from tool_runtime.core.options import Options, key_problem, read_options
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Parameter, Tool
from tool_runtime.errors import Fault, InvalidArguments
from tool_runtime.values.fields import SET_BY_API
from tool_runtime.values.shapes import apply_shape, friendly_place, key_faults, resolve_shape
from tool_runtime.values.snapshots import decode_object, snapshot, type_name
from tool_runtime.values.styles import header_text, path_text, scalar_text
from tool_runtime.values.suggestions import nearest, nearly
from tool_runtime.values.uploads import read_uploads
from tool_runtime.values.urls import path_problem, segment_problem
from tool_runtime.values.validation import Validator

MOST_SHOWN = 8
FILES = frozenset({"file", "raw_body"})
"""The places whose arguments are files."""
_READ_APART = FILES | {"spread"}
_TEXTS = frozenset({"path", "header"})


class Bound(NamedTuple):
    """A call that may be sent: `arguments` as the caller gave them, `wire` the values that go out, by parameter.

    `extra` holds keys of spread arguments that the spec does not know: the API may be ahead of the spec. A named tuple,
    as every call makes one: in 0.5 µs, where a frozen dataclass takes 1.2 µs.
    """

    tool: Tool
    arguments: Mapping[str, Any]
    wire: Mapping[str, Any]
    extra: Mapping[str, Any]
    options: Options

    def __repr__(self) -> str:
        """Show the tool, and none of the values, which may be secret."""
        return f"<Bound call of {self.tool.name}>"

    def with_wire(self, values: Mapping[str, Any]) -> "Bound":
        """Return the call with further values, which an earlier step of a composed tool produced."""
        return self._replace(wire={**self.wire, **values})


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What binding knows of a tool beforehand.

    `accepts` judges all arguments at once where each of them is in its wire form; `texts` are the parameters whose text
    is looked at besides; `defaults` are those whose shape fills something in even where the caller gives nothing.
    `suffices`: besides `accepts`, nothing is to be judged, unless the idempotency key `key` is among the arguments.
    """

    accepts: Callable[[Any], bool]
    suffices: bool
    key: str | None
    texts: tuple[Parameter, ...]
    defaults: tuple[Parameter, ...]


class Binder:
    """Binds calls to the tools of one registry. Holds the validators, so that they are built once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._validator = Validator(registry.types)
        self._plans: dict[str, _Plan] = {}

    def accepts(self, schema: Mapping[str, Any], value: Any) -> bool:
        """Tell whether a JSON value fits a schema of the registry."""
        return self._validator.accepts(schema, value)

    def bind(self, tool: Tool, given: Any, request_options: Any = None) -> Bound:
        """Bind a call, or raise `InvalidArguments` with every fault."""
        options, faults = read_options(request_options, *self._registry.key_headers)
        plan = self._plans.get(tool.name) or self._plans.setdefault(tool.name, self._plan(tool))
        if type(given) is dict and not plan.defaults and not faults and options.validate:
            # Nearly all calls end here: judging their arguments one by one takes 4 times as long.
            found = list[Fault]()
            values = snapshot(given, "", found)
            if (
                not found
                and plan.accepts(values)
                and ((plan.suffices and plan.key not in values) or not any(_besides(tool, plan, values)))
            ):
                return self._placed(Bound(tool, values, values, {}, options))
        return self._bind_each(tool, plan, given, options, faults)

    def _plan(self, tool: Tool) -> _Plan:
        wire_forms = [p for p in tool.parameters.values() if p.shape is None and p.place not in _READ_APART]
        schema = {
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in wire_forms},
            "required": [parameter.name for parameter in tool.parameters.values() if parameter.required],
            "additionalProperties": False,
        }
        shaped = (p for p in tool.parameters.values() if p.shape is not None)
        texts = tuple(parameter for parameter in wire_forms if parameter.place in _TEXTS)
        return _Plan(
            accepts=self._validator.predicate(schema),
            suffices=not (texts or tool.constraints or tool.optional_body),
            key=_key_name(tool),
            texts=texts,
            defaults=tuple(p for p in shaped if resolve_shape(p.shape, self._registry.shapes).get("defaults")),
        )

    def _bind_each(self, tool: Tool, plan: _Plan, given: Any, options: Options, faults: list[Fault]) -> Bound:
        if isinstance(given, str):
            decoded = decode_object(given)
            given = given if decoded is None else decoded
        if not isinstance(given, Mapping):
            faults.append(Fault("arguments", "type", f"expected an object, got {type_name(given)}"))
            given = {}
        arguments: dict[str, Any] = {}
        places: dict[str, str] = {}
        wire: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, parameter, value, place in self._named(tool, given, options, faults):
            if parameter is None:
                extra[key] = value
            elif parameter.name not in arguments:
                places[parameter.name] = place
                argument, out = self._checked(parameter, value, place, options, faults)
                arguments[parameter.name], wire[parameter.name] = argument, out
            elif arguments[parameter.name] != value:
                faults.append(Fault(place, "conflict", f"is given twice: also as {places[parameter.name]}"))
        for parameter in plan.defaults:
            if parameter.name not in arguments:
                _, wire[parameter.name] = self._checked(parameter, {}, parameter.name, options, faults)
        touched = {fault.path.rpartition(".")[2] for fault in faults}
        faults.extend(
            _missing(tool, {*arguments, *(tool.names[name].name for name in touched & tool.names.keys())}, options)
        )
        if options.validate:
            faults.extend(_unmet(tool, arguments))
        faults.extend(_key_faults(tool, {**arguments, **extra}))
        if faults:
            raise _invalid(tool, faults)
        return self._placed(Bound(tool, arguments, wire, extra, options))

    def _named(
        self, tool: Tool, given: Mapping[Any, Any], options: Options, faults: list[Fault]
    ) -> Iterator[tuple[str, Parameter | None, Any, str]]:
        """Yield (key, parameter, value, place); the parameter is None for an unknown key of a spread argument."""
        for key, value in _items(given, "arguments", faults):
            parameter = tool.names.get(key)
            if parameter is None:
                faults.append(self._unknown(tool, key))
            elif parameter.place in FILES:
                yield key, parameter, value, key
            elif parameter.place != "spread":
                known = len(faults)
                copied = snapshot(value, key, faults)
                if len(faults) == known:
                    yield key, parameter, copied, key
            else:
                yield from self._spread(tool, key, value, options, faults)

    def _spread(
        self, tool: Tool, key: str, value: Any, options: Options, faults: list[Fault]
    ) -> Iterator[tuple[str, Parameter | None, Any, str]]:
        held = decode_object(value) if isinstance(value, str) else value
        if not isinstance(held, Mapping):
            faults.append(Fault(key, "type", f"expected object, got {type_name(value)}"))
            return
        for inner, part in _items(held, key, faults):
            place = f"{key}.{inner}"
            parameter = tool.names.get(inner)
            if parameter is not None and parameter.place in FILES:
                yield inner, parameter, part, place
                continue
            known = len(faults)
            copied = snapshot(part, place, faults)
            if len(faults) > known:
                continue
            if parameter is None or parameter.place == "spread":
                # The API may know a field that the spec does not; a slip of the pen is no such field.
                near = nearly(inner, tool.names) if options.validate else None
                if near is not None:
                    faults.append(Fault(place, "unknown", "is not a field that the spec knows", near))
                yield inner, None, copied, place
            else:
                yield inner, parameter, copied, place

    def _unknown(self, tool: Tool, key: str) -> Fault:
        shown = key[:200]
        if key == "request_options":
            return Fault(shown, "unknown", "is a keyword of a call in Python, and no argument")
        if self._validator.fields.only_in_answers(key, tool.names, tool.returns.schema):
            return Fault(shown, "answer_only", SET_BY_API)
        return Fault(shown, "unknown", f"is not an argument of {tool.name}", nearest(key, tool.names))

    def _checked(
        self, parameter: Parameter, value: Any, place: str, options: Options, faults: list[Fault]
    ) -> tuple[Any, Any]:
        """Return the argument (decoded where a string held an object) and its wire value; append what is wrong."""
        if parameter.place in FILES:
            many = parameter.place == "file" and parameter.schema.get("type") == "array"
            from_text = parameter.place == "raw_body"
            uploads = read_uploads(parameter.wire, value, place, faults, many=many, from_text=from_text)
            return uploads, uploads
        shapes, found = self._registry.shapes, list[Fault]()
        wire: Any = value
        if parameter.shape is None or "form" in resolve_shape(parameter.shape, shapes):
            if options.validate:
                value, found = self._validator.check(parameter.schema, value, place)
            wire = value
            if parameter.shape is not None and not found:
                wire = apply_shape(parameter.shape, value, shapes, self._validator.accepts)
        else:
            value, wire, found = self._shaped(parameter, value, place, options)
        if not found and parameter.place in _TEXTS:
            problem = _text_problem(parameter, {parameter.name: wire})
            found = [Fault(place, "value", problem)] if problem else []
        elif not found and parameter.place == "query_map" and not isinstance(wire, Mapping | None):
            found = [Fault(place, "type", f"expected object, got {type_name(wire)}")]
        faults.extend(found)
        return value, wire

    def _shaped(self, parameter: Parameter, value: Any, place: str, options: Options) -> tuple[Any, Any, list[Fault]]:
        shapes, found = self._registry.shapes, list[Fault]()
        shape = resolve_shape(parameter.shape, shapes)
        if isinstance(value, str) and ("keys" in shape or "entries" in shape):
            decoded = decode_object(value)
            value = value if decoded is None else decoded
        if "keys" in shape:
            known = self._validator.fields.names(parameter.schema)
            found = key_faults(shape, value, known, place, allow_unknown=not options.validate)
        wire = apply_shape(shape, value, shapes, self._validator.accepts)
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
        cases = resolve_shape(inner, self._registry.shapes).get("cases", ()) if inner is not None else ()
        if fault.code != "type" or not cases:
            return fault
        forms = " or ".join(dict.fromkeys(_form_name(case["when"]) for case in cases))
        return replace(fault, message=f"expected {forms}, or the API's own object")

    def _placed(self, bound: Bound) -> Bound:
        """Return the call unless an extra of `request_options` would replace what the tool declares."""
        options = bound.options
        if options.extra_headers or options.extra_query or options.extra_body or options.idempotency_key is not None:
            faults = list(_replaced(bound))
            if faults:
                raise _invalid(bound.tool, faults)
        return bound


def _items(given: Mapping[Any, Any], place: str, faults: list[Fault]) -> Iterator[tuple[str, Any]]:
    """Yield the items of a caller's mapping, whose methods may be the caller's own code; keys as exact strings."""
    try:
        items = list(given.items())
    except Exception as error:  # noqa: BLE001 - as above
        faults.append(Fault(place, "type", f"cannot be read: {type(error).__name__}"))
        return
    for key, value in items:
        if isinstance(key, str):
            yield str.__str__(key), value
        else:
            faults.append(Fault(place, "type", f"keys must be strings, found {type_name(key)}"))


def _besides(tool: Tool, plan: _Plan, values: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what is wrong with values that fit their schemas."""
    yield from (problem for parameter in plan.texts if (problem := _text_problem(parameter, values)))
    yield from _unmet(tool, values)
    yield from _key_faults(tool, values)
    if tool.optional_body:
        yield from _missing_in_body(tool, values)


def _text_problem(parameter: Parameter, values: Mapping[str, Any]) -> str | None:
    """Say why the text of a path or header argument cannot be sent, or None."""
    if parameter.name not in values:
        return None
    value = values[parameter.name]
    if value is None or (isinstance(value, dict | list) and not _is_structured(parameter)):
        return f"expected a string, got {type_name(value)}"
    if parameter.place == "header":
        text = header_text(value, explode=parameter.explode)
        usable = text.isprintable() and text.isascii() and text == text.strip()
        return None if usable else "expected printable ASCII text without line breaks or blanks at its ends"
    if parameter.raw:
        return path_problem(scalar_text(value))
    if not isinstance(value, dict | list):
        problem = segment_problem(scalar_text(value))
        if problem or not parameter.style:
            return problem
    return segment_problem(unquote(path_text(parameter.wire, value, parameter.style, explode=parameter.explode)))


def _is_structured(parameter: Parameter) -> bool:
    """Whether a list or an object has a place in the text of an argument."""
    return bool(parameter.style) or parameter.explode


def _missing(tool: Tool, given: Collection[str], options: Options) -> Iterator[Fault]:
    for parameter in tool.parameters.values():
        needed = options.validate or parameter.place == "path"
        if parameter.required and needed and parameter.name not in given:
            yield Fault(parameter.name, "missing", "is required")
    if options.validate and tool.optional_body:
        yield from _missing_in_body(tool, given)


def _unmet(tool: Tool, given: Collection[str]) -> Iterator[Fault]:
    """Yield the rules that the given names break; a body that may be left out breaks none when it is left out."""
    rules = tool.constraints
    if rules and tool.optional_body:
        in_body = {parameter.name for parameter in tool.parameters.values() if parameter.place in {"body", "file"}}
        if in_body.isdisjoint(given):
            rules = tuple(rule for rule in rules if not in_body.issuperset(rule.names))
    return unmet(rules, given)


def _missing_in_body(tool: Tool, given: Collection[str]) -> Iterator[Fault]:
    """Yield what a body lacks that may be left out as a whole."""
    in_body = [parameter for parameter in tool.parameters.values() if parameter.place in {"body", "file"}]
    first = next((parameter.name for parameter in in_body if parameter.name in given), None)
    for parameter in in_body:
        if first is not None and parameter.needed_in_body and parameter.name not in given:
            yield Fault(parameter.name, "missing", f"is required beside {first}")


def _key_faults(tool: Tool, values: Mapping[str, Any]) -> Iterator[Fault]:
    """Find an idempotency key that is none: a blank one would make every call the same."""
    name = _key_name(tool)
    if name is not None and name in values and (problem := key_problem(values[name])):
        yield Fault(name, "value", problem)


def _key_name(tool: Tool) -> str | None:
    """Return the name under which a caller gives an idempotency key, or None."""
    return None if tool.idempotency is None else tool.key_parameter or tool.idempotency.name


def _replaced(bound: Bound) -> Iterator[Fault]:
    tool, options = bound.tool, bound.options
    key = tool.idempotency
    if key is not None and options.idempotency_key is not None:
        given = {tool.parameters[name].wire: value for name, value in bound.arguments.items()} | dict(bound.extra)
        if given.get(key.name, options.idempotency_key) != options.idempotency_key:
            yield Fault("request_options.idempotency_key", "conflict", f"is another key than the argument {key.name}")
    for option, places in (("header", {"header"}), ("query", {"query"}), ("body", {"body", "whole_body"})):
        declared = {p.wire.lower(): p.name for p in tool.parameters.values() if p.place in places}
        if option == "body":
            held = (value for name, value in bound.wire.items() if tool.parameters[name].place == "whole_body")
            declared |= {key: key for value in held if isinstance(value, dict) for key in value}
        if key is not None and key.place == option:
            declared.setdefault(key.name.lower(), "request_options.idempotency_key")
        name = "extra_headers" if option == "header" else f"extra_{option}"
        for extra in getattr(options, name):
            meant = declared.get(extra.lower() if option == "header" else extra)
            if meant is not None:
                yield Fault(f"request_options.{name}.{extra}", "conflict", f"would replace {meant}: give that instead")
    if options.extra_body and tool.body is None:
        yield Fault("request_options.extra_body", "value", "has no place: this tool sends no body")


def _form_name(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        item = _form_name(schema.get("items", {}))
        return f"[{item}, {item}]" if schema.get("maxItems") == 2 else f"a list of {item}"  # noqa: PLR2004
    kind = schema.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _invalid(tool: Tool, faults: list[Fault]) -> InvalidArguments:
    summary = "; ".join(str(fault) for fault in faults[:MOST_SHOWN]) + ("; …" if len(faults) > MOST_SHOWN else "")
    hint = None
    if any(fault.code == "answer_only" for fault in faults):
        hint = f'client.copy_of("{tool.name}", record) makes the arguments of {tool.name} out of an answer.'
    elif any(fault.code == "missing" for fault in faults):
        required = [parameter.name for parameter in tool.parameters.values() if parameter.required]
        hint = f"{tool.name} requires {', '.join(required)}." if required else None
    return InvalidArguments(f"{tool.name}: {summary}", tool=tool.name, faults=tuple(faults), hint=hint)
