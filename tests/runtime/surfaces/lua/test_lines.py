"""Errors name the line of the script on which something went wrong; what scripts are given, and how they begin."""

from datetime import date
from uuid import UUID

import pytest

from tool_runtime.errors import InvalidArguments
from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.script_check import check_script

R = "local r = app.integrations.retell_ai\n"
FAILS = "app.integrations.retell_ai.fail: RuntimeError: no way"

# The source, the line, and how the message goes on.
PLACES = {
    "a call of several lines": ("local x = r.fail(\n  {\n    a = 1,\n  }\n)", 2, FAILS),
    "a call in tail position": ("local function f()\n  return r.fail({\n    a = 1})\nend\nlocal x = f()", 3, FAILS),
    "what pcall calls": ("local f = function()\n  return r.fail{}\nend\nerror(select(2, pcall(f)))", 3, FAILS),
    "an error that is raised again with a place": ("local _, e = pcall(r.fail, {})\n\nerror(e)", 2, FAILS),
    "a function of parallel": ("parallel{\n  function()\n    r.fail({})\n  end,\n}", 4, FAILS),
    "a function of parallel in tail position": ("parallel{function()\n  return r.fail({}) end}", 3, FAILS),
    "parallel in parallel": ("parallel{function()\n  parallel{function()\n    r.fail({}) end} end}", 4, FAILS),
    "parallel_map": ("parallel_map({1}, function(n)\n  return r.fail({n = n})\nend)", 3, FAILS),
    "a coroutine": ("local co = coroutine.wrap(function()\n  r.fail({})\nend)\n\nco()", 3, FAILS),
    "a function that sorts": ("table.sort({2, 1}, function()\n  return r.fail({})\nend)", 3, FAILS),
    "a function that replaces": ("regex.gsub('a', '.', function()\n  return r.fail({})\nend)", 3, FAILS),
    "a metamethod": ("local t = setmetatable({}, {__index = function()\n  r.fail({})\nend})\nprint(t.x)", 3, FAILS),
    "a name of a tool": ("\nlocal f = r.nothing", 3, "app.integrations.retell_ai has no 'nothing'"),
    "a namespace nearly there": ("\napp.integration.x()", 3, "app has no 'integration'; did you mean app."),
    "a namespace that is not there": ("\napp.zzz()", 3, "app has no 'zzz'; it has integrations"),
    "servers that nobody set up": ("\napp.mcp.house.book{}", 3, "app has no 'mcp': no other server is set up here"),
    "a page": ("docs.read(\n  'nothing')", 2, "docs.read: there is no page named 'nothing'"),
    "an argument": ("\nr.echo({a = {b = {print}}})", 3, "app.integrations.retell_ai.echo: a.b[1]: a function"),
    "a namespace as an argument": ("\nr:echo({})", 3, "app.integrations.retell_ai.echo: is called with a dot"),
    "a namespace in an argument": ("r.echo({a = r})", 2, "app.integrations.retell_ai.echo: a: a namespace cannot be"),
    "an error that is a table": ("\nerror({code = 5})", 3, "{code = 5}"),
    "too many calls": ("while true do\n  now()\nend", 3, "host call limit exceeded (1000 calls)"),
    "a library of Lua": ("\nstring.rep()", 3, "bad argument #1 to 'rep'"),
    "a library of scripts": ("local x = json.decode('{')", 2, "json.decode: not JSON: an object without an end"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_an_error_names_its_line(name, answered):
    source, line, words = PLACES[name]
    error = answered(R + source).error
    assert error.message.startswith(f"script:{line}: {words}"), error.message
    assert error.line == line


def test_args_are_nil_where_none_are_given(answered):
    assert answered("return args == nil").result is True


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "args: "),
        ({"a": [float("inf")]}, "args.a[0]: "),
        ("\ud800", "args: "),
        ({"a": object()}, "args.a: "),
        ({1}, "args: "),
    ],
)
def test_args_that_json_cannot_hold_are_refused_with_their_place(value, words, answered):
    with pytest.raises(InvalidArguments) as raised:
        answered("return 1", args=value)
    assert str(raised.value).startswith(words)


def test_args_that_plainly_mean_json_are_taken_by_value(answered):
    given = {"day": date(2026, 3, 1), "range": (1, 2), "id": UUID(int=1)}
    assert answered("return args", args=given).result == {
        "day": "2026-03-01", "range": [1, 2], "id": "00000000-0000-0000-0000-000000000001",
    }  # fmt: skip


@pytest.mark.parametrize("source", ["#!/usr/bin/env lua\nreturn 5", "\ufeffreturn 5", "\ufeff#! x\nreturn 5"])
def test_a_script_may_begin_as_a_program_does(source, answered, sandboxed):
    assert answered(source).result == 5
    with LuaSession(sandboxed, warm=False) as session:
        assert check_script(session, source).valid


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("json.encode(0.1)", "0.1"),
        ("json.encode({1e-7, 1 / 3, 2^62})", "[1e-07,0.3333333333333333,4.611686018427388e+18]"),
        ("json.encode(10 / 2)", "5"),
        ("tostring(0 / 0)", "nan"),
        ("tostring({-(0 / 0), 1 / 0})", "{nan, inf}"),
        ("select(2, pcall(json.encode, 0 / 0))", "script:2: json.encode: the value: JSON has no nan"),
    ],
)
def test_a_number_has_the_same_text_on_every_machine(expression, text, answered):
    assert answered(R + "return " + expression).result == text
