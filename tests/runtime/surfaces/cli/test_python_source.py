"""A call as Python source: it means what the call means, and it is laid out as formatted code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool_runtime.core.templates import expand
from tool_runtime.surfaces.common.python_source import expression, python_call

TEMPLATES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=200)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=8), parts, max_size=4),
    max_leaves=12,
).filter(lambda value: "$" not in repr(value))


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True) | st.text(max_size=5), TEMPLATES, max_size=4))
def test_the_source_of_a_call_gives_the_arguments_back(arguments):
    given_names = {}
    exec(python_call("call", arguments), {"call": lambda **given: given_names.update(given)})
    assert {name: repr(value) for name, value in given_names.items()} == {
        name: repr(value) for name, value in arguments.items()
    }


@pytest.mark.parametrize(
    ("template", "source"),
    [
        ("$agent.agent_id", 'agent["agent_id"]'),
        ("$page.items.0.id", 'page["items"][0]["id"]'),
        ("$$5", '"$5"'),
        ("$", '"$"'),
        ({"filter": ["$agent.id", None, True]}, '{"filter": [agent["id"], None, True]}'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
    ],
)
def test_a_template_is_shown_as_an_expression(template, source):
    assert expression(template) == source


def test_an_expression_means_what_the_template_means():
    scope = {"agent": {"ids": ["a1", "a2"]}}
    template = {"x": "$agent.ids.1", "y": "$$literal", "z": ["$agent.ids"]}
    assert eval(expression(template), {}, scope) == expand(template, scope)


def test_a_short_call_stays_on_one_line():
    assert python_call("client.get_call", {"call_id": "$call.call_id"}) == 'client.get_call(call_id=call["call_id"])'


def test_a_long_call_has_an_argument_a_line_and_long_text_is_split(snapshot):
    arguments = {
        "voice_id": "voice-1",
        "prompt": "You are patient and exact. " * 6,
        "settings": {"language": "en-US", "words": ["alpha", "beta", "gamma", "delta"], "speed": 1.1},
        "empty": {},
    }
    source = python_call("client.create_agent", arguments, target="agent")
    assert source == snapshot
    assert max(map(len, source.splitlines())) <= 88


def test_a_name_that_python_cannot_spell_stands_in_a_mapping():
    assert python_call("f", {"a": 0, "from": 1, "x-y": 2}) == 'f(a=0, **{"from": 1, "x-y": 2})'
