"""A call reads back as itself in every language it is written in."""

import ast
import json
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa import lua54

from tool_generator.emit.reference import snippets

HOSTILE = "a \"b\" 'c' \\ \\n \n\r\t\x00\x1b\x7f\u2028\u202e`$(x)` ${y} !z %s {{ }} */ --]] é 漢 🎈 \xa0"
NAMES = [
    *(
        "end",
        "from",
        "class",
        "nil",
        "self",
        "a-b",
        "",
        "1",
        "é",
        "true",
        "goto",
        "_x",
        "a b",
        '"',
        "\n",
        "]]",
    ),
    *("__class__", "\ufb01", "None", "tool"),
]
CASES: list[dict[str, Any]] = [
    {},
    {"text": HOSTILE},
    {name: name for name in NAMES},
    {"nested": {name: {"x": [name]} for name in NAMES}},
    {"empty": {}, "list": [], "lists": [[], [[]], [{}], {"a": []}], "null": None, "nulls": [None, 1, None]},
    {"int": 0, "big": 2**53 + 1, "top": 2**63 - 1, "low": -(2**63), "neg": -1},
    {"float": 0.1, "huge": 1e300, "tiny": 5e-324, "whole": 1.0, "minus": -0.5},
    {"yes": True, "no": False},
    {"long": {f"key_{number}": ["value " * 4, {"deep": [number] * 9}] for number in range(9)}},
]
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
VALUES = st.recursive(
    PLAIN | st.floats(allow_nan=False, allow_infinity=False),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts, max_size=4),
    max_leaves=12,
)
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), VALUES, max_size=4)
LUA_HOST = """
local null, list, given = {}, {}, nil
json = {null = null, array = function() return setmetatable({}, list) end}
app = {do_it = function(arguments) given = arguments end}
local function kind(value)
  if value == null then return "null" end
  if type(value) ~= "table" then return "plain" end
  return (getmetatable(value) == list or #value > 0) and "list" or "object"
end
return function() return given end, kind
"""


@pytest.fixture(scope="session")
def run_lua() -> Callable[[str], Any]:
    """Return what a tool is given by a Lua script that calls `app.do_it`, as JSON values."""
    runtime = lua54.LuaRuntime(unpack_returned_tuples=True)
    given, kind = runtime.execute(LUA_HOST)

    def plain(value: Any) -> Any:
        match kind(value):
            case "null":
                return None
            case "list":
                return [plain(item) for item in value.values()]
            case "object":
                return {key: plain(item) for key, item in value.items()}
            case _:
                return value

    def run(source: str) -> Any:
        runtime.execute(source)
        return plain(given())

    return run


def _python_arguments(source: str) -> tuple[str, dict[str, Any]]:
    call = ast.parse(source).body[0]
    value = call.value if isinstance(call, ast.Assign | ast.Expr) else None
    assert isinstance(value, ast.Call)
    assert isinstance(value.func, ast.Attribute)
    if value.args:
        assert value.func.attr == "call"
        name, arguments = map(ast.literal_eval, value.args)
        return name, arguments
    return value.func.attr, {str(word.arg): ast.literal_eval(word.value) for word in value.keywords}


def _exactly(value: Any) -> Any:
    """Tell apart what `==` does not: true from 1, and 1.0 from 1."""
    if isinstance(value, dict):
        return {key: _exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exactly(item) for item in value]
    return type(value), value


@pytest.mark.parametrize("arguments", CASES)
def test_python_calls_with_what_was_given(arguments: dict[str, Any]):
    assert _python_arguments(snippets.python_call("do_it", arguments, "result")) == ("do_it", arguments)


@given(arguments=ARGUMENTS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_arguments_survive_python_and_json(arguments: dict[str, Any]):
    _, read = _python_arguments(snippets.python_call("do_it", arguments))
    assert _exactly(read) == _exactly(arguments)
    request = json.loads(snippets.json_request("do_it", arguments))
    assert _exactly(request) == _exactly({"tool": "do_it", "arguments": arguments})


@pytest.mark.parametrize("arguments", CASES)
def test_lua_calls_with_what_was_given(arguments: dict[str, Any], run_lua: Callable[[str], Any]):
    assert run_lua(snippets.lua_call("app.do_it", arguments)) == arguments


@given(arguments=ARGUMENTS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_arguments_survive_lua(arguments: dict[str, Any], run_lua: Callable[[str], Any]):
    assert run_lua(snippets.lua_call("app.do_it", arguments, "result")) == arguments


def test_a_shell_passes_on_what_was_given():
    lines = [snippets.command_line("pass_on", "do_it", arguments) for arguments in CASES]
    script = "pass_on() { printf '%s\\0' \"$@\"; }\n" + "\n".join(lines)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    words = done.stdout.decode().split("\0")[:-1]
    assert words[::3] == ["call"] * len(CASES)
    assert words[1::3] == ["do_it"] * len(CASES)
    assert [json.loads(word) for word in words[2::3]] == CASES


@given(arguments=ARGUMENTS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_command_is_four_words_that_a_reader_can_see(arguments: dict[str, Any]):
    line = snippets.command_line("tools", "do_it", arguments)
    assert line.replace("\n", "").isprintable()
    assert shlex.split(line)[:3] == ["tools", "call", "do_it"]
    assert json.loads(shlex.split(line)[3]) == arguments


def test_names_that_python_cannot_write_go_through_call():
    assert snippets.python_call("do_it", {"from": 1}) == 'client.call("do_it", {"from": 1})'
    assert snippets.python_call("do_it", {"self": 1}) == 'client.call("do_it", {"self": 1})'
    assert snippets.python_call("do-it", {"a": 1}) == 'client.call("do-it", {"a": 1})'
    assert snippets.python_call("class", {}) == 'client.call("class", {})'
    assert snippets.python_method("client.iter.do_it", {"from": 1}) == 'client.iter.do_it(**{"from": 1})'


def test_lua_writes_keywords_and_odd_names_in_brackets():
    assert snippets.lua_call("t", {"end": 1, "a-b": 2, "ok": 3}) == 't({["end"] = 1, ["a-b"] = 2, ok = 3})'
    assert snippets.lua_path("app.x", "end") == 'app.x["end"]'
    assert snippets.lua_path("app.x", "get") == "app.x.get"


def test_a_local_never_hides_what_the_next_call_needs():
    assert [snippets.lua_local(name) for name in ("call", "end", "app", "json", "é")] == ["call"] + ["result"] * 4


def test_lua_tells_an_empty_object_an_empty_list_and_null_apart():
    assert snippets.lua_literal({"a": {}, "b": [], "c": None}) == "{a = {}, b = json.array(), c = json.null}"


def test_what_cannot_be_seen_is_escaped_and_the_rest_is_not():
    text = "é\u202e\x07\U000e0001"
    assert snippets.json_literal(text) == '"é\\u202e\\u0007\\udb40\\udc01"'
    assert snippets.lua_literal(text) == '"é\\u{202E}\\007\\u{E0001}"'
    assert snippets.python_call("t", {"a": text}) == 'client.t(a="é\\u202e\\x07\\U000e0001")'


def test_a_lone_surrogate_stays_sendable_text():
    for text in (
        snippets.json_literal("\ud800"),
        snippets.lua_literal("\ud800"),
        snippets.python_call("t", {"a": "\ud800"}),
    ):
        assert text.isascii()


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_json_lacks_are_refused(value: float):
    with pytest.raises(ValueError, match="JSON has no"):
        snippets.json_literal([value])


def test_values_that_json_lacks_are_refused():
    with pytest.raises(TypeError, match="set is no JSON value"):
        snippets.json_literal({"a": {1}})


def test_long_calls_are_laid_out_one_argument_a_line():
    arguments = {"name": "x" * 60, "values": {"first": "y" * 50, "second": ["z" * 30, "z" * 30, "z" * 30]}}
    written = snippets.snippets("do_it", arguments, namespace="app", command="tools", result="made")
    assert written.lua.split("\n")[:2] == ["local made = app.do_it({", f'  name = "{"x" * 60}",']
    assert written.python.split("\n")[:2] == ["made = client.do_it(", f'    name="{"x" * 60}",']
    assert all(len(line) <= snippets.WIDTH for line in (written.lua + written.python + written.json).split("\n"))
    assert written.python.endswith("    },\n)")
