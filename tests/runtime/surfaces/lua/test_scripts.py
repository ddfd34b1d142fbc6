"""What a script sees: names, values, text, errors, time, and calls at the same time."""

import json
import threading

import pytest
from lua_answers import Answers

from retell_ai import Client, Sandbox
from tool_runtime.errors import InvalidArguments
from tool_runtime.surfaces.lua.lua_session import run_lua
from tool_runtime.surfaces.lua.script_limits import LuaLimits

R = "local r = app.integrations.retell_ai "
CALL = """{agent_id = "agent_123", from_number = "+14155550100", to_number = "+14155550199"}"""


def test_every_tool_is_there_by_every_name_for_every_account(lua, sandboxed):
    result = lua(
        R + "local n = {} for name in pairs(r) do n[#n + 1] = name end "
        "local d = {} for name in pairs(r.default) do d[#d + 1] = name end return {n, d}"
    )
    names, of_account = result.result
    assert {*sandboxed.registry.spellings, "iter", "wait", "default", "production"} <= set(names)
    assert {*sandboxed.registry.spellings, "iter", "wait"} == set(of_account)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("app.integrations.retell_ai.creat_call", "app.integrations.retell_ai.create_call"),
        ("app.integrations.retell_ai.default.list_agent", "app.integrations.retell_ai.default.list_agents"),
        ("app.integrations.retell_ai.prodction.list_agents", "app.integrations.retell_ai.production"),
        ("app.integrations.retell_ai.iter.list_call", "app.integrations.retell_ai.iter.list_calls"),
        ("app.integrations.retell_ai.wait.call_end", "app.integrations.retell_ai.wait.call_ended"),
        ("docs.raed", "docs.read"),
    ],
)
def test_an_unknown_name_raises_at_once_with_the_nearest(path, near, lua):
    error = lua(f"\nlocal f = {path}").error
    assert error.message.startswith(f"script:2: {path.rpartition('.')[0].removesuffix('.prodction')} has no ")
    assert f"did you mean {near}?" in error.message
    assert (error.type, error.line) == ("name", 2)


def test_scalars_by_position_take_the_order_of_the_reference(lua):
    result = lua(R + 'return r.get_call("call_123").call_id')
    assert result.result == "call_123"


def test_too_many_values_by_position_are_refused_with_the_names(lua):
    error = lua(R + 'return r.get_call("call_123", 2, 3)').error
    assert "takes 1 values (call_id)" in error.message


def test_a_fault_names_each_field_and_can_be_caught(lua):
    result = lua(R + "local ok, e = pcall(r.create_call, {agent_id = 5, form_number = 'x'}) return {ok, e, type(e)}")
    ok, message, kind = result.result
    assert (ok, kind) == (False, "string")
    assert message.startswith("script:1: app.integrations.retell_ai.create_call: ")
    assert "agent_id: expected string" in message
    assert "did you mean from_number?" in message


def test_an_error_in_tail_position_has_its_line(lua):
    assert lua(R + "\nreturn r.get_call({})").error.line == 2


def test_an_error_of_the_api_says_what_the_api_said(lua):
    error = lua(R + 'r.get_call({call_id = "call_nobody"})').error
    assert (error.type, error.details["code"]) == ("tool", "unprocessable")


def test_an_empty_table_becomes_a_list_where_a_list_is_wanted(sandboxed):
    result = run_lua(
        sandboxed,
        R + 'local a = r.create_agent({voice_id = "11labs-Adrian", prompt = "x", options = {boosted_keywords = {}}}) '
        "return json.encode(a.boosted_keywords)",
    )
    assert result.result == "[]"


def test_values_keep_what_they_are_on_their_way(answered):
    source = """return app.integrations.retell_ai.echo({n = json.null, list = json.array(), t = {}, i = 10 / 2, f = 1.5,
      items = {1, json.null, "x"}, big = math.maxinteger, text = "é\\0\\u{1F600}", yes = true})"""
    assert answered(source).result == {
        "list": [], "t": {}, "i": 5, "f": 1.5, "items": [1, None, "x"], "big": 2**63 - 1, "text": "é\0😀", "yes": True,
    }  # fmt: skip


def test_null_fields_are_absent_and_null_items_stay(answered):
    source = """local v = json.decode('{"a": null, "b": [null, 1]}')
      local k = json.decode('{"a": null}', {null = true})
      return {v.a == nil, v.b[1] == json.null, k.a == json.null, json.encode(v)}"""
    assert answered(source).result == [True, True, True, '{"b":[null,1]}']


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{f = print}", "f: a function cannot be written as JSON"),
        ("{a = {1, nil, 3}}", "a[2]: the list has a hole"),
        ("{a = {1, x = 2}}", "a: the table mixes list items and named fields"),
        ("{a = 0/0}", "a: JSON has no"),
        ("{a = 1/0}", "a: JSON has no inf"),
        ('{a = "\\xff"}', "a: the text is not UTF-8"),
        ("(function() local t = {} t.t = t return t end)()", "t: the table contains itself"),
        ("{a = {[1.5] = 2}}", "a: a field's name is a number"),
    ],
)
def test_what_json_does_not_have_is_refused_with_its_place(value, words, answered):
    error = answered(f"local t = {value}\nreturn app.integrations.retell_ai.echo(t)").error
    assert error.message.startswith("script:2: app.integrations.retell_ai.echo: ")
    assert words in error.message


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"a" 1}', "01", "1.", "nul", '"\\x"', '"\n"', "[1] 2", '"\\ud800"', "-", "[" * 300]
)
def test_what_is_no_json_is_refused(text, answered):
    result = answered("return {pcall(json.decode, args)}", args=text)
    assert result.result[0] is False
    assert "json.decode: not JSON" in result.result[1]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        1.25,
        1e300,
        "",
        'é\u2028"\\/\b\f\n\r\t\x01\x7f😀',
        [],
        [[]],
        {"a": {"b": [1, {"c": "d"}]}},
        [1, [2, [3]]],
    ],
)
def test_json_comes_back_as_it_went(value, answered):
    result = answered("return json.encode(json.decode(args.text, {null = true}))", args={"text": json.dumps(value)})
    assert json.loads(result.result) == value


def test_dump_is_readable_sorted_and_shows_cycles(answered):
    result = answered('local t = {b = {1, "x"}, a = true, ["end"] = 1} t.me = t return rawequal(dump(t), t)')
    assert result.result is True
    assert result.output == '{a = true, b = {1, "x"}, ["end"] = 1, me = <cycle: root>}\n'


def test_print_shows_tables_and_no_addresses(answered):
    result = answered("print({1}, print, app, json.null, nil, 1.5, tostring({}))")
    assert result.output == "{1}\tfunction\t<app>\tnull\tnil\t1.5\t{}\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('return regex.match("john@x", "(?P<u>\\\\w+)@(\\\\w)").u', "john"),
        ('return regex.match("john@x", "(?<u>\\\\w+)@(\\\\w)")[2]', "x"),
        ('return regex.match("john", "O", "i").full', "o"),
        ('return regex.match("john", "z") == nil', True),
        ('return regex.match("ac", "(a)(b)?(c)")[3]', "c"),
        ('return regex.match_all("a1b2", "([a-z])(\\\\d)")', [["a1", "b2"], ["a", "b"], ["1", "2"]]),
        ('return regex.match_all("x", "y")', [[]]),
        ('return regex.gsub("a1b2", "(\\\\d)", "<$1>")', ["a<1>b<2>", 2]),
        ('return regex.gsub("a1b2", "\\\\d", "$0$$", 1)', ["a1$b2", 1]),
        ('return regex.gsub("é1é2", "\\\\d", function(m) return m.full + 1 end)', ["é2é3", 2]),
        ('return regex.gsub("ab", "[ab]", {a = "x"})', ["xb", 2]),
        ('return (regex.gsub("ab", "", "-"))', "-a-b-"),
    ],
)
def test_regex_matches_captures_and_replaces(source, expected, answered):
    result = answered(source)
    assert result.error is None, result.error
    assert result.result == expected


def test_a_wrong_pattern_is_an_error_of_the_script(answered):
    assert "script:1: regex.match: the pattern is wrong" in answered('return regex.match("a", "(")').error.message


def test_args_are_the_json_that_was_given(answered):
    assert answered("return {args.a[2], args.b == nil}", args={"a": [1, 2], "b": None}).result == [2, True]


def test_sleep_and_now_go_by_the_clock_of_the_client(lua):
    assert lua("local a = now() sleep(3600) return now() - a").result == 3600


def test_random_numbers_come_from_the_seed_of_the_run(answered):
    source = "local t = {} for i = 1, 200 do t[i] = random(6) end table.sort(t) return {t[1], t[200], random() < 1}"
    assert answered(source).result == [1, 6, True]


def test_tables_are_walked_in_the_same_order_in_every_run(answered):
    source = (
        "local s = '' for k in pairs({z = 1, a = 2, [3] = 3, 1, m = 4}) do s = s .. k end "
        "for k in next, {q = 1, b = 2, 5} do s = s .. k end return s"
    )
    assert {answered(source).result for _ in range(3)} == {"13amz1bq"}


def test_rows_of_a_list_come_page_after_page(lua):
    result = lua(
        R + f"for i = 1, 5 do r.create_call({CALL}) end local n = 0 "
        "for row in r.iter.list_calls({limit = 2}) do n = n + 1 end return n"
    )
    assert result.result == 7
    assert [call.path for call in result.calls].count("app.integrations.retell_ai.iter.list_calls") > 2


def test_a_wait_ends_with_the_record(lua):
    result = lua(
        R + f"local c = r.create_call({CALL}) "
        "return r.wait.call_ended({call_id = c.call_id, timeout = 600}).call_status"
    )
    assert result.result == "ended"


def test_docs_are_the_pages_of_the_package(lua):
    source = """return {#docs.list() > 100, docs.search("hang up a call")[1].page, #docs.read("retell-ai") < 24000,
      docs.read("integrations.retell-ai") == docs.read("retell-ai"),
      docs.read("retell-ai.create_phone_call") == docs.read("create_call"),
      docs.read("app.integrations.retell_ai.create_call") == docs.read("create_call")}"""
    assert lua(source).result == [True, "stop_call", True, True, True, True]


def test_an_unknown_page_names_the_nearest(lua):
    assert "there is no page named 'creat_call'" in lua('docs.read("creat_call")').error.message


# Calls at the same time.


def test_calls_in_parallel_run_at_the_same_time_and_answers_keep_their_order(sandboxed):
    barrier = threading.Barrier(4, timeout=20)

    def meet(given):
        barrier.wait()
        return given["n"]

    source = """local t = app.integrations.testing
      return parallel_map({1, 2, 3, 4}, function(n, i) return t.meet({n = n * 10}) + i end, {concurrency = 4})"""
    answers = Answers("app.integrations.testing", meet=meet)
    assert run_lua(sandboxed, source, namespaces=[answers]).result == [11, 22, 33, 44]


def test_concurrency_is_kept(sandboxed):
    here, most, lock = 0, 0, threading.Lock()

    def count(_given):
        nonlocal here, most
        with lock:
            here += 1
            most = max(most, here)
        threading.Event().wait(0.01)
        with lock:
            here -= 1
        return most

    source = "return parallel_map(args, app.integrations.testing.count, {concurrency = 2})"
    answers = Answers("app.integrations.testing", count=count)
    run_lua(sandboxed, source, namespaces=[answers], args=[{"n": at} for at in range(10)])
    assert most == 2


def test_the_first_error_comes_after_all_have_ended(answered):
    source = """local done = {}
      local ok, e = pcall(parallel, {
        function() error("second in time") end,
        function() sleep(0) done[#done + 1] = "slow" end,
        function() error("third") end})
      return {ok, e, done}"""
    assert answered(source).result == [False, "script:3: second in time", ["slow"]]


def test_parallel_stands_in_parallel_and_in_protected_calls(answered):
    source = """local e = app.integrations.retell_ai.echo
      return parallel{
        function() return parallel{function() return e({1}) end, function() return e({n = 2}).n end} end,
        function() local ok, v = pcall(function() return e({n = 3}).n end) return v end,
        function()
          local t = {3, 1, 2}
          table.sort(t, function(a, b) return e({n = a}).n < e({n = b}).n end)
          return t
        end,
        function() for v in coroutine.wrap(function() coroutine.yield(e({n = 4}).n) end) do return v end end}"""
    assert answered(source).result == [[[[1]], 2], 3, [1, 2, 3], 4]


def test_nothing_in_parallel_is_an_empty_list(answered):
    assert answered("return {parallel{}, parallel_map({}, print), parallel{function() end}}").result == [[], [], [None]]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("parallel(1)", "parallel: expects a list of functions"),
        ("parallel{1}", "parallel: item 1 is no function"),
        ("parallel_map({1}, print, {concurency = 2})", "there is no option concurency"),
        ("parallel_map({1}, print, {concurrency = 0})", "concurrency is a whole number above 0"),
        ("sleep(-1)", "sleep: expects a number of seconds"),
        ("json.decode(5)", "json.decode: expects text"),
        ("regex.match(5, 'x')", "regex.match: expects text"),
    ],
)
def test_wrong_use_is_told_with_the_line(source, words, answered):
    message = answered(f"\n{source}").error.message
    assert message.startswith("script:2: ")
    assert words in message


# Endings.


def test_a_syntax_error_has_line_and_column(answered):
    error = answered("local x = 1\nlocal y = = 2").error
    assert (error.type, error.line, error.column) == ("syntax", 2, 9)


def test_several_results_are_a_list(answered):
    assert answered("return 1, nil, 'x'").result == [1, None, "x"]


def test_a_name_that_is_nearly_right_is_suggested(answered):
    assert answered("pint('x')").error.suggestion == "Did you mean print?"
    assert "no files" in answered("io.open('x')").error.suggestion


@pytest.mark.parametrize(
    ("limits", "source", "name", "words"),
    [
        ({"cpu": 0.2}, "while true do end", "cpu", "script:1: CPU time limit exceeded (0.2 s)"),
        ({"memory": 4 * 1024 * 1024}, "return ('x'):rep(1e7)", "memory", "memory limit exceeded (4 MB)"),
        ({"calls": 3}, "while true do now() end", "calls", "host call limit exceeded (3 calls)"),
        ({"output": 10}, "print('12345678901')", "output", "output limit exceeded (10 bytes)"),
        ({"frame": 1000}, "return ('x'):rep(100000)", "frame", "size limit exceeded"),
    ],
)
def test_the_limit_that_was_hit_is_named(limits, source, name, words, sandboxed):
    error = run_lua(sandboxed, source, limits=LuaLimits(**limits)).error
    assert (error.type, error.limit) == ("limit", name)
    assert words in error.message


def test_the_wall_limit_ends_a_script_that_waits():
    with Client("key_x", base_url="http://127.0.0.1:1") as client:
        result = run_lua(client, "sleep(60)", limits=LuaLimits(wall=0.3))
    assert result.error.limit == "wall"


def test_what_was_printed_before_the_end_is_kept(answered):
    assert answered("print('a') error('b')").output == "a\n"


@pytest.mark.parametrize(
    "given", [{"cpu": 0}, {"memory": 100}, {"calls": True}, {"wall": -1}, {"output": 1.5}, {"cpu": "1"}]
)
def test_a_limit_that_is_no_limit_is_refused(given):
    with pytest.raises(InvalidArguments):
        LuaLimits(**given)


def test_a_run_may_be_repeated_until_a_write_has_happened(lua):
    assert lua(R + "r.list_agents({}) error('x')").retryable
    result = lua(R + f"r.create_call({CALL}) error('x')")
    assert not result.retryable
    assert [(call.tool, call.tool_class, call.effects, call.effect_status) for call in result.calls] == [
        ("create_phone_call", "write", ("dial",), "succeeded")
    ]


def test_a_write_that_was_refused_leaves_no_effect(lua):
    result = lua(R + "pcall(r.create_call, {}) pcall(r.delete_call, {call_id = 'call_nobody'})")
    assert [call.effect_status for call in result.calls] == ["none", "none"]
    assert result.retryable


def test_a_dry_run_sends_no_write_and_shows_each():
    from tool_runtime.surfaces.lua.lua_session import LuaSession

    with Client(sandbox=Sandbox(examples=True)) as client:
        with LuaSession(client, dry_run=True) as session:
            result = session.run(R + f"return type(r.create_call({CALL}).call_id)")
        assert result.result == "string"
        assert result.calls[0].would_send["body"]["to_number"] == "+14155550199"
        assert result.retryable
        assert client.list_calls() is not None


def test_progress_reaches_the_host(sandboxed):
    told = []
    run_lua(sandboxed, "progress(1, 3, 'one') progress(2)", on_progress=told.append)
    assert told == [{"n": 1, "total": 3, "text": "one"}, {"n": 2}]
