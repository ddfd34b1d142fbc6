"""The pages, read as a reader reads them."""

import ast
import json
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from lupa import lua54
from markdown_it.token import Token

from tool_generator.emit.reference import emit_docs
from tool_generator.emit.reference.markdown import Anchors
from tool_runtime.core.registry import Registry

Section = Callable[[str], str]
Parse = Callable[[str], list[Token]]
Said = Callable[[str], str]


def _headings(tokens: list[Token]) -> list[str]:
    found = []
    for opening, text in pairwise(tokens):
        if opening.type == "heading_open":
            found.append(f"{opening.markup} {''.join(child.content for child in text.children or [])}")
    return found


def _anchors(tokens: list[Token]) -> set[str]:
    anchors = Anchors()
    return {anchors.add(heading.partition(" ")[2]) for heading in _headings(tokens)}


def _links(tokens: list[Token]) -> set[str]:
    children = [child for token in tokens for child in token.children or []]
    return {str(child.attrs["href"]) for child in children if child.type == "link_open"}


def test_there_is_a_page_for_all_a_page_for_each_tool_and_an_index(pages: dict[str, str], registry: dict[str, Any]):
    assert set(pages) == {
        "llms.txt",
        "reference/library-api.md",
        *(f"reference/{name}.md" for name in registry["tools"]),
    }


def test_the_reference_keeps_the_order_of_its_sections(reference: str, parse: Parse):
    tops = [heading for heading in _headings(parse(reference)) if not heading.startswith("###")]
    assert tops == [
        *(
            "# The | Library #",
            "## First",
            "## How to call",
            "## Books",
            "## Errors",
            "## Generic API helpers",
        ),
        *("## Several accounts", "## Iterating and waiting", "## Errors", "## Functions", "## Types"),
    ]


def test_functions_and_types_follow_the_order_of_the_registry(reference: str, parse: Parse, registry: dict[str, Any]):
    entries = [heading[4:] for heading in _headings(parse(reference)) if heading.startswith("### ")]
    ordered = [name for group in registry["groups"].values() for name in group["tools"]]
    types = [name for name in registry["types"] if name not in {"Unused", "State", "Filter"}]
    assert entries == [*ordered, *(f"Type {name}" for name in types)]


def test_every_link_leads_to_a_heading(pages: dict[str, str], parse: Parse):
    anchors = {path: _anchors(parse(text)) for path, text in pages.items()}
    broken = []
    for path, text in pages.items():
        folder = path.rpartition("/")[0]
        for link in _links(parse(text)):
            file, _, anchor = link.partition("#")
            target = f"{folder}/{file}".lstrip("/") if file else path
            if target == "registry.json" or link == "y":
                continue
            if target not in pages or (anchor and anchor not in anchors[target]):
                broken.append((path, link))
    assert broken == []


def test_pages_end_with_one_newline_and_have_no_trailing_spaces(pages: dict[str, str]):
    for path, text in pages.items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert [line for line in text.split("\n") if line != line.rstrip()] == [], path
        assert "\n\n\n" not in text, path


def test_equal_registries_give_equal_bytes(pages: dict[str, str], registry: dict[str, Any]):
    assert emit_docs(Registry(registry), {"introduction": "# Welcome\n\n## First\n\nHello."}) == pages


def test_the_registry_is_left_as_it_was(registry: dict[str, Any]):
    before = json.dumps(registry)
    emit_docs(Registry(registry), {})
    assert json.dumps(registry) == before


def test_code_in_every_language_is_code(pages: dict[str, str], parse: Parse):
    lua = lua54.LuaRuntime()
    for path, text in pages.items():
        for token in parse(text):
            match token.info if token.type == "fence" else "":
                case "lua":
                    assert lua.compile(token.content), path
                case "python":
                    assert ast.parse(token.content), path
                case "json":
                    assert set(json.loads(token.content)) == {"tool", "arguments"}, path
                case "sh":
                    assert len(shlex.split(token.content)) == 4, path


def test_a_table_keeps_its_columns_whatever_a_cell_says(pages: dict[str, str], parse: Parse):
    for text in pages.values():
        rows = [line for line in text.split("\n") if line.startswith("| ")]
        cells = [token.type for token in parse(text)].count("td_open") + [t.type for t in parse(text)].count("th_open")
        assert cells == 4 * len([row for row in rows if not row.startswith("|---")])


def test_hostile_prose_is_said_and_not_obeyed(section: Section, said: Said, registry: dict[str, Any]):
    text = said(section("### add_book"))
    told = registry["api"]["summary"].replace("`co|de`", "co|de")
    # Summary, description after a literal "#", the parameter's row, and the example's title.
    assert text.count(told) == 4
    assert f"# {told}" in text
    assert "\x00" not in re.sub("\x00(link_open|link_close|strong_open|strong_close)\x00", "", text)


def test_a_guide_text_stands_where_it_belongs(registry: dict[str, Any], parse: Parse):
    guide = {
        "introduction": "What it is.",
        "generic_helpers": "## By path\n\nOnly when needed.\n\n# Mind\n\nThis.",
        "accounts": "Whose key.",
        "errors": "# When it fails\n\n```sh\n# as it is\n```",
    }
    text = emit_docs(Registry(registry), guide)["reference/library-api.md"]
    headings = _headings(parse(text))
    assert "## By path" in headings
    assert "### Mind" in headings
    assert "## When it fails" in headings
    assert "\n# as it is\n" in text
    assert text.index("What it is.") < text.index("## How to call") < text.index("Whose key.")
    assert "[the errors of every tool](#when-it-fails)" in text


def test_an_unknown_guide_text_is_a_problem_that_names_the_known_ones(registry: dict[str, Any]):
    with pytest.raises(ValueError, match=r"'acounts' \(did you mean 'accounts'\?\).*introduction, generic_helpers"):
        emit_docs(Registry(registry), {"acounts": "x"})


def test_a_tool_named_like_the_reference_is_a_problem(registry: dict[str, Any]):
    registry["api"]["slug"] = "get_book"
    with pytest.raises(ValueError, match="the tool 'get_book' and the reference"):
        emit_docs(Registry(registry), {})


def test_the_index_lists_every_tool_under_its_group(pages: dict[str, str]):
    index = pages["llms.txt"]
    assert index.startswith("# The | Library \\#\n\n> Pipes")
    assert "## Books\n\n- [list_books](reference/list_books.md): List books. (read)\n" in index
    assert "- [remove_note](reference/remove_note.md): deprecated. Remove a note. (write, destroy)\n" in index


def test_a_page_of_a_tool_holds_the_types_of_its_arguments_and_its_result(pages: dict[str, str], parse: Parse):
    headings = _headings(parse(pages["reference/list_books.md"]))
    assert headings == [
        "# list_books",
        "## Types of the arguments",
        "### Type TextFilter",
        "## Types of the result",
        "### Type Page",
        "### Type Row",
        "### Type Stamp",
    ]
    assert "[Row](library-api.md#type-row)" in pages["reference/list_books.md"]
    assert "[TextFilter](#type-textfilter)" in pages["reference/list_books.md"]


def test_an_api_without_groups_pages_types_or_waiters_has_a_reference_too(registry: dict[str, Any]):
    for key in ("pagination", "waiters", "types"):
        del registry[key]
    tool = {"class": "read", "full_name": "x", "method": "GET", "path": "/x", "parameters": {}, "group": "all"}
    registry["tools"] = {"ping": tool}
    registry["groups"] = {"all": {"title": "All", "tools": ["ping"]}}
    text = emit_docs(Registry(registry), {})["reference/library-api.md"]
    assert "No parameters." in text
    assert "there is nothing to wait for" in text
    assert "app.integrations.library.production.ping({})" in text


def test_types_whose_headings_would_share_an_anchor_get_different_ones(registry: dict[str, Any], parse: Parse):
    registry["types"]["BOOK"] = {"type": "object", "properties": {"isbn": {"type": "string"}}}
    registry["tools"]["from"]["returns"]["schema"]["items"] = {"$ref": "#/types/BOOK"}
    pages = emit_docs(Registry(registry), {})
    assert "[BOOK](#type-book-2)" in pages["reference/library-api.md"]
    assert "### Type BOOK (2)" in pages["reference/from.md"]
    assert "type-book-2" in _anchors(parse(pages["reference/from.md"]))
