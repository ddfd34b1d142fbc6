"""Checks of a request against its tool, in the form in which the values travel.

Owns: parameters by place and wire name, required ones, types, declared constraints; the messages of a 400.
Must not know: friendly forms of arguments, records, HTTP.

A field that no parameter declares is accepted and does nothing, because the API and its callers may know more than
the spec; a strict sandbox refuses it. The schema of a parameter with a template shape describes what a caller passes,
and not what travels. The value is checked with the schema of another parameter of the same wire name instead, if there
is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tool_runtime.core.constraints import unmet
from tool_runtime.core.registry import Registry
from tool_runtime.core.tools import WHOLE_BODY, Constraint, Parameter, Tool
from tool_runtime.sandbox.answers import NOTHING, Refusal
from tool_runtime.sandbox.exchange import Incoming
from tool_runtime.sandbox.forms import UploadedFile
from tool_runtime.sandbox.received import FORM, MULTIPART, FormBody, kind_of_body, read_body, read_cookies
from tool_runtime.sandbox.samples import Schemas
from tool_runtime.sandbox.styled_values import ABSENT, StyledValues
from tool_runtime.values.media import fits
from tool_runtime.values.validation import Validator

_PLACES: Final = ("path", "query", "header", "cookie", "body", "file")
_MOST_FAULTS: Final = 5
_WORDS: Final = {"json": "JSON", "form": FORM, "multipart": MULTIPART}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of a request by place and wire name; `body` holds the fields of a form and of multipart too."""

    path: dict[str, Any]
    query: dict[str, Any]
    header: dict[str, Any]
    cookie: dict[str, Any]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Field:
    """What may stand under one wire name in one place."""

    name: str
    required: bool
    schema: Mapping[str, Any] | None
    style: str
    explode: bool = False
    is_file: bool = False
    is_list: bool = False


class Checks:
    """Checks requests against the tools of one registry; what was worked out is kept."""

    def __init__(self, registry: Registry, schemas: Schemas, *, strict: bool = False) -> None:
        self._tools = registry.tools
        self._strict = strict
        self._schemas = schemas
        self._values = StyledValues(schemas)
        self._validator = Validator(registry.types)
        self._fields: dict[str, dict[str, dict[str, _Field]]] = {}

    def tool(self, name: str) -> Tool:
        """Return the tool of a name."""
        return self._tools[name]

    def inputs(self, tool: str, path: Mapping[str, str], request: Incoming) -> Inputs:
        """Return the decoded values of a request. `path` holds the arguments of the path by wire name.

        Raises a 400 `Refusal` that names the first wrong fields, five at most.
        """
        declared = self._tools[tool]
        fields = self._fields_of(declared)
        body = read_body(request, as_raw=declared.body == "raw")
        faults = list(self._body_faults(declared, body, request))
        inputs = Inputs(
            path={name: self._from_text(fields["path"][name], text) for name, text in path.items()},
            query=self._from_pairs(fields["query"], request.query),
            header={
                name: self._from_text(field, request.headers[name.lower()])
                for name, field in fields["header"].items()
                if name.lower() in request.headers
            },
            cookie=self._from_cookies(fields["cookie"], request),
            body=self._body(declared, body, fields),
        )
        for place in _PLACES:
            values: Mapping[str, Any] = getattr(inputs, "body" if place == "file" else place)
            for name, field in fields[place].items():
                faults.extend(self._faults(field, values, name))
        faults.extend(self._constraint_faults(declared, inputs))
        if self._strict:
            faults.extend(self._unknown(declared, fields, request, inputs.body))
        if faults:
            raise Refusal(400, "Invalid request: " + "; ".join(dict.fromkeys(faults[:_MOST_FAULTS])))
        return inputs

    def _body_faults(self, tool: Tool, body: Any, request: Incoming) -> Iterator[str]:
        """Yield what is wrong with a body that is one argument. Raises a 400 `Refusal` for one of another kind."""
        whole = next((one for one in tool.parameters.values() if one.place in WHOLE_BODY), None)
        if body is NOTHING or tool.body is None:
            if whole is not None and whole.needed and tool.body is not None:
                yield "the body is required"
            return
        given = request.headers.get("content-type", "")
        if tool.body == "raw":
            wanted = tool.media_type
            if wanted and not fits(given, [wanted]):
                raise Refusal(400, f"the body must be {wanted}, not {given or 'without a content type'}")
            return
        if kind_of_body(request) not in {tool.body, tool.other_encoding}:
            words = " or ".join(_WORDS[kind] for kind in (tool.body, tool.other_encoding) if kind)
            raise Refusal(400, f"the body must be {words}, not {given}")
        if whole is not None:
            yield from self._schema_faults(whole.schema, body, "body")
        elif not isinstance(body, dict):
            raise Refusal(400, "the body must be a JSON object")

    def _faults(self, field: _Field, values: Mapping[str, Any], name: str) -> list[str]:
        if name not in values:
            return [f"{name} is required"] if field.required else []
        if field.is_file:
            given = values[name] if isinstance(values[name], list) else [values[name]]
            return [] if all(isinstance(one, UploadedFile) for one in given) else [f"{name} expected a file"]
        return [] if field.schema is None else self._schema_faults(field.schema, values[name], name)

    def _schema_faults(self, schema: Mapping[str, Any], value: Any, name: str) -> list[str]:
        if self._validator.accepts(schema, value):
            return []
        _, faults = self._validator.check(schema, value, name)
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

    def _from_text(self, field: _Field, text: str) -> Any:
        return self._values.from_text(text, field.schema, field.style, explode=field.explode, name=field.name)

    def _from_pairs(self, fields: Mapping[str, _Field], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        found = {
            name: self._values.from_pairs(name, field.schema, field.style, pairs) for name, field in fields.items()
        }
        return {name: value for name, value in found.items() if value is not ABSENT}

    def _from_cookies(self, fields: Mapping[str, _Field], request: Incoming) -> dict[str, Any]:
        """Return the cookies that a tool declares; an exploded one stands in several cookies."""
        cookies = read_cookies(request) if fields else []
        found = {}
        for name, field in fields.items():
            if field.explode:
                value = self._values.from_pairs(name, field.schema, "keys", cookies)
            else:
                own = [text for key, text in cookies if key == name]
                value = self._from_text(field, own[-1]) if own else ABSENT
            if value is not ABSENT:
                found[name] = value
        return found

    def _body(self, tool: Tool, body: Any, fields: Mapping[str, Mapping[str, _Field]]) -> dict[str, Any]:
        """Return the fields of a body; nothing for a body that is no object, and for one that the tool does not take.

        What no field declares stays as it came.
        """
        if not isinstance(body, dict) or tool.body is None:
            return {}
        known = fields["body"]
        if isinstance(body, FormBody):
            found = self._from_pairs(known, body.pairs)
            mine = {name for name in body if any(self._owns(field, name) for field in known.values())}
            return found | {name: value for name, value in body.items() if name not in mine}
        if not any(isinstance(value, UploadedFile) for value in body.values()) and tool.body == "json":
            return body
        found = {}
        for name, value in body.items():
            if (file := fields["file"].get(name)) is not None:
                found[name] = [value] if file.is_list and not isinstance(value, list) else value
            else:
                field = known.get(name)
                found[name] = self._values.from_part(value, field.schema, field.style) if field else value
        return found

    def _owns(self, field: _Field, name: str) -> bool:
        return self._values.owns(field.name, field.schema, field.style, name)

    def _unknown(
        self, tool: Tool, fields: Mapping[str, Mapping[str, _Field]], request: Incoming, body: Mapping[str, Any]
    ) -> Iterator[str]:
        """Yield what no parameter declares, for those who want to be told of it."""
        if not any(one.place == "query_map" for one in tool.parameters.values()):
            for name in dict.fromkeys(name for name, _ in request.query):
                if not any(self._owns(field, name) for field in fields["query"].values()):
                    yield f"{name} is no parameter of {tool.name}"
        if not tool.takes_whole_body:
            known = {**fields["body"], **fields["file"]}
            yield from (f"{name} is no field of {tool.name}" for name in body if name not in known)

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
            style=parameter.style,
            explode=parameter.explode,
            is_file=parameter.place == "file",
            is_list="array" in self._schemas.kinds(parameter.schema) if parameter.place == "file" else False,
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
