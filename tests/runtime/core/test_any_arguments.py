"""Whatever arguments a tool's schema allows: they bind, make a request, and pass the sandbox's check of the wire."""

import json
import math
from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from retell_ai import Client
from tool_runtime.core.registry import Registry, load_registry
from tool_runtime.sandbox import Sandbox

FULL = load_registry(Client.registry_source).document
TYPES = FULL["types"]
# Without resources the sandbox has no state that could refuse: what is left is the check of the request.
DOCUMENT = FULL | {
    "resources": {"*": FULL["resources"].get("*", {})},
    "tools": {
        name: {key: value for key, value in tool.items() if key != "resource"} for name, tool in FULL["tools"].items()
    },
}
CLIENT = Client(registry=Registry(DOCUMENT), sandbox=Sandbox(DOCUMENT))
DEEPEST = 3
ANY_CHARACTER = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
texts = st.text(ANY_CHARACTER, min_size=1, max_size=12)
STRATEGIES = {}
# Strategies are found by the identity of their schema, so schemas made here have to stay.
KEPT = []
SCALARS = {
    "boolean": st.booleans(),
    "null": st.none(),
}
# What a format promises is no check of the wire, but callers pass what looks like the format.
FORMATS = {
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    "date": st.dates().map(lambda day: day.isoformat()),
    "email": st.sampled_from(["ada@example.com", "grace.hopper+1@mail.example.org"]),
    "uuid": st.uuids().map(str),
    "uri": st.sampled_from(["https://example.com/a?b=c", "wss://example.com:8443/x"]),
}
FORMATS["url"] = FORMATS["uri"]


def drawn(schema, depth=0):
    """Make a strategy of a schema of the registry, once for each schema and depth."""
    known = STRATEGIES.get((id(schema), depth))
    if known is None:
        known = STRATEGIES[id(schema), depth] = made(schema, depth)
    return known


def made(schema, depth):
    if schema is True or not schema:
        return st.integers() | texts | st.none()
    if "$ref" in schema:
        return st.deferred(lambda: drawn(TYPES[schema["$ref"].removeprefix("#/types/")], depth))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if "allOf" in schema:
        parts = [drawn(part, depth) for part in schema["allOf"]]
        merged = st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})
        # Two parts may each say something of one field; what only one of them allows is not drawn.
        return merged.filter(Draft202012Validator({**schema, "types": TYPES}).is_valid)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return st.one_of([drawn(part, depth) for part in schema[keyword]])
    kinds = schema.get("type", "object" if "properties" in schema else ["string", "integer"])
    return st.one_of([of_kind(kind, schema, depth) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def texts_of(schema):
    """Make a strategy of the texts that pattern, format and lengths allow."""
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        # In Python, $ is also right before a newline at the end; in JSON Schema it is not.
        made = st.from_regex(schema["pattern"]).filter(lambda text: not text.endswith("\n"))
    elif schema.get("format") in FORMATS:
        made = FORMATS[schema["format"]]
    else:
        most = max(low, 12) if high is None else min(high, max(low, 12))
        return st.text(ANY_CHARACTER, min_size=max(low, 1) if most else 0, max_size=most)
    if "minLength" in schema or high is not None:
        return made.filter(lambda text: low <= len(text) and (high is None or len(text) <= high))
    return made


def numbers_of(kind, schema):
    """Make a strategy of the numbers between the bounds, on the grid of `multipleOf`."""
    low = schema.get("minimum", min(-1000, schema.get("maximum", 0) - 1000))
    high = schema.get("maximum", max(1000, low + 1000))
    whole = st.integers(math.ceil(low), math.floor(high))
    found = whole if kind == "integer" else whole | st.floats(low, high)
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        found = st.integers(math.ceil(low / step), math.floor(high / step)).map(lambda count: count * step)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return found.filter(lambda number: (above is None or number > above) and (below is None or number < below))


def lists_of(schema, depth):
    """Make a strategy of lists with as many items as allowed, each once where the schema says so."""
    items, low = drawn(schema.get("items", True), depth + 1), schema.get("minItems", 0)
    if items.is_empty:
        return st.just([])
    unique = {"unique_by": lambda item: json.dumps(item, sort_keys=True)} if schema.get("uniqueItems") else {}
    return st.lists(items, min_size=low, max_size=schema.get("maxItems", low + 1), **unique)


def of_kind(kind, schema, depth):
    if kind in {"integer", "number"}:
        return numbers_of(kind, schema)
    if kind == "string":
        return texts_of(schema)
    if kind == "array":
        return lists_of(schema, depth)
    if kind != "object":
        return SCALARS[kind]
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if required and not properties:
        # An object that only the wire schema beside it spells out.
        return st.nothing()
    optional = {} if depth >= DEEPEST else {k: drawn(v, depth + 1) for k, v in properties.items() if k not in required}
    fields = st.fixed_dictionaries({k: drawn(properties.get(k, True), depth + 1) for k in required}, optional=optional)
    rest = schema.get("additionalProperties")
    if properties or not isinstance(rest, dict):
        return fields
    return st.dictionaries(texts, drawn(rest, depth + 1), max_size=2)


@st.composite
def arguments_of(draw, tool):
    """Draw arguments of a tool: the required ones, and some of the others, as its constraints allow."""
    parameters = {name: entry for name, entry in tool["parameters"].items() if entry["in"] != "spread"}
    chosen = {name for name, entry in parameters.items() if entry.get("required")}
    others = sorted(set(parameters) - chosen)
    chosen |= set(draw(st.lists(st.sampled_from(others), max_size=4, unique=True))) if others else set()
    for constraint in tool.get("constraints", ()):
        for rule, names in constraint.items():
            if rule == "together":
                chosen |= set(names) if chosen & set(names) else set()
                continue
            given_names = [name for name in names if name in chosen]
            least = 0 if rule == "at_most_one" else 1
            kept = given_names[:1] or [draw(st.sampled_from(names))][:least]
            chosen = (chosen - set(names)) | set(kept)
    return {name: draw(value_of(parameters[name])) for name in sorted(chosen)}


def value_of(parameter):
    if parameter["in"] == "file":
        return st.just([b"x"] if parameter["schema"].get("type") == "array" else b"x")
    if parameter.get("raw"):
        return st.just("/list-voices")
    if parameter["in"] == "path":
        return drawn(parameter["schema"]).filter(lambda part: str(part).strip(".") and "%" not in str(part))
    schema = parameter.get("friendly", parameter["schema"])
    shape = parameter.get("shape")
    if isinstance(shape, dict) and "keys" in shape:
        # A key and the wire name that it stands for are one thing, which cannot be given twice.
        twice = {key["wire"] for name, key in shape["keys"].items() if key.get("wire", name) != name}
        schema = schema | {"properties": {k: v for k, v in schema["properties"].items() if k not in twice}}
        KEPT.append(schema)
    return drawn(schema)


@pytest.mark.parametrize("name", [name for name in DOCUMENT["tools"] if not name.startswith("api_")])
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_any_arguments_that_the_schema_allows_are_served(name, data):
    arguments = data.draw(arguments_of(DOCUMENT["tools"][name]))
    CLIENT.call(name, arguments)

    assert CLIENT.sandbox.requests[-1].status < 300


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^call_[a-z0-9]{3,8}$", "maxLength": 10},
        {"type": "string", "minLength": 40, "maxLength": 41},
        {"type": "string", "maxLength": 0},
        {"type": "string", "format": "date-time", "minLength": 20},
        {"type": "integer", "exclusiveMinimum": 3, "maximum": 5},
        {"type": "number", "minimum": 0.5, "maximum": 2.5},
        {"type": "integer", "multipleOf": 7, "minimum": 20, "maximum": 100},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3, "maxItems": 3},
        {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "boolean"}}}, "uniqueItems": True},
        {"type": ["string", "null"], "pattern": "[0-9]$", "minLength": 2},
    ],
)
def test_what_is_drawn_of_a_schema_fits_the_schema(schema):
    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(made(schema, 0))
    def check(value):
        Draft202012Validator(schema).validate(value)

    check()
