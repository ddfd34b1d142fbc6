"""Validation: names and arguments that can be seen without running, with their lines; nothing is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import lua54

from tool_runtime.surfaces.lua.lua_session import LuaSession
from tool_runtime.surfaces.lua.lua_syntax import parse, walk, without_top_level_locals
from tool_runtime.surfaces.lua.lua_words import LuaSyntaxError, Unfinished
from tool_runtime.surfaces.lua.script_check import check_script

PATH = "app.integrations.retell_ai"
R = f"local r = {PATH}\n"
MEANT = "did you mean"
NO_TEXT = "call_id: expected string, got integer"
SECONDS = "timeout: expected a number of seconds above 0"
WRONG = "cal_id: is not an argument of get_call"


@pytest.fixture(scope="module")
def check(sandboxed):
    with LuaSession(sandboxed) as session:
        yield lambda source: [
            (one.level, one.line, one.path.rpartition(".")[2], one.message)
            for one in check_script(session, source).findings
        ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("r.get_call({call_id = 'c'})", ("call", 2, "get_call", "fits (read)")),
        ("r.get_call({call_id = x})", ("call", 2, "get_call", "fits as far as its arguments can be seen (read)")),
        ("r.get_call(x)", ("call", 2, "get_call", "fits as far as its arguments can be seen (read)")),
        ("r.get_call('c')", ("call", 2, "get_call", "fits (read)")),
        ("r.get_call(5)", ("error", 2, "get_call", "call_id: expected string, got integer")),
        ("r.get_call{}", ("error", 2, "get_call", "call_id: is required")),
        ("r.get_call{cal_id = 1, call_id = 'c'}", ("error", 2, "get_call", f"{WRONG} ({MEANT} call_id?)")),
        ("r.get_call('a', 'b')", ("error", 2, "get_call", "takes 1 values, not 2")),
        ("r.get_cal{}", ("error", 2, "retell_ai", f"has no 'get_cal'; {MEANT} {PATH}.get_call?")),
        ("local f = r.default.get_call\nf{}", ("error", 3, "get_call", "call_id: is required")),
        ("local g = r.get_call\nlocal function f() local g = print g{} end", None),
        ("do local r = {} r.get_cal{} end", None),
        ("local function f(r) return r.get_cal end", None),
        ("for _, r in pairs({}) do r.get_cal() end", None),
        ("r = nil r.get_cal()", None),
        ("pcall(r.get_call, {})", ("error", 2, "get_call", "call_id: is required")),
        ("r['get_call']{}", ("error", 2, "get_call", "call_id: is required")),
        ("r[x]{}", ("open", 2, "retell_ai", "which function this is, only running shows")),
        ("r.iter.list_calls{limit = 'x'}", ("error", 2, "list_calls", "limit: expected integer, got string")),
        ("r.wait.call_ended{call_id = 'c', timeout = 5}", ("call", 2, "call_ended", "fits (read)")),
        ("r.wait.call_ended{timeout = 5}", ("error", 2, "call_ended", "call_id: is required")),
        ("r.wait.call_ended{call_id = 'c', timeout = 'x'}", ("error", 2, "call_ended", SECONDS)),
        ("r:get_call{call_id = 'c'}", ("error", 2, "get_call", "is called with a dot, not with a colon")),
        ("r:get_cal{}", ("error", 2, "retell_ai", f"has no 'get_cal'; {MEANT} {PATH}.get_call?")),
        ("local n = 'get_cal' r[n]{}", ("error", 2, "retell_ai", f"has no 'get_cal'; {MEANT} {PATH}.get_call?")),
        ("local id = 5\nr.get_call{call_id = id}", ("error", 3, "get_call", NO_TEXT)),
        ("s = r\nreturn function() s.get_call{} end", ("error", 3, "get_call", "call_id: is required")),
        ("r.wait.call_end{}", ("error", 2, "wait", f"has no 'call_end'; {MEANT} {PATH}.wait.call_ended?")),
        ("docs.raed('x')", ("error", 2, "docs", "has no 'raed'; did you mean docs.read?")),
        ("app.integration.x.get_call{}", ("error", 2, "app", f"has no 'integration'; {MEANT} app.integrations?")),
        ("app.integrations.retell_ai.default{}", ("error", 2, "default", "is a namespace, and cannot be called")),
        ("while true do parallel{function() r.get_call{} end} end", ("error", 2, "get_call", "call_id: is required")),
    ],
)  # fmt: skip
def test_what_can_be_seen_is_told(source, expected, check):
    found = check(R + source)
    assert found == ([] if expected is None else [expected])


# Scripts as people write them, which run well: none may be called wrong.
GOOD = {
    "a local that a branch gives another function": """
local get = r.get_call
if not args then get = function(t) return t end end
get{cal_id = 1}""",
    "a local that a closure gives another function": """
local get = r.get_call
local function fake() get = function(t) return t end end
fake() get{cal_id = 1}""",
    "a local that a later round of a loop changes": """
local get = r.get_call
for i = 1, 2 do if i == 2 then get{cal_id = 1} end get = function(t) return t end end""",
    "a global with two values": """
s = r
s = {get_cal = print}
s.get_cal{}""",
    "a global that is set by the table of globals": """
s = r
_G.s = {get_cal = print}
s.get_cal{}""",
    "a name of globals that is not to be seen": """
local key = args or "s"
s = r
_G[key] = {get_cal = print}
s.get_cal{}""",
    "another environment": """
local print = print
local _ENV = {app = {integrations = {nothing = print}}}
app.integrations.nothing("x")""",
    "app as a parameter": """
local function f(app) return app.integrations.nothing end
f{integrations = {nothing = 1}}""",
    "app with another meaning": "app = {other = print}\napp.other(1)",
    "again, and a key": """
local call = {agent_id = "agent_123", from_number = "+14155550100", to_number = "+14155550199"}
r.create_call({agent_id = "agent_123", from_number = "+14155550100", to_number = "+14155550199"}, {again = true})
r.create_call(call, {idempotency_key = "once"})""",
    "a list that a call fills": """
local function words() return {name = "x", type = "string", description = "y"} end
r.create_agent({voice_id = "11labs-Adrian", prompt = "x", options = {post_call_analysis_data = {words()}}})""",
    "a table that is filled later": """
local given = {}
given.call_id = "call_123"
r.get_call(given)""",
    "a value by a condition": """
r.list_agents({limit = args and 5 or nil})""",
    "a value that a loop changes": """
local limit = "x"
limit = 5
r.list_agents({limit = limit})""",
    "a tool in a table": """
local steps = {get = r.get_call}
steps.get({call_id = "call_123"})""",
    "pcall with another meaning": """
local function pcall(f) return f end
pcall(r.get_call, {})""",
    "a method of a table of the script": """
local M = {api = r}
function M:get(id) return self.api.get_call({call_id = id}) end
M:get("call_123")""",
    "a name that is made while the script runs": """
for _, kind in ipairs{"agents", "voices"} do r["list_" .. kind]({}) end""",
    "values by position": "r.get_call('call_123')",
    "null where null may stand": "r.update_agent({agent_id = 'agent_123', data = {agent_name = json.null}})",
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_script_that_runs_well_is_not_called_wrong(name, sandboxed):
    with LuaSession(sandboxed, warm=False) as session:
        assert session.run(R + GOOD[name]).error is None
        assert check_script(session, R + GOOD[name]).valid


def test_a_syntax_error_is_the_only_finding(check):
    assert check("local x = = 1") == [("error", 1, "", "script:1: unexpected symbol near '='")]


def test_nothing_is_called(sandboxed, check):
    before = len(sandboxed.sandbox.requests)
    check(
        R + "r.create_call({agent_id = 'a', from_number = '+14155550100', to_number = '+14155550199'}) r.list_agents{}"
    )
    assert len(sandboxed.sandbox.requests) == before


@pytest.mark.parametrize(
    "source",
    [
        "local a <const>, b <close> = 1, nil goto x ::x:: break_ = 5; return a, b",
        "for i = 1, 10, 2 do if i then elseif not i then else end end repeat local x = 1 until x",
        "local t = {1, 2; x = 3, ['y z'] = 4, [5] = {}, f(), ...}",
        "function a.b.c:d(x, ...) local function e(...) return ... end return -2 ^ 2, #x, ~5, not nil end",
        "print 'x' print [[y]] print{z = [==[ ]] ]==]} ('x'):rep(3):len()",
        "return 0x1F, 0xA.8p1, 1e10, .5, 3., 1 // 2 .. 'a' < 'b' and 1 or 2 & 3 | 4 ~ 5 << 6 >> 7",
        "--[[ long\ncomment ]] --[==[ x ]] ]==] -- end\nlocal s = 'a\\z  \n  b\\x41\\u{48}\\065\\\nc'",
    ],
)
def test_what_lua_accepts_is_read(source):
    lua54.LuaRuntime().compile(source)
    assert walk(parse(source))


@given(st.text(alphabet="local xy=1(){}[].,'\"-\n endiftx", max_size=40))
def test_no_text_ends_in_another_error_than_the_parsers_own(text):
    try:
        parse(text)
    except LuaSyntaxError:
        return
    lua54.LuaRuntime().compile(text)


@pytest.mark.parametrize("text", ["f(", "local x =", "while true do", "return {", "[[ x", "if x then y()", "--[[ x"])
def test_a_text_that_goes_on_is_unfinished(text):
    with pytest.raises(Unfinished):
        parse(text)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("local x = 1", "      x = 1"),
        ("local x", "      x=nil"),
        ("local x <const>, y = 1, 2", "      x        , y = 1, 2"),
        ("local function f() local y = 1 end", "      function f() local y = 1 end"),
        ("do local x = 1 end", "do local x = 1 end"),
        ("local a = 1 local b = a", "      a = 1       b = a"),
    ],
)
def test_outermost_locals_become_globals_in_their_lines(text, changed):
    assert without_top_level_locals(text) == changed
