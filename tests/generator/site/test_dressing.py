"""Plain Markdown in the dress of the site."""

import pytest

from tool_generator.emit.site.dressing import dressed

BLOCKS = "```python\na()\n```\n\n```sh\ncurl x\n```\n\n```sh\na\n```\n\n```json\n{}\n```\n"


def test_blocks_of_several_languages_in_a_row_become_tabs_in_one_order():
    lines = dressed(BLOCKS).splitlines()
    assert [line for line in lines if line.startswith("===")] == [
        '=== "Shell"',
        '=== "Python"',
        '=== "JSON"',
        '=== "curl"',
    ]
    assert "    a()" in lines


@pytest.mark.parametrize("text", ["```sh\na\n```\n", "```sh\na\n```\n\nThen:\n\n```lua\nb()\n```\n"])
def test_a_block_that_stands_alone_stays_a_block(text):
    assert dressed(text) == text


def test_two_blocks_of_one_language_are_no_alternatives():
    assert "===" not in dressed("```sh\na\n```\n\n```sh\nb\n```\n")


def test_blocks_without_a_line_between_them_are_two_blocks():
    assert dressed("```sh\na\n```\n```lua\nb()\n```\n").count("===") == 2


@pytest.mark.parametrize("line", ["- `a` (string): b", "> **Warning:** c", r"\<b\>", '=== "no tab"', "```"])
def test_what_stands_in_a_block_of_code_stays_as_it_is(line):
    text = f"````text\n{line}\n````\n"
    assert dressed(text) == text


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("- a\n  - b\n    - c\n- d\n", "- a\n    - b\n        - c\n- d\n"),
        ("1. a\n   - b\n2. c\n", "1. a\n    - b\n2. c\n"),
        ("- a\n  goes on\n- b\n", "- a\n    goes on\n- b\n"),
        ("Text:\n- a\n- b\n", "Text:\n\n- a\n- b\n"),
        ("- a\n\nText\n\n- b\n", "- a\n\nText\n\n- b\n"),
    ],
)
def test_lists_are_nested_as_the_builder_reads_them(plain, shown):
    assert dressed(plain) == shown


@pytest.mark.parametrize(
    ("plain", "name", "kind", "rest"),
    [
        ("`a` (string): Text.", "`a`", "string", "<br>Text."),
        ("`a` (string)", "`a`", "string", ""),
        ('`a` (array of ("x" or `")"`)): T.', "`a`", 'array of ("x" or `")"`)', "<br>T."),
        ("`a` ([T](../types/t.md#T) or null): T.", "`a`", "[T](../types/t.md#T) or null", "<br>T."),
        ("`a` (file, **required**): T.", "`a`", "file", ' <span class="rt-required">required</span><br>T.'),
        (
            "`a` (file, **required** unless `b`): T.",
            "`a`",
            "file",
            ' <span class="rt-required">required unless `b`</span><br>T.',
        ),
    ],
)
def test_a_field_becomes_a_row(plain, name, kind, rest):
    assert dressed(f"- {plain}\n") == f'- {name} <span class="rt-type">{kind}</span>{rest}\n'


@pytest.mark.parametrize("text", ["- `a` (not closed: b\n", "- `a` (x) and more\n", "- [`a`](a.md) (read): Text\n"])
def test_a_list_item_of_another_form_stays_an_item(text):
    assert dressed(text) == text


def test_the_search_gets_names_of_fields_and_not_their_texts():
    shown = dressed("- `a` (string): Long.\n  - `b` (integer): Longer.\n\nRest.\n", names_only=True)
    excluded, _, rest = shown.partition("</div>")
    assert "data-search-exclude" in excluded
    assert "Longer." in excluded
    assert "<p hidden>a, b</p>" in rest
    assert rest.rstrip().endswith("Rest.")


def test_a_list_of_fields_at_the_end_is_closed_too():
    shown = dressed("- `a` (string): Long.\n", names_only=True)
    assert shown.count("<div") == shown.count("</div>") == 1


def test_a_notice_becomes_an_admonition():
    assert dressed("> **Warning:** it costs money.\n") == '!!! warning "Warning"\n\n    It costs money.\n'


@pytest.mark.parametrize(("plain", "shown"), [(r"a \< b", "a &#60; b"), (r"`a \< b`", r"`a \< b`"), (r"\*", r"\*")])
def test_an_escape_that_the_builder_would_show_becomes_an_entity(plain, shown):
    assert dressed(plain) == f"{shown}\n"
