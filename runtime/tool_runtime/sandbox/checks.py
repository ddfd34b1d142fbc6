"""Checks of a request against its tool, in the form in which the values travel.

Owns: parameters by place and wire name, required ones, types, declared constraints; the messages of a 400.
Must not know: friendly forms of arguments, records, HTTP.

A field that no parameter declares is accepted and does nothing, because the API and its callers may know more than
the spec; a strict sandbox refuses it. The schema of a parameter with a template shape describes what a caller passes,
and not what travels. The value is checked with the schema of another parameter of the same wire name instead, if there
is one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tool_runtime.core.constraints import unmet
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import Constraint, Parameter, Tool
from tool_runtime.sandbox.answers import NOTHING, Refusal
from tool_runtime.sandbox.forms import UploadedFile
from tool_runtime.sandbox.received import decode_json_part, decode_text
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.values.validation import Validator

_PLACES: Final = ("path", "query", "header", "body", "file")
_MOST_FAULTS: Final = 5
_FORM: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of a request by place and wire name; `body` holds the parts of a multipart body too."""

    path: dict[str, Any]
    query: dict[str, Any]
    header: dict[str, Any]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """What may stand under one wire name in one place."""

    name: str
    required: bool
    schema: Mapping[str, Any] | None
    kinds: frozenset[str]
    style: str
    is_file: bool = False
    is_list: bool = False


class Checks:
    """Checks requests against the tools of one registry; what was worked out is kept."""

    def __init__(self, registry: Registry, schemas: Schemas, *, strict: bool = False) -> None:
        self._tools = registry.tools
        self._strict = strict
        self._schemas = schemas
        self._validator = Validator(registry.types)
        self._fields: dict[str, dict[str, dict[str, _Field]]] = {}

    def inputs(
        self,
        tool: str,
        path: Mapping[str, str],
        query: Mapping[str, list[str]],
        header: Mapping[str, str],
        body: Any,
    ) -> Inputs:
        """Return the decoded values of a request.

        Raises a 400 `Refusal` that names the first wrong fields, five at most.
        """
        declared = self._tools[tool]
        fields = self._fields_of(declared)
        faults: list[str] = []
        multipart = declared.body == "multipart"
        if body is NOTHING or declared.body is None:
            body = {}
        elif multipart != header.get("content-type", "").lower().startswith(_FORM):
            raise Refusal(400, f"the body must be {_FORM if multipart else 'JSON'}")
        elif not isinstance(body, dict):
            if not declared.takes_whole_body:
                raise Refusal(400, "the body must be a JSON object")
            body = {}
        inputs = Inputs(
            path={name: decode_text(text, _kinds(fields["path"], name)) for name, text in path.items()},
            query={name: value for field in fields["query"].values() for name, value in _from_query(field, query)},
            header={
                name: decode_text(header[name.lower()], field.kinds)
                for name, field in fields["header"].items()
                if name.lower() in header
            },
            body=_from_parts(body, fields) if multipart else body,
        )
        for place in _PLACES:
            values: Mapping[str, Any] = getattr(inputs, "body" if place == "file" else place)
            for name, field in fields[place].items():
                faults.extend(self._faults(field, values, name))
        faults.extend(self._constraint_faults(declared, inputs))
        if self._strict:
            faults.extend(_unknown(declared, fields, query, inputs.body))
        if faults:
            raise Refusal(400, "Invalid request: " + "; ".join(dict.fromkeys(faults[:_MOST_FAULTS])))
        return inputs

    def _faults(self, field: _Field, values: Mapping[str, Any], name: str) -> list[str]:
        if name not in values:
            return [f"{name} is required"] if field.required else []
        if field.is_file:
            given = values[name] if isinstance(values[name], list) else [values[name]]
            return [] if all(isinstance(one, UploadedFile) for one in given) else [f"{name} expected a file"]
        if field.schema is None or self._validator.accepts(field.schema, values[name]):
            return []
        _, faults = self._validator.check(field.schema, values[name], name)
        # The validator takes a text that holds the expected object; on the wire such a text is wrong.
        return [f"{fault.path} {fault.message}" for fault in faults] or [f"{name} expected object, got string"]

    def _constraint_faults(self, tool: Tool, inputs: Inputs) -> Iterator[str]:
        """Yield the constraints that the request does not meet, with wire names."""
        for constraint in tool.constraints:
            slots = [_slot(tool, name) for name in constraint.names]
            if None in slots or len(set(slots)) < len(slots):
                # The sandbox sees the wire alone: two arguments of one wire name are one there.
                continue
            given = [slot[1] for slot in slots if slot and slot[1] in getattr(inputs, slot[0])]
            wires = Constraint(constraint.rule, tuple(slot[1] for slot in slots if slot))
            yield from (f"{fault.path} {fault.message}" for fault in unmet([wires], given))

    def _fields_of(self, tool: Tool) -> dict[str, dict[str, _Field]]:
        if tool.name not in self._fields:
            fields: dict[str, dict[str, _Field]] = {place: {} for place in _PLACES}
            for parameter in tool.parameters.values():
                if parameter.place in fields:
                    sibling = fields[parameter.place].get(parameter.wire)
                    fields[parameter.place][parameter.wire] = self._field(parameter, sibling)
            self._fields[tool.name] = fields
        return self._fields[tool.name]

    def _field(self, parameter: Parameter, sibling: _Field | None) -> _Field:
        shaped = _has_form(parameter.shape, self._schemas.shapes)
        schema = None if shaped or parameter.place == "file" else parameter.schema
        if schema is None and sibling:
            schema = sibling.schema
        return _Field(
            name=parameter.wire,
            # Two arguments for one wire name: whichever is given fills the field, so the wire name itself is required.
            required=parameter.needed or bool(sibling and sibling.required),
            schema=schema,
            kinds=frozenset(self._schemas.kinds(schema)) if schema is not None else frozenset(),
            style=parameter.style,
            is_file=parameter.place == "file",
            is_list="array" in self._schemas.kinds(parameter.schema) if parameter.place == "file" else False,
        )


def _unknown(
    tool: Tool, fields: Mapping[str, Mapping[str, _Field]], query: Mapping[str, Any], body: Mapping[str, Any]
) -> Iterator[str]:
    """Yield what no parameter declares, for those who want to be told of it."""
    if not any(one.place == "query_map" for one in tool.parameters.values()):
        known = {f"{name}[]" if one.style == "brackets" else name for name, one in fields["query"].items()}
        yield from (f"{name} is no parameter of {tool.name}" for name in query if name not in known)
    if not tool.takes_whole_body:
        yield from (
            f"{name} is no field of {tool.name}" for name in body if name not in {**fields["body"], **fields["file"]}
        )


def _slot(tool: Tool, name: str) -> tuple[str, str] | None:
    """Return the place and wire name of an argument, or None where the wire does not show the argument itself."""
    parameter = tool.parameters.get(name)
    if parameter is None or parameter.place not in _PLACES or "form" in (parameter.shape or {}):
        return None
    return ("body" if parameter.place == "file" else parameter.place), parameter.wire


def _has_form(shape: Any, shapes: Mapping[str, Any]) -> bool:
    if isinstance(shape, str):
        return _has_form(shapes.get(shape), shapes)
    if not shape:
        return False
    return "form" in shape or ("shape" in shape and _has_form(shape["shape"], shapes))


def _kinds(fields: Mapping[str, _Field], name: str) -> frozenset[str]:
    return fields[name].kinds if name in fields else frozenset()


def _from_query(field: _Field, query: Mapping[str, list[str]]) -> list[tuple[str, Any]]:
    bracketed = f"{field.name}[]"
    texts = query.get(bracketed if field.style == "brackets" else field.name)
    if texts is None:
        return []
    if "array" in field.kinds:
        parts = texts[0].split(",") if field.style == "comma" else texts
        return [(field.name, [decode_text(part, field.kinds) for part in parts])]
    return [(field.name, decode_text(texts[-1], field.kinds))]


def _from_parts(parts: Mapping[str, Any], fields: Mapping[str, Mapping[str, _Field]]) -> dict[str, Any]:
    """Return the values of a form: texts decoded as their fields say, and a list where a field is one."""
    found: dict[str, Any] = {}
    for name, value in parts.items():
        file = fields["file"].get(name)
        if file is not None:
            found[name] = [value] if file.is_list and not isinstance(value, list) else value
        else:
            found[name] = decode_json_part(value, _kinds(fields["body"], name)) if isinstance(value, str) else value
    return found
