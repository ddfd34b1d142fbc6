from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies
from jsonschema import Draft202012Validator

from tool_generator.load.grammar import check, grammar
from tool_generator.load.sources import read_source, source_files
from tool_generator.problems import Report

SPECS = [Path(__file__).parents[1] / "library_api" / "spec", Path(__file__).parents[2] / "spec"]
JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-2, 300) | strategies.text(max_size=3),
    lambda inner: (
        strategies.lists(inner, max_size=2) | strategies.dictionaries(strategies.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def files():
    folders = [SPECS[0], *(path.parent for path in SPECS[1].glob("*/api.yaml"))]
    for folder in folders:
        for path in source_files(folder):
            if path.suffix != ".md":
                yield read_source(path.name, path.name, path.read_bytes(), Report()).data


FILES = list(files())


def accepts(value):
    found = []
    check(value, lambda path, message, **_: found.append((path, message)))
    return not found


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def test_the_grammar_is_itself_a_valid_json_schema():
    Draft202012Validator.check_schema(grammar())


def test_every_key_of_the_grammar_tells_editors_what_it_means():
    def silent(schema, path):
        if isinstance(schema, dict):
            for name, item in schema.get("properties", {}).items():
                if not isinstance(item, dict) or not ("description" in item or "$ref" in item):
                    yield (*path, name)
                yield from silent(item, (*path, name))
            for key, item in schema.items():
                if key != "properties":
                    yield from silent(item, (*path, key))
        elif isinstance(schema, list):
            for item in schema:
                yield from silent(item, path)

    assert list(silent(grammar(), ())) == []


@settings(max_examples=250, deadline=None)
@given(data=strategies.data())
def test_another_validator_refuses_the_same_files(data):
    value = copy.deepcopy(data.draw(strategies.sampled_from(FILES)))
    path = data.draw(strategies.sampled_from(list(places(value))[1:]))
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(holder, dict) and data.draw(strategies.booleans()):
        if data.draw(strategies.booleans()):
            del holder[path[-1]]
        else:
            holder[data.draw(strategies.text(max_size=5))] = data.draw(JSON)
    else:
        holder[path[-1]] = data.draw(JSON)
    assert accepts(value) == Draft202012Validator(grammar()).is_valid(value), json.dumps(path)


@pytest.mark.parametrize("value", [None, [], {}, {"tool": {}}, {"api": 1}, {"tools": []}, 3, "x"])
def test_what_is_no_spec_file_is_refused(value):
    assert not accepts(value)


def tool(**changes):
    return {"tools": {"get": {"class": "read", "method": "GET", "path": "/x", "summary": "s"} | changes}}


@pytest.mark.parametrize(
    ("value", "path", "message", "at_key"),
    [
        (tool(clas="read"), ("tools", "get", "clas"), 'has no key "clas"; did you mean "class"?', True),
        (tool(method="GOT"), ("tools", "get", "method"), 'not "GOT"; did you mean "GET"?', False),
        (tool(method=5), ("tools", "get", "method"), "tools.get.method must be a text, not 5", False),
        (tool(parameters=[]), ("tools", "get", "parameters"), "must be a mapping, not a list", False),
        (tool(summary=""), ("tools", "get", "summary"), "must not be empty", False),
        (
            tool(path="x"),
            ("tools", "get", "path"),
            'is "x", which does not match ^(/|\\{\\+)[^\\s]*$: The path template',
            False,
        ),
        (tool(aliases=["a", "b", "a"]), ("tools", "get", "aliases", 2), 'has "a" twice', False),
        ({"tools": {"Get": tool()["tools"]["get"]}}, ("tools", "Get"), "does not match", True),
        ({"tools": {"get": {"class": "read"}}}, ("tools", "get"), 'lacks the key "summary"', True),
        ({"api": {}, "pagination": {"p": {"next": "a"}}}, ("pagination", "p"), "must have exactly one of next", True),
        (
            {"resources": {"*": {"messages": {"400": 5}}}},
            ("resources", "*", "messages", "400"),
            "resources.*.messages.400 must be a text, not 5",
            False,
        ),
        (
            {"api": {}, "shapes": {"s": {"form": "$", "defaults": {}}}},
            ("shapes", "s", "defaults"),
            'shapes.s.defaults needs "keys" beside it',
            True,
        ),
    ],
)
def test_a_message_names_the_place_and_the_nearest_right_thing(value, path, message, at_key):
    found = []
    check(value, lambda path, message, *, at_key=False: found.append((path, message, at_key)))

    assert [(at_key, True) for at, text, at_key in found if at == path and message in text] == [(at_key, True)]


def test_a_file_that_is_nested_too_deeply_is_refused():
    value = []
    for _ in range(300):
        value = [value]

    assert not accepts({"tools": value})
