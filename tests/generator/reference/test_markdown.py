"""Spec text in Markdown says itself, wherever it stands."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tool_generator.emit.reference import markdown

MARKUP = st.text(alphabet="ab 1.()[]{}<>!#*_~\\|&;:/=+-\"'$`\té", max_size=24)
# A backtick is the one character that means something: it fences code. Its own test follows.
PROSE = MARKUP.map(lambda text: " ".join(text.replace("`", "'").split()))

SNARES = [
    "# not a heading",
    "> not a quote",
    "- not an item",
    "1. not a number",
    "---",
    "===",
    "***",
    "* * *",
    "```",
    "~~~",
    "[a]: https://x.example",
    "[a](b) ![c](d) [e][f]",
    "<b>x</b> <!-- y --> <https://x.example> a < b",
    "&amp; &#35; AT&T &c",
    "a_b _c_ __d__ snake_case_name _",
    "*a* **b** 2 * 3 *",
    "~~gone~~ ~a~ ~200 ms",
    "a \\ b \\* c\\",
    "a | b || c",
    "{{ value }} {% if %} {# note #}",
    "back ` tick, three ``` more",
    "ends with # #",
    "+14155550100 costs $5 - or -5",
    "é ü 漢字 🎈",
]


@pytest.mark.parametrize("text", SNARES)
def test_a_paragraph_says_what_the_spec_says(text: str, said: Callable[[str], str]):
    assert said(markdown.paragraph(text)) == text


@pytest.mark.parametrize("text", SNARES)
def test_a_list_item_says_what_the_spec_says(text: str, said: Callable[[str], str]):
    assert said(f"- `x` (string): {markdown.inline(text)}") == f"x (string): {text}"


@pytest.mark.parametrize("text", SNARES)
def test_a_heading_says_what_the_spec_says(text: str, said: Callable[[str], str]):
    assert said(f"## {markdown.heading(text)}") == text


@pytest.mark.parametrize("text", [*SNARES, "`", "``", " a ", "`a`", "a`b``c", "\\"])
def test_a_code_span_says_what_the_spec_says(text: str, said: Callable[[str], str]):
    assert said(f"before {markdown.code(text)} after") == f"before {text} after"
    assert said(f"- x {markdown.code(text)} y") == f"x {text} y"


@given(text=PROSE)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_prose_says_itself_in_paragraphs_items_and_headings(text: str, said: Callable[[str], str]):
    assert said(markdown.paragraph(text)) == text
    assert said(f"- `x`: {markdown.inline(text)}") == f"x: {text}".rstrip(" ")
    assert said(f"## {markdown.heading(text)}") == text


@given(text=MARKUP)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_backticks_never_let_other_markup_through(text: str, said: Callable[[str], str]):
    shown = said(markdown.paragraph(text))
    assert "\x00" not in shown
    assert shown.replace("`", "").split() == text.replace("`", "").split()


@given(text=MARKUP)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_code_span_says_itself(text: str, said: Callable[[str], str]):
    text = f"x{text}".replace("\t", " ")
    assert said(f"{markdown.code(text)}.") == f"{text}."


def test_a_code_span_of_the_spec_stays_one_and_keeps_its_pipe():
    assert markdown.inline("See `call_id` and `a|b`.") == "See `call_id` and `a|b`."


def test_text_that_needs_no_escape_gets_none():
    text = "Set snake_case to {{name}}, 2 * 3 < 7, AT&T, [low, high], ~200 ms; `x` | y - C:\\dir"
    assert markdown.paragraph(text) == text


def test_wrapped_lines_join_and_paragraphs_part():
    assert markdown.inline("one\ntwo\n\nthree\r\n- four\n  five") == "one two<br>three<br>- four five"


def test_blocks_keep_paragraphs_and_lists_apart():
    assert markdown.blocks("Say:\n* one\n* # two\nmore\n\n# end\n1. first") == (
        "Say:\n\n- one\n- \\# two more\n\n\\# end\n\n1. first"
    )
    assert markdown.blocks(" \n ") == ""


def test_control_characters_and_lone_surrogates_are_replaced():
    assert markdown.inline("a\x00b\x1bc\ud800d\x7f") == "a\ufffdb\ufffdc\ufffdd\ufffd"


def test_a_fence_is_longer_than_any_in_the_code():
    assert markdown.fence("x") == "```"
    assert markdown.fence("a ```` b") == "`````"


def test_repeated_headings_get_numbered_anchors():
    anchors = markdown.Anchors()
    assert [anchors.add(title) for title in ("Errors", "Errors", "LLMs & Voices", "Errors 1", "errors")] == [
        "errors",
        "errors-1",
        "llms--voices",
        "errors-1-1",
        "errors-2",
    ]


def test_headings_move_below_a_section_and_code_is_left_alone():
    text = "# A\n\n```sh\n# no heading\n```\n\n### B #\n\n~~~\n## no\n~~~\n"
    shifted = markdown.shifted(text, 3)
    assert shifted == "### A\n\n```sh\n# no heading\n```\n\n##### B\n\n~~~\n## no\n~~~"


def test_words_are_listed_as_prose_lists_them():
    assert [markdown.listed(list("abc")[:count], "or") for count in range(4)] == [
        "",
        "a",
        "a or b",
        "a, b or c",
    ]
