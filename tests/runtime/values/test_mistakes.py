"""Mistakes in right arguments: for every tool of the API, each is told at its place."""

import copy

import pytest

from retell_ai import Client
from tool_runtime.core.registry import load_registry
from tool_runtime.values.validation import Validator

REGISTRY = load_registry(Client.registry_source)
VALIDATOR = Validator(REGISTRY.types)
WRONG = (7.5, True, {"unheard_of": 1}, ["unheard of"], "unheard of")


def examples():
    """Yield (tool, parameter, schema, value) for the example arguments that go out as they are."""
    for name, tool in REGISTRY.document["tools"].items():
        for example in tool.get("examples", ()):
            for key, value in example["arguments"].items():
                parameter = tool["parameters"].get(key)
                if parameter and parameter["in"] not in {"file", "spread"} and "shape" not in parameter:
                    yield name, key, parameter["schema"], value


EXAMPLES = list(examples())


def places(value, path=()):
    """Yield the path of every part of a value."""
    yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*path, key))


def part_at(value, path):
    for step in path:
        value = value[step]
    return value


def changed(value, path, new):
    """Return a copy with another part at a path; without the part where `new` is `changed` itself."""
    if not path:
        return new
    value = copy.deepcopy(value)
    holder = part_at(value, path[:-1])
    if new is changed:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return value


def shown(path):
    return "data" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def misspellings(text):
    yield text[:-1] + text[-1] * 2
    yield text.replace("_", "-") if "_" in text else text.swapcase()


def mistakes(schema, value):
    """Yield (path, wrong value) for what the schema does not take."""
    for path in places(value):
        for new in WRONG:
            wrong = changed(value, path, new)
            if not VALIDATOR.accepts(schema, wrong):
                yield path, wrong


def test_the_registry_has_examples_to_spoil():
    assert len(EXAMPLES) > 100


@pytest.mark.parametrize(("tool", "parameter", "schema", "value"), EXAMPLES, ids=lambda part: str(part)[:30])
def test_a_wrong_value_is_told_where_it_stands(tool, parameter, schema, value):
    assert VALIDATOR.check(schema, value, "data") == (value, [])
    for path, wrong in mistakes(schema, value):
        told = {fault.path for fault in VALIDATOR.check(schema, wrong, "data")[1]}
        # What misses a required field is told at the field.
        assert any(place == shown(path) or place.startswith((f"{shown(path)}.", f"{shown(path)}[")) for place in told)
        assert all(place.startswith(shown(path)) for place in told), (path, told)


@pytest.mark.parametrize(("tool", "parameter", "schema", "value"), EXAMPLES, ids=lambda part: str(part)[:30])
def test_a_missing_field_is_told_by_its_name(tool, parameter, schema, value):
    for path in places(value):
        if path and isinstance(path[-1], str):
            wrong = changed(value, path, changed)
            if not VALIDATOR.accepts(schema, wrong):
                found = VALIDATOR.check(schema, wrong, "data")[1]
                assert (shown(path), "missing") in {(fault.path, fault.code) for fault in found}, (path, found)


@pytest.mark.parametrize(("tool", "parameter", "schema", "value"), EXAMPLES, ids=lambda part: str(part)[:30])
def test_a_misspelt_value_is_answered_with_the_right_one(tool, parameter, schema, value):
    for path in places(value):
        text = part_at(value, path)
        for misspelt in misspellings(text) if isinstance(text, str) and text else ():
            wrong = changed(value, path, misspelt)
            if not VALIDATOR.accepts(schema, wrong):
                found = {fault.path: fault for fault in VALIDATOR.check(schema, wrong, "data")[1]}
                fault = found[shown(path)]
                # A misspelt text may break a pattern or a length as well, where no value is the right one.
                if fault.code == "value" and not fault.allowed:
                    continue
                assert fault.nearest == text, (path, found)
                assert text in fault.allowed


ENUMS = [
    (tool, name, entry["schema"])
    for tool, declared in REGISTRY.document["tools"].items()
    for name, entry in declared["parameters"].items()
    if VALIDATOR.fields.fixed_values(entry["schema"])
    or any(VALIDATOR.fields.fixed_values(branch) for branch in entry["schema"].get("anyOf", ()))
]


@pytest.mark.parametrize(("tool", "name", "schema"), ENUMS, ids=lambda part: str(part)[:30])
def test_every_value_of_every_enum_is_suggested_for_its_misspelling(tool, name, schema):
    branches = [schema, *schema.get("anyOf", ())]
    allowed = [v for branch in branches for v in VALIDATOR.fields.fixed_values(branch) if isinstance(v, str)]
    for text in dict.fromkeys(allowed):
        wrong = text.upper() if text.upper() not in allowed else f"{text}x"
        (fault,) = VALIDATOR.check(schema, wrong, "data")[1]

        assert fault.nearest == text
        assert set(allowed) <= set(fault.allowed)
